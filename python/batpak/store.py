"""The store: open, append, wait, close. Since 0.1."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from ._batpak import Handle, ffi, lib
from ._constants import Status
from .asynchronous import awaitable, in_executor, opening
from .batch import Batch
from .callbacks import Callbacks, Clock, Log, Progress
from .draft import (
    EMPTY,
    MISSING,
    Accepted,
    Draft,
    DraftOptions,
    Durability,
    Expectation,
    Packed,
    RawDraft,
    choice,
    content,
    number,
    packed_all,
    packed_of,
    parts_of,
    rest,
)
from .errors import Error, Path, made
from .extensions import extensions_encode
from .faults import Function as FaultFunction
from .fence import Fence
from .frontier import WATERMARKS, Waited, Watermark, point_of, timeout_of
from .gates import Denial, Gates, Permit, RawDenial, text_of
from .machine import At, Transition
from .opening import Mode, SyncMode, configuration, keys, open_handle, seeds_of, wipe
from .outcome import Outcome
from .page import MAXIMUM
from .reading import ReaderBase
from .receipt import Receipt
from .ticket import Pressure, Ticket, outcome_of, queue, queue_batch, reached
from .values import Buffer, octets

if TYPE_CHECKING:
    from typing_extensions import Unpack

F = TypeVar("F")
G = TypeVar("G")

#: Drafts that cross into C together, if no group of the store is larger.
_CHUNK: Final = 1024


class Store(ReaderBase):
    """An open store, as `open` answers it. Any number of threads may use it at once.

    Close it, best by `with`: closing flushes, writes the last event and frees the lock. A store that is dropped is closed
    too, with a ResourceWarning. In a forked child every call raises Forked, and closing only closes descriptors.

    Every method may raise Closed, Forked, and SystemFailure with its kin.
    """

    __slots__ = ("__weakref__", "_callbacks", "_chunk", "_pid")

    _callbacks: Callbacks
    _pid: int
    _chunk: int

    def __init__(self) -> None:
        raise TypeError("a store comes from batpak.open")

    @classmethod
    def _from_handle(cls, handle: Handle, callbacks: Callbacks, path: Path, group_max_events: int) -> Store:
        store: Store = object.__new__(cls)
        store.path = path
        store._pid = os.getpid()
        store._callbacks = callbacks
        store._handle = handle
        # Whole groups, so that no more flushes are made than in one call.
        store._chunk = group_max_events * max(1, _CHUNK // group_max_events)
        return store

    # --- life

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._handle.closed

    def close(self) -> None:
        """Flushes, appends the store's last event, frees the lock. Closing again does nothing.

        Raises Busy while calls of other threads are under way: then nothing happened. After any other error the store is
        closed, and the error says what is not on the disk.
        """
        try:
            if os.getpid() == self._pid:
                self._handle.close()
            else:
                self._handle.release()
        finally:
            if self._handle.closed:
                self._callbacks.forget()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Store:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        traceback: TracebackType | None) -> None:
        await in_executor(self.close)

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is None or handle.closed:
            return
        try:
            if os.getpid() == self._pid:
                warnings.warn(f"unclosed store {os.fsdecode(self.path)}", ResourceWarning, stacklevel=2, source=self)
        finally:
            handle.release()

    def __reduce__(self) -> NoReturn:
        raise TypeError("an open store can neither be copied nor pickled")

    def __repr__(self) -> str:
        return f"<batpak.Store {os.fsdecode(self.path)!r}{', closed' if self.closed else ''}>"

    # --- append

    def append(self, entity: str, scope: str, event: object = None, *, kind: int | None = None, value: object = MISSING,
               payload: Buffer | None = None, key: bytes | None = None, expect: Expectation = None,
               correlation_id: bytes | None = None, causation_id: bytes | None = None, lane: int = 0, depth: int = 0,
               flags: int = 0, extensions: Mapping[str, Buffer] | None = None, durability: Durability | None = None,
               allow_reserved: bool = False, gate: Watermark | None = None,
               gate_timeout_ms: int | None = None) -> Receipt:
        """Appends one event and answers its receipt, after the flush if it is to be durable.

        What is appended: `event`, an object of a class that `batpak.event` decorated; or a `kind` with either `value`,
        any native value, or `payload`, bytes as they are.

        entity, scope: 1 to 1,024 bytes of UTF-8 without control characters, `/`, `..`, `|` and `=`.
        key: 16 bytes that become the event's id; appended again, it answers the first event (`receipt.replayed`).
        expect: what must hold of the entity's last event, or nothing is written: None: anything; `EMPTY`: there is none;
            an int: its clock; bytes: its id. Raises ExpectationFailed.
        correlation_id, causation_id: 16 bytes; lane, depth: 32 bits; flags: 8 bits. Stored as they are.
        extensions: names `prefix.field` to bytes: stored, signed, never interpreted.
        durability: "durable" or "written", where the store's own is not wanted.
        allow_reserved: categories 0x0 and 0xD may be written.
        gate: "durable", "applied" or "visible": which watermark must have reached the event before the call answers;
            gate_timeout_ms: for how long at most; None: without end. If it is not passed, the event is in the store all the
            same: the error, WaitTimeout, Poisoned or Closed, then has its `receipt`. Since 0.2.

        Raises RefusedError with nothing written, ReadOnly, Poisoned, DiskFull; SyncFailed: the event may or may not
        survive, and the store takes no more writes.
        """
        if event is not None or kind is None or value is not MISSING or type(payload) is not bytes:
            kind, payload = content(event, kind, value, payload)
        if lane or depth or flags or extensions or allow_reserved or not (
                key is None and expect is None and correlation_id is None and causation_id is None
                and durability is None and gate is None):
            return self._handle.append(entity, scope, kind, payload, rest(
                key, expect, correlation_id, causation_id, lane, depth, flags, extensions, durability, allow_reserved, None,
                gate, gate_timeout_ms))
        return self._handle.append(entity, scope, kind, payload, None)

    def append_many(self, drafts: Iterable[Draft]) -> Accepted:
        """Appends independent events in order; to be durable, they share one write and one flush where they fit one group.

        It is not atomic: the first failure ends it. Its error then has `accepted`, the receipts of the events before it,
        which are in the store. The gate of the last draft is waited at when all are in the store; no other may have one.
        Raises as `append`.
        """
        packed = packed_all(drafts)
        blobs: list[bytes] = []
        extensions: dict[int, bytes] = {}
        try:
            for start, end in parts_of(packed, self._chunk):
                part = packed if end - start == len(packed) else packed[start:end]
                blob, carried, status, error = self._handle.append_many(part)
                blobs.append(blob)
                for at, found in carried.items():
                    extensions[start + at] = found
                if status:
                    self._handle.fail(status, error)
        except BaseException as raised:  # whatever it is: what was appended before it is in the store
            with suppress(AttributeError):
                raised.accepted = Accepted._from_raw(blobs, self._chunk, extensions)  # type: ignore[attr-defined]
            raise
        return Accepted._from_raw(blobs, self._chunk, extensions)

    def append_batch(self, drafts: Iterable[Draft]) -> Accepted:
        """Appends a batch: all of it or nothing, seen by readers all at once, on the disk before the call answers.

        Keys stand on all drafts or on none: a batch whose keys are all known answers the first receipts. `cause_item` of a
        draft names an earlier one as its cause. Expectations are refused.

        Raises BatchError, or as `append`; the error's `offset` is the index of the draft. Nothing of it is appended then,
        unless the gate of the last draft, which is that of the batch, was not passed: then the error has all receipts in
        `accepted`.
        Since 0.2.
        """
        blob, carried, status, error = self._handle.append_batch(packed_all(drafts))
        accepted = Accepted._from_raw([blob], max(1, len(blob)), carried)
        if status:
            try:
                self._handle.fail(status, error)
            except Error as raised:
                raised.accepted = accepted
                raise
        return accepted

    def batch(self, *, correlation_id: bytes | None = None, causation_id: bytes | None = None) -> Batch:
        """An empty batch to be gathered, best with `with`, which appends it at the end.

        correlation_id: makes it the reaction to an event: all drafts get this correlation, and `causation_id` where they
        name no cause of their own. Since 0.2.
        """
        if causation_id is not None and correlation_id is None:
            raise made(Status.BP_ARGUMENT, "a batch that is caused is correlated too: give correlation_id", self.path)
        return Batch._of(self.append_batch, correlation_id, causation_id)

    def submit(self, entity: str, scope: str, event: object = None, **options: Unpack[DraftOptions]) -> Ticket[Receipt]:
        """Queues one event and answers at once; the arguments are those of `append`, without a gate.

        What can be refused by its look is refused here; all else is the ticket's. The store's own thread commits what is
        queued, in one order and with the same flushes as appends. Waits for room while `queue_capacity` are queued
        (`try_submit` does not). Closing the store commits all that was submitted. Since 0.2.
        """
        ticket: Ticket[Receipt] = queue(self._handle, Draft(entity, scope, event, **options)._packed)
        return ticket

    def submit_batch(self, drafts: Iterable[Draft]) -> Ticket[Accepted]:
        """Queues a batch, of which all or nothing is appended: as `append_batch`, and as `submit`. Since 0.2."""
        ticket: Ticket[Accepted] = queue_batch(self._handle, packed_all(drafts))
        return ticket

    def try_submit(self, entity: str, scope: str, event: object = None,
                   **options: Unpack[DraftOptions]) -> Outcome[Ticket[Receipt]]:
        """As `submit`, without ever waiting: an Ok with the ticket; a Retry where the queue holds `pressure().threshold`, a
        Cancelled while a fence is open: then nothing was queued. Since 0.2."""
        return outcome_of(queue(self._handle, Draft(entity, scope, event, **options)._packed, is_try=True))

    def try_submit_batch(self, drafts: Iterable[Draft]) -> Outcome[Ticket[Accepted]]:
        """As `submit_batch`, and as `try_submit`. Since 0.2."""
        return outcome_of(queue_batch(self._handle, packed_all(drafts), is_try=True))

    def fence(self) -> Fence:
        """Opens a fence: what is submitted to it is shown all at once, or never. A store has one at a time.

        What was appended before stays visible, and is flushed. Raises FenceActive, ReadOnly, Poisoned. Since 0.2.
        """
        return Fence._begin(self._handle)

    def pressure(self) -> Pressure:
        """How full the queue of what was submitted is. Raises ReadOnly. Since 0.2."""
        pressure, error = ffi.new("bp_pressure *"), ffi.new("bp_error *")
        pressure.struct_size = ffi.sizeof("bp_pressure")
        with self._handle as address:
            status = lib.bp_store_pressure(ffi.cast("bp_store *", address), pressure, error)
        if status:
            self._fail(status, error)
        return Pressure(pressure.queued, pressure.capacity, pressure.threshold)

    def sync(self) -> None:
        """Flushes what was written: everything acknowledged so far is durable then. Raises ReadOnly, Poisoned."""
        error = ffi.new("bp_error *")
        with self._handle as address:
            status = lib.bp_store_sync(ffi.cast("bp_store *", address), error)
        if status:
            self._fail(status, error)

    # --- past gates, and from state to state

    def commit(self, permit: Permit) -> Receipt:
        """Appends the draft of a permit, once.

        A permit is used when its event is in the store, or may be (SyncFailed); after any other failure it can be committed
        again. Raises PermitUsed, also while another thread commits it, or as `append`. Since 0.2.
        """
        if not isinstance(permit, Permit):
            raise TypeError(f"a Permit is wanted, not {type(permit).__name__}")
        return self._appended(permit.draft, lib.bp_store_commit_permit, permit._raw[0])

    def append_denial(self, draft: Draft, gates: Gates[Any], denial: Denial, *, content_hash: bytes | None = None,
                      pipeline_id: str | None = None) -> Receipt:
        """Writes a denial to the log: an event of kind 0:00F in the entity of the draft that was refused.

        Its payload tells of every gate of the set, in order: those before the one that denied are written as Permit, those
        behind it as Skipped. A denial made by hand whose gate is not in the set stands behind all of them. The draft's key,
        expectation, ids and extensions are those of the event.

        content_hash: BLAKE3 of the payload that was refused, 32 bytes; pipeline_id: a name for the run.

        Raises CallError where the denial's position is not that of its gate, or as `append`. Since 0.2.
        """
        if not isinstance(gates, Gates) or not isinstance(denial, Denial):
            raise TypeError("Gates and a Denial of theirs are wanted")
        refused, name = RawDenial(denial), None if pipeline_id is None else text_of(pipeline_id)
        if content_hash is not None and len(octets(content_hash)) != 32:
            raise made(Status.BP_ARGUMENT, f"content_hash has 32 bytes, not {len(content_hash)}", self.path)
        given = ffi.NULL if content_hash is None else ffi.from_buffer("uint8_t[]", content_hash)
        return self._appended(draft, lambda store, raw, receipt, error: lib.bp_store_append_denial(
            store, raw, gates._raw, refused.raw, raw.kind, given, ffi.NULL if name is None else name,
            0 if name is None else len(name), receipt, error))

    def apply_transition(self, at: At[F], step: Transition[F, G], event: object = None,
                         **options: Unpack[DraftOptions]) -> At[G]:
        """Takes an entity from one state to the next, by an event of the step's kind; answers where it is then.

        The entity must have no event after that of `at`, or ExpectationFailed is raised; another `expect` can be given.
        With a value or a payload no `kind` is needed. Raises TransitionRefused where the machine has no such step, or as
        `append`. Since 0.2.
        """
        if event is None:
            options.setdefault("kind", step.kind)
        options.setdefault("expect", EMPTY if at.event_id is None else at.event_id)
        draft = Draft(at.entity, at.scope, event, **options)
        machine, source, target, kept = step.machine._raw(at.state, step.target)
        receipt = self._appended(draft, lambda store, raw, receipt, error: lib.bp_store_apply_transition(
            store, machine, source, target, raw, receipt, error))
        del kept
        return At(step.target, at.entity, at.scope, receipt.event_id, receipt)

    def _appended(self, draft: Draft, call: Callable[..., int], *first: Any) -> Receipt:
        """The receipt of what appends a draft; an error has it too where the event is in the store."""
        given, error = RawDraft(packed_of(draft)), ffi.new("bp_error *")
        raw = given.receipt()
        with self._handle as address:
            store = ffi.cast("bp_store *", address)
            status = call(store, *(first or (given.raw,)), raw, error)
        receipt = None if raw.frame_length == 0 else self._receipt(raw)
        if status:
            try:
                self._fail(status, error)
            except Error as raised:
                raised.receipt = receipt
                raise
        assert receipt is not None
        return receipt

    def _receipt(self, raw: Any) -> Receipt:
        """A replayed event may have longer extensions than the draft for which there was room."""
        length = raw.extensions_length
        if length > raw.extensions_capacity:
            extensions = extensions_encode(self.get(bytes(raw.event_id)).extensions)
        else:
            extensions = bytes(ffi.buffer(raw.extensions, length)) if length else b""
        return Receipt._from_raw(bytes(ffi.buffer(raw)), extensions)

    # --- waiting

    def wait(self, watermark: Watermark, point: Waited, *, timeout_ms: int | None = None) -> None:
        """Waits until a watermark has reached a point, the event of a receipt, or a sequence.

        watermark: "durable", "applied" or "visible".
        timeout_ms: for how long at most; 0 looks once; None: without end.

        Waiting flushes nothing, and the call counts as under way: `close` raises Busy meanwhile. No signal interrupts it.

        Raises WaitTimeout, Poisoned, ReadOnly. Since 0.2.
        """
        which, wall_ms, sequence, most = _checked(watermark, point, timeout_ms)
        at, error = ffi.new("bp_point *", (wall_ms, sequence)), ffi.new("bp_error *")
        with self._handle as address:
            status = lib.bp_store_wait(ffi.cast("bp_store *", address), which, at, most, error)
        if status:
            self._fail(status, error)

    async def wait_async(self, watermark: Watermark, point: Waited, *, timeout_ms: int | None = None) -> None:
        """As `wait`, while the event loop goes on, without a thread, and cancelled at once.

        It keeps no close from closing: that ends it, with Closed where even the last flush did not bring the point.
        """
        checked = _checked(watermark, point, timeout_ms)
        # Whoever is late looks once more, and is told how far the store has come.
        if not await reached(self._handle, *checked):
            self.wait(watermark, point, timeout_ms=0)

    # --- the same without blocking an event loop

    append_async = awaitable(append)
    append_many_async = awaitable(append_many)
    append_batch_async = awaitable(append_batch)
    fence_async = awaitable(fence)
    sync_async = awaitable(sync)
    close_async = awaitable(close)



def _checked(watermark: Watermark, point: Waited, timeout_ms: int | None) -> tuple[int, int, int, int]:
    """What is waited for as C takes it: watermark, time, sequence, milliseconds."""
    wall_ms, sequence = (number("point", part, MAXIMUM) for part in point_of(point))
    return (choice("watermark", watermark, WATERMARKS), wall_ms, sequence,
            number("timeout_ms", timeout_of(timeout_ms), 0xFFFF_FFFF))


def open(path: Path, *, mode: Mode = "create", durability: Durability = "durable", sync_mode: SyncMode = "data",
         segment_max_bytes: int | None = None, single_append_max_bytes: int | None = None,
         sync_every_events: int | None = None, group_max_events: int | None = None,
         batch_max_events: int | None = None, batch_max_bytes: int | None = None, queue_capacity: int | None = None,
         pressure_percent: int | None = None, drain_limit: int | None = None, restart_max: int | None = None,
         restart_within_ms: int | None = None, preallocate_bytes: int | None = None,
         signing_seeds: Iterable[Buffer] = (), verify_keys: Iterable[bytes] = (), clock: Clock | None = None,
         progress: Progress | None = None, log: Log | None = None, fault: FaultFunction | None = None) -> Store:
    """Opens the store in a directory. Use it with `with`.

    mode: "create": make the store where there is none; "must_exist": raise NoStore instead; "read_only": change nothing.
    durability: "durable": a receipt comes after the flush; "written": after the write, which survives the death of the
        process, not of the machine.
    sync_mode: "data" (fdatasync) or "all" (fsync).
    segment_max_bytes: a new segment file begins once this many are written (268,435,456).
    single_append_max_bytes: payload and extensions of one event, at most (16,777,216).
    sync_every_events: written events between two flushes (1,000); 0: only when asked.
    group_max_events: appends that may share one write and one flush (1,024).
    batch_max_events, batch_max_bytes: of one batch, at most (256; 1,048,576 bytes of payloads and extensions).
    queue_capacity: submissions that may wait to be committed (4,096); pressure_percent: of these, from where on a try is
        told to come again (75).
    drain_limit, restart_max, restart_within_ms: accepted for the reference's sake, without effect.
    preallocate_bytes: room made behind the last event while the store is open (1,048,576); 0: none.
    signing_seeds: Ed25519 seeds of 32 bytes: all verify, the last signs (the store keeps its own copies, wiped at close:
        yours may go once it is open, and can be wiped where they are bytearrays); verify_keys: public keys that verify only.
    clock: answers microseconds since 1970, in place of the system's.
    progress: called with "open" or "verify", bytes done and bytes in all; an answer that is true stops the call.
    log: called with one line of text for people, from any thread; what it raises goes to sys.unraisablehook.
    clock and log must not call the store.
    fault: for tests, and refused (Unsupported) but by a test build: asked at the points of `batpak.faults` whether an append
        goes on; an answer that is true aborts it (Fault). It may read the store and must not write.

    Raises NoStore, NotAStore, NewerVersion, Locked, ConfigurationError, SigningKeyError, StoreError, Stopped,
    SystemFailure. An interrupt (Ctrl-C) during a long open, and what clock and progress raise, comes out unchanged.
    """
    config = configuration(mode, durability, sync_mode, {
        "segment_max_bytes": segment_max_bytes, "single_append_max_bytes": single_append_max_bytes,
        "sync_every_events": sync_every_events, "group_max_events": group_max_events,
        "batch_max_events": batch_max_events, "batch_max_bytes": batch_max_bytes, "queue_capacity": queue_capacity,
        "pressure_percent": pressure_percent, "drain_limit": drain_limit, "restart_max": restart_max,
        "restart_within_ms": restart_within_ms, "preallocate_bytes": preallocate_bytes})
    verifying, config.verify_key_count = keys("verify keys", verify_keys)
    seeds, config.signing_seed_count = seeds_of(signing_seeds)
    config.signing_seeds, config.verify_keys = seeds, verifying
    callbacks = Callbacks(clock, progress, log, fault)
    try:
        handle = open_handle(path, config, callbacks)
    finally:
        wipe(seeds)
    return Store._from_handle(handle, callbacks, path, config.group_max_events)


open_async = opening(open)
