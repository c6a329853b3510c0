"""Memory and descriptors stay flat."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import batpak
import pytest
from batpak import Draft

NOTE = 0xF001
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
#: The sanitizer's allocator holds on to what was freed: how much is resident says nothing then.
SANITIZED = "libasan" in os.environ.get("LD_PRELOAD", "")


def resident() -> int:
    """Bytes of this process that lie in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory, where there is such a place."""
    made = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    yield made
    shutil.rmtree(made)


def least_growth(work: Callable[[int], Any], rounds: int, measure: Callable[[], int]) -> int:
    """What grew least in a fifth of the rounds: a leak grows in each, an allocator takes more now and then."""
    grown, before = [], measure()
    for _ in range(5):
        for number in range(rounds // 5):
            work(number)
        grown.append(measure() - before)
        before += grown[-1]
    return min(grown)


def flat(work: Callable[[int], Any], rounds: int, warm: int, allowed: int) -> None:
    """Does the work so often, and holds what is resident on the way against what was after some rounds."""
    for number in range(warm):
        work(number)
    gc.collect()  # what earlier tests have left to be closed
    files = descriptors()
    grown = least_growth(work, rounds, resident)
    gc.collect()
    assert descriptors() == files
    assert SANITIZED or grown < allowed // 5, f"{grown} bytes more in each fifth of {rounds} rounds"


@pytest.mark.slow
@pytest.mark.skipif(SANITIZED, reason="says nothing under a sanitizer")
def test_open_append_close(folder: Path) -> None:
    """100,000 times; a store every fifty, since each open leaves a segment."""
    path = folder / "game"

    def work(number: int) -> None:
        if number % 50 == 0:
            shutil.rmtree(path, ignore_errors=True)
        with batpak.open(path, durability="written") as store:
            store.append("e", "s", kind=NOTE, value={"n": number})

    flat(work, 100_000, 2_000, 2 << 20)


@pytest.mark.skipif(SANITIZED, reason="says nothing under a sanitizer")
def test_what_reads_and_writes(folder: Path) -> None:
    key = batpak.key_generate()
    with batpak.open(
        folder / "game",
        durability="written",
        signing_seeds=[key.seed],
        clock=lambda: 1_700_000_000_000_000,
        log=lambda line: None,
    ) as store:
        ids = [
            store.append("e", "s", kind=NOTE, value={"n": number}, extensions={"a.b": b"x"}).event_id
            for number in range(200)
        ]

        def work(number: int) -> None:
            event = store.get(ids[number % 200])
            bytes(event.payload_view), event.value(), event.extensions, event.kind, event.error, repr(event)
            receipt = store.append("e", "s", kind=NOTE, value=None, key=ids[number % 200])
            batpak.Receipt.from_json(receipt.to_json())
            store.verify_receipt(receipt, trust=[key.public_key])
            for wrong in (
                lambda: store.get(bytes(16)),
                lambda: store.append("a/b", "s", kind=NOTE, value=1),
                lambda: store.append("e", "s", kind=NOTE, value={1, 2}),
                lambda: batpak.payload_decode(b"\xc1"),
                lambda: store.append_many(
                    [Draft("e", "s", kind=NOTE, value=1, key=ids[0]), Draft("", "s", kind=NOTE, value=1)]
                ),
            ):
                with pytest.raises(batpak.Error):
                    wrong()
            if number % 50 == 0:
                list(store.events()), store.walk(ids[-1]), store.verify(
                    receipts=[receipt]
                ), store.stat(), store.open_report()
                store.fold(0, lambda count, event: count + event.clock)

        flat(work, 3_000, 500, 1 << 20)


@pytest.mark.skipif(SANITIZED, reason="says nothing under a sanitizer")
def test_values() -> None:
    value: dict[str, Any] = {"a": [1, -1, 2**64 - 1, 1.5, None, True, "text", b"bytes", {"deep": [[]]}], "b": (1, 2)}

    def work(number: int) -> None:
        batpak.payload_decode(batpak.payload_encode(value))
        batpak.payload_from_json(batpak.payload_to_json(batpak.payload_encode({"a": number})))
        for wrong in ({"a": [1, {2}]}, {"a": 2**64}):
            with pytest.raises(batpak.ValueRefused):
                batpak.payload_encode(wrong)

    flat(work, 10_000, 1_000, 1 << 20)


def test_python_objects_of_a_closed_store_go(folder: Path) -> None:
    """Nothing of a store stays behind in Python."""

    def work(_: int) -> None:
        with batpak.open(
            folder / "game", durability="written", log=lambda line: None, progress=lambda *call: 0
        ) as store:
            store.append("e", "s", kind=NOTE, value=1)
            list(store.events())

    def traced() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    for number in range(20):
        work(number)
    tracemalloc.start()
    try:
        work(20)
        assert least_growth(work, 100, traced) < 4_000
    finally:
        tracemalloc.stop()
