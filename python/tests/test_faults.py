"""Fault points: refused by what is shipped, asked by a test build. Run against `script/packages --faults` for the rest."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import batpak
import pytest
from batpak import Draft, Status, faults
from batpak.faults import Countdown, Point, Probabilistic

NOTE = 0xF001

asked = pytest.mark.skipif(not faults.available(), reason="this build has no fault points")


class Problem(Exception):
    """Of no kind that the package knows."""


def drafts(count: int = 3) -> list[Draft]:
    return [Draft("e", "s", kind=NOTE, value=number) for number in range(count)]


def append(store: batpak.Store, **options: Any) -> batpak.Receipt:
    return store.append("e", "s", kind=NOTE, value=1, **options)


def count(store: batpak.Store) -> int:
    return len(store.page(entity="e"))


@pytest.mark.skipif(faults.available(), reason="this build has fault points")
def test_what_is_shipped_refuses_a_function(path: Path) -> None:
    with pytest.raises(batpak.Unsupported) as raised:
        batpak.open(path, fault=faults.after_batch_begin())
    assert raised.value.code == Status.BP_UNSUPPORTED and "BATPAK_FAULT_POINTS" in str(raised.value)
    assert not path.exists()


@pytest.mark.parametrize("function", [5, "SINGLE_START", Point.SINGLE_START])
def test_what_is_no_function(path: Path, function: Any) -> None:
    with pytest.raises(TypeError, match="fault"):
        batpak.open(path, fault=function)


# --- the table of docs/faults.md: is the event or the batch there, in the process, after a reopen, after a death?

TABLE = [
    (Point.SINGLE_START, False, False, False, False),
    (Point.SINGLE_WRITTEN, False, False, False, True),
    (Point.SINGLE_PUBLISHED, False, True, True, True),
    (Point.BATCH_START, False, False, False, False),
    (Point.BATCH_BEGIN_WRITTEN, False, False, False, False),
    (Point.BATCH_ITEM_WRITTEN, False, False, False, False),
    (Point.BATCH_ITEMS_COMPLETE, False, False, False, False),
    (Point.BATCH_COMMIT_WRITTEN, False, False, False, True),
    (Point.BATCH_FSYNC, True, False, True, True),
    (Point.BATCH_PRE_PUBLISH, True, False, True, True),
]
rows = pytest.mark.parametrize(("point", "poisons", "in_process", "after_reopen", "after_death"), TABLE,
                               ids=[row[0].name for row in TABLE])


def size(point: Point, is_there: bool) -> int:
    return 0 if not is_there else 1 if point.name.startswith("SINGLE") else 3


def write(store: batpak.Store, point: Point) -> None:
    if point.name.startswith("SINGLE"):
        append(store)
    else:
        store.append_batch(drafts())


@asked
@rows
def test_what_an_abort_leaves(path: Path, point: Point, poisons: bool, in_process: bool, after_reopen: bool,
                              after_death: bool) -> None:
    store = batpak.open(path, fault=lambda *at: 7 if at[0] == point else 0)
    with pytest.raises(batpak.Fault) as raised:
        write(store, point)
    error = raised.value
    assert (error.code, error.expected, error.actual, error.offset) == (Status.BP_FAULT, point, 7, 0)
    assert error.receipt is None and len(error.accepted) == 0
    assert count(store) == size(point, in_process) and store.stat().poisoned == poisons
    if poisons:
        with pytest.raises(batpak.Poisoned):
            store.close()
    else:
        store.close()
    with batpak.open(path) as again:
        assert count(again) == size(point, after_reopen)
        assert again.verify().verdict == "CONSISTENT"
        sequences = again.page().sequences
        assert sequences == list(range(len(sequences)))


@asked
@rows
def test_what_a_death_leaves(path: Path, point: Point, poisons: bool, in_process: bool, after_reopen: bool,
                             after_death: bool) -> None:
    child = os.fork()
    if child == 0:
        try:
            write(batpak.open(path, fault=Countdown(1, lambda: os._exit(7), point)), point)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    with batpak.open(path, mode="must_exist") as again:
        assert count(again) == size(point, after_death)
        assert again.verify().verdict == "CONSISTENT"


@asked
def test_the_points_in_their_order(path: Path) -> None:
    seen: list[tuple[Point, int, int, int]] = []
    with batpak.open(path, fault=lambda *at: seen.append(at)) as store:
        append(store)
        store.append_batch(drafts(2))
    assert all(isinstance(at[0], Point) for at in seen)
    assert seen == [(1, 1, 0, 1), (2, 1, 0, 1), (3, 1, 0, 1), (4, 2, 0, 2), (5, 2, 0, 2), (6, 2, 0, 2), (6, 2, 1, 2),
                    (7, 2, 0, 2), (8, 2, 0, 2), (9, 2, 0, 2), (10, 2, 0, 2)]


# --- answers and exceptions


@asked
@pytest.mark.parametrize(("answer", "actual"), [(1, 1), (True, 1), (2**31 - 1, 2**31 - 1)])
def test_answers_that_abort(path: Path, answer: Any, actual: int) -> None:
    with batpak.open(path, fault=lambda *at: answer) as store:
        with pytest.raises(batpak.Fault) as raised:
            append(store)
        assert raised.value.actual == actual


@asked
@pytest.mark.parametrize("answer", [None, 0, False, ""])
def test_answers_that_go_on(path: Path, answer: Any) -> None:
    with batpak.open(path, fault=lambda *at: answer) as store:
        append(store)


@asked
@pytest.mark.parametrize(("answer", "kind"), [(-1, OverflowError), (2**31, OverflowError), ("no", TypeError)])
def test_answers_that_are_none(path: Path, answer: Any, kind: type[Exception]) -> None:
    with batpak.open(path, fault=Countdown(1, lambda: answer)) as store, pytest.raises(kind):
        append(store)


@asked
@pytest.mark.parametrize("problem", [Problem("no"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()], ids=repr)
@pytest.mark.parametrize("point", [Point.SINGLE_START, Point.SINGLE_WRITTEN, Point.SINGLE_PUBLISHED])
def test_an_exception_comes_out_unchanged(path: Path, point: Point, problem: BaseException) -> None:
    injector = Countdown(2, problem, point)
    with batpak.open(path, fault=injector) as store:
        append(store)
        with pytest.raises(type(problem)) as raised:
            append(store)
        assert raised.value is problem
        with pytest.raises(type(problem)):
            store.append_many(drafts())
        assert injector.fired == 2


@asked
def test_an_exception_within_many_has_what_came_before_it(path: Path) -> None:
    problem = Problem()
    with batpak.open(path, fault=Countdown(3, problem, Point.SINGLE_START)) as store:
        with pytest.raises(Problem) as raised:
            store.append_many(drafts(5))
        assert len(raised.value.accepted) == 2  # type: ignore[attr-defined]


@asked
def test_an_exception_in_another_thread_is_an_abort(path: Path) -> None:
    """What was submitted is committed by the store's own thread."""
    problem = Problem()
    where: list[int] = []

    def fail(*at: Any) -> None:
        where.append(threading.get_ident())
        raise problem

    with batpak.open(path, fault=fail) as store:
        with pytest.raises(batpak.Fault) as raised:
            store.submit("e", "s", kind=NOTE, value=1).wait()
        assert raised.value.expected == Point.SINGLE_START and where[0] != threading.get_ident()
        with pytest.raises(batpak.Fault):
            store.submit_batch(drafts()).wait()
        with pytest.raises(Problem) as own:
            append(store)
        assert own.value is problem


