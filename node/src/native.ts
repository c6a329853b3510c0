import { createRequire } from "node:module";
import { errorFor, refusal, Thrown, withPath, type ErrorData } from "./errors.js";
import type { FrontierData } from "./frontier.js";
import { DRAFT, EVENT, EXTENSION, QUERY, TOKEN } from "./layout.js";
import type { Extensions } from "./receipt.js";
import { NEW_DRAFT, RECEIPT } from "./records.js";
import type { FindingData, StatData } from "./report.js";
import { namedBytes, setMember } from "./text.js";
import type { PressureData } from "./ticket.js";

declare const brand: unique symbol;

/** An open store, as the addon hands it over. @internal */
export type StoreHandle = { readonly [brand]: "store" };
/** A report. @internal */
export type ReportHandle = { readonly [brand]: "report" };

/** A ticket. @internal */
export type TicketHandle = { readonly [brand]: "ticket" };
/** A fence. @internal */
export type FenceHandle = { readonly [brand]: "fence" };
/** A set of gates. @internal */
export type GatesHandle = { readonly [brand]: "gates" };
/** A permit. @internal */
export type PermitHandle = { readonly [brand]: "permit" };

/** A `bp_denial`: gate, code, message, and behind them its pairs. @internal */
export interface RawDenial {
  readonly position: number;
  readonly texts: readonly string[];
}

/** Asks the gate of this place: undefined permits; code, message and pairs deny; bytes are the message of a defect. @internal */
export type RawAsk = (index: number) => readonly Uint8Array[] | Uint8Array | undefined;

/** What is refused, beside its draft; the denial as gate, code, message and pairs. @internal */
export type RawRefusal = [gates: GatesHandle, denial: Uint8Array[], position: number, contentHash: Uint8Array | undefined,
  pipeline: Uint8Array | undefined];

/** The options of `open` as numbers and bytes. @internal */
export interface RawConfig {
  mode?: number;
  durability?: number;
  syncMode?: number;
  segmentMaxBytes?: bigint;
  singleAppendMaxBytes?: number;
  syncEveryEvents?: number;
  groupMaxEvents?: number;
  batchMaxEvents?: number;
  batchMaxBytes?: number;
  queueCapacity?: number;
  pressurePercent?: number;
  drainLimit?: number;
  restartMax?: number;
  restartWithinMs?: bigint;
  preallocateBytes?: bigint;
  /** Seeds, and public keys, of 32 bytes back to back. */
  signingSeeds?: Uint8Array;
  verifyKeys?: Uint8Array;
  /** The scratch buffer's first 8 bytes are the clock of this store. */
  hasClock?: boolean;
  log?: (text: string) => void;
  fault?: RawFault;
}

/** Asked at a fault point; any other answer than 0 aborts. @internal */
export type RawFault = (point: number, batch: bigint, item: number, items: number) => number;

/** `bp_trust`. @internal */
export interface RawTrust {
  /** 32 bytes each. */
  publicKeys?: Uint8Array;
  /** Long receipts (records.ts) back to back; their `extensions` are offsets into the bytes beside them. */
  receipts?: Uint8Array;
  extensions?: Uint8Array;
}

/** One receipt: the record, and the canonical map of its extensions. @internal */
export interface RawReceipt {
  record: Uint8Array;
  extensions: Uint8Array | undefined;
}

/** What became of drafts: the receipts' records, all long or all short, `extensions` in them offsets into the bytes beside.
 * @internal */
export interface RawBatch {
  readonly accepted: number;
  readonly receipts: Uint8Array;
  readonly extensions?: Uint8Array;
}

/** The numbers and bytes of a `bp_claim`; zeros where there is no key id, or no signature. @internal */
export interface ClaimFields {
  readonly version: number;
  readonly sequence: bigint;
  readonly kind: number;
  readonly hasSignature: number;
  readonly eventId: Uint8Array;
  readonly prevHash: Uint8Array;
  readonly contentHash: Uint8Array;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
  /** The canonical map. */
  readonly extensions?: Uint8Array | undefined;
}

