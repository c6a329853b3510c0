"""What the type of a field says of the value that stands in it: how it is checked, written and read."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from enum import Enum, Flag
from typing import Any, Final, Literal, NewType, Tuple, Union, get_args, get_origin


class Mismatch(Exception):
    """A value that does not fit; each shape around puts its part of the place before it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text
        self.names: list[str] = []

    def within(self, name: str) -> Mismatch:
        """The same, one container further out."""
        self.names.append(name)
        return self

    def __str__(self) -> str:
        return f"${''.join(reversed(self.names))}: {self.text}"


class Shape:
    """Anything: the shape of `Any`, and what the others stand on."""

    #: Of what type a payload holds it; None where that may be any.
    native: type | None = None
    #: What is of exactly this type needs neither `give` nor `take`.
    exact: type | None = None

    def give(self, value: Any) -> Any:
        """What is to be written for a value. Raises Mismatch."""
        return value

    def take(self, value: Any) -> Any:
        """The value, from what was read. Raises Mismatch."""
        return value


def _no(value: object, wanted: str) -> Mismatch:
    return Mismatch(f"{wanted} is wanted, not {'None' if value is None else type(value).__name__}")


class Scalar(Shape):
    """A bool, int, str, or None."""

    def __init__(self, made_of: type) -> None:
        self.native = self.exact = made_of

    def give(self, value: Any) -> Any:
        if isinstance(value, self.native or object) and (self.native is bool or not isinstance(value, bool)):
            return value
        raise self._mismatch(value)

    def take(self, value: Any) -> Any:
        if type(value) is self.native:
            return value
        raise self._mismatch(value)

    def _mismatch(self, value: object) -> Mismatch:
        return _no(value, "None" if self.native is types.NoneType or self.native is None else self.native.__name__)


class Double(Shape):
    """A float; an int that is one exactly passes."""

    native = exact = float

    def give(self, value: Any) -> Any:
        return self.take(value)

    def take(self, value: Any) -> Any:
        if isinstance(value, float):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            try:
                if float(value) == value:
                    return float(value)
            except OverflowError:
                pass
            raise Mismatch("an int that no float equals")
        raise _no(value, "float")


class Octets(Shape):
    """Bytes; an array of small ints, as the Rust library writes them, reads as bytes too."""

    native = exact = bytes

    def give(self, value: Any) -> Any:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return value
        raise _no(value, "bytes")

    def take(self, value: Any) -> Any:
        if type(value) is bytes:
            return value
        if type(value) is list and all(type(item) is int and 0 <= item <= 0xFF for item in value):
            return bytes(value)
        raise _no(value, "bytes")


def _each(values: Any, convert: Callable[[Any], Any]) -> list[Any]:
    """All of them converted; a mismatch knows which one it was."""
    out: list[Any] = []
    try:
        for value in values:
            out.append(convert(value))
    except Mismatch as mismatch:
        raise mismatch.within(f"[{len(out)}]") from None
    return out


class Listed(Shape):
    """A list, or a tuple of any length, of one shape."""

    native = list

    def __init__(self, made_of: type, item: Shape) -> None:
        self.made_of = made_of
        self.item = item

    def give(self, value: Any) -> Any:
        if not isinstance(value, self.made_of):
            raise _no(value, self.made_of.__name__)
        return _each(value, self.item.give)

    def take(self, value: Any) -> Any:
        if type(value) is not list:
            raise _no(value, "an array")
        found = _each(value, self.item.take)
        return found if self.made_of is list else self.made_of(found)


class Fixed(Shape):
    """A tuple with a shape for each place."""

    native = list

    def __init__(self, items: list[Shape]) -> None:
        self.items = items

    def give(self, value: Any) -> Any:
        if not isinstance(value, tuple):
            raise _no(value, "tuple")
        return self._pairs(value, lambda pair: pair[0].give(pair[1]))

    def take(self, value: Any) -> Any:
        if type(value) is not list:
            raise _no(value, "an array")
        return tuple(self._pairs(value, lambda pair: pair[0].take(pair[1])))

    def _pairs(self, values: Any, convert: Callable[[Any], Any]) -> list[Any]:
        if len(values) != len(self.items):
            raise Mismatch(f"{len(self.items)} elements are wanted, not {len(values)}")
        return _each(zip(self.items, values), convert)


class Mapped(Shape):
    """A dict with a shape for keys and one for values."""

    native = dict

    def __init__(self, key: Shape, value: Shape) -> None:
        self.key = key
        self.value = value

    def give(self, value: Any) -> Any:
        if not isinstance(value, dict):
            raise _no(value, "dict")
        return self._items(value, self.key.give, self.value.give)

    def take(self, value: Any) -> Any:
        if type(value) is not dict:
            raise _no(value, "a map")
        return self._items(value, self.key.take, self.value.take)

    def _items(self, held: dict[Any, Any], of_key: Callable[[Any], Any],
               of_value: Callable[[Any], Any]) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        for name, item in held.items():
            try:
                out[of_key(name)] = of_value(item)
            except Mismatch as mismatch:
                plain = isinstance(name, str) and name.isidentifier()
                raise mismatch.within(f".{name}" if plain else f"[{name!r}]") from None
        if len(out) != len(held):
            raise Mismatch("keys that are equal once they are read")
        return out


