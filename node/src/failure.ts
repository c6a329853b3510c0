import { BP_ERROR_CLASS_DOMAIN, BP_ERROR_CLASS_OPERATIONAL, BP_ERROR_KIND_BATCH_COLLAPSE, BP_ERROR_KIND_CANCELLED,
  BP_ERROR_KIND_CONFLICT, BP_ERROR_KIND_CUSTOM, BP_ERROR_KIND_INTERNAL, BP_ERROR_KIND_NOT_FOUND, BP_ERROR_KIND_PENDING,
  BP_ERROR_KIND_POLICY_REJECTION, BP_ERROR_KIND_SERIALIZATION, BP_ERROR_KIND_STORAGE_ERROR, BP_ERROR_KIND_TIMEOUT,
  BP_ERROR_KIND_VALIDATION } from "./constants.js";
import { refusal } from "./errors.js";
import { native } from "./native.js";
import { whole } from "./number.js";
import { bytesOf, textOf } from "./text.js";

/** A copy of an id of 16 bytes. @internal */
export function ownId(what: string, id: Uint8Array): Uint8Array {
  return new Uint8Array(bytesOf(what, id, 16));
}

/** A copy of bytes. @internal */
export function ownBytes(what: string, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytesOf(what, bytes));
}

/** A frozen copy of a list, whose elements `own` looks at. @internal */
export function ownList<Item>(what: string, items: Iterable<Item>, own: (item: Item) => Item): readonly Item[] {
  if (typeof items !== "object" || items === null || !(Symbol.iterator in items)) throw refusal("BP_ARGUMENT", `${what} are given as an array`);
  return Object.freeze(Array.from(items, own));
}

/**
 * What kind of error: one of the constants of this class, or one of your own, `ErrorKind.custom(7)`.
 *
 * @since 0.2
 */
export class ErrorKind {
  static readonly NOT_FOUND: ErrorKind = new ErrorKind(BP_ERROR_KIND_NOT_FOUND);
  static readonly CONFLICT: ErrorKind = new ErrorKind(BP_ERROR_KIND_CONFLICT);
  static readonly VALIDATION: ErrorKind = new ErrorKind(BP_ERROR_KIND_VALIDATION);
  static readonly POLICY_REJECTION: ErrorKind = new ErrorKind(BP_ERROR_KIND_POLICY_REJECTION);
  static readonly CANCELLED: ErrorKind = new ErrorKind(BP_ERROR_KIND_CANCELLED);
  static readonly STORAGE_ERROR: ErrorKind = new ErrorKind(BP_ERROR_KIND_STORAGE_ERROR);
  static readonly TIMEOUT: ErrorKind = new ErrorKind(BP_ERROR_KIND_TIMEOUT);
  static readonly PENDING: ErrorKind = new ErrorKind(BP_ERROR_KIND_PENDING);
  static readonly SERIALIZATION: ErrorKind = new ErrorKind(BP_ERROR_KIND_SERIALIZATION);
  static readonly INTERNAL: ErrorKind = new ErrorKind(BP_ERROR_KIND_INTERNAL);
  static readonly BATCH_COLLAPSE: ErrorKind = new ErrorKind(BP_ERROR_KIND_BATCH_COLLAPSE);

  /** Its number in the interface of C. */
  readonly number: number;
  /** The number of a kind of your own, 16 bits; null for the others. */
  readonly code: number | null;

  /** @internal */
  constructor(number: number, code: number | null = null) {
    if (!(number >= BP_ERROR_KIND_NOT_FOUND && number <= BP_ERROR_KIND_CUSTOM) || (number === BP_ERROR_KIND_CUSTOM) === (code === null)) {
      throw refusal("BP_ARGUMENT", "an error kind is a constant of ErrorKind, or ErrorKind.custom(code)");
    }
    this.number = whole("number", number, BP_ERROR_KIND_CUSTOM);
    this.code = code === null ? null : whole("code", code, 0xffff);
    Object.freeze(this);
  }

  /** A kind of your own. @throws {@link BatpakError} `BP_ARGUMENT` where `code` has more than 16 bits. */
  static custom(code: number): ErrorKind {
    return new ErrorKind(BP_ERROR_KIND_CUSTOM, code);
  }

  /** Its word, for example "NotFound"; of your own "Custom". */
  get name(): string {
    return native.errorKindName(this.number);
  }

