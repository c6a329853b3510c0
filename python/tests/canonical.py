"""The canonical encoding, written down a second time from the format's own table, to hold the library's bytes against."""

from __future__ import annotations

import struct
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any


def _sized(length: int, short: tuple[int, int] | None, markers: list[tuple[int, int]]) -> bytes:
    """The shortest header for a length: in the marker itself, or behind a marker in so many bytes."""
    if short is not None and length < short[1]:
        return bytes([short[0] | length])
    for marker, size in markers:
        if length < 1 << 8 * size:
            return bytes([marker]) + length.to_bytes(size, "big")
    raise AssertionError(length)


def _integer(value: int) -> bytes:
    if value >= 0:
        return _sized(value, (0, 0x80), [(0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)])
    if value >= -32:
        return struct.pack("b", value)
    for marker, size in ((0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8)):
        if value >= -(1 << 8 * size - 1):
            return bytes([marker]) + value.to_bytes(size, "big", signed=True)
    raise AssertionError(value)


def encode(value: Any) -> bytes:
    """Canonical bytes of a value that can be said."""
    if isinstance(value, Enum):
        return encode(value.value)
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return _sized(len(text), (0xA0, 32), [(0xD9, 1), (0xDA, 2), (0xDB, 4)]) + text
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _sized(len(value), None, [(0xC4, 1), (0xC5, 2), (0xC6, 4)]) + bytes(value)
    if isinstance(value, (list, tuple)):
        return _sized(len(value), (0x90, 16), [(0xDC, 2), (0xDD, 4)]) + b"".join(map(encode, value))
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    pairs = b"".join(encode(key) + encode(item) for key, item in value.items())
    return _sized(len(value), (0x80, 16), [(0xDE, 2), (0xDF, 4)]) + pairs
