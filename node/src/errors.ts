import { Status, type StatusName } from "./constants.js";
import { native } from "./native.js";
import type { Receipt } from "./receipt.js";
import { hexOf } from "./text.js";

/** What C wrote into a `bp_error`, as the addon hands it over. */
export interface ErrorData {
  readonly code: number;
  readonly osError: number;
  readonly segmentId: bigint;
  readonly offset: bigint;
  readonly expected: bigint;
  readonly actual: bigint;
  readonly eventId: Uint8Array | null;
  readonly text: string;
}

/**
 * Every failure of the library. Programs look at {@link code}; the message is for people and may change.
 *
 * The message reads `path: text; advice [code]`, with the path as it was given to `open`.
 *
 * @since 0.1
 */
export class BatpakError extends Error {
  /** The name of the status: `"BP_LOCKED"`. Stable. */
  readonly code: StatusName | "BP_UNKNOWN";
  /** The number of the status. Stable. */
  readonly status: number;
  /** What happened, in one line, without path and advice. */
  readonly text: string;
  /** What to do next, in one sentence. */
  readonly advice: string;
  /** The store's path as it was given to `open`; undefined where no store was involved. */
  readonly path: string | undefined;
  /** The system's errno; 0 where no system call was involved. */
  readonly osError: number;
  /** With {@link offset}: where in the store; 0n where that says nothing. */
  readonly segmentId: bigint;
  /** Bytes from the start of the segment, or of the input. */
  readonly offset: bigint;
  /** What was expected, for statuses that compare: a clock, a limit in bytes. */
  readonly expected: bigint;
  /** What was there instead. */
  readonly actual: bigint;
  /** The event that the failure is about, 16 bytes; null where there is none. */
  readonly eventId: Uint8Array | null;
  /** Of a failed `appendMany`: the receipts of the drafts that are in the store, a prefix of those given; of a failed batch none. All
   * where only the gate was not passed. */
  declare accepted?: readonly Receipt[];
  /** Of an append whose gate was not passed: the event is in the store, and this is its receipt. Since 0.2. */
  declare receipt?: Receipt;

  /** @internal */
  constructor(status: number, data: Omit<ErrorData, "code"> | undefined, path: string | undefined) {
    const code = native.statusName(status) as StatusName | "BP_UNKNOWN";
    const text = data?.text ?? "";
    const advice = native.statusAdvice(status);
    super(message(code, text, advice, path));
    this.code = code;
    this.status = status;
    this.text = text;
    this.advice = advice;
    this.path = path;
    this.osError = data?.osError ?? 0;
    this.segmentId = data?.segmentId ?? 0n;
    this.offset = data?.offset ?? 0n;
    this.expected = data?.expected ?? 0n;
    this.actual = data?.actual ?? 0n;
    this.eventId = data?.eventId?.some((byte) => byte !== 0) === true ? data.eventId : null;
  }

  /** For loggers: the members under their names in JSON; counts beyond 2^53 - 1 as text. */
  toJSON(): Record<string, unknown> {
    const { code, status, text, advice, path, osError, eventId } = this;
    const count = (value: bigint): number | string => value <= Number.MAX_SAFE_INTEGER ? Number(value) : `${value}`;
    return { name: this.name, message: this.message, code, status, text, advice, path, os_error: osError,
      segment_id: count(this.segmentId), offset: count(this.offset), expected: count(this.expected), actual: count(this.actual),
      event_id: eventId === null ? null : hexOf(eventId) };
  }

  static {
    Object.defineProperty(this.prototype, "name", { value: "BatpakError", configurable: true, writable: true });
  }
}

function message(code: string, text: string, advice: string, path: string | undefined): string {
  const said = [text, advice].filter((part) => part !== "").join("; ");
  return `${path === undefined ? "" : `${path}: `}${said} [${code}]`;
}

/** The error for a status that the addon answered. @internal */
export function errorFor(status: number, data: ErrorData | undefined, path?: string): BatpakError {
  return new BatpakError(status, data, path);
}

/** Throws the error for a status that the addon answered. @internal */
export function throwFor(status: number, data: ErrorData | undefined, path?: string): never {
  throw new BatpakError(status, data, path);
}

/** What this layer refused in a call on a store, with the store's path; anything else as it is. @internal */
export function withPath(error: unknown, path: string | undefined): unknown {
  if (!(error instanceof BatpakError) || path === undefined || error.path !== undefined) return error;
  return new BatpakError(error.status, error, path);
}

/** What a callback of the caller threw: it comes out as it is. @internal */
export class Thrown {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** The error for something that this layer refuses before C sees it. @internal */
export function refusal(code: StatusName, text: string, path?: string): BatpakError {
  const status = Status[code];
  const data = { code: status, osError: 0, segmentId: 0n, offset: 0n, expected: 0n, actual: 0n, eventId: null, text };
  return new BatpakError(status, data, path);
}