/** A `bp_claim` as the addon hands it over. @internal */
export interface ClaimData extends ClaimFields {
  readonly entity: string;
  readonly scope: string;
}

/** A `bp_claim` as the addon takes it: texts in UTF-8. @internal */
export interface RawClaim extends ClaimFields {
  readonly entity: Uint8Array;
  readonly scope: Uint8Array;
}

/** A `bp_compensation`; ids back to back. @internal */
export interface RawCompensation {
  readonly type: number;
  readonly ids: Uint8Array;
  readonly targetId: Uint8Array;
  readonly text: Uint8Array;
  readonly data: Uint8Array;
}

/** A `bp_wait_condition`. Those that it holds are rows of their own: `bindings/node/outcome.c` says which. @internal */
export interface RawCondition {
  readonly type: number;
  readonly tag: number;
  readonly resumeAtMs: bigint;
  readonly eventId: Uint8Array;
  readonly data: Uint8Array;
  readonly itemCount: number;
}

/** A `bp_outcome`, as above. @internal */
export interface RawOutcome {
  readonly type: number;
  readonly errorKind: number;
  readonly errorCustom: number;
  readonly afterMs: bigint;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly resumeToken: Uint8Array;
  readonly value: Uint8Array;
  readonly message: Uint8Array;
  readonly compensation?: RawCompensation;
  readonly itemCount: number;
}

/** A row as the addon takes it: what is nothing is left out. @internal */
export type Said<Row> = { readonly [Member in keyof Row]?: Row[Member] extends RawCompensation | undefined ? Said<RawCompensation> : Row[Member] };

/** @internal */
export interface RawVerdict {
  readonly verdict: number;
  readonly events: bigint;
  readonly attested: bigint;
  readonly findings: bigint;
  readonly notes: bigint;
  readonly firstUnproven: bigint;
}

/** @internal */
export type RawProgress = (stage: number, done: bigint, total: bigint) => void;

/**
 * The addon. Every function throws a plain object with the data of a `bp_error`.
 *
 * Those with the name of a function of ffi.h are that function. Arguments and answers have the types of JavaScript: 64-bit
 * numbers are `bigint`, bytes are `Uint8Array`, a status is an exception or nothing. Drafts and queries go through arenas,
 * pages come back as one copy: `bindings/node/append.c` and `page.c` say how.
 *
 * @internal
 */
export interface Raw {
  /** Makes the scratch buffer, in place of the one before. */
  scratch(size: number): ArrayBuffer;
  is_error(value: unknown): value is ErrorData;
  layouts(): Record<string, Record<string, number>>;

  bp_status_name(status: number): string;
  bp_status_advice(status: number): string;
  bp_version(): string;
  bp_abi_version(): number;
  bp_format_version(): number;

