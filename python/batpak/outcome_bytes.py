"""Outcomes to bytes and back: the library's, which are those of the reference. Since 0.2.

Nothing here recurses: what comes from outside may be nested as deep as the format allows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ._batpak import ffi, lib
from ._constants import (
    BP_COMPENSATION_CUSTOM,
    BP_COMPENSATION_NOTIFY,
    BP_COMPENSATION_RELEASE,
    BP_COMPENSATION_ROLLBACK,
    BP_ERROR_KIND_CUSTOM,
    BP_OUTCOME_BATCH,
    BP_OUTCOME_CANCELLED,
    BP_OUTCOME_ERR,
    BP_OUTCOME_OK,
    BP_OUTCOME_PENDING,
    BP_OUTCOME_RETRY,
    BP_WAIT_FOR_ALL,
    BP_WAIT_FOR_ANY,
    BP_WAIT_FOR_CUSTOM,
    BP_WAIT_FOR_EVENT,
    BP_WAIT_FOR_TIME,
    Status,
)
from .draft import identity, number
from .errors import made, raise_for
from .outcome import (
    Cancelled,
    CompensationAction,
    CustomAction,
    Err,
    ErrorKind,
    Notify,
    Ok,
    Outcome,
    OutcomeBatch,
    OutcomeError,
    Pending,
    Release,
    Retry,
    Rollback,
    WaitCondition,
    WaitForAll,
    WaitForAny,
    WaitForCustom,
    WaitForEvent,
    WaitForTime,
)
from .values import Buffer, octets, payload_decode, payload_encode

_U32: Final = 0xFFFF_FFFF
_U64: Final = 0xFFFF_FFFF_FFFF_FFFF
_ROOM: Final = 256


def outcome_encode(outcome: Outcome[Any]) -> bytes:
    """The outcome's canonical bytes. What an Ok holds is written as `payload_encode` writes it.

    Raises PayloadError and ValueRefused, BP_DEPTH for more than 1,023 containers in one another, CallError for an id
    that has not 16 bytes and a number that is too large.
    """
    writer = _Writer()
    raw = ffi.new("bp_outcome *")
    writer.outcome(raw, outcome)
    needed, error, room = ffi.new("size_t *"), ffi.new("bp_error *"), _ROOM
    while True:
        buffer = ffi.new("uint8_t[]", room)
        status = lib.bp_outcome_encode(raw, buffer, room, needed, error)
        if status == Status.BP_OK:
            return bytes(ffi.buffer(buffer, needed[0]))
        if status != Status.BP_TOO_SMALL:
            raise_for(status, error)
        room = needed[0]


def outcome_decode(data: Buffer) -> Outcome[Any]:
    """The outcome of its bytes. Bytes behind it are ignored, as the reference does.

    Raises PayloadError, with the place in `offset`.
    """
    given = octets(data)
    memory, raw, error = ffi.new("bp_outcomes **"), ffi.new("bp_outcome *"), ffi.new("bp_error *")
    status = lib.bp_outcomes_new(memory, error)
    if status:
        raise_for(status, error)
    try:
        lib.bp_outcome_init(raw, ffi.sizeof("bp_outcome"))
        status = lib.bp_outcome_decode(given, len(given), memory[0], raw, error)
        if status:
            raise_for(status, error)
        return read_outcome(raw)
    finally:
        lib.bp_outcomes_free(memory[0])


class _Writer:
    """Makes structs say what objects say, and keeps alive what they point to."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def outcome(self, raw: Any, outcome: Outcome[Any]) -> None:
        todo = [(raw, outcome)]
        while todo:
            todo += self.one(*todo.pop())

    def one(self, raw: Any, outcome: Outcome[Any]) -> list[tuple[Any, Outcome[Any]]]:
        """Fills one struct; what is to be filled next."""
        lib.bp_outcome_init(raw, ffi.sizeof("bp_outcome"))
        if isinstance(outcome, Ok):
            raw.value, raw.value_length = self.octets(payload_encode(outcome.value))
        elif isinstance(outcome, Err):
            raw.type = BP_OUTCOME_ERR
            self.error(raw, outcome.error)
        elif isinstance(outcome, Retry):
            raw.type = BP_OUTCOME_RETRY
            raw.after_ms = number("after_ms", outcome.after_ms, _U64)
            raw.attempt = number("attempt", outcome.attempt, _U32)
            raw.max_attempts = number("max_attempts", outcome.max_attempts, _U32)
            raw.message, raw.message_length = self.text(outcome.reason)
        elif isinstance(outcome, Pending):
            raw.type = BP_OUTCOME_PENDING
            raw.condition = self.new("bp_wait_condition *")
            self.condition(raw.condition, outcome.condition)
            raw.resume_token = identity("resume_token", outcome.resume_token)
        elif isinstance(outcome, Cancelled):
            raw.type = BP_OUTCOME_CANCELLED
            raw.message, raw.message_length = self.text(outcome.reason)
        elif isinstance(outcome, OutcomeBatch):
            raw.type = BP_OUTCOME_BATCH
            raw.item_count = len(outcome.items)
            raw.items = items = self.new("bp_outcome[]", len(outcome.items))
            return [(items + at, item) for at, item in enumerate(outcome.items)]
        else:
            raise TypeError(f"an outcome is wanted, not {type(outcome).__name__}")
        return []

    def error(self, raw: Any, error: OutcomeError) -> None:
        raw.error_kind = error.kind.number
        raw.error_custom = error.kind.code or 0
        raw.message, raw.message_length = self.text(error.message)
        if error.compensation is not None:
            raw.compensation = self.new("bp_compensation *")
            self.compensation(raw.compensation, error.compensation)

    def compensation(self, raw: Any, action: CompensationAction) -> None:
        if isinstance(action, Notify):
            raw.type = BP_COMPENSATION_NOTIFY
            raw.target_id = identity("target_id", action.target_id)
            raw.text, raw.text_length = self.text(action.message)
        elif isinstance(action, CustomAction):
            raw.type = BP_COMPENSATION_CUSTOM
            raw.text, raw.text_length = self.text(action.action_type)
            raw.data, raw.data_length = self.octets(octets(action.data))
        elif isinstance(action, (Rollback, Release)):
            rolls = isinstance(action, Rollback)
            raw.type = BP_COMPENSATION_ROLLBACK if rolls else BP_COMPENSATION_RELEASE
            ids = action.event_ids if isinstance(action, Rollback) else action.resource_ids
            raw.ids, _ = self.octets(b"".join(identity("each id", one) for one in ids))
            raw.id_count = len(ids)
        else:
            raise TypeError(f"a compensation is wanted, not {type(action).__name__}")

    def condition(self, raw: Any, condition: WaitCondition) -> None:
        todo = [(raw, condition)]
        while todo:
            todo += self.one_condition(*todo.pop())

    def one_condition(self, raw: Any, condition: WaitCondition) -> list[tuple[Any, WaitCondition]]:
        """Fills one struct; what is to be filled next."""
        if isinstance(condition, WaitForTime):
            raw.type = BP_WAIT_FOR_TIME
            raw.resume_at_ms = number("resume_at_ms", condition.resume_at_ms, _U64)
        elif isinstance(condition, WaitForEvent):
            raw.type = BP_WAIT_FOR_EVENT
            raw.event_id = identity("event_id", condition.event_id)
        elif isinstance(condition, WaitForCustom):
            raw.type = BP_WAIT_FOR_CUSTOM
            raw.tag = number("tag", condition.tag, 0xFFFF)
            raw.data, raw.data_length = self.octets(octets(condition.data))
        elif isinstance(condition, (WaitForAll, WaitForAny)):
            raw.type = BP_WAIT_FOR_ALL if isinstance(condition, WaitForAll) else BP_WAIT_FOR_ANY
            raw.item_count = len(condition.items)
            raw.items = items = self.new("bp_wait_condition[]", len(condition.items))
            return [(items + at, item) for at, item in enumerate(condition.items)]
        else:
            raise TypeError(f"a condition is wanted, not {type(condition).__name__}")
        return []

    def new(self, *what: Any) -> Any:
        self.kept.append(ffi.new(*what))
        return self.kept[-1]

    def octets(self, data: bytes) -> tuple[Any, int]:
        self.kept.append(ffi.from_buffer("uint8_t[]", data))
        return self.kept[-1], len(data)

    def text(self, text: str) -> tuple[Any, int]:
        try:
            return self.octets(text.encode())
        except UnicodeEncodeError:
            raise made(Status.BP_UTF8, "a text holds a lone surrogate") from None


