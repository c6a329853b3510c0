import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { open, payloadDecode } from "batpak";
import { openedWhenFree, refused, temporary } from "./support/store.mjs";

const script = new URL("./support/worker.mjs", import.meta.url);

describe("worker threads", () => {
  it("each has a store of its own", async () => {
    const directories = Array.from({ length: 4 }, temporary);
    const workers = directories.map((directory) => new Worker(script, { workerData: { task: "append", directory, count: 200 } }));
    const mine = open(temporary());
    for (let index = 0; index < 100; index++) mine.append("a", "s", { kind: 0xf001, value: index });
    const answers = await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0]));
    await Promise.all(workers.map((worker) => worker.terminate()));
    assert.deepEqual(answers, [200, 200, 200, 200]);
    for (const directory of directories) {
      const store = open(directory);
      assert.deepEqual([...store.events({ entity: "a" })].map((event) => event.value()), answers[0] && Array.from({ length: 200 }, (_, i) => i));
      assert.equal(store.verify().verdict, "CONSISTENT");
      store.close();
    }
    mine.close();
  });

  it("another thread's store is locked, as another handle's", async () => {
    const directory = temporary();
    const worker = new Worker(script, { workerData: { task: "hold", directory } });
    await once(worker, "message");
    refused(() => open(directory), "BP_LOCKED");
    await worker.terminate();
    (await openedWhenFree(directory)).close();
  });

  for (const task of ["append", "appendAsync", "mixed", "verify"]) {
    it(`terminate in the middle of ${task}: the lock is free, what was answered is there`, async () => {
      for (let round = 0; round < 5; round++) {
        const directory = temporary();
        const shared = new Int32Array(new SharedArrayBuffer(8));
        const worker = new Worker(script, { workerData: { task, directory, count: Infinity, shared } });
        await once(worker, "message");
        while (Atomics.load(shared, 0) < 20 * (round + 1)) await sleep(1);
        const answered = Atomics.load(shared, 0);
        await worker.terminate();
        const store = await openedWhenFree(directory);
        const { length } = [...store.events({ entity: "a" })];
        if (task !== "verify") assert.ok(length >= answered, `${length} events, ${answered} answered`);
        assert.equal(store.verify().verdict, "CONSISTENT");
        store.close();
      }
    });
  }

  it("an environment that ends without close releases its store", async () => {
    for (const task of ["leave", "leaveAsync", "exit"]) {
      const directory = temporary();
      const worker = new Worker(script, { workerData: { task, directory } });
      await once(worker, "exit");
      const store = await openedWhenFree(directory);
      assert.equal([...store.events({ entity: "a" })].length, 1);
      store.close();
    }
  });

  it("many come and go", async () => {
    const directory = temporary();
    for (let index = 0; index < 20; index++) {
      const worker = new Worker(script, { workerData: { task: "append", directory, count: 5 } });
      await once(worker, "message");
      await worker.terminate();
    }
    const store = await openedWhenFree(directory);
    assert.equal([...store.events({ entity: "a" })].length, 100);
    store.close();
  });

  it("an exception of a step stays in its thread", async () => {
    const worker = new Worker(script, { workerData: { task: "throw", directory: temporary() } });
    const [message] = await once(worker, "message");
    assert.deepEqual(message, { message: "mine", goesOn: 3 });
    await worker.terminate();
  });

  it("payloads are sent to other threads as any bytes are", async () => {
    const worker = new Worker(script, { workerData: { task: "send", directory: temporary() } });
    const [payload] = await once(worker, "message");
    assert.deepEqual(payloadDecode(payload), { x: [1, "é"] });
    await worker.terminate();
  });
});
