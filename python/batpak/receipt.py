"""Receipts: what the store answers to an append. Since 0.1."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from ._batpak import ReceiptBase, ffi, lib
from ._constants import Status
from .errors import Error, made
from .extensions import extensions_decode, extensions_encode

_STRUCT: Final = ffi.typeof("bp_receipt")


#: The members of its JSON form, in their order.
MEMBERS: Final = ("event_id", "sequence", "content_hash", "key_id", "signature", "extensions", "durable", "replayed",
                  "same")


class Receipt(ReceiptBase):
    """What the store answered to an append. It attests this one event, never its neighbours.

    Receipts with the same members in JSON are equal; where the frame lies is not among them. The object owns its bytes
    and outlives the store; any thread may use it.
    """

    __slots__ = ()

    @property
    def extensions(self) -> dict[str, bytes]:
        """The named values that travel with the event."""
        return extensions_decode(self._extensions) if self._extensions else {}

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
        if (members["same"] is None) == members["replayed"]:
            raise _refused("same is given where replayed is true, and there alone")
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
    decoded = {name: _digits(value, f"extension {name!r}") for name, value in found.items()}
    return extensions_encode(decoded) if decoded else b""