def read_outcome(raw: Any) -> Outcome[Any]:
    """What a `bp_outcome *` says."""
    found: Outcome[Any] = _nested(raw, lambda raw, items: _OUTCOMES[raw.type](raw, items))
    return found


def _nested(raw: Any, make: Callable[[Any, tuple[Any, ...]], Any]) -> Any:
    """`make(raw, items)` of a struct, after that of each of its items."""
    open_ones: list[tuple[Any, list[Any]]] = [(raw, [])]
    while True:
        raw, items = open_ones[-1]
        if len(items) < raw.item_count:
            open_ones.append((raw.items + len(items), []))
            continue
        open_ones.pop()
        made = make(raw, tuple(items))
        if not open_ones:
            return made
        open_ones[-1][1].append(made)


def _octets(data: Any, length: int) -> bytes:
    return bytes(ffi.buffer(data, length)) if length else b""


def _text(data: Any, length: int) -> str:
    return _octets(data, length).decode("utf-8", "replace")


def _message(raw: Any) -> str:
    return _text(raw.text if raw.message == ffi.NULL else raw.message, raw.message_length)


def _ids(raw: Any) -> tuple[bytes, ...]:
    joined = _octets(raw.ids, 16 * raw.id_count)
    return tuple(joined[at:at + 16] for at in range(0, len(joined), 16))


