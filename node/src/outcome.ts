import { conditionOf, type WaitCondition } from "./condition.js";
import { refusal } from "./errors.js";
import { ErrorKind, OutcomeError, ownId, ownList } from "./failure.js";
import { wide, whole } from "./number.js";
import { textOf } from "./text.js";

/* What the six have in common.
 *
 * What is said below of an Ok or an Err holds in a batch for each element, however deep; all else stays as it is. The walks go
 * down one call for each batch inside another. */
abstract class OutcomeBase<T> {
  constructor() {
    if (new.target === OutcomeBase) throw refusal("BP_ARGUMENT", "an outcome is an Ok, Err, Retry, Pending, Cancelled or OutcomeBatch");
  }

  /** Whether it is the last word: an Ok, Err or Cancelled. */
  get isTerminal(): boolean {
    const { type } = own(this);
    return type === "Ok" || type === "Err" || type === "Cancelled";
  }

  /** An Ok of `step(value)` in the place of each Ok. */
  map<U>(step: (value: T) => U): Outcome<U> {
    return walk(this, "Ok", ({ value }) => new Ok(step(value)));
  }

  /** The outcome `step(value)` in the place of each Ok. */
  andThen<U>(step: (value: T) => Outcome<U>): Outcome<U> {
    return walk(this, "Ok", ({ value }) => step(value));
  }

  /** As {@link andThen}, of those Oks for whose value `holds` is true. */
  andThenIf<U>(holds: (value: T) => boolean, step: (value: T) => Outcome<U>): Outcome<T | U> {
    return walk(this, "Ok", (ok) => holds(ok.value) ? step(ok.value) : ok);
  }

  /** The same outcome, after `look(value)` of each Ok. */
  inspect(look: (value: T) => unknown): Outcome<T> {
    walk(this, "Ok", (ok) => {
      look(ok.value);
      return ok;
    });
    return own(this);
  }

  /** An Err of `step(error)` in the place of each Err. */
  mapErr(step: (error: OutcomeError) => OutcomeError): Outcome<T> {
    return walk(this, "Err", ({ error }) => new Err(step(error)));
  }

  /** The outcome `step(error)` in the place of each Err: to recover. */
  orElse<U>(step: (error: OutcomeError) => Outcome<U>): Outcome<T | U> {
    return walk(this, "Err", ({ error }) => step(error));
  }

  /** The same outcome, after `look(error)` of each Err. */
  inspectErr(look: (error: OutcomeError) => unknown): Outcome<T> {
    walk(this, "Err", (err) => {
      look(err.error);
      return err;
    });
    return own(this);
  }

  /** The outcome within each Ok in its place. */
  flatten<U>(this: OutcomeBase<Outcome<U>>): Outcome<U> {
    return this.andThen((inner) => inner);
  }

  /** The value of an Ok; `fallback` for all else, batches too. */
  unwrapOr<U>(fallback: U): T | U {
    const outcome = own(this);
    return outcome.type === "Ok" ? outcome.value : fallback;
  }

  /** The value of an Ok; `make()` for all else, batches too. */
  unwrapOrElse<U>(make: () => U): T | U {
    const outcome = own(this);
    return outcome.type === "Ok" ? outcome.value : make();
  }

  /**
   * The value of an Ok.
   *
   * @throws {@link OutcomeError} that of an Err; of kind `CANCELLED` for a Cancelled, `TIMEOUT` for a Retry, `PENDING` for a
   * Pending, `BATCH_COLLAPSE` for a batch.
   */
  intoResult(): T {
    const outcome = own(this);
    if (outcome.type === "Ok") return outcome.value;
    throw failureOf(outcome);
  }

  /**
   * The Ok of both values, of two Oks.
   *
   * Else the first of Err, Cancelled, Retry, Pending in this order, this one's before the other's. Two batches of one length go
   * pair by pair (of different lengths: an Err of kind `INTERNAL`), a batch and an Ok element by element.
   */
  zip<U>(other: Outcome<U>): Outcome<[T, U]> {
    return zipped(own(this), outcomeOf(other));
  }

