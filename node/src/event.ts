import { Status } from "./constants.js";
import type { EventType } from "./define.js";
import { errorFor, type BatpakError } from "./errors.js";
import { EVENT, EXTENSION } from "./layout.js";
import type { Extensions } from "./receipt.js";
import { setMember, showAs, zerosAsNull } from "./text.js";
import { decode, type Value } from "./values.js";

/* A page as the addon copied it: a header, the records, the bytes that they point into by offsets. */
const HEADER = 16;
const OK = Status.BP_OK;

/** The memory of a page, which its events share. @internal */
export class PageData {
  readonly buffer: ArrayBuffer;
  readonly words: Uint32Array;
  readonly longs: BigUint64Array;
  readonly bytes: Buffer;
  readonly count: number;
  readonly more: boolean;
  readonly path: string;
  /* Texts by the first event that has them. */
  readonly entities: string[] = [];
  readonly scopes: string[] = [];

  constructor(buffer: ArrayBuffer, path: string) {
    this.buffer = buffer;
    this.words = new Uint32Array(buffer);
    this.longs = new BigUint64Array(buffer, 0, buffer.byteLength >> 3);
    this.bytes = Buffer.from(buffer);
    this.count = this.words[0]!;
    this.more = this.words[1] === 1;
    this.path = path;
  }

  /** Where the record of an event begins. */
  at(index: number): number {
    return HEADER + index * EVENT.size;
  }

  text(cache: string[], pointer: number, length: number): string {
    const first = this.words[pointer + 1]!;
    return cache[first] ??= this.bytes.toString("utf8", this.words[pointer], this.words[pointer]! + length);
  }
}

/**
 * An event as read. Its members are read from the page when asked for; bytes are views of the page's memory, which lives as
 * long as any of its events or views.
 *
 * `T` is what {@link payload} gives: the typed value where a type was asked for, else the bytes.
 *
 * @since 0.1
 */
export class Event<T = Uint8Array> {
  /** @internal */
  readonly page: PageData;
  /** @internal */
  readonly at: number;
  readonly #type: EventType<T> | undefined;

  /** @internal */
  constructor(page: PageData, at: number, type: EventType<T> | undefined) {
    this.page = page;
    this.at = at;
    this.#type = type;
  }

  static {
    showAs(this.prototype, "Event", ({ sequence, eventId, entity, scope, kind, clock, shown }) =>
      ({ sequence, eventId, entity, scope, kind, clock, payload: shown }));
  }

  /** The payload, or why there is none. @internal */
  get shown(): unknown {
    try {
      return this.payload;
    } catch (error) {
      return error;
    }
  }

  /** Place in commit order over the whole store, from 0. */
  get sequence(): bigint {
    return this.page.longs[(this.at + EVENT.sequence) >> 3]!;
  }

  /** Its id, a UUIDv7 or the key it was given: 16 bytes. */
  get eventId(): Uint8Array {
    return new Uint8Array(this.page.buffer, this.at + EVENT.event_id, 16);
  }

  /** Whose event it is. */
  get entity(): string {
    const { page, at } = this;
    return page.text(page.entities, (at + EVENT.entity) >> 2, page.words[(at + EVENT.entity_length) >> 2]!);
  }

  /** In what connection. */
  get scope(): string {
    const { page, at } = this;
    return page.text(page.scopes, (at + EVENT.scope) >> 2, page.words[(at + EVENT.scope_length) >> 2]!);
  }

  /** What type of event: category in the upper 4 bits, type id in the lower 12. */
  get kind(): number {
    return this.page.words[(this.at + EVENT.kind) >> 2]! & 0xffff;
  }

  /** Place in the entity's chain, from 0. */
  get clock(): number {
    return this.page.words[(this.at + EVENT.clock) >> 2]!;
  }

  /** Hybrid clock, never backwards: milliseconds since 1970. */
  get wallMs(): bigint {
    return this.page.longs[(this.at + EVENT.wall_ms) >> 3]!;
  }

  /** Time as stamped: microseconds since 1970. */
  get timestampUs(): bigint {
    return BigInt.asIntN(64, this.page.longs[(this.at + EVENT.timestamp_us) >> 3]!);
  }

