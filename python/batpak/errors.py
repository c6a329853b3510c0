"""What goes wrong, as exceptions.

Every status of the library has its class. All are `Error`; the groups are `CallError` (how the call was made),
`RefusedError` (what was to be written; a `ValueError`), `StoreError` (the store as a whole), `DamagedError` (damaged
bytes) and `SystemFailure` (the system; an `OSError`). Since 0.1.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn, Union

from ._batpak import ffi, lib
from ._constants import Status

if TYPE_CHECKING:
    from .gates import Denial
    from .receipt import Receipt

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


class Error(Exception):
    """Something that the store, or what it was given, did not allow.

    `str(error)` is one line: the path as the caller gave it, what went wrong, what to do next, the name of the status.
    """

    #: Which status; `code.name` is for example "BP_LOCKED". Numbers and names are never reused.
    code: Status
    #: One line for people, without a path. Programs look at `code`.
    text: str
    #: The path as the caller gave it, or None where no store was concerned.
    path: Path | None
    #: errno where the system failed, otherwise 0.
    os_error: int
    #: The segment, together with `offset`; 0 where that says nothing.
    segment_id: int
    #: Bytes from the start of the segment, or of the input.
    offset: int
    #: What was expected, where two numbers disagree.
    expected: int
    #: What was found instead; for `Busy` the number of calls under way.
    actual: int
    #: The event concerned (16 bytes), or None.
    event_id: bytes | None
    #: Of `append_many`: the receipts of the events before the failure, which are in the store; of a batch whose gate was
    #: not passed all of them.
    accepted: Sequence[Receipt] = ()
    #: Of `append` with a gate that was not passed: the receipt of the event, which is in the store. None: it is not.
    receipt: Receipt | None = None

    def __init__(self, code: Status, text: str, *, path: Path | None = None, os_error: int = 0, segment_id: int = 0,
                 offset: int = 0, expected: int = 0, actual: int = 0, event_id: bytes | None = None) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
        self.path = path
        self.os_error = os_error
        self.segment_id = segment_id
        self.offset = offset
        self.expected = expected
        self.actual = actual
        self.event_id = event_id

    @property
    def name(self) -> str:
        """The status's name, for example "BP_LOCKED"."""
        return self.code.name

    @property
    def advice(self) -> str:
        """One sentence: what to do next."""
        return text_of(lib.bp_status_advice(self.code))

    def _where(self) -> str:
        """Where in the store, or in the input, as the command says it."""
        if 200 <= self.code < 400 and (self.segment_id or self.offset):
            return f", in segment {self.segment_id} at offset {self.offset}"
        return f", at byte {self.offset + 1}" if self.code == Status.BP_JSON and self.offset else ""

    def __str__(self) -> str:
        subject = "" if self.path is None else f"{os.fsdecode(self.path)}: "
        return f"{subject}{self.text}{self._where()}; {self.advice} [{self.name}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), {**self.__dict__})


def _rebuild(made: type[Error], members: dict[str, Any]) -> Error:
    """An error that came from another process."""
    error = made(members["code"], members["text"])
    error.__dict__.update(members)
    if isinstance(error, SystemFailure):
        error.errno = error.os_error or None
    return error


class CallError(Error):
    """How the call was made, or what became of it."""


class ConfigurationError(CallError, ValueError):
    """An option is outside its range; the text names it."""


class NoMemory(CallError, MemoryError):
    """Memory ran out; nothing was changed."""


class Busy(CallError):
    """The store cannot be closed: `actual` calls of other threads are under way. It stays open."""


class Closed(CallError):
    """The store was closed."""


class Forked(CallError):
    """The store was opened by another process, of which this one is a child."""


class ReadOnly(CallError):
    """A write through a store that was opened read-only."""


class NotFound(CallError, LookupError):
    """No visible event has this id."""


class Stopped(CallError):
    """A callback asked to stop."""


class WaitTimeout(CallError):
    """A wait ended by its time: `expected` is the sequence waited for, `actual` where the watermark stands."""


class RefusedError(Error, ValueError):
    """What was to be written is not acceptable; nothing was written."""


class CoordinateError(RefusedError):
    """The entity or the scope breaks a rule."""


class KindError(RefusedError):
    """The kind is out of range, or reserved."""


class ExtensionError(RefusedError):
    """The name of an extension breaks a rule."""


class TooLarge(RefusedError):
    """Payload and extensions are larger than `single_append_max_bytes`: `actual` against `expected`."""


