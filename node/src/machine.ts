import type { EventType } from "./define.js";
import { OPTION_NAMES, payloadOf, takeOptions, type DraftOptions } from "./draft.js";
import { putDraft } from "./drafts.js";
import { refusal } from "./errors.js";
import { kindNumber, type KindLike } from "./kind.js";
import { utf8 } from "./native.js";
import { scratch } from "./scratch.js";
import { known, showAs, textOf } from "./text.js";
import { encode } from "./values.js";

/** A step of a machine: from one state to another by an event of this type, or of this kind. */
export interface Transition<State extends string = string> {
  readonly from: State;
  readonly to: State;
  readonly event: EventType<any> | KindLike;
}

/** The states from which steps lead. */
export type From<Steps extends readonly Transition[]> = Steps[number]["from"];
/** The states to which steps lead from this one. */
export type To<Steps extends readonly Transition[], State extends string> = Extract<Steps[number], { readonly from: State }>["to"];
/** The payload of the step between these states: any that can be said where the step names a kind alone. */
export type PayloadOf<Steps extends readonly Transition[], State extends string, Next extends string> =
  Payload<Extract<Steps[number], { readonly from: State; readonly to: Next }>["event"]>;
type Payload<Event> = Event extends EventType<infer Value> ? Value : unknown;

/** What {@link defineMachine} takes. */
export interface MachineDefinition<State extends string, Steps extends readonly Transition<State>[]> {
  /** For people. */
  readonly name: string;
  readonly states: readonly State[];
  readonly transitions: Steps;
}

/** What is optional in a step. */
export interface TransitionOptions extends DraftOptions {
  /** Which step, where several lead between these states; the first of them where not given. */
  readonly kind?: KindLike | undefined;
}

const MACHINE_NAMES: ReadonlySet<string> = new Set(["name", "states", "transitions"]);
const STEP_NAMES: ReadonlySet<string> = new Set(["from", "to", "event"]);
const STEP_OPTION_NAMES: ReadonlySet<string> = new Set([...OPTION_NAMES, "kind"]);

/** A step as the addon takes it: texts, table, numbers of the states. @internal */
export type RawStep = [texts: readonly Uint8Array[], steps: Uint8Array, from: number, to: number];

/**
 * States, and the steps between them that are allowed, as {@link defineMachine} makes it.
 *
 * @since 0.2
 */
export class Machine<State extends string = string, Steps extends readonly Transition[] = readonly Transition<State>[]> {
  readonly name: string;
  readonly states: readonly State[];
  readonly transitions: Steps;
  readonly #texts: readonly Uint8Array[];
  readonly #table: Uint8Array;

  /** @internal */
  constructor(name: string, states: readonly State[], transitions: Steps) {
    this.name = name;
    this.states = states;
    this.transitions = transitions;
    this.#texts = [name, ...states].map(utf8);
    const rows = transitions.flatMap(({ from, to, event }) =>
      [states.indexOf(from as State), states.indexOf(to as State), numberOf(event)]);
    this.#table = new Uint8Array(Uint32Array.from(rows).buffer);
    Object.freeze(this);
  }

  /** Writes the draft of a step into the scratch buffer, and answers what the addon takes beside it. Whether there is such a
   * step the library says. @internal */
  static put(machine: unknown, from: string, to: string, entity: string, scope: string, payload: unknown, options: TransitionOptions): RawStep {
    if (typeof machine !== "object" || machine === null || !(#table in machine)) throw refusal("BP_ARGUMENT", "not a machine");
    known(options, STEP_OPTION_NAMES);
    const { kind, ...rest } = options;
    const wanted = kind === undefined ? 0 : kindNumber(kind);
    const taken = takeOptions(rest);
    const step = machine.transitions.find((one) => one.from === from && one.to === to && (wanted === 0 || numberOf(one.event) === wanted));
    const bytes = step === undefined ? NO_BYTES : payloadOfStep(step.event, payload);
    const numbers = [machine.#numberOf(from), machine.#numberOf(to)] as const;
    scratch.begin();
    putDraft(scratch, entity, scope, wanted, bytes, taken);
    return [machine.#texts, machine.#table, ...numbers];
  }

  #numberOf(state: string): number {
    const number = (this.states as readonly string[]).indexOf(state);
    if (number >= 0) return number;
    throw refusal("BP_TRANSITION", `${this.name} has no state ${JSON.stringify(state) ?? String(state)}`);
  }

  static {
    showAs(this.prototype, "Machine", ({ name, states }) => ({ name, states }));
  }
}

const NO_BYTES = new Uint8Array(0);

function numberOf(event: Transition["event"]): number {
  return typeof event === "function" ? event.kind : kindNumber(event);
}

function payloadOfStep(event: Transition["event"], value: unknown): Uint8Array {
  return typeof event === "function" ? payloadOf(event(value)) : encode(value);
}

/**
 * A machine: a compiler knows its states and steps, and `Store.applyTransition` takes no other.
 *
 * ```ts
 * const invoice = defineMachine({
 *   name: "invoice",
 *   states: ["draft", "sent", "paid"],
 *   transitions: [
 *     { from: "draft", to: "sent", event: Sent },
 *     { from: "sent", to: "paid", event: Paid },
 *   ],
 * });
 * store.applyTransition(invoice, "draft", "sent", "invoice:7", "books", { to: "alice" });
 * ```
 *
 * @throws {@link BatpakError} `BP_ARGUMENT`, `BP_KIND_RANGE`, `BP_UTF8`.
 * @since 0.2
 */
export function defineMachine<const State extends string, const Steps extends readonly Transition<State>[]>(
  definition: MachineDefinition<State, Steps>): Machine<State, Steps> {
  known(definition, MACHINE_NAMES);
  const { name, states, transitions } = definition;
  textOf("name", name);
  if (!Array.isArray(states) || !Array.isArray(transitions)) throw refusal("BP_ARGUMENT", "states and transitions are arrays");
  const own = Object.freeze([...states]) as readonly State[];
  for (const state of own) textOf("a state", state);
  if (new Set(own).size < own.length) throw refusal("BP_ARGUMENT", "a state is named twice");
  const steps = transitions.map((step: Transition<State>) => takeStep(step, own));
  return new Machine(name, own, Object.freeze(steps) as unknown as Steps);
}

function takeStep<State extends string>(step: Transition<State>, states: readonly State[]): Transition<State> {
  known(step, STEP_NAMES);
  const { from, to, event } = step;
  for (const state of [from, to]) {
    if (!states.includes(state)) throw refusal("BP_ARGUMENT", `a step names a state that there is not: ${String(state)}`);
  }
  /* 0 stands for no kind. */
  if (numberOf(event) === 0) throw refusal("BP_KIND_RANGE", "a step's kind is not 0");
  return Object.freeze({ from, to, event });
}
