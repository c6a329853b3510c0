import { timeoutOf } from "./frontier.js";
import { raw, translate, type TicketHandle } from "./native.js";
import { receiptsOf, type Receipt } from "./receipt.js";
import { countOf, known } from "./text.js";
import { heeding, throwIfAborted, WAITING_NAMES, type Waiting } from "./waiting.js";

/**
 * Stands for what was submitted, as `Store.submit` and its kin answer it: the store's own thread commits it.
 *
 * Ask it by {@link wait}, or `await` it, any number of times. It outlives the store, whose close decides it. Forgetting it
 * cancels nothing.
 *
 * @since 0.2
 */
export class Ticket<Answer extends Receipt | Receipt[]> implements PromiseLike<Answer> {
  readonly #handle: TicketHandle;
  readonly #path: string;
  readonly #answerOf: (receipts: Receipt[]) => Answer;
  #receipts: Receipt[] | undefined;
  #decided: Promise<void> | undefined;

  /** @internal */
  constructor(handle: TicketHandle, path: string, answerOf: (receipts: Receipt[]) => Answer) {
    this.#handle = handle;
    this.#path = path;
    this.#answerOf = answerOf;
  }

  /** Whether it is decided: {@link wait} answers or throws at once. */
  get done(): boolean {
    return raw.ticket_done(this.#handle);
  }

  /** The receipts, one for each draft in order, once it is decided and nothing failed; undefined otherwise. */
  get receipts(): readonly Receipt[] | undefined {
    if (!this.done) return undefined;
    try {
      return this.#ask(0);
    } catch {
      return undefined;
    }
  }

  /**
   * The receipt, or of a batch the receipts, when it is decided: what the append would have answered.
   *
   * @param timeoutMs for how long at most; 0 looks once; without end where not given, and the thread waits so long
   * @throws {@link BatpakError} as `Store.append` or `Store.appendBatch`; `BP_WAIT_TIMEOUT`.
   */
  wait(timeoutMs?: number | null): Answer {
    try {
      return this.#answerOf(this.#ask(timeoutOf("timeoutMs", timeoutMs)));
    } catch (error) {
      throw translate(error, this.#path);
    }
  }

  /**
   * As {@link wait}, while the event loop goes on, without a thread or a descriptor of its own. An abort
   * cancels nothing that was submitted.
   */
  async waitAsync(options: Waiting = {}): Promise<Answer> {
    try {
      known(options, WAITING_NAMES);
      throwIfAborted(options.signal);
      if (!this.done) await heeding(this.#decided ??= raw.ticket_decided(this.#handle), options.signal);
    } catch (error) {
      throw translate(error, this.#path);
    }
    return this.wait(0);
  }

  /** For `await`. */
  then<Fulfilled = Answer, Rejected = never>(onFulfilled?: ((answer: Answer) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null): Promise<Fulfilled | Rejected> {
    return this.waitAsync().then(onFulfilled, onRejected);
  }

  #ask(timeoutMs: number): Receipt[] {
    return this.#receipts ??= receiptsOf(raw.bp_ticket_wait(this.#handle, timeoutMs));
  }
}

/** A `bp_pressure` as the addon hands it over. @internal */
export interface PressureData {
  readonly queued: bigint;
  readonly capacity: bigint;
  readonly threshold: bigint;
}

/**
 * How full the queue of the tickets is.
 *
 * @since 0.2
 */
export class Pressure {
  /** Drafts and batches that were submitted and are not yet committed. */
  readonly queued: bigint;
  /** How many there may be: `queueCapacity` of `open`. */
  readonly capacity: bigint;
  /** From how many on there is pressure: `pressurePercent` of the capacity. */
  readonly threshold: bigint;

  /** @internal */
  constructor(data: PressureData) {
    this.queued = data.queued;
    this.capacity = data.capacity;
    this.threshold = data.threshold;
  }

  /** From 0 to 1. */
  get utilization(): number {
    return Number(this.queued) / Number(this.capacity);
  }

  /** How many more fit. */
  get headroom(): bigint {
    return this.queued < this.capacity ? this.capacity - this.queued : 0n;
  }

  /** Nothing is queued. */
  get isIdle(): boolean {
    return this.queued === 0n;
  }

  /** The three counts. */
  toJSON(): Record<string, number> {
    const { queued, capacity, threshold } = this;
    return { queued: countOf("queued", queued), capacity: countOf("capacity", capacity), threshold: countOf("threshold", threshold) };
  }
}
