import { Batch, type BatchOptions } from "./batch.js";
import { Claim } from "./claim.js";
import type { EventType } from "./define.js";
import { kindOf, payloadOf, takeOptions, type Draft, type DraftOptions, type NewEvent } from "./draft.js";
import "./dispose.js";
import { NO_DRAFTS, putDraft, withDrafts } from "./drafts.js";
import { BatpakError, refusal } from "./errors.js";
import { Event, PageData } from "./event.js";
import { Frontier, rawWait, waitOptions, type Point, type WaitOptions, type Watermark } from "./frontier.js";
import type { FaultPoints } from "./fault.js";
import { abandon, Fence, type Fencing } from "./fence.js";
import { Permit, putDenial, type DenialRecord } from "./gates.js";
import { Machine, type From, type PayloadOf, type To, type Transition, type TransitionOptions } from "./machine.js";
import { native, raw, translate, type RawBatch, type StoreHandle, type TicketHandle } from "./native.js";
import { whole } from "./number.js";
import { trustOf, type OpenOptions, type Trust, type VerifyOptions } from "./options.js";
import { EventIterator, Page, putQuery, taking, type Conditions, type Query } from "./page.js";
import { AppendQueue } from "./queue.js";
import type { Outcome } from "./outcome.js";
import { hasReceipts, newSlab, Receipt, receiptsIn, receiptsOf } from "./receipt.js";
import { LONG, LONG_RECEIPT, RECEIPT } from "./records.js";
import { Judgement, reportOf, Stat, type Report } from "./report.js";
import { putClock, scratch } from "./scratch.js";
import { bytesOf, known, unshared } from "./text.js";
import { submitBy, ticketOfBatch, ticketOfOne, triedBy, type Submitting } from "./submit.js";
import { Pressure, type Ticket } from "./ticket.js";
import { callWithProgress, throwIfAborted, wait, waitWithProgress, WAITING_NAMES, type Waiting } from "./waiting.js";
import { Waits } from "./waits.js";

const PAGE_LIMIT = 256;
const PAGE_BYTES = 4 << 20;
/* Events that iteration brings over at a time. */
const STRIDE = 1024;

/* Bytes from which on a payload is not copied into the scratch buffer. */
const LARGE_PAYLOAD = 8192;

const WALK_NAMES: ReadonlySet<string> = new Set(["limit"]);
const TRUST_NAMES: ReadonlySet<string> = new Set(["trust"]);

const NO_BYTES = new Uint8Array(0);

/* Receipts of single appends lie side by side in one piece of memory, and keep so much alive. */
const SLAB_BYTES = 8192;

/* The hot calls: found once, for to find a function in the addon takes longer than to call it. */
const { bp_store_append: appendOne, bp_store_append_many: appendMany } = raw;

/** How far to walk. */
export interface WalkOptions {
  /** At most so many events; all if not given. */
  readonly limit?: number | undefined;
}

/**
 * An open store. A call that may wait for the disk waits with the thread; the forms ending in `Async` do not.
 *
 * A store that is forgotten is released when it is collected; {@link Store.close} says what could not be written.
 *
 * @since 0.1
 */
