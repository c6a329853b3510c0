import { BP_DURABILITY_DEFAULT, BP_DURABLE, BP_WRITTEN } from "./constants.js";
import type { TypedEvent } from "./define.js";
import { refusal } from "./errors.js";
import type { Watermark } from "./frontier.js";
import { kindNumber, type KindLike } from "./kind.js";
import type { Extensions } from "./receipt.js";
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
  /**
   * The watermark that must have reached the event before the call answers; of many drafts the last one's counts for all, and
   * no other may have one. It flushes nothing. Where it is not passed (`BP_WAIT_TIMEOUT`, `BP_POISONED`, `BP_CLOSED`) the event
   * is in the store all the same, and the error has its `receipt`, of many drafts all in `accepted`. Since 0.2.
   */
  readonly gate?: Watermark | null | undefined;
  /** Milliseconds at most for the gate; without end where not given. Since 0.2. */
  readonly gateTimeoutMs?: number | null | undefined;
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
  /** In a batch: the index of an earlier draft of it, whose event caused this one. */
  readonly causeItem?: number | null | undefined;
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
 * may use the store. */

/** What a draft's options say, read once. @internal */
export interface TakenOptions extends Omit<DraftOptions, "extensions">, Pick<Draft, "causeItem"> {
  readonly extensions: readonly (readonly [string, Uint8Array])[] | undefined;
}

/** Of what is appended alone. @internal */
export const OPTION_NAMES: ReadonlySet<string> = new Set(["key", "expect", "correlationId", "causationId", "lane", "depth", "flags",
  "extensions", "durability", "allowReserved", "gate", "gateTimeoutMs"]);
/** Of an item of a batch. @internal */
export const ITEM_NAMES: ReadonlySet<string> = new Set([...OPTION_NAMES, "causeItem"]);
/** @internal */
export const DRAFT_NAMES: ReadonlySet<string> = new Set([...ITEM_NAMES, "entity", "scope", "event"]);

/** @internal */
export function takeOptions(options: (DraftOptions & Pick<Draft, "causeItem">) | undefined, names = OPTION_NAMES): TakenOptions | undefined {
  if (options === undefined) return undefined;
  known(options, names);
  const { key, expect, correlationId, causationId, lane, depth, flags, extensions, durability, allowReserved, gate, gateTimeoutMs } = options;
  const causeItem = !names.has("causeItem") ? undefined : options.causeItem;
  const entries = extensions === undefined ? undefined : namedBytes(extensions);
  return { key, expect, correlationId, causationId, lane, depth, flags, extensions: entries, durability, allowReserved, causeItem,
    gate, gateTimeoutMs };
}

/** The usual draft: an object with nothing but what it must have. @internal */
export function isPlain(draft: Draft): boolean {
  if (Object.getPrototypeOf(draft) !== Object.prototype) return false;
  for (const name in draft) if (name !== "entity" && name !== "scope" && name !== "event") return false;
  return true;
}

/** The kind of an event. @internal */
export function kindOf(event: NewEvent): number {
  if (typeof event !== "object" || event === null) throw refusal("BP_ARGUMENT", EVENT_FORMS);
  return kindNumber(event.kind);
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
