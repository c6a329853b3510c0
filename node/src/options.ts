import { fileURLToPath } from "node:url";
import { BP_MODE_CREATE, BP_MODE_MUST_EXIST, BP_MODE_READ_ONLY, BP_SYNC_ALL, BP_SYNC_DATA } from "./constants.js";
import { durabilityNumber, type Durability } from "./draft.js";
import { whole } from "./number.js";
import { refusal } from "./errors.js";
import type { FaultFunction } from "./faults.js";
import type { RawConfig, RawTrust } from "./native.js";
import { Receipt } from "./receipt.js";
import { LONG_RECEIPT } from "./records.js";
import { bytesOf, known, taken } from "./text.js";

/** How far a long call has come: bytes done of bytes in all. Throwing stops it; what is thrown comes out of the call. */
export type Progress = (stage: number, done: bigint, total: bigint) => void;

/** How a store is opened; what is not given has the value that is named first. */
export interface OpenOptions {
  /** `"create"`: make it where there is none; `"must_exist"`: refuse that; `"read_only"`: change nothing. */
  readonly mode?: "create" | "must_exist" | "read_only" | undefined;
  /** What a draft gets that asks for nothing. */
  readonly durability?: Durability | undefined;
  /** `"data"`: fdatasync for segment data; `"all"`: fsync. */
  readonly syncMode?: "data" | "all" | undefined;
  /** A new segment begins once this many bytes are written; 268,435,456. */
  readonly segmentMaxBytes?: number | bigint | undefined;
  /** Payload and extensions of one event; 16,777,216, at most 67,108,864. */
  readonly singleAppendMaxBytes?: number | undefined;
  /** Written events between two flushes; 1,000. 0: only when asked. */
  readonly syncEveryEvents?: number | undefined;
  /** Appends that may share one write and one flush; 1,024, at most 4,096. */
  readonly groupMaxEvents?: number | undefined;
  /** Events of one batch; 256, at most 4,096. */
  readonly batchMaxEvents?: number | undefined;
  /** Payloads and extensions of one batch; 1,048,576, at most 16,777,216. */
  readonly batchMaxBytes?: number | undefined;
  /** Submitted drafts and batches that wait to be committed; 4,096. */
  readonly queueCapacity?: number | undefined;
  /** Of the queue's capacity, from where on a try is told to come again; 75. */
  readonly pressurePercent?: number | undefined;
  /** Accepted for the reference's sake, without effect: a close commits all that was submitted; 1,024. */
  readonly drainLimit?: number | undefined;
  /** Accepted for the reference's sake, without effect: there is no thread to be started again; 1. */
  readonly restartMax?: number | undefined;
  /** As `restartMax`; 0: whatever the time. */
  readonly restartWithinMs?: number | bigint | undefined;
  /** Room made behind the last event while the store is open; 1,048,576, at most 16,777,216. 0: none. */
  readonly preallocateBytes?: number | bigint | undefined;
  /** Ed25519 seeds, 32 bytes each: all verify, the last signs. */
  readonly signingSeeds?: readonly Uint8Array[] | undefined;
  /** Ed25519 public keys, 32 bytes each, that verify only. */
  readonly verifyKeys?: readonly Uint8Array[] | undefined;
  /**
   * One element: microseconds since 1970, in place of the system's clock. It is read when a call begins, and what it said
   * last holds for a call that runs on another thread.
   */
  readonly clock?: BigInt64Array | undefined;
  /** Called now and then by `open` and `verify`. */
  readonly progress?: Progress | undefined;
  /** Lines for people, some time after they were said. */
  readonly log?: ((text: string) => void) | undefined;
  /**
   * For tests, and refused with `BP_UNSUPPORTED` but by a test build: asked at the points of `batpak/faults` whether an append
   * goes on. Where that runs on another thread it is asked on this one all the same; if this one is busy for two seconds, the
   * append is aborted.
   *
   * @since 0.2
   */
  readonly fault?: FaultFunction | undefined;
}

/** Where trust comes from: keys and receipts kept outside the store. */
export interface Trust {
  /** Ed25519 public keys of 32 bytes, beside those the store was opened with. */
  readonly trust?: readonly Uint8Array[] | undefined;
}

/** What a store is verified against. */
export interface VerifyOptions extends Trust {
  /** Receipts that are held against the store. */
  readonly receipts?: Iterable<Receipt> | undefined;
}

/** A path, or a `file:` address of one, as text. @internal */
export function pathOf(path: string | URL): string {
  if (typeof path === "string") {
    /* It would turn into another character, and two paths into one. */
    if (/\p{Surrogate}/u.test(path)) throw refusal("BP_ARGUMENT", "the path has a lone surrogate");
    return path;
  }
  if (path instanceof URL) return fileURLToPath(path);
  throw refusal("BP_ARGUMENT", "the path is a string or a file: address");
}

