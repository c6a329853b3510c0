"""Keys that sign receipts. Since 0.1."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ._batpak import ffi, lib
from ._constants import Status
from .errors import Path, made, raise_for
from .opening import seeds_of, wipe
from .values import Buffer, octets

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


def _key(seed: Any, make: Callable[..., int]) -> Key:
    """The key that `make` fills or derives; what held the seed is wiped."""
    public_key, identity, error = ffi.new("uint8_t[32]"), ffi.new("uint8_t[32]"), ffi.new("bp_error *")
    try:
        status = make(seed, public_key, identity, error)
        if status:
            raise_for(status, error)
        return Key(bytes(seed), bytes(public_key), bytes(identity))
    finally:
        wipe(seed)


def key_generate() -> Key:
    """A fresh key from the system's random bytes. Raises SystemFailure."""
    return _key(ffi.new("uint8_t[32]"), lib.bp_key_generate)


def key_derive(seed: Buffer) -> Key:
    """The key of a seed of 32 bytes. Raises SigningKeyError where it is all zeros."""
    kept, _ = seeds_of([seed])
    return _key(kept, lib.bp_key_derive)


def key_file_read(path: Path) -> Key:
    """The key of a key file: a line of comment, 64 hexadecimal digits. Since 0.2.

    Raises KeyFileError where others than its owner may use it, where it is a symbolic link or no regular file, or holds no
    key; SigningKeyError where that is all zeros; SystemFailure.
    """
    seed, error = ffi.new("uint8_t[32]"), ffi.new("bp_error *")
    status = lib.bp_key_file_read(_encoded(path), seed, error)
    if status:
        raise_for(status, error, path)
    return _key(seed, lib.bp_key_derive)


def key_file_write(path: Path, key: Key | Buffer) -> None:
    """Writes a key, or a seed of 32 bytes, into a new file for its owner alone (mode 0600). Since 0.2.

    A file that is there is never overwritten. Raises SystemFailure, SigningKeyError.
    """
    seed, _ = seeds_of([key.seed if isinstance(key, Key) else key])
    error = ffi.new("bp_error *")
    try:
        status = lib.bp_key_file_write(_encoded(path), seed, error)
        if status:
            raise_for(status, error, path)
    finally:
        wipe(seed)


def _encoded(path: Path) -> bytes:
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise made(Status.BP_ARGUMENT, "the path holds a NUL", path)
    return encoded


def key_id(public_key: bytes) -> bytes:
    """BLAKE3 of a public key of 32 bytes: the name that receipts give it."""
    out = ffi.new("uint8_t[32]")
    lib.bp_key_id(_checked(public_key, "public key"), out)
    return bytes(out)
