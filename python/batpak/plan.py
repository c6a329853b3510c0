"""How one dataclass is written and read, worked out once.

Code is made for the class, as `dataclasses` does for its methods: a field that holds exactly what it is declared as costs
one comparison, whatever else stands in it goes through its shape.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from inspect import Parameter, signature
from os.path import commonprefix
from typing import Any, Final, get_type_hints

from .shapes import Mismatch, Shape, shape_of

_lock: Final = threading.RLock()
_ATTRIBUTE: Final = "__batpak_plan__"

#: What a field holds that the payload lacks.
_LACKING: Final = object()


class _Named:
    """A field: its name, its shape, and what it holds where the payload lacks it."""

    def __init__(self, field: Field[Any], shape: Shape) -> None:
        self.name = field.name
        self.shape = shape
        self.default = field.default
        self.factory = field.default_factory

    def give(self, value: Any) -> Any:
        try:
            return self.shape.give(value)
        except Mismatch as mismatch:
            raise mismatch.within(f".{self.name}") from None

    def take(self, value: Any) -> Any:
        if value is _LACKING:
            return self._lacking()
        try:
            return self.shape.take(value)
        except Mismatch as mismatch:
            raise mismatch.within(f".{self.name}") from None

    def _lacking(self) -> Any:
        if self.default is not MISSING:
            return self.default
        if self.factory is not MISSING:
            return self.factory()
        try:
            return self.shape.take(None)  # what may be None is None where it is absent, as the Rust library has it
        except Mismatch:
            raise Mismatch("is missing, and has no default").within(f".{self.name}") from None


class Plan(Shape):
    """A dataclass as a shape."""

    native = dict

    def __init__(self, cls: type) -> None:
        self.cls = cls
        named = [_Named(field, shape_of(declared, _Nested)) for field, declared in _declared(cls)]
        self._given = _make_give(cls, named)
        self._made = _make_made(cls, named)

    def give(self, value: Any) -> Any:
        return self._given(value)

    def take(self, value: Any) -> Any:
        if type(value) is not dict:
            raise Mismatch(f"a map is wanted, not {type(value).__name__}")
        return self._made(value)


class _Nested(Shape):
    """A dataclass inside another, perhaps inside itself: its plan is looked up when it is needed."""

    native = dict

    def __init__(self, cls: type) -> None:
        self.cls = cls

    def give(self, value: Any) -> Any:
        return plan_of(self.cls).give(value)

    def take(self, value: Any) -> Any:
        return plan_of(self.cls).take(value)


def plan_of(cls: type) -> Plan:
    """The plan of a dataclass, which keeps it. Raises TypeError where a field cannot be held by a payload."""
    found: Plan | None = cls.__dict__.get(_ATTRIBUTE)
    if found is None:
        with _lock:
            found = cls.__dict__.get(_ATTRIBUTE) or Plan(cls)
            setattr(cls, _ATTRIBUTE, found)
    return found


def _declared(cls: Any) -> list[tuple[Field[Any], Any]]:
    """The fields and their types."""
    hints = get_type_hints(cls, localns={cls.__name__: cls})
    declared = []
    for field in fields(cls):
        if not field.init:
            raise TypeError(f"{cls.__qualname__}.{field.name}: a field with init=False cannot be read back")
        declared.append((field, hints[field.name]))
    return declared


def _positional(cls: type, named: list[_Named]) -> int:
    """How many fields the class takes by their places; the others are given by name. Raises TypeError where it cannot be
    made of its fields: an InitVar, or an `__init__` of its own with other parameters."""
    taken = signature(cls).parameters
    places = [name for name, parameter in taken.items() if parameter.kind is Parameter.POSITIONAL_OR_KEYWORD]
    names = [each.name for each in named]
    for name, parameter in taken.items():
        if name not in names and (parameter.default is Parameter.empty or name in getattr(cls, "__dataclass_fields__")):
            raise TypeError(f"{cls.__qualname__}: {name} is no field but needed to make one, so it cannot be read back")
    for name in names:
        if name not in taken:
            raise TypeError(f"{cls.__qualname__}.{name}: __init__ does not take this field, so it cannot be read back")
    return len(commonprefix([places, names]))


def _compiled(name: str, parameter: str, lines: list[str], known: dict[str, Any]) -> Any:
    """A function of one parameter from its lines, over what it knows."""
    body = "".join(f"\n    {line}" for line in lines)
    exec(f"def {name}({parameter}):{body}\n", known)
    return known[name]


def _make_give(cls: type, named: list[_Named]) -> Callable[[Any], dict[str, Any]]:
    known: dict[str, Any] = {"cls": cls, "no": _no_instance}
    lines, pairs = ["if type(whole) is not cls: raise no(cls, whole)"], []
    for at, each in enumerate(named):
        known[f"exact{at}"], known[f"give{at}"] = each.shape.exact, each.give
        lines += [f"value{at} = whole.{each.name}",
                  f"if type(value{at}) is not exact{at}: value{at} = give{at}(value{at})"]
        pairs.append(f"{each.name!r}: value{at}")
    give: Callable[[Any], dict[str, Any]] = _compiled("give", "whole", [*lines, f"return {{{', '.join(pairs)}}}"], known)
    return give


def _no_instance(cls: type, value: object) -> Mismatch:
    return Mismatch(f"{cls.__name__} is wanted, not {type(value).__name__}")


def _make_made(cls: type, named: list[_Named]) -> Callable[[dict[Any, Any]], Any]:
    known: dict[str, Any] = {"made": cls, "lacking": _LACKING}
    lines, given = ["get = found.get"], []
    positional = _positional(cls, named)
    for at, each in enumerate(named):
        known[f"exact{at}"], known[f"take{at}"] = each.shape.exact, each.take
        lines += [f"value{at} = get({each.name!r}, lacking)",
                  f"if type(value{at}) is not exact{at}: value{at} = take{at}(value{at})"]
        given.append(f"value{at}" if at < positional else f"{each.name}=value{at}")
    take: Callable[[dict[Any, Any]], Any] = _compiled("take", "found", [*lines, f"return made({', '.join(given)})"], known)
    return take