function oneOf<Word extends string>(what: string, word: Word, numbers: Readonly<Record<Word, number>>): number {
  const number = Object.hasOwn(numbers, word) ? numbers[word] : undefined;
  if (number !== undefined) return number;
  throw refusal("BP_ARGUMENT", `${what} is one of ${Object.keys(numbers).join(", ")}, not ${String(word)}`);
}

const MODES = { create: BP_MODE_CREATE, must_exist: BP_MODE_MUST_EXIST, read_only: BP_MODE_READ_ONLY };
const SYNC_MODES = { data: BP_SYNC_DATA, all: BP_SYNC_ALL };

function keysOf(what: string, keys: readonly Uint8Array[]): Uint8Array {
  if (!Array.isArray(keys)) throw refusal("BP_ARGUMENT", "keys are given as an array");
  const all = new Uint8Array(keys.length * 32);
  /* A hole is no key either. */
  for (let index = 0; index < keys.length; index++) all.set(bytesOf(what, keys[index], 32), index * 32);
  return all;
}

const NUMBERS = ["singleAppendMaxBytes", "syncEveryEvents", "groupMaxEvents", "batchMaxEvents", "batchMaxBytes", "queueCapacity",
  "pressurePercent", "drainLimit", "restartMax"] as const;
/* Of 64 bits. */
const COUNTS = ["segmentMaxBytes", "restartWithinMs", "preallocateBytes"] as const;

const NAMES: ReadonlySet<string> = new Set(["mode", "durability", "syncMode", ...NUMBERS, ...COUNTS, "signingSeeds", "verifyKeys", "clock", "progress", "log", "fault", "signal"]);

/** The options as they are now: a store keeps some of them. @internal */
export function openOptions<Options extends OpenOptions>(options: Options): Options {
  return taken(options, NAMES);
}

/** The options as the addon takes them. @internal */
export function configOf(options: OpenOptions): RawConfig {
  const config: RawConfig = {};
  const { mode, durability, syncMode, signingSeeds, verifyKeys, clock, log } = options;
  if (mode !== undefined) config.mode = oneOf("mode", mode, MODES);
  if (durability !== undefined) config.durability = durabilityNumber(durability);
  if (syncMode !== undefined) config.syncMode = oneOf("syncMode", syncMode, SYNC_MODES);
  for (const name of NUMBERS) {
    const value = options[name];
    if (value !== undefined) config[name] = whole(name, value, 0xffffffff);
  }
  for (const name of COUNTS) {
    const value = options[name];
    if (value !== undefined) config[name] = countOf(name, value);
  }
  if (signingSeeds !== undefined) config.signingSeeds = keysOf("a signing seed", signingSeeds);
  if (verifyKeys !== undefined) config.verifyKeys = keysOf("a verify key", verifyKeys);
  if (clock !== undefined) config.hasClock = clockOf(clock);
  if (options.fault !== undefined) functionOf("fault", options.fault);
  if (log !== undefined) config.log = functionOf("log", log);
  if (options.progress !== undefined) functionOf("progress", options.progress);
  return config;
}

function countOf(what: string, value: number | bigint): bigint {
  const count = typeof value === "bigint" ? value : BigInt(whole(what, value, Number.MAX_SAFE_INTEGER));
  if (BigInt.asUintN(64, count) !== count) throw refusal("BP_ARGUMENT", `${what} is no number of 64 bits`);
  return count;
}

function clockOf(clock: unknown): true {
  if (clock instanceof BigInt64Array && clock.length > 0) return true;
  throw refusal("BP_ARGUMENT", "the clock is a BigInt64Array of one element");
}

function functionOf<F>(what: string, value: F): F {
  if (typeof value !== "function") throw refusal("BP_ARGUMENT", `${what} is not a function`);
  return value;
}

const TRUST_NAMES: ReadonlySet<string> = new Set(["trust", "receipts", "signal"]);

/** What a store is verified against, as the addon takes it. A slip in a name must not pass for less to hold against. @internal */
export function trustOf(options: VerifyOptions): RawTrust {
  known(options, TRUST_NAMES);
  const { trust, receipts } = options;
  const raw: RawTrust = {};
  if (trust !== undefined) raw.publicKeys = keysOf("a public key", trust);
  if (receipts === undefined) return raw;
  if (typeof receipts !== "object" || !(Symbol.iterator in receipts)) throw refusal("BP_ARGUMENT", "receipts are given as an array");
  const all = [...receipts];
  if (!all.every((receipt) => receipt instanceof Receipt)) throw refusal("BP_ARGUMENT", "not a receipt");
  raw.receipts = new Uint8Array(all.length * LONG_RECEIPT);
  raw.extensions = new Uint8Array(all.reduce((sum, receipt) => sum + (receipt.map?.length ?? 0), 0));
  let at = 0;
  all.forEach((receipt, index) => {
    raw.receipts!.set(receipt.record(at), index * LONG_RECEIPT);
    if (receipt.map !== undefined) raw.extensions!.set(receipt.map, at);
    at += receipt.map?.length ?? 0;
  });
  return raw;
}
