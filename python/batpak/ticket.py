"""Tickets of what was submitted, and how full their queue is. Since 0.2."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, NoReturn, TypeVar

from ._batpak import Handle, TicketBase
from ._constants import BP_WAIT_FOREVER
from .draft import RECEIPT_SIZE, Accepted, Packed, number
from .frontier import timeout_of
from .outcome import Cancelled, Ok, Outcome, Retry
from .receipt import Receipt

R = TypeVar("R", Receipt, Accepted, None, covariant=True)


class Ticket(TicketBase, Generic[R]):
    """Stands for what was submitted, as `Store.submit` and its kin answer it: the store's own thread commits it.

    Ask it by `wait`, or `await` it, or give it to `select` and its kin, any number of times and from any thread. It outlives
    the store, whose close decides it. Forgetting it cancels nothing. In a forked child it raises Forked.
    """

    __slots__ = ("_answer", "_awaited")

    _answer: Callable[[bytes, dict[int, bytes]], R]
    _awaited: dict[asyncio.AbstractEventLoop, set[asyncio.Future[None]]]

    def _of(self, answer: Callable[[bytes, dict[int, bytes]], R]) -> Ticket[R]:
        self._answer = answer
        self._awaited = {}
        return self

    @property
    def done(self) -> bool:
        """Whether it is decided: `wait` answers or raises at once."""
        return self._done

    def wait(self, timeout_ms: int | None = None) -> R:
        """The receipt, or of a batch the receipts, when it is decided: what the append would have answered.

        timeout_ms: for how long at most; 0 looks once; None: without end. An interrupt (Ctrl-C) ends the waiting alone.

        Raises as `Store.append` or `Store.append_batch`; WaitTimeout.
        """
        return self._answer(*self._wait(number("timeout_ms", timeout_of(timeout_ms), 0xFFFF_FFFF)))

    def fileno(self) -> int:
        """A descriptor that is readable from the moment when the ticket is decided: `select` and its kin take the ticket.

        It is made when it is first asked for, and closed with the ticket: do not read, write or close it.
        """
        return self._fileno()

    def __await__(self) -> Generator[Any, None, R]:
        """As `wait`, while the event loop goes on. Cancelling the await cancels nothing that was submitted."""
        if not self.done:
            yield from self._until_done().__await__()
        return self.wait(0)

    async def _until_done(self) -> None:
        """The loop knows a descriptor once, however many await it."""
        loop, descriptor = asyncio.get_running_loop(), self.fileno()
        waiting = self._awaited.setdefault(loop, set())
        future = loop.create_future()
        if not waiting:
            loop.add_reader(descriptor, _wake, waiting)
        waiting.add(future)
        try:
            await future
        finally:
            waiting.discard(future)
            if not waiting:
                loop.remove_reader(descriptor)
                del self._awaited[loop]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a ticket can neither be copied nor pickled")

    def __repr__(self) -> str:
        return f"<batpak.Ticket{', decided' if self.done else ''}>"


def _wake(waiting: set[asyncio.Future[None]]) -> None:
    for future in waiting:
        if not future.done():
            future.set_result(None)


def queue(handle: Handle, draft: Packed, fence: int | None = None, *, is_try: bool = False) -> Any:
    """A ticket of the draft; of a try that is not taken what the compiled part says of it."""
    made = handle.submit(fence, is_try, *draft)
    return made._of(receipt_of) if isinstance(made, Ticket) else made


def queue_batch(handle: Handle, drafts: list[Packed], fence: int | None = None, *, is_try: bool = False) -> Any:
    """As `queue`, of a batch."""
    made = handle.submit_batch(fence, is_try, drafts)
    return made._of(receipts_of) if isinstance(made, Ticket) else made


async def reached(handle: Handle, watermark: int, wall_ms: int, sequence: int, timeout_ms: int) -> bool:
    """Awaits a point. False where the time came first."""
    ticket: Ticket[None] = handle.await_point(watermark, wall_ms, sequence)._of(_nothing)
    if timeout_ms >= BP_WAIT_FOREVER or ticket.done:
        await ticket
        return True
    try:
        await asyncio.wait_for(ticket, timeout_ms / 1000)
    except asyncio.TimeoutError:
        return False
    return True


def _nothing(blob: bytes, extensions: dict[int, bytes]) -> None:
    """A point has no receipts."""


def outcome_of(made: Any) -> Outcome[Any]:
    """What became of a try."""
    if isinstance(made, Ticket):
        return Ok(made)
    return Cancelled(made) if isinstance(made, str) else Retry(*made)


def receipt_of(blob: bytes, extensions: dict[int, bytes]) -> Receipt:
    """The one of a ticket."""
    return Receipt._from_raw(blob, extensions.get(0, b""))


def receipts_of(blob: bytes, extensions: dict[int, bytes]) -> Accepted:
    """All of a ticket of a batch."""
    return Accepted._from_raw([blob], max(1, len(blob) // RECEIPT_SIZE), extensions)


@dataclass(frozen=True)
class Pressure:
    """How full the queue of the tickets is."""

    #: Drafts and batches that were submitted and are not yet committed.
    queued: int
    #: How many there may be: `queue_capacity` of `open`.
    capacity: int
    #: From how many on `Store.try_submit` says Retry.
    threshold: int

    @property
    def utilization(self) -> float:
        """From 0 to 1."""
        return self.queued / self.capacity

    @property
    def headroom(self) -> int:
        """How many more fit."""
        return max(0, self.capacity - self.queued)

    @property
    def is_idle(self) -> bool:
        """Nothing is queued."""
        return self.queued == 0