  bp_store_open(path: string, config: RawConfig, progress: RawProgress | undefined): StoreHandle;
  bp_store_close(store: StoreHandle): void;
  bp_store_release(store: StoreHandle): void;
  /** An error with the receipt beside has the members of a `RawBatch`. */
  bp_store_append(store: StoreHandle, slab: Uint8Array, at: number, payload: Uint8Array | undefined): Uint8Array | undefined;
  /** Undefined where the slab has the receipts of all, short ones without extensions. An error has the members of the answer. */
  bp_store_append_many(store: StoreHandle, arena: Uint8Array, count: number, slab: Uint8Array): RawBatch | undefined;
  bp_store_append_batch(store: StoreHandle, arena: Uint8Array, count: number): RawBatch;
  /** One draft, or a batch. */
  bp_store_submit(store: StoreHandle, arena: Uint8Array, count: number, batch: boolean): TicketHandle;
  /** The ticket, or an outcome that is no Ok. */
  bp_store_try_submit(store: StoreHandle, arena: Uint8Array, count: number, batch: boolean): TicketHandle | RawOutcome;
  bp_ticket_wait(ticket: TicketHandle, timeoutMs: number): RawBatch;
  ticket_done(ticket: TicketHandle): boolean;
  /** Settled when the ticket is decided; it may be asked for once. */
  ticket_decided(ticket: TicketHandle): Promise<void>;
  /** Settles that promise. */
  bp_ticket_free(ticket: TicketHandle): void;
  bp_store_pressure(store: StoreHandle): PressureData;
  bp_fence_begin(store: StoreHandle): FenceHandle;
  bp_fence_token(fence: FenceHandle): bigint;
  bp_fence_submit(fence: FenceHandle, arena: Uint8Array, count: number, batch: boolean): TicketHandle;
  bp_fence_commit(fence: FenceHandle): void;
  bp_fence_cancel(fence: FenceHandle): void;
  bp_store_sync(store: StoreHandle): void;
  bp_store_frontier(store: StoreHandle): FrontierData;
  bp_store_wait(store: StoreHandle, watermark: number, wallMs: bigint, sequence: bigint, timeoutMs: number): void;
  /** A ticket without receipts. */
  bp_store_await(store: StoreHandle, watermark: number, wallMs: bigint, sequence: bigint): TicketHandle;
  bp_store_page(store: StoreHandle): ArrayBuffer;
  bp_store_get(store: StoreHandle, eventId: Uint8Array): ArrayBuffer;
  bp_store_walk(store: StoreHandle, eventId: Uint8Array, limit: bigint | number): ArrayBuffer;
  bp_store_verify_receipt(store: StoreHandle, receipt: RawReceipt, trust: RawTrust | undefined): number;
  bp_store_verify(store: StoreHandle, trust: RawTrust | undefined, progress: RawProgress | undefined): ReportHandle;
  bp_store_open_report(store: StoreHandle): ReportHandle;
  bp_report_findings(report: ReportHandle): FindingData[];
  bp_report_verdict(report: ReportHandle): RawVerdict;
  bp_report_free(report: ReportHandle): void;
  /* On another thread. */
  bp_store_open_async(path: string, config: RawConfig, progress: RawProgress | undefined): Promise<StoreHandle>;
  bp_store_close_async(store: StoreHandle): Promise<void>;
  /** Arenas, and how many drafts each has. */
  bp_store_append_many_async(store: StoreHandle, chunks: readonly Uint8Array[], counts: readonly number[]): Promise<RawBatch>;
  bp_store_append_batch_async(store: StoreHandle, chunks: readonly Uint8Array[], counts: readonly number[]): Promise<RawBatch>;
  bp_store_sync_async(store: StoreHandle): Promise<void>;
  bp_fence_begin_async(store: StoreHandle): Promise<FenceHandle>;
  bp_fence_commit_async(fence: FenceHandle): Promise<void>;
  bp_fence_cancel_async(fence: FenceHandle): Promise<void>;
  bp_store_page_async(store: StoreHandle): Promise<ArrayBuffer>;
  bp_store_verify_async(store: StoreHandle, trust: RawTrust | undefined, progress: RawProgress | undefined): Promise<ReportHandle>;
  /** The number of the call on another thread that was started last. */
  last_job(): number;
  /** What has not begun never will; open and verify stop soon; all else runs to its end. */
  cancel(job: number): void;

  bp_store_stat(store: StoreHandle): StatData;

  bp_gates_new(names: readonly Uint8Array[], descriptions: readonly Uint8Array[]): GatesHandle;
  bp_gates_names(gates: GatesHandle): string[];
  bp_gates_descriptions(gates: GatesHandle): string[];
  /** An error has the denials beside its data. */
  bp_gates_evaluate(gates: GatesHandle, ask: RawAsk): PermitHandle;
  bp_gates_evaluate_all(gates: GatesHandle, ask: RawAsk): RawDenial[];
  /** Reason, justification and, if somebody did, who approved; so comes the audit. */
  bp_permit_bypass(why: readonly Uint8Array[]): PermitHandle;
  bp_permit_draft(permit: PermitHandle): { kind: number; entity: string; scope: string; payload: Uint8Array };
  bp_permit_gates(permit: PermitHandle): string[];
  bp_permit_audit(permit: PermitHandle): string[] | undefined;
  bp_store_commit_permit(store: StoreHandle, permit: PermitHandle): RawBatch;
  bp_store_append_denial(store: StoreHandle, ...refusal: RawRefusal): RawBatch;
  bp_store_verify_denial(store: StoreHandle, receipt: RawReceipt, trust: RawTrust | undefined): number;
  /** The machine's name and those of its states; from, to and kind of each step, of 32 bits each. */
  bp_store_apply_transition(store: StoreHandle, texts: readonly Uint8Array[], steps: Uint8Array, from: number, to: number): RawBatch;

