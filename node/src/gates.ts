import { inspect } from "node:util";
import { kindOf, OPTION_NAMES, payloadOf, takeOptions, type Draft } from "./draft.js";
import { putDraft } from "./drafts.js";
import { BatpakError, refusal } from "./errors.js";
import { Kind } from "./kind.js";
import { raw, translate, utf8, type GatesHandle, type PermitHandle, type RawDenial, type RawRefusal } from "./native.js";
import { scratch } from "./scratch.js";
import { bytesOf, known, showAs, textOf } from "./text.js";

/* Gates stand between a draft and the log: the library asks them in order, through a function that it is given for as long as
 * it asks, and makes the permit. Nothing here can make one. */

/** The code of a denial by a gate that answered neither yes nor no. @since 0.2 */
export const GATE_DEFECT = "GATE_DEFECT";

/** What a {@link Denial} says. */
export interface DenialOptions {
  /** For programs. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  /** Pairs, in their order: an object, a Map, or a list of pairs. */
  readonly context?: Readonly<Record<string, string>> | Iterable<readonly [string, string]> | undefined;
  /** The gate that denied; an evaluation fills it in. */
  readonly gate?: string | undefined;
  /** Its place in the set, from 1; an evaluation fills it in. 0: that of the first gate of this name. */
  readonly position?: number | undefined;
}

const DENIAL_NAMES: ReadonlySet<string> = new Set(["code", "message", "context", "gate", "position"]);
const GATE_NAMES: ReadonlySet<string> = new Set(["name", "description", "evaluate"]);
const PROPOSAL_NAMES: ReadonlySet<string> = new Set([...OPTION_NAMES, "entity", "scope", "event"]);
const BYPASS_NAMES: ReadonlySet<string> = new Set(["reason", "justification", "approvedBy"]);

/**
 * Why a gate refused: it answers one, or throws it.
 *
 * @since 0.2
 */
export class Denial {
  readonly #gate: string;
  readonly #position: number;
  readonly #code: string;
  readonly #message: string;
  readonly #context: readonly (readonly [string, string])[];

  /** @throws {@link BatpakError} `BP_ARGUMENT`, `BP_UTF8`. */
  constructor(options: DenialOptions) {
    known(options, DENIAL_NAMES);
    const { code, message, context = [], gate = "", position = 0 } = options;
    if (typeof position !== "number" || position >>> 0 !== position) throw refusal("BP_ARGUMENT", "position is no number of 32 bits");
    this.#gate = textOf("gate", gate);
    this.#position = position;
    this.#code = textOf("code", code);
    this.#message = textOf("message", message);
    this.#context = pairsOf(context);
  }

  /** The name of the gate; empty until an evaluation has filled it in. */
  get gate(): string {
    return this.#gate;
  }

  /** The gate's place in its set, from 1; 0 where it is not known. */
  get position(): number {
    return this.#position;
  }

  /** For programs; {@link GATE_DEFECT} where the gate threw something else, or answered what is no answer. */
  get code(): string {
    return this.#code;
  }

  /** For people. */
  get message(): string {
    return this.#message;
  }

  /** What the gate has added, in its order; a name may come twice. */
  get context(): readonly (readonly [string, string])[] {
    return this.#context;
  }

  /** For loggers. */
  toJSON(): { gate: string; code: string; message: string; context: readonly (readonly [string, string])[] } {
    return { gate: this.gate, code: this.code, message: this.message, context: this.context };
  }

  static {
    showAs(this.prototype, "Denial", (denial) => denial.toJSON());
  }

