"""Dataclasses as events."""

from __future__ import annotations

import enum
import gc
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, NewType, Optional, TypeVar, Union

import batpak
import pytest
from batpak import (
    CallError,
    Kind,
    KindError,
    KindMismatch,
    PayloadError,
    Status,
    ValueRefused,
    payload_decode,
    payload_encode,
)
from batpak.typed import Binding, binding_of
from hypothesis import given
from hypothesis import strategies as st

import canonical

_free = count(0x100)


def bound(cls: type[Any]) -> Binding[Any]:
    """The binding of a class to a kind that no other test has."""
    return binding_of(batpak.event(category=0xE, type_id=next(_free))(cls))


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


Metres = NewType("Metres", float)


@batpak.event(category=0xE, type_id=1)
@dataclass
class Moved:
    x: int
    y: int


@dataclass(frozen=True)
class Place:
    name: str
    at: Optional[tuple[float, float]] = None


@dataclass
class Node:
    value: int
    children: list[Node] = field(default_factory=list)


@batpak.event(category=0xE, type_id=2, schema_version=3)
@dataclass
class Everything:
    version: ClassVar[int] = 1
    flag: bool
    number: int
    real: float
    text: str
    blob: bytes
    nothing: None
    anything: Any
    maybe: int | None
    colour: Colour
    step: Literal["a", 1]
    far: Metres
    words: list[str]
    counts: dict[str, int]
    pair: tuple[int, str]
    many: tuple[int, ...]
    place: Place
    tree: Node
    either: Union[int, str, None]
    plain: list  # type: ignore[type-arg]
    free: dict  # type: ignore[type-arg]
    extra: int = field(default=7, kw_only=True)


def everything(**changes: Any) -> Everything:
    return Everything(
        **{
            **dict(
                flag=True,
                number=-1,
                real=2.5,
                text="é",
                blob=b"\xff",
                nothing=None,
                anything=[1, {"a": None}],
                maybe=None,
                colour=Colour.RED,
                step="a",
                far=Metres(1.5),
                words=["a", ""],
                counts={"a": 1},
                pair=(1, "a"),
                many=(1, 2, 3),
                place=Place("home", (1.0, 2.0)),
                tree=Node(1, [Node(2), Node(3, [Node(4)])]),
                either="b",
                plain=[1, "a"],
                free={1: 2},
            ),
            **changes,
        }
    )


def test_bytes_are_the_map_of_its_fields() -> None:
    assert (
        binding_of(Moved).encode(Moved(10, 20)) == canonical.encode({"x": 10, "y": 20}) == b"\x82\xa1x\x0a\xa1y\x14"
    )
    assert binding_of(Everything).encode(everything())[:1] == b"\xde"


def test_binding() -> None:
    found = binding_of(Everything)
    assert (found.kind, found.schema_version, found.cls) == (Kind(0xE002), 3, Everything)
    assert binding_of(everything()) is found and "E:002" in repr(found)


def test_everything_comes_back() -> None:
    found = binding_of(Everything)
    for value in (everything(), everything(maybe=2**64 - 1, either=None, extra=8), everything(either=0, step=1)):
        assert found.decode(found.encode(value)) == value
        assert found.encode(value) == canonical.encode(value)


@given(st.integers(-(2**63), 2**64 - 1), st.integers(-(2**63), 2**64 - 1))
def test_integers_of_all_sizes(x: int, y: int) -> None:
    found = binding_of(Moved)
    assert found.encode(Moved(x, y)) == canonical.encode({"x": x, "y": y})
    assert found.decode(found.encode(Moved(x, y))) == Moved(x, y)


@dataclass
class Scalars:
    name: str
    count: int
    ratio: float
    on: bool
    note: str


SCALARS = bound(Scalars)


@given(
    st.builds(
        Scalars,
        st.text(st.characters(exclude_categories=["Cs"])),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False),
        st.booleans(),
        st.text(st.characters(exclude_categories=["Cs"])),
    )
)
def test_scalars(value: Scalars) -> None:
    assert SCALARS.encode(value) == canonical.encode(value)
    assert SCALARS.decode(SCALARS.encode(value)) == value


def test_field_order_and_unknown_keys() -> None:
    found = binding_of(Moved)
    assert found.decode(payload_encode({"y": 2, "z": [1, {"a": b""}], "x": 1, 5: None})) == Moved(1, 2)


@dataclass
class Defaults:
    a: int
    b: int = 5
    c: list[int] = field(default_factory=lambda: [1])
    d: int | None = None
    e: Optional[str] = field(default="e")


DEFAULTS = bound(Defaults)


