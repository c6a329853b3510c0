/* Canonical MessagePack written from the table of the format, for values as the tests hold them: an encoder of its own, so
 * that what C makes is compared from outside. */

import { Float64 } from "batpak";

function sized(head, width, number) {
  const bytes = Buffer.alloc(1 + width);
  bytes[0] = head;
  if (width === 1) bytes.writeUInt8(number, 1);
  if (width === 2) bytes.writeUInt16BE(number, 1);
  if (width === 4) bytes.writeUInt32BE(number, 1);
  return bytes;
}

function length(count, fix, fixMax, heads) {
  if (fix !== undefined && count <= fixMax) return Buffer.from([fix | count]);
  const [one, two, four] = heads;
  if (one !== undefined && count < 0x100) return sized(one, 1, count);
  return count < 0x10000 ? sized(two, 2, count) : sized(four, 4, count);
}

function integer(number) {
  if (number >= 0n) {
    if (number < 0x80n) return Buffer.from([Number(number)]);
    if (number < 0x100n) return sized(0xcc, 1, Number(number));
    if (number < 0x10000n) return sized(0xcd, 2, Number(number));
    if (number < 0x100000000n) return sized(0xce, 4, Number(number));
    const wide = Buffer.alloc(9, 0xcf);
    wide.writeBigUInt64BE(number, 1);
    return wide;
  }
  const below = Buffer.alloc(9, 0xd3);
  below.writeBigInt64BE(number, 1);
  if (number >= -0x20n) return below.subarray(8);
  if (number >= -0x80n) return Buffer.concat([Buffer.from([0xd0]), below.subarray(8)]);
  if (number >= -0x8000n) return Buffer.concat([Buffer.from([0xd1]), below.subarray(7)]);
  if (number >= -0x80000000n) return Buffer.concat([Buffer.from([0xd2]), below.subarray(5)]);
  return below;
}

function float(number) {
  const bytes = Buffer.alloc(9, 0xcb);
  bytes.writeDoubleBE(number, 1);
  return bytes;
}

function number(value) {
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? integer(BigInt(value)) : float(value);
}

/** The canonical bytes of a value that can be said. */
export function canonical(value) {
  if (value === null) return Buffer.from([0xc0]);
  if (value instanceof Float64) return float(value.value);
  if (value instanceof ArrayBuffer) return canonical(new Uint8Array(value));
  if (value instanceof Uint8Array) return Buffer.concat([length(value.length, undefined, 0, [0xc4, 0xc5, 0xc6]), value]);
  if (Array.isArray(value)) {
    return Buffer.concat([length(value.length, 0x90, 15, [undefined, 0xdc, 0xdd]), ...value.map(canonical)]);
  }
  switch (typeof value) {
    case "boolean": return Buffer.from([value ? 0xc3 : 0xc2]);
    case "number": return number(value);
    case "bigint": return integer(value);
    case "string": {
      const bytes = Buffer.from(value, "utf8");
      return Buffer.concat([length(bytes.length, 0xa0, 31, [0xd9, 0xda, 0xdb]), bytes]);
    }
    default: {
      const entries = value instanceof Map ? [...value] : Object.entries(value);
      const head = length(entries.length, 0x80, 15, [undefined, 0xde, 0xdf]);
      return Buffer.concat([head, ...entries.flatMap(([key, member]) => [canonical(key), canonical(member)])]);
    }
  }
}
