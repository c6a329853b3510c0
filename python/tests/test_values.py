"""Native values to canonical bytes and back: nothing is bent, and what cannot be said is refused with its place."""

from __future__ import annotations

import datetime
import decimal
import enum
import math
import struct
import sys
from array import array
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import batpak
import pytest
from batpak import PayloadError, Status, ValueRefused, payload_decode, payload_encode
from hypothesis import given
from hypothesis import strategies as st

import canonical

integers = st.integers(-(2**63), 2**64 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | integers | st.floats() | texts | st.binary()
keys = (
    st.none()
    | st.booleans()
    | integers
    | st.floats(allow_nan=False)
    | texts
    | st.binary()
    | st.tuples(integers, texts)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner)
    | st.lists(inner).map(tuple)
    | st.dictionaries(texts, inner)
    | st.dictionaries(keys, inner),
    max_leaves=40,
)


def as_read(value: Any, key: bool = False) -> Any:
    """What a value is when it comes back: arrays are lists, and tuples where they are keys."""
    if isinstance(value, (list, tuple)):
        inner = [as_read(item, key) for item in value]
        return tuple(inner) if key else inner
    if isinstance(value, dict):
        return {as_read(name, True): as_read(item) for name, item in value.items()}
    return bytes(value) if isinstance(value, (bytearray, memoryview)) else value