  bp_receipt_outcome_name(outcome: number): string;
  bp_verdict_name(verdict: number): string;
  bp_severity_name(severity: number): string;
  bp_coordinate_check(entity: Uint8Array, scope: Uint8Array): void;
  bp_kind_make(category: number, typeId: number): number;
  bp_kind_parse(text: Uint8Array): number;
  bp_kind_format(kind: number): string;
  bp_id_new(): Uint8Array;
  bp_key_generate(): { seed: Uint8Array; publicKey: Uint8Array; keyId: Uint8Array };
  bp_key_derive(seed: Uint8Array): { publicKey: Uint8Array; keyId: Uint8Array };
  bp_key_id(publicKey: Uint8Array): Uint8Array;
  /** @throws with the outcome in `actual` where the receipt does not hold. */
  bp_claim_export(store: StoreHandle, receipt: RawReceipt): Uint8Array;
  bp_claim_read(bytes: Uint8Array): ClaimData;
  bp_claim_write(claim: RawClaim): Uint8Array;
  bp_claim_check(bytes: Uint8Array, trust: RawTrust | undefined, payload: Uint8Array | undefined): number;
  bp_key_file_read(path: string): Uint8Array;
  bp_key_file_write(path: string, seed: Uint8Array): void;
  /** Writes to `payload` if it is long enough, and answers the length that is needed. */
  bp_payload_encode(tokens: Uint8Array, count: number, arena: Uint8Array, used: number, payload: Uint8Array): number;
  /** Writes to `tokens` if there is room, and answers how many there are. */
  bp_payload_decode(payload: Uint8Array, tokens: Uint8Array): number;
  bp_payload_from_json(json: Uint8Array): Uint8Array;
  bp_payload_to_json(payload: Uint8Array): string;
  bp_error_kind_name(kind: number): string;
  bp_error_kind_class(kind: number): number;
  bp_error_kind_is_retryable(kind: number): number;
  /** Rows level by level; the conditions of pending ones, in their order, stand before those that these hold. */
  bp_outcome_encode(outcomes: readonly Said<RawOutcome>[], conditions: readonly Said<RawCondition>[]): Uint8Array;
  bp_outcome_decode(bytes: Uint8Array): { readonly outcomes: readonly RawOutcome[]; readonly conditions: readonly RawCondition[] };
  /** Name, value, name, value, ... */
  bp_extensions_encode(items: readonly Uint8Array[]): Uint8Array;
  bp_extensions_decode(map: Uint8Array): (string | Uint8Array)[];
}

/* The binary lies beside the compiled sources, in the package as in a checkout. */
function load(): Raw {
  const file = `../prebuilds/${process.platform}-${process.arch}/batpak.node`;
  try {
    return createRequire(import.meta.url)(file) as Raw;
  } catch (cause) {
    const text = `batpak has no addon that runs here (${process.platform}-${process.arch}, Node ${process.version}): ` +
      "run `npm install ./node` in a checkout of batpak, which builds one and says what it misses";
    throw new Error(text, { cause });
  }
}

/** @internal */
export const raw = load();

