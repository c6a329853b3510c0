"""Whom to believe: keys and receipts that are kept outside a store. Since 0.1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._batpak import ffi, lib
from .opening import keys
from .receipt import Receipt


class Trust:
    """A bp_trust, and what its pointers point to."""

    __slots__ = ("_kept", "raw")

    def __init__(self, public_keys: Iterable[bytes], receipts: Iterable[Receipt]) -> None:
        raw = self.raw = ffi.new("bp_trust *")
        lib.bp_trust_init(raw, ffi.sizeof("bp_trust"))
        raw.public_keys, raw.public_key_count = joined, _ = keys("public keys", public_keys)
        self._kept: list[Any] = [joined]
        given = [receipt_of(receipt) for receipt in receipts]
        if given:
            array = ffi.new("bp_receipt[]", len(given))
            self._kept += [array, *(receipt._fill(array + at) for at, receipt in enumerate(given))]
            raw.receipts, raw.receipt_count = array, len(given)


def receipt_of(given: Receipt) -> Receipt:
    """A receipt, and nothing else. Raises TypeError."""
    if not isinstance(given, Receipt):
        raise TypeError(f"a Receipt is wanted, not {type(given).__name__}")
    return given