def _error(raw: Any) -> OutcomeError:
    kind = ErrorKind.custom(raw.error_custom) if raw.error_kind == BP_ERROR_KIND_CUSTOM else ErrorKind(raw.error_kind)
    undoing = None if raw.compensation == ffi.NULL else _COMPENSATIONS[raw.compensation.type](raw.compensation)
    return OutcomeError(kind, _message(raw), undoing)


def _condition(raw: Any) -> WaitCondition:
    found: WaitCondition = _nested(raw, lambda raw, items: _CONDITIONS[raw.type](raw, items))
    return found


_COMPENSATIONS: Final[dict[int, Callable[[Any], CompensationAction]]] = {
    BP_COMPENSATION_ROLLBACK: lambda raw: Rollback(_ids(raw)),
    BP_COMPENSATION_NOTIFY: lambda raw: Notify(bytes(raw.target_id), _text(raw.text, raw.text_length)),
    BP_COMPENSATION_RELEASE: lambda raw: Release(_ids(raw)),
    BP_COMPENSATION_CUSTOM: lambda raw: CustomAction(
        _text(raw.text, raw.text_length), _octets(raw.data, raw.data_length)),
}
_CONDITIONS: Final[dict[int, Callable[[Any, Any], WaitCondition]]] = {
    BP_WAIT_FOR_TIME: lambda raw, items: WaitForTime(raw.resume_at_ms),
    BP_WAIT_FOR_EVENT: lambda raw, items: WaitForEvent(bytes(raw.event_id)),
    BP_WAIT_FOR_ALL: lambda raw, items: WaitForAll(items),
    BP_WAIT_FOR_ANY: lambda raw, items: WaitForAny(items),
    BP_WAIT_FOR_CUSTOM: lambda raw, items: WaitForCustom(raw.tag, _octets(raw.data, raw.data_length)),
}
_OUTCOMES: Final[dict[int, Callable[[Any, Any], Outcome[Any]]]] = {
    BP_OUTCOME_OK: lambda raw, items: Ok(payload_decode(_octets(raw.value, raw.value_length))),
    BP_OUTCOME_ERR: lambda raw, items: Err(_error(raw)),
    BP_OUTCOME_RETRY: lambda raw, items: Retry(raw.after_ms, raw.attempt, raw.max_attempts, _message(raw)),
    BP_OUTCOME_PENDING: lambda raw, items: Pending(_condition(raw.condition), bytes(raw.resume_token)),
    BP_OUTCOME_CANCELLED: lambda raw, items: Cancelled(_message(raw)),
    BP_OUTCOME_BATCH: lambda raw, items: OutcomeBatch(items),
}
