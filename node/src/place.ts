import { BP_TOKEN_ARRAY, BP_TOKEN_MAP, BP_TOKEN_STRING } from "./constants.js";
import type { TokenReader } from "./tokens.js";

/* Where a value stands inside another one: `$.a[3]`. Steps are noted as a value is walked through and become text only for
 * a refusal. */

/** One step into a container: an index, a key, or an entry of a map whose key is no text. */
export type Step = number | string | Entry;

/** An entry of a map, counted from 0. */
export class Entry {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/* Of a long way the beginning and the end. */
const SHOWN_STEPS = 12;
const SHOWN_KEY = 64;

const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** The text of a place. */
export function place(steps: readonly Step[]): string {
  if (steps.length <= 2 * SHOWN_STEPS) return `$${steps.map(shown).join("")}`;
  return `$${steps.slice(0, SHOWN_STEPS).map(shown).join("")}...${steps.slice(-SHOWN_STEPS).map(shown).join("")}`;
}

function shown(step: Step): string {
  if (typeof step === "number") return `[${step}]`;
  if (typeof step !== "string") return `[entry ${step.index}]`;
  if (step.length > SHOWN_KEY) return `[${JSON.stringify(step.slice(0, SHOWN_KEY))}...]`;
  return identifier.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}

/* A container on the way to a token: how many elements it has (of a map: keys and values), and how many have begun. */
interface Open {
  readonly map: boolean;
  readonly length: number;
  begun: number;
}

/** The place of the token `index` of a payload. The reader stands there afterwards. */
export function placeOfToken(reader: TokenReader, payload: Uint8Array, index: number): string {
  reader.rewind();
  const open: Open[] = [];
  const steps: Step[] = [];
  for (let token = 0; token <= index; token++) {
    const type = reader.next();
    const around = open.at(-1);
    if (around !== undefined) {
      if (!around.map) steps[open.length - 1] = around.begun;
      else if (around.begun % 2 === 0) steps[open.length - 1] = keyStep(reader, type, payload, around.begun / 2);
      around.begun++;
    }
    if (token === index) break;
    const map = type === BP_TOKEN_MAP;
    if (map || type === BP_TOKEN_ARRAY) open.push({ map, length: reader.length() * (map ? 2 : 1), begun: 0 });
    while (open.length > 0 && open.at(-1)!.begun === open.at(-1)!.length) open.pop();
  }
  return place(steps.slice(0, open.length));
}

function keyStep(reader: TokenReader, type: number, payload: Uint8Array, index: number): Step {
  if (type !== BP_TOKEN_STRING) return new Entry(index);
  const start = reader.offset();
  return Buffer.from(payload.subarray(start, start + reader.length())).toString();
}
