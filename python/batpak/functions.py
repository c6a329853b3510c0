"""What needs no store. Since 0.1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._batpak import ffi, lib
from ._constants import Status
from .errors import raise_for, text_of
from .values import Buffer


def version() -> str:
    """Version of the library, as "0.1.0"."""
    return text_of(lib.bp_version())


def abi_version() -> int:
    """Version of the C interface."""
    return int(lib.bp_abi_version())


def format_version() -> int:
    """Version of the segments that the library writes."""
    return int(lib.bp_format_version())


def status_name(status: int) -> str:
    """The name of a status, "BP_UNKNOWN" for a number that this version lacks."""
    return text_of(lib.bp_status_name(status))


def status_advice(status: int) -> str:
    """One sentence: what to do next."""
    return text_of(lib.bp_status_advice(status))


def id_new() -> bytes:
    """A fresh UUIDv7 (16 bytes), above every one that this process made before. Raises SystemFailure."""
    out, error = ffi.new("uint8_t[16]"), ffi.new("bp_error *")
    status = lib.bp_id_new(out, error)
    if status:
        raise_for(status, error)
    return bytes(out)


def coordinate_check(entity: str, scope: str) -> None:
    """Raises CoordinateError for the first rule that entity and scope break."""
    one, other = entity.encode("utf-8", "surrogatepass"), scope.encode("utf-8", "surrogatepass")
    error = ffi.new("bp_error *")
    status = lib.bp_coordinate_check(one, len(one), other, len(other), error)
    if status:
        raise_for(status, error)


def payload_from_json(text: str | Buffer) -> bytes:
    """One canonical MessagePack value from a JSON text.

    Members keep their order; of equal names the last counts, in the first one's place. Integers are exact, all other
    numbers are doubles. Raises PayloadError.
    """
    return _converted(lib.bp_payload_from_json, text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)


def payload_to_json(payload: Buffer) -> str:
    """The JSON text of one MessagePack value. Raises PayloadError where it is none, or JSON cannot say it."""
    return _converted(lib.bp_payload_to_json, payload).decode()


def _converted(convert: Callable[..., int], data: Buffer) -> bytes:
    source, needed, error = ffi.from_buffer("uint8_t[]", data), ffi.new("size_t *"), ffi.new("bp_error *")
    capacity = 2 * len(source) + 64
    while True:
        buffer: Any = ffi.new("uint8_t[]", capacity)
        status = convert(source, len(source), buffer, capacity, needed, error)
        if status != Status.BP_TOO_SMALL:
            break
        capacity = needed[0]
    if status:
        raise_for(status, error)
    return bytes(ffi.buffer(buffer, needed[0]))