class ClockError(RefusedError):
    """The clock answered an impossible time, or the entity is full."""


class ExpectationFailed(RefusedError):
    """What was expected of the entity's last event does not hold: `expected`, `actual`, `event_id` say what does."""


class KeyCancelled(RefusedError):
    """The key is held by an event that was cancelled and stays hidden."""


class Denied(RefusedError):
    """A gate refused; the text is its name in brackets and its message, cut to fit."""

    #: The denial of that gate, in full.
    denials: Sequence[Denial] = ()


class PermitUsed(RefusedError):
    """The permit was committed already, or another thread is committing it."""


class TransitionRefused(RefusedError):
    """The machine has no such step: `expected` is the state from, `actual` the state to."""


class BatchError(RefusedError):
    """A batch that cannot be appended as one; `offset` is the index of the draft."""


class PayloadError(RefusedError):
    """Bytes that are not one MessagePack value or no JSON, or a value that these cannot say."""


class ValueRefused(PayloadError):
    """A value that has no canonical form; the text names its place, as in `$.a[3]`. It is never bent into one."""


class KindMismatch(ValueRefused):
    """An event of another kind than the class that was asked for: `actual` against `expected`."""


class SigningKeyError(RefusedError):
    """A seed or a public key that cannot be one."""


class KeyFileError(SigningKeyError):
    """A key file that others than its owner may use, that is a link or no regular file, or that holds no key."""


class ClaimError(RefusedError):
    """Bytes that are no claim, at `offset`; or a receipt that does not hold and becomes none: `outcome` says why."""

    @property
    def outcome(self) -> str | None:
        """The word for what became of the receipt, for example `sequence_mismatch`; None for bytes."""
        return text_of(lib.bp_receipt_outcome_name(self.actual)) if self.actual else None


class StoreError(Error):
    """The store as a whole cannot be used so."""


class NoStore(StoreError):
    """There is no store at the path."""


class NotAStore(StoreError):
    """The directory holds something else."""


class NewerVersion(StoreError):
    """The store, or the claim, was written by a later version."""


class Locked(StoreError):
    """Another handle, here or in another process, holds the store."""


class Poisoned(StoreError):
    """An earlier write or flush failed for good: reads go on, writes need the store opened anew."""


class DamagedError(Error):
    """Damaged bytes: `segment_id` and `offset` say where."""


class SystemFailure(Error, OSError):
    """A system call failed: `os_error`, and `errno` as of any OSError."""

    def __init__(self, code: Status, text: str, *, path: Path | None = None, os_error: int = 0, segment_id: int = 0,
                 offset: int = 0, expected: int = 0, actual: int = 0, event_id: bytes | None = None) -> None:
        super().__init__(code, text, path=path, os_error=os_error, segment_id=segment_id, offset=offset,
                         expected=expected, actual=actual, event_id=event_id)
        self.errno = os_error or None
        self.strerror = text
        self.filename = path


class DiskFull(SystemFailure):
    """The disk is full; nothing of the failed write remains."""


class SyncFailed(SystemFailure):
    """The system could not promise the disk. The event may or may not survive; the store takes no more writes."""


class PermissionDenied(SystemFailure, PermissionError):
    """This user may not."""


class Unsupported(SystemFailure):
    """The system, its file system or this build of the library lacks something that is needed."""


class Fault(SystemFailure):
    """A fault point of a test build said so: `expected` is the point, `actual` the answer that it got."""


