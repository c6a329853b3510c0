import { refusal } from "./errors.js";
import { payloadFromJson } from "./functions.js";
import { Kind } from "./kind.js";
import { native, utf8, type RawClaim } from "./native.js";
import { trustOf, type Trust } from "./options.js";
import { madeReceipt, mapOf, sequenceOf, type Extensions, type Receipt } from "./receipt.js";
import { Judgement } from "./report.js";
import { bytesOf, bytesOfHex, countOf, hexOf, known, showAs, unshared, zerosAsNull } from "./text.js";
import { decode } from "./values.js";

/** A {@link Claim} as one line of JSON says it; bytes are lower-case hexadecimal. */
export interface ClaimJson {
  format: "batpak.claim";
  version: number;
  event_id: string;
  sequence: number;
  entity: string;
  scope: string;
  kind: number;
  prev_hash: string;
  content_hash: string;
  extensions: Record<string, string>;
  key_id: string | null;
  signature: string | null;
}

/** What a claim is checked against. */
export interface ClaimTrust extends Trust {
  /** The event's payload, which must have the hash that the claim names. */
  readonly payload?: Uint8Array | undefined;
}

const FORMAT = "batpak.claim";
const MEMBERS = ["format", "version", "event_id", "sequence", "entity", "scope", "kind", "prev_hash", "content_hash",
  "extensions", "key_id", "signature"] as const;
const CHECK_NAMES: ReadonlySet<string> = new Set(["trust", "payload"]);

/**
 * A receipt with all that its signature covers: whoever has it and the public key can check it with no store.
 *
 * It comes from `Store.claim`, from its bytes, or from a line of JSON. That it could be read says nothing about whether it is
 * true: {@link check} does.
 *
 * @since 0.2
 */
export class Claim {
  /** Of the claim's format: 1. */
  readonly version: number;
  /** The event that it is about: 16 bytes. */
  readonly eventId: Uint8Array;
  /** Place in commit order over the whole store, from 0. */
  readonly sequence: bigint;
  /** Whose event it is. */
  readonly entity: string;
  /** In what connection. */
  readonly scope: string;
  readonly kind: Kind;
  /** event_hash of the entity's previous event, zeros for the first: 32 bytes. */
  readonly prevHash: Uint8Array;
  /** BLAKE3 of the payload: 32 bytes. */
  readonly contentHash: Uint8Array;
  /** BLAKE3 of the public key that signed, 32 bytes; null where nobody did. */
  readonly keyId: Uint8Array | null;
  /** Ed25519, 64 bytes; null where nobody signed. */
  readonly signature: Uint8Array | null;
  readonly #bytes: Uint8Array;
  readonly #map: Uint8Array | undefined;

  /**
   * The claim of these bytes.
   *
   * @throws {@link BatpakError} `BP_CLAIM`, with the `offset`; `BP_NEWER_VERSION`.
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = new Uint8Array(bytesOf("a claim", bytes));
    const data = native.claimRead(this.#bytes);
    this.version = data.version;
    this.eventId = data.eventId;
    this.sequence = data.sequence;
    this.entity = data.entity;
    this.scope = data.scope;
    this.kind = new Kind(data.kind);
    this.prevHash = data.prevHash;
    this.contentHash = data.contentHash;
    this.keyId = zerosAsNull(data.keyId);
    this.signature = data.hasSignature === 1 ? data.signature : null;
    this.#map = data.extensions;
  }

  /** A copy of the claim's bytes; of one receipt they are always the same. */
  get bytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /** The named values that travel with the event. */
  get extensions(): Extensions {
    return this.#map === undefined ? {} : native.extensionsDecode(this.#map);
  }