def same(one: Any, other: Any) -> bool:
    """Equal in type, bits and order all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.keys()), list(other.keys())) and same(list(one.values()), list(other.values()))
    return bool(one == other)


@given(values)
def test_round_trip_and_bytes(value: Any) -> None:
    payload = payload_encode(value)
    assert payload == canonical.encode(value)
    assert same(payload_decode(payload), as_read(value))
    assert payload_encode(payload_decode(payload)) == payload


@pytest.mark.parametrize(
    "value",
    [
        0,
        1,
        0x7F,
        0x80,
        0xFF,
        0x100,
        0xFFFF,
        0x10000,
        2**32 - 1,
        2**32,
        2**63 - 1,
        2**63,
        2**64 - 1,
        -1,
        -32,
        -33,
        -128,
        -129,
        -(2**15),
        -(2**15) - 1,
        -(2**31),
        -(2**31) - 1,
        -(2**63),
        0.0,
        -0.0,
        1.0,
        0.1,
        math.inf,
        -math.inf,
        math.nan,
        -math.nan,
        5e-324,
        sys.float_info.max,
        "",
        "a" * 31,
        "a" * 32,
        "a" * 255,
        "a" * 256,
        "a" * 65535,
        "a" * 65536,
        "\0",
        "é" * 16,
        "\U0001f987",
        "\ufeff",
        b"",
        b"a" * 255,
        b"a" * 256,
        b"a" * 65535,
        b"a" * 65536,
        [],
        [0] * 15,
        [0] * 16,
        [0] * 65535,
        [0] * 65536,
        (),
        {},
        {i: i for i in range(15)},
        {i: i for i in range(16)},
        {i: None for i in range(65535)},
        {i: None for i in range(65536)},
        None,
        True,
        False,
        [[], {}, [[]], {"": {}}],
    ],
    ids=lambda value: repr(value)[:24],
)
def test_boundaries(value: Any) -> None:
    payload = payload_encode(value)
    assert payload == canonical.encode(value)
    assert same(payload_decode(payload), as_read(value))


def test_nan_bits_stay() -> None:
    odd = struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_DEAD_BEEF))[0]
    assert payload_encode(odd) == bytes.fromhex("cb7ff80000deadbeef")
    assert struct.pack(">d", payload_decode(bytes.fromhex("cb7ff80000deadbeef"))).hex() == "7ff80000deadbeef"


def test_float32_is_read_exactly() -> None:
    assert payload_decode(b"\xca" + struct.pack(">f", 0.1)) == 0.10000000149011612


class Colour(enum.Enum):
    RED = "red"
    GREEN = 2


class Level(enum.IntEnum):
    LOW = 1


class Word(str, enum.Enum):
    A = "a"


@dataclass
class Point:
    x: int
    y: float


Pair = namedtuple("Pair", "a b")


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "another"


class Number(int):
    __slots__ = ()


class Real(float):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Colour.RED, "red"),
        (Colour.GREEN, 2),
        (Level.LOW, 1),
        (Word.A, "a"),
        (Point(1, 2.0), {"x": 1, "y": 2.0}),
        ([Point(0, -0.0)], [{"x": 0, "y": -0.0}]),
        (Pair(1, "b"), [1, "b"]),
        (Text("t"), "t"),
        (Number(-7), -7),
        (Real(-0.0), -0.0),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"abcdef")[::2], b"ace"),
        (memoryview(array("b", [-1])), b"\xff"),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (defaultdict(list, {"a": [1]}), {"a": [1]}),
        (batpak.Kind(0xF001), 0xF001),
        ({Colour.RED: 1}, {"red": 1}),
        ({(1, (2, "a")): None}, {(1, (2, "a")): None}),
    ],
)
def test_other_clothes(value: Any, plain: Any) -> None:
    assert payload_encode(value) == canonical.encode(plain)
    assert same(payload_decode(payload_encode(value)), as_read(plain))


def cycle() -> list[Any]:
    value: list[Any] = [1]
    value.append({"a": value})
    return value


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (2**64, "$"),
        (-(2**63) - 1, "$"),
        ([0, {"a": 2**64}], "$[1].a"),
        ("\ud800", "$"),
        ({"a": ["\udfff"]}, "$.a[0]"),
        ({"\ud800": 1}, "$[key 0]"),
        ({1}, "$"),
        ({"a": frozenset()}, "$.a"),
        (datetime.datetime.now(), "$"),
        ({"when": datetime.date.today()}, "$.when"),
        (datetime.timedelta(1), "$"),
        (decimal.Decimal(1), "$"),
        (Fraction(1, 2), "$"),
        (1j, "$"),
        (object(), "$"),
        (len, "$"),
        (int, "$"),
        (Point, "$"),
        (range(3), "$"),
        (iter([]), "$"),
        (..., "$"),
        (NotImplemented, "$"),
        (array("i", [1]), "$"),
        (memoryview(array("i", [1])), "$"),
        ({"a": {1: {"b c": [0, 1, {2}]}}}, "$.a[1]['b c'][2]"),
        ({(1, 2): {3}}, "$[key 0]"),
        ({b"k": {3}}, "$[key 0]"),
        ({"a": 1, (1, {2}.__class__): 2}, "$[key 1][1]"),
        ({-5: {3}}, "$[-5]"),
        ([[], {}, {"a": []}, {3}], "$[3]"),
        ([{"a": {"b": 1}, "c": {3}}], "$[0].c"),
        (OrderedDict(a=slice(1)), "$.a"),
        (Point(1, {2}), "$.y"),  # type: ignore[arg-type]
    ],
    ids=lambda value: repr(value)[:32],
)
def test_refused_with_its_place(value: Any, where: str) -> None:
    with pytest.raises(ValueRefused) as raised:
        payload_encode(value)
    assert raised.value.code is Status.BP_VALUE
    assert raised.value.text.startswith(f"{where}: ")


def test_equal_keys_are_refused() -> None:
    with pytest.raises(ValueRefused) as raised:
        payload_encode({"deep": [{"red": 1, Colour.RED: 2}]})
    assert raised.value.text.startswith("$.deep[0]")


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueRefused, match="itself"):
        payload_encode(cycle())
    holder: dict[str, Any] = {}
    holder["self"] = holder
    with pytest.raises(ValueRefused, match="itself"):
        payload_encode(holder)
    point = Point(1, 2)
    point.y = [point]  # type: ignore[assignment]
    with pytest.raises(ValueRefused, match="itself"):
        payload_encode(point)


def test_the_same_twice_is_no_cycle() -> None:
    inner = [1]
    assert payload_decode(payload_encode([inner, inner, {"a": inner}])) == [[1], [1], {"a": [1]}]


def nested(depth: int, of_maps: bool = False) -> Any:
    value: Any = None
    for _ in range(depth):
        value = {"a": value} if of_maps else [value]
    return value


@pytest.mark.parametrize("of_maps", [False, True])
def test_depth(of_maps: bool) -> None:
    payload = payload_encode(nested(1023, of_maps))
    assert payload == (b"\x81\xa1a" if of_maps else b"\x91") * 1023 + b"\xc0"
    read, levels = payload_decode(payload), 0
    while read is not None:
        read, levels = (read["a"] if of_maps else read[0]), levels + 1
    assert levels == 1023
    with pytest.raises(PayloadError) as raised:
        payload_encode(nested(1024, of_maps))
    assert raised.value.code is Status.BP_DEPTH and len(raised.value.text) < 250
    with pytest.raises(PayloadError) as raised:
        payload_decode((b"\x81\xa1a" if of_maps else b"\x91") * 1024 + b"\xc0")
    assert raised.value.code is Status.BP_DEPTH


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", Status.BP_MESSAGEPACK),
        (b"\xc1", Status.BP_MESSAGEPACK),
        (b"\x92\x01", Status.BP_MESSAGEPACK),
        (b"\xa2a", Status.BP_MESSAGEPACK),
        (b"\xdf\xff\xff\xff\xff", Status.BP_MESSAGEPACK),
        (b"\xdd\xff\xff\xff\xff", Status.BP_MESSAGEPACK),
        (b"\xc6\xff\xff\xff\xff", Status.BP_MESSAGEPACK),
        (b"\xd4\x01\x00", Status.BP_MESSAGEPACK),
        (b"\xc7\x00\x01", Status.BP_MESSAGEPACK),
        (b"\xa1\xff", Status.BP_UTF8),
        (b"\x91\xa3\xed\xa0\x80", Status.BP_UTF8),
        (b"\x81\x80\x01", Status.BP_VALUE),
        (b"\x82\x01\xc0\xc3\xc0", Status.BP_VALUE),
        (b"\x82\x01\xc0\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\xc0", Status.BP_VALUE),
    ],
)
def test_refused_payloads(payload: bytes, code: Status) -> None:
    with pytest.raises(PayloadError) as raised:
        payload_decode(payload)
    assert raised.value.code is code


def test_place_of_what_python_cannot_say() -> None:
    with pytest.raises(ValueRefused) as raised:
        payload_decode(payload_encode({"a": [0, b"", "x"]}).replace(b"\xa1x", b"\x82\x01\xc0\xc3\xc0"))
    assert raised.value.text.startswith("$.a[2]: ")


@given(st.binary(max_size=64))
def test_hostile_payloads_answer_or_refuse(payload: bytes) -> None:
    try:
        value = payload_decode(payload)
    except PayloadError:
        return
    # What was read can be said again, and then reads the same.
    again = payload_encode(value)
    assert same(payload_decode(again), value)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, lambda data: memoryview(bytearray(data))])
def test_buffers_are_read(wrap: Any) -> None:
    assert payload_decode(wrap(payload_encode({"a": [b"x", "y"]}))) == {"a": [b"x", "y"]}


def test_a_strided_view_is_read() -> None:
    payload = payload_encode("abc")
    doubled = b"".join(bytes([byte, 0]) for byte in payload)
    assert payload_decode(memoryview(doubled)[::2]) == "abc"


def test_a_name_twice_is_refused() -> None:
    with pytest.raises(ValueRefused):
        payload_decode(b"\x83\xa1a\x01\xa1b\x02\xa1a\x03")


def test_bytes_behind_the_value_are_ignored() -> None:
    assert payload_decode(b"\x01\xc1") == 1


def test_large_values() -> None:
    value = {"blob": b"\x01" * (1 << 20), "text": "é" * (1 << 20), "list": list(range(100_000))}
    assert payload_decode(payload_encode(value)) == value


def test_values_are_not_changed() -> None:
    value = {"a": [1, {"b": bytearray(b"x")}], "c": (1, 2)}
    payload_encode(value)
    assert value == {"a": [1, {"b": bytearray(b"x")}], "c": (1, 2)}