  /** Its texts as the addon takes them. @internal */
  static texts(denial: Denial, withGate: boolean): Uint8Array[] {
    const texts = [denial.#code, denial.#message, ...denial.#context.flat()];
    return (withGate ? [denial.#gate, ...texts] : texts).map(utf8);
  }

  /** @internal */
  static is(value: unknown): value is Denial {
    return typeof value === "object" && value !== null && #gate in value;
  }
}

function pairsOf(context: unknown): readonly (readonly [string, string])[] {
  if (typeof context !== "object" || context === null) throw refusal("BP_ARGUMENT", "the context is an object, or a list of pairs");
  const given = Symbol.iterator in context ? [...(context as Iterable<unknown>)] : Object.entries(context);
  return Object.freeze(given.map((pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw refusal("BP_ARGUMENT", "the context is an object, or a list of pairs");
    return Object.freeze([textOf("a name of the context", pair[0]), textOf("a value of the context", pair[1])] as const);
  }));
}

function denialOf({ position, texts: [gate, code, message, ...rest] }: RawDenial): Denial {
  const context = Array.from({ length: rest.length / 2 }, (_, at) => [rest[2 * at]!, rest[2 * at + 1]!] as const);
  return new Denial({ gate: gate!, code: code!, message: message!, context, position });
}

/**
 * What {@link Gates.evaluate} throws: a gate has refused.
 *
 * @since 0.2
 */
export class DeniedError extends BatpakError {
  /** Why. */
  readonly denial: Denial;

  /** @internal */
  constructor(cause: BatpakError, denial: Denial) {
    super(cause.status, cause, cause.path);
    this.denial = denial;
  }

  static {
    Object.defineProperty(this.prototype, "name", { value: "DeniedError", configurable: true, writable: true });
  }
}

/** One gate: code that says yes or no before something is written. */
export interface Gate<Context = unknown> {
  /** Gates of a set should have different ones, of ASCII. */
  readonly name: string;
  /** For people. */
  readonly description?: string | undefined;
  /**
   * Permits by answering nothing; denies by answering a {@link Denial}, or throwing one. Whatever else it throws or answers, a
   * promise too, is a denial with the code {@link GATE_DEFECT}. It sees the context alone, never the draft; it may read from a
   * store, append to one, and evaluate gates.
   */
  evaluate(context: Context): void | Denial;
}

type Asked = (context: unknown) => unknown;

/**
 * A set of gates, asked in the order of the list. Without a gate it permits everything.
 *
 * ```ts
 * const gates = new Gates([{
 *   name: "below-limit",
 *   evaluate: ({ amount }: { amount: number }) => {
 *     if (amount > 100) return new Denial({ code: "LIMIT", message: "more than one payment may be" });
 *   },
 * }]);
 * store.commit(gates.evaluate({ amount: 42 }, { entity: "account:7", scope: "bank", event: Paid({ amount: 42 }) }));
 * ```
 *
 * @since 0.2
 */
export class Gates<Context = unknown> {
  readonly #handle: GatesHandle;
  readonly #gates: readonly Asked[];
  /** In order. */
  readonly names: readonly string[];
  /** In order; empty where none was given. */
  readonly descriptions: readonly string[];

  /** @throws {@link BatpakError} `BP_ARGUMENT`, `BP_UTF8`. */
  constructor(gates: Iterable<Gate<Context>>) {
    if (typeof gates !== "object" || gates === null || !(Symbol.iterator in gates)) throw refusal("BP_ARGUMENT", "gates are given as an array");
    const taken = [...gates].map(takeGate);
    try {
      this.#handle = raw.bp_gates_new(taken.map(({ name }) => utf8(name)), taken.map(({ description }) => utf8(description)));
    } catch (error) {
      throw translate(error);
    }
    this.#gates = taken.map(({ evaluate }) => evaluate);
    this.names = Object.freeze(raw.bp_gates_names(this.#handle));
    this.descriptions = Object.freeze(raw.bp_gates_descriptions(this.#handle));
  }

  /** How many there are. */
  get length(): number {
    return this.#gates.length;
  }

  /**
   * Asks the gates in order, up to the first that denies. Where none does, the answer is a permit for the draft as it is now:
   * what a gate does to it later changes nothing. That the context describes the draft is the caller's duty.
   *
   * @throws {@link DeniedError} `BP_DENIED`; {@link BatpakError} `BP_ARGUMENT`, `BP_VALUE`. All else of a draft is judged by
   * the commit.
   */
  evaluate(context: Context, draft: Draft): Permit {
    try {
      putProposal(draft);
      return new Permit(raw.bp_gates_evaluate(this.#handle, this.#asking(context)));
    } catch (error) {
      const [denial] = (error as { denials?: readonly RawDenial[] } | undefined)?.denials ?? [];
      const failure = translate(error);
      throw raw.is_error(error) && denial !== undefined && failure instanceof BatpakError ? new DeniedError(failure, denialOf(denial)) : failure;
    }
  }

  /** Asks every gate, and answers all denials in order. It makes no permit. */
  evaluateAll(context: Context): Denial[] {
    try {
      return raw.bp_gates_evaluate_all(this.#handle, this.#asking(context)).map(denialOf);
    } catch (error) {
      throw translate(error);
    }
  }

  /* What the library calls with the place of a gate. Nothing may come out of it but its answer. */
  #asking(context: Context): (index: number) => Uint8Array[] | Uint8Array | undefined {
    return (index) => {
      try {
        const answer = this.#gates[index]!(context);
        if (answer === undefined) return undefined;
        return Denial.is(answer) ? Denial.texts(answer, false) : defect(`the gate answered ${kindOfAnswer(answer)}`);
      } catch (thrown) {
        return Denial.is(thrown) ? Denial.texts(thrown, false) : defect(messageOf(thrown));
      }
    };
  }

  /** @internal */
  static handle(gates: unknown): GatesHandle {
    if (typeof gates === "object" && gates !== null && #handle in gates) return gates.#handle;
    throw refusal("BP_ARGUMENT", "not a set of gates");
  }

  static {
    showAs(this.prototype, "Gates", ({ names }) => ({ names }));
  }
}

function takeGate<Context>(gate: Gate<Context>): { name: string; description: string; evaluate: Asked } {
  if (typeof gate !== "object" || gate === null) throw refusal("BP_ARGUMENT", "a gate is { name, description, evaluate }");
  for (const name of Object.keys(gate)) {
    if (Object.getPrototypeOf(gate) === Object.prototype && !GATE_NAMES.has(name)) throw refusal("BP_ARGUMENT", `there is no option ${JSON.stringify(name)}`);
  }
  const { name, description = "", evaluate } = gate;
  if (typeof name !== "string" || typeof description !== "string") throw refusal("BP_ARGUMENT", "a gate's name and description are strings");
  if (typeof evaluate !== "function") throw refusal("BP_ARGUMENT", "a gate's evaluate is a function");
  return { name, description, evaluate: evaluate.bind(gate) as Asked };
}

/* A promise would have permitted what it had not yet judged. */
function kindOfAnswer(answer: unknown): string {
  if (typeof answer === "object" && answer !== null && "then" in answer) return "a promise, which is no answer yet";
  return inspect(answer, { depth: 0, breakLength: Infinity });
}

/* Getters and conversions of what was thrown are code of the caller too. */
function messageOf(thrown: unknown): string {
  try {
    const message = thrown instanceof Error && typeof thrown.message === "string" && thrown.message !== "" ? thrown.message : String(thrown);
    return message === "" ? "the gate threw an empty text" : message;
  } catch {
    return "the gate threw what cannot be shown";
  }
}

/* As much as a denial should carry; a lone surrogate becomes a sign that says so. */
function defect(message: string): Uint8Array {
  return Buffer.from(message);
}

/* Read as a whole before anything of it is written: reading may run code of the caller, which may use the scratch buffer. */
function putProposal(draft: Draft): void {
  if (typeof draft !== "object" || draft === null) throw refusal("BP_ARGUMENT", "a draft is { entity, scope, event, ... }");
  const { entity, scope, event } = draft;
  const options = takeOptions(draft, PROPOSAL_NAMES);
  const kind = kindOf(event);
  const payload = payloadOf(event);
  scratch.begin();
  putDraft(scratch, entity, scope, kind, payload, options);
}

/** Why somebody went past the gates. */
export interface Bypass {
  /** A word for programs. */
  readonly reason: string;
  /** A sentence for people. */
  readonly justification: string;
  /** Who approved; null or absent: nobody is named. */
  readonly approvedBy?: string | null | undefined;
}

/**
 * That something may be appended, once: from {@link Gates.evaluate} or {@link bypass}, for `Store.commit`. What it shows are
 * copies; the draft that it holds cannot be changed.
 *
 * @since 0.2
 */
export class Permit {
  readonly #handle: PermitHandle;

  /** @internal */
  constructor(handle: PermitHandle) {
    this.#handle = handle;
  }

  /** The names of the gates that were asked; none for a bypass. */
  get gates(): readonly string[] {
    return raw.bp_permit_gates(this.#handle);
  }

  get entity(): string {
    return raw.bp_permit_draft(this.#handle).entity;
  }

  get scope(): string {
    return raw.bp_permit_draft(this.#handle).scope;
  }

  get kind(): Kind {
    return new Kind(raw.bp_permit_draft(this.#handle).kind);
  }

  get payload(): Uint8Array {
    return raw.bp_permit_draft(this.#handle).payload;
  }

  /** Why the gates were not asked; null where they were. The library writes none of it to the log. */
  get audit(): Readonly<Required<Bypass>> | null {
    const texts = raw.bp_permit_audit(this.#handle);
    if (texts === undefined) return null;
    const [reason, justification, approvedBy = null] = texts as [string, string, string?];
    return { reason, justification, approvedBy };
  }

  /** @internal */
  static handle(permit: unknown): PermitHandle {
    if (typeof permit === "object" && permit !== null && #handle in permit) return permit.#handle;
    throw refusal("BP_ARGUMENT", "not a permit");
  }

  static {
    showAs(this.prototype, "Permit", ({ entity, scope, kind, gates, audit }) => ({ entity, scope, kind, gates, audit }));
  }
}

/**
 * A permit without asking any gate. Why stands in {@link Permit.audit}, before and after the commit.
 *
 * @throws {@link BatpakError} `BP_ARGUMENT`, `BP_VALUE`, `BP_UTF8`.
 * @since 0.2
 */
export function bypass(draft: Draft, why: Bypass): Permit {
  try {
    known(why, BYPASS_NAMES);
    const { reason, justification, approvedBy } = why;
    const texts = [reason, justification, ...(approvedBy === undefined || approvedBy === null ? [] : [approvedBy])].map(utf8);
    putProposal(draft);
    return new Permit(raw.bp_permit_bypass(texts));
  } catch (error) {
    throw translate(error);
  }
}

/** A denial on its way into the log. */
export interface DenialRecord {
  /** Of an evaluation, or made by hand with the name of a gate. */
  readonly denial: Denial;
  /** The set that was asked. */
  readonly gates: Gates<never>;
  /** What was refused: the event stands in its entity, with its ids, expectation and the rest; its kind is written down, its
   * payload is not. */
  readonly draft: Draft;
  /** BLAKE3 of the payload that was refused, 32 bytes. */
  readonly contentHash?: Uint8Array | undefined;
  /** A name for the run. */
  readonly pipeline?: string | undefined;
}

const RECORD_NAMES: ReadonlySet<string> = new Set(["denial", "gates", "draft", "contentHash", "pipeline"]);

/** Writes the draft of a denial into the scratch buffer, and answers what the addon takes beside it. @internal */
export function putDenial(record: DenialRecord): RawRefusal {
  known(record, RECORD_NAMES);
  const { denial, gates, draft, contentHash, pipeline } = record;
  if (!Denial.is(denial)) throw refusal("BP_ARGUMENT", "not a denial");
  const handle = Gates.handle(gates);
  const name = pipeline === undefined ? undefined : utf8(pipeline);
  const hash = contentHash === undefined ? undefined : new Uint8Array(bytesOf("contentHash", contentHash, 32));
  putProposal(draft);
  return [handle, Denial.texts(denial, true), denial.position, hash, name];
}
