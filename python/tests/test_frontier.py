"""The frontier: six points, waiting for them, gates of appends, the receipts of gates that were not passed."""

from __future__ import annotations

import asyncio
import gc
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import batpak
import pytest
from batpak import Draft, Point, Status

NOTE = 0xF001


@pytest.fixture
def written(path: Path) -> Iterator[batpak.Store]:
    with batpak.open(path, durability="written") as store:
        yield store


def append(store: batpak.Store, **options: object) -> batpak.Receipt:
    return store.append("e:1", "s", kind=NOTE, value=1, **options)  # type: ignore[arg-type]


def test_the_points(written: batpak.Store) -> None:
    opened = written.frontier()
    points = opened.accepted, opened.written, opened.durable, opened.visible, opened.emitted, opened.applied
    assert len(set(points)) == 1 and opened.oldest_pending_ms is None and opened.visible_minus_durable == 0
    receipt = append(written)
    frontier = written.frontier()
    event = written.get(receipt.event_id)
    assert frontier.accepted == frontier.written == frontier.visible == Point(event.wall_ms, event.sequence)
    assert (frontier.durable, frontier.applied) == (opened.durable, opened.applied)
    assert frontier.visible_minus_durable == 1 and frontier.oldest_pending_ms is not None
    written.sync()
    frontier = written.frontier()
    assert frontier.durable == frontier.visible and frontier.oldest_pending_ms is None


def test_waiting_for_a_point_a_receipt_a_sequence(written: batpak.Store) -> None:
    receipt = append(written)
    for point in (receipt, receipt.sequence, written.frontier().visible):
        written.wait("visible", point)
        with pytest.raises(batpak.WaitTimeout) as caught:
            written.wait("durable", point, timeout_ms=5)
        assert (caught.value.expected, caught.value.actual) == (receipt.sequence, receipt.sequence - 1)
    assert caught.value.receipt is None
    written.sync()
    for point in (receipt, receipt.sequence, written.frontier().visible):
        written.wait("durable", point)


def test_what_cannot_be_waited_for(written: batpak.Store, path: Path) -> None:
    for watermark in ("accepted", "written", "emitted", None):
        with pytest.raises(batpak.CallError):
            written.wait(watermark, 0)  # type: ignore[arg-type]
    for point, timeout_ms in ((-1, 0), (0, -1), (2**64, 0), (0, 2**32)):
        with pytest.raises(batpak.CallError):
            written.wait("durable", point, timeout_ms=timeout_ms)
    written.close()
    with batpak.open(path, mode="read_only") as reader:
        assert reader.frontier().oldest_pending_ms is None
        with pytest.raises(batpak.ReadOnly):
            reader.wait("durable", 0)


def seen_waiting(path: Path) -> bool:
    """Whether a close met the wait of another thread: it may come before that."""
    store = batpak.open(path, durability="written")
    receipt = append(store)
    ends: list[str] = []

    def wait() -> None:
        try:
            store.wait("durable", receipt)
            ends.append("durable")
        except batpak.Closed:
            ends.append("closed")

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        store.close()
    except batpak.Busy:
        store.sync()
    thread.join()
    assert ends == ["closed" if store.closed else "durable"]
    seen = not store.closed
    store.close()
    return seen


def test_a_sync_ends_the_wait_of_another_thread_and_a_close_sees_it(path: Path) -> None:
    while not seen_waiting(path):
        pass


def test_awaiting(path: Path) -> None:
    async def run() -> None:
        async with batpak.open_async(path, durability="written") as store:
            receipt = append(store)
            waiting = asyncio.ensure_future(store.wait_async("durable", receipt))
            await store.sync_async()
            await waiting

    asyncio.run(run())


def test_any_number_awaits_without_a_thread(written: batpak.Store, descriptors: Callable[[], int]) -> None:
    async def run() -> None:
        before = threading.active_count(), descriptors()
        waits = [asyncio.ensure_future(written.wait_async("visible", 1 + at % 2)) for at in range(100)]
        late = [asyncio.ensure_future(written.wait_async("applied", 9, timeout_ms=1)) for _ in range(100)]
        given_up = asyncio.ensure_future(written.wait_async("durable", 9))
        await asyncio.sleep(0)
        assert threading.active_count() == before[0]
        given_up.cancel()
        append(written)
        receipt = append(written)
        await asyncio.gather(*waits)
        assert {(error.expected, error.actual) for error in await asyncio.gather(*late, return_exceptions=True)
                if isinstance(error, batpak.WaitTimeout)} == {(9, 0)} and all(wait.exception() for wait in late)
        with pytest.raises(asyncio.CancelledError):
            await given_up
        with pytest.raises(batpak.WaitTimeout):
            await written.wait_async("durable", receipt, timeout_ms=0)
        with pytest.raises(batpak.CallError):
            await written.wait_async("written", receipt)  # type: ignore[arg-type]
        with pytest.raises(batpak.CallError):
            await written.wait_async("durable", receipt, timeout_ms=-1)
        await written.wait_async("visible", receipt, timeout_ms=0)
        await written.wait_async("visible", receipt, timeout_ms=60_000)
        del waits, late, given_up
        gc.collect()
        assert descriptors() == before[1]

    asyncio.run(run())


