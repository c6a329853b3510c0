import "./dispose.js";
import type { Draft } from "./draft.js";
import { BatpakError } from "./errors.js";
import { raw, translate, type FenceHandle } from "./native.js";
import type { Receipt } from "./receipt.js";
import { submitBy, ticketOfBatch, ticketOfOne, type Submitting } from "./submit.js";
import { known, showAs } from "./text.js";
import type { Ticket } from "./ticket.js";
import { wait, WAITING_NAMES, type Waiting } from "./waiting.js";

/** How a fence reaches its store. @internal */
export interface Fencing extends Submitting {
  /** A call on another thread, which the close of the store waits for. */
  held<Answer>(call: () => Promise<Answer>): Promise<Answer>;
}

/**
 * An open fence, as `Store.fence` answers it.
 *
 * ```ts
 * using fence = store.fence();
 * fence.submit({ entity: "order:1", scope: "shop", event: Placed({ ... }) });
 * fence.submit({ entity: "stock:7", scope: "shop", event: Taken({ ... }) });
 * fence.commit();
 * ```
 *
 * What is submitted to it is written at once and seen by nobody. {@link commit} shows all of it in one step, on the disk;
 * {@link cancel}, leaving `using` before the commit, a fence that is forgotten, a close of the store and the end of its thread
 * hide all of it for ever. While it is open, other appends throw `BP_FENCE_ACTIVE`. A ticket of it is decided when it ends: to
 * wait for one before, with the thread, is to wait for oneself.
 *
 * @since 0.2
 */
export class Fence {
  readonly #handle: FenceHandle;
  readonly #fencing: Fencing;

  /** @internal */
  constructor(handle: FenceHandle, fencing: Fencing) {
    this.#handle = handle;
    this.#fencing = fencing;
  }

  /** The number of the fence in this open store: 1 for the first attempt to begin one, and so on. */
  get token(): bigint {
    return raw.bp_fence_token(this.#handle);
  }

  /**
   * As `Store.submit`, behind the fence. A draft that fails by itself has its ticket decided at once, and leaves the fence open.
   *
   * @throws {@link BatpakError} `BP_FENCE_NOT_ACTIVE`, or as `Store.submit`.
   */
  submit(draft: Draft): Ticket<Receipt> {
    return ticketOfOne(submitBy(this.#fencing, [draft], false, this.#send), this.#fencing.path);
  }

  /** As `Store.submitBatch`, and as {@link submit}. */
  submitBatch(drafts: Iterable<Draft>): Ticket<Receipt[]> {
    return ticketOfBatch(submitBy(this.#fencing, drafts, true, this.#send), this.#fencing.path);
  }

  readonly #send = (arena: Uint8Array, count: number, isBatch: boolean): ReturnType<typeof raw.bp_fence_submit> =>
    raw.bp_fence_submit(this.#handle, arena, count, isBatch);

  /**
   * Flushes, then shows all events of the fence at once; its tickets are decided.
   *
   * @throws {@link BatpakError} `BP_FENCE_NOT_ACTIVE`; `BP_DISK_FULL`, `BP_SYSTEM`, `BP_SYNC_FAILED`, `BP_POISONED`: nothing is
   * shown, and the fence stays open, to be committed again or cancelled.
   */
  commit(): void {
    this.#end(raw.bp_fence_commit);
  }

  /**
   * Hides the events of the fence for ever: their tickets throw `BP_FENCE_CANCELLED`. They hold their keys.
   *
   * @throws {@link BatpakError} as {@link commit}, and the fence stays open.
   */
  cancel(): void {
    this.#end(raw.bp_fence_cancel);
  }

  /** As {@link commit}, on another thread. */
  async commitAsync(options: Waiting = {}): Promise<void> {
    return this.#endAsync(raw.bp_fence_commit_async, options);
  }

  /** As {@link cancel}, on another thread. */
  async cancelAsync(options: Waiting = {}): Promise<void> {
    return this.#endAsync(raw.bp_fence_cancel_async, options);
  }

  /** Cancels it, unless it is over: for `using`. */
  [Symbol.dispose](): void {
    try {
      this.cancel();
    } catch (error) {
      if (!isOver(error)) throw error;
    }
  }

  /** As above, on another thread: for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.cancelAsync();
    } catch (error) {
      if (!isOver(error)) throw error;
    }
  }

  #end(call: (fence: FenceHandle) => void): void {
    try {
      this.#fencing.ready();
      call(this.#handle);
    } catch (error) {
      throw translate(error, this.#fencing.path);
    }
  }

  async #endAsync(call: (fence: FenceHandle) => Promise<void>, options: Waiting): Promise<void> {
    try {
      known(options, WAITING_NAMES);
      this.#fencing.ready();
    } catch (error) {
      throw translate(error, this.#fencing.path);
    }
    return this.#fencing.held(() => wait(() => call(this.#handle), options.signal));
  }

  static {
    showAs(this.prototype, "Fence", ({ token }) => ({ token }));
  }
}

function isOver(error: unknown): boolean {
  return error instanceof BatpakError && error.code === "BP_FENCE_NOT_ACTIVE";
}

/** Cancels a fence that was begun for somebody who does not wait for it any more. @internal */
export async function abandon(fence: FenceHandle): Promise<void> {
  try {
    await raw.bp_fence_cancel_async(fence);
  } catch {
    /* Collecting it cancels it too. */
  }
}
