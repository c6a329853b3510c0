import "./dispose.js";
import { DRAFT_NAMES, ITEM_NAMES, kindOf, payloadOf, takeOptions, type Draft, type DraftOptions, type NewEvent } from "./draft.js";
import { BatpakError, refusal, withPath } from "./errors.js";
import type { Receipt } from "./receipt.js";
import { bytesOf, known } from "./text.js";
import type { Waiting } from "./waiting.js";

/** What the drafts of a batch have in common. */
export interface BatchOptions {
  /** Makes it the reaction to an event, by its id of 16 bytes: all drafts get this correlation. */
  readonly correlationId?: Uint8Array | null | undefined;
  /** The event that caused those drafts that name no cause of their own; it wants `correlationId`. */
  readonly causationId?: Uint8Array | null | undefined;
}

const BATCH_NAMES: ReadonlySet<string> = new Set(["correlationId", "causationId"]);

type ItemOptions = DraftOptions & Pick<Draft, "causeItem">;

/** How a batch reaches its store. @internal */
export interface BatchTarget {
  readonly path: string;
  append(drafts: readonly Draft[]): Receipt[];
  appendAsync(drafts: readonly Draft[], options: Waiting | undefined): Promise<Receipt[]>;
}

/**
 * A batch that is being gathered, as `Store.batch` answers it: the reference calls it an outbox. Nothing of it is in the store
 * before {@link flush}; leaving `using`, or forgetting it, drops what was not flushed.
 *
 * @since 0.2
 */
export class Batch {
  readonly #target: BatchTarget;
  readonly #correlationId: Uint8Array | undefined;
  readonly #causationId: Uint8Array | undefined;
  #drafts: Draft[] = [];
  #receipts: readonly Receipt[] | undefined;
  #flushing = false;

  /** @internal */
  constructor(target: BatchTarget, options: BatchOptions) {
    known(options, BATCH_NAMES);
    const { correlationId, causationId } = options;
    this.#target = target;
    this.#correlationId = idOf("correlationId", correlationId);
    this.#causationId = idOf("causationId", causationId);
    if (this.#causationId !== undefined && this.#correlationId === undefined) {
      throw refusal("BP_ARGUMENT", "a batch that is caused is correlated too: give correlationId");
    }
  }

  /**
   * Gathers one event, as it is now. Answers its index, which can be a later one's `causeItem`.
   *
   * @throws {@link BatpakError} `BP_ARGUMENT`, `BP_VALUE`; all else is judged by {@link flush}.
   */
  append(entity: string, scope: string, event: NewEvent, options?: DraftOptions & Pick<Draft, "causeItem">): number {
    return this.#gather(entity, scope, event, () => options === undefined ? {} : ownOptions(options, ITEM_NAMES));
  }

  /** Gathers a draft, as {@link append} does. */
  add(draft: Draft): number {
    if (typeof draft !== "object" || draft === null) throw refusal("BP_ARGUMENT", "a draft is { entity, scope, event, ... }", this.#target.path);
    const { entity, scope, event } = draft;
    return this.#gather(entity, scope, event, () => ownOptions(draft, DRAFT_NAMES));
  }

  #gather(entity: string, scope: string, event: NewEvent, options: () => ItemOptions): number {
    this.#look();
    try {
      if (typeof entity !== "string" || typeof scope !== "string") throw refusal("BP_ARGUMENT", "entity and scope are strings");
      const own = { kind: kindOf(event), payload: new Uint8Array(payloadOf(event)) };
      return this.#drafts.push({ ...this.#reacting(options()), entity, scope, event: own }) - 1;
    } catch (error) {
      throw withPath(error, this.#target.path);
    }
  }

  /** How many drafts are gathered. */
  get length(): number {
    return this.#drafts.length;
  }

  /** Forgets them. */
  clear(): void {
    this.#look();
    this.#drafts = [];
  }

  /**
   * Appends what was gathered as one batch, and is empty then. What a failed flush did not append stays gathered.
   *
   * @throws {@link BatpakError} as `Store.appendBatch`.
   */
  flush(): readonly Receipt[] {
    this.#look();
    try {
      return this.#flushed(this.#target.append(this.#drafts));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** As {@link flush}, on another thread. Until it is settled the batch takes nothing. */
  async flushAsync(options?: Waiting): Promise<readonly Receipt[]> {
    this.#look();
    this.#flushing = true;
    try {
      return this.#flushed(await this.#target.appendAsync(this.#drafts, options));
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#flushing = false;
    }
  }

  /** Those of the last flush; undefined before. */
  get receipts(): readonly Receipt[] | undefined {
    return this.#receipts;
  }

  /** Drops what was not flushed: an exception could not be told from an end in good order. */
  [Symbol.dispose](): void {
    this.#drafts = [];
  }

  #look(): void {
    if (this.#flushing) throw refusal("BP_BUSY", "the batch is being flushed", this.#target.path);
  }

  #flushed(receipts: readonly Receipt[]): readonly Receipt[] {
    this.#drafts = [];
    return this.#receipts = receipts;
  }

  /* It may be in the store, and only its gate was not passed. */
  #failed(error: unknown): unknown {
    if (error instanceof BatpakError && error.accepted !== undefined && error.accepted.length > 0) this.#flushed(error.accepted);
    return error;
  }

  #reacting(options: ItemOptions): ItemOptions {
    if (this.#correlationId === undefined) return options;
    const caused = options.causationId !== undefined || (options.causeItem !== undefined && options.causeItem !== null);
    return { ...options, correlationId: this.#correlationId, causationId: caused ? options.causationId : this.#causationId };
  }
}

function idOf(what: string, id: Uint8Array | null | undefined): Uint8Array | undefined {
  return id === undefined || id === null ? undefined : new Uint8Array(bytesOf(what, id, 16));
}

/* Copies of their bytes: the caller may do with his own what he likes. */
function ownOptions(options: ItemOptions, names: ReadonlySet<string>): ItemOptions {
  const taken = takeOptions(options, names)!;
  const { key, expect, correlationId, causationId, extensions } = taken;
  return {
    ...taken,
    key: idOf("key", key),
    expect: typeof expect === "object" && expect !== null ? idOf("expect", expect) : expect,
    correlationId: idOf("correlationId", correlationId),
    causationId: idOf("causationId", causationId),
    extensions: extensions === undefined ? undefined : Object.fromEntries(extensions.map(([name, value]) => [name, new Uint8Array(value)])),
  };
}
