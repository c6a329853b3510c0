"""Outcomes: what an attempt came to, as values that can be combined. Since 0.2.

`Ok`, `Err` and `Cancelled` are the last word; `Retry` asks to come again, `Pending` waits for something, `OutcomeBatch` holds
the outcomes of several attempts, batches among them. All are immutable; any thread may use them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar, Union, cast

from ._batpak import lib
from ._constants import (
    BP_ERROR_CLASS_DOMAIN,
    BP_ERROR_CLASS_NONE,
    BP_ERROR_CLASS_OPERATIONAL,
    BP_ERROR_KIND_BATCH_COLLAPSE,
    BP_ERROR_KIND_CANCELLED,
    BP_ERROR_KIND_CONFLICT,
    BP_ERROR_KIND_CUSTOM,
    BP_ERROR_KIND_INTERNAL,
    BP_ERROR_KIND_NOT_FOUND,
    BP_ERROR_KIND_PENDING,
    BP_ERROR_KIND_POLICY_REJECTION,
    BP_ERROR_KIND_SERIALIZATION,
    BP_ERROR_KIND_STORAGE_ERROR,
    BP_ERROR_KIND_TIMEOUT,
    BP_ERROR_KIND_VALIDATION,
    Status,
)
from .draft import number
from .errors import made, text_of

T = TypeVar("T", covariant=True)
U = TypeVar("U")
V = TypeVar("V")

_CLASSES: Final[dict[int, Literal["domain", "operational"] | None]] = {
    BP_ERROR_CLASS_NONE: None, BP_ERROR_CLASS_DOMAIN: "domain", BP_ERROR_CLASS_OPERATIONAL: "operational"}


@dataclass(frozen=True)
class ErrorKind:
    """What kind of error: one of the constants of this class, or one of your own, `ErrorKind.custom(7)`."""

    NOT_FOUND: ClassVar[ErrorKind]
    CONFLICT: ClassVar[ErrorKind]
    VALIDATION: ClassVar[ErrorKind]
    POLICY_REJECTION: ClassVar[ErrorKind]
    CANCELLED: ClassVar[ErrorKind]
    STORAGE_ERROR: ClassVar[ErrorKind]
    TIMEOUT: ClassVar[ErrorKind]
    PENDING: ClassVar[ErrorKind]
    SERIALIZATION: ClassVar[ErrorKind]
    INTERNAL: ClassVar[ErrorKind]
    BATCH_COLLAPSE: ClassVar[ErrorKind]

    #: Its number in the interface of C.
    number: int
    #: The number of a kind of your own, 16 bits; None for the others.
    code: int | None = None

    def __post_init__(self) -> None:
        if not BP_ERROR_KIND_NOT_FOUND <= self.number <= BP_ERROR_KIND_CUSTOM or (
                (self.number == BP_ERROR_KIND_CUSTOM) == (self.code is None)):
            raise made(Status.BP_ARGUMENT, "an error kind is a constant of ErrorKind, or ErrorKind.custom(code)")
        if self.code is not None:
            number("code", self.code, 0xFFFF)

    @classmethod
    def custom(cls, code: int) -> ErrorKind:
        """A kind of your own. Raises CallError where `code` has more than 16 bits."""
        return cls(BP_ERROR_KIND_CUSTOM, code)

    @property
    def name(self) -> str:
        """Its word, for example "NotFound"; of your own "Custom"."""
        return text_of(lib.bp_error_kind_name(self.number))

    @property
    def error_class(self) -> Literal["domain", "operational"] | None:
        """What was asked is refused ("domain"), or the machinery failed ("operational"); None for kinds of your own."""
        return _CLASSES[lib.bp_error_kind_class(self.number)]

    @property
    def is_retryable(self) -> bool:
        """The same may succeed later."""
        return bool(lib.bp_error_kind_is_retryable(self.number))

    def __str__(self) -> str:
        return self.name if self.code is None else f"{self.name}({self.code})"


ErrorKind.NOT_FOUND = ErrorKind(BP_ERROR_KIND_NOT_FOUND)
ErrorKind.CONFLICT = ErrorKind(BP_ERROR_KIND_CONFLICT)
ErrorKind.VALIDATION = ErrorKind(BP_ERROR_KIND_VALIDATION)
ErrorKind.POLICY_REJECTION = ErrorKind(BP_ERROR_KIND_POLICY_REJECTION)
ErrorKind.CANCELLED = ErrorKind(BP_ERROR_KIND_CANCELLED)
ErrorKind.STORAGE_ERROR = ErrorKind(BP_ERROR_KIND_STORAGE_ERROR)
ErrorKind.TIMEOUT = ErrorKind(BP_ERROR_KIND_TIMEOUT)
ErrorKind.PENDING = ErrorKind(BP_ERROR_KIND_PENDING)
ErrorKind.SERIALIZATION = ErrorKind(BP_ERROR_KIND_SERIALIZATION)
ErrorKind.INTERNAL = ErrorKind(BP_ERROR_KIND_INTERNAL)
ErrorKind.BATCH_COLLAPSE = ErrorKind(BP_ERROR_KIND_BATCH_COLLAPSE)


# --- what would undo, and what is waited for


@dataclass(frozen=True)
class Rollback:
    """Undo these events (ids of 16 bytes)."""

    event_ids: tuple[bytes, ...]


@dataclass(frozen=True)
class Notify:
    """Tell somebody (an id of 16 bytes)."""

    target_id: bytes
    message: str


@dataclass(frozen=True)
class Release:
    """Give these resources back (ids of 16 bytes)."""

    resource_ids: tuple[bytes, ...]


@dataclass(frozen=True)
class CustomAction:
    """An action of your own."""

    action_type: str
    data: bytes


#: What would undo what was done before an error.
CompensationAction = Union[Rollback, Notify, Release, CustomAction]


@dataclass(frozen=True)
class WaitForTime:
    """Until a moment, in milliseconds since 1970."""

    resume_at_ms: int


@dataclass(frozen=True)
class WaitForEvent:
    """Until there is an event of this id (16 bytes)."""

    event_id: bytes


@dataclass(frozen=True)
class WaitForAll:
    """Until all of these hold."""

    items: tuple[WaitCondition, ...]


@dataclass(frozen=True)
class WaitForAny:
    """Until one of these holds."""

    items: tuple[WaitCondition, ...]


@dataclass(frozen=True)
class WaitForCustom:
    """Until something of your own: a tag of 16 bits, and data."""

    tag: int
    data: bytes


#: What a pending outcome waits for.
WaitCondition = Union[WaitForTime, WaitForEvent, WaitForAll, WaitForAny, WaitForCustom]


class OutcomeError(Exception):
    """What went wrong in an outcome: a value, equal to others with the same members, and raised by `into_result` alone."""

    #: What kind of error.
    kind: ErrorKind
    #: For people.
    message: str
    #: What would undo what was done before, or None.
    compensation: CompensationAction | None

    def __init__(self, kind: ErrorKind, message: str = "", compensation: CompensationAction | None = None) -> None:
        super().__init__(kind, message, compensation)
        self.kind = kind
        self.message = message
        self.compensation = compensation

    def __str__(self) -> str:
        return f"[{self.kind}] {self.message}"

    def __eq__(self, other: object) -> bool:
        return self.args == other.args if isinstance(other, OutcomeError) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.args)


# --- the family


class Outcome(Generic[T]):
    """What an attempt came to: one of `Ok`, `Err`, `Retry`, `Pending`, `Cancelled`, `OutcomeBatch`.

    What is said below of an Ok or an Err holds in a batch for each element, however deep; all else stays as it is.
    """

    __slots__ = ()

    def __init__(self) -> None:
        raise TypeError("an outcome is an Ok, Err, Retry, Pending, Cancelled or OutcomeBatch")

    @property
    def is_terminal(self) -> bool:
        """Whether it is the last word: an Ok, Err or Cancelled."""
        return isinstance(self, (Ok, Err, Cancelled))

    def map(self, step: Callable[[T], U]) -> Outcome[U]:
        """An Ok of `step(value)` in the place of each Ok."""
        return _walk(self, Ok, lambda ok: Ok(step(ok.value)))

    def and_then(self, step: Callable[[T], Outcome[U]]) -> Outcome[U]:
        """The outcome `step(value)` in the place of each Ok."""
        return _walk(self, Ok, lambda ok: step(ok.value))

    def and_then_if(self, holds: Callable[[T], bool], step: Callable[[T], Outcome[U]]) -> Outcome[T | U]:
        """As `and_then`, of those Oks for whose value `holds` is true."""
        return _walk(self, Ok, lambda ok: step(ok.value) if holds(ok.value) else ok)

    def inspect(self, look: Callable[[T], object]) -> Outcome[T]:
        """The same outcome, after `look(value)` of each Ok."""
        _walk(self, Ok, lambda ok: (look(ok.value), ok)[1])
        return self

    def map_err(self, step: Callable[[OutcomeError], OutcomeError]) -> Outcome[T]:
        """An Err of `step(error)` in the place of each Err."""
        return _walk(self, Err, lambda err: Err(step(err.error)))

    def or_else(self, step: Callable[[OutcomeError], Outcome[U]]) -> Outcome[T | U]:
        """The outcome `step(error)` in the place of each Err."""
        return _walk(self, Err, lambda err: step(err.error))

    def inspect_err(self, look: Callable[[OutcomeError], object]) -> Outcome[T]:
        """The same outcome, after `look(error)` of each Err."""
        _walk(self, Err, lambda err: (look(err.error), err)[1])
        return self

    def flatten(self: Outcome[Outcome[U]]) -> Outcome[U]:
        """The outcome within each Ok in its place."""
        return self.and_then(lambda inner: inner)

    def unwrap_or(self, default: U) -> T | U:
        """The value of an Ok; `default` for all else, batches too."""
        return self.value if isinstance(self, Ok) else default

    def unwrap_or_else(self, make: Callable[[], U]) -> T | U:
        """The value of an Ok; `make()` for all else, batches too."""
        return self.value if isinstance(self, Ok) else make()

    def into_result(self) -> T:
        """The value of an Ok. Raises OutcomeError: that of an Err; of kind CANCELLED for a Cancelled, TIMEOUT for a Retry,
        PENDING for a Pending, BATCH_COLLAPSE for a batch."""
        if isinstance(self, Ok):
            return cast(T, self.value)
        raise self._failure()

    def _failure(self) -> OutcomeError:
        raise AssertionError("an outcome of no known class")

    def zip(self, other: Outcome[U]) -> Outcome[tuple[T, U]]:
        """The Ok of both values, of two Oks.

        Else the first of Err, Cancelled, Retry, Pending in this order, this one's before the other's. Two batches of one
        length go pair by pair (of different lengths: an Err of kind INTERNAL), a batch and an Ok element by element.
        """
        return _zip(self, other)

    @staticmethod
    def join_all(outcomes: Iterable[Outcome[U]]) -> Outcome[tuple[U, ...]]:
        """The Ok of all values, batches opened, if all are Oks; else the first that is none."""
        values: list[U] = []
        found = _gather(outcomes, values)
        return Ok(tuple(values)) if found is None else cast("Outcome[tuple[U, ...]]", found)

    @staticmethod
    def join_any(outcomes: Iterable[Outcome[U]]) -> Outcome[U]:
        """The first Ok, batches opened.

        A Retry, Pending or Cancelled before it is the answer; where there are Errs alone, the last of them; of nothing,
        and for an empty batch, an Err of kind INTERNAL.
        """
        last: Outcome[U] = Err(OutcomeError(ErrorKind.INTERNAL, "none of no outcomes is an Ok"))
        for outcome in outcomes:
            last = Outcome.join_any(outcome.items) if isinstance(outcome, OutcomeBatch) else outcome
            if not isinstance(last, Err):
                break
        return last


@dataclass(frozen=True)
class Ok(Outcome[T]):
    """It succeeded."""

    value: T


@dataclass(frozen=True)
class Err(Outcome[T]):
    """It failed."""

    error: OutcomeError

    def _failure(self) -> OutcomeError:
        # What is raised gathers a traceback, and the value stays as it is.
        return OutcomeError(*self.error.args)


@dataclass(frozen=True)
class Retry(Outcome[T]):
    """Come again."""

    #: When to try again, in milliseconds from now.
    after_ms: int
    #: Which attempt this was,
    attempt: int
    #: and how many there may be.
    max_attempts: int
    #: For people.
    reason: str

    def _failure(self) -> OutcomeError:
        return OutcomeError(ErrorKind.TIMEOUT, self.reason)


@dataclass(frozen=True)
class Pending(Outcome[T]):
    """It waits for something."""

    condition: WaitCondition
    #: Yours, 16 bytes.
    resume_token: bytes

    def _failure(self) -> OutcomeError:
        return OutcomeError(ErrorKind.PENDING, "the attempt is pending")


@dataclass(frozen=True)
class Cancelled(Outcome[T]):
    """It was given up."""

    #: For people.
    reason: str

    def _failure(self) -> OutcomeError:
        return OutcomeError(ErrorKind.CANCELLED, self.reason)


@dataclass(frozen=True)
class OutcomeBatch(Outcome[T]):
    """The outcomes of several attempts, in order."""

    items: tuple[Outcome[T], ...]

    def _failure(self) -> OutcomeError:
        return OutcomeError(ErrorKind.BATCH_COLLAPSE, f"a batch of {len(self.items)} outcomes has no single value")


# The walks go down one frame for each batch inside another.


def _walk(outcome: Outcome[Any], wanted: type[V], step: Callable[[V], Outcome[Any]]) -> Outcome[Any]:
    if isinstance(outcome, wanted):
        made = step(outcome)
        if isinstance(made, Outcome):
            return made
        raise TypeError(f"a step answers an outcome, not {type(made).__name__}")
    if not isinstance(outcome, OutcomeBatch):
        return outcome
    items: list[Outcome[Any]] = []
    for item in outcome.items:
        items.append(_walk(item, wanted, step))  # noqa: PERF401 - a comprehension would take a frame more
    return OutcomeBatch(tuple(items))


#: What wins over what in a pair; an Ok and a batch are for what is left.
_RANKS: Final[dict[type[Outcome[Any]], int]] = {Err: 5, Cancelled: 4, Retry: 3, Pending: 2, OutcomeBatch: 1, Ok: 0}


def _zip(one: Outcome[Any], other: Outcome[Any]) -> Outcome[Any]:
    ranks = _RANKS[type(one)], _RANKS[type(other)]
    if max(ranks) > 1:
        return one if ranks[0] >= ranks[1] else other
    if isinstance(one, Ok) and isinstance(other, Ok):
        return Ok((one.value, other.value))
    ones = one.items if isinstance(one, OutcomeBatch) else None
    others = other.items if isinstance(other, OutcomeBatch) else None
    if ones is None:
        ones = (one,) * len(cast("tuple[Any, ...]", others))
    elif others is None:
        others = (other,) * len(ones)
    assert others is not None
    if len(ones) != len(others):
        return Err(OutcomeError(ErrorKind.INTERNAL, f"batches of {len(ones)} and of {len(others)} outcomes"))
    items: list[Outcome[Any]] = []
    for pair in zip(ones, others):
        items.append(_zip(*pair))  # noqa: PERF401
    return OutcomeBatch(tuple(items))


def _gather(outcomes: Iterable[Outcome[U]], values: list[U]) -> Outcome[U] | None:
    """The first that is no Ok; the values of those before it."""
    for outcome in outcomes:
        if isinstance(outcome, Ok):
            values.append(outcome.value)
        else:
            found = _gather(outcome.items, values) if isinstance(outcome, OutcomeBatch) else outcome
            if found is not None:
                return found
    return None
