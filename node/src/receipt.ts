import { refusal } from "./errors.js";
import { native, raw, type RawBatch } from "./native.js";
import { wide } from "./number.js";
import { DURABLE, HAS_SIGNATURE, LONG, LONG_RECEIPT, RECEIPT, REPLAYED, SAME } from "./records.js";
import { bytesOfHex, countOf, hexOf, showAs, zerosAsNull } from "./text.js";

/** Named values that travel with an event, `prefix.field` to bytes. */
export type Extensions = Readonly<Record<string, Uint8Array>>;

/** A {@link Receipt} as one line of JSON says it; bytes are lower-case hexadecimal. */
export interface ReceiptJson {
  event_id: string;
  sequence: number;
  content_hash: string;
  key_id: string | null;
  signature: string | null;
  extensions: Record<string, string>;
  durable: boolean;
  replayed: boolean;
  same: boolean | null;
}

const MEMBERS = ["event_id", "sequence", "content_hash", "key_id", "signature", "extensions", "durable", "replayed",
  "same"] as const;

/** Memory of receipts, which they share. @internal */
export class Slab {
  readonly bytes: Uint8Array;
  readonly longs: BigUint64Array;
  #words: Uint32Array | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.longs = new BigUint64Array(bytes.buffer);
  }

  get words(): Uint32Array {
    return this.#words ??= new Uint32Array(this.bytes.buffer);
  }
}

/**
 * What the store answers to an append. It attests this one event, never its neighbours.
 *
 * A receipt is kept as the record that C wrote; its members are read from it when asked for.
 *
 * @since 0.1
 */
export class Receipt {
  /** The memory that holds the record. @internal */
  readonly slab: Slab;
  /** Where the record begins in it. @internal */
  readonly at: number;
  /** The canonical map of the extensions; undefined where there are none. @internal */
  readonly map: Uint8Array | undefined;

  /** @internal */
  constructor(slab: Slab, at: number, map?: Uint8Array) {
    this.slab = slab;
    this.at = at;
    this.map = map;
  }

  /** The event that it attests: 16 bytes. */
  get eventId(): Uint8Array {
    return bytesAt(this, RECEIPT.event_id, 16);
  }

  /** Place in commit order over the whole store, from 0. */
  get sequence(): bigint {
    return countAt(this, RECEIPT.sequence);
  }

  /** BLAKE3 of the payload: 32 bytes. */
  get contentHash(): Uint8Array {
    return bytesAt(this, RECEIPT.content_hash, 32);
  }

  /** BLAKE3 of the public key that signed, 32 bytes; null where nobody did. */
  get keyId(): Uint8Array | null {
    return hasFlag(this, LONG) ? zerosAsNull(bytesAt(this, RECEIPT.key_id, 32)) : null;
  }

  /** Ed25519, 64 bytes; null where nobody signed. */
  get signature(): Uint8Array | null {
    return hasFlag(this, HAS_SIGNATURE) ? bytesAt(this, RECEIPT.signature, 64) : null;
  }

  /** Those of the event. */
  get extensions(): Extensions {
    return this.map === undefined ? {} : native.extensionsDecode(this.map);
  }

  /** True if the system had reported the flush complete when this was answered. */
  get durable(): boolean {
    return hasFlag(this, DURABLE);
  }

  /** True if the key was known: nothing was written, this is the event that it named. */
  get replayed(): boolean {
    return hasFlag(this, REPLAYED);
  }

  /** Replayed: whether content, kind and coordinate are those of the draft. Else null. */
  get same(): boolean | null {
    return this.replayed ? hasFlag(this, SAME) : null;
  }

  /** The segment file that holds the event; 0n where the receipt came from JSON. */
  get segmentId(): bigint {
    return countAt(this, RECEIPT.segment_id);
  }

  /** Where its frame begins, in bytes from the start of the segment; 0n where the receipt came from JSON. */
  get offset(): bigint {
    return countAt(this, RECEIPT.offset);
  }

  /** Bytes of the whole frame; 0 where the receipt came from JSON. */
  get frameLength(): number {
    return this.slab.words[(this.at + RECEIPT.frame_length) >> 2]!;
  }

