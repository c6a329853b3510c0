"""The store through its Python face: what each call does, and what ends it."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import batpak

KIND = 0xF001


@batpak.event(category=0xF, type_id=0x101)
@dataclass
class Moved:
    x: int
    y: int


def payloads(store: batpak.Store, **which: Any) -> list[bytes]:
    return [event.payload for event in store.events(kind=KIND, **which)]


def filled(store: batpak.Store, count: int) -> batpak.Accepted:
    return store.append_many(batpak.Draft(f"e:{at % 7}", "s", kind=KIND, payload=b"%d" % at) for at in range(count))


# --- append


def test_typed_event_comes_back(store: batpak.Store) -> None:
    receipt = store.append("player:alice", "room:dungeon", Moved(10, 20))
    assert store.get(receipt.event_id, Moved).payload == Moved(10, 20)
    assert [event.payload.y for event in store.events(Moved, entity="player:alice")] == [20]
    event = store.get(receipt.event_id)
    assert (event.kind, event.value(), event.clock, event.causation_id) == (0xF101, {"x": 10, "y": 20}, 0, None)
    assert event.payload == event.payload_bytes == bytes(event.payload_view)


def test_every_option_of_a_draft_is_stored(store: batpak.Store) -> None:
    first = store.append("e", "s", kind=KIND, payload=b"1")
    second = store.append("e", "s", kind=KIND, value=[1, None], key=b"k" * 16, expect=first.event_id,
                          correlation_id=b"c" * 16, causation_id=first.event_id, lane=3, depth=4, flags=9,
                          extensions={"a.b": b"\xff\x00", "a.c": b""}, durability="durable")
    event = store.get(b"k" * 16)
    assert (event.correlation_id, event.causation_id) == (b"c" * 16, first.event_id)
    assert (event.lane, event.depth, event.flags) == (3, 4, 9)
    assert event.extensions == second.extensions == {"a.b": b"\xff\x00", "a.c": b""}
    assert second.durable and not first.durable
    assert store.walk(second.event_id)[1].event_id == first.event_id


def test_a_key_answers_the_first_event_with_its_extensions(store: batpak.Store) -> None:
    first = store.append("e", "s", kind=KIND, payload=b"1", key=b"k" * 16, extensions={"a.b": b"long" * 100})
    again = store.append("e", "s", kind=KIND, payload=b"1", key=b"k" * 16)
    many = store.append_many([batpak.Draft("e", "s", kind=KIND, payload=b"2", key=b"k" * 16)])[0]
    assert (first.replayed, again.replayed, again.same, many.same) == (False, True, True, False)
    assert first.extensions == again.extensions == many.extensions


def test_expectations(store: batpak.Store) -> None:
    store.append("e", "s", kind=KIND, payload=b"", expect=batpak.EMPTY)
    with pytest.raises(batpak.ExpectationFailed):
        store.append("e", "s", kind=KIND, payload=b"", expect=batpak.EMPTY)
    with pytest.raises(batpak.ExpectationFailed) as refused:
        store.append("e", "s", kind=KIND, payload=b"", expect=7)
    assert (refused.value.expected, refused.value.actual, refused.value.path) == (7, 0, store.path)
    store.append("e", "s", kind=KIND, payload=b"", expect=0)


@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 1025, 3000])
def test_append_many_answers_all_receipts_in_order(store: batpak.Store, count: int) -> None:
    accepted = filled(store, count)
    assert len(accepted) == count
    assert [receipt.sequence for receipt in accepted] == list(range(1, count + 1))
    assert payloads(store) == [b"%d" % at for at in range(count)]
    assert [receipt.sequence for receipt in accepted[-2:]] == list(range(1, count + 1))[-2:]
    with pytest.raises(IndexError):
        accepted[count]


def test_append_many_that_fails_tells_what_was_accepted(store: batpak.Store) -> None:
    good = batpak.Draft("e", "s", kind=KIND, payload=b"1")
    with pytest.raises(batpak.KindError) as refused:
        store.append_many([good] * 1500 + [batpak.Draft("e", "s", kind=1, payload=b"1"), good])
    accepted: batpak.Accepted = refused.value.accepted  # type: ignore[attr-defined]
    assert len(accepted) == 1500 and store.get(accepted[-1].event_id).payload == b"1"


@pytest.mark.parametrize("call", [
    lambda store: store.append("a", "s", kind=1 << 16, payload=b""),
    lambda store: store.append("a", "s", kind=-1, payload=b""),
    lambda store: store.append("", "s", kind=KIND, payload=b""),
    lambda store: store.append("\ud800", "s", kind=KIND, payload=b""),
    lambda store: store.append("a", "s", kind=KIND, payload=b"", key=b"short"),
    lambda store: store.append("a", "s", kind=KIND, payload=b"", lane=1 << 32),
    lambda store: store.append("a", "s", kind=KIND, payload=b"", flags=-1),
    lambda store: store.append("a", "s", kind=KIND, payload=b"", extensions={"nodot": b""}),
    lambda store: store.append("a", "s", kind=KIND, payload=b"", extensions={"a.b": 1}),
    lambda store: store.append("a", "s", kind=KIND, payload=b"", durability="sometimes"),
    lambda store: store.append("a", "s", kind=KIND),
    lambda store: store.append("a", "s", kind=KIND, value=1, payload=b""),
    lambda store: store.append("a", "s", Moved(1, 2), kind=KIND),
    lambda store: store.append("a", "s", object()),
    lambda store: store.get(b"short"),
    lambda store: store.get(bytes(16)),
    lambda store: store.walk(bytes(16)),
    lambda store: store.page(entity="a", under="b"),
    lambda store: store.page(Moved, kind=3),
    lambda store: store.page(after=1 << 64),
    lambda store: store.page(limit=-1),
    lambda store: store.fold(0, lambda state, event: state, clock=(-1, 2)),
    lambda store: store.verify(trust=[b"short"]),
])
def test_refusals_are_errors_of_the_package(store: batpak.Store, call: Callable[[batpak.Store], object]) -> None:
    with pytest.raises(batpak.Error):
        call(store)
    assert store.append("e", "s", kind=KIND, payload=b"").sequence == 1


@pytest.mark.parametrize("call", [
    lambda store: store.append(1, "s", kind=KIND, payload=b""),
    lambda store: store.append("a", None, kind=KIND, payload=b""),
    lambda store: store.append("a", "s", kind="F:001", payload=b""),
    lambda store: store.page(entity=b"a"),
    lambda store: store.get("id"),
])
def test_wrong_types_are_type_errors(store: batpak.Store, call: Callable[[batpak.Store], object]) -> None:
    with pytest.raises(TypeError):
        call(store)


# --- read


def test_pages_events_and_fold_see_the_same(store: batpak.Store) -> None:
    filled(store, 2500)
    every = [event.event_id for event in store.events()]
    assert len(every) == 2501
    assert [event.event_id for page in store.pages(limit=7) for event in page] == every
    first: list[bytes] = []
    assert store.fold(first, lambda ids, event: [*ids, event.event_id], limit=10) == every[:10]
    assert store.fold(0, lambda count, event: count + 1) == 2501
    assert [event.sequence for event in store.events(after=2490, limit=4)] == [2491, 2492, 2493, 2494]
    assert [event.clock for event in store.events(entity="e:3", clock=(5, 6))] == [5, 6]
    assert len(store.page(under="e", limit=3000)) == 2500 and len(store.page(category=0xF, scope="s")) == 256


def test_columns_are_the_fields_of_the_events(store: batpak.Store) -> None:
    filled(store, 20)
    page = store.page()
    assert page.sequences == [event.sequence for event in page]
    assert page.event_ids == [event.event_id for event in page]
    assert page.entities == [event.entity for event in page]
    assert page.payloads == [event.payload for event in page]
    assert page[-1] == page[20] == store.get(page.event_ids[-1]) and page[3:5] == [page[3], page[4]]
    assert not page.more and store.page(limit=20).more


def test_events_outlive_their_page_and_the_store(tmp_path: Path) -> None:
    with batpak.open(tmp_path / "store", durability="written") as store:
        filled(store, 100)
        kept = [event for page in store.pages(limit=9) for event in page]
        view = kept[50].payload_view
        none: list[batpak.Event[bytes]] = []
        folded = store.fold(none, lambda events, event: [*events, event])
    gc.collect()
    assert [event.payload for event in kept[1:]] == [b"%d" % at for at in range(100)]
    assert kept == folded and kept[50].payload == view
    del kept, folded
    gc.collect()
    assert bytes(view) == b"49" and view.readonly


def test_a_damaged_event_stands_in_its_place(tmp_path: Path) -> None:
    with batpak.open(tmp_path / "store") as store:
        receipt = store.append("e", "s", kind=KIND, payload=b"\xa5hello")
    segment = max((tmp_path / "store").glob("*.fbat"))
    data = bytearray(segment.read_bytes())
    data[receipt.offset + receipt.frame_length // 2] ^= 1
    segment.write_bytes(data)
    with batpak.open(tmp_path / "store", mode="read_only") as store:
        events = {event.sequence: event for event in store.events()}
        event = events[receipt.sequence]
        assert event.error is not None and event.error.code == batpak.Status.BP_DAMAGED_FRAME
        assert (event.entity, event.event_id, event.error.path) == ("e", receipt.event_id, store.path)
        for name in ("payload", "payload_bytes", "payload_view", "wall_ms", "extensions"):
            with pytest.raises(batpak.DamagedError):
                getattr(event, name)
        assert store.verify().verdict == "DAMAGED"


# --- fold and callbacks


class Unusual(Exception):
    pass


def test_what_a_step_raises_comes_out_unchanged(store: batpak.Store) -> None:
    filled(store, 10)
    raised = Unusual()

    def step(count: int, event: batpak.Event[bytes]) -> int:
        if count == 5:
            raise raised
        return count + 1

    for _ in range(3):
        with pytest.raises(Unusual) as caught:
            store.fold(0, step)
        assert caught.value is raised
    assert store.fold(0, lambda count, event: count + len(store.walk(event.event_id, limit=1))) == 11


def test_what_the_clock_raises_comes_out_unchanged(tmp_path: Path) -> None:
    answers: list[Any] = [1_700_000_000_000_000]

    def clock() -> Any:
        if isinstance(answers[-1], BaseException):
            raise answers[-1]
        return answers[-1]

    with batpak.open(tmp_path / "store", clock=clock) as store:
        receipt = store.append("e", "s", kind=KIND, payload=b"1")
        assert store.get(receipt.event_id).timestamp_us == 1_700_000_000_000_000
        answers.append(Unusual())
        with pytest.raises(Unusual) as caught:
            store.append("e", "s", kind=KIND, payload=b"2")
        assert caught.value is answers[-1]
        for wrong in (-5, 1 << 63, "noon"):
            answers.append(wrong)
            with pytest.raises((batpak.ClockError, OverflowError, AttributeError)):
                store.append("e", "s", kind=KIND, payload=b"2")
        answers.append(1_700_000_000_000_001)
        store.append("e", "s", kind=KIND, payload=b"3")
        assert payloads(store) == [b"1", b"3"]


def test_progress_stops_or_raises(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    answer: list[Any] = [None]

    def progress(stage: str, done: int, total: int) -> Any:
        seen.append((stage, done, total))
        if isinstance(answer[0], BaseException):
            raise answer[0]
        return answer[0]

    with batpak.open(tmp_path / "store", progress=progress) as store:
        filled(store, 10)
        store.verify()
        assert seen and {stage for stage, _, _ in seen} <= {"open", "verify"}
        answer[0] = 1
        with pytest.raises(batpak.Stopped):
            store.verify()
        answer[0] = Unusual()
        with pytest.raises(Unusual):
            store.verify()
        answer[0] = None
        assert store.verify().verdict == "CONSISTENT"
    answer[0] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        batpak.open(tmp_path / "store", progress=progress)
    batpak.open(tmp_path / "store").close()


def test_an_interrupt_ends_verification_and_not_the_store(store: batpak.Store) -> None:
    filled(store, 20_000)
    for at in range(10):
        timer = threading.Timer(0.005 + at / 1000, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            while True:
                store.verify()
        timer.join()
    assert store.append("e", "s", kind=KIND, payload=b"").sequence == 20_001


# --- life


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = batpak.open(tmp_path / "store")
    receipt = store.append("e", "s", kind=KIND, payload=b"")
    pages = store.pages(limit=1)
    next(pages)
    store.close()
    store.close()
    assert store.closed
    for call in (store.sync, store.stat, store.verify, store.open_report, store.page, lambda: next(pages),
                 lambda: store.append("e", "s", kind=KIND, payload=b""), lambda: store.get(receipt.event_id),
                 lambda: store.append_many([batpak.Draft("e", "s", kind=KIND, payload=b"")]),
                 lambda: store.fold(0, lambda state, event: state), lambda: store.verify_receipt(receipt)):
        with pytest.raises(batpak.Closed):
            call()


def test_closing_inside_a_call_is_refused(store: batpak.Store) -> None:
    def step(state: int, event: batpak.Event[bytes]) -> int:
        with pytest.raises(batpak.Busy) as busy:
            store.close()
        assert busy.value.actual == 1
        return state + 1

    assert store.fold(0, step) == 1


def test_a_dropped_store_is_closed_with_a_warning(tmp_path: Path) -> None:
    store = batpak.open(tmp_path / "store")
    with pytest.raises(batpak.Locked):
        batpak.open(tmp_path / "store")
    with pytest.warns(ResourceWarning):
        del store
        gc.collect()
    with batpak.open(tmp_path / "store") as again:
        assert again.stat().clean_close
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del again
        gc.collect()


@pytest.mark.parametrize("form", [str, os.fsencode, Path])
def test_paths_come_back_as_given(tmp_path: Path, form: Callable[[Any], Any]) -> None:
    path = form(tmp_path / "store")
    with batpak.open(path) as store:
        assert store.path is path
        with pytest.raises(batpak.Locked) as locked:
            batpak.open(path)
        assert locked.value.path is path
    with pytest.raises(batpak.NoStore):
        batpak.open(tmp_path / "other", mode="must_exist")
    with pytest.raises(batpak.CallError):
        batpak.open(f"{tmp_path}/a\0b")


def test_a_forked_child_is_told(tmp_path: Path) -> None:
    with batpak.open(tmp_path / "store") as store:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                store.append("e", "s", kind=KIND, payload=b"child")
            except batpak.Forked:
                code = 0
            store.close()
            os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        store.append("e", "s", kind=KIND, payload=b"parent")
        assert payloads(store) == [b"parent"]


def test_threads_share_the_store(store: batpak.Store) -> None:
    def work(name: str) -> None:
        for at in range(200):
            store.append(name, "s", kind=KIND, payload=b"%d" % at)
            if at % 50 == 0:
                assert len(store.page(entity=name, limit=1000)) == at + 1

    threads = [threading.Thread(target=work, args=(f"t:{at}",)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(payloads(store)) == 1600 and store.verify().verdict == "CONSISTENT"


def test_closing_under_threads_is_busy_or_final(tmp_path: Path) -> None:
    for round_ in range(20):
        store = batpak.open(tmp_path / "store", durability="written")
        ends: list[str] = []

        def work(store: batpak.Store = store, ends: list[str] = ends) -> None:
            try:
                while True:
                    store.append("e", "s", kind=KIND, payload=b"")
                    store.page(limit=10)
                    time.sleep(0.0005)
            except batpak.Closed:
                ends.append("closed")

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.0007 * round_)
        while not store.closed:
            try:
                store.close()
            except batpak.Busy as busy:
                assert 1 <= busy.actual <= 3
        for thread in threads:
            thread.join()
        assert ends == ["closed"] * 3


def test_two_interpreters(tmp_path: Path) -> None:
    program = f"""
