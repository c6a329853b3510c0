import { Arena, RECORDS } from "./arena.js";
import { BP_EXPECT_ANY, BP_EXPECT_CLOCK, BP_EXPECT_EMPTY, BP_EXPECT_EVENT, BP_GIVEN_CAUSATION, BP_GIVEN_CORRELATION,
  BP_GIVEN_CAUSE_ITEM, BP_GIVEN_KEY } from "./constants.js";
import { DRAFT_NAMES, durabilityNumber, EMPTY, isPlain, kindOf, payloadOf, takeOptions, type Draft, type TakenOptions } from "./draft.js";
import { refusal } from "./errors.js";
import { gateNumber, timeoutOf, type Watermark } from "./frontier.js";
import { DRAFT, EXTENSION } from "./layout.js";
import { utf8 } from "./native.js";
import { whole } from "./number.js";
import { NEW_DRAFT } from "./records.js";
import { bytesOf } from "./text.js";

/* Drafts as the addon takes them: records of a few numbers, one behind the other, each with its payload; what is said rarely
 * stands apart. */

/** Writes a draft. @internal */
export function putDraft(arena: Arena, entity: string, scope: string, kind: number, payload: Uint8Array, options: TakenOptions | undefined): void {
  if (typeof entity !== "string" || typeof scope !== "string") throw refusal("BP_ARGUMENT", "entity and scope are strings");
  const { length } = payload;
  const at = arena.room(NEW_DRAFT.size + length);
  arena.bytes.set(payload, at + NEW_DRAFT.size);
  const entityAt = arena.putText(entity);
  const scopeAt = arena.putText(scope);
  const rest = options === undefined ? 0 : putOptions(arena, options);
  const { words } = arena;
  words[(at + NEW_DRAFT.next) >> 2] = (arena.used + 7) & ~7;
  words[(at + NEW_DRAFT.kind) >> 2] = kind;
  words[(at + NEW_DRAFT.entity) >> 2] = entityAt;
  words[(at + NEW_DRAFT.scope) >> 2] = scopeAt;
  words[(at + NEW_DRAFT.rest) >> 2] = rest;
  words[(at + NEW_DRAFT.payload_length) >> 2] = length;
}

function putOptions(arena: Arena, options: TakenOptions): number {
  const { key, expect, correlationId, causationId, lane, depth, flags, extensions, durability, allowReserved, causeItem, gate, gateTimeoutMs } = options;
  const at = arena.zeroed(DRAFT.size);
  const { bytes, words } = arena;
  let given = 0;
  const putId = (member: number, what: string, id: Uint8Array | null | undefined, bit: number): void => {
    if (id === undefined || id === null) return;
    bytes.set(bytesOf(what, id, 16), at + member);
    given |= bit;
  };
  putId(DRAFT.key, "key", key, BP_GIVEN_KEY);
  putId(DRAFT.correlation_id, "correlationId", correlationId, BP_GIVEN_CORRELATION);
  putId(DRAFT.causation_id, "causationId", causationId, BP_GIVEN_CAUSATION);
  if (causeItem !== undefined && causeItem !== null) {
    words[(at + DRAFT.cause_item) >> 2] = whole("causeItem", causeItem, 0xffffffff);
    given |= BP_GIVEN_CAUSE_ITEM;
  }
  words[(at + DRAFT.given) >> 2] = given;
  if (expect !== undefined && expect !== null) putExpect(arena, at, expect);
  if (lane !== undefined) words[(at + DRAFT.lane) >> 2] = whole("lane", lane, 0xffffffff);
  if (depth !== undefined) words[(at + DRAFT.depth) >> 2] = whole("depth", depth, 0xffffffff);
  if (flags !== undefined) bytes[at + DRAFT.flags] = whole("flags", flags, 0xff);
  bytes[at + DRAFT.durability] = durabilityNumber(durability);
  words[(at + DRAFT.allow_reserved) >> 2] = allowReserved === true ? 1 : 0;
  words[(at + DRAFT.gate) >> 2] = gateNumber(gate);
  words[(at + DRAFT.gate_timeout_ms) >> 2] = timeoutOf("gateTimeoutMs", gateTimeoutMs);
  if (extensions !== undefined && extensions.length > 0) putExtensions(arena, at, extensions);
  return at;
}

function putExpect(arena: Arena, at: number, expect: typeof EMPTY | number | Uint8Array): void {
  let how: number = BP_EXPECT_ANY;
  if (expect === EMPTY) {
    how = BP_EXPECT_EMPTY;
  } else if (typeof expect === "number") {
    how = BP_EXPECT_CLOCK;
    arena.words[(at + DRAFT.expect_clock) >> 2] = whole("expect", expect, 0xffffffff);
  } else {
    how = BP_EXPECT_EVENT;
    arena.bytes.set(bytesOf("expect", expect, 16), at + DRAFT.expect_event_id);
  }
  arena.words[(at + DRAFT.expect) >> 2] = how;
}