  /** What was asked is refused ("domain"), or the machinery failed ("operational"); null for kinds of your own. */
  get errorClass(): "domain" | "operational" | null {
    const number = native.errorKindClass(this.number);
    return number === BP_ERROR_CLASS_DOMAIN ? "domain" : number === BP_ERROR_CLASS_OPERATIONAL ? "operational" : null;
  }

  /** The same may succeed later. */
  get isRetryable(): boolean {
    return native.errorKindIsRetryable(this.number) !== 0;
  }

  /** Kinds are equal when their numbers and codes are. */
  equals(other: ErrorKind): boolean {
    return this.number === other.number && this.code === other.code;
  }

  /** "NotFound", "Custom(7)". */
  toString(): string {
    return this.code === null ? this.name : `${this.name}(${this.code})`;
  }
}

/** The constant of a number, or one of the caller's own. @internal */
export function errorKindOf(number: number, code: number): ErrorKind {
  return number === BP_ERROR_KIND_CUSTOM ? ErrorKind.custom(code) : Object.values(ErrorKind).find((kind) => kind.number === number)!;
}

/** Undo these events (ids of 16 bytes). @since 0.2 */
export class Rollback {
  readonly type: "Rollback" = "Rollback";
  readonly eventIds: readonly Uint8Array[];

  /** @throws {@link BatpakError} `BP_ARGUMENT`. */
  constructor(eventIds: Iterable<Uint8Array>) {
    this.eventIds = ownList("eventIds", eventIds, (id) => ownId("each of eventIds", id));
    Object.freeze(this);
  }
}

/** Tell somebody (an id of 16 bytes). @since 0.2 */
export class Notify {
  readonly type: "Notify" = "Notify";
  readonly targetId: Uint8Array;
  readonly message: string;

  /** @throws {@link BatpakError} `BP_ARGUMENT`, `BP_UTF8`. */
  constructor(targetId: Uint8Array, message: string) {
    this.targetId = ownId("targetId", targetId);
    this.message = textOf("message", message);
    Object.freeze(this);
  }
}

/** Give these resources back (ids of 16 bytes). @since 0.2 */
export class Release {
  readonly type: "Release" = "Release";
  readonly resourceIds: readonly Uint8Array[];

  /** @throws {@link BatpakError} `BP_ARGUMENT`. */
  constructor(resourceIds: Iterable<Uint8Array>) {
    this.resourceIds = ownList("resourceIds", resourceIds, (id) => ownId("each of resourceIds", id));
    Object.freeze(this);
  }
}

/** An action of your own. @since 0.2 */
export class CustomAction {
  readonly type: "Custom" = "Custom";
  readonly actionType: string;
  readonly data: Uint8Array;

  /** @throws {@link BatpakError} `BP_ARGUMENT`, `BP_UTF8`. */
  constructor(actionType: string, data: Uint8Array) {
    this.actionType = textOf("actionType", actionType);
    this.data = ownBytes("data", data);
    Object.freeze(this);
  }
}

/** What would undo what was done before an error. `type` tells them apart. */
export type CompensationAction = Rollback | Notify | Release | CustomAction;

const ACTIONS = [Rollback, Notify, Release, CustomAction];

/**
 * What went wrong in an outcome: a value, and what `Outcome.intoResult` throws.
 *
 * @since 0.2
 */
export class OutcomeError extends Error {
  /** What kind of error. */
  readonly kind: ErrorKind;
  /** What would undo what was done before; null: nothing. */
  readonly compensation: CompensationAction | null;

  /**
   * @param message for people
   * @throws {@link BatpakError} `BP_ARGUMENT`, `BP_UTF8`.
   */
  constructor(kind: ErrorKind, message = "", compensation: CompensationAction | null = null) {
    super(textOf("message", message));
    if (!(kind instanceof ErrorKind)) throw refusal("BP_ARGUMENT", "the kind of an error is an ErrorKind");
    if (compensation !== null && !ACTIONS.some((action) => compensation instanceof action)) {
      throw refusal("BP_ARGUMENT", "a compensation is a Rollback, Notify, Release or CustomAction");
    }
    this.kind = kind;
    this.compensation = compensation;
  }

  /** "[Conflict] it is taken". */
  override toString(): string {
    return `[${this.kind}] ${this.message}`;
  }

  static {
    Object.defineProperty(this.prototype, "name", { value: "OutcomeError", configurable: true, writable: true });
  }
}
