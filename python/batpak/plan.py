"""How one dataclass is written and read, worked out once.

For the fields that hold exactly what they are declared as, code is made for the class, as `dataclasses` does for its
methods; whatever else stands in a field goes the long way through its shape.
"""

from __future__ import annotations

import struct
import threading
import weakref
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from inspect import Parameter, signature
from os.path import commonprefix
from typing import Any, Final, get_type_hints

from .shapes import Mismatch, Shape, shape_of
from .values import BOOL, FLOAT64, INT, MAP, STRING, UINT, Buffer

_lock: Final = threading.RLock()
_plans: Final[weakref.WeakKeyDictionary[type, Plan]] = weakref.WeakKeyDictionary()

_Tokens = Callable[[Any], "tuple[bytes, Buffer, int] | None"]

#: What a field holds that the payload lacks.
_LACKING: Final = object()

#: Of the types that the fast way knows: the format of the token's number, its type and number, made of a value `v`.
_FAST: Final = {
    bool: ("Q", str(BOOL), "{v}"),
    int: ("Q", f"({UINT} if {{v}} >= 0 else {INT})", "({v} if {v} >= 0 else {v} + (1 << 64) if {v} >= -1 << 63 else -1)"),
    float: ("d", str(FLOAT64), "{v}"),
}


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
        self.named = [_Named(field, shape_of(declared, _Nested)) for field, declared in _declared(cls)]
        #: The tokens of an instance, their texts and their count; None where a field holds something else than usual.
        self.tokens: _Tokens = _make_tokens(cls, self.named)
        self._made: Callable[[dict[Any, Any]], Any] = _make_made(cls, self.named)

    def give(self, value: Any) -> Any:
        if type(value) is not self.cls:
            raise Mismatch(f"{self.cls.__name__} is wanted, not {type(value).__name__}")
        return {named.name: named.give(getattr(value, named.name)) for named in self.named}

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
    """The plan of a dataclass. Raises TypeError where a field cannot be held by a payload."""
    found = _plans.get(cls)
    if found is None:
        with _lock:
            found = _plans.setdefault(cls, Plan(cls))
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


def _make_tokens(cls: type, named: list[_Named]) -> _Tokens:
    """The fast way: one call of pack over constants and the values of the fields."""
    if not all(each.shape.exact in _FAST or each.shape.exact is str for each in named):
        return lambda value: None
    names = [each.name.encode() for each in named]
    form, texts, end = "=QQQ", ["names"], str(sum(map(len, names)))
    lines = ["if type(whole) is not cls: return None"]
    given = [str(MAP), str(len(named)), "0"]
    known: dict[str, Any] = {"cls": cls, "names": b"".join(names), "wrong": (struct.error, UnicodeEncodeError)}
    for at, each in enumerate(named):
        value = f"value{at}"
        known[f"exact{at}"] = each.shape.exact
        lines += [f"{value} = whole.{each.name}", f"if type({value}) is not exact{at}: return None"]
        given += [str(STRING), str(len(names[at])), str(sum(map(len, names[:at])))]
        if each.shape.exact is str:
            lines += [f"try: {value} = {value}.encode()", "except wrong: return None"]
            number, kind, word = "Q", str(STRING), f"len({value})"
            given += [kind, word, end]
            texts.append(value)
            end += f" + len({value})"
        else:
            number, kind, word = _FAST[each.shape.exact or object]
            given += [kind, word.format(v=value) if "{" in word else word, "0"]
            given[-3] = kind.format(v=value)
        form += f"QQQQ{number}Q"
    known["pack"] = struct.Struct(form).pack
    count = 1 + 2 * len(named)
    lines += [f"try: return pack({', '.join(given)}), {' + '.join(texts)}, {count}", "except wrong: return None"]
    tokens: _Tokens = _compiled("tokens", "whole", lines, known)
    return tokens