  /**
   * What `JSON.stringify` writes: the members of a line of the command's `--receipts-out`.
   *
   * @throws {@link BatpakError} `BP_VALUE` for a sequence beyond 2^53 - 1; {@link toLine} says any.
   */
  toJSON(): ReceiptJson {
    return jsonOf(this, countOf("sequence", this.sequence));
  }

  /** The line that the command's `--receipts-out` writes, without its end. */
  toLine(): string {
    return JSON.stringify(jsonOf(this, 0)).replace('"sequence":0', `"sequence":${this.sequence}`);
  }

  /**
   * Reads what {@link toJSON}, {@link toLine} or the command wrote. All members must be there, and no others.
   *
   * Such a receipt says nothing of the event's position: it is not compared.
   *
   * @throws {@link BatpakError} `BP_ARGUMENT`; `BP_JSON` for a text that is none; those of `extensionsEncode`.
   */
  static fromJSON(json: string | ReceiptJson): Receipt {
    const members = typeof json === "string" ? parse(json) : json;
    check(members);
    const keyId = members["key_id"];
    const signature = members["signature"];
    const said = {
      eventId: bytesOfHex("event_id", members["event_id"], 16),
      sequence: sequenceOf(members["sequence"]),
      contentHash: bytesOfHex("content_hash", members["content_hash"], 32),
      keyId: keyId === null ? null : bytesOfHex("key_id", keyId, 32),
      signature: signature === null ? null : bytesOfHex("signature", signature, 64),
    };
    let flags = 0;
    if (isTrue("durable", members["durable"])) flags |= DURABLE;
    if (isTrue("replayed", members["replayed"])) flags |= REPLAYED;
    if ((members["same"] === null) === members["replayed"]) throw refusal("BP_ARGUMENT", "same is null unless replayed, and only then");
    if (members["same"] !== null && isTrue("same", members["same"])) flags |= SAME;
    return madeReceipt(said, mapOf(members["extensions"]), flags);
  }

  /** The long record of it, its extensions an offset into the bytes beside it. @internal */
  record(extensionsAt: number): Uint8Array {
    const record = new Slab(new Uint8Array(LONG_RECEIPT));
    const { at, slab, map } = this;
    record.bytes.set(slab.bytes.subarray(at, at + (hasFlag(this, LONG) ? LONG_RECEIPT : RECEIPT.size)));
    record.words[RECEIPT.extensions >> 2] = extensionsAt;
    record.words[RECEIPT.extensions_length >> 2] = map?.length ?? 0;
    return record.bytes;
  }

  static {
    showAs(this.prototype, "Receipt", (receipt) => ({ ...jsonOf(receipt, 0), sequence: receipt.sequence }));
  }
}

/* Functions, not private methods: those would leave their mark in every receipt. */

function bytesAt({ slab, at }: Receipt, member: number, length: number): Uint8Array {
  return new Uint8Array(slab.bytes.subarray(at + member, at + member + length));
}

function hasFlag({ slab, at }: Receipt, flag: number): boolean {
  return (slab.words[(at + RECEIPT.flags) >> 2]! & flag) !== 0;
}

/** A flush was waited for after it was answered. @internal */
export function markDurable({ slab, at }: Receipt): void {
  slab.words[(at + RECEIPT.flags) >> 2]! |= DURABLE;
}

function countAt({ slab, at }: Receipt, member: number): bigint {
  return slab.longs[(at + member) >> 3]!;
}

function jsonOf(receipt: Receipt, sequence: number): ReceiptJson {
  const { keyId, signature } = receipt;
  const extensions = Object.entries(receipt.extensions).map(([name, value]) => [name, hexOf(value)] as const);
  return {
    event_id: hexOf(receipt.eventId),
    sequence,
    content_hash: hexOf(receipt.contentHash),
    key_id: keyId === null ? null : hexOf(keyId),
    signature: signature === null ? null : hexOf(signature),
    extensions: Object.fromEntries(extensions),
    durable: receipt.durable,
    replayed: receipt.replayed,
    same: receipt.same,
  };
}

