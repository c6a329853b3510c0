"""Exceptions inside callbacks come out unchanged, interrupts get through, and the store stays usable."""

from __future__ import annotations

import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import batpak
import pytest
from batpak import Draft

NOTE = 0xF001


class Problem(Exception):
    """Of no kind that the package knows."""


def usable(store: batpak.Store) -> None:
    receipt = store.append("after", "s", kind=NOTE, value=1)
    assert store.get(receipt.event_id).value() == 1 and store.verify().verdict == "CONSISTENT"
    assert store.fold(0, lambda count, event: count + 1) == store.stat().events


# --- fold


@pytest.mark.parametrize(
    "problem",
    [
        Problem("no"),
        KeyboardInterrupt(),
        SystemExit(3),
        StopIteration(),
        GeneratorExit(),
        MemoryError(),
        RecursionError(),
    ],
    ids=repr,
)
def test_an_exception_of_a_step(store: batpak.Store, problem: BaseException) -> None:
    for number in range(10):
        store.append("e", "s", kind=NOTE, value=number)
    seen = []

    def step(state: None, event: Any) -> None:
        seen.append(event)
        if len(seen) == 4:
            raise problem

    with pytest.raises(type(problem)) as raised:
        store.fold(None, step, entity="e")
    assert raised.value is problem and [event.value() for event in seen] == [0, 1, 2, 3]
    assert any(entry.name == "step" for entry in raised.traceback)
    usable(store)


def test_an_exception_of_typed_decoding(store: batpak.Store) -> None:
    from dataclasses import dataclass

    @batpak.event(category=0xC, type_id=1)
    @dataclass
    class Typed:
        x: int

    store.append("e", "s", Typed(1))
    store.append("e", "s", kind=0xC001, value={"x": "text"})
    with pytest.raises(batpak.ValueRefused):
        store.fold(0, lambda total, event: total + event.payload.x, Typed)
    usable(store)


def test_a_fold_within_a_fold(store: batpak.Store) -> None:
    for number in range(5):
        store.append("e", "s", kind=NOTE, value=number)

    def inner(total: int, event: Any) -> int:
        if event.value() == 3:
            raise Problem(total)
        return total + 1

    def outer(state: list[Any], event: Any) -> list[Any]:
        with pytest.raises(Problem) as raised:
            store.fold(0, inner, entity="e")
        return [*state, raised.value.args[0]]

    assert store.fold([], outer, entity="e") == [3] * 5


def test_append_and_close_within_a_fold(store: batpak.Store) -> None:
    store.append("e", "s", kind=NOTE, value=1)

    def step(state: None, event: Any) -> None:
        store.append("other", "s", kind=NOTE, value=2)
        with pytest.raises(batpak.Busy) as raised:
            store.close()
        assert raised.value.actual >= 1

    store.fold(None, step, entity="e")
    assert len(store.page(entity="other")) == 1 and not store.closed


@pytest.mark.parametrize("step", [None, 5, "step"])
def test_a_step_that_cannot_be_called(store: batpak.Store, step: Any) -> None:
    with pytest.raises(TypeError):
        store.fold(0, step)
    usable(store)


# --- clock


def test_an_exception_of_the_clock(path: Path) -> None:
    problem = Problem("no time")
    answers: list[Any] = []

    def clock() -> int:
        if answers:
            answer = answers.pop()
            if isinstance(answer, BaseException):
                raise answer
            return answer  # type: ignore[no-any-return]
        return time.time_ns() // 1000

    with batpak.open(path, clock=clock) as store:
        for wrong in (problem, KeyboardInterrupt()):
            answers.append(wrong)
            with pytest.raises(type(wrong)) as raised:
                store.append("e", "s", kind=NOTE, value=1)
            assert raised.value is wrong
        for answer, expected in (
            (-5, batpak.ClockError),
            (2**63, OverflowError),
            ("now", TypeError),
            (None, TypeError),
        ):
            answers.append(answer)
            with pytest.raises(expected):
                store.append("e", "s", kind=NOTE, value=1)
        answers.append(problem)
        with pytest.raises(Problem) as problems:
            store.append_many([Draft("e", "s", kind=NOTE, value=1)] * 3)
        assert problems.value is problem and len(problems.value.accepted) == 0  # type: ignore[attr-defined]
        assert store.stat().events == 1
        usable(store)


