"""Dataclasses as events: bound once to a kind, written as a map of their fields, read back checked. Since 0.1."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, Final, Generic, TypeVar

from ._constants import Status
from .errors import Error, KindMismatch, PayloadError, made
from .kind import Kind
from .plan import Plan, plan_of
from .shapes import Mismatch
from .values import Buffer, payload_decode, payload_encode

T = TypeVar("T")

_ATTRIBUTE: Final = "__batpak_event__"
_bound: Final[weakref.WeakValueDictionary[tuple[int, int], type]] = weakref.WeakValueDictionary()
_lock: Final = threading.Lock()


class Binding(Generic[T]):
    """What binds a dataclass to its kind. Any thread may use it."""

    __slots__ = ("_plan", "cls", "kind", "schema_version")

    #: The dataclass.
    cls: type[T]
    #: The kind of its events.
    kind: Kind
    #: Which version of the class this is; it is not written.
    schema_version: int

    def __init__(self, cls: type[T], kind: Kind, schema_version: int) -> None:
        self.cls = cls
        self.kind = kind
        self.schema_version = schema_version
        self._plan: Plan | None = None

    def plan(self) -> Plan:
        """How the class is written and read; made at first use, when the names in its annotations are known."""
        if self._plan is None:
            self._plan = plan_of(self.cls)
        return self._plan

    def encode(self, value: T) -> bytes:
        """The payload of an instance. Raises ValueRefused where a field does not hold what it was declared as."""
        plan = self._plan or self.plan()
        try:
            return payload_encode(plan.give(value))
        except Mismatch as mismatch:
            raise self._refused(mismatch) from None
        except RecursionError:
            raise self._too_deep() from None

    def decode(self, payload: Buffer, kind: int | None = None) -> T:
        """The instance that a payload holds: fields in any order, unknown ones skipped, missing ones by their default.

        Raises PayloadError where the bytes are not MessagePack, ValueRefused with the place where they do not fit the
        class, and KindMismatch where `kind`, that of the event, is another one.
        """
        if kind is not None and kind != self.kind:
            raise self._another_kind(kind)
        plan = self._plan or self.plan()
        try:
            found: T = plan.take(payload_decode(payload))
            return found
        except Mismatch as mismatch:
            raise self._refused(mismatch) from None
        except RecursionError:
            raise self._too_deep() from None

    def _refused(self, mismatch: Mismatch) -> Error:
        return made(Status.BP_VALUE, f"{self.cls.__name__}: {mismatch}")

    def _too_deep(self) -> Error:
        return PayloadError(Status.BP_DEPTH, f"{self.cls.__name__}: nested deeper than this interpreter can follow")

    def _another_kind(self, kind: int) -> Error:
        return KindMismatch(Status.BP_VALUE, f"the event has kind {Kind(kind)}, but {self.cls.__name__} is {self.kind}",
                            expected=self.kind, actual=kind)

    def __repr__(self) -> str:
        return f"<batpak.Binding {self.cls.__qualname__} {self.kind} version {self.schema_version}>"


def event(*, category: int, type_id: int, schema_version: int = 0) -> Callable[[type[T]], type[T]]:
    """Binds a dataclass to the kind of a category (1 to 15, but not 13) and a type id (0 to 0xFFF).

        @batpak.event(category=0xF, type_id=1)
        @dataclass
        class Moved:
            x: int
            y: int

    Its payload is a map of its fields in their order. `schema_version` tells versions of one event apart; it is not
    written. Raises KindError for a kind that cannot be, and TypeError for what is no dataclass, or where category, type
    id and schema version belong to another class already.
    """
    kind = Kind.make(category, type_id)
    if type(schema_version) is not int or schema_version < 0:
        raise TypeError(f"schema_version is a whole number from 0, not {schema_version!r}")

    def bind(cls: type[T]) -> type[T]:
        if not (isinstance(cls, type) and is_dataclass(cls)):
            raise TypeError(f"{cls!r} is no dataclass; write @dataclass below @batpak.event")
        if _binding(cls) is not None:
            raise TypeError(f"{cls.__qualname__} is bound already")
        with _lock:
            holder = _bound.get((kind, schema_version))
            if holder is not None and not _same_place(holder, cls):
                raise TypeError(f"kind {kind} version {schema_version} is bound to {holder.__qualname__} already")
            _bound[kind, schema_version] = cls
        setattr(cls, _ATTRIBUTE, Binding(cls, kind, schema_version))
        return cls

    return bind


def _same_place(one: type, other: type) -> bool:
    """A class that was defined anew, by a reload or in a notebook."""
    return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)


def binding_of(thing: object) -> Binding[Any]:
    """The binding of a decorated class, or of the class of an instance.

    A class that inherits from a decorated one has no binding of its own. Raises CallError where there is none.
    """
    cls = thing if isinstance(thing, type) else type(thing)
    found = _binding(cls)
    if found is None:
        raise made(Status.BP_ARGUMENT, f"{cls.__qualname__} is not bound to a kind; decorate it with @batpak.event")
    return found


def _binding(cls: type) -> Binding[Any] | None:
    found: Binding[Any] | None = getattr(cls, _ATTRIBUTE, None)
    return found if found is not None and found.cls is cls else None
