"""Kinds, ids, coordinates, JSON and extensions: what needs no store."""

from __future__ import annotations

import json
import pickle
from typing import Any

import batpak
import pytest
from batpak import Kind, KindError, Status
from hypothesis import given
from hypothesis import strategies as st

import canonical


@given(st.integers(0, 0xFFFF))
def test_kinds(number: int) -> None:
    kind = Kind(number)
    assert kind == number and hash(kind) == hash(number)
    assert (kind.category, kind.type_id) == (number >> 12, number & 0xFFF)
    assert (
        str(kind) == f"{number >> 12:X}:{number & 0xFFF:03X}" == f"{kind}" and repr(kind) == f"Kind(0x{number:04X})"
    )
    assert Kind.parse(str(kind)) == Kind.parse(str(number)) == Kind.parse(hex(number)) == kind
    assert pickle.loads(pickle.dumps(kind)) == kind and f"{kind:d}" == str(number)
    if kind.category not in (0, 13):
        assert type(Kind.make(kind.category, kind.type_id)) is Kind and Kind.make(kind.category, kind.type_id) == kind


@pytest.mark.parametrize(
    "call",
    [
        lambda: Kind(-1),
        lambda: Kind(0x10000),
        lambda: Kind.make(0, 1),
        lambda: Kind.make(13, 1),
        lambda: Kind.make(16, 0),
        lambda: Kind.make(1, 0x1000),
        lambda: Kind.make(-1, 0),
        lambda: Kind.make(2**32, 0),
        lambda: Kind.parse("65536"),
        lambda: Kind.parse("0x10000"),
    ],
)
def test_impossible_kinds(call: Any) -> None:
    with pytest.raises(KindError):
        call()


@pytest.mark.parametrize(
    "text", ["", "F", "F:", "G:001", "f001", " F:001", "F:001 ", "-1", "1.0", "\ud800", "é", "F:001\0"]
)
def test_texts_that_are_no_kinds(text: str) -> None:
    with pytest.raises(batpak.Error):
        Kind.parse(text)


@pytest.mark.parametrize("wrong", ["1", 1.5, None, b"1"])
def test_kinds_are_numbers(wrong: Any) -> None:
    with pytest.raises(TypeError):
        Kind(wrong)


def test_ids_rise() -> None:
    ids = [batpak.id_new() for _ in range(1000)]
    assert ids == sorted(set(ids)) and {len(each) for each in ids} == {16} and {each[6] >> 4 for each in ids} == {7}


def test_coordinates() -> None:
    batpak.coordinate_check("player:alice", "room:é")
    for entity, scope, code in (
        ("", "s", Status.BP_ENTITY_EMPTY),
        ("e", "", Status.BP_SCOPE_EMPTY),
        ("a=b", "s", Status.BP_COORDINATE_SEPARATOR),
        ("e", "..", Status.BP_COORDINATE_TRAVERSAL),
        ("\ud800", "s", Status.BP_COORDINATE_UTF8),
    ):
        with pytest.raises(batpak.CoordinateError) as raised:
            batpak.coordinate_check(entity, scope)
        assert raised.value.code is code


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=30,
)


@given(json_values)
def test_json(value: Any) -> None:
    payload = batpak.payload_from_json(json.dumps(value))
    assert (
        payload == canonical.encode(value) == batpak.payload_from_json(json.dumps(value, ensure_ascii=False).encode())
    )
    assert json.loads(batpak.payload_to_json(payload)) == value


@pytest.mark.parametrize(
    "character", ["\U0001d800", "\U0001dfff", "\U0002d800", "\U0010fffd", "\U00010000", "\uffff", "\0"], ids=ascii
)
def test_escaped_characters(character: str) -> None:
    for value in (character, {character: [character, {f"a{character}b": -0.0}]}):
        assert batpak.payload_from_json(json.dumps(value)) == canonical.encode(value)


def test_large_json() -> None:
    value = ["é\n" * 1000] * 1000
    assert json.loads(batpak.payload_to_json(batpak.payload_from_json(json.dumps(value)))) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", Status.BP_JSON),
        ("{", Status.BP_JSON),
        ("1 2", Status.BP_JSON),
        (str(2**64), Status.BP_JSON),
        ("NaN", Status.BP_JSON),
        ("[" * 1024 + "]" * 1024, Status.BP_DEPTH),
    ],
)
def test_texts_that_are_no_json(text: str, code: Status) -> None:
    with pytest.raises(batpak.PayloadError) as raised:
        batpak.payload_from_json(text)
    assert raised.value.code is code


def test_text_that_is_no_utf8() -> None:
    for text in ('"\ud800"', b'"\xff"'):
        with pytest.raises(batpak.PayloadError):
            batpak.payload_from_json(text)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"\xc4\x01a", Status.BP_NOT_JSON),
        (b"\x81\x01\x01", Status.BP_NOT_JSON),
        (b"", Status.BP_MESSAGEPACK),
        (b"\x91" * 1024 + b"\xc0", Status.BP_DEPTH),
        (b"\x91" * 1023, Status.BP_MESSAGEPACK),
        (b"\xa1\xff", Status.BP_UTF8),
    ],
)
def test_payloads_that_json_cannot_say(payload: bytes, code: Status) -> None:
    with pytest.raises(batpak.PayloadError) as raised:
        batpak.payload_to_json(payload)
    assert raised.value.code is code


names = st.from_regex(r"[a-z]{1,8}\.[a-z]{1,8}", fullmatch=True)


@given(st.dictionaries(names, st.binary()))
def test_extensions(extensions: dict[str, bytes]) -> None:
    data = batpak.extensions_encode(extensions)
    assert data == canonical.encode({name: list(extensions[name]) for name in sorted(extensions)})
    assert batpak.extensions_decode(data) == extensions and list(batpak.extensions_decode(data)) == sorted(extensions)


def test_extensions_of_other_types() -> None:
    assert batpak.extensions_encode({"a.b": memoryview(b"x"), "b.c": bytearray(b"y")}) == canonical.encode(
        {"a.b": [ord("x")], "b.c": [ord("y")]}
    )
    for wrong in ({"a.b": "x"}, {1: b"x"}, {"a.b": None}):
        with pytest.raises(batpak.Error):
            batpak.extensions_encode(wrong)  # type: ignore[arg-type]
    for data in (b"\x01", b"\x81\xa3a.b", b"\x81\x01\x90"):
        with pytest.raises(batpak.PayloadError):
            batpak.extensions_decode(data)
