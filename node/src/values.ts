import { isArrayBuffer, isMap, isUint8Array } from "node:util/types";
import { BP_TOKEN_ARRAY, BP_TOKEN_BOOL, BP_TOKEN_BYTES, BP_TOKEN_FLOAT32, BP_TOKEN_FLOAT64, BP_TOKEN_INT, BP_TOKEN_MAP,
  BP_TOKEN_NIL, BP_TOKEN_STRING, BP_TOKEN_UINT } from "./constants.js";
import { refusal, type BatpakError } from "./errors.js";
import { native } from "./native.js";
import { Entry, place, placeOfToken, type Step } from "./place.js";
import { bytesOf, isThere, setMember, unshared } from "./text.js";
import { TOKEN_BYTES, TokenReader, TokenWriter } from "./tokens.js";

/* Values go to C as tokens and come back as tokens; MessagePack itself is C's. What a value cannot say exactly is refused
 * with the place where it stands, never changed into something near it. */

/**
 * A number that is always written as a float of 64 bits, an integral one too: `new Float64(1)`.
 *
 * Without it a number that is an integer is written as one, and one beyond 2^53 - 1 is refused.
 *
 * @since 0.1
 */
export class Float64 {
  readonly value: number;

  /** @throws {@link BatpakError} `BP_VALUE` for what is no number: it is not made one. */
  constructor(value: number) {
    if (typeof value !== "number") throw refusal("BP_VALUE", `a Float64 is made of a number, not of a ${typeof value}`);
    this.value = value;
    Object.freeze(this);
  }

  valueOf(): number {
    return this.value;
  }

  toString(): string {
    return String(this.value);
  }
}

/** What `payloadDecode` makes of a payload. */
export type Value = null | boolean | number | bigint | string | Float64 | Uint8Array | Value[] | { [key: string]: Value }
  | Map<Value, Value>;

const MAX_DEPTH = 1023;

class Flattener {
  readonly writer = new TokenWriter();
  /* Containers that are open, and the step taken in each; steps beyond the depth are of the past. */
  readonly #open: object[] = [];
  readonly #steps: Step[] = [];
  #depth = 0;

