"""Values have a fast way and a long way, which must agree: the suite of values goes the fast one where it can."""

from __future__ import annotations

from array import array
from typing import Any

import pytest
from batpak import _batpak, values
from hypothesis import given
from hypothesis import strategies as st

INTEGERS = st.integers(-(1 << 63), (1 << 64) - 1)
LEAVES = st.none() | st.booleans() | INTEGERS | st.floats() | st.text(st.characters(exclude_categories=["Cs"])) | st.binary()
VALUES = st.recursive(LEAVES, lambda held: st.lists(held) | st.dictionaries(LEAVES, held) | st.tuples(held, held))


def encoded(value: object) -> bytes:
    words, texts = values.flatten(value)
    return values.encode_tokens(array("Q", words), texts, len(words) // values.WORDS)


def decoded(payload: bytes) -> Any:
    return values.build(values.decode_tokens(payload), payload)


@given(VALUES)
def test_plain_values_agree(value: object) -> None:
    payload = _batpak.encode_value(value)
    assert payload is not None and payload == encoded(value)
    # repr tells -0.0 from 0.0, True from 1, and finds NaN equal.
    assert repr(_batpak.decode_value(payload)) == repr(decoded(payload))


@given(st.binary())
def test_any_bytes_agree(payload: bytes) -> None:
    found = _batpak.decode_value(payload)
    if found is not NotImplemented:
        assert repr(found) == repr(decoded(payload))


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("value", [
    1 << 64, -(1 << 63) - 1, "\ud800", {1}, object(), [[], {"a": [1 << 70]}], bytearray(b"x"), nested(1024)])
def test_what_is_not_plain_goes_the_long_way(value: object) -> None:
    assert _batpak.encode_value(value) is None


@pytest.mark.parametrize("payload", [
    b"", b"\x92\x01", b"\xc1", b"\xd4\x01\x02", b"\xa1\xff", b"\xca\x7f\xc0\x00\x00", b"\x82\x01\x02\xc3\x03",
    b"\x81\x90\x01", b"\x81\x80\x01", b"\x91" * 1024 + b"\x01"])
def test_what_cannot_be_read_goes_the_long_way(payload: bytes) -> None:
    assert _batpak.decode_value(payload) is NotImplemented


def test_the_deepest_value_goes_the_fast_way() -> None:
    payload = _batpak.encode_value(nested(1023))
    assert payload == b"\x91" * 1023 + b"\x01"
    assert _batpak.encode_value(_batpak.decode_value(payload)) == payload


@pytest.mark.parametrize("count", [15, 16, 63, 64, 65, 1000, 70_000])
def test_sizes_around_what_is_at_hand(count: int) -> None:
    for value in ([None] * count, "x" * count, {str(at): at for at in range(count)}, ["ab" * 20] * count):
        payload = _batpak.encode_value(value)
        assert payload is not None and payload == encoded(value)
        assert _batpak.decode_value(payload) == value
