import { BP_TOKEN_BOOL, BP_TOKEN_BYTES, BP_TOKEN_FLOAT64, BP_TOKEN_INT, BP_TOKEN_NIL, BP_TOKEN_STRING,
  BP_TOKEN_UINT } from "./constants.js";

/* The form in which values cross to C: an array of `bp_token`, 24 bytes each, in the machine's byte order, and one arena
 * with the bytes of strings and bins. The records lie in one buffer that is seen as words of 32 and of 64 bits. */

/** 32-bit words of a `bp_token`. */
export const TOKEN_WORDS = 6;
/** Bytes of a `bp_token`. */
export const TOKEN_BYTES = 24;

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
/* Words of a record: type, reserved, then number and offset as two words each. */
const LOW = littleEndian ? 2 : 3;
const HIGH = littleEndian ? 3 : 2;
const OFFSET_LOW = littleEndian ? 4 : 5;
const OFFSET_HIGH = littleEndian ? 5 : 4;

const FIRST_TOKENS = 128;
const FIRST_ARENA = 4096;
/* Above these a writer is not kept for the next value. */
const KEPT_TOKENS = 16384;
const KEPT_ARENA = 1 << 20;
/* Up to this length a string is written character by character, which is faster than a call. */
const SHORT_STRING = 48;
const TWO_32 = 4294967296;

const encoder = new TextEncoder();
const loneSurrogate = /\p{Surrogate}/u;

/** Collects tokens. One at a time writes into it; {@link clear} makes it ready for the next value. */
export class TokenWriter {
  #words = new Uint32Array(FIRST_TOKENS * TOKEN_WORDS);
  #doubles = new Float64Array(this.#words.buffer);
  #longs = new BigUint64Array(this.#words.buffer);
  #bytes = new Uint8Array(this.#words.buffer);
  #arena = new Uint8Array(FIRST_ARENA);
  #count = 0;
  #used = 0;

  /** Tokens written so far. */
  get count(): number {
    return this.#count;
  }

  /** The memory of the records, valid until the next token is written. */
  get records(): Uint8Array {
    return this.#bytes;
  }

  /** The memory of strings and bins, of which {@link used} bytes count; valid until the next token is written. */
  get arena(): Uint8Array {
    return this.#arena;
  }

  get used(): number {
    return this.#used;
  }

  /** Whether its memory is small enough to be kept. */
  get small(): boolean {
    return this.#words.length <= KEPT_TOKENS * TOKEN_WORDS && this.#arena.length <= KEPT_ARENA;
  }

  clear(): void {
    this.#count = 0;
    this.#used = 0;
  }

  nil(): void {
    this.#token(BP_TOKEN_NIL, 0, 0);
  }

  bool(value: boolean): void {
    this.#token(BP_TOKEN_BOOL, value ? 1 : 0, 0);
  }

  /** An integer of at most 53 bits. */
  integer(value: number): void {
    this.#token(value < 0 ? BP_TOKEN_INT : BP_TOKEN_UINT, value >>> 0, Math.floor(value / TWO_32) >>> 0);
  }

  /** An integer of 64 bits; false if it has more. */
  bigint(value: bigint): boolean {
    const bits = BigInt.asUintN(64, value);
    if (bits !== value && BigInt.asIntN(64, value) !== value) return false;
    const at = this.#token(value < 0n ? BP_TOKEN_INT : BP_TOKEN_UINT, 0, 0);
    this.#longs[(at + 2) >>> 1] = bits;
    return true;
  }

  float(value: number): void {
    const at = this.#token(BP_TOKEN_FLOAT64, 0, 0);
    this.#doubles[(at + 2) >>> 1] = value;
  }

  /** Header of an array or a map. */
  container(type: number, length: number): void {
    this.#token(type, length >>> 0, Math.floor(length / TWO_32) >>> 0);
  }