  clear(): void {
    this.writer.clear();
    if (this.#depth === 0) return;
    this.#open.length = 0;
    this.#depth = 0;
  }

  value(value: unknown): void {
    switch (typeof value) {
      case "string":
        if (!this.writer.string(value)) throw this.#refuse("a string with a lone surrogate");
        return;
      case "number":
        this.#number(value);
        return;
      case "boolean":
        this.writer.bool(value);
        return;
      case "bigint":
        if (!this.writer.bigint(value)) throw this.#refuse("an integer of more than 64 bits");
        return;
      case "object":
        if (value === null) this.writer.nil();
        else this.#object(value);
        return;
      default:
        throw this.#refuse(`${typeof value} cannot be said`);
    }
  }

  /** Named members of `source` in the order of `names`; those in `floats` as floats. The caller has looked that they are
   * there. */
  members(source: object, names: readonly string[], floats: ReadonlySet<string>): void {
    const record = source as Record<string, unknown>;
    this.#enter(source);
    this.writer.container(BP_TOKEN_MAP, names.length);
    for (const name of names) {
      this.#step(name);
      this.writer.string(name);
      const member = record[name];
      if (floats.has(name) && typeof member === "number") this.writer.float(member);
      else this.value(member);
    }
    this.#leave();
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value)) {
      if (value !== 0 || !Object.is(value, -0)) this.writer.integer(value);
      else this.writer.float(value);
    } else if (Number.isInteger(value)) {
      throw this.#refuse(`${value} is beyond 2^53 - 1 and may not be exact: take a bigint or a Float64`);
    } else {
      this.writer.float(value);
    }
  }

  #object(value: object): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Array.isArray(value)) {
      if (!isArrayPrototype(prototype)) throw this.#refuse(`${nameOf(value)}, a kind of array, cannot be said`);
      this.#array(value);
    } else if (isPlain(prototype) && !isMap(value)) {
      this.#plain(value as Record<string, unknown>);
    } else if (isUint8Array(value)) {
      this.#bytes(value);
    } else if (value instanceof Float64 && typeof value.value === "number") {
      this.writer.float(value.value);
    } else if (isMap(value)) {
      this.#map(value);
    } else if (isArrayBuffer(value)) {
      this.#bytes(this.#bufferBytes(value));
    } else {
      throw this.#refuse(`${nameOf(value)} cannot be said`);
    }
  }

  #bytes(value: Uint8Array): void {
    if (value.length === 0 && !isThere(value)) throw this.#refuse("a buffer that was transferred away or shrunk");
    this.writer.bytes(value);
  }

  #bufferBytes(buffer: ArrayBufferLike): Uint8Array {
    try {
      return new Uint8Array(buffer);
    } catch {
      throw this.#refuse("a buffer that was transferred away");
    }
  }

  #array(value: readonly unknown[]): void {
    this.#enter(value);
    const length = value.length;
    this.writer.container(BP_TOKEN_ARRAY, length);
    for (let index = 0; index < length; index++) {
      this.#step(index);
      const element = value[index];
      if (element === undefined && !(index in value)) throw this.#refuse("a hole in an array");
      this.value(element);
    }
    this.#leave();
  }

  #plain(value: Record<string, unknown>): void {
    this.#enter(value);
    const keys = Object.keys(value);
    this.writer.container(BP_TOKEN_MAP, keys.length);
    for (const key of keys) {
      this.#step(key);
      if (!this.writer.string(key)) throw this.#refuse("a key with a lone surrogate");
      this.value(value[key]);
    }
    for (const symbol of Object.getOwnPropertySymbols(value)) {
      if (Object.prototype.propertyIsEnumerable.call(value, symbol)) {
        this.#step(String(symbol));
        throw this.#refuse("a symbol as a key cannot be said");
      }
    }
    this.#leave();
  }

  #map(value: ReadonlyMap<unknown, unknown>): void {
    this.#enter(value);
    const size = value.size;
    const seen = new Set<string>();
    let index = 0;
    this.writer.container(BP_TOKEN_MAP, size);
    for (const [key, member] of value) {
      this.#step(typeof key === "string" ? key : new Entry(index));
      if (typeof key === "string") {
        this.value(key);
      } else {
        const first = this.writer.count;
        this.value(key);
        const signature = this.writer.signature(first);
        if (seen.has(signature)) throw this.#refuse("the same key a second time");
        seen.add(signature);
      }
      this.value(member);
      index++;
    }
    if (index !== size) throw this.#refuse("a Map that changed while it was read");
    this.#leave();
  }

  #enter(container: object): void {
    if (this.#open.includes(container)) throw this.#refuse("a value that contains itself");
    if (this.#depth === MAX_DEPTH) throw refusal("BP_DEPTH", this.#said("nested deeper than 1,023 containers"));
    this.#open.push(container);
    this.#depth++;
  }

  #leave(): void {
    this.#open.pop();
    this.#depth--;
  }

  #step(step: Step): void {
    this.#steps[this.#depth - 1] = step;
  }

  #refuse(what: string): BatpakError {
    return refusal("BP_VALUE", this.#said(what));
  }

  #said(what: string): string {
    return `${place(this.#steps.slice(0, this.#depth))}: ${what}`;
  }
}

/* An object whose members are all it is: made by a literal, by JSON or without prototype; another realm's too. */
function isPlain(prototype: unknown): boolean {
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.prototype.hasOwnProperty.call(prototype, "isPrototypeOf");
}

function isArrayPrototype(prototype: unknown): boolean {
  return prototype === Array.prototype || (Array.isArray(prototype) && isPlain(Object.getPrototypeOf(prototype)));
}

function nameOf(value: object): string {
  try {
    const name: unknown = value.constructor.name;
    return typeof name === "string" && name !== "" ? name : "an object of a class";
  } catch {
    return "an object of a class";
  }
}

/* Flatteners are used again. Reading a value may run code of its owner (a getter, a proxy), which may encode another one:
 * so each call takes the spare one, or makes one. */
let spare: Flattener | undefined;

function flatten(fill: (flattener: Flattener) => void): Uint8Array {
  const flattener = spare ?? new Flattener();
  spare = undefined;
  try {
    fill(flattener);
    return payloadOf(flattener.writer);
  } finally {
    flattener.clear();
    if (flattener.writer.small) spare = flattener;
  }
}

/* Most payloads are made here and copied: that costs less than asking for their length first. */
const firstTry = new Uint8Array(4096);