def test_the_clock_is_asked(path: Path) -> None:
    now = 1_700_000_000_123_456
    with batpak.open(path, clock=lambda: now) as store:
        event = store.get(store.append("e", "s", kind=NOTE, value=1).event_id)
        assert (event.timestamp_us, event.wall_ms) == (now, now // 1000)


def test_a_clock_that_fails_at_open(path: Path) -> None:
    problem = Problem("no time")

    def clock() -> int:
        raise problem

    with pytest.raises(Problem) as raised:
        batpak.open(path, clock=clock)
    assert raised.value is problem
    batpak.open(path).close()


# --- progress and log


def test_progress(path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    with batpak.open(path, durability="written") as store:
        store.append_many(Draft("e", "s", kind=NOTE, payload=bytes(1000)) for _ in range(5000))
    with batpak.open(path, progress=lambda *call: calls.append(call)) as store:
        store.verify()
    stages = {stage for stage, _, _ in calls}
    assert "verify" in stages and stages <= {"open", "verify"}
    verified = [(done, total) for stage, done, total in calls if stage == "verify"]
    assert all(done <= total for done, total in verified) and verified == sorted(verified)


def test_an_exception_of_progress(path: Path) -> None:
    problem: list[BaseException] = []

    def progress(stage: str, done: int, total: int) -> None:
        if problem:
            raise problem[0]

    with batpak.open(path, progress=progress) as store:
        problem.append(Problem("enough"))
        with pytest.raises(Problem) as raised:
            store.verify()
        assert raised.value is problem[0]
        problem.clear()
        usable(store)


def test_progress_that_stops(path: Path) -> None:
    stop = False
    with batpak.open(path, progress=lambda *call: stop) as store:
        stop = True
        with pytest.raises(batpak.Stopped) as raised:
            store.verify()
        assert raised.value.path == path
        stop = False
        usable(store)


def torn(path: Path) -> None:
    """A store whose open has something to tell."""
    with batpak.open(path) as store:
        receipt = store.append("e", "s", kind=NOTE, payload=bytes(1000))
        data = (path / f"{receipt.segment_id:06}.fbat").read_bytes()
    (path / f"{receipt.segment_id:06}.fbat").write_bytes(data[: receipt.offset + receipt.frame_length - 10])


def test_the_log(path: Path) -> None:
    lines: list[str] = []
    torn(path)
    with batpak.open(path, log=lines.append) as store:
        usable(store)
    assert all(isinstance(line, str) and "\n" not in line for line in lines)


def test_an_exception_of_the_log(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    lines: list[str] = []

    def log(line: str) -> None:
        lines.append(line)
        raise Problem(line)

    torn(path)
    with batpak.open(path, log=log) as store:
        usable(store)
    assert [hook.exc_value.args[0] for hook in unraisable] == lines


@pytest.mark.parametrize("name", ["clock", "progress", "log"])
def test_callbacks_that_cannot_be_called(path: Path, name: str) -> None:
    with pytest.raises(TypeError):
        batpak.open(path, **{name: 5})  # type: ignore[arg-type]
    batpak.open(path).close()


# --- interrupts


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("interrupts") / "game"
    with batpak.open(path, durability="written") as store:
        for _ in range(4):
            store.append_many(
                Draft(f"e{number % 100}", "s", kind=NOTE, payload=bytes(500)) for number in range(50_000)
            )
    return path


def interrupt(begun: threading.Event) -> None:
    begun.wait()
    signal.raise_signal(signal.SIGINT)


def interrupted(call: Callable[[], Any]) -> set[str]:
    """The functions that an interrupt from another thread came through, which arrives while the call is under way."""
    begun = threading.Event()
    thread = threading.Thread(target=interrupt, args=(begun,))
    thread.start()
    try:
        begun.set()
        while True:
            call()
    except KeyboardInterrupt as raised:
        return {frame.f_code.co_name for frame, _ in traceback.walk_tb(raised.__traceback__)}
    finally:
        thread.join()


def interrupted_inside(call: Callable[[], Any], function: str) -> bool:
    """Whether it comes through this function, out of the middle of a call; now and then it comes before or behind."""
    return any(function in interrupted(call) for _ in range(500))


def test_an_interrupt_during_verify(large: Path) -> None:
    with batpak.open(large, mode="read_only") as store:
        assert interrupted_inside(store.verify, "reraise")
        assert store.verify().verdict == "CONSISTENT"


def test_an_interrupt_during_a_fold(large: Path) -> None:
    with batpak.open(large, mode="read_only") as store:

        def step(count: int, event: Any) -> int:
            return count + 1

        assert interrupted_inside(lambda: store.fold(0, step), "step")
        assert store.fold(0, lambda count, event: count + 1) > 200_000


def test_an_interrupt_during_iteration(large: Path) -> None:
    with batpak.open(large, mode="read_only") as store:
        assert interrupted_inside(lambda: sum(1 for _ in store.events()), "<genexpr>")
        assert store.stat().events > 200_000


def test_an_interrupt_between_appends(path: Path) -> None:
    with batpak.open(path) as store:
        interrupted(lambda: store.append("e", "s", kind=NOTE, value=1))
        usable(store)


def test_an_interrupt_during_open(large: Path) -> None:
    def reopen() -> None:
        batpak.open(large, mode="read_only").close()

    interrupted(reopen)
    batpak.open(large).close()
