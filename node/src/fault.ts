import type { FaultFunction, Point } from "./faults.js";
import { raw, type RawFault } from "./native.js";

const MAXIMUM_ANSWER = 0x7fffffff;
const LOWEST_ANSWER = -0x7fffffff;

/** The function of a store's fault points, and what it threw. @internal */
export class FaultPoints {
  /** For the addon, which does not keep it alive. */
  readonly ask: RawFault;
  /* What stands for it as an answer, and it. */
  #thrown: { answer: number; error: unknown } = { answer: 0, error: undefined };

  constructor(fault: FaultFunction) {
    this.ask = (point, batch, item, items) => {
      try {
        return answerOf(fault(point as Point, batch, item, items));
      } catch (error) {
        const last = this.#thrown.answer;
        this.#thrown = { answer: last > LOWEST_ANSWER ? last - 1 : -1, error };
        return this.#thrown.answer;
      }
    };
  }

  /** What the function threw, where that is why an append failed with this error; undefined where it is not. */
  thrownFor(error: unknown): { readonly error: unknown } | undefined {
    const { answer } = this.#thrown;
    return answer !== 0 && raw.is_error(error) && BigInt.asIntN(64, error.actual) === BigInt(answer) ? this.#thrown : undefined;
  }
}

function answerOf(answer: unknown): number {
  if (!answer) return 0;
  if (answer === true) return 1;
  if (Number.isInteger(answer) && (answer as number) > 0 && (answer as number) <= MAXIMUM_ANSWER) return answer as number;
  throw new TypeError(`a fault point was answered ${String(answer)}: a whole number from 0 to ${MAXIMUM_ANSWER} is wanted`);
}