  /**
   * The content: the typed value where the event was read with a type, else its bytes.
   *
   * @throws {@link BatpakError} {@link error} where the event could not be read; those of the type's `decode`.
   */
  get payload(): T {
    return (this.#type === undefined ? this.payloadBytes : this.#type.decode(this.payloadBytes)) as T;
  }

  /** The content as stored. @throws {@link BatpakError} {@link error} where the event could not be read. */
  get payloadBytes(): Uint8Array {
    const { page, at } = this;
    if (page.words[(at + EVENT.status) >> 2] !== OK) throw this.error;
    return new Uint8Array(page.buffer, page.words[(at + EVENT.payload) >> 2]!, page.words[(at + EVENT.payload_length) >> 2]!);
  }

  /** The content as a value. @throws {@link BatpakError} as `payloadDecode`. */
  value(): Value {
    return decode(this.payloadBytes);
  }

  /** Id that related events share, 16 bytes; the event's own where none was given. */
  get correlationId(): Uint8Array {
    return new Uint8Array(this.page.buffer, this.at + EVENT.correlation_id, 16);
  }

  /** Id of the event that caused this one, 16 bytes, or null. */
  get causationId(): Uint8Array | null {
    return zerosAsNull(new Uint8Array(this.page.buffer, this.at + EVENT.causation_id, 16));
  }

  /** {@link eventHash} of the entity's previous event, 32 bytes; zeros for the first. */
  get prevHash(): Uint8Array {
    return new Uint8Array(this.page.buffer, this.at + EVENT.prev_hash, 32);
  }

  /** BLAKE3 of the payload, 32 bytes. */
  get eventHash(): Uint8Array {
    return new Uint8Array(this.page.buffer, this.at + EVENT.event_hash, 32);
  }

  /** Position hint, stored as it was given. */
  get lane(): number {
    return this.page.words[(this.at + EVENT.lane) >> 2]!;
  }

  /** Position hint, stored as it was given. */
  get depth(): number {
    return this.page.words[(this.at + EVENT.depth) >> 2]!;
  }

  /** 8 bits, stored without behaviour. */
  get flags(): number {
    return this.page.bytes[this.at + EVENT.flags]!;
  }

  /** 0: the payload's bytes as written; 1: taken from the value form that the reference's retention leaves. */
  get payloadForm(): number {
    return this.page.bytes[this.at + EVENT.payload_form]!;
  }

  /** The segment file that holds it. */
  get segmentId(): bigint {
    return this.page.longs[(this.at + EVENT.segment_id) >> 3]!;
  }

  /** Where its frame begins, in bytes from the start of the segment. */
  get offset(): bigint {
    return this.page.longs[(this.at + EVENT.offset) >> 3]!;
  }

  /** Bytes of its whole frame. */
  get frameLength(): number {
    return this.page.words[(this.at + EVENT.frame_length) >> 2]!;
  }

  /** Named values that travel with it. */
  get extensions(): Extensions {
    const { buffer, bytes, words } = this.page;
    const extensions: Record<string, Uint8Array> = {};
    const count = words[(this.at + EVENT.extension_count) >> 2]!;
    let item = words[(this.at + EVENT.extensions) >> 2]!;
    for (let i = 0; i < count; i++, item += EXTENSION.size) {
      const name = words[(item + EXTENSION.name) >> 2]!;
      const text = bytes.toString("latin1", name, name + words[(item + EXTENSION.name_length) >> 2]!);
      setMember(extensions, text, new Uint8Array(buffer, words[(item + EXTENSION.value) >> 2]!, words[(item + EXTENSION.value_length) >> 2]!));
    }
    return extensions;
  }

  /**
   * Why this event could not be read, or undefined. Then only sequence, eventId, kind, clock, entity, scope and its position
   * are known, and its payload throws this.
   */
  get error(): BatpakError | undefined {
    const status = this.page.words[(this.at + EVENT.status) >> 2]! | 0;
    if (status === OK) return undefined;
    const { segmentId, offset, eventId } = this;
    const data = { code: status, osError: 0, segmentId, offset, expected: 0n, actual: 0n, eventId, text: "the event cannot be read" };
    return errorFor(status, data, this.page.path);
  }
}