  /** A string; false if it has a lone surrogate, which UTF-8 cannot say. */
  string(text: string): boolean {
    const start = this.#used;
    if (text.length <= SHORT_STRING) {
      if (start + text.length > this.#arena.length) this.#reserve(text.length);
      const arena = this.#arena;
      let ascii = 0;
      for (; ascii < text.length; ascii++) {
        const code = text.charCodeAt(ascii);
        if (code > 0x7f) break;
        arena[start + ascii] = code;
      }
      if (ascii === text.length) {
        this.#slice(BP_TOKEN_STRING, start, ascii);
        return true;
      }
    }
    return this.#anyString(text);
  }

  bytes(value: Uint8Array): void {
    const start = this.#used;
    this.#reserve(value.length);
    this.#arena.set(value, start);
    this.#slice(BP_TOKEN_BYTES, start, value.length);
  }

  /** The tokens from `first` on as a text that is equal for equal values and only for them. */
  signature(first: number): string {
    let text = "";
    for (let token = first; token < this.#count; token++) {
      const at = token * TOKEN_WORDS;
      const type = this.#words[at]!;
      text += `${type}:${this.#words[at + HIGH]!}:${this.#words[at + LOW]!};`;
      if (type === BP_TOKEN_STRING || type === BP_TOKEN_BYTES) {
        const start = this.#words[at + OFFSET_HIGH]! * TWO_32 + this.#words[at + OFFSET_LOW]!;
        const length = this.#words[at + HIGH]! * TWO_32 + this.#words[at + LOW]!;
        text += Buffer.from(this.#arena.buffer, start, length).toString("latin1");
      }
    }
    return text;
  }

  #anyString(text: string): boolean {
    if (loneSurrogate.test(text)) return false;
    const start = this.#used;
    this.#reserve(Buffer.byteLength(text));
    const { written } = encoder.encodeInto(text, this.#arena.subarray(start));
    this.#slice(BP_TOKEN_STRING, start, written);
    return true;
  }

  #slice(type: number, start: number, length: number): void {
    const at = this.#token(type, length >>> 0, Math.floor(length / TWO_32));
    this.#words[at + OFFSET_LOW] = start >>> 0;
    this.#words[at + OFFSET_HIGH] = Math.floor(start / TWO_32);
    this.#used = start + length;
  }

  /* Appends a record and answers the index of its first word. The buffer is used again and again: every word is set. */
  #token(type: number, low: number, high: number): number {
    const at = this.#count * TOKEN_WORDS;
    if (at === this.#words.length) this.#grow();
    const words = this.#words;
    words[at] = type;
    words[at + 1] = 0;
    words[at + LOW] = low;
    words[at + HIGH] = high;
    words[at + 4] = 0;
    words[at + 5] = 0;
    this.#count++;
    return at;
  }

  #grow(): void {
    const words = new Uint32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    this.#doubles = new Float64Array(words.buffer);
    this.#longs = new BigUint64Array(words.buffer);
    this.#bytes = new Uint8Array(words.buffer);
  }

  #reserve(length: number): void {
    const needed = this.#used + length;
    if (needed <= this.#arena.length) return;
    const arena = new Uint8Array(Math.max(needed, this.#arena.length * 2));
    arena.set(this.#arena.subarray(0, this.#used));
    this.#arena = arena;
  }
}

/** Reads tokens one after the other. */
export class TokenReader {
  /** The memory of the records. */
  readonly records: Uint8Array;
  readonly #view: DataView;
  #at = -TOKEN_BYTES;

  constructor(capacity: number) {
    this.records = new Uint8Array(capacity * TOKEN_BYTES);
    this.#view = new DataView(this.records.buffer);
  }

  /** Before the first token again. */
  rewind(): void {
    this.#at = -TOKEN_BYTES;
  }

  /** Which token was stepped to, from 0. */
  get index(): number {
    return this.#at / TOKEN_BYTES;
  }

  /** Steps to the next token and answers its type. C has checked that there are as many as the containers say. */
  next(): number {
    this.#at += TOKEN_BYTES;
    return this.#view.getUint32(this.#at, littleEndian);
  }

  /** `number` as a length, below 2^53. */
  length(): number {
    return this.#word(HIGH) * TWO_32 + this.#word(LOW);
  }

  /** `offset`. */
  offset(): number {
    return this.#word(OFFSET_HIGH) * TWO_32 + this.#word(OFFSET_LOW);
  }

  /** `number` as an unsigned integer: a bigint above 2^53 - 1. */
  unsigned(): number | bigint {
    const value = this.length();
    return value <= Number.MAX_SAFE_INTEGER ? value : this.#view.getBigUint64(this.#at + 8, littleEndian);
  }

  /** `number` as a signed integer: a bigint beyond 2^53 - 1 on either side. */
  signed(): number | bigint {
    const value = (this.#word(HIGH) | 0) * TWO_32 + this.#word(LOW);
    return Number.isSafeInteger(value) ? value : this.#view.getBigInt64(this.#at + 8, littleEndian);
  }

  float32(): number {
    scratchWord[0] = this.#word(LOW);
    return scratchFloat[0]!;
  }

  float64(): number {
    return this.#view.getFloat64(this.#at + 8, littleEndian);
  }

  #word(index: number): number {
    return this.#view.getUint32(this.#at + index * 4, littleEndian);
  }
}

const scratchWord = new Uint32Array(1);
const scratchFloat = new Float32Array(scratchWord.buffer);