function payloadOf(writer: TokenWriter): Uint8Array {
  const length = native.payloadEncode(writer.records, writer.count, writer.arena, writer.used, firstTry);
  if (length <= firstTry.length) return firstTry.slice(0, length);
  const payload = new Uint8Array(length);
  native.payloadEncode(writer.records, writer.count, writer.arena, writer.used, payload);
  return payload;
}

/**
 * The canonical MessagePack of a value.
 *
 * | Value | Written as |
 * |---|---|
 * | `null`, `boolean`, `string` | nil, bool, str |
 * | `number` that is a safe integer | the shortest integer |
 * | other `number`, `-0`, `NaN`, infinities, {@link Float64} | float of 64 bits |
 * | `bigint` of 64 bits, signed or unsigned | the shortest integer |
 * | `Uint8Array`, `Buffer`, `ArrayBuffer` | bin |
 * | `Array` | array |
 * | plain object | map of its own enumerable string keys, in JavaScript's order: keys like `"7"` come first, ascending |
 * | `Map` | map, keys of any kind that can be said |
 *
 * All else is refused, never changed: `undefined`, functions, symbols, `Date`, `Set`, boxed primitives, instances of
 * classes, other typed arrays, holes, lone surrogates, integral numbers beyond 2^53 - 1, bigints beyond 64 bits, a `Map`
 * with both `1` and `1n`, a value that contains itself.
 *
 * @throws {@link BatpakError} `BP_VALUE` whose text begins with the place (`$.a[3]`), `BP_DEPTH` beyond 1,023 containers.
 * @since 0.1
 */
export function encode(value: unknown): Uint8Array {
  return flatten((flattener) => flattener.value(value));
}

/** The map of the members `names` of `source`, which are all there. @internal */
export function encodeMembers(source: object, names: readonly string[], floats: ReadonlySet<string>): Uint8Array {
  return flatten((flattener) => flattener.members(source, names, floats));
}

/** How `payloadDecode` makes values. */
export interface DecodeOptions {
  /**
   * `"number"`, the default: a float is a number, so that 1.0 cannot be told from 1. `"exact"`: a float that is integral,
   * and would be written as an integer or refused, comes as {@link Float64}.
   */
  readonly floats?: "number" | "exact" | undefined;
}

/**
 * The value that a payload says.
 *
 * Integers come as `number`, beyond 2^53 - 1 as `bigint`; bin as `Uint8Array` with its own memory; a map whose keys are
 * all strings as a plain object (a key `__proto__` is a member like others), any other as `Map`.
 *
 * @throws {@link BatpakError} `BP_MESSAGEPACK`, `BP_DEPTH`, `BP_UTF8`; `BP_VALUE` for a key that a map has twice, or that
 * JavaScript takes for the same.
 * @since 0.1
 */
export function decode(payload: Uint8Array, options?: DecodeOptions): Value {
  return new Builder(unshared(bytesOf("payload", payload)), options?.floats === "exact").value();
}

/* Keys come again and again: those that are short are made once. A place holds the latest key that falls there. */
const KEY_PLACES = 512;
const KEY_LENGTH = 32;
const keyBytes: (Uint8Array | undefined)[] = new Array<undefined>(KEY_PLACES).fill(undefined);
const keyTexts: string[] = new Array<string>(KEY_PLACES).fill("");

function isAt(bytes: Uint8Array, payload: Uint8Array, start: number): boolean {
  for (let index = 0; index < bytes.length; index++) if (bytes[index] !== payload[start + index]) return false;
  return true;
}

/* Reading a value runs no code but ours, so one reader serves all that are not large. */
const reader = new TokenReader(1024);

function tokensOf(payload: Uint8Array): TokenReader {
  reader.rewind();
  const count = native.payloadDecode(payload, reader.records);
  if (count * TOKEN_BYTES <= reader.records.length) return reader;
  const large = new TokenReader(count);
  native.payloadDecode(payload, large.records);
  return large;
}

class Builder {
  readonly #tokens: TokenReader;
  readonly #payload: Uint8Array;
  readonly #exact: boolean;
  /* The payload once more, for its strings. */
  #texts: Buffer | undefined;

  constructor(payload: Uint8Array, exact: boolean) {
    this.#tokens = tokensOf(payload);
    this.#payload = payload;
    this.#exact = exact;
  }

  value(): Value {
    return this.#of(this.#tokens.next());
  }

