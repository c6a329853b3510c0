"""Keys that sign receipts. Since 0.1."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._batpak import ffi, lib
from ._constants import Status
from .errors import made, raise_for
from .values import octets

_LENGTH = 32


@dataclass(frozen=True)
class Key:
    """An Ed25519 key. Whoever has the seed can sign, so it is not shown."""

    #: 32 bytes: the secret.
    seed: bytes = field(repr=False)
    #: 32 bytes: what others need to check signatures.
    public_key: bytes
    #: 32 bytes: BLAKE3 of the public key, as receipts name it.
    key_id: bytes


def _checked(value: bytes, what: str) -> bytes:
    found = octets(value)
    if len(found) != _LENGTH:
        raise made(Status.BP_ARGUMENT, f"a {what} has {_LENGTH} bytes, not {len(found)}")
    return found


def _key(seed: bytes | None) -> Key:
    """The key of a seed, or a fresh one."""
    drawn = ffi.new("uint8_t[32]", b"" if seed is None else seed)
    public_key, identity, error = ffi.new("uint8_t[32]"), ffi.new("uint8_t[32]"), ffi.new("bp_error *")
    make = lib.bp_key_generate if seed is None else lib.bp_key_derive
    status = make(drawn, public_key, identity, error)
    if status:
        raise_for(status, error)
    return Key(bytes(drawn), bytes(public_key), bytes(identity))


def key_generate() -> Key:
    """A fresh key from the system's random bytes. Raises SystemFailure."""
    return _key(None)


def key_derive(seed: bytes) -> Key:
    """The key of a seed of 32 bytes. Raises SigningKeyError where it is all zeros."""
    return _key(_checked(seed, "seed"))


def key_id(public_key: bytes) -> bytes:
    """BLAKE3 of a public key of 32 bytes: the name that receipts give it."""
    out = ffi.new("uint8_t[32]")
    lib.bp_key_id(_checked(public_key, "public key"), out)
    return bytes(out)
