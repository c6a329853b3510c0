"""The functions that need no store. Since 0.1."""

from __future__ import annotations

from collections.abc import Callable

from ._batpak import ffi, lib
from ._constants import Status
from .errors import raise_for, text_of
from .values import Buffer, octets, utf8


def version() -> str:
    """The version of the library, for example "0.1.0"."""
    return text_of(lib.bp_version())


def abi_version() -> int:
    """The version of its C interface."""
    return int(lib.bp_abi_version())


def format_version() -> int:
    """The version of the segment format that it writes."""
    return int(lib.bp_format_version())


def status_name(status: int) -> str:
    """The name of a status, for example "BP_LOCKED"; "BP_UNKNOWN" for a number that this version lacks."""
    return text_of(lib.bp_status_name(status))


def status_advice(status: int) -> str:
    """One sentence: what to do next."""
    return text_of(lib.bp_status_advice(status))


def id_new() -> bytes:
    """A fresh UUIDv7 (16 bytes), above every id that this process made before. Raises SystemFailure."""
    made, error = ffi.new("uint8_t[16]"), ffi.new("bp_error *")
    status = lib.bp_id_new(made, error)
    if status:
        raise_for(status, error)
    return bytes(made)


def coordinate_check(entity: str, scope: str) -> None:
    """Raises CoordinateError, with the first rule that is broken."""
    whose, where = utf8("entity", entity), utf8("scope", scope)
    error = ffi.new("bp_error *")
    status = lib.bp_coordinate_check(whose, len(whose), where, len(where), error)
    if status:
        raise_for(status, error)


def _converted(convert: Callable[..., int], source: bytes) -> bytes:
    needed, error = ffi.new("size_t *"), ffi.new("bp_error *")
    capacity = 2 * len(source) + 64
    while True:
        buffer = ffi.new("uint8_t[]", capacity)
        status = convert(source, len(source), buffer, capacity, needed, error)
        if status != Status.BP_TOO_SMALL:
            break
        capacity = needed[0]
    if status:
        raise_for(status, error)
    return bytes(ffi.buffer(buffer, needed[0]))


def payload_from_json(json: str | Buffer) -> bytes:
    """A JSON text as one canonical MessagePack value. Raises PayloadError; `offset` says where.

    Member order is kept; of equal names the last counts, in the first one's place. Integers are exact and refused beyond
    64 bits; all other numbers, -0 too, are doubles.
    """
    return _converted(lib.bp_payload_from_json, utf8("json", json) if isinstance(json, str) else octets(json))


def payload_to_json(payload: Buffer) -> str:
    """One MessagePack value as a JSON text. Raises PayloadError where it is none, or JSON cannot say it."""
    return _converted(lib.bp_payload_to_json, octets(payload)).decode()