/** A receipt of what was said elsewhere, which is not where its frame lies. @internal */
export function madeReceipt(said: Pick<Receipt, "eventId" | "sequence" | "contentHash" | "keyId" | "signature">,
  map: Uint8Array | undefined, flags: number): Receipt {
  const slab = new Slab(new Uint8Array(LONG_RECEIPT));
  const { bytes, longs, words } = slab;
  longs[RECEIPT.sequence >> 3] = said.sequence;
  bytes.set(said.eventId, RECEIPT.event_id);
  bytes.set(said.contentHash, RECEIPT.content_hash);
  if (said.keyId !== null) bytes.set(said.keyId, RECEIPT.key_id);
  if (said.signature !== null) bytes.set(said.signature, RECEIPT.signature);
  words[RECEIPT.flags >> 2] = flags | LONG | (said.signature === null ? 0 : HAS_SIGNATURE);
  return new Receipt(slab, 0, map);
}

/** Memory of `length` bytes as it is: what is not overwritten is not looked at. @internal */
export function newSlab(length: number): Slab {
  return new Slab(Buffer.allocUnsafeSlow(length));
}

/** So many receipts that lie side by side. @internal */
export function receiptsIn(slab: Slab, count: number, size: number, extensions?: Uint8Array): Receipt[] {
  const receipts = new Array<Receipt>(count);
  for (let i = 0, at = 0; i < count; i++, at += size) {
    receipts[i] = new Receipt(slab, at, extensions === undefined ? undefined : extensionsOf(slab, at, extensions));
  }
  return receipts;
}

/** The receipts of what was accepted. @internal */
export function receiptsOf({ accepted, receipts, extensions }: RawBatch): Receipt[] {
  return receiptsIn(new Slab(receipts), accepted, receipts.length / accepted, extensions);
}

function extensionsOf(slab: Slab, at: number, all: Uint8Array): Uint8Array | undefined {
  const from = slab.words[(at + RECEIPT.extensions) >> 2]!;
  const length = slab.words[(at + RECEIPT.extensions_length) >> 2]!;
  return length === 0 ? undefined : all.subarray(from, from + length);
}

/* JSON.parse rounds a sequence beyond 2^53 - 1 and passes over a name that comes a second time, so both are looked for in the
 * text. No other place of a receipt's line can look like its sequence: names of extensions have a dot, all other texts are
 * digits. */
function parse(line: string): Record<string, unknown> {
  let members: Record<string, unknown>;
  try {
    members = JSON.parse(line) as Record<string, unknown>;
  } catch (error) {
    throw refusal("BP_JSON", (error as Error).message);
  }
  check(members);
  const names = line.match(/"(?:[^"\\]|\\.)*"(?=\s*:)/g)!;
  const extensions = Object.keys(Object(members["extensions"])).length;
  if (names.length !== MEMBERS.length + extensions) throw refusal("BP_ARGUMENT", "a receipt in which a name is given twice");
  const sequence = /"sequence"\s*:\s*(0|[1-9]\d*)(?=\s*[,}])/.exec(line);
  if (sequence === null) throw refusal("BP_ARGUMENT", "sequence is no whole number");
  return { ...members, sequence: BigInt(sequence[1]!) };
}

function check(json: unknown): asserts json is Record<string, unknown> {
  if (typeof json !== "object" || json === null) throw refusal("BP_ARGUMENT", "a receipt in JSON is an object");
  for (const name of MEMBERS) {
    if (!Object.hasOwn(json, name)) throw refusal("BP_ARGUMENT", `the receipt has no ${name}`);
  }
  for (const name of Object.keys(json)) {
    if (!(MEMBERS as readonly string[]).includes(name)) {
      throw refusal("BP_ARGUMENT", `unknown name ${JSON.stringify(name)} in a receipt`);
    }
  }
}

/** @internal */
export function sequenceOf(value: unknown): bigint {
  return wide("sequence", value);
}

function isTrue(what: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw refusal("BP_ARGUMENT", `${what} is neither true nor false`);
  return value;
}

/** The canonical map of extensions in JSON; undefined where there are none. @internal */
export function mapOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refusal("BP_ARGUMENT", "extensions is no object");
  }
  const entries = Object.entries(value).map(([name, digits]) => [name, bytesOfHex(name, digits)] as const);
  return entries.length === 0 ? undefined : native.extensionsEncode(Object.fromEntries(entries));
}

/** Whether an error of the addon has receipts: those of events that are in the store all the same. @internal */
export function hasReceipts(error: unknown): error is RawBatch {
  return raw.is_error(error) && "accepted" in error;
}
