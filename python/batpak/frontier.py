"""How far a store has come. Since 0.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Union

from ._constants import (
    BP_GATE_APPLIED,
    BP_GATE_DURABLE,
    BP_GATE_NONE,
    BP_GATE_VISIBLE,
    BP_WAIT_FOREVER,
    BP_WATERMARK_APPLIED,
    BP_WATERMARK_DURABLE,
    BP_WATERMARK_VISIBLE,
)
from .receipt import Receipt

Watermark = Literal["durable", "applied", "visible"]

WATERMARKS: Final[dict[str, int]] = {
    "durable": BP_WATERMARK_DURABLE, "applied": BP_WATERMARK_APPLIED, "visible": BP_WATERMARK_VISIBLE}
GATES: Final[dict[str | None, int]] = {
    None: BP_GATE_NONE, "durable": BP_GATE_DURABLE, "applied": BP_GATE_APPLIED, "visible": BP_GATE_VISIBLE}

_NOTHING: Final = 0xFFFF_FFFF_FFFF_FFFF


class Point(NamedTuple):
    """Where an event stands: its time, then its number. Both rise along what this library writes."""

    #: Milliseconds since 1970.
    wall_ms: int
    #: Place in commit order over the whole store.
    sequence: int


#: What can be waited for: a point, the event of a receipt, or a sequence.
Waited = Union[Point, Receipt, int]


def point_of(waited: Waited) -> tuple[int, int]:
    """Time and sequence. A sequence alone waits for its event."""
    if isinstance(waited, Receipt):
        return 0, waited.sequence
    return (0, waited) if isinstance(waited, int) else (waited.wall_ms, waited.sequence)


def timeout_of(timeout_ms: int | None) -> int:
    """Milliseconds as C takes them; None: without end."""
    return BP_WAIT_FOREVER if timeout_ms is None else timeout_ms


@dataclass(frozen=True)
class Frontier:
    """How far the store has come, in six points of one moment: each that of the newest event that has come so far."""

    #: Has its number.
    accepted: Point
    #: Was handed to the system.
    written: Point
    #: Lies under a flush that the system reported complete.
    durable: Point
    #: Readers see it.
    visible: Point
    #: Subscribers were told; there are none yet, so it is `visible`.
    emitted: Point
    #: Projections hold it; there are none yet, so it stays at the event of the open.
    applied: Point
    #: Of the sequences: events that readers see and a power cut could take; negative where durable is ahead.
    visible_minus_durable: int
    #: For how many milliseconds accepted has been ahead of durable; None: it is not.
    oldest_pending_ms: int | None

    @classmethod
    def _from_raw(cls, raw: Any) -> Frontier:
        """All of a `bp_frontier *`."""
        pending = None if raw.oldest_pending_ms == _NOTHING else raw.oldest_pending_ms
        return cls(_point(raw.accepted), _point(raw.written), _point(raw.durable), _point(raw.visible),
                   _point(raw.emitted), _point(raw.applied), raw.visible_minus_durable, pending)


def _point(raw: Any) -> Point:
    return Point(raw.wall_ms, raw.sequence)
