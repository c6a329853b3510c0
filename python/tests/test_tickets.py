"""Tickets: submitted and decided later; waited for, awaited, polled, dropped; what fails; how full the queue is."""

from __future__ import annotations

import asyncio
import copy
import errno
import gc
import os
import pickle
import select
import selectors
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import batpak
import pytest
from batpak import Accepted, Draft, Receipt, Ticket

import faults
from conftest import Gatekeeper

NOTE = 0xF001


def submit(store: batpak.Store, **options: Any) -> Ticket[Receipt]:
    return store.submit("e", "s", **{"kind": NOTE, "value": 1, **options})


@pytest.fixture
def stalled(path: Path, clock: Gatekeeper) -> Iterator[batpak.Store]:
    """A store that commits when the clock is opened, with room for eight."""
    with batpak.open(path, clock=clock, durability="written", queue_capacity=8, pressure_percent=50) as store:
        clock.shut()
        try:
            yield store
        finally:
            clock.open.set()


def test_a_ticket_answers_what_the_append_would(store: batpak.Store) -> None:
    ticket = submit(store, extensions={"a.b": b"12"}, key=b"k" * 16)
    receipt = ticket.wait()
    assert ticket.done and "decided" in repr(ticket)
    assert ticket.wait() == ticket.wait(0) == receipt
    assert receipt.extensions == {"a.b": b"12"} and receipt.event_id == b"k" * 16 and not receipt.replayed
    assert store.verify_receipt(receipt).valid and store.get(receipt.event_id).sequence == receipt.sequence
    again = submit(store, key=b"k" * 16).wait()
    assert again.replayed and again.same and again.extensions == receipt.extensions


def test_a_batch(store: batpak.Store) -> None:
    extensions: dict[str, batpak.values.Buffer] = {"a.b": b"12"}
    ticket = store.submit_batch([
        Draft("e", "s", kind=NOTE, value=1), Draft("e", "s", kind=NOTE, value=2, cause_item=0, extensions=extensions)])
    accepted = ticket.wait()
    assert isinstance(accepted, Accepted) and len(accepted) == 2 and all(receipt.durable for receipt in accepted)
    assert [receipt.extensions for receipt in accepted] == [{}, extensions]
    assert store.get(accepted[1].event_id).causation_id == accepted[0].event_id
    assert len(store.submit_batch([]).wait()) == 0


def test_one_order_with_appends(store: batpak.Store) -> None:
    sequences = []
    for _ in range(20):
        ticket = submit(store)
        sequences += [store.append("e", "s", kind=NOTE, value=2).sequence]
        sequences.insert(-1, ticket.wait().sequence)
    assert sequences == list(range(1, 41))


def test_what_is_refused_by_its_look(store: batpak.Store) -> None:
    for wrong in (lambda: store.submit("", "s", kind=NOTE, value=1), lambda: submit(store, payload=b"", value=2),
                  lambda: submit(store, gate="durable"), lambda: submit(store, kind=0xD001),
                  lambda: store.submit_batch([Draft("e", "s", kind=NOTE, value=1, expect=batpak.EMPTY)]),
                  lambda: store.submit_batch([Draft("e", "s", kind=NOTE, value=1, cause_item=0)])):
        with pytest.raises(batpak.Error):
            wrong()
    for unknown in (lambda: store.submit_batch([1]), lambda: submit(store, colour=1),  # type: ignore[list-item]
                    lambda: Ticket()):
        with pytest.raises(TypeError):
            unknown()
    ticket = submit(store)
    for timeout_ms in (-1, 2**32):
        with pytest.raises(batpak.CallError):
            ticket.wait(timeout_ms)
    for copied in (copy.copy, pickle.dumps):
        with pytest.raises(TypeError):
            copied(ticket)
    assert ticket.wait().sequence == 1 and store.pressure().is_idle


def test_what_fails_later_is_the_tickets(store: batpak.Store, path: Path) -> None:
    refused = submit(store, expect=7)
    for _ in range(2):
        with pytest.raises(batpak.ExpectationFailed) as caught:
            refused.wait()
        assert caught.value.path == path
    assert refused.done and submit(store).wait().sequence == 1