#: The class of each status but BP_OK.
CLASSES: Final[dict[Status, type[Error]]] = {
    Status.BP_ARGUMENT: CallError,
    Status.BP_STRUCT_SIZE: CallError,
    Status.BP_CONFIGURATION: ConfigurationError,
    Status.BP_NO_MEMORY: NoMemory,
    Status.BP_TOO_SMALL: CallError,
    Status.BP_BUSY: Busy,
    Status.BP_CLOSED: Closed,
    Status.BP_FORKED: Forked,
    Status.BP_READ_ONLY: ReadOnly,
    Status.BP_NOT_FOUND: NotFound,
    Status.BP_STOPPED: Stopped,
    Status.BP_WAIT_TIMEOUT: WaitTimeout,
    Status.BP_ENTITY_EMPTY: CoordinateError,
    Status.BP_SCOPE_EMPTY: CoordinateError,
    Status.BP_ENTITY_TOO_LONG: CoordinateError,
    Status.BP_SCOPE_TOO_LONG: CoordinateError,
    Status.BP_COORDINATE_NUL: CoordinateError,
    Status.BP_COORDINATE_CONTROL: CoordinateError,
    Status.BP_COORDINATE_TRAVERSAL: CoordinateError,
    Status.BP_COORDINATE_SEPARATOR: CoordinateError,
    Status.BP_COORDINATE_UTF8: CoordinateError,
    Status.BP_KIND_RANGE: KindError,
    Status.BP_KIND_RESERVED: KindError,
    Status.BP_KIND_MARKER: KindError,
    Status.BP_EXTENSION_EMPTY: ExtensionError,
    Status.BP_EXTENSION_NON_ASCII: ExtensionError,
    Status.BP_EXTENSION_TOO_LONG: ExtensionError,
    Status.BP_EXTENSION_NAMESPACE: ExtensionError,
    Status.BP_EXTENSION_RESERVED: ExtensionError,
    Status.BP_PAYLOAD_TOO_LARGE: TooLarge,
    Status.BP_CLOCK_INVALID: ClockError,
    Status.BP_CLOCK_OVERFLOW: ClockError,
    Status.BP_EXPECTED_CLOCK: ExpectationFailed,
    Status.BP_EXPECTED_EMPTY: ExpectationFailed,
    Status.BP_EXPECTED_EVENT: ExpectationFailed,
    Status.BP_KEY_CANCELLED: KeyCancelled,
    Status.BP_MESSAGEPACK: PayloadError,
    Status.BP_DEPTH: PayloadError,
    Status.BP_UTF8: PayloadError,
    Status.BP_JSON: PayloadError,
    Status.BP_NOT_JSON: PayloadError,
    Status.BP_VALUE: ValueRefused,
    Status.BP_CLAIM: ClaimError,
    Status.BP_SEED_ZERO: SigningKeyError,
    Status.BP_KEY_INVALID: SigningKeyError,
    Status.BP_KEY_FILE: KeyFileError,
    Status.BP_BATCH_COUNT: BatchError,
    Status.BP_BATCH_BYTES: BatchError,
    Status.BP_BATCH_EXPECTATION: BatchError,
    Status.BP_BATCH_KEYS: BatchError,
    Status.BP_BATCH_DUPLICATE_KEY: BatchError,
    Status.BP_BATCH_CAUSE: BatchError,
    Status.BP_DENIED: Denied,
    Status.BP_PERMIT_USED: PermitUsed,
    Status.BP_TRANSITION: TransitionRefused,
    Status.BP_NO_STORE: NoStore,
    Status.BP_NOT_A_STORE: NotAStore,
    Status.BP_NEWER_VERSION: NewerVersion,
    Status.BP_LOCKED: Locked,
    Status.BP_COMPACTION_PENDING: StoreError,
    Status.BP_HIDDEN_RANGES: StoreError,
    Status.BP_POISONED: Poisoned,
    Status.BP_DAMAGED_FRAME: DamagedError,
    Status.BP_SYSTEM: SystemFailure,
    Status.BP_DISK_FULL: DiskFull,
    Status.BP_SYNC_FAILED: SyncFailed,
    Status.BP_PERMISSION: PermissionDenied,
    Status.BP_UNSUPPORTED: Unsupported,
    Status.BP_FAULT: Fault,
}

_NO_ID: Final = bytes(16)


def text_of(characters: Any) -> str:
    """Terminated text of the library."""
    return bytes(ffi.string(characters)).decode("utf-8", "replace")


def error_of(status: int, error: Any, path: Path | None = None) -> Error:
    """The exception for `status`, in full from a bp_error that a call filled; `error` None: the advice alone."""
    code = Status(status)
    if error is None:
        return made(code, f"the library answered {code.name}", path)
    event_id = bytes(ffi.buffer(error.event_id))
    return CLASSES[code](
        code, text_of(error.text), path=path, os_error=error.os_error, segment_id=error.segment_id,
        offset=error.offset, expected=error.expected, actual=error.actual,
        event_id=None if event_id == _NO_ID else event_id)


def made(code: Status, text: str, path: Path | None = None) -> Error:
    """An exception for something that the library was never asked, such as a call on a closed store."""
    return CLASSES[code](code, text, path=path)


def raise_for(status: int, error: Any = None, path: Path | None = None) -> NoReturn:
    """Raises the exception for `status`, which is not BP_OK, from the bp_error that the call filled.

    `path` is that of the store as the caller gave it.
    """
    raise error_of(status, error, path)