import sys
sys.path[:] = {sys.path!r}
import batpak
code = '''
import sys
sys.path[:] = {sys.path!r}
import batpak
with batpak.open({str(tmp_path / "inner")!r}, clock=lambda: 1700000000000000) as store:
    store.append("e", "s", kind=0xF001, payload=b"1")
    assert store.fold(0, lambda count, event: count + 1) == 2
'''
try:
    import _testcapi
    run = _testcapi.run_in_subinterp
except (ImportError, AttributeError):
    print("skip")
    sys.exit()
with batpak.open({str(tmp_path / "outer")!r}) as store:
    assert run(code) == 0
    store.append("e", "s", kind=0xF001, payload=b"1")
print("done")
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    if result.stdout == "skip\n":
        pytest.skip("this interpreter lacks _testcapi")


# --- asyncio


def test_calls_can_be_awaited(tmp_path: Path) -> None:
    async def run() -> None:
        async with batpak.open_async(tmp_path / "store", durability="written") as store:
            receipts = await asyncio.gather(*(
                store.append_async("e", "s", kind=KIND, payload=b"%d" % at) for at in range(50)))
            assert {receipt.sequence for receipt in receipts} == set(range(1, 51))
            assert len(await store.append_many_async([batpak.Draft("e", "s", Moved(1, 2))])) == 1
            await store.sync_async()
            assert [event.sequence async for event in store.events_async()] == list(range(52))
            assert [event.payload.x async for event in store.events_async(Moved, limit=5)] == [1]
            assert [event.sequence async for event in store.events_async(limit=3)] == [0, 1, 2]
            assert (await store.verify_async()).verdict == "CONSISTENT"
        assert store.closed
        opened = await batpak.open_async(tmp_path / "store")
        with pytest.raises(batpak.Locked):
            await batpak.open_async(tmp_path / "store")
        await opened.close_async()

    asyncio.run(run())