class Member(Shape):
    """A member of an Enum, written as its value; or one of the values of a Literal."""

    def __init__(self, name: str, values: dict[tuple[type, Any], Any]) -> None:
        self.name = name
        self.values = values
        natives = {made_of for made_of, _ in values}
        self.native = natives.pop() if len(natives) == 1 else None

    def take(self, value: Any) -> Any:
        try:
            return self.values[type(value), value]
        except (KeyError, TypeError):
            raise Mismatch(f"{value!r} is not one of {self.name}") from None


def _by_value(name: str, members: Iterable[tuple[Any, Any]]) -> dict[tuple[type, Any], Any]:
    """The members by what stands for them in a payload, which must be what a payload gives back."""
    found = {}
    for value, member in members:
        if type(value) not in (bool, int, float, str, bytes, types.NoneType) or value != value:
            raise TypeError(f"{name}: {value!r} is no value that reads back as it was written")
        found[type(value), value] = member
    return found


class EnumMember(Member):
    """A member of an Enum."""

    def __init__(self, made_of: type[Enum]) -> None:
        super().__init__(made_of.__name__, _by_value(made_of.__name__, ((each.value, each) for each in made_of)))
        self.made_of = made_of

    def give(self, value: Any) -> Any:
        if not isinstance(value, self.made_of):
            raise _no(value, self.name)
        return value.value

    def take(self, value: Any) -> Any:
        if issubclass(self.made_of, Flag) and type(value) is int:
            try:
                found = self.made_of(value)  # several at once have no name of their own
            except ValueError:
                found = None
            if found is not None and found.value == value:
                return found
        return super().take(value)


class LiteralMember(Member):
    """One of the values of a Literal."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        name = ", ".join(map(repr, values))
        super().__init__(name, _by_value(name, ((value, value) for value in values)))

    def give(self, value: Any) -> Any:
        return self.take(value)


class Either(Shape):
    """One of several shapes that can be told apart by what a payload holds; with None it is Optional."""

    def __init__(self, shapes: list[Shape]) -> None:
        self.by_native = {shape.native: shape for shape in shapes}
        if len(self.by_native) != len(shapes) or None in self.by_native:
            raise TypeError("a union whose members cannot be told apart in a payload")

    def give(self, value: Any) -> Any:
        first = self.by_native.get(type(value))
        return self._of(first, value, lambda shape: shape.give(value))

    def take(self, value: Any) -> Any:
        first = self.by_native.get(type(value))
        return self._of(first, value, lambda shape: shape.take(value))

    def _of(self, first: Shape | None, value: Any, convert: Callable[[Shape], Any]) -> Any:
        if first is not None and (first.exact is not None or len(self.by_native) == 2):
            return convert(first)
        problem: Mismatch | None = None
        others = [shape for shape in self.by_native.values() if shape is not first]
        for shape in others if first is None else [first, *others]:
            try:
                return convert(shape)
            except Mismatch as mismatch:
                problem = problem or mismatch
        raise problem if problem is not None and len(self.by_native) == 2 else _no(value, "another type")


_SCALARS: Final[dict[Any, Shape]] = {
    Any: Shape(), object: Shape(), float: Double(), bytes: Octets(),
    **{made_of: Scalar(made_of) for made_of in (bool, int, str, types.NoneType)},
}


def shape_of(declared: Any, dataclass_shape: Callable[[type], Shape]) -> Shape:
    """The shape of a declared type. Raises TypeError for one that no payload can hold."""
    if isinstance(declared, NewType):
        return shape_of(declared.__supertype__, dataclass_shape)
    if declared in _SCALARS:
        return _SCALARS[declared]
    origin, inner = get_origin(declared) or declared, get_args(declared)
    if origin in (Union, types.UnionType):
        return Either([shape_of(each, dataclass_shape) for each in inner])
    if origin is Literal:
        return LiteralMember(inner)
    if origin is list or declared in (tuple, Tuple) or origin is tuple and inner[1:] == (Ellipsis,):
        return Listed(origin, shape_of(inner[0] if inner else Any, dataclass_shape))
    if origin is tuple:
        return Fixed([shape_of(each, dataclass_shape) for each in inner if each != ()])
    if origin is dict:
        key, value = (shape_of(each, dataclass_shape) for each in inner or (Any, Any))
        if key.native in (list, dict):
            raise TypeError(f"{declared!r}: keys that are arrays or maps cannot be read back")
        return Mapped(key, value)
    if isinstance(declared, type) and issubclass(declared, Enum):
        return EnumMember(declared)
    if isinstance(declared, type) and is_dataclass(declared):
        return dataclass_shape(declared)
    raise TypeError(f"{declared!r} is no type that a payload can hold")
