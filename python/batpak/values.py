"""Native values as payloads, and back.

There is no encoder here. A value is flattened to the tokens of ffi.h (a container's header, then its elements) beside one
run of bytes for its texts, and the library makes the canonical bytes; it reads them to tokens again, from which the value
is built. What has no canonical form is refused, with its place, and never bent into something that has one.

Plain values take the raw module's fast way (bindings/python/value.c). What it does not take comes here, where both ways are
loops, not recursion: a value may be 1,023 containers deep, whatever the interpreter's limit. Since 0.1.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import chain
from typing import Any, Final, Union

from ._batpak import decode_value, encode_value, ffi, lib
from ._batpak import encode_tokens as encode_whole
from ._constants import (BP_TOKEN_ARRAY, BP_TOKEN_BOOL, BP_TOKEN_BYTES, BP_TOKEN_FLOAT32, BP_TOKEN_FLOAT64, BP_TOKEN_INT,
                         BP_TOKEN_MAP, BP_TOKEN_NIL, BP_TOKEN_STRING, BP_TOKEN_UINT, Status)
from .errors import Error, error_of, made, raise_for

Buffer = Union[bytes, bytearray, memoryview]

DEPTH_MAX: Final = 1023  # as the library has it
WORDS: Final = 3         # of 64 bits in a token: type and 0, number, offset
_MASK: Final = 0xFFFF_FFFF_FFFF_FFFF
_FIRST_TOKENS: Final = 256

# The first word of a token holds its type and a zero, in the order of this machine.
_SHIFT: Final = 0 if sys.byteorder == "little" else 32
NIL: Final = BP_TOKEN_NIL << _SHIFT
BOOL: Final = BP_TOKEN_BOOL << _SHIFT
UINT: Final = BP_TOKEN_UINT << _SHIFT
INT: Final = BP_TOKEN_INT << _SHIFT
FLOAT32: Final = BP_TOKEN_FLOAT32 << _SHIFT
FLOAT64: Final = BP_TOKEN_FLOAT64 << _SHIFT
STRING: Final = BP_TOKEN_STRING << _SHIFT
BYTES: Final = BP_TOKEN_BYTES << _SHIFT
ARRAY: Final = BP_TOKEN_ARRAY << _SHIFT
MAP: Final = BP_TOKEN_MAP << _SHIFT

_double: Final = struct.Struct("=d")
_single: Final = struct.Struct("=f")
_bits: Final = struct.Struct("=Q")
_half_bits: Final = struct.Struct("=I")

if ffi.sizeof("bp_token") != 8 * WORDS:
    raise ImportError("a token of the library has another size than this package was written for")


class _Refused(Exception):
    """A value that cannot be said; becomes an Error once its place is known."""

    def __init__(self, text: str, code: Status = Status.BP_VALUE) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


def view_of(data: Buffer) -> memoryview:
    """What holds bytes, looked at without a copy; a number or a list is refused. Raises TypeError."""
    view = memoryview(data)
    if view.format not in ("B", "b", "c"):
        raise TypeError(f"a memoryview of {view.format!r} is not bytes")
    return view


def octets(data: Buffer) -> bytes:
    """The bytes of what holds some; a number or a list is refused, of which bytes() would make some. Raises TypeError."""
    return view_of(data).tobytes()


def utf8(name: str, text: str) -> bytes:
    """A text in bytes; a lone surrogate becomes what is not UTF-8, and is refused as such. Raises TypeError."""
    if not isinstance(text, str):
        raise TypeError(f"{name} is a str, not {type(text).__name__}")
    return text.encode("utf-8", "surrogatepass")


def payload_encode(value: object) -> bytes:
    """The canonical MessagePack bytes of a native value.

    None, bool, int (of 64 bits, signed or unsigned), float (always a double), str, bytes, bytearray and memoryview (bin),
    list and tuple (array), dict (map in its order), dataclasses (map of their fields) and members of an Enum (their
    value) can be said. Anything else, an int beyond 64 bits, a lone surrogate, a set, a date, a Decimal, a cycle or two
    equal keys raises ValueRefused with the place, as in `$.a[3]`; more than 1,023 nested containers raise PayloadError.
    """
    found = encode_value(value)
    if found is not None:
        return found
    words, texts = flatten(value)
    return encode_tokens(array("Q", words), texts, len(words) // WORDS)


def payload_decode(payload: Buffer) -> Any:
    """The native value of one MessagePack value: bin as bytes, array as list, map as dict, both floats as float.

    An array that is a key of a map becomes a tuple. Bytes behind the value are ignored. Raises PayloadError where the bytes
    are not MessagePack, and ValueRefused for what Python cannot say: a map as a key, or keys that are equal in Python (1
    and true, the same name twice).
    """
    if type(payload) is not bytes:
        payload = octets(payload)
    found = decode_value(payload)
    if found is not NotImplemented:
        return found
    return build(decode_tokens(payload), payload)


# ------------------------------------------------------------------------------------------------ from value to bytes --


def encode_tokens(tokens: Any, texts: Buffer, count: int) -> bytes:
    """The bytes of `count` tokens, which any buffer holds, over their texts."""
    found = encode_whole(tokens, texts)
    if found is not None:
        return found
    capacity = 9 * count + len(texts)  # the longest header of a token has 9 bytes
    buffer, needed, error = ffi.new("uint8_t[]", capacity), ffi.new("size_t *"), ffi.new("bp_error *")
    status = lib.bp_payload_encode(ffi.from_buffer("bp_token[]", tokens), count, ffi.from_buffer("uint8_t[]", texts),
                                   len(texts), buffer, capacity, needed, error)
    if status:
        _raise_encode(status, error, tokens, texts)
    return bytes(ffi.buffer(buffer, needed[0]))


def _raise_encode(status: int, error: Any, tokens: Any, texts: Buffer) -> None:
    found = error_of(status, error)
    words = memoryview(tokens).cast("B").cast("Q").tolist()
    if status in (Status.BP_VALUE, Status.BP_DEPTH) and found.offset * WORDS < len(words):
        found.text = f"{place(words, texts, found.offset)}: {found.text}"
    raise found


def flatten(value: object) -> tuple[list[int], bytearray]:
    """The words of the tokens of a value, and the bytes that its texts lie in."""
    words: list[int] = []
    texts = bytearray()
    try:
        _flatten(value, words, texts)
    except _Refused as refused:
        raise _placed(refused, words, texts) from None
    return words, texts


def _flatten(value: object, words: list[int], texts: bytearray) -> None:
    add = words.extend
    plain: Any
    holders: list[object] = []            # the containers around, the outermost first
    within: list[Iterator[object]] = []   # what is left of what holds each of them
    items: Iterator[object] = iter((value,))
    while True:
        for item in items:
            plain, kind = item, type(item)
            if kind not in _PLAIN:
                plain = _plain(item)
                kind = type(plain)
            if kind is str:
                text = _utf8(plain)
                add((STRING, len(text), len(texts)))
                texts += text
            elif kind is int:
                add(_integer(plain))
            elif kind is float:
                add((FLOAT64, _bits.unpack(_double.pack(plain))[0], 0))
            elif kind is bool:
                add((BOOL, 1 if plain else 0, 0))
            elif plain is None:
                add((NIL, 0, 0))
            elif kind is bytes:
                add((BYTES, len(plain), len(texts)))
                texts += plain
            else:
                holders.append(item)
                if len(holders) > DEPTH_MAX:
                    raise _too_deep(holders)
                within.append(items)
                items = _open(plain, add)
                break
        else:
            if not within:
                return
            items = within.pop()
            holders.pop()


def _open(holder: Any, add: Callable[[Iterable[int]], None]) -> Iterator[object]:
    """The header of a container, and what is in it: of a map key, value, key, ...

    A copy, since another thread may change the container before all of it is written.
    """
    if type(holder) is dict:
        pairs = list(holder.items())
        add((MAP, len(pairs), 0))
        return chain.from_iterable(pairs)
    items = tuple(holder)
    add((ARRAY, len(items), 0))
    return iter(items)


def _utf8(text: Any) -> bytes:
    try:
        return str.encode(text)
    except UnicodeEncodeError as problem:
        raise _Refused(f"a str with a lone surrogate at {problem.start} has no UTF-8") from None


def _integer(number: Any) -> tuple[int, int, int]:
    if 0 <= number <= _MASK:
        return UINT, number, 0
    if -0x8000_0000_0000_0000 <= number < 0:
        return INT, number & _MASK, 0
    raise _Refused("an int of more than 64 bits")


def _plain(value: object) -> object:
    """What stands for a value of another type than the plain ones; one of these."""
    while isinstance(value, Enum):
        value = value.value
    if type(value) in _PLAIN:
        return value
    for base, plain in _CLOTHED:
        if isinstance(value, base):
            return plain(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise _Refused(f"a value of type {_type_name(value)} has no canonical form")


def _octets(value: Any) -> bytes:
    try:
        return octets(value)
    except TypeError as problem:
        raise _Refused(str(problem)) from None


def _type_name(value: object) -> str:
    made_of = type(value)
    return made_of.__qualname__ if made_of.__module__ == "builtins" else f"{made_of.__module__}.{made_of.__qualname__}"


def _too_deep(holders: list[object]) -> _Refused:
    if len({id(holder) for holder in holders}) != len(holders):
        return _Refused("a value that contains itself")
    return _Refused(f"more than {DEPTH_MAX} containers inside each other", Status.BP_DEPTH)


_PLAIN: Final = frozenset({str, int, float, bool, type(None), bytes, list, tuple, dict})
_CLOTHED: Final[tuple[tuple[Any, Callable[[Any], object]], ...]] = (
    ((bytearray, memoryview, bytes), _octets), (str, str.__str__), (int, int.__int__), (float, float.__float__),
    (dict, dict), ((list, tuple), list))


# ------------------------------------------------------------------------------------------------ from bytes to value --


def decode_tokens(payload: bytes) -> list[int]:
    """The words of the tokens of a payload."""
    capacity = min(len(payload), _FIRST_TOKENS)  # a token has at least one byte
    count, error = ffi.new("size_t *"), ffi.new("bp_error *")
    while True:
        tokens = ffi.new("bp_token[]", capacity)
        status = lib.bp_payload_decode(payload, len(payload), tokens, capacity, count, error)
        if status != Status.BP_TOO_SMALL:
            break
        capacity = count[0]
    if status:
        raise_for(status, error)
    return memoryview(ffi.buffer(tokens, count[0] * 8 * WORDS)).cast("B").cast("Q").tolist()


def build(words: list[int], payload: bytes) -> Any:
    """The value of tokens, from the last to the first: what a container holds is then already there."""
    made_of: list[Any] = []
    add = made_of.append
    left = zip(words[-3::-3], words[-2::-3], words[-1::-3])
    for kind, number, offset in left:
        if kind == STRING:
            add(payload[offset:offset + number].decode())
        elif kind == UINT:
            add(number)
        elif kind == MAP:
            held = _taken(made_of, 2 * number)
            try:
                found = _dict(held, number)
            except _Refused as refused:
                raise _placed(refused, words[:WORDS * sum(1 for _ in left)], payload) from None
            add(found)
        elif kind == ARRAY:
            add(_taken(made_of, number))
        elif kind == INT:
            add(number - (number >> 63 << 64))
        elif kind == FLOAT64:
            add(_double.unpack(_bits.pack(number))[0])
        elif kind == BOOL:
            add(number != 0)
        elif kind == NIL:
            add(None)
        elif kind == BYTES:
            add(payload[offset:offset + number])
        else:
            add(_single.unpack(_half_bits.pack(number))[0])
    return made_of[0]


def _taken(made_of: list[Any], count: int) -> list[Any]:
    """The last `count`, the last first."""
    if count == 0:
        return []
    held = made_of[:-count - 1:-1]
    del made_of[-count:]
    return held


def _dict(held: list[Any], pairs: int) -> dict[Any, Any]:
    keys = held[::2]
    try:
        found = dict(zip(keys, held[1::2]))
    except TypeError:
        found = dict(zip(map(_key, keys), held[1::2]))
    if len(found) != pairs:
        raise _Refused("a map with keys that are equal in Python")
    return found


def _key(value: Any) -> Any:
    """A value as the key of a dict."""
    if isinstance(value, dict):
        raise _Refused("a map whose key is a map")
    try:
        return tuple(map(_key, value)) if isinstance(value, list) else value
    except RecursionError:
        raise _Refused("a map whose key is nested too deep") from None


# ------------------------------------------------------------------------------------------------------------- places --


def _placed(refused: _Refused, words: list[int], texts: Buffer) -> Error:
    return made(refused.code, f"{place(words, texts, len(words) // WORDS)}: {refused.text}")


def place(words: list[int], texts: Buffer, index: int) -> str:
    """Where the token `index` stands, as in `$.a[3]`; it may be the one behind the last."""
    around: list[list[int]] = []  # of each container around: its type, how many it holds, how many came
    names: list[str] = []         # and where in it we are
    for at in range(index):
        _step(around, names, words, texts, at)
        if words[WORDS * at] in (MAP, ARRAY):
            pairs = words[WORDS * at] == MAP
            around.append([MAP if pairs else ARRAY, words[WORDS * at + 1] * (2 if pairs else 1), 0])
            names.append("")
        while around and around[-1][2] == around[-1][1]:
            around.pop()
            names.pop()
    _step(around, names, words, texts, index)
    return _cut("$" + "".join(names))


def _step(around: list[list[int]], names: list[str], words: list[int], texts: Buffer, at: int) -> None:
    """One further in the innermost container, to the token `at`."""
    if not around:
        return
    holder = around[-1]
    if holder[0] == ARRAY:
        names[-1] = f"[{holder[2]}]"
    elif holder[2] % 2 == 0:
        names[-1] = _name(words, texts, at, holder[2] // 2)
    holder[2] += 1


def _name(words: list[int], texts: Buffer, at: int, pair: int) -> str:
    """A key of a map, in a place."""
    kind, number, offset = words[WORDS * at:WORDS * at + WORDS] or (0, 0, 0)
    if kind == STRING:
        name = bytes(texts[offset:offset + number]).decode("utf-8", "replace")
        return f".{name}" if name.isidentifier() else f"[{name!r}]"
    if kind in (UINT, INT):
        return f"[{number - (number >> 63 << 64) if kind == INT else number}]"
    return f"[key {pair}]"


def _cut(text: str) -> str:
    """A deep place without its middle."""
    return text if len(text) <= 120 else f"{text[:80]} ... {text[-35:]}"