  /** The Ok of all values, batches opened, if all are Oks; else the first that is none. */
  static joinAll<U>(outcomes: Iterable<Outcome<U>>): Outcome<U[]> {
    const values: U[] = [];
    return gather(outcomes, values) ?? new Ok(values);
  }

  /**
   * The first Ok, batches opened. A Retry, Pending or Cancelled before it is the answer; where there are Errs alone, the last of
   * them; of nothing, and for an empty batch, an Err of kind `INTERNAL`.
   */
  static joinAny<U>(outcomes: Iterable<Outcome<U>>): Outcome<U> {
    let last: Outcome<U> = new Err(new OutcomeError(ErrorKind.INTERNAL, "none of no outcomes is an Ok"));
    for (const outcome of outcomes) {
      last = outcomeOf(outcome);
      if (last.type === "Batch") last = OutcomeBase.joinAny(last.items);
      if (last.type !== "Err") break;
    }
    return last;
  }
}

/** It succeeded. @since 0.2 */
export class Ok<T> extends OutcomeBase<T> {
  readonly type: "Ok" = "Ok";
  readonly value: T;

  constructor(value: T) {
    super();
    this.value = value;
    Object.freeze(this);
  }
}

/** It failed. @since 0.2 */
export class Err<T = never> extends OutcomeBase<T> {
  readonly type: "Err" = "Err";
  readonly error: OutcomeError;

  /** @throws {@link BatpakError} `BP_ARGUMENT`. */
  constructor(error: OutcomeError) {
    super();
    if (!(error instanceof OutcomeError)) throw refusal("BP_ARGUMENT", "an Err holds an OutcomeError");
    this.error = error;
    Object.freeze(this);
  }
}

/** Come again. @since 0.2 */
export class Retry<T = never> extends OutcomeBase<T> {
  readonly type: "Retry" = "Retry";
  /** When to try again, in milliseconds from now. */
  readonly afterMs: bigint;
  /** Which attempt this was, */
  readonly attempt: number;
  /** and how many there may be. */
  readonly maxAttempts: number;
  /** For people. */
  readonly reason: string;

  /** @throws {@link BatpakError} `BP_ARGUMENT`, `BP_UTF8`. */
  constructor(afterMs: bigint | number, attempt: number, maxAttempts: number, reason: string) {
    super();
    this.afterMs = wide("afterMs", afterMs);
    this.attempt = whole("attempt", attempt, 0xffffffff);
    this.maxAttempts = whole("maxAttempts", maxAttempts, 0xffffffff);
    this.reason = textOf("reason", reason);
    Object.freeze(this);
  }
}

/** It waits for something. @since 0.2 */
export class Pending<T = never> extends OutcomeBase<T> {
  readonly type: "Pending" = "Pending";
  readonly condition: WaitCondition;
  /** Yours, 16 bytes. */
  readonly resumeToken: Uint8Array;

  /** @throws {@link BatpakError} `BP_ARGUMENT`. */
  constructor(condition: WaitCondition, resumeToken: Uint8Array) {
    super();
    this.condition = conditionOf(condition);
    this.resumeToken = ownId("resumeToken", resumeToken);
    Object.freeze(this);
  }
}

/** It was given up. @since 0.2 */
export class Cancelled<T = never> extends OutcomeBase<T> {
  readonly type: "Cancelled" = "Cancelled";
  /** For people. */
  readonly reason: string;

  /** @throws {@link BatpakError} `BP_ARGUMENT`, `BP_UTF8`. */
  constructor(reason: string) {
    super();
    this.reason = textOf("reason", reason);
    Object.freeze(this);
  }
}

/** The outcomes of several attempts, in order. @since 0.2 */
export class OutcomeBatch<T> extends OutcomeBase<T> {
  readonly type: "Batch" = "Batch";
  readonly items: readonly Outcome<T>[];

  /** @throws {@link BatpakError} `BP_ARGUMENT`. */
  constructor(items: Iterable<Outcome<T>>) {
    super();
    this.items = ownList("items", items, outcomeOf);
    Object.freeze(this);
  }
}