def test_pressure_and_time(stalled: batpak.Store, clock: Gatekeeper) -> None:
    assert stalled.pressure() == batpak.Pressure(0, 8, 4) and stalled.pressure().is_idle
    tickets = [submit(stalled) for _ in range(6)]
    pressure = stalled.pressure()
    assert (pressure.queued, pressure.utilization, pressure.headroom, pressure.is_idle) == (6, 0.75, 2, False)
    assert not any(ticket.done for ticket in tickets)
    before = time.monotonic()
    with pytest.raises(batpak.WaitTimeout):
        tickets[0].wait(120)
    assert time.monotonic() - before > 0.11
    clock.open.set()
    assert [ticket.wait().sequence for ticket in tickets] == [1, 2, 3, 4, 5, 6]
    assert stalled.pressure().is_idle


def test_a_try_never_waits(stalled: batpak.Store, clock: Gatekeeper) -> None:
    tickets = []
    for _ in range(4):
        made = stalled.try_submit("e", "s", kind=NOTE, value=1)
        assert isinstance(made, batpak.Ok)
        tickets.append(made.value)
    for refused in (stalled.try_submit("e", "s", kind=NOTE, value=1),
                    stalled.try_submit_batch([Draft("e", "s", kind=NOTE, value=1)])):
        assert isinstance(refused, batpak.Retry) and (refused.after_ms, refused.attempt, refused.max_attempts) == (10, 1, 1)
        assert "4" in refused.reason and "8" in refused.reason
    assert stalled.pressure().queued == 4
    clock.open.set()
    assert [ticket.wait().sequence for ticket in tickets] == [1, 2, 3, 4]
    batch = stalled.try_submit_batch([Draft("e", "s", kind=NOTE, value=2)]).into_result()
    assert batch.wait()[0].sequence == 5
    with pytest.raises(batpak.CoordinateError):
        stalled.try_submit("", "s", kind=NOTE, value=1)


def test_a_full_queue_is_waited_for(stalled: batpak.Store, clock: Gatekeeper) -> None:
    tickets = [submit(stalled) for _ in range(8)]
    late: list[Ticket[Receipt]] = []
    thread = threading.Thread(target=lambda: late.append(submit(stalled)))
    thread.start()
    thread.join(0.1)
    assert thread.is_alive() and stalled.pressure().headroom == 0
    clock.open.set()
    thread.join()
    assert [ticket.wait().sequence for ticket in tickets + late] == list(range(1, 10))


def test_a_dropped_ticket_cancels_nothing(stalled: batpak.Store, clock: Gatekeeper) -> None:
    submit(stalled, value="dropped")
    gc.collect()
    clock.open.set()
    submit(stalled).wait()
    assert [event.value() for event in stalled.events(kind=NOTE)] == ["dropped", 1]


def test_a_close_decides_and_a_ticket_outlives_it(path: Path, descriptors: Callable[[], int]) -> None:
    before = descriptors()
    store = batpak.open(path, durability="written")
    tickets = [submit(store, value=number) for number in range(100)]
    watched = tickets[-1].fileno()
    assert watched == tickets[-1].fileno()
    store.close()
    assert all(ticket.done for ticket in tickets)
    del store
    gc.collect()
    assert [ticket.wait().sequence for ticket in tickets] == list(range(1, 101))
    assert descriptors() == before + 1
    del tickets
    gc.collect()
    assert descriptors() == before
    with batpak.open(path, mode="read_only") as reader:
        assert len(list(reader.events(kind=NOTE))) == 100
        for refused in (lambda: submit(reader), lambda: reader.submit_batch([]), reader.pressure):
            with pytest.raises(batpak.ReadOnly):
                refused()
    with pytest.raises(batpak.Closed):
        submit(reader)


def test_select_and_its_kin(stalled: batpak.Store, clock: Gatekeeper) -> None:
    tickets = [submit(stalled) for _ in range(3)]
    assert select.select(tickets, [], [], 0.02) == ([], [], [])
    with selectors.DefaultSelector() as selector:
        for ticket in tickets:
            selector.register(ticket, selectors.EVENT_READ)
        assert selector.select(0) == []
        threading.Timer(0.05, clock.open.set).start()
        assert selector.select(240)
    for ticket in tickets:
        assert ticket.wait().sequence > 0 and select.select([ticket], [], [], 240)[0] == [ticket]
    late = submit(stalled)
    late.wait()
    assert select.select([late], [], [], 0)[0] == [late]


