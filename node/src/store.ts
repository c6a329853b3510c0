import type { EventType } from "./define.js";
import { payloadOf, putDraft, type DraftOptions, type NewEvent } from "./draft.js";
import { refusal } from "./errors.js";
import { Event, PageData } from "./event.js";
import { DRAFT, RECEIPT } from "./layout.js";
import { raw, translate, type ReportHandle, type StoreHandle } from "./native.js";
import { configOf, pathOf, recordOf, trustOf, type OpenOptions, type Trust, type VerifyOptions } from "./options.js";
import { Page, putQuery, type Conditions, type PageQuery, type Query } from "./page.js";
import { Receipt } from "./receipt.js";
import { Judgement, Report, Stat } from "./report.js";
import * as scratch from "./scratch.js";
import { bytesOf } from "./text.js";

/* Node 18 has no Symbol.dispose; `using`, compiled, looks for it under this name. */
(Symbol as { dispose?: symbol }).dispose ??= Symbol("Symbol.dispose");
(Symbol as { asyncDispose?: symbol }).asyncDispose ??= Symbol("Symbol.asyncDispose");

const PAGE_LIMIT = 256;
const PAGE_BYTES = 4 << 20;
/* Events that iteration brings over at a time. */
const STRIDE = 1024;

/* Receipts of single appends lie side by side in one piece of memory: so many keep each other's memory alive. */
const SLAB_RECEIPTS = 16;
const SLAB_BYTES = SLAB_RECEIPTS * RECEIPT.size;

/** Which event to walk from, and how far. */
export interface WalkOptions<T = Uint8Array> {
  /** At most so many events; all if not given. */
  readonly limit?: number | undefined;
  /** The payloads' type. */
  readonly type?: EventType<T> | undefined;
}

/** A query for events one after another. */
export interface EventsQuery<T = Uint8Array> extends Query<T> {
  /** At most so many events; all if not given. */
  readonly limit?: number | undefined;
}

/**
 * Opens the store in the directory `path`, and makes it where there is none.
 *
 * ```ts
 * using store = open("game");
 * ```
 *
 * @throws {@link BatpakError} `BP_LOCKED`, `BP_NO_STORE`, `BP_NOT_A_STORE`, `BP_NEWER_VERSION`, `BP_CONFIGURATION` and others.
 * @since 0.1
 */
