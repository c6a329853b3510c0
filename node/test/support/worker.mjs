/* What the worker threads of workers.test.mjs do. */

import { parentPort, workerData } from "node:worker_threads";
import { Gates, open, openAsync } from "batpak";

const { task, directory, count, shared } = workerData;
const draft = (value) => ["a", "s", { kind: 0xf001, value }];

async function appends() {
  const store = open(directory);
  for (let index = 0; index < count; index++) {
    store.append(...draft(index));
    if (shared !== undefined) Atomics.store(shared, 0, index + 1);
    if (index === 0 && shared !== undefined) parentPort.postMessage("begun");
  }
  store.close();
  parentPort.postMessage(count);
}

async function appendsAsync(alsoSync) {
  const store = await openAsync(directory);
  parentPort.postMessage("begun");
  for (let answered = 0; ;) {
    const pending = Array.from({ length: 16 }, (_, index) => store.appendAsync(...draft(index)));
    if (alsoSync) store.append(...draft(-1));
    answered += (await Promise.all(pending)).length + (alsoSync ? 1 : 0);
    Atomics.store(shared, 0, answered);
  }
}

async function verifies() {
  const store = open(directory, { durability: "written" });
  store.appendMany(Array.from({ length: 5000 }, (_, index) => ({ entity: "a", scope: "s", event: { kind: 0xf001, value: index } })));
  parentPort.postMessage("begun");
  for (let round = 1; ; round++) {
    const pending = [store.verifyAsync(), store.pageAsync(), store.syncAsync()];
    store.verify();
    Atomics.store(shared, 0, round * 20);
    await Promise.race(pending);
  }
}

async function leave(append) {
  const store = open(directory);
  await append(store);
}

async function waits() {
  const store = open(directory, { durability: "written" });
  const pending = [store.waitAsync("applied", 9), store.waitAsync("durable", 9), store.appendAsync(...draft(1), { gate: "applied" })];
  parentPort.postMessage("begun");
  await Promise.race(pending);
}

async function tickets() {
  const store = open(directory);
  parentPort.postMessage("begun");
  for (;;) await Promise.all(Array.from({ length: 20 }, (_, value) => store.submit({ entity: "a", scope: "s", event: { kind: 0xf001, value } })));
}

/* Twenty events behind a fence, which stays open. */
function fenced() {
  globalThis.store = open(directory);
  globalThis.fence = globalThis.store.fence();
  for (let value = 0; value < 20; value++) globalThis.fence.submit({ entity: "a", scope: "s", event: { kind: 0xf001, value } });
}

/* A gate that uses a store, and then does this. */
function asks(last) {
  const store = open(directory);
  const evaluate = () => {
    store.append(...draft(1));
    return last();
  };
  const gates = new Gates([{ name: "one", evaluate }, { name: "two", evaluate }]);
  globalThis.kept = gates.evaluate({}, { entity: "a", scope: "s", event: { kind: 0xf001, value: 1 } });
  gates.evaluateAll({});
}

const tasks = {
  tickets,
  fence: () => {
    fenced();
    parentPort.postMessage("fenced");
    setInterval(() => {}, 1000);
  },
  fenceCommit: async () => {
    fenced();
    parentPort.postMessage("fenced");
    await globalThis.fence.commitAsync();
    setInterval(() => {}, 1000);
  },
  wait: waits,
  append: appends,
  appendAsync: () => appendsAsync(false),
  mixed: () => appendsAsync(true),
  verify: verifies,
  hold: () => {
    globalThis.store = open(directory);
    parentPort.postMessage("held");
    setInterval(() => {}, 1000);
  },
  leave: () => leave((store) => store.append(...draft(1))),
  leaveAsync: () => leave((store) => store.appendAsync(...draft(1))),
  exit: () => leave((store) => {
    store.append(...draft(1));
    process.exit(0);
  }),
  gates: () => {
    asks(() => undefined);
    parentPort.postMessage("asked");
    setInterval(() => {}, 1000);
  },
  gatesForever: () => asks(() => {
    parentPort.postMessage("asked");
    for (;;);
  }),
  gatesExit: () => asks(() => process.exit(3)),
  throw: () => {
    const store = open(directory);
    store.append(...draft(1));
    store.append(...draft(2));
    let message;
    try {
      store.fold(0, () => { throw new Error("mine"); });
    } catch (error) {
      ({ message } = error);
    }
    parentPort.postMessage({ message, goesOn: store.fold(0, (state) => state + 1) });
    store.close();
  },
  send: () => {
    const store = open(directory);
    const { eventId } = store.append(...draft({ x: [1, "é"] }));
    parentPort.postMessage(store.get(eventId).payload);
    store.close();
  },
};
await tasks[task]();