def test_defaults() -> None:
    one, other = (DEFAULTS.decode(payload_encode({"a": 1})) for _ in range(2))
    assert one == Defaults(1, 5, [1], None, "e")
    assert one.c is not other.c
    assert DEFAULTS.decode(payload_encode({"a": 1, "e": None})).e is None


def test_missing_fields() -> None:
    with pytest.raises(ValueRefused, match=r"^Moved: \$\.y: is missing") as raised:
        binding_of(Moved).decode(payload_encode({"x": 1}))
    assert raised.value.code is Status.BP_VALUE
    with pytest.raises(ValueRefused, match=r"\$\.place\.name: is missing"):
        value = payload_decode(binding_of(Everything).encode(everything()))
        binding_of(Everything).decode(payload_encode({**value, "place": {}}))


def test_a_missing_optional_is_none() -> None:
    @dataclass
    class Maybe:
        a: int | None
        b: Any

    assert bound(Maybe).decode(b"\x80") == Maybe(None, None)


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("flag", 1, "$.flag"),
        ("number", True, "$.number"),
        ("number", 1.0, "$.number"),
        ("number", "1", "$.number"),
        ("number", None, "$.number"),
        ("real", "1", "$.real"),
        ("real", True, "$.real"),
        ("real", 2**53 + 1, "$.real"),
        ("real", 2**64 - 1, "$.real"),
        ("text", b"a", "$.text"),
        ("text", None, "$.text"),
        ("blob", "a", "$.blob"),
        ("blob", [256], "$.blob"),
        ("blob", [-1], "$.blob"),
        ("blob", [True], "$.blob"),
        ("nothing", 0, "$.nothing"),
        ("maybe", "1", "$.maybe"),
        ("colour", "green", "$.colour"),
        ("colour", None, "$.colour"),
        ("colour", [], "$.colour"),
        ("step", "b", "$.step"),
        ("step", True, "$.step"),
        ("words", "ab", "$.words"),
        ("words", ["a", 1], "$.words[1]"),
        ("counts", [], "$.counts"),
        ("counts", {"a": "b"}, "$.counts.a"),
        ("counts", {"b c": None}, "$.counts['b c']"),
        ("counts", {1: 1}, "$.counts[1]"),
        ("pair", [1], "$.pair"),
        ("pair", [1, "a", 2], "$.pair"),
        ("pair", ["a", 1], "$.pair[0]"),
        ("pair", {}, "$.pair"),
        ("many", [1, None], "$.many[1]"),
        ("place", [], "$.place"),
        ("place", {"name": 1}, "$.place.name"),
        ("place", {"name": "a", "at": [1.0, "b"]}, "$.place.at[1]"),
        ("tree", {"value": 1, "children": [{"value": "a"}]}, "$.tree.children[0].value"),
        ("either", 1.5, "$.either"),
        ("either", b"", "$.either"),
        ("plain", {}, "$.plain"),
        ("free", [], "$.free"),
    ],
)
def test_wrong_types_are_refused(name: str, value: Any, where: str) -> None:
    good = payload_decode(binding_of(Everything).encode(everything()))
    with pytest.raises(ValueRefused) as raised:
        binding_of(Everything).decode(payload_encode({**good, name: value}))
    assert raised.value.text.startswith(f"Everything: {where}: ")


@pytest.mark.parametrize("value", [None, 1, "x", b"", [10, 20], [], True, 1.5])
def test_what_is_no_map_is_refused(value: Any) -> None:
    with pytest.raises(ValueRefused, match=r"^Moved: \$: a map is wanted"):
        binding_of(Moved).decode(payload_encode(value))


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", Status.BP_MESSAGEPACK),
        (b"\x81\xa1x", Status.BP_MESSAGEPACK),
        (b"\x91" * 1024 + b"\xc0", Status.BP_DEPTH),
    ],
)
def test_bad_payloads_are_refused(payload: bytes, code: Status) -> None:
    with pytest.raises(PayloadError) as raised:
        binding_of(Moved).decode(payload)
    assert raised.value.code is code


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (Moved("a", 1), "$.x"),  # type: ignore[arg-type]
        (Moved(1, None), "$.y"),  # type: ignore[arg-type]
        (Moved(True, 1), "$.x"),
        (Moved(1.0, 1), "$.x"),  # type: ignore[arg-type]
        (Moved(2**64, 0), "$.x"),
        (Moved(0, -(2**63) - 1), "$.y"),
    ],
)
def test_wrong_instances_are_refused(wrong: Moved, where: str) -> None:
    with pytest.raises(ValueRefused) as raised:
        binding_of(Moved).encode(wrong)
    assert f"{where}: " in raised.value.text


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"real": 2**53 + 1}, "$.real"),
        ({"real": "1"}, "$.real"),
        ({"text": 1}, "$.text"),
        ({"blob": "a"}, "$.blob"),
        ({"colour": "red"}, "$.colour"),
        ({"step": "b"}, "$.step"),
        ({"words": ("a",)}, "$.words"),
        ({"words": ["a", 1]}, "$.words[1]"),
        ({"pair": [1, "a"]}, "$.pair"),
        ({"pair": (1,)}, "$.pair"),
        ({"many": [1]}, "$.many"),
        ({"place": {"name": "a"}}, "$.place"),
        ({"place": Place(1)}, "$.place.name"),  # type: ignore[arg-type]
        ({"counts": {"a": None}}, "$.counts.a"),
        ({"either": 1.5}, "$.either"),
        ({"text": "\ud800"}, "$.text"),
        ({"anything": {1, 2}}, "$.anything"),
        ({"free": {"a": [object()]}}, "$.free.a[0]"),
    ],
)
def test_wrong_fields_are_refused(changes: dict[str, Any], where: str) -> None:
    with pytest.raises(ValueRefused) as raised:
        binding_of(Everything).encode(everything(**changes))
    assert f"{where}: " in raised.value.text


