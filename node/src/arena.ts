import { utf8 } from "./native.js";

/** Where the records of an arena begin: behind the clock's microseconds and 8 bytes unused. @internal */
export const RECORDS = 16;

/* Texts that are remembered: drafts that go together have mostly the same few entities and scopes. */
const TEXTS = 128;

/**
 * Memory in which arguments are written as the records that C takes, with offsets in place of pointers. Nobody else ever gets
 * hold of it, so that it cannot be detached under the addon.
 *
 * @internal
 */
export class Arena {
  readonly #make: (size: number) => ArrayBuffer;
  /** Views of it; others after it has grown. */
  bytes: Uint8Array;
  words: Uint32Array;
  longs: BigUint64Array;
  /** How far it is used. */
  used = RECORDS;
  /* Where texts lie, by a hash of them; nothing where none is remembered. */
  readonly #places: Uint32Array | undefined;
  readonly #texts: string[] = [];

  constructor(make: (size: number) => ArrayBuffer, remembers: boolean) {
    const buffer = make(65536);
    this.#make = make;
    if (remembers) {
      this.#places = new Uint32Array(TEXTS);
      this.#texts = new Array<string>(TEXTS).fill("");
    }
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.longs = new BigUint64Array(buffer);
  }

  /** Begins anew. */
  begin(): void {
    this.used = RECORDS;
    this.#places?.fill(0);
  }

  /** Room for `size` bytes as they are, aligned for records; where it begins. */
  room(size: number): number {
    const at = (this.used + 7) & ~7;
    this.used = at + size;
    if (this.used > this.bytes.length) grow(this, this.#make);
    return at;
  }

  /** The same, zeroed. */
  zeroed(size: number): number {
    const at = this.room(size);
    for (let word = at >> 2; word < this.used >> 2; word++) this.words[word] = 0;
    return at;
  }

  /** Puts a text as the addon reads one, its length before its UTF-8; where it is. */
  putText(text: string): number {
    const { length } = text;
    const places = this.#places;
    if (places === undefined || length < 2) return putNew(this, text);
    const slot = (text.charCodeAt(length - 1) * 11 + text.charCodeAt(length - 2) * 37 + length) % TEXTS;
    const known = places[slot]!;
    if (known !== 0 && this.#texts[slot] === text) return known;
    this.#texts[slot] = text;
    return places[slot] = putNew(this, text);
  }

  /** Puts bytes: their offset goes to the pointer at `field` of a zeroed record, their length behind it. */
  pointBytes(field: number, data: Uint8Array): void {
    const at = this.room(data.length);
    this.bytes.set(data, at);
    this.words[field >> 2] = at;
    this.words[(field >> 2) + 2] = data.length;
  }

  /** The same with the UTF-8 of a text. */
  pointText(field: number, text: string): void {
    const at = this.putText(text);
    this.words[field >> 2] = at + 4;
    this.words[(field >> 2) + 2] = this.words[at >> 2]!;
  }
}

function grow(arena: Arena, make: (size: number) => ArrayBuffer): void {
  let size = arena.bytes.length;
  while (size < arena.used) size *= 2;
  const old = arena.bytes;
  const buffer = make(size);
  arena.bytes = new Uint8Array(buffer);
  arena.words = new Uint32Array(buffer);
  arena.longs = new BigUint64Array(buffer);
  arena.bytes.set(old);
}

/* Most are ASCII and short: a loop beats the encoder. */
function putNew(arena: Arena, text: string): number {
  const { length } = text;
  const before = arena.used;
  const at = arena.room(4 + length);
  const to = arena.bytes;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) {
      arena.used = before;
      return putUtf8(arena, text);
    }
    to[at + 4 + i] = code;
  }
  arena.words[at >> 2] = length;
  return at;
}

function putUtf8(arena: Arena, text: string): number {
  const encoded = utf8(text);
  const at = arena.room(4 + encoded.length);
  arena.words[at >> 2] = encoded.length;
  arena.bytes.set(encoded, at + 4);
  return at;
}
