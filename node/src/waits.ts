import { BP_WAIT_FOREVER } from "./constants.js";
import type { LastGate } from "./drafts.js";
import { rawWait, type RawWait } from "./frontier.js";
import { raw, type StoreHandle, type TicketHandle } from "./native.js";
import { markDurable, type Receipt } from "./receipt.js";
import { heeding, throwIfAborted } from "./waiting.js";

/**
 * What waits for a watermark of a store without the thread. The close of the store ends it.
 *
 * @internal
 */
export class Waits {
  readonly #store: StoreHandle;
  readonly #open = new Set<Promise<unknown>>();

  constructor(store: StoreHandle) {
    this.#store = store;
  }

  reach(awaited: RawWait, signal: AbortSignal | undefined): Promise<void> {
    return this.#held(this.#reach(awaited, signal));
  }

  /** The receipts, once the gate of the last is passed: behind the queue, for others' flushes go through it. */
  pass(appended: Promise<Receipt[]>, gate: LastGate, signal: AbortSignal | undefined,
    failure: (error: unknown, receipts: Receipt[]) => unknown): Promise<Receipt[]> {
    return this.#held(this.#pass(appended, gate, signal, failure));
  }

  /** When all that the close has ended has been told. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#open);
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

  async #reach([watermark, wallMs, sequence, timeoutMs]: RawWait, signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    const ticket = raw.bp_store_await(this.#store, watermark, wallMs, sequence);
    try {
      const inTime = raw.ticket_done(ticket) || await decided(ticket, timeoutMs, signal);
      /* Whoever is late looks once more, and is told how far the store has come. */
      if (inTime) raw.bp_ticket_wait(ticket, 0);
      else raw.bp_store_wait(this.#store, watermark, wallMs, sequence, 0);
    } finally {
      raw.bp_ticket_free(ticket);
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

/* As long as a timer of Node's can be. */
const LONGEST_MS = 0x7fffffff;

/* False where the time came first: the ticket is free then. */
async function decided(ticket: TicketHandle, timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  let inTime = true;
  const late = (): void => {
    inTime = false;
    raw.bp_ticket_free(ticket);
  };
  const arm = (leftMs: number): void => {
    timer = leftMs > LONGEST_MS ? setTimeout(() => arm(leftMs - LONGEST_MS), LONGEST_MS) : setTimeout(late, leftMs);
  };
  if (timeoutMs < BP_WAIT_FOREVER) arm(timeoutMs);
  try {
    await heeding(raw.ticket_decided(ticket), signal);
    return inTime;
  } finally {
    clearTimeout(timer);
  }
}
