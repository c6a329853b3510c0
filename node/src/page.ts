import { RECORDS } from "./arena.js";
import { BP_KIND_ANY, BP_KIND_CATEGORY, BP_KIND_EXACT, BP_QUERY_AFTER, BP_QUERY_CLOCK, BP_QUERY_ENTITY, BP_QUERY_SCOPE,
  BP_QUERY_UNDER } from "./constants.js";
import type { EventType } from "./define.js";
import { refusal } from "./errors.js";
import { Event, type PageData } from "./event.js";
import { kindNumber, type KindLike } from "./kind.js";
import { QUERY } from "./layout.js";
import { whole } from "./number.js";
import { scratch } from "./scratch.js";
import { known, taken } from "./text.js";

/* Of these at most one. */
type Whose = { readonly entity?: string | undefined; readonly under?: undefined } | { readonly entity?: undefined; readonly under?: string | undefined };
type What<T> =
  | { readonly type?: EventType<T> | undefined; readonly kind?: undefined; readonly category?: undefined }
  | { readonly type?: undefined; readonly kind?: KindLike | undefined; readonly category?: undefined }
  | { readonly type?: undefined; readonly kind?: undefined; readonly category?: number | undefined };

/** Which events; all conditions must hold. */
export type Query<T = Uint8Array> = Whose & What<T> & {
  /** Exactly this entity. */
  readonly entity?: string | undefined;
  /** This entity and those below it: `E` and `E:...`. */
  readonly under?: string | undefined;
  /** Events of this type's kind, with typed payloads. */
  readonly type?: EventType<T> | undefined;
  /** Events of this kind. */
  readonly kind?: KindLike | undefined;
  /** Events of this category, 0 to 15. */
  readonly category?: number | undefined;
  readonly scope?: string | undefined;
  /** Sequences strictly above this one. */
  readonly after?: bigint | number | undefined;
  /** From the first to the second place in the entity's chain, both counted. */
  readonly clock?: readonly [number, number] | undefined;
  /** At most so many events: of a page 256 if not given, of an iteration or a fold all. */
  readonly limit?: number | undefined;
  /** At most so many bytes of a page, but at least one event; 4 MiB if not given. */
  readonly maxBytes?: number | undefined;
};

const AT = RECORDS;

/** A query whatever the type of its events. @internal */
export interface Conditions {
  readonly type?: { readonly kind: number } | undefined;
  readonly kind?: KindLike | undefined;
  readonly category?: number | undefined;
  readonly entity?: string | undefined;
  readonly under?: string | undefined;
  readonly scope?: string | undefined;
  readonly clock?: readonly [number, number] | undefined;
}

const NAMES: ReadonlySet<string> = new Set(["type", "kind", "category", "entity", "under", "scope", "after", "clock", "limit",
  "maxBytes", "signal"]);

/** A query as it is now: it is read again for every page. @internal */
export function taking<Asked extends Conditions & { readonly limit?: number | undefined }>(query: Asked): Asked {
  const own = taken(query, NAMES);
  if (own.limit !== undefined && own.limit !== null) whole("limit", own.limit, Number.MAX_SAFE_INTEGER);
  return own;
}

/** Writes a query into the scratch buffer. @internal */
export function putQuery(query: Conditions, after: bigint | number | undefined, limit: number, maxBytes: number): void {
  known(query, NAMES);
  const { type, kind, category, entity, under, scope, clock } = query;
  /* All of it is read before anything is written: that may run code of the caller, which may use the scratch buffer. */
  const [filter, number] = kindFilter(type, kind, category);
  const range = clock === undefined ? undefined : clockRange(clock);
  scratch.begin();
  scratch.zeroed(QUERY.size);
  let flags = 0;
  if (after !== undefined) flags |= putLong(QUERY.after, BP_QUERY_AFTER, sequenceOf(after));
  if (entity !== undefined && under !== undefined) throw refusal("BP_ARGUMENT", "entity and under exclude each other");
  if (entity !== undefined) flags |= putText(QUERY.entity, BP_QUERY_ENTITY, "entity", entity);
  if (under !== undefined) flags |= putText(QUERY.entity, BP_QUERY_UNDER, "under", under);
  if (scope !== undefined) flags |= putText(QUERY.scope, BP_QUERY_SCOPE, "scope", scope);
  const { words } = scratch;
  if (range !== undefined) {
    flags |= BP_QUERY_CLOCK;
    words[(AT + QUERY.clock_min) >> 2] = range[0];
    words[(AT + QUERY.clock_max) >> 2] = range[1];
  }
  words[(AT + QUERY.struct_size) >> 2] = QUERY.size;
  words[(AT + QUERY.flags) >> 2] = flags;
  words[(AT + QUERY.kind_filter) >> 2] = filter;
  words[(AT + QUERY.kind) >> 2] = number;
  putLong(QUERY.limit, 0, BigInt(whole("limit", limit, Number.MAX_SAFE_INTEGER)));
  putLong(QUERY.max_bytes, 0, BigInt(whole("maxBytes", maxBytes, Number.MAX_SAFE_INTEGER)));
}

