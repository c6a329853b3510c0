"""Testing your own recovery: functions for the `fault` of `open`, and the points at which they are asked.

    with batpak.open("game", fault=faults.after_batch_items(2)) as store:
        store.append_batch(drafts)  # raises batpak.Fault when two of them are placed

It takes a test build of the package (script/packages --faults); any other raises Unsupported at `open`, and `available`
tells which one this is. What an abort means at each point: docs/faults.md. Since 0.2.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from enum import IntEnum
from random import Random
from typing import Any, Final, Union

from . import _constants as constants
from ._batpak import ffi, lib
from .draft import number
from .errors import made


class Point(IntEnum):
    """Where an append stands when it is asked whether to go on."""

    SINGLE_START = constants.BP_FAULT_SINGLE_START
    SINGLE_WRITTEN = constants.BP_FAULT_SINGLE_WRITTEN
    SINGLE_PUBLISHED = constants.BP_FAULT_SINGLE_PUBLISHED
    BATCH_START = constants.BP_FAULT_BATCH_START
    BATCH_BEGIN_WRITTEN = constants.BP_FAULT_BATCH_BEGIN_WRITTEN
    BATCH_ITEM_WRITTEN = constants.BP_FAULT_BATCH_ITEM_WRITTEN
    BATCH_ITEMS_COMPLETE = constants.BP_FAULT_BATCH_ITEMS_COMPLETE
    BATCH_COMMIT_WRITTEN = constants.BP_FAULT_BATCH_COMMIT_WRITTEN
    BATCH_FSYNC = constants.BP_FAULT_BATCH_FSYNC
    BATCH_PRE_PUBLISH = constants.BP_FAULT_BATCH_PRE_PUBLISH


#: fault(point, first sequence of the batch or the append's own, item, items): something false goes on, a number aborts and
#: is the error's `actual`, True is 1. What it raises aborts too, and comes out unchanged of an append of the same thread.
Function = Callable[[Point, int, int, int], Any]
#: What is done where an injector fires: a number to answer (0 goes on), an exception to raise, or a function to call, whose
#: answer counts as that of `fault`: `lambda: os._exit(1)` dies.
Action = Union[int, BaseException, type[BaseException], Callable[[], Any]]
#: Where an injector looks: one point, some, or what a function with the arguments of `fault` says yes to; None: everywhere.
Filter = Union[Point, Container[Point], Function, None]

#: What `fault` may answer at most.
MAXIMUM_ANSWER: Final = 0x7FFF_FFFF


class _Injector:
    """Says at which points there is something to do, and does it."""

    __slots__ = ("_action", "_filter", "fired", "matches")

    #: How many points passed the filter, and at how many of them the action was taken.
    matches: int
    fired: int

    def __init__(self, action: Action, filter: Filter) -> None:
        self._action = action
        self._filter = filter
        self.matches = self.fired = 0

    def __call__(self, point: Point, batch: int, item: int, items: int) -> Any:
        if not self._looks_at(point, batch, item, items):
            return 0
        self.matches += 1
        if not self._fires():
            return 0
        self.fired += 1
        action = self._action
        if isinstance(action, BaseException) or (isinstance(action, type) and issubclass(action, BaseException)):
            raise action
        return action() if callable(action) else action

    def _looks_at(self, point: Point, batch: int, item: int, items: int) -> bool:
        chosen = self._filter
        if chosen is None or isinstance(chosen, Point):
            return chosen in (None, point)
        return bool(chosen(point, batch, item, items)) if callable(chosen) else point in chosen

    def _fires(self) -> bool:
        raise NotImplementedError


class Countdown(_Injector):
    """Fires at the n-th point that passes the filter, and at every later one."""

    __slots__ = ("n",)

    def __init__(self, n: int, action: Action = 1, filter: Filter = None) -> None:
        super().__init__(action, filter)
        self.n = number("n", n, 0xFFFF_FFFF)
        if self.n == 0:
            raise made(constants.Status.BP_ARGUMENT, "n counts from 1")

    def _fires(self) -> bool:
        return self.matches >= self.n


class Probabilistic(_Injector):
    """Fires at a point that passes the filter with probability p. With the same seed at the same points."""

    __slots__ = ("_random", "p")

    def __init__(self, p: float, seed: int | None = None, action: Action = 1, filter: Filter = None) -> None:
        super().__init__(action, filter)
        if not 0 <= p <= 1:
            raise made(constants.Status.BP_ARGUMENT, f"p is {p}: 0 to 1")
        self.p = p
        self._random = Random(seed)

    def _fires(self) -> bool:
        return self._random.random() < self.p


def after_batch_items(n: int, action: Action = 1) -> Countdown:
    """Fires when n items of batches are placed, over all batches, and at every later item."""
    return Countdown(n, action, Point.BATCH_ITEM_WRITTEN)


def after_batch_begin(action: Action = 1) -> Countdown:
    """Fires when the beginning of a batch is placed, and none of its items."""
    return Countdown(1, action, Point.BATCH_BEGIN_WRITTEN)


def after_commit_before_fsync(action: Action = 1) -> Countdown:
    """Fires when a batch is written and its flush is about to begin."""
    return Countdown(1, action, Point.BATCH_FSYNC)


def available() -> bool:
    """Whether this is a test build, which has fault points."""
    config = ffi.new("bp_config *")
    lib.bp_config_init(config, ffi.sizeof("bp_config"))
    config.mode, config.fault = constants.BP_MODE_READ_ONLY, lib.batpak_fault
    # Nothing can be opened there: with fault points it is this that is said, without them something else.
    return bool(lib.bp_store_open(b"/dev/null/batpak", config, ffi.new("bp_store **"), ffi.NULL)
                != constants.Status.BP_UNSUPPORTED)
