import { raw, utf8 } from "./native.js";

/* The scratch buffer: where arguments of hot calls are written as the records that C takes. One for the environment; the
 * calls that use it take what they need before they return. It is never handed to anybody, so that it cannot be detached
 * under the addon. */

/** The clock's microseconds, 8 bytes unused, then the records. @internal */
export const RECORDS = 16;

let buffer = raw.scratch(65536);

/** Views of the scratch buffer; others after it has grown. @internal */
export let bytes = new Uint8Array(buffer);
/** @internal */
export let words = new Uint32Array(buffer);
/** @internal */
export let halves = new Uint16Array(buffer);
let longs = new BigUint64Array(buffer);
let clock = new BigInt64Array(buffer, 0, 1);

/* Where the next text or piece of bytes goes. */
let used = RECORDS;

/* Where texts of this call lie, by a hash of them: drafts that go together have mostly the same few entities and scopes. */
const MEMO = 128;
const memoTexts = new Array<string>(MEMO).fill("");
const memoFields = new Uint32Array(MEMO);
const memoCalls = new Float64Array(MEMO);
let call = 0;
let many = false;

/** Begins a call whose records take `size` bytes, zeroed; bytes go behind them. @internal */
export function begin(size: number): void {
  used = RECORDS + size;
  if (used > bytes.length) grow(used);
  many = size > SMALL;
  if (many) {
    call++;
    bytes.fill(0, RECORDS, used);
  } else {
    for (let word = RECORDS >> 2; word < used >> 2; word++) words[word] = 0;
  }
}
const SMALL = 256;

function grow(needed: number): void {
  let size = bytes.length;
  while (size < needed) size *= 2;
  const old = bytes;
  buffer = raw.scratch(size);
  bytes = new Uint8Array(buffer);
  words = new Uint32Array(buffer);
  halves = new Uint16Array(buffer);
  longs = new BigUint64Array(buffer);
  clock = new BigInt64Array(buffer, 0, 1);
  bytes.set(old);
}

/** How far the buffer is used. @internal */
export function end(): number {
  return used;
}

/** Room for `size` bytes, aligned for records and zeroed; where it begins. @internal */
export function reserve(size: number): number {
  const at = (used + 7) & ~7;
  used = at + size;
  if (used > bytes.length) grow(used);
  bytes.fill(0, at, used);
  return at;
}

/** Puts bytes: their offset goes to the pointer at `field`, their length behind it. @internal */
export function putBytes(field: number, data: Uint8Array): void {
  const at = used;
  used += data.length;
  if (used > bytes.length) grow(used);
  bytes.set(data, at);
  point(field, at, data.length);
}

/* The upper halves of both are zero from the beginning. */
function point(field: number, at: number, length: number): void {
  words[field >> 2] = at;
  words[(field >> 2) + 2] = length;
}

/** Puts the UTF-8 of a text, as {@link putBytes}. @internal */
export function putText(field: number, text: string): void {
  const length = text.length;
  if (!many || length < 2) return putNew(field, text);
  const slot = (text.charCodeAt(length - 1) * 11 + text.charCodeAt(length - 2) * 37 + length) % MEMO;
  if (memoCalls[slot] === call && memoTexts[slot] === text) {
    const known = memoFields[slot]! >> 2;
    return point(field, words[known]!, words[known + 2]!);
  }
  memoCalls[slot] = call;
  memoTexts[slot] = text;
  memoFields[slot] = field;
  putNew(field, text);
}

/* Most are ASCII and short: a loop beats the encoder. */
function putNew(field: number, text: string): void {
  const length = text.length;
  const at = used;
  if (at + length > bytes.length) grow(at + length);
  const to = bytes;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return putUtf8(field, text);
    to[at + i] = code;
  }
  used = at + length;
  point(field, at, length);
}

function putUtf8(field: number, text: string): void {
  putBytes(field, utf8(text));
}

/** Puts a number of 64 bits. @internal */
export function putLong(field: number, value: bigint): void {
  longs[field >> 3] = value;
}

/** What the clock of the store says from now on. @internal */
export function putClock(now: bigint): void {
  clock[0] = now;
}