/* A filter, and the kind or category that it lets pass. */
function kindFilter(type: { readonly kind: number } | undefined, kind: KindLike | undefined, category: number | undefined): [number, number] {
  if (type === undefined && kind === undefined && category === undefined) return [BP_KIND_ANY, 0];
  if (Number(type !== undefined) + Number(kind !== undefined) + Number(category !== undefined) > 1) {
    throw refusal("BP_ARGUMENT", "of type, kind and category one can be given");
  }
  if (category !== undefined) return [BP_KIND_CATEGORY, whole("category", category, 15)];
  return [BP_KIND_EXACT, kindNumber(type?.kind ?? kind!)];
}

function clockRange(clock: readonly [number, number]): [number, number] {
  if (!Array.isArray(clock) || clock.length !== 2) throw refusal("BP_ARGUMENT", "clock is [first, last]");
  return [whole("clock", clock[0], 0xffffffff), whole("clock", clock[1], 0xffffffff)];
}

function putText(field: number, flag: number, what: string, text: string): number {
  if (typeof text !== "string") throw refusal("BP_ARGUMENT", `${what} is not a string`);
  scratch.pointText(AT + field, text);
  return flag;
}

function putLong(field: number, flag: number, value: bigint): number {
  scratch.longs[(AT + field) >> 3] = value;
  return flag;
}

function sequenceOf(after: unknown): bigint {
  if (typeof after === "number" && Number.isSafeInteger(after) && after >= 0) return BigInt(after);
  if (typeof after === "bigint" && BigInt.asUintN(64, after) === after) return after;
  throw refusal("BP_ARGUMENT", "after is no sequence: a bigint of 64 bits");
}

/**
 * Some events, in commit order (of `walk`: newest first). It is a copy: it stays what it is when the store is written on or
 * closed.
 *
 * @since 0.1
 */
export class Page<T = Uint8Array> implements Iterable<Event<T>> {
  /** How many events. */
  readonly length: number;
  /** True if the limit cut it: ask again with `after` = the last event's sequence. */
  readonly more: boolean;
  readonly #data: PageData;
  readonly #type: EventType<T> | undefined;

  /** @internal */
  constructor(data: PageData, type: EventType<T> | undefined) {
    this.length = data.count;
    this.more = data.more;
    this.#data = data;
    this.#type = type;
  }

  /** The event at a place, from the end where it is negative; undefined where there is none. */
  at(index: number): Event<T> | undefined {
    const place = Math.trunc(index) + (index < 0 ? this.length : 0);
    return place >= 0 && place < this.length ? new Event(this.#data, this.#data.at(place), this.#type) : undefined;
  }

  [Symbol.iterator](): IterableIterator<Event<T>> {
    return new PageIterator(this.#data, this.#type);
  }
}

class PageIterator<T> implements IterableIterator<Event<T>> {
  readonly #data: PageData;
  readonly #type: EventType<T> | undefined;
  #place = 0;

  constructor(data: PageData, type: EventType<T> | undefined) {
    this.#data = data;
    this.#type = type;
  }

  next(): IteratorResult<Event<T>> {
    const data = this.#data;
    if (this.#place >= data.count) return { done: true, value: undefined };
    return { done: false, value: new Event(data, data.at(this.#place++), this.#type) };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/* Events that iteration brings over at a time. */
const STRIDE = 1024;

/**
 * Events over all pages of a query. At its end it lets go of the store.
 *
 * @internal
 */
export class EventIterator<T> implements IterableIterator<Event<T>> {
  #fill: ((after: bigint | number | undefined, limit: number) => PageData) | undefined;
  readonly #type: EventType<T> | undefined;
  #after: bigint | number | undefined;
  #left: number;
  #data: PageData | undefined;
  #place = 0;
  #count = 0;

  constructor(fill: (after: bigint | number | undefined, limit: number) => PageData, query: Query<T>) {
    this.#fill = fill;
    this.#type = query.type;
    this.#after = query.after;
    this.#left = query.limit ?? Infinity;
  }

  next(): IteratorResult<Event<T>> {
    while (this.#place === this.#count) if (!this.#turn()) return { done: true, value: undefined };
    const data = this.#data!;
    return { done: false, value: new Event(data, data.at(this.#place++), this.#type) };
  }

  return(): IteratorResult<Event<T>> {
    this.#fill = this.#data = undefined;
    this.#place = this.#count = 0;
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  /* Goes to the next page; false where there is none. */
  #turn(): boolean {
    const fill = this.#fill;
    const last = this.#data;
    if (fill === undefined) return false;
    if (last !== undefined) {
      this.#left -= last.count;
      if (!last.more || last.count === 0 || this.#left <= 0) return this.return().done !== true;
      this.#after = new Event(last, last.at(last.count - 1), undefined).sequence;
    }
    this.#data = fill(this.#after, Math.min(this.#left, STRIDE));
    this.#place = 0;
    this.#count = this.#data.count;
    return this.#count > 0 || this.return().done !== true;
  }
}