def test_a_surrogate_in_a_small_class_is_refused() -> None:
    with pytest.raises(ValueRefused, match=r"\$\.name: "):
        SCALARS.encode(Scalars("\ud800", 1, 1.0, True, ""))


def test_an_int_in_a_float_field_is_a_double() -> None:
    assert SCALARS.encode(Scalars("", 1, 3, True, "")) == canonical.encode(Scalars("", 1, 3.0, True, ""))
    assert SCALARS.decode(payload_encode({"name": "", "count": 1, "ratio": 3, "on": True, "note": ""})).ratio == 3.0


def test_the_rust_library_writes_bytes_as_an_array() -> None:
    good = payload_decode(binding_of(Everything).encode(everything()))
    assert binding_of(Everything).decode(payload_encode({**good, "blob": [0, 255]})).blob == b"\x00\xff"


def test_recursive_classes() -> None:
    deep = Node(0)
    for at in range(100):
        deep = Node(at, [deep])
    found = bound(Node)
    assert found.decode(found.encode(deep)) == deep


def test_too_deep_for_the_interpreter_is_refused() -> None:
    deep = Node(0)
    for at in range(5000):
        deep = Node(at, [deep])
    holder = make_dataclass("Holder", [("node", Node)])
    with pytest.raises(PayloadError) as raised:
        bound(holder).encode(holder(deep))
    assert raised.value.code is Status.BP_DEPTH


def test_a_subclass_has_no_binding() -> None:
    @dataclass
    class Further(Moved):
        z: int = 0

    with pytest.raises(CallError, match="not bound"):
        binding_of(Further)
    with pytest.raises(CallError, match="not bound"):
        binding_of(Further(1, 2))
    with pytest.raises(ValueRefused):
        binding_of(Moved).encode(Further(1, 2, 3))
    assert bound(Further).decode(payload_encode({"x": 1, "y": 2, "z": 3})) == Further(1, 2, 3)


def test_what_is_not_decorated_has_no_binding() -> None:
    for thing in (Place, Place("a"), int, 1, None):
        with pytest.raises(CallError):
            binding_of(thing)


def test_a_kind_is_bound_once() -> None:
    @dataclass
    class Another:
        x: int

    with pytest.raises(TypeError, match="Moved"):
        batpak.event(category=0xE, type_id=1)(Another)
    with pytest.raises(CallError):
        binding_of(Another)
    assert binding_of(batpak.event(category=0xE, type_id=1, schema_version=1)(Another)).schema_version == 1
    with pytest.raises(TypeError, match="already"):
        batpak.event(category=0xE, type_id=next(_free))(Another)


def test_a_class_defined_anew_takes_its_kind_over() -> None:
    number = next(_free)

    def define() -> type[Any]:
        @batpak.event(category=0xE, type_id=number)
        @dataclass
        class Again:
            x: int

        return Again

    first, second = define(), define()
    assert first is not second and binding_of(first).kind == binding_of(second).kind


def test_a_dropped_class_frees_its_kind() -> None:
    number = next(_free)
    gone: Any = batpak.event(category=0xE, type_id=number)(make_dataclass("Gone", [("x", int)]))
    assert binding_of(gone).decode(binding_of(gone).encode(gone(1))) == gone(1)
    del gone
    gc.collect()
    batpak.event(category=0xE, type_id=number)(make_dataclass("Other", [("x", int)]))


