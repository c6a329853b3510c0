"""Fences: events that are held back until all of them are shown, or none. Since 0.2."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from ._batpak import Handle, ffi, lib
from ._constants import Status
from .asynchronous import awaitable
from .draft import Accepted, Draft, DraftOptions, packed_all
from .errors import Error
from .receipt import Receipt
from .ticket import Ticket, queue, queue_batch

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Fence:
    """An open fence, as `Store.fence` answers it.

        with store.fence() as fence:
            fence.submit("order:1", "shop", Placed(...))
            fence.submit("stock:7", "shop", Taken(...))

    What is submitted to it is written at once and seen by nobody. Leaving `with` commits: all is shown in one step, and on
    the disk. An exception inside cancels: all is hidden for ever; so does a commit at the end that fails, and a fence that is
    forgotten. While it is open, other appends raise FenceActive. A ticket of it is decided when it ends: do not wait for one
    before. Any thread may use it. Closing the store cancels it.
    """

    __slots__ = ("__weakref__", "_handle", "_pid", "_raw", "_resolved")

    _handle: Handle
    _raw: Any
    _pid: int
    _resolved: bool

    def __init__(self) -> None:
        raise TypeError("a fence comes from Store.fence")

    @classmethod
    def _begin(cls, handle: Handle) -> Fence:
        out, error = ffi.new("bp_fence **"), ffi.new("bp_error *")
        # If it is forgotten, or an interrupt comes before it is held, this cancels it.
        raw = ffi.gc(out, lambda left: lib.bp_fence_free(left[0]))
        with handle as address:
            status = lib.bp_fence_begin(ffi.cast("bp_store *", address), raw, error)
        if status:
            handle.fail(status, bytes(ffi.buffer(error)))
        fence: Fence = object.__new__(cls)
        fence._handle, fence._raw, fence._pid, fence._resolved = handle, raw, os.getpid(), False
        return fence

    @property
    def token(self) -> int:
        """The number of the fence in this open store: 1 for the first attempt to begin one, and so on."""
        return int(lib.bp_fence_token(self._raw[0]))

    def submit(self, entity: str, scope: str, event: object = None, **options: Unpack[DraftOptions]) -> Ticket[Receipt]:
        """As `Store.submit`, behind the fence. A draft that fails by itself has its ticket decided at once, and leaves the
        fence open. Raises FenceNotActive."""
        ticket: Ticket[Receipt] = queue(self._handle, Draft(entity, scope, event, **options)._packed, self._address())
        return ticket

    def submit_batch(self, drafts: Iterable[Draft]) -> Ticket[Accepted]:
        """As `Store.submit_batch`, behind the fence. Raises FenceNotActive."""
        ticket: Ticket[Accepted] = queue_batch(self._handle, packed_all(drafts), self._address())
        return ticket

    def commit(self) -> None:
        """Flushes, then shows all events of the fence at once; its tickets are decided.

        Raises FenceNotActive; DiskFull, SyncFailed, Poisoned and other SystemFailure: nothing is shown, and the fence stays
        open, to be committed again or cancelled.
        """
        self._resolve(lib.bp_fence_commit)

    def cancel(self) -> None:
        """Hides the events of the fence for ever; its tickets raise FenceCancelled. They hold their keys. Raises as `commit`,
        and the fence stays open."""
        self._resolve(lib.bp_fence_cancel)

    commit_async = awaitable(commit)
    cancel_async = awaitable(cancel)

    def _resolve(self, call: Callable[..., int]) -> None:
        error = ffi.new("bp_error *")
        status = call(self._raw[0], error)
        if status:
            self._resolved = self._resolved or status == Status.BP_FENCE_NOT_ACTIVE
            self._handle.fail(status, bytes(ffi.buffer(error)))
        self._resolved = True

    def _address(self) -> int:
        return int(ffi.cast("uintptr_t", self._raw[0]))

    def __enter__(self) -> Fence:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        if self._resolved or os.getpid() != self._pid:
            return
        try:
            if error is None:
                self.commit()
        finally:
            if not self._resolved:
                with suppress(Error):  # it is tried again when the fence is forgotten
                    self.cancel()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a fence can neither be copied nor pickled")

    def __repr__(self) -> str:
        return f"<batpak.Fence {self.token}{', over' if self._resolved else ''}>"
