import { Status } from "./constants.js";
import type { LastGate } from "./drafts.js";
import { refusal } from "./errors.js";
import { rawWait, type RawWait } from "./frontier.js";
import { raw, type StoreHandle } from "./native.js";
import { markDurable, type Receipt } from "./receipt.js";
import { wait } from "./waiting.js";

/**
 * What waits for a watermark of a store without the thread. A close does not wait for it to come about: it ends it.
 *
 * @internal
 */
export class Waits {
  readonly #store: StoreHandle;
  readonly #path: string;
  /* What may come to wait, and what does, with its job. */
  readonly #open = new Set<Promise<unknown>>();
  readonly #jobs = new Map<Promise<void>, number>();
  #ended = false;

  constructor(store: StoreHandle, path: string) {
    this.#store = store;
    this.#path = path;
  }

  reach(awaited: RawWait, signal: AbortSignal | undefined): Promise<void> {
    return this.#held(this.#reach(awaited, signal));
  }

  /** The receipts, once the gate of the last is passed: behind the queue, for others' flushes go through it. */
  pass(appended: Promise<Receipt[]>, gate: LastGate, signal: AbortSignal | undefined,
    failure: (error: unknown, receipts: Receipt[]) => unknown): Promise<Receipt[]> {
    return this.#held(this.#pass(appended, gate, signal, failure));
  }

  /** Ends all, with `BP_CLOSED`. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const job of this.#jobs.values()) raw.cancel(job);
    await Promise.allSettled([...this.#open, ...this.#jobs.keys()]);
  }

  /** The store goes on. */
  resume(): void {
    this.#ended = false;
  }

  async #pass(appended: Promise<Receipt[]>, { watermark, timeoutMs }: LastGate, signal: AbortSignal | undefined,
    failure: (error: unknown, receipts: Receipt[]) => unknown): Promise<Receipt[]> {
    const receipts = await appended;
    const last = receipts.at(-1)!;
    try {
      await this.#reach(rawWait(watermark, last, timeoutMs), signal);
    } catch (error) {
      throw failure(error, receipts);
    }
    /* A replayed event may lie below those that were written with it. */
    if (watermark === "durable") for (const receipt of receipts) if (receipt.sequence <= last.sequence) markDurable(receipt);
    return receipts;
  }

  async #reach(awaited: RawWait, signal: AbortSignal | undefined): Promise<void> {
    if (this.#ended) throw refusal("BP_CLOSED", "the store is being closed", this.#path);
    const start = (): Promise<void> => {
      const answer = raw.bp_store_wait_async(this.#store, ...awaited);
      this.#jobs.set(answer, raw.last_job());
      return answer.finally(() => this.#jobs.delete(answer));
    };
    try {
      await wait(start, signal);
    } catch (error) {
      const stopped = this.#ended && raw.is_error(error) && error.code === Status.BP_STOPPED;
      throw stopped ? refusal("BP_CLOSED", "the store was closed", this.#path) : error;
    }
  }

  async #held<Answer>(answer: Promise<Answer>): Promise<Answer> {
    this.#open.add(answer);
    try {
      return await answer;
    } finally {
      this.#open.delete(answer);
    }
  }
}