export function open(path: string | URL, options: OpenOptions = {}): Store {
  const name = pathOf(path);
  const config = configOf(options);
  if (options.clock !== undefined) scratch.putClock(options.clock[0]!);
  try {
    return new Store(raw.bp_store_open(name, config, options.progress), name, options);
  } catch (error) {
    throw translate(error, name);
  }
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
  #slab = new Uint8Array(SLAB_BYTES);
  #slabAt = 0;

  /** @internal */
  constructor(handle: StoreHandle, path: string, options: OpenOptions) {
    this.#handle = handle;
    this.path = path;
    this.#options = options;
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
      scratch.begin(DRAFT.size);
      putDraft(scratch.RECORDS, entity, scope, event.kind, options);
      this.#tick();
      if (this.#slabAt === SLAB_BYTES) {
        this.#slab = new Uint8Array(SLAB_BYTES);
        this.#slabAt = 0;
      }
      const receipt = new Receipt(this.#slab, this.#slabAt, raw.bp_store_append(this.#handle, this.#slab, this.#slabAt, payload));
      this.#slabAt += RECEIPT.size;
      return receipt;
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  /** Flushes: everything acknowledged so far is durable. @throws {@link BatpakError} `BP_READ_ONLY`, `BP_POISONED`, `BP_SYNC_FAILED`. */
  sync(): void {
    this.#call(() => raw.bp_store_sync(this.#handle));
  }

  /** Events that match, in commit order: one page of them. */
  page<T = Uint8Array>(query: PageQuery<T> = {}): Page<T> {
    return new Page(this.#fill(query, query.after, query.limit ?? PAGE_LIMIT, query.maxBytes ?? PAGE_BYTES), query.type);
  }

  /** All events that match, a page at a time; `limit` and `maxBytes` are those of a page. */
  *pages<T = Uint8Array>(query: PageQuery<T> = {}): IterableIterator<Page<T>> {
    let after = query.after;
    for (;;) {
      const page = this.page({ ...query, after });
      if (page.length > 0) yield page;
      if (!page.more || page.length === 0) return;
      after = page.at(-1)!.sequence;
    }
  }

  /** All events that match, in commit order. Those appended meanwhile may or may not be among them. */
  *events<T = Uint8Array>(query: EventsQuery<T> = {}): IterableIterator<Event<T>> {
    let left = query.limit ?? Infinity;
    let after = query.after;
    while (left > 0) {
      const data = this.#fill(query, after, Math.min(left, STRIDE), PAGE_BYTES);
      for (let place = 0; place < data.count; place++) yield new Event(data, data.at(place), query.type);
      if (!data.more || data.count === 0) return;
      after = new Event(data, data.at(data.count - 1), undefined).sequence;
      left -= data.count;
    }
  }

  /** One event. @throws {@link BatpakError} `BP_NOT_FOUND`; `BP_DAMAGED_FRAME` with its position. */
  get<T = Uint8Array>(eventId: Uint8Array, type?: EventType<T>): Event<T> {
    const data = this.#call(() => new PageData(raw.bp_store_get(this.#handle, bytesOf("eventId", eventId, 16)), this.path));
    return new Event(data, data.at(0), type);
  }

  /**
   * An event and its ancestors, newest first: each next one is the entity's event before. `more` says that `limit` cut it.
   *
   * @throws {@link BatpakError} `BP_NOT_FOUND`.
   */
  walk<T = Uint8Array>(eventId: Uint8Array, options: WalkOptions<T> = {}): Page<T> {
    const limit = options.limit ?? Number.MAX_SAFE_INTEGER;
    const data = this.#call(() => raw.bp_store_walk(this.#handle, bytesOf("eventId", eventId, 16), limit));
    return new Page(new PageData(data, this.path), options.type);
  }

  /** Whether this store still holds what a receipt says. @throws {@link BatpakError} `BP_ARGUMENT`, `BP_MESSAGEPACK`. */
  verifyReceipt(receipt: Receipt, options: Trust = {}): Judgement {
    if (!(receipt instanceof Receipt)) throw refusal("BP_ARGUMENT", "not a receipt", this.path);
    const held = { record: recordOf(receipt, 0), extensions: receipt.map };
    return this.#call(() => new Judgement(raw.bp_store_verify_receipt(this.#handle, held, trustOf({ trust: options.trust }))));
  }

  /**
   * Reads everything and says what agrees: checksums, content hashes, chains, sequences, and the receipts given.
   *
   * @throws {@link BatpakError} `BP_NO_MEMORY`; what `progress` throws. A damaged store is a verdict, not an error.
   */
  verify(options: VerifyOptions = {}): Report {
    return this.#call(() => reportOf(raw.bp_store_verify(this.#handle, trustOf(options), this.#options.progress)));
  }

  /** What the open found and repaired (or, read-only, would repair). */
  openReport(): Report {
    return this.#call(() => reportOf(raw.bp_store_open_report(this.#handle)));
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
    this.#call(() => raw.bp_store_close(this.#handle));
  }

  /** As {@link close}: for `using`. */
  [Symbol.dispose](): void {
    this.close();
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

  /* The clock of this store, for the call that follows. */
  #tick(): void {
    const clock = this.#options.clock;
    if (clock !== undefined) scratch.putClock(clock[0]!);
  }

  #call<Answer>(call: () => Answer): Answer {
    this.#tick();
    try {
      return call();
    } catch (error) {
      throw translate(error, this.path);
    }
  }
}

function reportOf(handle: ReportHandle): Report {
  try {
    return new Report({ ...raw.bp_report_verdict(handle), items: raw.bp_report_findings(handle) });
  } finally {
    raw.bp_report_free(handle);
  }
}
