"""Claims: receipts that can be checked with no store. Since 0.2."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from ._batpak import ffi, lib
from ._constants import BP_RECEIPT_SIGNED, Status
from .errors import raise_for
from .extensions import extensions_decode
from .kind import Kind
from .members import Members, digits_or_null, line_of
from .opening import keys
from .receipt import Receipt
from .report import Judgement, receipt_outcome_name
from .values import Buffer, octets

_FORMAT: Final = "batpak.claim"
_NO_KEY: Final = bytes(32)

#: The members of its JSON form, in their order.
MEMBERS: Final = ("format", "version", "event_id", "sequence", "entity", "scope", "kind", "prev_hash", "content_hash",
                  "extensions", "key_id", "signature")


class Claim:
    """A receipt with all that its signature covers: whoever has it and the public key can check it with no store.

    It comes from `Store.claim`, from its bytes, or from a line of JSON. `bytes(claim)` are the bytes; of one receipt they
    are always the same. That it could be read says nothing about whether it is true: `check` does.
    """

    __slots__ = ("_bytes", "_extensions", "content_hash", "entity", "event_id", "key_id", "kind", "prev_hash", "scope",
                 "sequence", "signature", "version")

    #: Of the claim's format: 1.
    version: int
    #: The event that it is about (16 bytes).
    event_id: bytes
    #: Place in commit order over the whole store, from 0.
    sequence: int
    #: Whose event it is.
    entity: str
    #: In what connection.
    scope: str
    #: The event's kind.
    kind: Kind
    #: event_hash of the entity's previous event, zeros for the first (32 bytes).
    prev_hash: bytes
    #: BLAKE3 of the payload (32 bytes).
    content_hash: bytes
    #: BLAKE3 of the public key that signed (32 bytes), or None.
    key_id: bytes | None
    #: Ed25519 (64 bytes), or None.
    signature: bytes | None

    def __init__(self, data: Buffer) -> None:
        """The claim of these bytes. Raises ClaimError, NewerVersion."""
        self._bytes = octets(data)
        # Views go into what is kept alive here until they are copied.
        source = ffi.from_buffer("uint8_t[]", self._bytes)
        raw, error = ffi.new("bp_claim *"), ffi.new("bp_error *")
        raw.struct_size = ffi.sizeof("bp_claim")
        status = lib.bp_claim_read(source, len(source), raw, ffi.NULL, error)
        if status:
            raise_for(status, error)
        self.version = raw.version
        self.event_id = bytes(raw.event_id)
        self.sequence = raw.sequence
        self.entity = bytes(ffi.buffer(raw.entity, raw.entity_length)).decode()
        self.scope = bytes(ffi.buffer(raw.scope, raw.scope_length)).decode()
        self.kind = Kind(raw.kind)
        self.prev_hash = bytes(raw.prev_hash)
        self.content_hash = bytes(raw.content_hash)
        key_id = bytes(raw.key_id)
        self.key_id = None if key_id == _NO_KEY else key_id
        self.signature = bytes(raw.signature) if raw.has_signature else None
        self._extensions = bytes(ffi.buffer(raw.extensions, raw.extensions_length)) if raw.extensions_length else b""

    @property
    def extensions(self) -> dict[str, bytes]:
        """The named values that travel with the event."""
        return extensions_decode(self._extensions) if self._extensions else {}

    @property
    def receipt(self) -> Receipt:
        """The receipt that it was made of, for `Store.verify_receipt`; where the frame lies is not known."""
        raw, claim, error = ffi.new("bp_receipt *"), ffi.new("bp_claim *"), ffi.new("bp_error *")
        lib.bp_receipt_init(raw, ffi.sizeof("bp_receipt"))
        claim.struct_size = ffi.sizeof("bp_claim")
        status = lib.bp_claim_read(self._bytes, len(self._bytes), claim, raw, error)
        if status:
            raise_for(status, error)
        return Receipt._from_raw(bytes(ffi.buffer(raw)), self._extensions)

    def check(self, *, trust: Iterable[bytes] = (), payload: Buffer | None = None) -> Judgement:
        """Checks the signature with no store.

        trust: public keys of 32 bytes; payload: the event's payload, which must have the hash that the claim names.
        Only `signed` is valid: the holder of that key signed exactly this. A claim that nobody signed is `unvouched`, or,
        where keys are given, `unsigned_receipt_rejected`. Raises SigningKeyError.
        """
        raw, outcome, error = ffi.new("bp_trust *"), ffi.new("int32_t *"), ffi.new("bp_error *")
        lib.bp_trust_init(raw, ffi.sizeof("bp_trust"))
        joined, count = keys("public keys", trust)
        raw.public_keys, raw.public_key_count = joined, count
        # A payload of no bytes is one, too, and needs an address.
        given = b"" if payload is None else octets(payload)
        beside = ffi.NULL if payload is None else ffi.new("uint8_t[]", given or b"\0")
        status = lib.bp_claim_check(self._bytes, len(self._bytes), raw, beside, len(given), outcome, error)
        if status:
            raise_for(status, error)
        return Judgement(receipt_outcome_name(outcome[0]), outcome[0] == BP_RECEIPT_SIGNED)

    def to_json(self) -> str:
        """One line of JSON without its end: what `batpak claim export` writes, and `batpak claim check` reads."""
        return line_of({
            "format": _FORMAT,
            "version": self.version,
            "event_id": self.event_id.hex(),
            "sequence": self.sequence,
            "entity": self.entity,
            "scope": self.scope,
            "kind": int(self.kind),
            "prev_hash": self.prev_hash.hex(),
            "content_hash": self.content_hash.hex(),
            "extensions": {name: value.hex() for name, value in self.extensions.items()},
            "key_id": digits_or_null(self.key_id),
            "signature": digits_or_null(self.signature),
        })

    @classmethod
    def from_json(cls, line: str | bytes) -> Claim:
        """The claim of a line. Raises PayloadError where the line is not one, ClaimError, NewerVersion."""
        members = Members("claim", line, MEMBERS, others=True)
        if members.text("format") != _FORMAT.encode():
            raise members.refused(f"format is not {_FORMAT}")
        raw = ffi.new("bp_claim *")
        raw.struct_size = ffi.sizeof("bp_claim")
        raw.version = members.number("version", 0xFFFF_FFFF)
        raw.event_id = members.fixed("event_id", 16)
        raw.sequence = members.number("sequence")
        raw.kind = members.number("kind", 0xFFFF)
        raw.prev_hash = members.fixed("prev_hash", 32)
        raw.content_hash = members.fixed("content_hash", 32)
        if not members.is_null("key_id"):
            raw.key_id = members.fixed("key_id", 32)
        if not members.is_null("signature"):
            raw.signature = members.fixed("signature", 64)
            raw.has_signature = 1
        kept = [ffi.from_buffer("uint8_t[]", members.text("entity")), ffi.from_buffer("uint8_t[]", members.text("scope")),
                ffi.from_buffer("uint8_t[]", members.extensions())]
        raw.entity, raw.entity_length = kept[0], len(kept[0])
        raw.scope, raw.scope_length = kept[1], len(kept[1])
        raw.extensions, raw.extensions_length = kept[2], len(kept[2])
        return cls(filled(lambda *room: int(lib.bp_claim_write(raw, *room))))

    def __bytes__(self) -> bytes:
        return self._bytes

    def __eq__(self, other: object) -> bool:
        return self._bytes == other._bytes if isinstance(other, Claim) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._bytes)

    def __repr__(self) -> str:
        return f"<batpak.Claim {self.sequence} {self.event_id.hex()} {'signed' if self.signature else 'unsigned'}>"

    def __reduce__(self) -> tuple[type[Claim], tuple[bytes]]:
        return Claim, (self._bytes,)


def filled(write: Callable[[Any, int, Any, Any], int]) -> bytes:
    """What a call writes into a buffer, needed length and error: once with none, then with enough."""
    needed, error = ffi.new("size_t *"), ffi.new("bp_error *")
    status = write(ffi.NULL, 0, needed, error)
    if status != Status.BP_TOO_SMALL:
        raise_for(status, error)
    buffer = ffi.new("uint8_t[]", needed[0])
    status = write(buffer, needed[0], needed, error)
    if status:
        raise_for(status, error)
    return bytes(ffi.buffer(buffer, needed[0]))
