import { refusal } from "./errors.js";
import { RECEIPT } from "./layout.js";
import { native } from "./native.js";
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

const word = new BigUint64Array(1);
const wordBytes = new Uint8Array(word.buffer);

/**
 * What the store answers to an append. It attests this one event, never its neighbours.
 *
 * A receipt is kept as the record that C wrote; its members are read from it when asked for.
 *
 * @since 0.1
 */
export class Receipt {
  /** The memory that holds the record. @internal */
  readonly slab: Uint8Array;
  /** Where the record begins in it. @internal */
  readonly at: number;
  /** The canonical map of the extensions; undefined where there are none. @internal */
  readonly map: Uint8Array | undefined;

  /** @internal */
  constructor(slab: Uint8Array, at: number, map?: Uint8Array) {
    this.slab = slab;
    this.at = at;
    this.map = map;
  }

  /** The event that it attests: 16 bytes. */
  get eventId(): Uint8Array {
    return this.#bytes(RECEIPT.event_id, 16);
  }

  /** Place in commit order over the whole store, from 0. */
  get sequence(): bigint {
    return this.#count(RECEIPT.sequence);
  }

  /** BLAKE3 of the payload: 32 bytes. */
  get contentHash(): Uint8Array {
    return this.#bytes(RECEIPT.content_hash, 32);
  }

  /** BLAKE3 of the public key that signed, 32 bytes; null where nobody did. */
  get keyId(): Uint8Array | null {
    return zerosAsNull(this.#bytes(RECEIPT.key_id, 32));
  }

  /** Ed25519, 64 bytes; null where nobody signed. */
  get signature(): Uint8Array | null {
    return this.#flag(RECEIPT.has_signature) ? this.#bytes(RECEIPT.signature, 64) : null;
  }

  /** Those of the event. */
  get extensions(): Extensions {
    return this.map === undefined ? {} : native.extensionsDecode(this.map);
  }

  /** True if the system had reported the flush complete when this was answered. */
  get durable(): boolean {
    return this.#flag(RECEIPT.durable);
  }

  /** True if the key was known: nothing was written, this is the event that it named. */
  get replayed(): boolean {
    return this.#flag(RECEIPT.replayed);
  }

  /** Replayed: whether content, kind and coordinate are those of the draft. Else null. */
  get same(): boolean | null {
    return this.replayed ? this.#flag(RECEIPT.same) : null;
  }

  /** The segment file that holds the event; 0n where the receipt came from JSON. */
  get segmentId(): bigint {
    return this.#count(RECEIPT.segment_id);
  }

  /** Where its frame begins, in bytes from the start of the segment; 0n where the receipt came from JSON. */
  get offset(): bigint {
    return this.#count(RECEIPT.offset);
  }

  /** Bytes of the whole frame; 0 where the receipt came from JSON. */
  get frameLength(): number {
    const at = this.at + RECEIPT.frame_length;
    wordBytes.fill(0);
    wordBytes.set(this.slab.subarray(at, at + 4), LOW_WORD);
    return Number(word[0]!);
  }

  /**
   * What `JSON.stringify` writes: the members of a line of the command's `--receipts-out`.
   *
   * @throws {@link BatpakError} `BP_VALUE` for a sequence beyond 2^53 - 1; {@link toLine} says any.
   */
  toJSON(): ReceiptJson {
    return this.#json(countOf("sequence", this.sequence));
  }

  /** The line that the command's `--receipts-out` writes, without its end. */
  toLine(): string {
    return JSON.stringify(this.#json(0)).replace('"sequence":0', `"sequence":${this.sequence}`);
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
    const slab = new Uint8Array(RECEIPT.size);
    put32(slab, RECEIPT.struct_size, RECEIPT.size);
    put64(slab, RECEIPT.sequence, sequenceOf(members["sequence"]));
    slab.set(bytesOfHex("event_id", members["event_id"], 16), RECEIPT.event_id);
    slab.set(bytesOfHex("content_hash", members["content_hash"], 32), RECEIPT.content_hash);
    if (members["key_id"] !== null) slab.set(bytesOfHex("key_id", members["key_id"], 32), RECEIPT.key_id);
    if (members["signature"] !== null) slab.set(bytesOfHex("signature", members["signature"], 64), RECEIPT.signature);
    slab[RECEIPT.has_signature] = members["signature"] === null ? 0 : 1;
    slab[RECEIPT.durable] = flagOf("durable", members["durable"]);
    slab[RECEIPT.replayed] = flagOf("replayed", members["replayed"]);
    if ((members["same"] === null) === members["replayed"]) throw refusal("BP_ARGUMENT", "same is null unless replayed, and only then");
    slab[RECEIPT.same] = members["same"] === null ? 0 : flagOf("same", members["same"]);
    return new Receipt(slab, 0, mapOf(members["extensions"]));
  }

  static {
    showAs(this.prototype, "Receipt", (receipt) => ({ ...receipt.#json(0), sequence: receipt.sequence }));
  }

  #json(sequence: number): ReceiptJson {
    const { keyId, signature } = this;
    const extensions = Object.entries(this.extensions).map(([name, value]) => [name, hexOf(value)] as const);
    return {
      event_id: hexOf(this.eventId),
      sequence,
      content_hash: hexOf(this.contentHash),
      key_id: keyId === null ? null : hexOf(keyId),
      signature: signature === null ? null : hexOf(signature),
      extensions: Object.fromEntries(extensions),
      durable: this.durable,
      replayed: this.replayed,
      same: this.same,
    };
  }

  #bytes(member: number, length: number): Uint8Array {
    return this.slab.slice(this.at + member, this.at + member + length);
  }

  #flag(member: number): boolean {
    return this.slab[this.at + member] === 1;
  }

  #count(member: number): bigint {
    const from = this.at + member;
    for (let index = 0; index < 8; index++) wordBytes[index] = this.slab[from + index]!;
    return word[0]!;
  }
}

/* In a word of 64 bits, where its lower half begins. */
const LOW_WORD = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 4;

function put32(slab: Uint8Array, at: number, value: number): void {
  word[0] = BigInt(value);
  slab.set(wordBytes.subarray(LOW_WORD, LOW_WORD + 4), at);
}

function put64(slab: Uint8Array, at: number, value: bigint): void {
  word[0] = value;
  slab.set(wordBytes, at);
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
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === "bigint" && BigInt.asUintN(64, value) === value) return value;
  throw refusal("BP_ARGUMENT", "sequence is no count of 64 bits");
}

function flagOf(what: string, value: unknown): number {
  if (typeof value !== "boolean") throw refusal("BP_ARGUMENT", `${what} is neither true nor false`);
  return value ? 1 : 0;
}

/** The canonical map of extensions in JSON; undefined where there are none. @internal */
export function mapOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw refusal("BP_ARGUMENT", "extensions is no object");
  }
  const entries = Object.entries(value).map(([name, digits]) => [name, bytesOfHex(name, digits)] as const);
  return entries.length === 0 ? undefined : native.extensionsEncode(Object.fromEntries(entries));
}
