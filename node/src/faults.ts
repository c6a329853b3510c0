/**
 * Testing your own recovery: functions for the option `fault` of `open`, and the points at which they are asked.
 *
 * ```ts
 * import { open } from "batpak";
 * import { afterBatchItems } from "batpak/faults";
 *
 * using store = open("game", { fault: afterBatchItems(2) });
 * store.appendBatch(drafts); // throws BP_FAULT when two of them are placed
 * ```
 *
 * It takes a test build of the package (`script/packages --faults`); any other throws `BP_UNSUPPORTED` at `open`, and
 * {@link available} tells which one this is. What an abort means at each point: docs/faults.md.
 *
 * @packageDocumentation
 */
import { BP_FAULT_BATCH_BEGIN_WRITTEN, BP_FAULT_BATCH_COMMIT_WRITTEN, BP_FAULT_BATCH_FSYNC, BP_FAULT_BATCH_ITEM_WRITTEN,
  BP_FAULT_BATCH_ITEMS_COMPLETE, BP_FAULT_BATCH_PRE_PUBLISH, BP_FAULT_BATCH_START, BP_FAULT_SINGLE_PUBLISHED,
  BP_FAULT_SINGLE_START, BP_FAULT_SINGLE_WRITTEN, BP_MODE_READ_ONLY, Status } from "./constants.js";
import { whole } from "./number.js";
import { refusal } from "./errors.js";
import { raw } from "./native.js";

/** Where an append stands when it is asked whether to go on. */
export const Point = {
  SINGLE_START: BP_FAULT_SINGLE_START,
  SINGLE_WRITTEN: BP_FAULT_SINGLE_WRITTEN,
  SINGLE_PUBLISHED: BP_FAULT_SINGLE_PUBLISHED,
  BATCH_START: BP_FAULT_BATCH_START,
  BATCH_BEGIN_WRITTEN: BP_FAULT_BATCH_BEGIN_WRITTEN,
  BATCH_ITEM_WRITTEN: BP_FAULT_BATCH_ITEM_WRITTEN,
  BATCH_ITEMS_COMPLETE: BP_FAULT_BATCH_ITEMS_COMPLETE,
  BATCH_COMMIT_WRITTEN: BP_FAULT_BATCH_COMMIT_WRITTEN,
  BATCH_FSYNC: BP_FAULT_BATCH_FSYNC,
  BATCH_PRE_PUBLISH: BP_FAULT_BATCH_PRE_PUBLISH,
} as const;
/** One of them. */
export type Point = (typeof Point)[keyof typeof Point];

/**
 * Asked at a point, with the first sequence of the batch, or the append's own; the item; how many there are. Something falsy
 * goes on, a number aborts and is the error's `actual`, `true` is 1. What it throws aborts too, and comes out of the append
 * unchanged. It may read, and must append nothing.
 */
export type FaultFunction = (point: Point, batch: bigint, item: number, items: number) => unknown;
/** What is done where an injector fires: a number to answer (0 goes on), or a function to call, whose answer counts. */
export type Action = number | (() => unknown);
/** Where an injector looks: one point, some, or where a function says yes; everywhere if not given. */
export type Filter = Point | readonly Point[] | ((...at: Parameters<FaultFunction>) => unknown);

/** What injectors may be told. */
export interface InjectorOptions {
  readonly action?: Action | undefined;
  readonly filter?: Filter | undefined;
}

/** A function for the option `fault` that counts. */
export interface Injector extends FaultFunction {
  /** How many points passed the filter. */
  readonly matches: number;
  /** At how many of them the action was taken. */
  readonly fired: number;
}

function looksAt(filter: Filter | undefined, at: Parameters<FaultFunction>): boolean {
  if (filter === undefined) return true;
  if (typeof filter === "function") return Boolean(filter(...at));
  return typeof filter === "number" ? filter === at[0] : filter.includes(at[0]);
}

function injector({ action = 1, filter }: InjectorOptions, fires: (matches: number) => boolean): Injector {
  const counts = { matches: 0, fired: 0 };
  const inject = (...at: Parameters<FaultFunction>): unknown => {
    if (!looksAt(filter, at)) return 0;
    counts.matches++;
    if (!fires(counts.matches)) return 0;
    counts.fired++;
    return typeof action === "function" ? action() : action;
  };
  return Object.defineProperties(inject, {
    matches: { get: () => counts.matches },
    fired: { get: () => counts.fired },
  }) as Injector;
}

/** Fires at the n-th point that passes the filter, and at every later one. */
export function countdown(n: number, options: InjectorOptions = {}): Injector {
  const from = whole("n", n, 0xffffffff);
  if (from === 0) throw refusal("BP_ARGUMENT", "n counts from 1");
  return injector(options, (matches) => matches >= from);
}

/** Fires at a point that passes the filter with probability `p`: with the same seed at the same points. */
export function probabilistic(p: number, seed?: number, options: InjectorOptions = {}): Injector {
  if (!(p >= 0 && p <= 1)) throw refusal("BP_ARGUMENT", `p is ${p}: 0 to 1`);
  let state = seed === undefined ? Math.floor(Math.random() * 0x1_0000_0000) : whole("seed", seed, 0xffffffff);
  return injector(options, () => {
    /* A linear congruence, its high bits scrambled: enough to pick points. */
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    return ((mixed ^ (mixed >>> 12)) >>> 0) / 0x1_0000_0000 < p;
  });
}

/** Fires when n items of batches are placed, over all batches, and at every later item. */
export function afterBatchItems(n: number, action?: Action): Injector {
  return countdown(n, { action, filter: Point.BATCH_ITEM_WRITTEN });
}

/** Fires when the beginning of a batch is placed, and none of its items. */
export function afterBatchBegin(action?: Action): Injector {
  return countdown(1, { action, filter: Point.BATCH_BEGIN_WRITTEN });
}

/** Fires when a batch is written and its flush is about to begin. */
export function afterCommitBeforeFsync(action?: Action): Injector {
  return countdown(1, { action, filter: Point.BATCH_FSYNC });
}

/** Whether this is a test build, which has fault points. */
export function available(): boolean {
  try {
    /* Nothing can be opened there: with fault points it is this that is said, without them something else. */
    raw.bp_store_open("/dev/null/batpak", { mode: BP_MODE_READ_ONLY, fault: () => 0 }, undefined);
  } catch (error) {
    return !raw.is_error(error) || error.code !== Status.BP_UNSUPPORTED;
  }
  return true;
}
