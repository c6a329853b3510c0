"""What verification, opening and counting answer. Since 0.1."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ._batpak import ffi, lib
from ._constants import BP_RECEIPT_SIGNED, BP_RECEIPT_UNSIGNED_ACCEPTED
from .errors import raise_for, text_of

_NOWHERE = 0xFFFF_FFFF_FFFF_FFFF
_NO_ID = bytes(16)


def _number(value: int) -> int | None:
    return None if value == _NOWHERE else value


@dataclass(frozen=True)
class Finding:
    """One thing that was found."""

    #: `note`, `damage`, `contradiction` or `unchecked`.
    severity: str
    #: What was found; stable.
    code: str
    #: Where, together with `offset`; or None.
    segment_id: int | None
    #: Bytes from the start of the segment, or None.
    offset: int | None
    #: The event's place in commit order, or None.
    sequence: int | None
    #: The event (16 bytes), or None.
    event_id: bytes | None
    #: One line for people.
    text: str

    @classmethod
    def _from_raw(cls, raw: Any) -> Finding:
        event_id = bytes(raw.event_id)
        return cls(text_of(lib.bp_severity_name(raw.severity)), text_of(raw.code), _number(raw.segment_id),
                   _number(raw.offset), _number(raw.sequence), None if event_id == _NO_ID else event_id,
                   text_of(raw.text))


@dataclass(frozen=True)
class Report:
    """What was found, and the verdict. It iterates over its findings, notes among them."""

    #: `DAMAGED`, `CONTRADICTED`, `INCOMPLETE`, `ATTESTED` or `CONSISTENT`: the first that applies.
    verdict: str
    #: Events but the store's own.
    events: int
    #: Of these, how many have a receipt that holds.
    attested: int
    #: How many findings but notes.
    findings: int
    #: How many notes.
    notes: int
    #: The first sequence whose number rests on counting alone, or None.
    first_unproven: int | None
    #: All findings, in the order in which they were found.
    items: tuple[Finding, ...] = ()

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __bool__(self) -> bool:
        return True

    @classmethod
    def _from_raw(cls, report: Any) -> Report:
        """All of a `bp_report *`, which the caller frees."""
        verdict, count = ffi.new("bp_verdict *"), ffi.new("size_t *")
        verdict.struct_size = ffi.sizeof("bp_verdict")
        status = lib.bp_report_verdict(report, verdict)
        if status:
            raise_for(status)
        raw = lib.bp_report_findings(report, count)
        items = tuple(Finding._from_raw(raw[at]) for at in range(count[0]))
        return cls(text_of(lib.bp_verdict_name(verdict.verdict)), verdict.events, verdict.attested, verdict.findings,
                   verdict.notes, _number(verdict.first_unproven), items)


@dataclass(frozen=True)
class Stat:
    """How much the store holds."""

    #: Visible events, the store's own among them.
    events: int
    #: Different entities.
    entities: int
    #: Different scopes.
    scopes: int
    #: Segment files.
    segments: int
    #: Bytes of the segment files.
    bytes: int
    #: Sequence of the first visible event, or None.
    first_sequence: int | None
    #: Sequence of the last visible event, or None.
    last_sequence: int | None
    #: The store was closed in good order before this open.
    clean_close: bool
    #: Writes are refused since an earlier one failed for good.
    poisoned: bool
    #: Every event below this sequence is on the disk as far as the system says.
    durable_sequence: int
    #: Memory of the index, in bytes.
    index_bytes: int
    #: Writes of segment data since open.
    writes: int
    #: Flushes of segment data since open.
    syncs: int

    @classmethod
    def _from_raw(cls, raw: Any) -> Stat:
        """All of a `bp_stat *`."""
        return cls(raw.events, raw.entities, raw.scopes, raw.segments, raw.bytes, _number(raw.first_sequence),
                   _number(raw.last_sequence), bool(raw.clean_close), bool(raw.poisoned), raw.durable_sequence,
                   raw.index_bytes, raw.writes, raw.syncs)


@dataclass(frozen=True)
class Judgement:
    """What became of a receipt that was held against the store."""

    #: The word for it, for example `signed` or `content_hash_mismatch`.
    outcome: str
    #: The event is there, and everything that the receipt says agrees.
    valid: bool

    @classmethod
    def _from_raw(cls, outcome: int) -> Judgement:
        return cls(receipt_outcome_name(outcome), outcome in (BP_RECEIPT_SIGNED, BP_RECEIPT_UNSIGNED_ACCEPTED))

    def __bool__(self) -> bool:
        return self.valid


def receipt_outcome_name(outcome: int) -> str:
    """The word for the number of an outcome (BP_RECEIPT_*)."""
    return text_of(lib.bp_receipt_outcome_name(outcome))
