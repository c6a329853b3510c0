import { BP_GATE_APPLIED, BP_GATE_DURABLE, BP_GATE_NONE, BP_GATE_VISIBLE, BP_WAIT_FOREVER, BP_WATERMARK_APPLIED,
  BP_WATERMARK_DURABLE, BP_WATERMARK_VISIBLE } from "./constants.js";
import { refusal } from "./errors.js";
import { whole } from "./number.js";
import { Receipt, sequenceOf } from "./receipt.js";
import { countOf, countOrNull, known, noneAsNull, showAs } from "./text.js";
import type { Waiting } from "./waiting.js";

/** How far a store has come, where that can be waited for: flushed, projected, seen by readers. */
export type Watermark = "durable" | "applied" | "visible";

/** Where an event stands: its time, then its number. Both rise along what this library writes. */
export interface Point {
  /** Milliseconds since 1970. */
  readonly wallMs: bigint;
  /** Place in commit order over the whole store. */
  readonly sequence: bigint;
}

/** How long to wait. */
export interface WaitOptions extends Waiting {
  /** Milliseconds at most; without end where not given. */
  readonly timeoutMs?: number | null | undefined;
}

/** A `bp_frontier` as the addon hands it over. @internal */
export interface FrontierData {
  readonly acceptedWallMs: bigint;
  readonly acceptedSequence: bigint;
  readonly writtenWallMs: bigint;
  readonly writtenSequence: bigint;
  readonly durableWallMs: bigint;
  readonly durableSequence: bigint;
  readonly visibleWallMs: bigint;
  readonly visibleSequence: bigint;
  readonly emittedWallMs: bigint;
  readonly emittedSequence: bigint;
  readonly appliedWallMs: bigint;
  readonly appliedSequence: bigint;
  readonly visibleMinusDurable: bigint;
  readonly oldestPendingMs: bigint;
}

/**
 * How far the store has come, in six points of one moment: each that of the newest event that has come so far.
 *
 * @since 0.2
 */
export class Frontier {
  /** Has its number. */
  readonly accepted: Point;
  /** Was handed to the system. */
  readonly written: Point;
  /** Lies under a flush that the system reported complete. */
  readonly durable: Point;
  /** Readers see it. */
  readonly visible: Point;
  /** Subscribers were told; there are none yet, so it is `visible`. */
  readonly emitted: Point;
  /** Projections hold it; there are none yet, so it stays at the event of the open. */
  readonly applied: Point;
  /** Of the sequences: events that readers see and a power cut could take; negative where durable is ahead. */
  readonly visibleMinusDurable: bigint;
  /** For how many milliseconds accepted has been ahead of durable; null: it is not. */
  readonly oldestPendingMs: bigint | null;

  /** @internal */
  constructor(data: FrontierData) {
    this.accepted = { wallMs: data.acceptedWallMs, sequence: data.acceptedSequence };
    this.written = { wallMs: data.writtenWallMs, sequence: data.writtenSequence };
    this.durable = { wallMs: data.durableWallMs, sequence: data.durableSequence };
    this.visible = { wallMs: data.visibleWallMs, sequence: data.visibleSequence };
    this.emitted = { wallMs: data.emittedWallMs, sequence: data.emittedSequence };
    this.applied = { wallMs: data.appliedWallMs, sequence: data.appliedSequence };
    this.visibleMinusDurable = data.visibleMinusDurable;
    this.oldestPendingMs = noneAsNull(data.oldestPendingMs);
  }

  /** @throws {@link BatpakError} `BP_VALUE` for a count beyond 2^53 - 1. */
  toJSON(): Record<string, unknown> {
    const point = (name: (typeof POINTS)[number]): object =>
      ({ wall_ms: countOf(name, this[name].wallMs), sequence: countOf(name, this[name].sequence) });
    return {
      ...Object.fromEntries(POINTS.map((name) => [name, point(name)])),
      visible_minus_durable: countOf("visibleMinusDurable", this.visibleMinusDurable),
      oldest_pending_ms: countOrNull("oldestPendingMs", this.oldestPendingMs),
    };
  }

  static {
    showAs(this.prototype, "Frontier", (frontier) => ({ ...frontier }));
  }
}

const POINTS = ["accepted", "written", "durable", "visible", "emitted", "applied"] as const;

const WATERMARKS: Readonly<Record<Watermark, number>> =
  { durable: BP_WATERMARK_DURABLE, applied: BP_WATERMARK_APPLIED, visible: BP_WATERMARK_VISIBLE };
const GATES: Readonly<Record<Watermark, number>> = { durable: BP_GATE_DURABLE, applied: BP_GATE_APPLIED, visible: BP_GATE_VISIBLE };

const WAIT_NAMES: ReadonlySet<string> = new Set(["timeoutMs", "signal"]);
const POINT_NAMES: ReadonlySet<string> = new Set(["wallMs", "sequence"]);

/** A wait as the addon takes it: watermark, time, sequence, milliseconds. @internal */
export type RawWait = readonly [number, bigint, bigint, number];

/** @internal */
export function rawWait(watermark: Watermark, point: Point | Receipt | bigint | number, timeoutMs: number | null | undefined): RawWait {
  const which = Object.hasOwn(WATERMARKS, watermark) ? WATERMARKS[watermark] : undefined;
  if (which === undefined) throw refusal("BP_ARGUMENT", `a watermark to wait for is durable, applied or visible, not ${String(watermark)}`);
  return [which, ...pointOf(point), timeoutOf("timeoutMs", timeoutMs)];
}

/* A sequence alone waits for its event. */
function pointOf(point: Point | Receipt | bigint | number): [bigint, bigint] {
  if (point instanceof Receipt) return [0n, point.sequence];
  if (typeof point !== "object") return [0n, sequenceOf(point)];
  known(point, POINT_NAMES);
  return [sequenceOf(point.wallMs), sequenceOf(point.sequence)];
}

/** @internal */
export function timeoutOf(what: string, timeoutMs: number | null | undefined): number {
  return timeoutMs === undefined || timeoutMs === null ? BP_WAIT_FOREVER : whole(what, timeoutMs, 0xffffffff);
}

/** @internal */
export function waitOptions(options: WaitOptions): WaitOptions {
  known(options, WAIT_NAMES);
  return options;
}

/** @internal */
export function gateNumber(gate: Watermark | null | undefined): number {
  if (gate === undefined || gate === null) return BP_GATE_NONE;
  const number = Object.hasOwn(GATES, gate) ? GATES[gate] : undefined;
  if (number === undefined) throw refusal("BP_ARGUMENT", `a gate is durable, applied or visible, not ${String(gate)}`);
  return number;
}
