"""Canonical MessagePack as the journal writes it (encoding.md 1.1 and 1.3).

A third opinion beside the two implementations under test, and the tool with
which payloads and hand-made frames are built. Python integers, strings, lists
and dicts take their shortest form; `bytes` become bin; `octets` gives the array
of integers which the journal uses for hashes, payloads and extension values.
"""

import struct


def octets(data):
    return list(data)


class Raw(bytes):
    """Bytes that are already encoded and are taken over as they are."""


def encode(value):
    out = bytearray()
    _write(out, value)
    return bytes(out)


def _write(out, value):
    if isinstance(value, Raw):
        out += value
    elif value is None:
        out.append(0xC0)
    elif value is False or value is True:
        out.append(0xC3 if value else 0xC2)
    elif isinstance(value, int):
        out += _integer(value)
    elif isinstance(value, float):
        out += b"\xcb" + struct.pack(">d", value)
    elif isinstance(value, str):
        data = value.encode()
        out += _length(len(data), 0xA0, 31, 0xD9, 0xDA, 0xDB) + data
    elif isinstance(value, (bytes, bytearray)):
        out += _length(len(value), None, -1, 0xC4, 0xC5, 0xC6) + value
    elif isinstance(value, (list, tuple)):
        out += _length(len(value), 0x90, 15, None, 0xDC, 0xDD)
        for item in value:
            _write(out, item)
    elif isinstance(value, dict):
        out += _length(len(value), 0x80, 15, None, 0xDE, 0xDF)
        for key, item in value.items():
            _write(out, key)
            _write(out, item)
    else:
        raise TypeError(f"no canonical form for {type(value).__name__}")


def _integer(value):
    if 0 <= value <= 0x7F or -32 <= value < 0:
        return struct.pack(">b" if value < 0 else ">B", value)
    if value >= 0:
        for marker, form, top in ((0xCC, ">B", 2**8), (0xCD, ">H", 2**16), (0xCE, ">I", 2**32), (0xCF, ">Q", 2**64)):
            if value < top:
                return bytes([marker]) + struct.pack(form, value)
    for marker, form, low in ((0xD0, ">b", 2**7), (0xD1, ">h", 2**15), (0xD2, ">i", 2**31), (0xD3, ">q", 2**63)):
        if -low <= value < 0:
            return bytes([marker]) + struct.pack(form, value)
    raise OverflowError(f"{value} has no 64-bit form")


def _length(count, short, short_top, marker8, marker16, marker32):
    if short is not None and count <= short_top:
        return bytes([short | count])
    if marker8 is not None and count < 2**8:
        return struct.pack(">BB", marker8, count)
    if count < 2**16:
        return struct.pack(">BH", marker16, count)
    return struct.pack(">BI", marker32, count)
