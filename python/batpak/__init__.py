"""batpak: an embedded, append-only event journal.

    import batpak

    @batpak.event(category=0xF, type_id=1)
    @dataclass
    class Moved:
        x: int
        y: int

    with batpak.open("game") as store:
        receipt = store.append("player:alice", "room:dungeon", Moved(10, 20))
        for event in store.events(Moved, entity="player:alice"):
            print(event.sequence, event.payload.x)
"""

from . import _batpak

#: The version of the C interface that this package was written for.
_ABI = 1
if _batpak.lib.bp_abi_version() != _ABI:
    raise ImportError(f"batpak needs version {_ABI} of its C interface and found {_batpak.lib.bp_abi_version()}; "
                      "install the package anew")

from . import faults as faults  # noqa: E402
from ._constants import Status  # noqa: E402
from .batch import Batch  # noqa: E402
from .claim import Claim  # noqa: E402
from .draft import EMPTY, Accepted, Draft  # noqa: E402
from .errors import (  # noqa: E402
    BatchError,
    Busy,
    CallError,
    ClaimError,
    ClockError,
    Closed,
    ConfigurationError,
    CoordinateError,
    DamagedError,
    Denied,
    DiskFull,
    Error,
    ExpectationFailed,
    ExtensionError,
    Fault,
    Forked,
    KeyCancelled,
    KeyFileError,
    KindError,
    KindMismatch,
    Locked,
    NewerVersion,
    NoMemory,
    NoStore,
    NotAStore,
    NotFound,
    PayloadError,
    PermissionDenied,
    PermitUsed,
    Poisoned,
    ReadOnly,
    RefusedError,
    SigningKeyError,
    Stopped,
    StoreError,
    SyncFailed,
    SystemFailure,
    TooLarge,
    TransitionRefused,
    Unsupported,
    ValueRefused,
    WaitTimeout,
)
from .event import Event  # noqa: E402
from .extensions import extensions_decode, extensions_encode  # noqa: E402
from .free import (  # noqa: E402
    abi_version,
    coordinate_check,
    format_version,
    id_new,
    payload_from_json,
    payload_to_json,
    status_advice,
    status_name,
    version,
)
from .frontier import Frontier, Point  # noqa: E402
from .gates import Bypass, Denial, Gate, Gates, Permit  # noqa: E402
from .keys import Key, key_derive, key_file_read, key_file_write, key_generate, key_id  # noqa: E402
from .kind import Kind  # noqa: E402
from .machine import At, Machine, Transition  # noqa: E402
from .outcome import (  # noqa: E402
    Cancelled,
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
    WaitForAll,
    WaitForAny,
    WaitForCustom,
    WaitForEvent,
    WaitForTime,
)
from .outcome_bytes import outcome_decode, outcome_encode  # noqa: E402
from .page import Page  # noqa: E402
from .receipt import Receipt  # noqa: E402
from .report import Finding, Judgement, Report, Stat, receipt_outcome_name  # noqa: E402
from .store import Store, open, open_async  # noqa: E402
from .ticket import Pressure, Ticket  # noqa: E402
from .typed import event  # noqa: E402
from .values import payload_decode, payload_encode  # noqa: E402

__version__ = version()

__all__ = [
    "EMPTY",
    "Accepted",
    "At",
    "Batch",
    "BatchError",
    "Busy",
    "Bypass",
    "CallError",
    "Cancelled",
    "Claim",
    "ClaimError",
    "ClockError",
    "Closed",
    "ConfigurationError",
    "CoordinateError",
    "CustomAction",
    "DamagedError",
    "Denial",
    "Denied",
    "DiskFull",
    "Draft",
    "Err",
    "Error",
    "ErrorKind",
    "Event",
    "ExpectationFailed",
    "ExtensionError",
    "Fault",
    "Finding",
    "Forked",
    "Frontier",
    "Gate",
    "Gates",
    "Judgement",
    "Key",
    "KeyCancelled",
    "KeyFileError",
    "Kind",
    "KindError",
    "KindMismatch",
    "Locked",
    "Machine",
    "NewerVersion",
    "NoMemory",
    "NoStore",
    "NotAStore",
    "NotFound",
    "Notify",
    "Ok",
    "Outcome",
    "OutcomeBatch",
    "OutcomeError",
    "Page",
    "PayloadError",
    "Pending",
    "PermissionDenied",
    "Permit",
    "PermitUsed",
    "Point",
    "Poisoned",
    "Pressure",
    "ReadOnly",
    "Receipt",
    "RefusedError",
    "Release",
    "Report",
    "Retry",
    "Rollback",
    "SigningKeyError",
    "Stat",
    "Status",
    "Stopped",
    "Store",
    "StoreError",
    "SyncFailed",
    "SystemFailure",
    "Ticket",
    "TooLarge",
    "Transition",
    "TransitionRefused",
    "Unsupported",
    "ValueRefused",
    "WaitForAll",
    "WaitForAny",
    "WaitForCustom",
    "WaitForEvent",
    "WaitForTime",
    "WaitTimeout",
    "abi_version",
    "coordinate_check",
    "event",
    "extensions_decode",
    "extensions_encode",
    "format_version",
    "id_new",
    "key_derive",
    "key_file_read",
    "key_file_write",
    "key_generate",
    "key_id",
    "open",
    "open_async",
    "outcome_decode",
    "outcome_encode",
    "payload_decode",
    "payload_encode",
    "payload_from_json",
    "payload_to_json",
    "receipt_outcome_name",
    "status_advice",
    "status_name",
    "version",
]
