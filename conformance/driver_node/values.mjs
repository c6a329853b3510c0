// Instructions that need no store: values and their bytes, names, kinds, extensions, JSON.
import { isDeepStrictEqual } from "node:util";
import batpak from "./package.mjs";
import { BadInstruction, bytesOf, extensionsOf, extensionsOut, hex, numberOf, textOf } from "./wire.mjs";

const { Float64, Kind } = batpak;
// Beyond this many levels an answer only says how many.
const DEEPEST_ANSWER = 32;
const QUIET_NAN = "7ff8000000000000";

function unsayable() {
  return new BadInstruction("unsayable");
}

// A tagged value as one of this language; `unsayable` where it has none.
export function native([tag, first, second]) {
  switch (tag) {
    case "null": return null;
    case "bool": case "text": return first;
    case "u64": case "i64": return integer(BigInt(first));
    case "u128": return bytesOf(BigInt(first).toString(16).padStart(32, "0"));
    case "f64": return float(first);
    case "bytes": return bytesOf(first);
    case "array": return first.map(native);
    case "map": return map(first);
    case "repeat_text": return first.repeat(Number(second));
    case "repeat_bytes": return bytesOf(first.repeat(Number(second)));
    case "repeat_array": return new Array(Number(second)).fill(native(first));
    case "counting_map": return new Map(Array.from({ length: Number(first) }, (_, at) => [at, null]));
    case "nest": return nest(Number(first), native(second));
    // A 32-bit float.
    default: throw unsayable();
  }
}

function integer(number) {
  const small = Number(number);
  return Number.isSafeInteger(small) ? small : number;
}

function float(bits) {
  const number = Buffer.from(bits, "hex").readDoubleBE();
  if (Number.isNaN(number) && bits !== QUIET_NAN) throw unsayable();
  return new Float64(number);
}

// An object where it keeps keys and their order, else a Map.
function map(pairs) {
  const made = new Map(pairs.map(([key, value]) => [native(key), native(value)]));
  if (made.size < pairs.length) throw unsayable();
  const plain = pairs.every(([[tag, name]]) => tag === "text" && !/^\d/.test(name));
  return plain ? Object.fromEntries(made) : made;
}

function nest(depth, leaf) {
  let value = leaf;
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

// What `native` understands, for a value that was decoded with exact floats.
function tagged(value) {
  if (value === null) return ["null"];
  if (typeof value === "boolean") return ["bool", value];
  if (typeof value === "string") return ["text", value];
  if (value instanceof Float64) return floatTagged(value.value);
  if (typeof value === "number" && !(Number.isSafeInteger(value) && !Object.is(value, -0))) return floatTagged(value);
  if (typeof value === "bigint" || typeof value === "number") return [value < 0 ? "i64" : "u64", String(value)];
  if (value instanceof Uint8Array) return ["bytes", hex(value)];
  if (Array.isArray(value)) return ["array", value.map(tagged)];
  return ["map", entries(value).map((pair) => pair.map(tagged))];
}

function floatTagged(number) {
  const bits = Buffer.alloc(8);
  bits.writeDoubleBE(number);
  return ["f64", bits.toString("hex")];
}

function entries(value) {
  return value instanceof Map ? [...value] : Object.entries(value);
}

function isContainer(value) {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array) && !(value instanceof Float64);
}

function depth(value) {
  let deepest = 0;
  for (let level = [value].filter(isContainer); level.length > 0; deepest++) {
    level = level.flatMap((item) => (Array.isArray(item) ? item : entries(item).flat())).filter(isContainer);
  }
  return deepest;
}

function decode(_session, step) {
  const value = batpak.payloadDecode(bytesOf(step.bytes), { floats: "exact" });
  const levels = depth(value);
  return levels > DEEPEST_ANSWER ? { depth: levels } : tagged(value);
}

function cycle() {
  const value = [1];
  value.push({ a: value });
  return value;
}

class Point {
  x = 1;
}

// A value as a programmer writes it, to bytes; with `bytes`, whether these read back as the value.
function runNative(_session, step) {
  const value = new Function("Float64", "Point", "cycle", `return (${step.write});`)(Float64, Point, cycle);
  if (step.bytes === undefined) return hex(batpak.payloadEncode(value));
  return isDeepStrictEqual(batpak.payloadDecode(bytesOf(step.bytes)), value);
}

export const operations = {
  encode: (_session, step) => hex(batpak.payloadEncode(native(step.value))),
  decode,
  native: runNative,
  to_json: (_session, step) => batpak.payloadToJson(bytesOf(step.payload)),
  from_json: (_session, step) => hex(batpak.payloadFromJson(textOf(step, "json"))),
  coordinate: (_session, step) => batpak.coordinateCheck(textOf(step, "entity"), textOf(step, "scope")),
  kind: (_session, step) => Kind.make(numberOf(step, "category"), numberOf(step, "type_id")).number,
  kind_parse: (_session, step) => Kind.parse(textOf(step, "text")).number,
  kind_format: (_session, step) => String(new Kind(numberOf(step, "kind"))),
  extension_key: (_session, step) => batpak.extensionsEncode({ [textOf(step, "key")]: new Uint8Array() }) && true,
  encode_extensions: (_session, step) => hex(batpak.extensionsEncode(extensionsOf(step))),
  decode_extensions: (_session, step) => extensionsOut(batpak.extensionsDecode(bytesOf(step.map))),
};
