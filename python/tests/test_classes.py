"""Dataclasses of every make: what was written reads back the same, or the class is refused before anything is written."""

from __future__ import annotations

import enum
from dataclasses import InitVar, dataclass, field
from itertools import count
from typing import Any, Literal, Tuple

import batpak
import pytest

numbers = count(0x700)


class Permission(enum.Flag):
    READ = 1
    WRITE = 2


class Pair(enum.Enum):
    BOTH = (1, 2)


class Colour(enum.Enum):
    RED = "r"


@dataclass(frozen=True)
class Point:
    x: int


def bound(cls: type[Any]) -> type[Any]:
    return batpak.event(category=0xE, type_id=next(numbers))(cls)


def kept(store: batpak.Store, value: Any) -> Any:
    return store.get(store.append("e", "s", value).event_id, type(value)).payload


def test_fields_that_init_takes_in_another_order(store: batpak.Store) -> None:
    @bound
    @dataclass
    class Swapped:
        x: int
        y: int
        z: int

        def __init__(self, z: int, y: int, x: int = 0, note: str = "") -> None:
            self.x, self.y, self.z = x, y, z

    assert kept(store, Swapped(x=1, y=2, z=3)) == Swapped(x=1, y=2, z=3)


def test_keywords_between(store: batpak.Store) -> None:
    @bound
    @dataclass
    class Mixed:
        a: int
        b: int = field(default=2, kw_only=True)
        c: int = 3

    assert kept(store, Mixed(1, 5, b=7)) == Mixed(1, 5, b=7)


def test_flags_that_are_set_together(store: batpak.Store) -> None:
    @bound
    @dataclass
    class Granted:
        what: Permission

    for what in (Permission(0), Permission.READ, Permission.READ | Permission.WRITE):
        assert kept(store, Granted(what)).what is what
    payload = batpak.payload_encode({"what": 4})
    receipt = store.append("e", "s", kind=batpak.Kind.make(0xE, next(numbers) - 1), payload=payload)
    with pytest.raises(batpak.ValueRefused):
        store.get(receipt.event_id, Granted).payload


def test_tuples(store: batpak.Store) -> None:
    @bound
    @dataclass
    class Tuples:
        none: tuple[()]
        any: tuple  # type: ignore[type-arg]
        old: Tuple  # type: ignore[type-arg]
        many: tuple[int, ...]

    assert kept(store, Tuples((), (1, "a"), (2,), (3, 4))) == Tuples((), (1, "a"), (2,), (3, 4))
    with pytest.raises(batpak.ValueRefused):
        store.append("e", "s", Tuples((1,), (), (), ()))  # type: ignore[arg-type]


@dataclass
class WithInitVar:
    x: int
    scale: InitVar[int] = 1
    y: int = 0


@dataclass
class OwnInit:
    x: int

    def __init__(self, other: int) -> None:
        self.x = other


@dataclass
class TupleMember:
    x: Pair = Pair.BOTH


@dataclass
class EnumLiteral:
    x: Literal[Colour.RED] = Colour.RED


@dataclass
class TupleKeys:
    x: dict[tuple[int, int], str] = field(default_factory=lambda: {(1, 2): "a"})


@dataclass
class ClassKeys:
    x: dict[Point, int] = field(default_factory=lambda: {Point(1): 2})


@pytest.mark.parametrize("value", [WithInitVar(1, 1, 5), OwnInit(1), TupleMember(), EnumLiteral(), TupleKeys(), ClassKeys()],
                         ids=lambda value: type(value).__name__)
def test_what_could_not_be_read_back_is_not_written(store: batpak.Store, value: object) -> None:
    bound(type(value))
    before = store.stat().events
    with pytest.raises(TypeError, match="cannot be read back|reads back"):
        store.append("e", "s", value)
    assert store.stat().events == before