def test_a_close_ends_what_is_awaited_behind_its_last_flush(written: batpak.Store) -> None:
    async def run() -> None:
        durable = asyncio.ensure_future(written.wait_async("durable", append(written)))
        applied = asyncio.ensure_future(written.wait_async("applied", 9))
        await asyncio.sleep(0)
        await written.close_async()
        await durable
        with pytest.raises(batpak.Closed) as caught:
            await applied
        assert caught.value.path == written.path
        with pytest.raises(batpak.Closed):
            await written.wait_async("applied", 9)

    asyncio.run(run())


def test_a_gate_answers_the_receipt_with_the_error(written: batpak.Store) -> None:
    assert not append(written, gate="visible").durable
    assert append(written, gate="durable", durability="durable").durable
    with pytest.raises(batpak.WaitTimeout) as caught:
        append(written, gate="durable", gate_timeout_ms=5, extensions={"acme.trace": b"x"})
    receipt = caught.value.receipt
    assert receipt is not None and caught.value.code == Status.BP_WAIT_TIMEOUT and not receipt.durable
    assert receipt.extensions == {"acme.trace": b"x"}
    assert written.get(receipt.event_id).sequence == receipt.sequence == caught.value.expected
    with pytest.raises(batpak.ExpectationFailed) as refused:
        append(written, gate="durable", expect=batpak.EMPTY)
    assert refused.value.receipt is None
    with pytest.raises(batpak.CallError):
        append(written, gate="written")
    with pytest.raises(batpak.WaitTimeout):
        append(written, gate="applied", gate_timeout_ms=0)


def test_a_replay_waits_too(written: batpak.Store) -> None:
    key, long = bytes(15) + b"\1", {"acme.long": bytes(5000)}
    append(written, key=key, extensions=long)
    with pytest.raises(batpak.WaitTimeout) as caught:
        append(written, key=key, gate="durable", gate_timeout_ms=0)
    assert caught.value.receipt is not None and caught.value.receipt.replayed
    assert caught.value.receipt.extensions == long
    written.sync()
    assert append(written, key=key, gate="durable").durable


def drafts(count: int, **options: object) -> list[Draft]:
    made = [Draft("e:1", "s", kind=NOTE, value=at) for at in range(count - 1)]
    return [*made, Draft("e:1", "s", kind=NOTE, value=count, **options)]  # type: ignore[arg-type]


def test_the_gate_of_many_is_that_of_the_last(written: batpak.Store) -> None:
    with pytest.raises(batpak.WaitTimeout) as caught:
        written.append_many(drafts(3, gate="durable", gate_timeout_ms=0))
    assert [receipt.sequence for receipt in caught.value.accepted] == [1, 2, 3]
    assert all(receipt.durable for receipt in written.append_many(drafts(3, gate="durable", durability="durable")))
    with pytest.raises(batpak.CallError) as refused:
        written.append_many([*drafts(3, gate="visible"), *drafts(1)])
    assert len(refused.value.accepted) == 2


def test_a_gate_is_refused_where_the_drafts_are_parted(path: Path) -> None:
    with batpak.open(path, durability="written", group_max_events=1) as store:
        with pytest.raises(batpak.CallError) as refused:
            store.append_many([*drafts(1024, gate="visible"), *drafts(3)])
        assert len(refused.value.accepted) == 1023


def test_a_batch_that_waits_in_vain_is_in_the_store(written: batpak.Store) -> None:
    with pytest.raises(batpak.WaitTimeout) as caught:
        written.append_batch(drafts(3, gate="applied", gate_timeout_ms=0))
    assert [receipt.sequence for receipt in caught.value.accepted] == [1, 2, 3]
    batch = written.batch()
    for draft in drafts(2, gate="applied", gate_timeout_ms=0):
        batch.add(draft)
    with pytest.raises(batpak.WaitTimeout):
        batch.flush()
    assert len(batch) == 0 and batch.receipts is not None and len(batch.receipts) == 2
    assert written.append_batch(drafts(2, gate="durable"))[1].durable


def test_an_error_with_its_receipt_can_be_pickled(written: batpak.Store) -> None:
    with pytest.raises(batpak.WaitTimeout) as caught:
        append(written, gate="applied", gate_timeout_ms=0)
    assert pickle.loads(pickle.dumps(caught.value)).receipt == caught.value.receipt
