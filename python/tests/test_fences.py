"""Fences: seen all at once or never; left, cancelled, forgotten, closed; what others get meanwhile."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import batpak
import pytest
from batpak import Cancelled, Draft, Fence, Ok

import faults

NOTE = 0xF001


def seen(store: batpak.Store) -> list[Any]:
    return [event.value() for event in store.events(kind=NOTE)]


def submit(fence: Fence, value: object, **options: Any) -> batpak.Ticket[batpak.Receipt]:
    return fence.submit("e", "s", **{"kind": NOTE, "value": value, **options})


def test_leaving_commits(store: batpak.Store, path: Path) -> None:
    store.append("e", "s", kind=NOTE, value="before")
    with store.fence() as fence:
        one = submit(fence, 1)
        many = fence.submit_batch([Draft("e", "s", kind=NOTE, value=2), Draft("f", "s", kind=NOTE, value=3, cause_item=0)])
        with pytest.raises(batpak.WaitTimeout):
            one.wait(50)
        assert seen(store) == ["before"] and not one.done and "over" not in repr(fence)
    assert seen(store) == ["before", 1, 2, 3] and "over" in repr(fence)
    assert one.wait().durable and [receipt.sequence for receipt in many.wait()] == [3, 4]
    assert store.verify_receipt(one.wait()).valid
    for over in (fence.commit, fence.cancel, lambda: submit(fence, 4)):
        with pytest.raises(batpak.FenceNotActive) as caught:
            over()
        assert caught.value.path == path
    with store.fence() as empty:
        pass
    assert (fence.token, empty.token) == (1, 2)


def test_an_exception_cancels(store: batpak.Store) -> None:
    with pytest.raises(ZeroDivisionError), store.fence() as fence:
        ticket = submit(fence, 1, key=b"k" * 16)
        1 / 0  # noqa: B018
    with pytest.raises(batpak.FenceCancelled):
        ticket.wait()
    with pytest.raises(batpak.KeyCancelled):
        store.append("e", "s", kind=NOTE, value=1, key=b"k" * 16)
    assert seen(store) == [] and store.append("e", "s", kind=NOTE, value=2).sequence == 2


def test_ended_inside(store: batpak.Store) -> None:
    with store.fence() as fence:
        submit(fence, 1)
        fence.commit()
        assert seen(store) == [1]
    with store.fence() as fence:
        ticket = submit(fence, 2)
        fence.cancel()
    assert seen(store) == [1]
    with pytest.raises(batpak.FenceCancelled):
        ticket.wait()
    store.append("e", "s", kind=NOTE, value=3)


def test_what_others_get_meanwhile(store: batpak.Store) -> None:
    with store.fence() as fence:
        for refused in (lambda: store.append("e", "s", kind=NOTE, value=1), store.fence,
                        lambda: store.append_batch([Draft("e", "s", kind=NOTE, value=1)]),
                        lambda: store.submit("e", "s", kind=NOTE, value=1).wait()):
            with pytest.raises(batpak.FenceActive):
                refused()
        assert isinstance(store.try_submit("e", "s", kind=NOTE, value=1), Cancelled)
        assert isinstance(store.try_submit_batch([Draft("e", "s", kind=NOTE, value=1)]), Cancelled)
        store.sync()
        submit(fence, 2)
    made = store.try_submit("e", "s", kind=NOTE, value=3)
    assert isinstance(made, Ok) and made.value.wait().sequence > 0 and seen(store) == [2, 3]


def test_a_draft_that_fails_leaves_the_fence_open(store: batpak.Store) -> None:
    with store.fence() as fence:
        failed = submit(fence, 1, expect=9)
        with pytest.raises(batpak.ExpectationFailed):
            failed.wait()
        for refused in (lambda: submit(fence, 1, gate="durable"), lambda: fence.submit("a/b", "s", kind=NOTE, value=1),
                        lambda: fence.submit_batch([Draft("e", "s", kind=NOTE, value=1, cause_item=0)])):
            with pytest.raises(batpak.Error):
                refused()
        kept = submit(fence, 2)
    assert kept.wait().sequence == 1 and seen(store) == [2]


def test_a_fence_that_is_forgotten_cancels(store: batpak.Store) -> None:
    # P-037
    fence = store.fence()
    ticket = submit(fence, 1)
    del fence
    gc.collect()
    with pytest.raises(batpak.FenceCancelled):
        ticket.wait(240_000)
    assert seen(store) == [] and store.append("e", "s", kind=NOTE, value=2).sequence > 0


def test_a_close_cancels(path: Path) -> None:
    store = batpak.open(path)
    fence = store.fence()
    ticket = submit(fence, 1)
    store.close()
    with pytest.raises(batpak.FenceCancelled):
        ticket.wait()
    for over in (fence.commit, fence.cancel, lambda: submit(fence, 1), fence.__enter__().commit):
        with pytest.raises(batpak.FenceNotActive):
            over()
    with pytest.raises(batpak.Closed):
        store.fence()
    del fence, store
    with batpak.open(path, mode="read_only") as reader:
        assert seen(reader) == []
        with pytest.raises(batpak.ReadOnly):
            reader.fence()


def test_misuse(store: batpak.Store) -> None:
    with store.fence() as fence:
        wrongs: tuple[Callable[[], object], ...] = (
            Fence, lambda: copy.copy(fence), lambda: pickle.dumps(fence), lambda: fence.submit_batch([1]),  # type: ignore[list-item]
            lambda: fence.submit("e", 5, kind=NOTE, value=1))  # type: ignore[arg-type]
        for wrong in wrongs:
            with pytest.raises(TypeError):
                wrong()
    assert seen(store) == []


def test_awaiting(path: Path) -> None:
    async def main() -> None:
        async with batpak.open_async(path) as store:
            fence = await store.fence_async()
            waiting = asyncio.gather(*(submit(fence, number) for number in range(5)))
            await asyncio.sleep(0)
            await fence.commit_async()
            assert [receipt.sequence for receipt in await waiting] == [1, 2, 3, 4, 5]
            fence = await store.fence_async()
            ticket = submit(fence, 9)
            await fence.cancel_async()
            with pytest.raises(batpak.FenceCancelled):
                await ticket
            assert seen(store) == [0, 1, 2, 3, 4]

    asyncio.run(main())


def test_a_forked_child(store: batpak.Store) -> None:
    with store.fence() as fence:
        submit(fence, 1)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                refused = 0
                for call in (fence.commit, fence.cancel, lambda: submit(fence, 2), store.fence):
                    try:
                        call()
                    except batpak.Forked:
                        refused += 1
                fence.__exit__(None, None, None)
                code = 0 if refused == 4 else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert seen(store) == [1]


FAULT = """
import errno, sys
import batpak, faults
with batpak.open(sys.argv[1]) as store:
    try:
        with store.fence() as fence:
            ticket = fence.submit("e", "s", kind=0xF001, value=1)
            faults.fail("fdatasync", errno.EIO)
    except batpak.Error as error:
        print(error.name)
    try:
        ticket.wait(10000)
    except batpak.Error as error:
        print(error.name)
    print(len(store.page(kind=0xF001)))
    try:
        store.close()
    except batpak.Error:
        pass
"""


def test_a_commit_that_fails(path: Path) -> None:
    if not faults.available():
        pytest.skip("this kernel lets no system call be made to fail")
    said = faults.run(FAULT, path).split()
    assert said[0] == "BP_SYNC_FAILED" and said[1] in ("BP_FENCE_CANCELLED", "BP_SYNC_FAILED", "BP_POISONED") and said[2] == "0"