  /** The receipt that it was made of, for `Store.verifyReceipt`; where the frame lies is not known. */
  get receipt(): Receipt {
    return madeReceipt(this, this.#map, 0);
  }

  /**
   * Checks the signature with no store. Only `"signed"` is valid: the holder of a key in `trust` signed exactly this. A claim
   * that nobody signed is `"unvouched"`, or, where keys are given, `"unsigned_receipt_rejected"`.
   *
   * @throws {@link BatpakError} `BP_KEY_INVALID`.
   */
  check(options: ClaimTrust = {}): Judgement {
    known(options, CHECK_NAMES);
    const { trust, payload } = options;
    const keys = trustOf({ trust });
    const beside = payload === undefined ? undefined : unshared(bytesOf("payload", payload));
    return new Judgement(native.claimCheck(this.#bytes, keys, beside));
  }

  /**
   * What `JSON.stringify` writes: the members of a line of the command's `claim export`.
   *
   * @throws {@link BatpakError} `BP_VALUE` for a sequence beyond 2^53 - 1; {@link toLine} says any.
   */
  toJSON(): ClaimJson {
    return this.#json(countOf("sequence", this.sequence));
  }

  /** The line that the command's `claim export` writes, without its end. */
  toLine(): string {
    return JSON.stringify(this.#json(0)).replace('"sequence":0', `"sequence":${this.sequence}`);
  }

  /**
   * Reads what {@link toJSON}, {@link toLine} or the command wrote. Members that a later version may have are passed over.
   *
   * @throws {@link BatpakError} `BP_ARGUMENT`; `BP_JSON` for a text that is none; `BP_CLAIM`, `BP_NEWER_VERSION`.
   */
  static fromJSON(json: string | ClaimJson): Claim {
    const members = typeof json === "string" ? (decode(payloadFromJson(json)) as unknown) : json;
    return new Claim(native.claimWrite(rawOf(members)));
  }

  static {
    showAs(this.prototype, "Claim", (claim) => ({ ...claim.#json(0), sequence: claim.sequence }));
  }

  #json(sequence: number): ClaimJson {
    const extensions = Object.entries(this.extensions).map(([name, value]) => [name, hexOf(value)] as const);
    return {
      format: FORMAT,
      version: this.version,
      event_id: hexOf(this.eventId),
      sequence,
      entity: this.entity,
      scope: this.scope,
      kind: this.kind.number,
      prev_hash: hexOf(this.prevHash),
      content_hash: hexOf(this.contentHash),
      extensions: Object.fromEntries(extensions),
      key_id: this.keyId === null ? null : hexOf(this.keyId),
      signature: this.signature === null ? null : hexOf(this.signature),
    };
  }
}

function check(json: unknown): asserts json is Record<(typeof MEMBERS)[number], unknown> {
  if (typeof json !== "object" || json === null) throw refusal("BP_ARGUMENT", "a claim in JSON is an object");
  for (const name of MEMBERS) {
    if (!Object.hasOwn(json, name)) throw refusal("BP_ARGUMENT", `the claim has no ${name}`);
  }
}

function rawOf(members: unknown): RawClaim {
  check(members);
  if (members.format !== FORMAT) throw refusal("BP_ARGUMENT", `the format is not ${FORMAT}`);
  const { key_id, signature } = members;
  return {
    version: whole("version", members.version, 0xffffffff),
    sequence: sequenceOf(members.sequence),
    kind: whole("kind", members.kind, 0xffff),
    hasSignature: signature === null ? 0 : 1,
    eventId: bytesOfHex("event_id", members.event_id, 16),
    prevHash: bytesOfHex("prev_hash", members.prev_hash, 32),
    contentHash: bytesOfHex("content_hash", members.content_hash, 32),
    keyId: key_id === null ? new Uint8Array(32) : bytesOfHex("key_id", key_id, 32),
    signature: signature === null ? new Uint8Array(64) : bytesOfHex("signature", signature, 64),
    entity: utf8(members.entity as string),
    scope: utf8(members.scope as string),
    extensions: mapOf(members.extensions),
  };
}

function whole(what: string, value: unknown, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw refusal("BP_ARGUMENT", `${what} is no whole number of 0 to ${most}`);
}
