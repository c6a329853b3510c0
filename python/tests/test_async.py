"""Calls that wait for the disk, as awaitables."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import batpak
import pytest
from batpak import Draft

from conftest import Gatekeeper, inside

NOTE = 0xF001


@batpak.event(category=0xC, type_id=0x10)
@dataclass
class Moved:
    x: int


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(main, debug=False)


def test_every_call(path: Path) -> None:
    async def main() -> None:
        async with batpak.open_async(path, durability="written") as store:
            receipt = await store.append_async("e", "s", Moved(1))
            accepted = await store.append_many_async([Draft("e", "s", kind=NOTE, value=1)])
            assert (receipt.sequence, accepted[0].sequence) == (1, 2)
            await store.sync_async()
            assert (await store.verify_async(receipts=[receipt])).verdict == "ATTESTED"
            assert [event.payload async for event in store.events_async(Moved)] == [Moved(1)]
            assert len([event async for event in store.events_async(limit=2)]) == 2
            assert [event async for event in store.events_async(limit=0)] == []
        assert store.closed
        store = await batpak.open_async(path, mode="read_only")
        async with store:
            assert len([event async for event in store.events_async()]) == 4
        await store.close_async()

    run(main())


def test_many_events(path: Path) -> None:
    async def main() -> None:
        async with batpak.open_async(path, durability="written") as store:
            await store.append_many_async(Draft("e", "s", kind=NOTE, payload=b"") for _ in range(5000))
            assert [event.clock async for event in store.events_async(entity="e")] == list(range(5000))
            assert [event.clock async for event in store.events_async(entity="e", limit=3000)] == list(range(3000))

    run(main())


def test_concurrent_appends_share_flushes(path: Path, clock: Gatekeeper) -> None:
    """The first stands at the clock until as many are inside as any executor has threads: those behind it go together."""

    async def main() -> None:
        async with batpak.open_async(path, clock=clock) as store:
            before = store.stat().syncs
            clock.shut()
            answers = asyncio.gather(
                *(store.append_async(f"e{number % 10}", "s", kind=NOTE, value=number) for number in range(400))
            )
            await asyncio.sleep(0)
            clock.await_leader()
            while inside(store) < 5:
                await asyncio.sleep(0.001)
            clock.open.set()
            receipts = await answers
            assert all(receipt.durable for receipt in receipts)
            assert sorted(receipt.sequence for receipt in receipts) == list(range(1, 401))
            assert store.stat().syncs - before < 400
            assert store.verify(receipts=receipts).attested == 400

    run(main())


def test_the_loop_goes_on_while_a_call_waits(path: Path) -> None:
    async def main() -> None:
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with batpak.open_async(path) as store:
            other = asyncio.create_task(turn())
            for _ in range(20):
                await store.append_async("e", "s", kind=NOTE, value=1)
            other.cancel()
        assert turns > 20

    run(main())


def test_cancelling_a_wait_does_not_undo(path: Path) -> None:
    async def main() -> None:
        async with batpak.open_async(path) as store:
            tasks = [
                asyncio.create_task(store.append_async("e", "s", kind=NOTE, value=number)) for number in range(20)
            ]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            assert any(isinstance(answer, asyncio.CancelledError) for answer in done)
            kept = [answer for answer in done if isinstance(answer, batpak.Receipt)]
            assert len(kept) == 10
            report = store.verify(receipts=kept)
            assert report.verdict == "ATTESTED" and 10 <= report.events <= 20
            await store.append_async("e", "s", kind=NOTE, value="after")

    run(main())


def test_a_cancelled_wait_for_a_task_group(path: Path, clock: Gatekeeper) -> None:
    async def main() -> None:
        async with batpak.open_async(path, clock=clock) as store:
            clock.shut()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(
                    asyncio.gather(
                        *(store.append_async("e", "s", kind=NOTE, value=number) for number in range(2000))
                    ),
                    0.05,
                )
            clock.open.set()
            # What is under way runs to its end; closing waits its turn behind it.
            while True:
                try:
                    await store.close_async()
                    break
                except batpak.Busy:
                    await asyncio.sleep(0.01)
        with batpak.open(path) as store:
            assert store.verify().verdict == "CONSISTENT"

    run(main())


def test_errors_come_through(path: Path) -> None:
    async def main() -> None:
        with pytest.raises(batpak.NoStore) as missing:
            await batpak.open_async(path, mode="must_exist")
        assert missing.value.path == path
        with pytest.raises(batpak.NoStore):
            async with batpak.open_async(path, mode="must_exist"):
                pass
        async with batpak.open_async(path) as store:
            with pytest.raises(batpak.CoordinateError):
                await store.append_async("a/b", "s", kind=NOTE, value=1)
            with pytest.raises(batpak.ExpectationFailed) as failed:
                await store.append_many_async(
                    [Draft("e", "s", kind=NOTE, value=1)] + [Draft("e", "s", kind=NOTE, value=1, expect=batpak.EMPTY)]
                )
            assert len(failed.value.accepted) == 1
        for call in (store.append_async("e", "s", kind=NOTE, value=1), store.sync_async(), store.verify_async()):
            with pytest.raises(batpak.Closed):
                await call
        with pytest.raises(batpak.Closed):
            async for _ in store.events_async():
                pass

    run(main())


def test_an_exception_leaves_the_store_closed(path: Path) -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            async with batpak.open_async(path) as store:
                raise ZeroDivisionError
        assert store.closed

    run(main())


@pytest.mark.parametrize("name", ["append", "append_many", "sync", "verify", "close"])
def test_names_signatures_and_words(name: str) -> None:
    call, awaited = getattr(batpak.Store, name), getattr(batpak.Store, f"{name}_async")
    assert awaited.__name__ == f"{name}_async" and inspect.iscoroutinefunction(awaited)
    assert list(inspect.signature(awaited).parameters) == list(inspect.signature(call).parameters)
    assert "not undo" in awaited.__doc__
