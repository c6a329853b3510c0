"""Drafts: what is to be appended. Since 0.1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import index
from typing import Any, Final, Literal, SupportsIndex, TypedDict, Union, overload

from ._batpak import ReceiptIterator, ffi, lib
from ._constants import (
    BP_DURABILITY_DEFAULT,
    BP_DURABLE,
    BP_EXPECT_ANY,
    BP_EXPECT_CLOCK,
    BP_EXPECT_EMPTY,
    BP_EXPECT_EVENT,
    BP_GIVEN_CAUSATION,
    BP_GIVEN_CAUSE_ITEM,
    BP_GIVEN_CORRELATION,
    BP_GIVEN_KEY,
    BP_WRITTEN,
    Status,
)
from .errors import made
from .extensions import pairs_of
from .frontier import GATES, Watermark, timeout_of
from .receipt import Receipt
from .typed import binding_of
from .values import Buffer, octets, payload_encode


class Empty:
    """The type of `EMPTY`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "batpak.EMPTY"

    def __reduce__(self) -> str:
        return "EMPTY"  # a copy is this one


class Missing:
    """The type of what was not given, where None is a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "..."


#: For `expect`: the entity has no event.
EMPTY: Final = Empty()
MISSING: Final = Missing()

#: What must hold of the entity's last event, or nothing is written: None: anything; EMPTY: there is none; a number: its
#: clock; bytes: its id.
Expectation = Union[Empty, int, bytes, None]
Durability = Literal["durable", "written"]

DURABILITIES: Final[dict[str | None, int]] = {None: BP_DURABILITY_DEFAULT, "durable": BP_DURABLE, "written": BP_WRITTEN}

#: Its place in what `rest` answers.
_GATE: Final = 13
_NO_EXPECTATION: Final = (BP_EXPECT_ANY, 0, None)

#: What the raw module takes for a draft: entity, scope, kind, payload, and None or the rest of it.
Packed = tuple[str, str, int, bytes, Union[tuple[Any, ...], None]]


def number(name: str, value: SupportsIndex, maximum: int) -> int:
    """A number that C can hold. Raises CallError."""
    found = index(value)
    if not 0 <= found <= maximum:
        raise made(Status.BP_ARGUMENT, f"{name} is {found}: 0 to {maximum}")
    return found


def choice(name: str, value: str | None, numbers: Mapping[Any, int]) -> int:
    """The number of a word. Raises CallError."""
    found = numbers.get(value)
    if found is None:
        words = ", ".join(repr(word) for word in numbers)
        raise made(Status.BP_ARGUMENT, f"{name} is {value!r}: one of {words}")
    return found


def content(event: object, kind: int | None, value: object, payload: Buffer | None) -> tuple[int, bytes]:
    """The kind and the payload of a draft: of a typed event, of a value, or as they are."""
    if event is not None:
        if kind is not None or value is not MISSING or payload is not None:
            raise made(Status.BP_ARGUMENT, "an event brings its own kind and payload")
        binding = binding_of(event)
        return binding.kind, binding.encode(event)
    if kind is None:
        raise made(Status.BP_ARGUMENT, "a kind is needed, or an event of a decorated class")
    if (value is MISSING) == (payload is None):
        raise made(Status.BP_ARGUMENT, "either a value or a payload is needed")
    return kind, payload_encode(value) if payload is None else octets(payload)


def _expectation(expect: Expectation) -> tuple[int, int, bytes | None]:
    if expect is None:
        return _NO_EXPECTATION
    if expect is EMPTY:
        return BP_EXPECT_EMPTY, 0, None
    if isinstance(expect, bytes):
        return BP_EXPECT_EVENT, 0, expect
    if isinstance(expect, int) and not isinstance(expect, bool):
        return BP_EXPECT_CLOCK, number("expect", expect, 0xFFFF_FFFF), None
    raise made(Status.BP_ARGUMENT, "expect is None, EMPTY, a clock or the bytes of an event's id")


def rest(key: bytes | None, expect: Expectation, correlation_id: bytes | None, causation_id: bytes | None, lane: int,
         depth: int, flags: int, extensions: Mapping[str, Buffer] | None, durability: Durability | None,
         allow_reserved: bool, cause_item: int | None = None, gate: Watermark | None = None,
         gate_timeout_ms: int | None = None) -> tuple[Any, ...]:
    """All that few drafts need, as the raw module takes it."""
    found, clock, event_id = _expectation(expect)
    return (number("flags", flags, 0xFF), choice("durability", durability, DURABILITIES), key, correlation_id,
            causation_id, found, clock, event_id, number("lane", lane, 0xFFFF_FFFF),
            number("depth", depth, 0xFFFF_FFFF), 1 if allow_reserved else 0,
            None if cause_item is None else number("cause_item", cause_item, 0xFFFF_FFFF),
            pairs_of(extensions) if extensions else None, choice("gate", gate, GATES),
            number("gate_timeout_ms", timeout_of(gate_timeout_ms), 0xFFFF_FFFF))


#: The rest of a draft that carries nothing more than its content.
NOTHING_MORE: Final = rest(None, None, None, None, 0, 0, 0, None, None, False)


def gate_of(packed: Packed) -> int:
    """The gate of a packed draft, 0 where it has none."""
    carried = packed[4]
    return 0 if carried is None else carried[_GATE]


class DraftOptions(TypedDict, total=False):
    """The arguments of `Draft` that have names."""

    kind: int | None
    value: object
    payload: Buffer | None
    key: bytes | None
    expect: Expectation
    correlation_id: bytes | None
    causation_id: bytes | None
    lane: int
    depth: int
    flags: int
    extensions: Mapping[str, Buffer] | None
    durability: Durability | None
    allow_reserved: bool
    cause_item: int | None
    gate: Watermark | None
    gate_timeout_ms: int | None


class RawDraft:
    """A bp_draft, what its pointers point to, and a receipt with room for its extensions."""

    __slots__ = ("_kept", "raw")

    def __init__(self, packed: Packed) -> None:
        entity, scope, kind, payload, carried = packed
        raw = self.raw = ffi.new("bp_draft *")
        lib.bp_draft_init(raw, ffi.sizeof("bp_draft"))
        self._kept: list[Any] = []
        raw.entity, raw.entity_length = self._text(entity)
        raw.scope, raw.scope_length = self._text(scope)
        raw.kind = _kind(kind)
        raw.payload, raw.payload_length = self._octets(payload)
        if carried is not None:
            self._carry(carried)

    def _octets(self, data: bytes) -> tuple[Any, int]:
        self._kept.append(ffi.from_buffer("uint8_t[]", data))
        return self._kept[-1], len(data)

    def _text(self, text: str) -> tuple[Any, int]:
        try:
            return self._octets(text.encode())
        except UnicodeEncodeError:
            raise made(Status.BP_COORDINATE_UTF8, "a coordinate holds a lone surrogate") from None

    def _carry(self, carried: tuple[Any, ...]) -> None:
        raw = self.raw
        (raw.flags, raw.durability, key, correlation, causation, raw.expect, raw.expect_clock, expected, raw.lane, raw.depth,
         raw.allow_reserved, cause, extensions, raw.gate, raw.gate_timeout_ms) = carried
        for name, given, bit in (("key", key, BP_GIVEN_KEY), ("correlation_id", correlation, BP_GIVEN_CORRELATION),
                                 ("causation_id", causation, BP_GIVEN_CAUSATION), ("expect_event_id", expected, 0)):
            if given is not None:
                setattr(raw, name, identity(name, given))
                raw.given |= bit
        if cause is not None:
            raw.given |= BP_GIVEN_CAUSE_ITEM
            raw.cause_item = cause
        if extensions:
            array = ffi.new("bp_extension[]", len(extensions))
            self._kept.append(array)
            raw.extensions, raw.extension_count = array, len(extensions)
            for place, (name, value) in zip(array, extensions):
                place.name, place.name_length = self._octets(name)
                place.value, place.value_length = self._octets(value)

    def receipt(self) -> Any:
        """A bp_receipt to be filled, with room for the canonical map of the extensions."""
        raw = ffi.new("bp_receipt *")
        lib.bp_receipt_init(raw, ffi.sizeof("bp_receipt"))
        given = self.raw.extensions[0:self.raw.extension_count] if self.raw.extension_count else ()
        room = sum(10 + one.name_length + 2 * one.value_length for one in given)
        if room:
            buffer = ffi.new("uint8_t[]", 5 + room)
            self._kept.append(buffer)
            raw.extensions, raw.extensions_capacity = buffer, len(buffer)
        return raw


def _kind(kind: int) -> int:
    if not 0 <= index(kind) <= 0xFFFF:
        raise made(Status.BP_KIND_RANGE, "a kind has 16 bits")
    return kind


def identity(name: str, data: bytes) -> bytes:
    """16 bytes. Raises CallError."""
    if len(octets(data)) != 16:
        raise made(Status.BP_ARGUMENT, f"{name} has 16 bytes, not {len(data)}")
    return data


class Draft:
    """What is to be appended: the arguments of `Store.append`, which says what they mean.

    gate, gate_timeout_ms: of many drafts the last one's counts for all, and no other may have one.
    cause_item: in a batch the index of an earlier item, whose event caused this one.

    The payload is encoded here and now, so later changes of what was given have no effect. Drafts belong to no store and
    may be appended any number of times, from any thread.
    """

    __slots__ = ("_packed",)

    _packed: Packed

    def __init__(self, entity: str, scope: str, event: object = None, *, kind: int | None = None,
                 value: object = MISSING, payload: Buffer | None = None, key: bytes | None = None,
                 expect: Expectation = None, correlation_id: bytes | None = None, causation_id: bytes | None = None,
                 lane: int = 0, depth: int = 0, flags: int = 0, extensions: Mapping[str, Buffer] | None = None,
                 durability: Durability | None = None, allow_reserved: bool = False,
                 cause_item: int | None = None, gate: Watermark | None = None,
                 gate_timeout_ms: int | None = None) -> None:
        if event is not None or kind is None or value is not MISSING or type(payload) is not bytes:
            kind, payload = content(event, kind, value, payload)
        if lane or depth or flags or extensions or allow_reserved or not (
                key is None and expect is None and correlation_id is None and causation_id is None
                and durability is None and cause_item is None and gate is None):
            self._packed = entity, scope, kind, payload, rest(
                key, expect, correlation_id, causation_id, lane, depth, flags, extensions, durability, allow_reserved,
                cause_item, gate, gate_timeout_ms)
        else:
            self._packed = entity, scope, kind, payload, None

    @classmethod
    def _from_packed(cls, packed: Packed) -> Draft:
        draft: Draft = object.__new__(cls)
        draft._packed = packed
        return draft

    def __repr__(self) -> str:
        entity, scope, kind, payload, _ = self._packed
        return f"<batpak.Draft {entity!r} in {scope!r}, kind 0x{kind:04X}, payload of {len(payload)} bytes>"


def packed_of(draft: Draft) -> Packed:
    """What a draft carries."""
    if not isinstance(draft, Draft):
        raise TypeError(f"a Draft is wanted, not {type(draft).__name__}")
    return draft._packed


def packed_all(drafts: Iterable[Draft]) -> list[Packed]:
    """What many drafts carry."""
    given = list(drafts)
    try:
        return [draft._packed for draft in given]
    except AttributeError:
        raise TypeError("drafts alone are appended together") from None


def parts_of(packed: list[Packed], size: int) -> Iterator[tuple[int, int]]:
    """Where the parts begin and end that cross into C together. A gate closes no part but the last: C refuses it then."""
    start = 0
    while start < len(packed):
        end = min(start + size, len(packed))
        while end < len(packed) and gate_of(packed[end - 1]):
            end += 1
        yield start, end
        start = end


class Accepted(Sequence[Receipt]):
    """The receipts of drafts that were appended together, in their order; each is made when it is asked for."""

    __slots__ = ("_blobs", "_count", "_extensions", "_stride")

    _blobs: list[bytes]
    _stride: int
    _count: int
    _extensions: dict[int, bytes]

    def __init__(self) -> None:
        raise TypeError("receipts come from a store")

    @classmethod
    def _from_raw(cls, blobs: list[bytes], stride: int, extensions: dict[int, bytes]) -> Accepted:
        """From arrays of bp_receipt in bytes, of `stride` receipts each but for the last, and the canonical maps of
        extensions of those that have some."""
        accepted: Accepted = object.__new__(cls)
        accepted._blobs = blobs
        accepted._stride = stride
        accepted._count = sum(len(blob) for blob in blobs) // RECEIPT_SIZE
        accepted._extensions = extensions
        return accepted

    def __len__(self) -> int:
        return self._count

    def _at(self, index: int) -> Receipt:
        blob, at = divmod(index, self._stride)
        start = at * RECEIPT_SIZE
        return Receipt._from_raw(self._blobs[blob][start:start + RECEIPT_SIZE], self._extensions.get(index, b""))

    @overload
    def __getitem__(self, index: int) -> Receipt: ...
    @overload
    def __getitem__(self, index: slice) -> list[Receipt]: ...
    def __getitem__(self, index: int | slice) -> Receipt | list[Receipt]:
        found = range(self._count)[index]
        return self._at(found) if isinstance(found, int) else [self._at(at) for at in found]

    def __iter__(self) -> Iterator[Receipt]:
        return chain.from_iterable(ReceiptIterator(Receipt, blob, self._extensions, at * self._stride)
                                   for at, blob in enumerate(self._blobs))

    def __repr__(self) -> str:
        return f"<batpak.Accepted: {self._count} receipts>"


RECEIPT_SIZE: Final[int] = ffi.sizeof("bp_receipt")