@asked
def test_an_exception_comes_out_of_an_awaited_append(path: Path) -> None:
    problem = Problem()

    async def run() -> None:
        async with batpak.open_async(path, fault=Countdown(1, problem, Point.BATCH_BEGIN_WRITTEN)) as store:
            with pytest.raises(Problem) as raised:
                await store.append_batch_async(drafts())
            assert raised.value is problem

    asyncio.run(run())


@asked
def test_threads_get_the_fault_of_their_own_append(path: Path) -> None:
    """Each writer's third append is refused, whoever leads the group that it is in."""
    refused: list[BaseException] = []
    done: list[batpak.Receipt] = []
    seen: dict[int, int] = {}

    def every_third(point: Point, batch: int, item: int, items: int) -> int:
        seen[point] = seen.get(point, 0) + 1
        return point == Point.SINGLE_START and seen[point] % 3 == 0

    def writer() -> None:
        for _ in range(30):
            try:
                done.append(append(store, durability="written"))
            except batpak.Fault as raised:
                refused.append(raised)

    with batpak.open(path, fault=every_third) as store:
        threads = [threading.Thread(target=writer) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(refused), len(done), len(store.page(entity="e", limit=200))) == (40, 80, 80)


@asked
def test_the_function_may_read(path: Path) -> None:
    seen: dict[Point, int] = {}

    def look(point: Point, batch: int, item: int, items: int) -> None:
        seen[point] = count(store)

    with batpak.open(path, fault=look) as store:
        append(store)
        store.append_batch(drafts())
    assert seen == {point: 0 if point < Point.SINGLE_PUBLISHED else 1 for point in Point}


