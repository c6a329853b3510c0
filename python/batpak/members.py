"""The members of one JSON object, read one by one: what receipts and claims are in their JSON form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ._constants import Status
from .errors import Error, made
from .extensions import extensions_encode
from .values import utf8

_U64 = 0xFFFF_FFFF_FFFF_FFFF


class Members:
    """The members of a line, each exactly once. What is not as it should be raises PayloadError, and says what."""

    __slots__ = ("_members", "_what")

    def __init__(self, what: str, line: str | bytes, names: Sequence[str], *, others: bool = False) -> None:
        """`others`: names that are not known are stepped over."""
        self._what = what
        try:
            found = json.loads(line, object_pairs_hook=self._once)
        except (ValueError, RecursionError) as problem:
            if isinstance(problem, Error):
                raise
            raise self.refused(str(problem)) from problem
        if not isinstance(found, dict):
            raise self.refused("no JSON object")
        for name in names:
            if name not in found:
                raise self.refused(f"{name} is missing")
        for name in found:
            if name not in names and not others:
                raise self.refused(f"unknown name {name!r}")
        self._members: dict[str, Any] = found

    def _once(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise self.refused("a name is given twice")
        return members

    def refused(self, text: str) -> Error:
        return made(Status.BP_JSON, f"no {self._what}: {text}")

    def is_null(self, name: str) -> bool:
        return self._members[name] is None

    def _digits(self, value: object, name: str) -> bytes:
        if isinstance(value, str) and value.isalnum():
            try:
                return bytes.fromhex(value)
            except ValueError:
                pass
        elif value == "":
            return b""
        raise self.refused(f"{name} is no hexadecimal digits")

    def fixed(self, name: str, length: int) -> bytes:
        """So many bytes in hexadecimal digits."""
        found = self._digits(self._members[name], name)
        if len(found) != length:
            raise self.refused(f"{name} is not {2 * length} hexadecimal digits")
        return found

    def number(self, name: str, most: int = _U64) -> int:
        found = self._members[name]
        if type(found) is not int or not 0 <= found <= most:
            raise self.refused(f"{name} is no whole number of {most.bit_length()} bits")
        return found

    def flag(self, name: str) -> bool:
        found = self._members[name]
        if type(found) is not bool:
            raise self.refused(f"{name} is no truth value")
        return found

    def text(self, name: str) -> bytes:
        """In UTF-8."""
        found = self._members[name]
        if not isinstance(found, str):
            raise self.refused(f"{name} is no string")
        return utf8(name, found)

    def extensions(self) -> bytes:
        """The canonical map; no bytes where there are none."""
        found = self._members["extensions"]
        if not isinstance(found, dict):
            raise self.refused("extensions is no object")
        decoded = {name: self._digits(value, f"extension {name!r}") for name, value in found.items()}
        return extensions_encode(decoded) if decoded else b""


def line_of(members: dict[str, Any]) -> str:
    """One line of JSON without its end, as the command `batpak` writes it."""
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).replace("\x7f", "\\u007f")


def digits_or_null(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
