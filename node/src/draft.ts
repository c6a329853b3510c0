import { isUint8Array } from "node:util/types";
import { BP_DURABILITY_DEFAULT, BP_DURABLE, BP_EXPECT_ANY, BP_EXPECT_CLOCK, BP_EXPECT_EMPTY, BP_EXPECT_EVENT,
  BP_GIVEN_CAUSATION, BP_GIVEN_CORRELATION, BP_GIVEN_KEY, BP_WRITTEN } from "./constants.js";
import type { TypedEvent } from "./define.js";
import { refusal } from "./errors.js";
import { kindNumber, type KindLike } from "./kind.js";
import { DRAFT, EXTENSION } from "./layout.js";
import { utf8 } from "./native.js";
import type { Extensions } from "./receipt.js";
import * as scratch from "./scratch.js";
import { bytesOf, known, namedBytes } from "./text.js";
import { encode } from "./values.js";

/** Before a receipt comes: `"durable"`: the flush; `"written"`: the write, which survives the process, not the machine. */
export type Durability = "durable" | "written";

/** Says with `expect` that the entity must have no events yet. */
export const EMPTY = "empty";

/** What is optional in a draft; null where it may be null is as not given. */
export interface DraftOptions {
  /** Idempotency key, 16 bytes: becomes the event id. A second append of it writes nothing and answers the first. */
  readonly key?: Uint8Array | null | undefined;
  /** What must hold of the entity's last event, or nothing is written: its clock, its id, or {@link EMPTY}: there is none. */
  readonly expect?: typeof EMPTY | number | Uint8Array | null | undefined;
  /** Id that related events share, 16 bytes; the event's own where not given. */
  readonly correlationId?: Uint8Array | null | undefined;
  /** Id of the event that caused this one, 16 bytes. */
  readonly causationId?: Uint8Array | null | undefined;
  /** Position hints of 32 bits, stored as they are. */
  readonly lane?: number | undefined;
  readonly depth?: number | undefined;
  /** 8 bits, stored without behaviour. */
  readonly flags?: number | undefined;
  /** Named values that travel with the event: `prefix.field` to bytes. */
  readonly extensions?: Extensions | undefined;
  /** That of the store where not given. */
  readonly durability?: Durability | undefined;
  /** Allows categories 0x0 and 0xD. */
  readonly allowReserved?: boolean | undefined;
}

/** An event to append: made by an event type, or a kind with a value (written canonically) or with payload bytes. */
export type NewEvent =
  | TypedEvent<unknown>
  | { readonly kind: KindLike; readonly payload: Uint8Array }
  | { readonly kind: KindLike; readonly value: unknown };

/** What is to be appended. */
export interface Draft extends DraftOptions {
  /** Whose event it is: 1 to 1,024 bytes of UTF-8. */
  readonly entity: string;
  /** In what connection. */
  readonly scope: string;
  readonly event: NewEvent;
}

const EVENT_FORMS = "an event is { kind, value }, { kind, payload } or made by its type";

/** The payload of an event. @internal */
export function payloadOf(event: NewEvent): Uint8Array {
  if (typeof event !== "object" || event === null) throw refusal("BP_ARGUMENT", EVENT_FORMS);
  const payload = (event as { payload?: unknown }).payload;
  if (payload !== undefined) {
    if (!("type" in event) && "value" in event) throw refusal("BP_ARGUMENT", "the event has both value and payload");
    return bytesOf("the payload", payload);
  }
  if (!("value" in event)) throw refusal("BP_ARGUMENT", "the event has neither value nor payload");
  return encode(event.value);
}

/* A draft is read as a whole before anything of it is written: reading may run code of the caller (a getter, a proxy), which
 * may use the store and with it the scratch buffer. */

/** What a draft's options say, read once. @internal */
export interface TakenOptions extends Omit<DraftOptions, "extensions"> {
  readonly extensions: readonly (readonly [string, Uint8Array])[] | undefined;
}

/** A draft that was read. @internal */
export interface TakenDraft {
  readonly entity: string;
  readonly scope: string;
  readonly kind: number;
  readonly payload: Uint8Array;
  readonly options: TakenOptions | undefined;
}

const NAMES: ReadonlySet<string> = new Set(["key", "expect", "correlationId", "causationId", "lane", "depth", "flags",
  "extensions", "durability", "allowReserved"]);
const DRAFT_NAMES: ReadonlySet<string> = new Set([...NAMES, "entity", "scope", "event"]);

/** @internal */
export function takeOptions(options: DraftOptions | undefined, names = NAMES): TakenOptions | undefined {
  if (options === undefined) return undefined;
  known(options, names);
  const { key, expect, correlationId, causationId, lane, depth, flags, extensions, durability, allowReserved } = options;
  const entries = extensions === undefined ? undefined : namedBytes(extensions);
  return { key, expect, correlationId, causationId, lane, depth, flags, extensions: entries, durability, allowReserved };
}

/** @internal */
export function takeDraft(draft: Draft): TakenDraft {
  if (typeof draft !== "object" || draft === null) throw refusal("BP_ARGUMENT", "a draft is { entity, scope, event, ... }");
  const { entity, scope, event } = draft;
  const options = isPlain(draft) ? undefined : takeOptions(draft, DRAFT_NAMES);
  return { entity, scope, kind: kindOf(event), payload: payloadOf(event), options };
}

/** The same with bytes of its own: whoever makes drafts one by one may make the next in the same memory. @internal */
export function keepDraft(draft: TakenDraft): TakenDraft {
  const { payload, options } = draft;
  const copy = <T>(value: T): T => (isUint8Array(value) ? new Uint8Array(value) as T : value);
  if (options === undefined) return { ...draft, payload: copy(payload) };
  const { key, expect, correlationId, causationId, extensions } = options;
  return { ...draft, payload: copy(payload), options: { ...options, key: copy(key), expect: copy(expect),
    correlationId: copy(correlationId), causationId: copy(causationId),
    extensions: extensions?.map(([name, value]) => [name, copy(value)] as const) } };
}