/* The offsets that this package reads and writes records by are those that the compiler of the addon used. */
function checkLayouts(): void {
  const said = raw.layouts();
  const known: Record<string, Readonly<Record<string, number>>> =
    { draft: DRAFT, event: EVENT, extension: EXTENSION, new_draft: NEW_DRAFT, query: QUERY, receipt: RECEIPT, token: TOKEN };
  for (const [name, layout] of Object.entries(known)) {
    for (const [member, offset] of Object.entries(said[name] ?? { size: -1 })) {
      if (layout[member] !== offset) throw new Error(`batpak: ${name}.${member} is at ${offset} in the addon, not at ${layout[member]}`);
    }
  }
}
checkLayouts();

/**
 * What was thrown, as this package says it: an error of the addon becomes a {@link BatpakError}, all else is what a function
 * of the caller threw, and stays what it is.
 *
 * @internal
 */
export function translate(error: unknown, path?: string): unknown {
  if (error instanceof Thrown) return error.error;
  return raw.is_error(error) ? errorFor(error.code, error, path) : withPath(error, path);
}

function translated<Arguments extends unknown[], Answer>(call: (...given: Arguments) => Answer): (...given: Arguments) => Answer {
  return (...given) => {
    try {
      return call(...given);
    } catch (error) {
      throw translate(error);
    }
  };
}

/**
 * The UTF-8 of a text. A lone surrogate becomes three bytes that are no UTF-8, so that C refuses it: it must not turn into
 * another character unseen.
 *
 * @internal
 */
export function utf8(text: string): Uint8Array {
  if (typeof text !== "string") throw refusal("BP_ARGUMENT", "a text is a string");
  const bytes = Buffer.from(text);
  return LONE.test(text) ? Buffer.concat([bytes, NOT_UTF8]) : bytes;
}
const LONE = /\p{Surrogate}/u;
const NOT_UTF8 = Uint8Array.of(0xed, 0xa0, 0x80);

/** The functions without a store, with errors of this package. @internal */
export const native = {
  statusName: translated(raw.bp_status_name),
  statusAdvice: translated(raw.bp_status_advice),
  version: raw.bp_version,
  abiVersion: raw.bp_abi_version,
  formatVersion: raw.bp_format_version,
  receiptOutcomeName: translated(raw.bp_receipt_outcome_name),
  verdictName: raw.bp_verdict_name,
  severityName: raw.bp_severity_name,
  coordinateCheck: translated((entity: string, scope: string) => raw.bp_coordinate_check(utf8(entity), utf8(scope))),
  kindMake: translated(raw.bp_kind_make),
  kindParse: translated((text: string) => raw.bp_kind_parse(utf8(text))),
  kindFormat: translated(raw.bp_kind_format),
  idNew: translated(raw.bp_id_new),
  keyGenerate: translated(raw.bp_key_generate),
  keyDerive: translated(raw.bp_key_derive),
  keyId: translated(raw.bp_key_id),
  claimRead: translated(raw.bp_claim_read),
  claimWrite: translated(raw.bp_claim_write),
  claimCheck: translated(raw.bp_claim_check),
  errorKindName: raw.bp_error_kind_name,
  errorKindClass: raw.bp_error_kind_class,
  errorKindIsRetryable: raw.bp_error_kind_is_retryable,
  outcomeEncode: translated(raw.bp_outcome_encode),
  outcomeDecode: translated(raw.bp_outcome_decode),
  payloadEncode: translated(raw.bp_payload_encode),
  payloadDecode: translated(raw.bp_payload_decode),
  payloadFromJson: translated(raw.bp_payload_from_json),
  payloadToJson: translated(raw.bp_payload_to_json),
  extensionsEncode: translated((extensions: Extensions) =>
    raw.bp_extensions_encode(namedBytes(extensions).flatMap(([name, value]) => [utf8(name), value]))),
  extensionsDecode: translated((map: Uint8Array): Extensions => {
    const list = raw.bp_extensions_decode(map);
    const extensions: Record<string, Uint8Array> = {};
    for (let i = 0; i < list.length; i += 2) setMember(extensions, list[i] as string, list[i + 1] as Uint8Array);
    return extensions;
  }),
};
