"""What comes from outside: callbacks that raise, interrupts, forks, threads, finalizers, a second interpreter, damage."""

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


# --- read


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
            with pytest.raises((batpak.ClockError, OverflowError, TypeError)):
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
        with pytest.raises(KeyboardInterrupt):
            timer.start()
            while True:
                store.verify()
        timer.join()
    assert store.append("e", "s", kind=KIND, payload=b"").sequence == 20_001


# --- life


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
