import { BP_KIND_CATEGORY, BP_KIND_EXACT, BP_QUERY_AFTER, BP_QUERY_CLOCK, BP_QUERY_ENTITY, BP_QUERY_SCOPE,
  BP_QUERY_UNDER } from "./constants.js";
import type { EventType } from "./define.js";
import { refusal } from "./errors.js";
import { Event, type PageData } from "./event.js";
import { kindNumber, type KindLike } from "./kind.js";
import { QUERY } from "./layout.js";
import { whole } from "./draft.js";
import * as scratch from "./scratch.js";
import { known } from "./text.js";

/** Which events; all conditions must hold. */
export interface Query<T = Uint8Array> {
  /** Events of this type's kind, with typed payloads. */
  readonly type?: EventType<T> | undefined;
  /** Events of this kind. */
  readonly kind?: KindLike | undefined;
  /** Events of this category, 0 to 15. */
  readonly category?: number | undefined;
  /** Exactly this entity. */
  readonly entity?: string | undefined;
  /** This entity and those below it: `E` and `E:...`. */
  readonly under?: string | undefined;
  readonly scope?: string | undefined;
  /** Sequences strictly above this one. */
  readonly after?: bigint | number | undefined;
  /** From the first to the second place in the entity's chain, both counted. */
  readonly clock?: readonly [number, number] | undefined;
}

/** A query for one page. */
export interface PageQuery<T = Uint8Array> extends Query<T> {
  /** At most so many events; 256 if not given. */
  readonly limit?: number | undefined;
  /** At most so many bytes, but at least one event; 4 MiB if not given. */
  readonly maxBytes?: number | undefined;
}

const AT = scratch.RECORDS;

/** A query whatever the type of its events. @internal */
export type Conditions = Omit<Query, "type"> & { readonly type?: { readonly kind: number } | undefined };

const NAMES: ReadonlySet<string> = new Set(["type", "kind", "category", "entity", "under", "scope", "after", "clock", "limit",
  "maxBytes", "signal"]);

/** Writes a query into the scratch buffer. @internal */
export function putQuery(query: Conditions, after: bigint | number | undefined, limit: number, maxBytes: number): void {
  known(query, NAMES);
  const { type, kind, category, entity, under, scope, clock } = query;
  scratch.begin(QUERY.size);
  scratch.bytes.fill(0, AT, AT + QUERY.size);
  let flags = 0;
  if (after !== undefined) flags |= putLong(QUERY.after, BP_QUERY_AFTER, sequenceOf(after));
  if (entity !== undefined && under !== undefined) throw refusal("BP_ARGUMENT", "entity and under exclude each other");
  if (entity !== undefined) flags |= putText(QUERY.entity, BP_QUERY_ENTITY, "entity", entity);
  if (under !== undefined) flags |= putText(QUERY.entity, BP_QUERY_UNDER, "under", under);
  if (scope !== undefined) flags |= putText(QUERY.scope, BP_QUERY_SCOPE, "scope", scope);
  const { words } = scratch;
  if (clock !== undefined) {
    flags |= BP_QUERY_CLOCK;
    words[(AT + QUERY.clock_min) >> 2] = whole("clock", clock[0], 0xffffffff);
    words[(AT + QUERY.clock_max) >> 2] = whole("clock", clock[1], 0xffffffff);
  }
  words[(AT + QUERY.struct_size) >> 2] = QUERY.size;
  words[(AT + QUERY.flags) >> 2] = flags;
  putKind(type, kind, category);
  putLong(QUERY.limit, 0, BigInt(whole("limit", limit, Number.MAX_SAFE_INTEGER)));
  putLong(QUERY.max_bytes, 0, BigInt(whole("maxBytes", maxBytes, Number.MAX_SAFE_INTEGER)));
}

function putKind(type: { readonly kind: number } | undefined, kind: KindLike | undefined, category: number | undefined): void {
  if (type === undefined && kind === undefined && category === undefined) return;
  if (Number(type !== undefined) + Number(kind !== undefined) + Number(category !== undefined) > 1) {
    throw refusal("BP_ARGUMENT", "of type, kind and category one can be given");
  }
  const filter = category === undefined ? BP_KIND_EXACT : BP_KIND_CATEGORY;
  scratch.words[(AT + QUERY.kind_filter) >> 2] = filter;
  scratch.words[(AT + QUERY.kind) >> 2] = category === undefined ? kindNumber(type?.kind ?? kind!) : whole("category", category, 15);
}

function putText(field: number, flag: number, what: string, text: string): number {
  if (typeof text !== "string") throw refusal("BP_ARGUMENT", `${what} is not a string`);
  scratch.putText(AT + field, text);
  return flag;
}

function putLong(field: number, flag: number, value: bigint): number {
  scratch.putLong(AT + field, value);
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
