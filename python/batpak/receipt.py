"""Receipts: what the store answers to an append. Since 0.1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ._batpak import ReceiptBase, ffi, lib
from .extensions import extensions_decode
from .members import Members, digits_or_null, line_of

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
        return line_of({
            "event_id": self.event_id.hex(),
            "sequence": self.sequence,
            "content_hash": self.content_hash.hex(),
            "key_id": digits_or_null(self.key_id),
            "signature": digits_or_null(self.signature),
            "extensions": {name: value.hex() for name, value in self.extensions.items()},
            "durable": self.durable,
            "replayed": self.replayed,
            "same": self.same,
        })

    @classmethod
    def from_json(cls, line: str | bytes) -> Receipt:
        """The receipt of a line. Raises PayloadError where the line is not one, with what is wrong in `text`."""
        members = Members("receipt", line, MEMBERS)
        raw = ffi.new("bp_receipt *")
        lib.bp_receipt_init(raw, ffi.sizeof(_STRUCT))
        raw.event_id = members.fixed("event_id", 16)
        raw.sequence = members.number("sequence")
        raw.content_hash = members.fixed("content_hash", 32)
        if not members.is_null("key_id"):
            raw.key_id = members.fixed("key_id", 32)
        if not members.is_null("signature"):
            raw.signature = members.fixed("signature", 64)
            raw.has_signature = 1
        raw.durable = members.flag("durable")
        raw.replayed = members.flag("replayed")
        if members.is_null("same") == bool(raw.replayed):
            raise members.refused("same is given where replayed is true, and there alone")
        raw.same = not members.is_null("same") and members.flag("same")
        return cls._from_raw(bytes(ffi.buffer(raw)), members.extensions())

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
