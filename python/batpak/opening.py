"""From the options of `open` to the handle of an open store."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from typing import Any, Final, Literal, NoReturn

from ._batpak import Handle, PageIterator, ffi, lib
from ._constants import (
    BP_MODE_CREATE,
    BP_MODE_MUST_EXIST,
    BP_MODE_READ_ONLY,
    BP_SYNC_ALL,
    BP_SYNC_DATA,
    Status,
)
from .callbacks import Callbacks
from .draft import DURABILITIES, Durability, choice, number
from .errors import Path, made, raise_for
from .event import Event
from .page import MAXIMUM, Page
from .receipt import Receipt
from .ticket import Ticket
from .values import Buffer, octets, view_of

Mode = Literal["create", "must_exist", "read_only"]
SyncMode = Literal["data", "all"]

_MODES: Final = {"create": BP_MODE_CREATE, "must_exist": BP_MODE_MUST_EXIST, "read_only": BP_MODE_READ_ONLY}
_SYNC_MODES: Final = {"data": BP_SYNC_DATA, "all": BP_SYNC_ALL}
_KEY_BYTES: Final = 32
#: Options of 64 bits.
_LONG: Final = frozenset({"segment_max_bytes", "restart_within_ms", "preallocate_bytes"})


def fail(callbacks: Callbacks, path: Path, status: int, error: bytes) -> NoReturn:
    """Raises what a callback raised, or the error of the library."""
    filled = ffi.from_buffer("bp_error *", error)
    callbacks.reraise(status, filled.actual)
    raise_for(status, filled, path)


def keys(what: str, given: Iterable[bytes]) -> tuple[Any, int]:
    """Keys or seeds back to back, and how many."""
    if isinstance(given, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"{what} are several, each of {_KEY_BYTES} bytes: put a single one into a list")
    kept = [octets(key) for key in given]
    for key in kept:
        if len(key) != _KEY_BYTES:
            raise made(Status.BP_ARGUMENT, f"{what} have {_KEY_BYTES} bytes, not {len(key)}")
    return (ffi.from_buffer("uint8_t[]", b"".join(kept)) if kept else ffi.NULL), len(kept)


def wipe(secret: Any) -> None:
    """Overwrites an array of C with zeros."""
    if secret:
        ffi.memmove(secret, bytes(len(secret)), len(secret))


def seeds_of(given: Iterable[Buffer]) -> tuple[Any, int]:
    """Seeds back to back in memory that `wipe` can clear, and how many; no other copy of them is made."""
    if isinstance(given, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"signing seeds are several, each of {_KEY_BYTES} bytes: put a single one into a list")
    views = [view_of(seed) for seed in given]
    for view in views:
        if view.nbytes != _KEY_BYTES:
            raise made(Status.BP_ARGUMENT, f"signing seeds have {_KEY_BYTES} bytes, not {view.nbytes}")
    if not views:
        return ffi.NULL, 0
    seeds = ffi.new("uint8_t[]", _KEY_BYTES * len(views))
    place = ffi.buffer(seeds)
    for at, view in enumerate(views):
        place[_KEY_BYTES * at:_KEY_BYTES * (at + 1)] = view
    return seeds, len(views)


def configuration(mode: Mode, durability: Durability, sync_mode: SyncMode, sizes: dict[str, int | None]) -> Any:
    """A bp_config; a size of None stays at its default."""
    config = ffi.new("bp_config *")
    lib.bp_config_init(config, ffi.sizeof("bp_config"))
    config.mode = choice("mode", mode, _MODES)
    config.durability = choice("durability", durability, {word: DURABILITIES[word] for word in ("durable", "written")})
    config.sync_mode = choice("sync_mode", sync_mode, _SYNC_MODES)
    for name, size in sizes.items():
        if size is not None:
            setattr(config, name, number(name, size, MAXIMUM if name in _LONG else 0xFFFF_FFFF))
    return config


def install(callbacks: Callbacks, config: Any) -> None:
    """Progress always: it is what lets an interrupt through."""
    user = callbacks.user = ffi.new_handle(callbacks)
    config.progress, config.progress_user = lib.batpak_progress, user
    if callbacks.clock is not None:
        config.clock, config.clock_user = lib.batpak_clock, user
    if callbacks.fault is not None:
        config.fault, config.fault_user = lib.batpak_fault, user
    if callbacks.log is not None:
        config.log, config.log_user = lib.batpak_log, user


def open_handle(path: Path, config: Any, callbacks: Callbacks) -> Handle:
    """Opens the store. The handle keeps the callbacks alive until the store is closed."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise made(Status.BP_ARGUMENT, "the path holds a NUL", path)
    install(callbacks, config)
    # If an interrupt comes before the handle has taken the store, this releases it.
    store, error = ffi.gc(ffi.new("bp_store **"), lambda left: lib.bp_store_release(left[0])), ffi.new("bp_error *")
    status = lib.bp_store_open(encoded, config, store, error)
    if status:
        fail(callbacks, path, status, bytes(ffi.buffer(error)))
    handle = Handle(int(ffi.cast("uintptr_t", store)), config.durability == DURABILITIES["written"],
                    partial(fail, callbacks, path), Page, Event, Receipt, PageIterator, Ticket, callbacks)
    try:
        callbacks.reraise_clock()
    except BaseException:
        handle.close()
        raise
    return handle
