import type { Piece } from "./drafts.js";
import { raw, type RawBatch } from "./native.js";
import type { Receipt } from "./receipt.js";

/* One caller's drafts: they go in order, and the first that fails ends them. */
interface Unit {
  readonly receipts: Receipt[];
  resolve: (receipts: Receipt[]) => void;
  reject: (error: unknown) => void;
  /** Nobody waits for it any more. */
  over?: boolean;
}

/* A piece of them. */
interface Chunk extends Piece {
  readonly unit: Unit;
  readonly last: boolean;
  /* All or none: it goes alone. */
  readonly atomic: boolean;
}

/* Drafts that go together, about. */
const BATCH_DRAFTS = 4096;

/** How the queue reaches its store. @internal */
export interface Target {
  send(chunks: Uint8Array[], counts: number[], atomic: boolean): Promise<RawBatch>;
  receipts(batch: RawBatch): Receipt[];
  /** The error for a caller, with the receipts that there are. */
  failure(error: unknown, receipts: Receipt[]): unknown;
}

/**
 * Appends that wait without the thread. One batch is under way at a time; whoever comes meanwhile goes with the next one, so
 * that many callers share one write and one flush, and come in the order in which they called.
 *
 * @internal
 */
export class AppendQueue {
  readonly #target: Target;
  #waiting: Chunk[] = [];
  #running: Promise<void> | undefined;

  constructor(target: Target) {
    this.#target = target;
  }

  /** The pieces are the queue's from now on; those of a batch are one. */
  append(pieces: readonly Piece[], atomic: boolean, signal: AbortSignal | undefined): Promise<Receipt[]> {
    return new Promise((resolve, reject) => {
      const unit: Unit = { receipts: [], resolve, reject };
      if (pieces.length === 0) return resolve([]);
      const last = pieces.length - 1;
      this.#waiting.push(...pieces.map((piece, index) => ({ ...piece, unit, atomic, last: index === last })));
      if (signal !== undefined) this.#heed(signal, unit);
      this.#running ??= Promise.resolve().then(() => this.#run());
    });
  }

  /** When all that was taken is settled. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /* Given up: what has not begun is not sent; what has runs on, and nobody hears of it. */
  #heed(signal: AbortSignal, unit: Unit): void {
    const { resolve, reject } = unit;
    const abort = (): void => {
      unit.over = true;
      this.#forget(unit);
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    unit.resolve = (receipts): void => {
      signal.removeEventListener("abort", abort);
      resolve(receipts);
    };
    unit.reject = (error): void => {
      signal.removeEventListener("abort", abort);
      reject(error);
    };
  }

  #forget(unit: object): void {
    this.#waiting = this.#waiting.filter((chunk) => chunk.unit !== unit);
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const chunks = this.#next();
      let batch: RawBatch;
      let failed: { error: unknown } | undefined;
      try {
        batch = await this.#target.send(chunks.map(({ bytes }) => bytes), chunks.map(({ count }) => count), chunks[0]!.atomic);
      } catch (error) {
        batch = error as RawBatch;
        failed = { error };
      }
      const some = failed === undefined || (raw.is_error(failed.error) && batch.accepted > 0);
      this.#settle(chunks, some ? this.#target.receipts(batch) : [], failed);
    }
    this.#running = undefined;
  }

  #next(): Chunk[] {
    if (this.#waiting[0]!.atomic) return this.#waiting.splice(0, 1);
    let drafts = 0;
    const end = this.#waiting.findIndex(({ count, atomic }) => (drafts += count) > BATCH_DRAFTS || atomic);
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : Math.max(1, end));
  }

  /* Hands out the receipts. The first chunk that is short of some is the one that failed, or the last one
   * where none is; those behind it wait anew. */
  #settle(chunks: Chunk[], receipts: readonly Receipt[], failed: { error: unknown } | undefined): void {
    let at = 0;
    for (let index = 0; index < chunks.length; index++) {
      const { unit, count, last } = chunks[index]!;
      const got = receipts.slice(at, at + count);
      unit.receipts.push(...got);
      at += got.length;
      if (got.length < count || (failed !== undefined && index === chunks.length - 1)) {
        this.#waiting.unshift(...chunks.slice(index + 1).filter((chunk) => chunk.unit.over !== true));
        this.#forget(unit);
        unit.reject(this.#target.failure(failed?.error, unit.receipts));
        return;
      }
      if (last) unit.resolve(unit.receipts);
    }
  }
}