  #of(type: number): Value {
    const tokens = this.#tokens;
    switch (type) {
      case BP_TOKEN_STRING: return this.#string();
      case BP_TOKEN_UINT: return tokens.unsigned();
      case BP_TOKEN_INT: return tokens.signed();
      case BP_TOKEN_MAP: return this.#map();
      case BP_TOKEN_ARRAY: return this.#array();
      case BP_TOKEN_FLOAT64: return this.#float(tokens.float64(), this.#exact);
      case BP_TOKEN_FLOAT32: return this.#float(tokens.float32(), this.#exact);
      case BP_TOKEN_BOOL: return tokens.length() === 1;
      case BP_TOKEN_NIL: return null;
      case BP_TOKEN_BYTES: return this.#bytes();
      default: throw this.#refuse(this.#tokens.index, `a token of type ${type}`);
    }
  }

  #float(value: number, exact: boolean): number | Float64 {
    return exact && Number.isInteger(value) && !Object.is(value, -0) ? new Float64(value) : value;
  }

  /* C has checked that it is UTF-8; a byte order mark stays. */
  #string(): string {
    const start = this.#tokens.offset();
    this.#texts ??= Buffer.from(this.#payload.buffer, this.#payload.byteOffset, this.#payload.byteLength);
    return this.#texts.toString("utf8", start, start + this.#tokens.length());
  }

  #name(): string {
    const length = this.#tokens.length();
    if (length === 0 || length > KEY_LENGTH) return this.#string();
    const start = this.#tokens.offset();
    const payload = this.#payload;
    const place = (payload[start]! * 31 + payload[start + length - 1]! * 7 + (payload[start + (length >>> 1)]! << 2) + length) % KEY_PLACES;
    const known = keyBytes[place];
    if (known !== undefined && known.length === length && isAt(known, payload, start)) return keyTexts[place]!;
    keyBytes[place] = new Uint8Array(payload.subarray(start, start + length));
    return (keyTexts[place] = this.#string());
  }

  #bytes(): Uint8Array {
    const start = this.#tokens.offset();
    return new Uint8Array(this.#payload.subarray(start, start + this.#tokens.length()));
  }

  #array(): Value[] {
    const length = this.#tokens.length();
    const array: Value[] = [];
    for (let index = 0; index < length; index++) array.push(this.value());
    return array;
  }

  #map(): { [key: string]: Value } | Map<Value, Value> {
    const size = this.#tokens.length();
    const object: { [key: string]: Value } = {};
    /* Keys in their order, from the first on that JavaScript would put elsewhere. */
    let names: string[] | undefined;
    for (let index = 0; index < size; index++) {
      const type = this.#tokens.next();
      if (type !== BP_TOKEN_STRING) {
        const map = new Map<Value, Value>();
        for (const name of names ?? Object.keys(object)) map.set(name, object[name]!);
        return this.#anyMap(map, size, index, type);
      }
      const name = this.#name();
      if (name in object && Object.hasOwn(object, name)) throw this.#refuse(this.#tokens.index, "a key that the map has already");
      if (names === undefined && startsWithDigit(name)) names = Object.keys(object);
      names?.push(name);
      setMember(object, name, this.value());
    }
    return object;
  }

  /* The rest of a map, from the key of type `type` on, at `index`. */
  #anyMap(map: Map<Value, Value>, size: number, index: number, type: number): Map<Value, Value> {
    for (let next = type; ; next = this.#tokens.next()) {
      const at = this.#tokens.index;
      const key = this.#key(next);
      if (map.has(key)) throw this.#refuse(at, "a key that the map has already, or that JavaScript takes for the same");
      map.set(key, this.value());
      if (++index === size) return map;
    }
  }

  #refuse(token: number, what: string): BatpakError {
    return refusal("BP_VALUE", `${placeOfToken(this.#tokens, this.#payload, token)}: ${what}`);
  }

  /* 1.0 beside 1, and -0.0 beside 0, are keys of their own. */
  #key(type: number): Value {
    const key = this.#of(type);
    const float = type === BP_TOKEN_FLOAT64 || type === BP_TOKEN_FLOAT32;
    return float && Number.isInteger(key) ? new Float64(key as number) : key;
  }
}

function startsWithDigit(name: string): boolean {
  const code = name.charCodeAt(0);
  return code >= 0x30 && code <= 0x39;
}
