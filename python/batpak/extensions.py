"""Extensions: named values that travel with an event. Since 0.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._batpak import ffi, lib
from ._constants import Status
from .errors import made, raise_for
from .values import Buffer


def items_of(extensions: Mapping[str, Buffer]) -> tuple[Any, list[Any]]:
    """An array of bp_extension, and what must be kept alive as long as it is used."""
    items = ffi.new("bp_extension[]", len(extensions))
    kept: list[Any] = []
    for item, (name, value) in zip(items, extensions.items()):
        if not isinstance(name, str):
            raise made(Status.BP_VALUE, f"the name of an extension is a str, not {type(name).__name__}")
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise made(Status.BP_VALUE, f"extension {name!r} is bytes, not {type(value).__name__}")
        # Lone surrogates go in as they are: no name beyond ASCII is accepted.
        name_bytes = ffi.from_buffer(name.encode("utf-8", "surrogatepass"))
        value_bytes = ffi.from_buffer(value)
        kept += (name_bytes, value_bytes)
        item.name, item.name_length = ffi.cast("uint8_t *", name_bytes), len(name_bytes)
        item.value, item.value_length = ffi.cast("uint8_t *", value_bytes), len(value_bytes)
    return items, kept


def extensions_encode(extensions: Mapping[str, Buffer]) -> bytes:
    """The canonical map of extensions, the form that receipts carry. Raises ExtensionError."""
    items, kept = items_of(extensions)
    needed, error = ffi.new("size_t *"), ffi.new("bp_error *")
    status = lib.bp_extensions_encode(items, len(extensions), ffi.NULL, 0, needed, error)
    buffer = ffi.new("uint8_t[]", needed[0]) if status == Status.BP_TOO_SMALL else ffi.NULL
    if status == Status.BP_TOO_SMALL:
        status = lib.bp_extensions_encode(items, len(extensions), buffer, needed[0], needed, error)
    if status:
        raise_for(status, error)
    del kept
    return bytes(ffi.buffer(buffer, needed[0])) if buffer else b""


def extensions_decode(data: bytes) -> dict[str, bytes]:
    """The extensions of a canonical map. Raises PayloadError where the bytes are none."""
    count, length, error = ffi.new("size_t *"), ffi.new("size_t *"), ffi.new("bp_error *")
    source = ffi.from_buffer("uint8_t[]", data)
    items, values = ffi.NULL, ffi.NULL
    status = lib.bp_extensions_decode(source, len(source), items, 0, count, values, 0, length, error)
    if status == Status.BP_TOO_SMALL:
        items, values = ffi.new("bp_extension[]", count[0]), ffi.new("uint8_t[]", length[0])
        status = lib.bp_extensions_decode(source, len(source), items, count[0], count, values, length[0], length, error)
    if status:
        raise_for(status, error)
    return {bytes(ffi.buffer(items[at].name, items[at].name_length)).decode("utf-8", "surrogateescape"):
            bytes(ffi.buffer(items[at].value, items[at].value_length)) for at in range(count[0])}