export class Store {
  /** The path as it was given. */
  readonly path: string;
  readonly #handle: StoreHandle;
  readonly #options: OpenOptions;
  readonly #faults: FaultPoints | undefined;
  /* What its clock said last. */
  #now: bigint;
  #slab = newSlab(SLAB_BYTES);
  #slabAt = 0;
  readonly #pending = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;
  readonly #waits: Waits;
  readonly #submitting: Submitting;
  readonly #fencing: Fencing;
  readonly #queue = new AppendQueue({
    send: (chunks, counts, atomic) => {
      this.#putClock();
      return (atomic ? raw.bp_store_append_batch_async : raw.bp_store_append_many_async)(this.#handle, chunks, counts);
    },
    receipts: receiptsOf,
    failure: (error, receipts) => this.#failed(error, receipts),
  });

  /** @internal */
  constructor(handle: StoreHandle, path: string, options: OpenOptions, faults: FaultPoints | undefined) {
    this.#handle = handle;
    this.#waits = new Waits(handle);
    this.path = path;
    this.#submitting = { path, ready: this.#tick.bind(this) };
    this.#fencing = { path, ready: this.#tickFenced.bind(this), held: this.#held.bind(this) };
    /* The seeds are not kept. */
    this.#options = { clock: options.clock, progress: options.progress };
    this.#faults = faults;
    this.#now = options.clock?.[0] ?? 0n;
  }

  /**
   * Appends one event and answers its receipt, after the flush if it is to be durable.
   *
   * @throws {@link BatpakError} the 100s with nothing written; `BP_READ_ONLY`; `BP_POISONED`; `BP_DISK_FULL`, `BP_SYSTEM`:
   * undone, the store goes on; `BP_SYNC_FAILED`: the event may or may not survive.
   */
  append(entity: string, scope: string, event: NewEvent, options?: DraftOptions): Receipt {
    try {
      const payload = payloadOf(event);
      const kind = kindOf(event);
      const taken = takeOptions(options);
      const large = payload.length > LARGE_PAYLOAD ? unshared(payload) : undefined;
      scratch.begin();
      putDraft(scratch, entity, scope, kind, large === undefined ? payload : NO_BYTES, taken);
      this.#tick();
      if (this.#slabAt > SLAB_BYTES - LONG_RECEIPT) {
        this.#slab = newSlab(SLAB_BYTES);
        this.#slabAt = 0;
      }
      const slab = this.#slab;
      const at = this.#slabAt;
      const map = appendOne(this.#handle, slab.bytes, at, large);
      this.#slabAt = at + ((slab.words[(at + RECEIPT.flags) >> 2]! & LONG) === 0 ? RECEIPT.size : LONG_RECEIPT);
      return new Receipt(slab, at, map);
    } catch (error) {
      throw this.#gated(error);
    }
  }

  /**
   * Appends independent events in order; those that are to be durable share one write and one flush where they fit one group.
   * Not atomic: the first failure ends it.
   *
   * @throws {@link BatpakError} as {@link append}, of the first that failed; `accepted` has the receipts of those before it,
   * which are in the store.
   */
  appendMany(drafts: Iterable<Draft>): Receipt[] {
    const accepted: Receipt[][] = [];
    try {
      return withDrafts(drafts, {}, (pieces) => {
        for (const { bytes, count } of pieces) {
          this.#tick();
          const slab = newSlab(count * RECEIPT.size);
          const answer = appendMany(this.#handle, bytes, count, slab.bytes);
          accepted.push(answer === undefined ? receiptsIn(slab, count, RECEIPT.size) : receiptsOf(answer));
        }
        return joined(accepted);
      });
    } catch (error) {
      if (hasReceipts(error)) accepted.push(receiptsOf(error));
      throw this.#failed(error, joined(accepted));
    }
  }

  /**
   * Appends a batch: all of it or nothing, seen by readers all at once, on the disk before the call answers.
   *
   * Keys stand on all drafts or on none: a batch whose keys are all known answers the first receipts. `causeItem` of a draft
   * names an earlier one as its cause. Expectations are refused.
   *
   * @throws {@link BatpakError} `BP_BATCH_COUNT`, `BP_BATCH_BYTES`, `BP_BATCH_EXPECTATION`, `BP_BATCH_KEYS`,
   * `BP_BATCH_DUPLICATE_KEY`, `BP_BATCH_CAUSE`, or as {@link append}; `offset` is the index of the draft.
   * @since 0.2
   */
  appendBatch(drafts: Iterable<Draft>): Receipt[] {
    try {
      return withDrafts(drafts, { whole: true }, ([piece = NO_DRAFTS]) => {
        this.#tick();
        return receiptsOf(raw.bp_store_append_batch(this.#handle, piece.bytes, piece.count));
      });
    } catch (error) {
      throw this.#failed(error, hasReceipts(error) ? receiptsOf(error) : []);
    }
  }

  /**
   * An empty batch to be gathered.
   *
   * ```ts
   * using batch = store.batch();
   * const order = batch.append("order:1", "shop", Placed({ ... }));
   * batch.append("stock:7", "shop", Taken({ ... }), { causeItem: order });
   * batch.flush();
   * ```
   *
   * @since 0.2
   */
  batch(options: BatchOptions = {}): Batch {
    try {
      const append = this.appendBatch.bind(this);
      const appendAsync = this.appendBatchAsync.bind(this);
      return new Batch({ path: this.path, append, appendAsync }, options);
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  /**
   * Hands a draft over and goes on: the store's own thread commits it, in one order and with the same flushes as the appends
   * of others. The ticket tells what became of it. It waits while `queueCapacity` of them are queued; closing the store commits
   * all that was submitted.
   *
   * @throws {@link BatpakError} what {@link append} refuses by the draft's look, and a gate; all else is the ticket's.
   * @since 0.2
   */
  submit(draft: Draft): Ticket<Receipt> {
    return ticketOfOne(submitBy(this.#submitting, [draft], false, this.#submit), this.path);
  }

  /** Hands a batch over, of which all or nothing is appended: as {@link appendBatch}, and as {@link submit}. @since 0.2 */
  submitBatch(drafts: Iterable<Draft>): Ticket<Receipt[]> {
    return ticketOfBatch(submitBy(this.#submitting, drafts, true, this.#submit), this.path);
  }

  /**
   * As {@link submit}, without ever waiting: an Ok with the ticket; a Retry where the queue holds `pressure().threshold`, a
   * Cancelled while a fence is open: then nothing was queued.
   *
   * @throws {@link BatpakError} as {@link submit}.
   * @since 0.2
   */
  trySubmit(draft: Draft): Outcome<Ticket<Receipt>> {
    return triedBy(this.#submitting, submitBy(this.#submitting, [draft], false, this.#trySubmit), ticketOfOne);
  }

  /** As {@link submitBatch}, and as {@link trySubmit}. @since 0.2 */
  trySubmitBatch(drafts: Iterable<Draft>): Outcome<Ticket<Receipt[]>> {
    return triedBy(this.#submitting, submitBy(this.#submitting, drafts, true, this.#trySubmit), ticketOfBatch);
  }

  readonly #trySubmit = (arena: Uint8Array, count: number, isBatch: boolean): ReturnType<typeof raw.bp_store_try_submit> =>
    raw.bp_store_try_submit(this.#handle, arena, count, isBatch);

  readonly #submit = (arena: Uint8Array, count: number, isBatch: boolean): TicketHandle =>
    raw.bp_store_submit(this.#handle, arena, count, isBatch);

  /**
   * Opens a fence: what is submitted to it is shown all at once, or never. A store has one at a time. What was appended before
   * stays visible, and is flushed.
   *
   * @throws {@link BatpakError} `BP_FENCE_ACTIVE`, `BP_READ_ONLY`, `BP_POISONED`, `BP_SYNC_FAILED`.
   * @since 0.2
   */
  fence(): Fence {
    return this.#call(() => new Fence(raw.bp_fence_begin(this.#handle), this.#fencing));
  }

  /** How full the queue of what was submitted is. @throws {@link BatpakError} `BP_READ_ONLY`. @since 0.2 */
  pressure(): Pressure {
    return this.#call(() => new Pressure(raw.bp_store_pressure(this.#handle)));
  }

  /**
   * Appends what a permit permits, once. A permit is used up when its event is in the store, or may be (`BP_SYNC_FAILED`);
   * after any other failure it can be committed again.
   *
   * @throws {@link BatpakError} `BP_PERMIT_USED`, or as {@link append}.
   * @since 0.2
   */
  commit(permit: Permit): Receipt {
    return this.#appendBy(() => [Permit.handle(permit)], raw.bp_store_commit_permit);
  }

  /**
   * Writes a denial to the log: an event of kind 0x000F in the entity of its draft. Gates before the one that denied are
   * written as permitting, those behind it as skipped.
   *
   * @throws {@link BatpakError} `BP_ARGUMENT`, also where the denial's position is not that of its gate in this set; or as
   * {@link append}.
   * @since 0.2
   */
  appendDenial(denial: DenialRecord): Receipt {
    return this.#appendBy(() => putDenial(denial), raw.bp_store_append_denial);
  }

  /** As {@link verifyReceipt}, for the receipt of a denial: `"denial_kind_mismatch"` where the event is none. @since 0.2 */
  verifyDenial(receipt: Receipt, options: Trust = {}): Judgement {
    return this.#judge(raw.bp_store_verify_denial, receipt, options);
  }

  /**
   * Appends the event that leads from one state to another, if the machine has such a step: the compiler looks, and the
   * library at run time. The states leave no trace in the event, and the store does not know in which one the entity is: bind
   * the step to what it was decided on by `expect`.
   *
   * @throws {@link BatpakError} `BP_TRANSITION`: `expected` is the number of the state from, `actual` that of the state to;
   * `BP_VALUE`; or as {@link append}.
   * @since 0.2
   */
  applyTransition<Steps extends readonly Transition[], State extends From<Steps>, Next extends To<Steps, State>>(
    machine: Machine<string, Steps>, from: State, to: Next, entity: string, scope: string, payload: PayloadOf<Steps, State, Next>,
    options: TransitionOptions = {}): Receipt {
    return this.#appendBy(() => Machine.put(machine, from, to, entity, scope, payload, options), raw.bp_store_apply_transition);
  }

  /** Flushes: everything acknowledged so far is durable. @throws {@link BatpakError} `BP_READ_ONLY`, `BP_POISONED`, `BP_SYNC_FAILED`. */
  sync(): void {
    this.#call(() => raw.bp_store_sync(this.#handle));
  }

  /** How far the store has come, in six points of one moment. @since 0.2 */
  frontier(): Frontier {
    return this.#call(() => new Frontier(raw.bp_store_frontier(this.#handle)));
  }

  /**
   * Waits until a watermark has reached a point, the event of a receipt, or a sequence. It flushes nothing.
   *
   * @param timeoutMs for how long at most; 0 looks once; without end where not given, and the thread waits so long
   * @throws {@link BatpakError} `BP_WAIT_TIMEOUT`, `BP_POISONED`, `BP_READ_ONLY`.
   * @since 0.2
   */
  wait(watermark: Watermark, point: Point | Receipt | bigint | number, timeoutMs?: number | null): void {
    this.#call(() => raw.bp_store_wait(this.#handle, ...rawWait(watermark, point, timeoutMs)));
  }

  /** Events that match, in commit order: one page of them. */
  page<T = Uint8Array>(query: Query<T> = {}): Page<T> {
    return new Page(this.#fill(query, query.after, query.limit ?? PAGE_LIMIT, query.maxBytes ?? PAGE_BYTES), query.type);
  }

  /** All events that match, a page at a time; `limit` and `maxBytes` are those of a page. */
  pages<T = Uint8Array>(query: Query<T> = {}): IterableIterator<Page<T>> {
    return this.#pages(this.#taking(query));
  }

  *#pages<T>(query: Query<T>): IterableIterator<Page<T>> {
    let after = query.after;
    for (;;) {
      const page = this.page({ ...query, after });
      if (page.length > 0) yield page;
      if (!page.more || page.length === 0) return;
      after = page.at(-1)!.sequence;
    }
  }

  /** All events that match, in commit order. Those appended meanwhile may or may not be among them. */
  events<T = Uint8Array>(query: Query<T> = {}): IterableIterator<Event<T>> {
    const own = this.#taking(query);
    return new EventIterator((after, limit) => this.#fill(own, after, limit, own.maxBytes ?? PAGE_BYTES), own);
  }

  /**
   * One event.
   *
   * @throws {@link BatpakError} `BP_NOT_FOUND`; `BP_DAMAGED_FRAME` with its position; `BP_VALUE` where it is of another type
   * than asked for.
   */
  get<T = Uint8Array>(eventId: Uint8Array, type?: EventType<T>): Event<T> {
    return this.#call(() => {
      const data = new PageData(raw.bp_store_get(this.#handle, bytesOf("eventId", eventId, 16)), this.path);
      const event = new Event(data, data.at(0), type);
      if (type === undefined || type.kind === event.kind) return event;
      throw refusal("BP_VALUE", `the event is of kind ${native.kindFormat(event.kind)}, not ${native.kindFormat(type.kind)}`);
    });
  }

  /**
   * An event and its ancestors, newest first: each next one is the entity's event before. `more` says that `limit` cut it.
   *
   * @throws {@link BatpakError} `BP_NOT_FOUND`.
   */
  walk(eventId: Uint8Array, options: WalkOptions = {}): Page {
    return this.#call(() => {
      known(options, WALK_NAMES);
      const limit = whole("limit", options.limit ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      const buffer = raw.bp_store_walk(this.#handle, bytesOf("eventId", eventId, 16), limit);
      return new Page(new PageData(buffer, this.path), undefined);
    });
  }

  /** Whether this store still holds what a receipt says. @throws {@link BatpakError} `BP_ARGUMENT`, `BP_MESSAGEPACK`. */
  verifyReceipt(receipt: Receipt, options: Trust = {}): Judgement {
    return this.#judge(raw.bp_store_verify_receipt, receipt, options);
  }

  /**
   * The receipt with all that its signature covers, to be checked where there is no store. It is held against this one first,
   * with the keys that it was opened with.
   *
   * @throws {@link BatpakError} `BP_CLAIM` where the receipt does not hold: `actual` is the outcome, as
   * `receiptOutcomeName` takes it.
   * @since 0.2
   */
  claim(receipt: Receipt): Claim {
    if (!(receipt instanceof Receipt)) throw refusal("BP_ARGUMENT", "not a receipt", this.path);
    const held = { record: receipt.record(0), extensions: receipt.map };
    return this.#call(() => new Claim(raw.bp_claim_export(this.#handle, held)));
  }

  /**
   * Reads everything and says what agrees: checksums, content hashes, chains, sequences, and the receipts given.
   *
   * @throws {@link BatpakError} `BP_NO_MEMORY`; what `progress` throws. A damaged store is a verdict, not an error.
   */
  verify(options: VerifyOptions = {}): Report {
    return this.#call(() => {
      const call = raw.bp_store_verify.bind(undefined, this.#handle, trustOf(options));
      return reportOf(callWithProgress(call, this.#options.progress));
    });
  }

  /** What the open found and repaired (or, read-only, would repair). */
  openReport(): Report {
    return this.#call(() => reportOf(raw.bp_store_open_report(this.#handle)));
  }

  /**
   * Brings events down to a state: `step` is called with the state so far and each event that matches, in commit order, and
   * answers the next state. What it throws ends the fold and comes out as it is; the store goes on.
   */
  fold<State, T = Uint8Array>(initial: State, step: (state: State, event: Event<T>) => State, query: Query<T> = {}): State {
    if (typeof step !== "function") throw refusal("BP_ARGUMENT", "the step is not a function", this.path);
    let state = initial;
    for (const event of this.events(query)) state = step(state, event);
    return state;
  }

  /** How much the store holds. */
  stat(): Stat {
    return this.#call(() => new Stat(raw.bp_store_stat(this.#handle)));
  }

  /**
   * Flushes, says in the journal that the store was closed, and lets go of it. A second time does nothing.
   *
   * @throws {@link BatpakError} `BP_BUSY` while other calls are under way: nothing happened. After any other the store is
   * closed, and the error says what is not on the disk.
   */
  close(): void {
    if (this.#closing !== undefined) return;
    try {
      this.#putClock(true);
      raw.bp_store_close(this.#handle);
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  /** As {@link close}: for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * As {@link append}, on another thread. What is appended while another append is under way goes to the disk together, in the
   * order of the calls.
   */
  async appendAsync(entity: string, scope: string, event: NewEvent, options: DraftOptions & Waiting = {}): Promise<Receipt> {
    const { signal, ...rest } = options;
    try {
      return (await this.appendManyAsync([{ ...rest, entity, scope, event }], { signal }))[0]!;
    } catch (error) {
      if (error instanceof BatpakError && error.accepted?.length === 1) error.receipt = error.accepted[0]!;
      throw error;
    }
  }

  /** As {@link appendMany}, on another thread. The drafts are taken before it returns. */
  async appendManyAsync(drafts: Iterable<Draft>, options: Waiting = {}): Promise<Receipt[]> {
    return this.#appendAsync(drafts, false, options);
  }

  /** As {@link appendBatch}, on another thread, in the order of the calls. The drafts are taken before it returns. @since 0.2 */
  async appendBatchAsync(drafts: Iterable<Draft>, options: Waiting = {}): Promise<Receipt[]> {
    return this.#appendAsync(drafts, true, options);
  }

  /**
   * As {@link wait}, while the event loop goes on, without a thread of its own. A close of the store ends it, with `BP_CLOSED`
   * where even the last flush did not bring the point.
   *
   * @since 0.2
   */
  async waitAsync(watermark: Watermark, point: Point | Receipt | bigint | number, options: WaitOptions = {}): Promise<void> {
    try {
      const { timeoutMs, signal } = waitOptions(options);
      const awaited = rawWait(watermark, point, timeoutMs);
      this.#tick();
      await this.#waits.reach(awaited, signal);
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  /** As {@link sync}, on another thread. */
  async syncAsync(options: Waiting = {}): Promise<void> {
    const signal = this.#signal(options);
    return this.#held(() => wait(() => raw.bp_store_sync_async(this.#handle), signal));
  }

  /** As {@link fence}, on another thread. A fence that nobody waits for any more is cancelled. @since 0.2 */
  async fenceAsync(options: Waiting = {}): Promise<Fence> {
    const signal = this.#signal(options);
    return this.#held(async () => new Fence(await wait(() => raw.bp_fence_begin_async(this.#handle), signal, abandon), this.#fencing));
  }

  /** As {@link page}, on another thread. */
  async pageAsync<T = Uint8Array>(query: Query<T> & Waiting = {}): Promise<Page<T>> {
    return new Page(await this.#fillAsync(query, query.after, query.limit ?? PAGE_LIMIT, query.maxBytes ?? PAGE_BYTES), query.type);
  }

  /** As {@link events}, read on another thread. */
  eventsAsync<T = Uint8Array>(query: Query<T> & Waiting = {}): AsyncIterableIterator<Event<T>> {
    return this.#eventsAsync(this.#taking(query));
  }

  async *#eventsAsync<T>(query: Query<T> & Waiting): AsyncIterableIterator<Event<T>> {
    let left = query.limit ?? Infinity;
    let after = query.after;
    while (left > 0) {
      const data = await this.#fillAsync(query, after, Math.min(left, STRIDE), query.maxBytes ?? PAGE_BYTES);
      for (let place = 0; place < data.count; place++) {
        yield new Event(data, data.at(place), query.type);
        query.signal?.throwIfAborted();
      }
      if (!data.more || data.count === 0) return;
      after = new Event(data, data.at(data.count - 1), undefined).sequence;
      left -= data.count;
    }
  }

  /** As {@link verify}, on another thread. */
  async verifyAsync(options: VerifyOptions & Waiting = {}): Promise<Report> {
    return this.#held(async () => {
      const start = raw.bp_store_verify_async.bind(undefined, this.#handle, trustOf(options));
      return reportOf(await waitWithProgress(start, this.#options.progress, options.signal, raw.bp_report_free));
    });
  }

  /** As {@link close}, on another thread, once all calls before it are done. From now on other calls find the store closed. */
  async closeAsync(): Promise<void> {
    this.#closing ??= this.#closeWhenIdle();
    return this.#closing;
  }

  async #closeWhenIdle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
    await this.#queue.idle();
    this.#putClock(true);
    try {
      await raw.bp_store_close_async(this.#handle);
      await this.#waits.ended();
    } catch (error) {
      this.#closing = undefined;
      throw translate(error, this.path);
    }
  }

  /** As {@link closeAsync}: for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    return this.closeAsync();
  }

  async #appendAsync(drafts: Iterable<Draft>, atomic: boolean, options: Waiting): Promise<Receipt[]> {
    const signal = this.#signal(options);
    throwIfAborted(signal);
    try {
      return await withDrafts(drafts, { copied: true, whole: atomic }, (pieces, gate) => {
        this.#tick();
        const appended = this.#queue.append(pieces, atomic, signal);
        return gate === undefined ? appended : this.#waits.pass(appended, gate, signal, (error, receipts) => this.#failed(error, receipts));
      });
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  /* Calls on other threads that closeAsync waits for. */
  async #held<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    this.#tick();
    const answer = call();
    this.#pending.add(answer);
    try {
      return await answer;
    } catch (error) {
      throw translate(error, this.path);
    } finally {
      this.#pending.delete(answer);
    }
  }

  async #fillAsync(query: Conditions & Waiting, after: bigint | number | undefined, limit: number, maxBytes: number): Promise<PageData> {
    return this.#held(async () => {
      putQuery(query, after, limit, maxBytes);
      return new PageData(await wait(() => raw.bp_store_page_async(this.#handle), query.signal), this.path);
    });
  }

  /* The error of a failed append, with its receipt where only a gate was not passed. */
  #gated(error: unknown): unknown {
    const failure = this.#translate(error);
    if (failure instanceof BatpakError && hasReceipts(error)) failure.receipt = receiptsOf(error)[0]!;
    return failure;
  }

  /* The error of a failed append. */
  #translate(error: unknown): unknown {
    const thrown = this.#faults?.thrownFor(error);
    return thrown === undefined ? translate(error, this.path) : thrown.error;
  }

  /* The error of a failed append of many, with the receipts that there are. */
  #failed(error: unknown, receipts: Receipt[]): unknown {
    const failure = this.#translate(error);
    if (failure instanceof BatpakError) failure.accepted = receipts;
    return failure;
  }

  #fill(query: Conditions, after: bigint | number | undefined, limit: number, maxBytes: number): PageData {
    try {
      putQuery(query, after, limit, maxBytes);
      this.#tick();
      return new PageData(raw.bp_store_page(this.#handle), this.path);
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  /* Before every call. */
  #tick(): void {
    if (this.#closing !== undefined) throw refusal("BP_CLOSED", "the store is being closed", this.path);
    if (this.#options.clock !== undefined) this.#putClock();
  }

  /* The same of its fence, which the close ends. */
  #tickFenced(): void {
    if (this.#closing !== undefined) throw refusal("BP_FENCE_NOT_ACTIVE", "the store is being closed", this.path);
    this.#tick();
  }

  /* The clock of this store, for the call that follows. */
  #putClock(closing = false): void {
    const { clock } = this.#options;
    if (clock === undefined) return;
    const now = clock[0] ?? (closing ? this.#now : undefined);
    if (now === undefined) throw refusal("BP_ARGUMENT", "the clock is of a buffer that was transferred away", this.path);
    this.#now = now;
    putClock(now);
  }

  #taking<Asked extends Conditions>(query: Asked): Asked {
    try {
      return taking(query);
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  #signal(options: Waiting): AbortSignal | undefined {
    try {
      known(options, WAITING_NAMES);
      return options.signal;
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  #judge(judge: typeof raw.bp_store_verify_receipt, receipt: Receipt, options: Trust): Judgement {
    if (!(receipt instanceof Receipt)) throw refusal("BP_ARGUMENT", "not a receipt", this.path);
    const held = { record: receipt.record(0), extensions: receipt.map };
    return this.#call(() => {
      known(options, TRUST_NAMES);
      return new Judgement(judge(this.#handle, held, trustOf(options)));
    });
  }

  /* `read` reads what the caller gave, which may run code of his, and puts it where the call takes it. */
  #appendBy<Given extends unknown[] | []>(read: () => Given, call: (store: StoreHandle, ...given: Given) => RawBatch): Receipt {
    try {
      const given = read();
      this.#tick();
      return receiptsOf(call(this.#handle, ...given))[0]!;
    } catch (error) {
      throw this.#gated(error);
    }
  }

  #call<Answer>(call: () => Answer): Answer {
    try {
      this.#tick();
      return call();
    } catch (error) {
      throw translate(error, this.path);
    }
  }
}

function joined(parts: Receipt[][]): Receipt[] {
  return parts.length === 1 ? parts[0]! : parts.flat();
}
