import { refusal } from "./errors.js";
import { native } from "./native.js";
import type { Extensions } from "./receipt.js";
import { bytesOf, unshared } from "./text.js";

/** A fresh UUIDv7 of 16 bytes, above every id that this process made before. @throws {@link BatpakError} `BP_SYSTEM`.
 * @since 0.1 */
export function idNew(): Uint8Array {
  return native.idNew();
}

/**
 * Looks whether entity and scope keep the rules of a coordinate: 1 to 1,024 bytes of UTF-8 each, no control byte, no `/`,
 * `..`, `|`, `=`.
 *
 * @throws {@link BatpakError} with the first rule that is broken: `BP_ENTITY_EMPTY` to `BP_COORDINATE_UTF8`.
 * @since 0.1
 */
export function coordinateCheck(entity: string, scope: string): void {
  native.coordinateCheck(entity, scope);
}

/**
 * The canonical MessagePack of a JSON text. Member order is kept; of equal names the last counts, in the first one's place.
 * Integers are exact and refused beyond 64 bits; all other numbers, -0 too, are floats.
 *
 * @throws {@link BatpakError} `BP_JSON`, `BP_DEPTH`, `BP_UTF8`.
 * @since 0.1
 */
export function payloadFromJson(json: string | Uint8Array): Uint8Array {
  return native.payloadFromJson(typeof json === "string" ? wellFormed(json) : unshared(bytesOf("json", json)));
}

/* A lone surrogate would turn into another character unseen. */
function wellFormed(json: string): Uint8Array {
  if (/\p{Surrogate}/u.test(json)) throw refusal("BP_UTF8", "a text with a lone surrogate");
  return Buffer.from(json);
}

/**
 * The JSON text of a payload.
 *
 * @throws {@link BatpakError} `BP_MESSAGEPACK`, `BP_NOT_JSON` where JSON cannot say it (bin, a key that is no string),
 * `BP_DEPTH`, `BP_UTF8`.
 * @since 0.1
 */
export function payloadToJson(payload: Uint8Array): string {
  return native.payloadToJson(unshared(bytesOf("payload", payload)));
}

/**
 * The canonical map of extensions, the form that receipts carry.
 *
 * @throws {@link BatpakError} `BP_EXTENSION_EMPTY` and its kin for a name that is no `prefix.field`.
 * @since 0.1
 */
export function extensionsEncode(extensions: Extensions): Uint8Array {
  return native.extensionsEncode(extensions);
}

/**
 * The extensions of a canonical map; the bytes have their own memory.
 *
 * @throws {@link BatpakError} `BP_MESSAGEPACK`.
 * @since 0.1
 */
export function extensionsDecode(map: Uint8Array): Extensions {
  return native.extensionsDecode(unshared(bytesOf("map", map)));
}

/** Version of the library: `"0.1.0"`. @since 0.1 */
export function version(): string {
  return native.version();
}

/** Version of the C interface. @since 0.1 */
export function abiVersion(): number {
  return native.abiVersion();
}

/** Version of the segment format that the library writes. @since 0.1 */
export function formatVersion(): number {
  return native.formatVersion();
}

/** The name of a status number: `"BP_LOCKED"`; `"BP_UNKNOWN"` for a number that this version lacks. @since 0.1 */
export function statusName(status: number): string {
  return native.statusName(status);
}

/** One sentence: what to do next. @since 0.1 */
export function statusAdvice(status: number): string {
  return native.statusAdvice(status);
}

/** The word for an outcome of a receipt's judgement, by its number: `"signed"`. @since 0.1 */
export function receiptOutcomeName(outcome: number): string {
  return native.receiptOutcomeName(outcome);
}