/**
 * What an attempt came to. `type` tells the six apart: `"Ok"`, `"Err"` and `"Cancelled"` are the last word, `"Retry"` asks to come
 * again, `"Pending"` waits for something, a `"Batch"` holds the outcomes of several attempts, batches among them. None can be
 * changed.
 *
 * What is said below of an Ok or an Err holds in a batch for each element, however deep; all else stays as it is.
 *
 * ```ts
 * const parsed = Outcome.joinAll(words.map(parse)).map((numbers) => numbers.length);
 * if (parsed.type === "Err") console.log(parsed.error.kind.name);
 * ```
 *
 * @since 0.2
 */
export type Outcome<T> = Ok<T> | Err<T> | Retry<T> | Pending<T> | Cancelled<T> | OutcomeBatch<T>;
export const Outcome = OutcomeBase;

/** Looks that it is one. @internal */
export function outcomeOf<T>(outcome: Outcome<T>): Outcome<T> {
  if (outcome instanceof OutcomeBase) return outcome;
  throw refusal("BP_ARGUMENT", "an outcome is an Ok, Err, Retry, Pending, Cancelled or OutcomeBatch");
}

/* There are no others. */
function own<T>(outcome: OutcomeBase<T>): Outcome<T> {
  return outcome as Outcome<T>;
}

/* What `step` makes of each Ok, or each Err, in its place. */
function walk<T, Type extends "Ok" | "Err">(base: OutcomeBase<T>, type: Type, step: (leaf: Extract<Outcome<T>, { type: Type }>) => Outcome<any>): Outcome<any> {
  const outcome = own(base);
  if (outcome.type === type) {
    const made: unknown = step(outcome as Extract<Outcome<T>, { type: Type }>);
    if (made instanceof OutcomeBase) return own(made);
    throw refusal("BP_ARGUMENT", "a step answers an outcome");
  }
  return outcome.type === "Batch" ? new OutcomeBatch(outcome.items.map((item) => walk(item, type, step))) : outcome;
}

function failureOf(outcome: Exclude<Outcome<unknown>, Ok<unknown>>): OutcomeError {
  switch (outcome.type) {
    case "Err": return outcome.error;
    case "Retry": return new OutcomeError(ErrorKind.TIMEOUT, outcome.reason);
    case "Pending": return new OutcomeError(ErrorKind.PENDING, "the attempt is pending");
    case "Cancelled": return new OutcomeError(ErrorKind.CANCELLED, outcome.reason);
    case "Batch": return new OutcomeError(ErrorKind.BATCH_COLLAPSE, `a batch of ${outcome.items.length} outcomes has no single value`);
  }
}

/* What wins over what in a pair; an Ok and a batch are for what is left. */
const RANKS = { Err: 5, Cancelled: 4, Retry: 3, Pending: 2, Batch: 1, Ok: 0 } as const;

function zipped(one: Outcome<any>, other: Outcome<any>): Outcome<any> {
  if (Math.max(RANKS[one.type], RANKS[other.type]) > RANKS.Batch) return RANKS[one.type] >= RANKS[other.type] ? one : other;
  if (one.type === "Ok" && other.type === "Ok") return new Ok([one.value, other.value]);
  const ones = one.type === "Batch" ? one.items : undefined;
  const others = other.type === "Batch" ? other.items : undefined;
  if (ones !== undefined && others !== undefined && ones.length !== others.length) {
    return new Err(new OutcomeError(ErrorKind.INTERNAL, `batches of ${ones.length} and of ${others.length} outcomes`));
  }
  return new OutcomeBatch((ones ?? others)!.map((_, at) => zipped(ones?.[at] ?? one, others?.[at] ?? other)));
}

/* The first that is no Ok; the values of those before it. */
function gather<U>(outcomes: Iterable<Outcome<U>>, values: U[]): Outcome<any> | undefined {
  for (const outcome of outcomes) {
    if (outcomeOf(outcome).type === "Ok") {
      values.push((outcome as Ok<U>).value);
    } else {
      const found = outcome.type === "Batch" ? gather(outcome.items, values) : outcome;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
