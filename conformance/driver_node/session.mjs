// What lasts from one instruction to the next: one store, and the clock that the program holds.
import { setImmediate } from "node:timers/promises";
import { BatpakError } from "./package.mjs";

const CLOCK_START = 1_700_000_000_000_000n;

export class Session {
  store = undefined;
  clock = BigInt64Array.of(CLOCK_START);
  // By number; undefined where one was freed.
  tickets = [];
  // Those that are not known to be written.
  unsettled = [];
  fence = undefined;
  #isThere = false;
  // Held here: a registry that nobody holds may be collected first, and tells nothing.
  #registry = new FinalizationRegistry(() => (this.#isThere = false));

  // The number of the ticket.
  keep(ticket, isFenced = false) {
    this.unsettled.push({ ticket, isFenced });
    return this.tickets.push(ticket) - 1;
  }

  // Waits until what was submitted is decided, or is written behind a fence.
  settle() {
    const unsettled = this.unsettled.splice(0);
    for (const { ticket, isFenced } of unsettled) if (!isFenced) quietly(() => ticket.wait());
    if (unsettled.some(({ isFenced }) => isFenced)) this.awaitWritten();
  }

  // A fenced ticket is not decided before the end of its fence, but what comes behind it in the queue is answered.
  awaitWritten() {
    if (this.store !== undefined) quietly(() => this.store.sync());
  }

  // Lets go of the store and its fence without closing it, as a program does that forgets it.
  async leave() {
    await this.forget("fence");
    await this.forget("store");
  }

  // Waits until what is held under this name is collected.
  async forget(name) {
    if (this[name] === undefined) return;
    this.#isThere = true;
    this.#registry.register(this[name]);
    this[name] = undefined;
    while (this.#isThere) await collect();
    // What the addon does at the end of an object runs in a turn of its own.
    await collect();
  }

  // The session as it was in the beginning.
  async begin() {
    this.tickets = [];
    await this.leave();
    this.clock[0] = CLOCK_START;
  }
}

function quietly(call) {
  try {
    call();
  } catch (error) {
    if (!(error instanceof BatpakError)) throw error;
  }
}

async function collect() {
  await setImmediate();
  globalThis.gc();
  await setImmediate();
}
