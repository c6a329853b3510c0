"""Pages of events, and the questions that they answer. Since 0.1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from ._batpak import PageBase, ffi, lib
from ._constants import (
    BP_KIND_CATEGORY,
    BP_KIND_EXACT,
    BP_QUERY_AFTER,
    BP_QUERY_CLOCK,
    BP_QUERY_ENTITY,
    BP_QUERY_SCOPE,
    BP_QUERY_UNDER,
    Status,
)
from .draft import number
from .errors import made
from .event import Event
from .values import utf8

T = TypeVar("T")


class Page(PageBase, Sequence[Event[T]], Generic[T]):
    """Events of one query, in its order, and whether there are more.

    A page owns the bytes of its events; it outlives the store, and any thread may use it. `sequences`, `event_ids`,
    `entities` and `payloads` give one field of all events as a list, which is the fastest way to read many.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator[Event[T]]: ...

    @overload
    def __getitem__(self, index: int) -> Event[T]: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event[T]]: ...
    def __getitem__(self, index: int | slice) -> Event[T] | list[Event[T]]:
        if isinstance(index, slice):
            return [self._at(at) for at in range(*index.indices(len(self)))]
        event: Event[T] = self._at(index)
        return event

    def __repr__(self) -> str:
        return f"<batpak.Page: {len(self)} events{', and more' if self.more else ''}>"


class Query:
    """A bp_query, and what its pointers point to."""

    __slots__ = ("_kept", "raw")

    def __init__(self, *, entity: str | None = None, under: str | None = None, scope: str | None = None,
                 kind: int | None = None, category: int | None = None, after: int | None = None,
                 clock: tuple[int, int] | None = None, limit: int | None = None,
                 max_bytes: int | None = None) -> None:
        raw = self.raw = ffi.new("bp_query *")
        lib.bp_query_init(raw, ffi.sizeof("bp_query"))
        self._kept: list[Any] = []
        if entity is not None and under is not None:
            raise made(Status.BP_ARGUMENT, "entity and under exclude each other")
        if kind is not None and category is not None:
            raise made(Status.BP_ARGUMENT, "kind and category exclude each other")
        if entity is not None or under is not None:
            raw.flags |= BP_QUERY_ENTITY if under is None else BP_QUERY_UNDER
            raw.entity, raw.entity_length = self._text(
                "entity" if under is None else "under", entity if under is None else under)
        if scope is not None:
            raw.flags |= BP_QUERY_SCOPE
            raw.scope, raw.scope_length = self._text("scope", scope)
        if kind is not None:
            raw.kind_filter, raw.kind = BP_KIND_EXACT, number("kind", kind, 0xFFFF)
        elif category is not None:
            raw.kind_filter, raw.kind = BP_KIND_CATEGORY, number("category", category, 15)
        if after is not None:
            self.continue_after(after)
        if clock is not None:
            raw.flags |= BP_QUERY_CLOCK
            least, most = clock
            raw.clock_min, raw.clock_max = number("clock", least, 0xFFFF_FFFF), number("clock", most, 0xFFFF_FFFF)
        if limit is not None:
            raw.limit = number("limit", limit, MAXIMUM)
        if max_bytes is not None:
            raw.max_bytes = number("max_bytes", max_bytes, MAXIMUM)

    def _text(self, name: str, text: Any) -> tuple[Any, int]:
        data = utf8(name, text)
        pointer = ffi.from_buffer("uint8_t[]", data)
        self._kept.append(pointer)
        return pointer, len(data)

    def continue_after(self, sequence: int) -> None:
        """Only sequences strictly above this one."""
        self.raw.flags |= BP_QUERY_AFTER
        self.raw.after = number("after", sequence, MAXIMUM)

    @property
    def address(self) -> int:
        """For the raw module; valid as long as this object."""
        return int(ffi.cast("uintptr_t", self.raw))


MAXIMUM = 0xFFFF_FFFF_FFFF_FFFF
