"""Extensions: named values that travel with an event. Since 0.1."""

from __future__ import annotations

from collections.abc import Mapping

from ._batpak import ffi, lib
from ._constants import Status
from .errors import made, raise_for
from .values import Buffer, utf8


def pairs_of(extensions: Mapping[str, Buffer]) -> tuple[tuple[bytes, bytes], ...]:
    """Names and values in bytes of their own, so that no other thread changes them. Raises ValueRefused."""
    if not isinstance(extensions, Mapping):
        raise made(Status.BP_VALUE, "extensions are a mapping of names (str) to bytes")
    pairs = tuple(extensions.items())
    for name, value in pairs:
        if not isinstance(name, str) or not isinstance(value, (bytes, bytearray, memoryview)):
            raise made(Status.BP_VALUE, f"extension {name!r}: extensions map names (str) to bytes")
    # Lone surrogates go in as they are: no name beyond ASCII is accepted.
    return tuple((utf8("name", name), bytes(value)) for name, value in pairs)


def extensions_encode(extensions: Mapping[str, Buffer]) -> bytes:
    """The canonical map of extensions, the form that receipts carry. Raises ExtensionError."""
    pairs = pairs_of(extensions)
    items = ffi.new("bp_extension[]", len(pairs))
    for item, (name, value) in zip(items, pairs):
        item.name, item.name_length = ffi.from_buffer("uint8_t[]", name), len(name)
        item.value, item.value_length = ffi.from_buffer("uint8_t[]", value), len(value)
    needed, error = ffi.new("size_t *"), ffi.new("bp_error *")
    status = lib.bp_extensions_encode(items, len(pairs), ffi.NULL, 0, needed, error)
    buffer = ffi.new("uint8_t[]", needed[0]) if status == Status.BP_TOO_SMALL else ffi.NULL
    if status == Status.BP_TOO_SMALL:
        status = lib.bp_extensions_encode(items, len(pairs), buffer, needed[0], needed, error)
    if status:
        raise_for(status, error)
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
