"""Receipts: what the store answers to an append. Since 0.1."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, Final

from ._batpak import ffi, lib
from ._constants import Status
from .errors import Error, made
from .extensions import extensions_decode, extensions_encode

_STRUCT: Final = ffi.typeof("bp_receipt")
_ZERO_KEY: Final = bytes(32)


def _place(name: str) -> slice:
    """Where a field stands in the bytes of a bp_receipt, as the compiler laid it out."""
    start = ffi.offsetof(_STRUCT, name)
    return slice(start, start + ffi.sizeof(dict(_STRUCT.fields)[name].type))


_SEQUENCE: Final = _place("sequence")
_SEGMENT_ID: Final = _place("segment_id")
_OFFSET: Final = _place("offset")
_FRAME_LENGTH: Final = _place("frame_length")
_EVENT_ID: Final = _place("event_id")
_CONTENT_HASH: Final = _place("content_hash")
_KEY_ID: Final = _place("key_id")
_SIGNATURE: Final = _place("signature")
_HAS_SIGNATURE: Final[int] = ffi.offsetof(_STRUCT, "has_signature")
_DURABLE: Final[int] = ffi.offsetof(_STRUCT, "durable")
_REPLAYED: Final[int] = ffi.offsetof(_STRUCT, "replayed")
_SAME: Final[int] = ffi.offsetof(_STRUCT, "same")

#: The members of its JSON form, in their order.
MEMBERS: Final = ("event_id", "sequence", "content_hash", "key_id", "signature", "extensions", "durable", "replayed",
                  "same")


class Receipt:
    """What the store answered to an append. It attests this one event, never its neighbours.

    Receipts with the same members in JSON are equal; where the frame lies is not among them. The object owns its bytes
    and outlives the store; any thread may use it.
    """

    __slots__ = ("_extensions", "_raw")

    _raw: bytes
    _extensions: bytes

    def __init__(self) -> None:
        raise TypeError("receipts come from Store.append and Receipt.from_json")

    @classmethod
    def _from_raw(cls, raw: bytes, extensions: bytes = b"") -> Receipt:
        """From the bytes of a bp_receipt, whose pointers are not looked at, and the canonical map of its extensions."""
        receipt: Receipt = object.__new__(cls)
        receipt._raw = raw
        receipt._extensions = extensions
        return receipt

    def _number(self, place: slice) -> int:
        return int.from_bytes(self._raw[place], sys.byteorder)

    @property
    def event_id(self) -> bytes:
        """The event that it attests (16 bytes)."""
        return self._raw[_EVENT_ID]

    @property
    def sequence(self) -> int:
        """Place in commit order over the whole store, from 0."""
        return self._number(_SEQUENCE)

    @property
    def content_hash(self) -> bytes:
        """BLAKE3 of the payload (32 bytes)."""
        return self._raw[_CONTENT_HASH]

    @property
    def key_id(self) -> bytes | None:
        """BLAKE3 of the public key that signed (32 bytes), or None."""
        found = self._raw[_KEY_ID]
        return None if found == _ZERO_KEY else found

    @property
    def signature(self) -> bytes | None:
        """Ed25519 (64 bytes), or None."""
        return self._raw[_SIGNATURE] if self._raw[_HAS_SIGNATURE] else None

    @property
    def extensions(self) -> dict[str, bytes]:
        """The named values that travel with the event."""
        return extensions_decode(self._extensions) if self._extensions else {}

    @property
    def durable(self) -> bool:
        """The event was on the disk when this was answered, as far as the system says."""
        return self._raw[_DURABLE] != 0

    @property
    def replayed(self) -> bool:
        """The key was known: nothing was written, and this is the event that it named."""
        return self._raw[_REPLAYED] != 0

    @property
    def same(self) -> bool | None:
        """Replayed with the same content, kind and coordinate; None unless replayed."""
        return self._raw[_SAME] != 0 if self.replayed else None

    @property
    def segment_id(self) -> int:
        """The segment file that holds the frame. With `offset` and `frame_length` 0: not known."""
        return self._number(_SEGMENT_ID)

    @property
    def offset(self) -> int:
        """Where the frame begins, in bytes from the start of the segment."""
        return self._number(_OFFSET)

    @property
    def frame_length(self) -> int:
        """Bytes of the whole frame."""
        return self._number(_FRAME_LENGTH)

    def _fill(self, raw: Any) -> Any:
        """Makes `raw`, a bp_receipt, say the same; the answer must be kept alive as long as it is used."""
        ffi.memmove(raw, self._raw, len(self._raw))
        kept = ffi.from_buffer("uint8_t[]", self._extensions)
        raw.extensions = kept if self._extensions else ffi.NULL
        raw.extensions_capacity = raw.extensions_length = len(self._extensions)
        return kept

    def to_json(self) -> str:
        """One line of JSON without its end: what the command `batpak` writes, and reads with `--receipts`."""
        key_id, signature = self.key_id, self.signature
        members = {
            "event_id": self.event_id.hex(),
            "sequence": self.sequence,
            "content_hash": self.content_hash.hex(),
            "key_id": None if key_id is None else key_id.hex(),
            "signature": None if signature is None else signature.hex(),
            "extensions": {name: value.hex() for name, value in self.extensions.items()},
            "durable": self.durable,
            "replayed": self.replayed,
            "same": self.same,
        }
        return json.dumps(members, ensure_ascii=False, separators=(",", ":")).replace("\x7f", "\\u007f")

    @classmethod
    def from_json(cls, line: str | bytes) -> Receipt:
        """The receipt of a line. Raises PayloadError where the line is not one, with what is wrong in `text`."""
        members = _members(line)
        raw = ffi.new("bp_receipt *")
        lib.bp_receipt_init(raw, ffi.sizeof(_STRUCT))
        raw.event_id = _hex(members, "event_id", 16)
        raw.sequence = _sequence(members)
        raw.content_hash = _hex(members, "content_hash", 32)
        if members["key_id"] is not None:
            raw.key_id = _hex(members, "key_id", 32)
        if members["signature"] is not None:
            raw.signature = _hex(members, "signature", 64)
            raw.has_signature = 1
        raw.durable = _flag(members, "durable")
        raw.replayed = _flag(members, "replayed")
        raw.same = members["same"] is not None and _flag(members, "same")
        return cls._from_raw(bytes(ffi.buffer(raw)), _extensions(members))

    def _key(self) -> tuple[Any, ...]:
        return (self.event_id, self.sequence, self.content_hash, self.key_id, self.signature, self._extensions,
                self.durable, self.replayed, self.same)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Receipt) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.event_id)

    def __repr__(self) -> str:
        words = ["signed" if self.signature else "unsigned", "durable" if self.durable else "written"]
        if self.replayed:
            words.append("replayed" if self.same else "replayed, not the same")
        return f"<batpak.Receipt {self.sequence} {self.event_id.hex()} {', '.join(words)}>"

    def __reduce__(self) -> tuple[Callable[..., Receipt], tuple[bytes, bytes]]:
        return Receipt._from_raw, (self._raw, self._extensions)


def _refused(text: str) -> Error:
    return made(Status.BP_JSON, f"no receipt: {text}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _refused("a name is given twice")
    return members


def _members(line: str | bytes) -> dict[str, Any]:
    """The members of a line, each exactly once."""
    try:
        members = json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError) as problem:
        if isinstance(problem, Error):
            raise
        raise _refused(str(problem)) from problem
    if not isinstance(members, dict):
        raise _refused("no JSON object")
    for name in MEMBERS:
        if name not in members:
            raise _refused(f"{name} is missing")
    for name in members:
        if name not in MEMBERS:
            raise _refused(f"unknown name {name!r}")
    return members


def _digits(value: object, name: str) -> bytes:
    if isinstance(value, str) and value.isalnum():
        try:
            return bytes.fromhex(value)
        except ValueError:
            pass
    elif value == "":
        return b""
    raise _refused(f"{name} is no hexadecimal digits")


def _hex(members: dict[str, Any], name: str, length: int) -> bytes:
    found = _digits(members[name], name)
    if len(found) != length:
        raise _refused(f"{name} is not {2 * length} hexadecimal digits")
    return found


def _sequence(members: dict[str, Any]) -> int:
    found = members["sequence"]
    if type(found) is not int or not 0 <= found <= 0xFFFF_FFFF_FFFF_FFFF:
        raise _refused("sequence is no whole number of 64 bits")
    return found


def _flag(members: dict[str, Any], name: str) -> bool:
    found = members[name]
    if type(found) is not bool:
        raise _refused(f"{name} is no truth value")
    return found


def _extensions(members: dict[str, Any]) -> bytes:
    found = members["extensions"]
    if not isinstance(found, dict):
        raise _refused("extensions is no object")
    return extensions_encode({name: _digits(value, f"extension {name!r}") for name, value in found.items()}) if found else b""
