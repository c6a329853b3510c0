/* What the processes of processes.test.mjs do: `child.mjs TASK DIRECTORY`. */

import process from "node:process";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { open } from "batpak";

const [, , task, directory] = process.argv;
const event = { kind: 0xf001, value: 1 };
const say = (line) => process.stdout.write(`${line}\n`);

function filled() {
  const store = open(directory, { durability: "written", syncEveryEvents: 0 });
  for (let round = 0; round < 10; round++) {
    store.appendMany(Array.from({ length: 5000 }, (_, index) => ({ entity: `e:${index % 50}`, scope: "s", event })));
  }
  return store;
}

/* A handler that only notes the signal: the long work looks at it now and then and ends. */
function interruption() {
  const state = { raised: false };
  process.once("SIGINT", () => { state.raised = true; });
  return state;
}

function end(store) {
  store.close();
  say("closed");
  process.exitCode = 130;
}

const tasks = {
  hold() {
    globalThis.store = open(directory);
    globalThis.store.append("a", "s", event);
    say("held");
    setInterval(() => {}, 1000);
  },
  async turns() {
    for (let done = 0; done < 10;) {
      try {
        const store = open(directory);
        store.append("a", "s", event);
        store.close();
        done++;
      } catch (error) {
        if (error.code !== "BP_LOCKED") throw error;
        await sleep(1);
      }
    }
  },
  append() {
    const store = open(directory);
    for (let count = 1; ; count++) {
      store.append("a", "s", event);
      say(String(count));
    }
  },
  async "interrupted-verify"() {
    const store = filled();
    const state = interruption();
    say("begun");
    while (!state.raised) {
      await store.verifyAsync();
      await turn();
    }
    end(store);
  },
  async "interrupted-fold"() {
    const store = filled();
    const state = interruption();
    say("begun");
    while (!state.raised) {
      store.fold(0, (sum) => sum + 1);
      await turn();
    }
    end(store);
  },
  async "interrupted-append"() {
    const store = open(directory);
    const state = interruption();
    say("begun");
    while (!state.raised) await Promise.all(Array.from({ length: 16 }, () => store.appendAsync("a", "s", event)));
    end(store);
  },
  leave() {
    globalThis.store = open(directory);
    globalThis.store.append("a", "s", event);
  },
  exit() {
    const store = open(directory);
    store.append("a", "s", event);
    process.exit(0);
  },
  throw() {
    const store = open(directory);
    store.append("a", "s", event);
    process.stderr.write = () => true;
    throw new Error("nobody catches this");
  },
};
await tasks[task]();
