import { inspect } from "node:util";
import { isSharedArrayBuffer, isUint8Array } from "node:util/types";
import { refusal } from "./errors.js";

/* How values stand in the JSON lines that the command line, Python and this package share: bytes as lower-case
 * hexadecimal, 64-bit counts as JSON numbers, UINT64_MAX as null. */

const NONE = 0xffffffffffffffffn;

/** Lower-case hexadecimal digits. @internal */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** The bytes of `2 * length` hexadecimal digits, any even number of them if no length is given. @internal */
export function bytesOfHex(what: string, text: unknown, length?: number): Uint8Array {
  if (typeof text !== "string" || !/^(?:[0-9a-fA-F]{2})*$/.test(text)) {
    throw refusal("BP_ARGUMENT", `${what} is no text of hexadecimal digits`);
  }
  if (length !== undefined && text.length !== 2 * length) {
    throw refusal("BP_ARGUMENT", `${what} has ${text.length} hexadecimal digits, not ${2 * length}`);
  }
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** A 64-bit count for `JSON.stringify`: the number while it is exact. @internal */
export function countOf(what: string, count: bigint): number {
  const number = Number(count);
  if (!Number.isSafeInteger(number)) throw refusal("BP_VALUE", `${what} is beyond 2^53 - 1, which JSON.stringify cannot say`);
  return number;
}

/** As {@link countOf}; UINT64_MAX, which says "none", as null. @internal */
export function countOrNull(what: string, count: bigint | null): number | null {
  return count === null ? null : countOf(what, count);
}

/** UINT64_MAX as null. @internal */
export function noneAsNull(count: bigint): bigint | null {
  return count === NONE ? null : count;
}

/** Bytes that are all zero as null. @internal */
export function zerosAsNull(bytes: Uint8Array): Uint8Array | null {
  return bytes.some((byte) => byte !== 0) ? bytes : null;
}

/** Checks a piece of bytes, of a fixed length if one is given. @internal */
export function bytesOf(what: string, bytes: unknown, length?: number): Uint8Array {
  if (!isUint8Array(bytes) || (length !== undefined && bytes.length !== length)) {
    throw refusal("BP_ARGUMENT", `${what} is not a Uint8Array${length === undefined ? "" : ` of ${length} bytes`}`);
  }
  if (bytes.length === 0 && !isThere(bytes)) throw refusal("BP_ARGUMENT", `${what} is of a buffer that was transferred away or shrunk`);
  return bytes;
}

/** Checks a text that C takes: a lone surrogate would turn into another character unseen. @internal */
export function textOf(what: string, text: unknown): string {
  if (typeof text !== "string") throw refusal("BP_ARGUMENT", `${what} is not a string`);
  if (/\p{Surrogate}/u.test(text)) throw refusal("BP_UTF8", `${what} has a lone surrogate`);
  return text;
}

/** Whether bytes that look empty are: those of a buffer that was transferred away, or shrunk, look so too. @internal */
export function isThere(bytes: Uint8Array): boolean {
  try {
    Uint8Array.prototype.at.call(bytes, 0);
    return true;
  } catch {
    return false;
  }
}

/** A copy of bytes that another thread may change meanwhile: C reads them more than once. @internal */
export function unshared(bytes: Uint8Array): Uint8Array {
  const { buffer } = bytes;
  return buffer instanceof ArrayBuffer || !isSharedArrayBuffer(buffer) ? bytes : new Uint8Array(bytes);
}

/** Refuses an option that there is not, a slip of the pen mostly. @internal */
export function known(options: unknown, names: ReadonlySet<string>): void {
  if (typeof options !== "object" || options === null) throw refusal("BP_ARGUMENT", "options are an object");
  for (const name in options) {
    if (!names.has(name)) throw refusal("BP_ARGUMENT", `there is no option ${JSON.stringify(name)}`);
  }
}

/** A copy of options: what the caller does with them later changes nothing. @internal */
export function taken<Options extends object>(options: Options, names: ReadonlySet<string>): Options {
  known(options, names);
  const own: Record<string, unknown> = {};
  for (const name of names) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined) own[name] = value;
  }
  return own as Options;
}

/** Named values, each with its bytes. A Map or an array has none that are its members: it must not pass for no values. @internal */
export function namedBytes(values: unknown): [string, Uint8Array][] {
  if (typeof values !== "object" || values === null || Symbol.iterator in values) {
    throw refusal("BP_ARGUMENT", "extensions are an object of names and bytes");
  }
  return Object.entries(values).map(([name, value]) => [name, bytesOf(`extension ${name}`, value)]);
}

/** Sets a member whatever its name: `__proto__` too becomes one. @internal */
export function setMember<V>(object: Record<string, V>, name: string, value: V): void {
  if (name === "__proto__") {
    Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true });
  } else {
    object[name] = value;
  }
}

/** Makes `console.log` show what `members` answers instead of the memory behind an object. @internal */
export function showAs<T extends object>(prototype: T, name: string, members: (shown: T) => object): void {
  const show = function (this: T, depth: number, options: object): string {
    return `${name} ${inspect(members(this), { ...options, depth })}`;
  };
  Object.defineProperty(prototype, inspect.custom, { value: show });
}
