// What lasts from one instruction to the next: one store, and the clock that the program holds.
import { setImmediate } from "node:timers/promises";
import { BatpakError } from "./package.mjs";

const CLOCK_START = 1_700_000_000_000_000n;

export class Session {
  store = undefined;
  clock = BigInt64Array.of(CLOCK_START);
  // By number; undefined where one was freed.
  tickets = [];
  // Those that are not known to be decided.
  unsettled = [];

  // The number of the ticket.
  keep(ticket) {
    this.unsettled.push(ticket);
    return this.tickets.push(ticket) - 1;
  }

  // Waits until what was submitted is decided.
  settle() {
    for (const ticket of this.unsettled.splice(0)) {
      try {
        ticket.wait();
      } catch (error) {
        if (!(error instanceof BatpakError)) throw error;
      }
    }
  }

  // The session as it was in the beginning.
  async forget() {
    this.tickets = [];
    await this.leave();
    this.clock[0] = CLOCK_START;
  }

  // Lets go of the store without closing it, as a program does that forgets it, and waits until it is collected.
  async leave() {
    if (this.store !== undefined) {
      let collected = false;
      const registry = new FinalizationRegistry(() => (collected = true));
      registry.register(this.store);
      this.store = undefined;
      while (!collected) await collect();
      // What the addon does at the end of an object runs in a turn of its own.
      await collect();
    }
  }
}

async function collect() {
  await setImmediate();
  globalThis.gc();
  await setImmediate();
}
