// What lasts from one instruction to the next: one store, and the clock that the program holds.
import { setImmediate } from "node:timers/promises";

export const CLOCK_START = 1_700_000_000_000_000n;

export class Session {
  store = undefined;
  clock = BigInt64Array.of(CLOCK_START);

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
