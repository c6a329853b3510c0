"""What the library calls back: the other half of the functions that bindings/python/generate.py declares.

No exception crosses C. One that a callback raises is kept, the call is made to fail, and the exception comes out of it
unchanged; the store stays usable.
"""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable
from operator import index
from types import TracebackType
from typing import Any, Final

from ._batpak import ffi
from ._constants import BP_STAGE_OPEN, BP_STAGE_VERIFY, Status
from .faults import MAXIMUM_ANSWER, Function, Point

#: Microseconds since 1970. It must not call the store.
Clock = Callable[[], int]
#: progress("open" or "verify", bytes done, bytes in all); an answer that is true stops the call.
Progress = Callable[[str, int, int], Any]
#: One line of text for people, from any thread. It must not call the store.
Log = Callable[[str], Any]

_STAGES: Final = {BP_STAGE_OPEN: "open", BP_STAGE_VERIFY: "verify"}
_MAXIMUM_TIME: Final = 0x7FFF_FFFF_FFFF_FFFF
#: Answers at a fault point that stand for an exception lie from here up to -1.
_LOWEST_ANSWER: Final = -0x8000_0000
_NOT_64_BITS: Final = 1 << 64


class Callbacks:
    """The callbacks of one store, and the exceptions that they left."""

    __slots__ = ("_raised_at_fault", "_raised_by_clock", "_stopped", "clock", "fault", "log", "progress", "user")

    def __init__(self, clock: Clock | None, progress: Progress | None, log: Log | None, fault: Function | None) -> None:
        for name, given in (("clock", clock), ("progress", progress), ("log", log), ("fault", fault)):
            if given is not None and not callable(given):
                raise TypeError(f"{name} is a {type(given).__name__}, which cannot be called")
        self.clock = clock
        self.progress = progress
        self.log = log
        self.fault = fault
        self.user: Any = None
        self._stopped: dict[int, BaseException] = {}
        self._raised_by_clock: BaseException | None = None
        #: The last one: the thread that was asked, what the library was answered, the exception.
        self._raised_at_fault: tuple[int, int, BaseException | None] = (0, 0, None)

    def forget(self) -> None:
        """The store is closed: what it called, which may know the store, is let go."""
        self.clock = self.progress = self.log = self.fault = None

    def tell_time(self) -> int:
        """The clock's time, or -1, which the library refuses. Whichever thread commits calls this."""
        assert self.clock is not None
        self._raised_by_clock = None
        try:
            now = index(self.clock())
            if now > _MAXIMUM_TIME:
                raise OverflowError(f"the clock answered {now}: more than 64 bits")
            if now < 0:
                self._raised_by_clock = None  # what an earlier call left has nothing to do with this one
            return max(now, -1)
        except BaseException as raised:
            self.keep_clock(raised)
            return -1

    def report(self, stage: int, done: int, total: int) -> int:
        """1 to stop. To be called at all is what lets an interrupt through, so this stands without a callback too."""
        try:
            return 1 if self.progress is not None and self.progress(_STAGES[stage], done, total) else 0
        except BaseException as raised:
            self.keep_progress(raised)
            return 1

    def reach(self, point: int, batch: int, item: int, items: int) -> int:
        """0 to go on. Whichever thread commits calls this, one at a time."""
        if self.fault is None:
            return 0
        try:
            answer = self.fault(Point(point), batch, item, items)
            found = index(answer) if answer else 0
            if not 0 <= found <= MAXIMUM_ANSWER:
                raise OverflowError(f"the fault point was answered {found}: 0 to {MAXIMUM_ANSWER}")
            return found
        except BaseException as raised:
            return self.keep_fault(raised)

    def write(self, line: bytes) -> None:
        """The library goes on whatever happens here: what it says of may have been done already."""
        assert self.log is not None
        try:
            self.log(line.decode("utf-8", "replace"))
        except KeyboardInterrupt:
            _thread.interrupt_main()
        except BaseException as raised:
            sys.unraisablehook(_Unraisable(self.log, raised))

    def keep_clock(self, raised: BaseException) -> None:
        """For whoever gets BP_CLOCK_INVALID."""
        self._raised_by_clock = raised

    def keep_progress(self, raised: BaseException) -> None:
        """For the call of this thread that gets BP_STOPPED."""
        self._stopped[threading.get_ident()] = raised

    def keep_fault(self, raised: BaseException) -> int:
        """For the call of this thread that gets BP_FAULT with this answer."""
        _, last, _ = self._raised_at_fault
        answer = last - 1 if last > _LOWEST_ANSWER else -1
        self._raised_at_fault = (threading.get_ident(), answer, raised)
        return answer

    def reraise(self, status: int, actual: int) -> None:
        """Raises what a callback raised, if that is why a call answered `status`, and `actual` with it."""
        if status == Status.BP_CLOCK_INVALID:
            self.reraise_clock()
        elif status == Status.BP_FAULT:
            self._reraise_fault(actual)
        elif status == Status.BP_STOPPED and (raised := self._stopped.pop(threading.get_ident(), None)) is not None:
            raise raised

    def _reraise_fault(self, actual: int) -> None:
        thread, answer, raised = self._raised_at_fault
        if raised is not None and thread == threading.get_ident() and answer == actual - _NOT_64_BITS:
            self._raised_at_fault = (thread, answer, None)
            raise raised

    def reraise_clock(self) -> None:
        """Raises what the clock raised: the store's own events do without a clock that fails."""
        raised, self._raised_by_clock = self._raised_by_clock, None
        if raised is not None:
            raise raised