# --- injectors

AT: tuple[Point, int, int, int] = (Point.BATCH_ITEM_WRITTEN, 4, 1, 3)


def fired(injector: Callable[..., Any], times: int) -> list[Any]:
    return [injector(*AT) for _ in range(times)]


def test_a_countdown_fires_at_the_nth_match_and_every_later_one() -> None:
    injector = Countdown(3)
    assert fired(injector, 5) == [0, 0, 1, 1, 1]
    assert (injector.matches, injector.fired, injector.n) == (5, 3, 3)
    assert fired(Countdown(1, 5), 1) == [5]


@pytest.mark.parametrize("filter", [None, Point.BATCH_ITEM_WRITTEN, {Point.BATCH_ITEM_WRITTEN, Point.BATCH_FSYNC},
                                    lambda point, batch, item, items: (batch, item, items) == (4, 1, 3)])
def test_filters_that_match(filter: faults.Filter) -> None:
    assert fired(Countdown(1, 1, filter), 2) == [1, 1]


@pytest.mark.parametrize("filter", [Point.BATCH_FSYNC, (), lambda *at: at[2] == 2])
def test_filters_that_do_not_match(filter: faults.Filter) -> None:
    injector = Countdown(1, 1, filter)
    assert fired(injector, 2) == [0, 0] and injector.matches == 0


def test_actions() -> None:
    assert fired(Countdown(1, 0), 1) == [0] and fired(Countdown(1, lambda: 9), 1) == [9]
    problem = Problem()
    with pytest.raises(Problem) as raised:
        Countdown(1, problem)(*AT)
    assert raised.value is problem
    with pytest.raises(Problem):
        Countdown(1, Problem)(*AT)


def test_chance_repeats_with_its_seed() -> None:
    first = fired(Probabilistic(0.5, 1), 200)
    assert first == fired(Probabilistic(0.5, 1), 200) != fired(Probabilistic(0.5, 2), 200)
    assert 60 < sum(first) < 140
    assert sum(fired(Probabilistic(0), 50)) == 0 and sum(fired(Probabilistic(1, 3, filter=AT[0]), 50)) == 50


@pytest.mark.parametrize("make", [lambda: Countdown(0), lambda: Countdown(-1), lambda: Probabilistic(1.1),
                                  lambda: Probabilistic(-0.1)])
def test_numbers_out_of_their_range(make: Callable[[], object]) -> None:
    with pytest.raises(batpak.CallError):
        make()


@asked
@pytest.mark.parametrize(("preset", "point", "offset"), [(faults.after_batch_items(3), Point.BATCH_ITEM_WRITTEN, 2),
                                                         (faults.after_batch_begin(), Point.BATCH_BEGIN_WRITTEN, 0),
                                                         (faults.after_commit_before_fsync(), Point.BATCH_FSYNC, 0)])
def test_presets(path: Path, preset: Countdown, point: Point, offset: int) -> None:
    with suppress(batpak.Poisoned), batpak.open(path, fault=preset) as store:
        with pytest.raises(batpak.Fault) as raised:
            store.append_batch(drafts(5))
        assert (raised.value.expected, raised.value.offset, count(store)) == (point, offset, 0)
        assert store.stat().poisoned == (point == Point.BATCH_FSYNC)
