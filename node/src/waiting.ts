import { setImmediate as turn } from "node:timers/promises";
import { refusal, Thrown } from "./errors.js";
import { raw } from "./native.js";
import type { RawProgress } from "./native.js";
import type { Progress } from "./options.js";

/** How a call is given up. */
export interface Waiting {
  /**
   * Ends the wait: the promise is rejected with the signal's reason. A call that has not begun is not made; `openAsync` and
   * `verifyAsync` stop; any other that is under way runs to its end all the same: it does not undo an append.
   */
  readonly signal?: AbortSignal | undefined;
}

/** @internal */
export const WAITING_NAMES: ReadonlySet<string> = new Set(["signal"]);

/** The answer, or the signal's reason where it comes first. @internal */
export async function heeding<Answer>(answer: Promise<Answer>, signal: AbortSignal | undefined, given?: () => void): Promise<Answer> {
  if (signal === undefined) return answer;
  return new Promise<Answer>((resolve, reject) => {
    const abort = (): void => {
      given?.();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Throws the reason of a signal that is aborted. @internal */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  if (typeof signal?.throwIfAborted !== "function") throw refusal("BP_ARGUMENT", "the signal is no AbortSignal");
  signal.throwIfAborted();
}

/**
 * Waits for a call on another thread.
 *
 * @param start starts it
 * @param given what to do with an answer that nobody waits for any more
 * @internal
 */
export async function wait<Answer>(start: () => Promise<Answer>, signal: AbortSignal | undefined, given?: (answer: Answer) => void): Promise<Answer> {
  throwIfAborted(signal);
  const answer = start();
  const job = raw.last_job();
  return heeding(answer, signal, () => {
    raw.cancel(job);
    answer.then(given, () => undefined);
  });
}

/**
 * Waits for a call that reports progress. What the callback throws stops the call, and is what the promise is rejected with.
 *
 * @internal
 */
export async function waitWithProgress<Answer>(start: (progress: RawProgress | undefined) => Promise<Answer>, progress: Progress | undefined,
  signal: AbortSignal | undefined, given: (answer: Answer) => void): Promise<Answer> {
  if (progress === undefined) return wait(() => start(undefined), signal, given);
  let thrown: Thrown | undefined;
  let job = 0;
  const report: RawProgress = (stage, done, total) => {
    if (thrown !== undefined) return;
    try {
      progress(stage, done, total);
    } catch (error) {
      thrown = new Thrown(error);
      raw.cancel(job);
    }
  };
  const begin = (): Promise<Answer> => {
    const answer = start(report);
    job = raw.last_job();
    return answer;
  };
  try {
    const answer = await wait(begin, signal, given);
    /* What was said last is heard in the same turn of the loop as the answer, behind it. */
    await turn();
    if (thrown === undefined) return answer;
    given(answer);
  } catch (error) {
    if (thrown === undefined) throw error;
  }
  throw thrown;
}

/**
 * Makes a call that reports progress. What the callback throws stops the call, and comes out of it.
 *
 * @internal
 */
export function callWithProgress<Answer>(call: (progress: RawProgress | undefined) => Answer, progress: Progress | undefined): Answer {
  if (progress === undefined) return call(undefined);
  return call((stage, done, total) => {
    try {
      progress(stage, done, total);
    } catch (error) {
      throw new Thrown(error);
    }
  });
}
