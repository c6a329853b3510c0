"""Kinds: what type of event. Since 0.1."""

from __future__ import annotations

from operator import index
from typing import SupportsIndex

from ._batpak import ffi, lib
from ._constants import Status
from .errors import error_of, made, raise_for, text_of
from .values import utf8


class Kind(int):
    """A kind: the category in the upper 4 bits, the type id in the lower 12. Its text is for example `F:001`.

    It is an int, so that `event.kind == 0xF001` holds. Raises KindError where the number needs more than 16 bits.
    """

    __slots__ = ()

    def __new__(cls, value: SupportsIndex) -> Kind:
        number = index(value)
        if not 0 <= number <= 0xFFFF:
            raise made(Status.BP_KIND_RANGE, f"{number} is no kind: 0 to 65535")
        return int.__new__(cls, number)

    @classmethod
    def make(cls, category: int, type_id: int) -> Kind:
        """The kind of a category (1 to 15, but not 13) and a type id (0 to 0xFFF). Raises KindError."""
        if not (0 <= category <= 0xFFFFFFFF and 0 <= type_id <= 0xFFFFFFFF):
            raise made(Status.BP_KIND_RANGE, f"category {category}, type id {type_id}: at most 15 and 4095")
        out, error = ffi.new("uint16_t *"), ffi.new("bp_error *")
        status = lib.bp_kind_make(category, type_id, out, error)
        if status:
            raise_for(status, error)
        return int.__new__(cls, out[0])

    @classmethod
    def parse(cls, text: str) -> Kind:
        """The kind that a text names: `F:001`, `61441` or `0xF001`. Raises KindError or CallError."""
        data = utf8("text", text)
        out, error = ffi.new("uint16_t *"), ffi.new("bp_error *")
        status = lib.bp_kind_parse(data, len(data), out, error)
        if status:
            raise error_of(status, error)
        return int.__new__(cls, out[0])

    @property
    def category(self) -> int:
        """The upper 4 bits."""
        return int(self) >> 12

    @property
    def type_id(self) -> int:
        """The lower 12 bits."""
        return int(self) & 0xFFF

    def __str__(self) -> str:
        text = ffi.new("char[6]")
        lib.bp_kind_format(int(self), text)
        return text_of(text)

    def __repr__(self) -> str:
        return f"Kind(0x{int(self):04X})"

    def __format__(self, form: str) -> str:
        return format(str(self), form) if not form else int.__format__(self, form)