function putExtensions(arena: Arena, at: number, entries: readonly (readonly [string, Uint8Array])[]): void {
  const array = arena.zeroed(entries.length * EXTENSION.size);
  let item = array;
  for (const [name, value] of entries) {
    arena.pointBytes(item + EXTENSION.name, utf8(name));
    arena.pointBytes(item + EXTENSION.value, value);
    item += EXTENSION.size;
  }
  arena.words[(at + DRAFT.extensions) >> 2] = array;
  arena.words[(at + DRAFT.extension_count) >> 2] = entries.length;
}

/** Drafts that go to the addon in one call. @internal */
export interface Piece {
  /** The arena they are in, or a copy of it. */
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** Nothing but the header of an arena. @internal */
export const NO_DRAFTS: Piece = { bytes: new Uint8Array(RECORDS), count: 0 };

/* Drafts of a piece at most, and bytes of them, about. */
const PIECE_DRAFTS = 4096;
const PIECE_BYTES = 16 << 20;

const LAST_ALONE = "only the last draft may have a gate";

/* Writes drafts side by side. */
class DraftWriter {
  readonly #arena = new Arena((size) => new ArrayBuffer(size), true);
  #pieces: Piece[] = [];
  #count = 0;
  #manner: Manner = {};
  /* What the last draft waits for. */
  gate: LastGate | undefined;

  begin(manner: Manner): void {
    this.#pieces = [];
    this.#manner = manner;
    this.gate = undefined;
    this.#beginPiece();
  }

  #beginPiece(): void {
    this.#arena.begin();
    this.#count = 0;
  }

  /* Reads a draft, and writes it once it was read as a whole. */
  add(draft: Draft): void {
    if (typeof draft !== "object" || draft === null) throw refusal("BP_ARGUMENT", "a draft is { entity, scope, event, ... }");
    const { entity, scope, event } = draft;
    const copied = this.#manner.copied === true;
    /* Of drafts that go in one call the library says it. */
    const before = this.gate;
    if (copied && before !== undefined) throw refusal("BP_ARGUMENT", LAST_ALONE);
    this.gate = undefined;
    const options = isPlain(draft) ? undefined : this.#gated(takeOptions(draft, DRAFT_NAMES)!, copied);
    const kind = kindOf(event);
    const payload = payloadOf(event);
    if (this.#manner.whole !== true && (this.#count === PIECE_DRAFTS || this.#arena.used >= PIECE_BYTES)) {
      if (before !== undefined) throw refusal("BP_ARGUMENT", LAST_ALONE);
      this.#pieces.push(this.#copy());
      this.#beginPiece();
    }
    putDraft(this.#arena, entity, scope, kind, payload, options);
    this.#count++;
  }

  /* Many callers' drafts may go together, and only the last of all can have its gate with it: it stays here. */
  #gated(options: TakenOptions, copied: boolean): TakenOptions {
    const { gate, gateTimeoutMs } = options;
    if (gate === undefined || gate === null) return options;
    gateNumber(gate);
    this.gate = { watermark: gate, timeoutMs: timeoutOf("gateTimeoutMs", gateTimeoutMs) };
    return copied ? { ...options, gate: undefined } : options;
  }

  #copy(): Piece {
    return { bytes: this.#arena.bytes.slice(0, this.#arena.used), count: this.#count };
  }

  /* What was written: the last piece as it lies in the arena, or as a copy too. */
  pieces(copied: boolean): Piece[] {
    if (this.#count > 0) this.#pieces.push(copied ? this.#copy() : { bytes: this.#arena.bytes, count: this.#count });
    return this.#pieces;
  }
}

/* The loop alone, so that it is compiled without what runs once a call, and need not be compiled again because of that. */
function writeAll(writer: DraftWriter, drafts: Iterable<Draft>): void {
  for (const draft of drafts) writer.add(draft);
}

/* Reading a draft may run code of the caller (a getter, a generator), which may itself append many: then this one is taken, and
 * the other call makes one of its own. */
let idle: DraftWriter | undefined;

/** What the last draft waits for, when all are in the store. @internal */
export interface LastGate {
  readonly watermark: Watermark;
  readonly timeoutMs: number;
}

/**
 * How drafts go to the addon. `copied`: the pieces are the caller's own, and the gate is not in them; `whole`: they are one
 * piece.
 *
 * @internal
 */
export interface Manner {
  readonly copied?: boolean;
  readonly whole?: boolean;
}

/**
 * Reads drafts and writes them as the addon takes them. Throws before anything is sent where one of them cannot be said.
 * `use` gets them in pieces, none where there are no drafts, which hold until it returns if they are not copied.
 *
 * @internal
 */
export function withDrafts<Answer>(drafts: Iterable<Draft>, manner: Manner, use: (pieces: Piece[], gate: LastGate | undefined) => Answer): Answer {
  if (typeof drafts !== "object" || drafts === null) throw refusal("BP_ARGUMENT", "drafts are given as an array");
  const writer = idle ?? new DraftWriter();
  idle = undefined;
  try {
    writer.begin(manner);
    writeAll(writer, drafts);
    return use(writer.pieces(manner.copied === true), writer.gate);
  } finally {
    idle = writer;
  }
}