def test_awaiting(stalled: batpak.Store, clock: Gatekeeper, descriptors: Callable[[], int]) -> None:
    async def main() -> None:
        ticket = submit(stalled)
        alone = asyncio.ensure_future(_answer_of(ticket))
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(alone), 0.02)
        several = [asyncio.ensure_future(_answer_of(ticket)) for _ in range(3)]
        batch = asyncio.ensure_future(_answer_of(stalled.submit_batch([Draft("e", "s", kind=NOTE, value=2)])))
        await asyncio.sleep(0.02)
        several[0].cancel()
        clock.open.set()
        answers = await asyncio.gather(alone, *several, return_exceptions=True)
        assert isinstance(answers.pop(1), asyncio.CancelledError)
        assert answers == [ticket.wait()] * 3 and ticket.wait().sequence == 1 and (await batch)[0].sequence == 2
        assert await ticket == ticket.wait()
        with pytest.raises(batpak.ExpectationFailed):
            await submit(stalled, expect=99)
        assert [receipt.sequence for receipt in await asyncio.gather(*(submit(stalled) for _ in range(7)))] == list(range(3, 10))

    asyncio.run(main())
    gc.collect()


async def _answer_of(ticket: Ticket[Any]) -> Any:
    return await ticket


def test_a_cancelled_await_cancels_nothing(stalled: batpak.Store, clock: Gatekeeper) -> None:
    async def main() -> Ticket[Receipt]:
        ticket = submit(stalled)
        task = asyncio.ensure_future(_answer_of(ticket))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not ticket.done
        return ticket

    ticket = asyncio.run(main())
    clock.open.set()
    assert ticket.wait().sequence == 1

    async def another() -> Receipt:  # another loop, after one that is gone
        return await submit(stalled)

    assert asyncio.run(another()).sequence == 2


def test_an_interrupt_ends_the_waiting_alone(stalled: batpak.Store, clock: Gatekeeper) -> None:
    ticket = submit(stalled)
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.05, signal.raise_signal, [signal.SIGINT])
    try:
        with pytest.raises(KeyboardInterrupt):
            timer.start()
            ticket.wait(240_000)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, previous)
    assert not ticket.done
    clock.open.set()
    assert ticket.wait().sequence == 1


def test_other_threads_go_on_while_one_waits(stalled: batpak.Store, clock: Gatekeeper) -> None:
    ticket = submit(stalled)
    answers: list[Receipt] = []
    threads = [threading.Thread(target=lambda: answers.append(ticket.wait())) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert stalled.page(kind=NOTE) is not None and not answers
    clock.open.set()
    for thread in threads:
        thread.join()
    assert [answer.sequence for answer in answers] == [1, 1, 1, 1]


def test_a_forked_child(store: batpak.Store) -> None:
    ticket = submit(store)
    ticket.wait()
    open_one = ticket.fileno()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            refused = 0
            for call in (ticket.wait, ticket.fileno, lambda: submit(store), store.pressure,
                         lambda: asyncio.run(_answer_of(ticket))):
                try:
                    call()
                except batpak.Forked:
                    refused += 1
            code = 0 if refused == 5 and not ticket.done else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ticket.wait().sequence == 1 and ticket.fileno() == open_one


FAULT = """
import errno, sys
import batpak, faults
with batpak.open(sys.argv[1]) as store:
    faults.fail("fdatasync", errno.EIO)
    ticket = store.submit("e", "s", kind=0xF001, value=1)
    for expected, failing in ((batpak.SyncFailed, ticket), (batpak.Poisoned, None)):
        try:
            (failing or store.submit("e", "s", kind=0xF001, value=2)).wait()
        except expected as error:
            print(error.name)
    try:
        store.close()
    except batpak.Error as error:
        print(error.name)
"""


def test_a_failed_flush_poisons(path: Path) -> None:
    if not faults.available():
        pytest.skip("this kernel lets no system call be made to fail")
    assert faults.run(FAULT, path).split()[:2] == ["BP_SYNC_FAILED", "BP_POISONED"]


def test_a_clock_that_raises(path: Path) -> None:
    times = iter([1, 2])

    def clock() -> int:
        return next(times, -errno.EIO)

    with batpak.open(path, clock=clock) as store:
        tickets = [submit(store) for _ in range(3)]
        for ticket in tickets:
            ticket.done  # noqa: B018 - asking changes nothing
        with pytest.raises(batpak.ClockError):
            for ticket in tickets:
                ticket.wait()
