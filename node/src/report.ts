import { BP_RECEIPT_SIGNED, BP_RECEIPT_UNSIGNED_ACCEPTED } from "./constants.js";
import { native, raw, type RawVerdict, type ReportHandle } from "./native.js";
import { countOf, countOrNull, hexOf, noneAsNull, zerosAsNull } from "./text.js";

/** A `bp_finding` as the addon hands it over. @internal */
export interface FindingData {
  readonly severity: number;
  readonly code: string;
  readonly segmentId: bigint;
  readonly offset: bigint;
  readonly sequence: bigint;
  readonly eventId: Uint8Array;
  readonly text: string;
}

/** A `bp_verdict` and its findings as the addon hands them over. @internal */
export interface ReportData extends RawVerdict {
  readonly items: readonly FindingData[];
}

/** A `bp_stat` as the addon hands it over. @internal */
export interface StatData {
  readonly poisoned: number;
  readonly events: bigint;
  readonly entities: bigint;
  readonly scopes: bigint;
  readonly segments: bigint;
  readonly bytes: bigint;
  readonly firstSequence: bigint;
  readonly lastSequence: bigint;
  readonly durableSequence: bigint;
  readonly indexBytes: bigint;
  readonly writes: bigint;
  readonly syncs: bigint;
  readonly cleanClose: number;
}

/** How much a {@link Finding} weighs. */
export type Severity = "note" | "damage" | "contradiction" | "unchecked";

/** What a {@link Report} says in one word: the first that applies. */
export type Verdict = "DAMAGED" | "CONTRADICTED" | "INCOMPLETE" | "ATTESTED" | "CONSISTENT";

/**
 * One thing that was found in a store.
 *
 * @since 0.1
 */
export class Finding {
  readonly severity: Severity;
  /** What was found: a stable word. */
  readonly code: string;
  /** Where, or null. */
  readonly segmentId: bigint | null;
  /** Where, in bytes from the start of the segment, or null. */
  readonly offset: bigint | null;
  /** The event's place in commit order, or null. */
  readonly sequence: bigint | null;
  /** The event, 16 bytes, or null. */
  readonly eventId: Uint8Array | null;
  /** One line for people. */
  readonly text: string;

  /** @internal */
  constructor(data: FindingData) {
    this.severity = native.severityName(data.severity) as Severity;
    this.code = data.code;
    this.segmentId = noneAsNull(data.segmentId);
    this.offset = noneAsNull(data.offset);
    this.sequence = noneAsNull(data.sequence);
    this.eventId = zerosAsNull(data.eventId);
    this.text = data.text;
  }

  /** The members of a line of the command's `verify --json`. */
  toJSON(): Record<string, unknown> {
    return {
      severity: this.severity,
      code: this.code,
      segment_id: countOrNull("segment_id", this.segmentId),
      offset: countOrNull("offset", this.offset),
      sequence: countOrNull("sequence", this.sequence),
      event_id: this.eventId === null ? null : hexOf(this.eventId),
      text: this.text,
    };
  }
}

/**
 * What `verify` found in a store, or what `open` found and repaired. Iterating gives its {@link Finding}s.
 *
 * @since 0.1
 */
export class Report implements Iterable<Finding> {
  readonly verdict: Verdict;
  /** Events but the store's own. */
  readonly events: bigint;
  /** Of these, how many have a receipt that holds. */
  readonly attested: bigint;
  /** Findings but notes. */
  readonly findings: bigint;
  readonly notes: bigint;
  /** The first sequence whose number rests on counting alone, or null. */
  readonly firstUnproven: bigint | null;
  readonly #items: readonly Finding[];

  /** @internal */
  constructor(data: ReportData) {
    this.verdict = native.verdictName(data.verdict) as Verdict;
    this.events = data.events;
    this.attested = data.attested;
    this.findings = data.findings;
    this.notes = data.notes;
    this.firstUnproven = noneAsNull(data.firstUnproven);
    this.#items = data.items.map((item) => new Finding(item));
  }

  [Symbol.iterator](): IterableIterator<Finding> {
    return this.#items[Symbol.iterator]();
  }

  /** The members of the last line of the command's `verify --json`. */
  toJSON(): Record<string, unknown> {
    return {
      verdict: this.verdict,
      events: countOf("events", this.events),
      attested: countOf("attested", this.attested),
      findings: countOf("findings", this.findings),
      notes: countOf("notes", this.notes),
      first_unproven: countOrNull("first_unproven", this.firstUnproven),
    };
  }
}

/**
 * How much a store holds.
 *
 * @since 0.1
 */
export class Stat {
  /** True: an earlier write or flush failed for good, and writes are refused. */
  readonly poisoned: boolean;
  /** Visible events, the store's own among them. */
  readonly events: bigint;
  /** Different entities. */
  readonly entities: bigint;
  /** Different scopes. */
  readonly scopes: bigint;
  /** Segment files. */
  readonly segments: bigint;
  /** Of the segment files. */
  readonly bytes: bigint;
  /** Of the first visible event, or null. */
  readonly firstSequence: bigint | null;
  /** Of the last visible event, or null. */
  readonly lastSequence: bigint | null;
  /** Everything below is on the disk as far as the system says. */
  readonly durableSequence: bigint;
  /** Memory of the index, in bytes. */
  readonly indexBytes: bigint;
  /** System calls since open that wrote segment data. */
  readonly writes: bigint;
  /** System calls since open that flushed it. */
  readonly syncs: bigint;
  /** The store was closed in good order before this open; of a read-only store: it ends with a close. */
  readonly cleanClose: boolean;

  /** @internal */
  constructor(data: StatData) {
    this.poisoned = data.poisoned === 1;
    this.events = data.events;
    this.entities = data.entities;
    this.scopes = data.scopes;
    this.segments = data.segments;
    this.bytes = data.bytes;
    this.firstSequence = noneAsNull(data.firstSequence);
    this.lastSequence = noneAsNull(data.lastSequence);
    this.durableSequence = data.durableSequence;
    this.indexBytes = data.indexBytes;
    this.writes = data.writes;
    this.syncs = data.syncs;
    this.cleanClose = data.cleanClose === 1;
  }

  /** The members of the command's `stat --json`. */
  toJSON(): Record<string, unknown> {
    return {
      events: countOf("events", this.events),
      entities: countOf("entities", this.entities),
      scopes: countOf("scopes", this.scopes),
      segments: countOf("segments", this.segments),
      bytes: countOf("bytes", this.bytes),
      first_sequence: countOrNull("first_sequence", this.firstSequence),
      last_sequence: countOrNull("last_sequence", this.lastSequence),
      clean_close: this.cleanClose,
    };
  }
}

/**
 * What became of a receipt when it was held against a store.
 *
 * @since 0.1
 */
export class Judgement {
  /** `"signed"`, `"unsigned_accepted"`, `"sequence_mismatch"`: a stable word. */
  readonly outcome: string;
  /** Everything agrees, and the signature holds if there must be one. */
  readonly valid: boolean;

  /** @internal */
  constructor(outcome: number) {
    this.outcome = native.receiptOutcomeName(outcome);
    this.valid = outcome === BP_RECEIPT_SIGNED || outcome === BP_RECEIPT_UNSIGNED_ACCEPTED;
  }
}

/** What a report of the addon says, which is freed. @internal */
export function reportOf(handle: ReportHandle): Report {
  try {
    return new Report({ ...raw.bp_report_verdict(handle), items: raw.bp_report_findings(handle) });
  } finally {
    raw.bp_report_free(handle);
  }
}