/* The usual draft: an object with nothing but what it must have. */
function isPlain(draft: Draft): boolean {
  if (Object.getPrototypeOf(draft) !== Object.prototype) return false;
  for (const name in draft) if (name !== "entity" && name !== "scope" && name !== "event") return false;
  return true;
}

/** The kind of an event. @internal */
export function kindOf(event: NewEvent): number {
  if (typeof event !== "object" || event === null) throw refusal("BP_ARGUMENT", EVENT_FORMS);
  return kindNumber(event.kind);
}

/**
 * Writes a draft without its payload into the zeroed record at `at` of the scratch buffer, and its bytes behind all records.
 *
 * @internal
 */
export function putDraft(at: number, entity: string, scope: string, kind: number, options: TakenOptions | undefined): void {
  if (typeof entity !== "string" || typeof scope !== "string") throw refusal("BP_ARGUMENT", "entity and scope are strings");
  scratch.halves[(at + DRAFT.kind) >> 1] = kind;
  if (options !== undefined) putOptions(at, options);
  scratch.putText(at + DRAFT.entity, entity);
  scratch.putText(at + DRAFT.scope, scope);
}

/* Drafts that go in one call, and bytes of them, about. */
const BATCH_DRAFTS = 4096;
const BATCH_BYTES = 16 << 20;

/**
 * Writes drafts with their payloads into the scratch buffer, from `from` on; how many, at least one where there is one.
 *
 * @internal
 */
export function putDrafts(drafts: readonly TakenDraft[], from: number): number {
  const most = Math.min(drafts.length - from, BATCH_DRAFTS);
  scratch.begin(most * DRAFT.size);
  let at = scratch.RECORDS;
  let count = 0;
  for (; count < most && scratch.end() < BATCH_BYTES; count++, at += DRAFT.size) {
    const draft = drafts[from + count]!;
    putDraft(at, draft.entity, draft.scope, draft.kind, draft.options);
    scratch.putBytes(at + DRAFT.payload, draft.payload);
  }
  return count;
}

function putOptions(at: number, options: TakenOptions): void {
  const { key, expect, correlationId, causationId, lane, depth, flags, extensions, durability, allowReserved } = options;
  const { bytes, words } = scratch;
  let given = 0;
  if (key !== undefined && key !== null) given |= putId(at + DRAFT.key, "key", key, BP_GIVEN_KEY);
  if (correlationId !== undefined && correlationId !== null) given |= putId(at + DRAFT.correlation_id, "correlationId", correlationId, BP_GIVEN_CORRELATION);
  if (causationId !== undefined && causationId !== null) given |= putId(at + DRAFT.causation_id, "causationId", causationId, BP_GIVEN_CAUSATION);
  words[(at + DRAFT.given) >> 2] = given;
  if (expect !== undefined && expect !== null) putExpect(at, expect);
  if (lane !== undefined) words[(at + DRAFT.lane) >> 2] = whole("lane", lane, 0xffffffff);
  if (depth !== undefined) words[(at + DRAFT.depth) >> 2] = whole("depth", depth, 0xffffffff);
  if (flags !== undefined) bytes[at + DRAFT.flags] = whole("flags", flags, 0xff);
  bytes[at + DRAFT.durability] = durabilityNumber(durability);
  words[(at + DRAFT.allow_reserved) >> 2] = allowReserved === true ? 1 : 0;
  if (extensions !== undefined) putExtensions(at, extensions);
}

function putId(at: number, what: string, id: Uint8Array, bit: number): number {
  scratch.bytes.set(bytesOf(what, id, 16), at);
  return bit;
}

function putExpect(at: number, expect: typeof EMPTY | number | Uint8Array): void {
  let how: number = BP_EXPECT_ANY;
  if (expect === EMPTY) {
    how = BP_EXPECT_EMPTY;
  } else if (typeof expect === "number") {
    how = BP_EXPECT_CLOCK;
    scratch.words[(at + DRAFT.expect_clock) >> 2] = whole("expect", expect, 0xffffffff);
  } else {
    how = BP_EXPECT_EVENT;
    scratch.bytes.set(bytesOf("expect", expect, 16), at + DRAFT.expect_event_id);
  }
  scratch.words[(at + DRAFT.expect) >> 2] = how;
}

function putExtensions(at: number, entries: readonly (readonly [string, Uint8Array])[]): void {
  if (entries.length === 0) return;
  const array = scratch.reserve(entries.length * EXTENSION.size);
  let item = array;
  for (const [name, value] of entries) {
    scratch.putBytes(item + EXTENSION.name, utf8(name));
    scratch.putBytes(item + EXTENSION.value, value);
    item += EXTENSION.size;
  }
  scratch.words[(at + DRAFT.extensions) >> 2] = array;
  scratch.words[(at + DRAFT.extension_count) >> 2] = entries.length;
}

/** A number that C takes in so many bits: never cut down. @internal */
export function whole(what: string, value: unknown, highest: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > highest) {
    throw refusal("BP_ARGUMENT", `${what} is no whole number from 0 to ${highest}`);
  }
  return value;
}

/** @internal */
export function durabilityNumber(durability: Durability | undefined): number {
  switch (durability) {
    case undefined: return BP_DURABILITY_DEFAULT;
    case "durable": return BP_DURABLE;
    case "written": return BP_WRITTEN;
    default: throw refusal("BP_ARGUMENT", `durability is "durable" or "written", not ${String(durability)}`);
  }
}