@pytest.mark.parametrize(
    ("category", "type_id", "code"),
    [
        (0, 1, Status.BP_KIND_RESERVED),
        (0xD, 1, Status.BP_KIND_RESERVED),
        (16, 1, Status.BP_KIND_RANGE),
        (1, 0x1000, Status.BP_KIND_RANGE),
        (-1, 1, Status.BP_KIND_RANGE),
        (1, -1, Status.BP_KIND_RANGE),
    ],
)
def test_impossible_kinds_are_refused(category: int, type_id: int, code: Status) -> None:
    with pytest.raises(KindError) as raised:
        batpak.event(category=category, type_id=type_id)
    assert raised.value.code is code


@pytest.mark.parametrize("wrong", [object, int, lambda: None, Moved(1, 2)])
def test_only_dataclasses_are_events(wrong: Any) -> None:
    with pytest.raises(TypeError, match="dataclass"):
        batpak.event(category=0xE, type_id=next(_free))(wrong)


@pytest.mark.parametrize("version", [-1, 1.0, None, True])
def test_schema_version_is_a_number(version: Any) -> None:
    with pytest.raises(TypeError):
        batpak.event(category=0xE, type_id=next(_free), schema_version=version)


class Mixed(enum.Enum):
    A = 1
    B = "b"


@pytest.mark.parametrize(
    "declared",
    [
        set[int],
        frozenset,
        complex,
        Callable[[], int],
        Union[Place, Moved],
        Union[list[int], tuple[int, ...]],
        Union[Colour, str],
        Union[Any, int],
        Union[Mixed, int],
        type,
        TypeVar("T"),
        Generic,
        bytearray,
        "no_such_name",
    ],
    ids=str,
)
def test_types_that_no_payload_can_hold(declared: Any) -> None:
    found = bound(make_dataclass("Odd", [("x", declared)]))
    with pytest.raises((TypeError, NameError)):
        found.decode(b"\x81\xa1x\x01")


def test_a_field_outside_init_is_refused() -> None:
    @dataclass
    class Derived:
        a: int
        b: int = field(init=False, default=1)

    with pytest.raises(TypeError, match="init=False"):
        bound(Derived).encode(Derived(1))


def test_exceptions_of_the_class_come_out_unchanged() -> None:
    problem = RuntimeError("no")

    @dataclass
    class Picky:
        x: int

        def __post_init__(self) -> None:
            if self.x < 0:
                raise problem

    with pytest.raises(RuntimeError) as raised:
        bound(Picky).decode(payload_encode({"x": -1}))
    assert raised.value is problem


def test_slots_frozen_and_keyword_only() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Small:
        a: int
        b: str = ""

    found = bound(Small)
    assert found.decode(found.encode(Small(a=1, b="x"))) == Small(a=1, b="x")


def test_a_class_without_fields() -> None:
    @dataclass
    class Nothing:
        pass

    found = bound(Nothing)
    assert found.encode(Nothing()) == b"\x80"
    assert found.decode(b"\x81\xa1a\x01") == Nothing()


def test_names_are_resolved_at_first_use() -> None:
    @dataclass
    class Early:
        later: Later  # type: ignore[name-defined]  # noqa: F821

    found = bound(Early)
    with pytest.raises(NameError):
        found.encode(Early(None))
    globals()["Later"] = Place
    try:
        assert found.decode(found.encode(Early(Place("a")))) == Early(Place("a"))
    finally:
        del globals()["Later"]


def test_append_and_read(path: Path) -> None:
    with batpak.open(path) as store:
        receipt = store.append("player:alice", "room:dungeon", Moved(10, 20))
        store.append("player:alice", "room:dungeon", everything())
        store.append("player:alice", "room:dungeon", kind=0xE001, value={"x": 1})
        assert store.get(receipt.event_id, Moved).payload == Moved(10, 20)
        assert store.get(receipt.event_id).payload == b"\x82\xa1x\x0a\xa1y\x14"
        assert [event.kind for event in store.events(Moved)] == [0xE001, 0xE001]
        assert next(store.events(Everything)).payload == everything()
        good, bad = store.events(Moved, entity="player:alice")
        assert good.payload == Moved(10, 20) and bad.value() == {"x": 1} and bad.payload_bytes == b"\x81\xa1x\x01"
        with pytest.raises(ValueRefused, match="is missing"):
            bad.payload
        with pytest.raises(KindMismatch) as raised:
            store.get(receipt.event_id, Everything).payload
        assert (raised.value.expected, raised.value.actual) == (0xE002, 0xE001)
        assert store.fold(0, lambda total, event: total + event.payload.x, Moved, limit=1) == 10


def test_append_of_what_is_not_bound(store: batpak.Store) -> None:
    for event in (Place("a"), 1, "x", {"x": 1}):
        with pytest.raises(CallError):
            store.append("e", "s", event)
    assert len(store.page(entity="e")) == 0
