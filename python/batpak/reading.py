"""What a store answers about what it holds: events, pages, verdicts, counts. Since 0.1."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Any, Final, NoReturn, TypeVar, overload

from ._batpak import Handle, ffi, lib
from ._constants import Status
from .asynchronous import awaitable, in_executor
from .claim import Claim
from .errors import KindMismatch, Path, made
from .event import Event
from .frontier import Frontier
from .page import MAXIMUM, Page, Query
from .receipt import Receipt
from .report import Judgement, Report, Stat
from .trust import Trust
from .trust import receipt_of as given_receipt
from .typed import binding_of

T = TypeVar("T")
State = TypeVar("State")

#: Events a page where nobody sees the pages: small enough to stay near the processor.
_PAGE_EVENTS: Final = 1024
_SIZE_MAX: Final = MAXIMUM
#: Room for most claims.
_CLAIM_BYTES: Final = 2048


class ReaderBase:
    """The half of a store that changes nothing."""

    __slots__ = ("_handle", "path")

    #: The path as the caller gave it.
    path: Path
    _handle: Handle

    def _fail(self, status: int, error: Any) -> NoReturn:
        self._handle.fail(status, bytes(ffi.buffer(error)))
        raise AssertionError("a failure was not raised")

    # --- read

    @overload
    def page(self, type: type[T], *, entity: str | None = None, under: str | None = None, scope: str | None = None,
             after: int | None = None, clock: tuple[int, int] | None = None, limit: int = 256,
             max_bytes: int | None = None) -> Page[T]: ...
    @overload
    def page(self, type: None = None, *, entity: str | None = None, under: str | None = None, scope: str | None = None,
             kind: int | None = None, category: int | None = None, after: int | None = None,
             clock: tuple[int, int] | None = None, limit: int = 256, max_bytes: int | None = None) -> Page[bytes]: ...
    def page(self, type: type | None = None, *, limit: int = 256, **which: Any) -> Page[Any]:
        """Visible events that match, in commit order: a page of at most `limit` events and `max_bytes` bytes.

        type: a decorated class: only its kind, and payloads are its objects.
        entity, scope: exactly this one; under: this entity and those below it, `E` and `E:...`.
        kind, category: only this; after: only sequences above this one; clock: (lowest, highest) place in the entity's
        chain. An event that cannot be read stands in its place with its `error`. `page.more` says whether the query
        stopped at its limits; ask again with `after` = the last event's sequence.
        """
        query, decode = _question(type, limit=limit, **which)
        return self._handle.page(query.address, decode)

    @overload
    def pages(self, type: type[T], *, entity: str | None = None, under: str | None = None, scope: str | None = None,
              after: int | None = None, clock: tuple[int, int] | None = None, limit: int = _PAGE_EVENTS,
              max_bytes: int | None = None) -> Iterator[Page[T]]: ...
    @overload
    def pages(self, type: None = None, *, entity: str | None = None, under: str | None = None, scope: str | None = None,
              kind: int | None = None, category: int | None = None, after: int | None = None,
              clock: tuple[int, int] | None = None, limit: int = _PAGE_EVENTS,
              max_bytes: int | None = None) -> Iterator[Page[bytes]]: ...
    def pages(self, type: type | None = None, *, limit: int = _PAGE_EVENTS, **which: Any) -> Iterator[Page[Any]]:
        """All pages of a query, one after the other; `limit` is the events of one page. Arguments as for `page`.

        Events appended meanwhile are seen if the pages come to them.
        """
        query, decode = _question(type, limit=limit, **which)
        return self._follow(query, decode)

    def _follow(self, query: Query, decode: Callable[[bytes], Any] | None) -> Iterator[Page[Any]]:
        while True:
            page: Page[Any] = self._handle.page(query.address, decode)
            if not page:
                return
            yield page
            if not page.more:
                return
            query.continue_after(page[-1].sequence)

    @overload
    def events(self, type: type[T], *, entity: str | None = None, under: str | None = None, scope: str | None = None,
               after: int | None = None, clock: tuple[int, int] | None = None,
               limit: int | None = None) -> Iterator[Event[T]]: ...
    @overload
    def events(self, type: None = None, *, entity: str | None = None, under: str | None = None, scope: str | None = None,
               kind: int | None = None, category: int | None = None, after: int | None = None,
               clock: tuple[int, int] | None = None, limit: int | None = None) -> Iterator[Event[bytes]]: ...
    def events(self, type: type | None = None, *, limit: int | None = None, **which: Any) -> Iterator[Event[Any]]:
        """Visible events that match, in commit order, at most `limit`. Other arguments as for `page`."""
        query, decode = _question(type, limit=_PAGE_EVENTS if limit is None else min(limit, _PAGE_EVENTS), **which)
        events = chain.from_iterable(self._follow(query, decode))
        return events if limit is None else islice(events, limit)

    @overload
    def get(self, event_id: bytes, type: type[T]) -> Event[T]: ...
    @overload
    def get(self, event_id: bytes, type: None = None) -> Event[bytes]: ...
    def get(self, event_id: bytes, type: type | None = None) -> Event[Any]:
        """One event by its id (16 bytes). Raises NotFound, DamagedError; KindMismatch where it is not of the class."""
        if type is None:
            return self._handle.get(event_id, None)
        binding = binding_of(type)
        event = self._handle.get(event_id, binding.decode)
        if event._kind != binding.kind:
            raise KindMismatch(Status.BP_VALUE, f"the event is of kind {event.kind}, {type.__name__} is another",
                               path=self.path, event_id=event_id, expected=binding.kind, actual=event._kind)
        return event

    def walk(self, event_id: bytes, *, limit: int | None = None) -> Page[bytes]:
        """The event and its ancestors in the entity's chain, newest first, at most `limit`; `more` says whether it cut.

        Ends at the entity's first event, at a link that leads nowhere, or at an event that cannot be read (which is the
        last, with its `error`). Raises NotFound.
        """
        if limit is not None and limit < 0:
            raise made(Status.BP_ARGUMENT, f"limit is {limit}: 0 or more", self.path)
        return self._handle.walk(event_id, _SIZE_MAX if limit is None else limit, None)

    @overload
    def fold(self, initial: State, step: Callable[[State, Event[T]], State], type: type[T], *, entity: str | None = None,
             under: str | None = None, scope: str | None = None, after: int | None = None,
             clock: tuple[int, int] | None = None, limit: int | None = None) -> State: ...
    @overload
    def fold(self, initial: State, step: Callable[[State, Event[bytes]], State], type: None = None, *,
             entity: str | None = None, under: str | None = None, scope: str | None = None, kind: int | None = None,
             category: int | None = None, after: int | None = None, clock: tuple[int, int] | None = None,
             limit: int | None = None) -> State: ...
    def fold(self, initial: State, step: Callable[[State, Event[Any]], State], type: type | None = None, *,
             limit: int | None = None, **which: Any) -> State:
        """The state after `state = step(state, event)` for each event that matches, in commit order.

        At most `limit` events; other arguments as for `page`. The step runs on this thread and may read from the store.
        An exception of the step comes out unchanged. Events appended meanwhile may or may not be seen.
        """
        query, decode = _question(type, limit=_SIZE_MAX if limit is None else limit, **which)
        return self._handle.fold(query.address, decode, step, initial)

    # --- verify

    def verify_receipt(self, receipt: Receipt, trust: Iterable[bytes] = ()) -> Judgement:
        """Holds one receipt against the store. `trust`: public keys of 32 bytes, beside those the store was opened with."""
        return self._judged(lib.bp_store_verify_receipt, receipt, trust)

    def _judged(self, call: Callable[..., int], receipt: Receipt, trust: Iterable[bytes]) -> Judgement:
        raw, outcome, error = ffi.new("bp_receipt *"), ffi.new("int32_t *"), ffi.new("bp_error *")
        believed = Trust(trust, ())
        kept = given_receipt(receipt)._fill(raw)
        with self._handle as address:
            status = call(ffi.cast("bp_store *", address), raw, believed.raw, outcome, error)
        if status:
            self._fail(status, error)
        del kept
        return Judgement._from_raw(outcome[0])

    def verify_denial(self, receipt: Receipt, trust: Iterable[bytes] = ()) -> Judgement:
        """As `verify_receipt`, for the receipt of a denial: `denial_kind_mismatch` where the event is none. Since 0.2."""
        return self._judged(lib.bp_store_verify_denial, receipt, trust)

    def verify(self, trust: Iterable[bytes] = (), receipts: Iterable[Receipt] = ()) -> Report:
        """Reads everything and says what agrees: checksums, content hashes, chains, sequences, and the receipts given.

        `trust`: public keys of 32 bytes, beside those the store was opened with. What it cannot prove: anything against
        someone who can write the directory, unless receipts or keys kept elsewhere speak. Damage is a verdict, not an
        error. Raises Stopped, or what the store's progress raised.
        """
        return self._report(lib.bp_store_verify, Trust(trust, receipts))

    def claim(self, receipt: Receipt) -> Claim:
        """The receipt with all that its signature covers, to be checked where there is no store. Since 0.2.

        It is held against the store first, with the keys of its configuration. Raises ClaimError where it does not hold:
        its `outcome` says why.
        """
        raw = ffi.new("bp_receipt *")
        kept = given_receipt(receipt)._fill(raw)
        needed, error = ffi.new("size_t *"), ffi.new("bp_error *")
        buffer: Any = ffi.new("uint8_t[]", _CLAIM_BYTES)
        with self._handle as address:
            store = ffi.cast("bp_store *", address)
            status = lib.bp_claim_export(store, raw, buffer, len(buffer), needed, error)
            if status == Status.BP_TOO_SMALL:
                buffer = ffi.new("uint8_t[]", needed[0])
                status = lib.bp_claim_export(store, raw, buffer, len(buffer), needed, error)
        del kept
        if status:
            self._fail(status, error)
        return Claim(bytes(ffi.buffer(buffer, needed[0])))

    def open_report(self) -> Report:
        """What the open found and repaired (or, read-only, would repair)."""
        return self._report(lib.bp_store_open_report)

    def _report(self, call: Callable[..., int], believed: Trust | None = None) -> Report:
        out, error = ffi.new("bp_report **"), ffi.new("bp_error *")
        arguments = (out, error) if believed is None else (believed.raw, out, error)
        with self._handle as address:
            status = call(ffi.cast("bp_store *", address), *arguments)
        if status:
            self._fail(status, error)
        report = ffi.gc(out[0], lib.bp_report_free)
        return Report._from_raw(report)

    def stat(self) -> Stat:
        """How much the store holds."""
        stat, error = ffi.new("bp_stat *"), ffi.new("bp_error *")
        stat.struct_size = ffi.sizeof("bp_stat")
        with self._handle as address:
            status = lib.bp_store_stat(ffi.cast("bp_store *", address), stat, error)
        if status:
            self._fail(status, error)
        return Stat._from_raw(stat)

    # --- how far it has come

    def frontier(self) -> Frontier:
        """How far the store has come, in six points of one moment. Since 0.2."""
        frontier, error = ffi.new("bp_frontier *"), ffi.new("bp_error *")
        frontier.struct_size = ffi.sizeof("bp_frontier")
        with self._handle as address:
            status = lib.bp_store_frontier(ffi.cast("bp_store *", address), frontier, error)
        if status:
            self._fail(status, error)
        return Frontier._from_raw(frontier)

    # --- the same without blocking an event loop

    verify_async = awaitable(verify)

    @overload
    def events_async(self, type: type[T], *, entity: str | None = None, under: str | None = None,
                     scope: str | None = None, after: int | None = None, clock: tuple[int, int] | None = None,
                     limit: int | None = None) -> AsyncIterator[Event[T]]: ...
    @overload
    def events_async(self, type: None = None, *, entity: str | None = None, under: str | None = None,
                     scope: str | None = None, kind: int | None = None, category: int | None = None,
                     after: int | None = None, clock: tuple[int, int] | None = None,
                     limit: int | None = None) -> AsyncIterator[Event[bytes]]: ...
    def events_async(self, type: type | None = None, *, limit: int | None = None,
                     **which: Any) -> AsyncIterator[Event[Any]]:
        """As `events`: each page is read in the event loop's executor."""
        query, decode = _question(type, limit=_PAGE_EVENTS if limit is None else min(limit, _PAGE_EVENTS), **which)
        return _each(self._follow(query, decode), limit)


async def _each(pages: Iterator[Page[Any]], limit: int | None) -> AsyncIterator[Event[Any]]:
    left = limit
    while left is None or left > 0:
        page = await in_executor(partial(next, pages, None))
        if page is None:
            return
        for event in page if left is None else islice(page, left):
            yield event
        left = None if left is None else left - len(page)


def _question(type: type | None, **which: Any) -> tuple[Query, Callable[[bytes], Any] | None]:
    """The query, and what decodes the payloads of what it finds."""
    if type is None:
        return Query(**which), None
    if which.get("kind") is not None or which.get("category") is not None:
        raise made(Status.BP_ARGUMENT, "a class brings its own kind")
    binding = binding_of(type)
    return Query(**{**which, "kind": binding.kind}), binding.decode