class _Unraisable:
    """What sys.unraisablehook takes."""

    def __init__(self, log: Log, raised: BaseException) -> None:
        self.exc_type = type(raised)
        self.exc_value: BaseException | None = raised
        self.exc_traceback = raised.__traceback__
        self.err_msg: str | None = "Exception ignored in the log of a batpak store"
        self.object: object = log


def _clock(user: Any) -> int:
    callbacks: Callbacks = ffi.from_handle(user)
    return callbacks.tell_time()


def _progress(user: Any, stage: int, done: int, total: int) -> int:
    callbacks: Callbacks = ffi.from_handle(user)
    return callbacks.report(stage, done, total)


def _fault(user: Any, point: int, batch: int, item: int, items: int) -> int:
    callbacks: Callbacks = ffi.from_handle(user)
    return callbacks.reach(point, batch, item, items)


def _log(user: Any, text: Any, length: int) -> None:
    callbacks: Callbacks = ffi.from_handle(user)
    callbacks.write(bytes(ffi.buffer(text, length)))


# An interrupt may come before a function's first line, where no `try` stands yet: cffi gives it to these.


def _clock_interrupted(kind: type[BaseException], raised: BaseException, traceback: TracebackType) -> None:
    callbacks: Callbacks = ffi.from_handle(traceback.tb_frame.f_locals["user"])
    callbacks.keep_clock(raised)


def _progress_interrupted(kind: type[BaseException], raised: BaseException, traceback: TracebackType) -> None:
    callbacks: Callbacks = ffi.from_handle(traceback.tb_frame.f_locals["user"])
    callbacks.keep_progress(raised)


def _fault_interrupted(kind: type[BaseException], raised: BaseException, traceback: TracebackType) -> int:
    callbacks: Callbacks = ffi.from_handle(traceback.tb_frame.f_locals["user"])
    return callbacks.keep_fault(raised)


def _log_interrupted(kind: type[BaseException], raised: BaseException, traceback: TracebackType) -> None:
    _thread.interrupt_main()


ffi.def_extern(name="batpak_clock", error=-1, onerror=_clock_interrupted)(_clock)
ffi.def_extern(name="batpak_progress", error=1, onerror=_progress_interrupted)(_progress)
ffi.def_extern(name="batpak_fault", error=1, onerror=_fault_interrupted)(_fault)
ffi.def_extern(name="batpak_log", onerror=_log_interrupted)(_log)
