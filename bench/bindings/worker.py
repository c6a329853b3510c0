"""worker.py ROW DIRECTORY EVENTS: the work of worker.c, done through the package `batpak` for Python."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from time import perf_counter
from typing import Literal

import batpak

CALL = 1000
SMALL_CALL = 100
RING = 1000
PER_ENTITY = 200


@batpak.event(category=0xF, type_id=2)
@dataclass
class Placed:
    order: int
    symbol: str
    price: float
    count: int
    open: bool


def warm_up(events: int) -> int:
    return events // 4


def entities(events: int) -> list[str]:
    count = max(1, events // PER_ENTITY)
    return [f"entity:{number % count}" for number in range(events)]


def append_each(path: str, events: int, length: int, durability: Literal["durable", "written"]) -> float:
    warm = warm_up(events)
    ring = list(zip(entities(length), [os.urandom(256) for _ in range(length)]))
    with batpak.open(path, durability=durability, sync_every_events=0) as store:
        def run(begin: int, end: int) -> float:
            append, total = store.append, 0
            start = perf_counter()
            for entity, payload in islice(cycle(ring), begin % length, begin % length + end - begin):
                total += append(entity, "bench", kind=0xF001, payload=payload).sequence
            return perf_counter() - start
        run(0, warm)
        return run(warm, warm + events)


def append_many(path: str, events: int, length: int, durability: Literal["durable", "written"], call: int = CALL) -> float:
    warm = warm_up(events) // call * call
    ring = [batpak.Draft(entity, "bench", kind=0xF001, payload=os.urandom(256)) for entity in entities(length)]
    with batpak.open(path, durability=durability, sync_every_events=0) as store:
        def run(begin: int, end: int) -> float:
            total = 0
            start = perf_counter()
            for at in range(begin, end, call):
                for receipt in store.append_many(ring[at % length:at % length + min(call, end - at)]):
                    total += receipt.sequence
            return perf_counter() - start
        run(0, warm)
        return run(warm, warm + events)


def typed_append(path: str, events: int) -> float:
    warm = warm_up(events)
    names = entities(warm + events)
    placed = [Placed(n, f"SYM-{n % 100000:05}", n / 8, n % 100, n % 2 == 0) for n in range(warm + events)]
    with batpak.open(path, durability="written", sync_every_events=0) as store:
        def run(begin: int, end: int) -> float:
            append, total = store.append, 0
            start = perf_counter()
            for entity, event in zip(names[begin:end], placed[begin:end]):
                total += append(entity, "bench", event).sequence
            return perf_counter() - start
        run(0, warm)
        return run(warm, warm + events)


def iterate(path: str, events: int) -> float:
    with batpak.open(path, mode="read_only") as store:
        seen = 0
        start = perf_counter()
        for event in store.events(kind=0xF001):
            taken = event.sequence, event.event_id, event.entity, event.payload
            seen += 1
        seconds = perf_counter() - start
    if seen != events or len(taken[3]) != 256:
        sys.exit("not all events were read")
    return seconds


def columns(path: str, events: int) -> float:
    with batpak.open(path, mode="read_only") as store:
        seen = 0
        start = perf_counter()
        for page in store.pages(kind=0xF001):
            for taken in zip(page.sequences, page.event_ids, page.entities, page.payloads):
                seen += 1
        seconds = perf_counter() - start
    if seen != events or len(taken[3]) != 256:
        sys.exit("not all events were read")
    return seconds


def typed_decode(path: str, events: int) -> float:
    with batpak.open(path, mode="read_only") as store:
        seen = total = 0
        start = perf_counter()
        for event in store.events(Placed):
            placed = event.payload
            total += placed.order + placed.count
            seen += 1
        seconds = perf_counter() - start
    if seen != events:
        sys.exit("not all events were read")
    return seconds


ROWS: dict[str, Callable[[str, int], float]] = {
    "durable": lambda path, events: append_each(path, events, RING, "durable"),
    "written": lambda path, events: append_each(path, events, RING, "written"),
    "written-cold": lambda path, events: append_each(path, events, warm_up(events) + events, "written"),
    "many": lambda path, events: append_many(path, events, RING, "durable"),
    "many-100": lambda path, events: append_many(path, events, RING, "durable", SMALL_CALL),
    "many-written": lambda path, events: append_many(path, events, RING, "written"),
    "many-cold": lambda path, events: append_many(path, events, (warm_up(events) + events) // CALL * CALL + CALL, "written"),
    "iterate": iterate,
    "columns": columns,
    "typed-append": typed_append,
    "typed-decode": typed_decode,
}

if __name__ == "__main__":
    _, row, directory, count = sys.argv
    print(f"{ROWS[row](directory, int(count)):.9f}")
