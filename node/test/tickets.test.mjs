/* Tickets: submitted and decided later; waited for, awaited, polled, dropped; what fails; how full the queue is. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { EMPTY, keyGenerate, open, Receipt, Ticket } from "batpak";
import { id, openedWhenFree, refused, refusedAsync, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const draft = (value, more) => ({ entity: "e", scope: "s", event: { kind: KIND, value }, ...more });
const drafts = (count) => Array.from({ length: count }, (_, value) => draft(value));
const sequences = (receipts) => receipts.map(({ sequence }) => Number(sequence));
const descriptors = () => fs.readdirSync("/proc/self/fd").length;

async function collected() {
  for (let round = 0; round < 5; round++) {
    globalThis.gc();
    await sleep(5);
  }
}

describe("a ticket", () => {
  it("answers what the append would have", async () => {
    const key = keyGenerate();
    for (const options of [{}, { signingSeeds: [key.seed] }]) {
      const store = open(temporary(), options);
      const ticket = store.submit(draft(1, { key: id(1), extensions: { "a.b": id(2) } }));
      assert.ok(ticket instanceof Ticket);
      const receipt = ticket.wait();
      assert.ok(receipt instanceof Receipt && ticket.done);
      assert.equal(ticket.wait(0), receipt);
      assert.equal(await ticket, receipt);
      assert.deepEqual(ticket.receipts, [receipt]);
      assert.deepEqual([receipt.eventId, { ...receipt.extensions }, receipt.replayed, receipt.durable], [id(1), { "a.b": id(2) }, false, true]);
      assert.ok(store.verifyReceipt(receipt).valid);
      const again = await store.submit(draft(1, { key: id(1) }));
      assert.deepEqual([again.replayed, again.same, { ...again.extensions }], [true, true, { "a.b": id(2) }]);
      await store.closeAsync();
    }
  });

  it("of a batch answers all its receipts", async () => {
    const store = open(temporary());
    const ticket = store.submitBatch([draft(1), draft(2, { causeItem: 0, extensions: { "a.b": id(3) } }), draft(3)]);
    const receipts = await ticket;
    assert.deepEqual(sequences(receipts), [1, 2, 3]);
    assert.deepEqual(receipts.map(({ extensions }) => ({ ...extensions })), [{}, { "a.b": id(3) }, {}]);
    assert.deepEqual(store.get(receipts[1].eventId).causationId, receipts[0].eventId);
    assert.deepEqual([store.submitBatch([]).wait(), ticket.receipts], [[], receipts]);
    store.close();
  });

  it("is in one order with the appends", async () => {
    const store = open(temporary(), { durability: "written" });
    const tickets = drafts(50).map((one) => store.submit(one));
    const receipt = store.append("e", "s", { kind: KIND, value: 50 });
    const answers = await Promise.all(tickets);
    assert.deepEqual(sequences([...answers, receipt]).sort((a, b) => a - b), Array.from({ length: 51 }, (_, at) => at + 1));
    assert.deepEqual(sequences(answers), sequences(answers).sort((a, b) => a - b));
    const pressure = store.pressure();
    assert.deepEqual([pressure.queued, pressure.capacity, pressure.threshold, pressure.isIdle, pressure.utilization, pressure.headroom],
      [0n, 4096n, 3072n, true, 0, 4096n]);
    assert.deepEqual(pressure.toJSON(), { queued: 0, capacity: 4096, threshold: 3072 });
    store.close();
  });

  it("is refused by its look, or fails later", async () => {
    const directory = temporary();
    const store = open(directory);
    for (const [call, code] of [
      [() => store.submit(draft(1, { entity: "" })), "BP_ENTITY_EMPTY"], [() => store.submit(draft(1, { gate: "visible" })), "BP_ARGUMENT"],
      [() => store.submit(draft(1, { causeItem: 0 })), "BP_ARGUMENT"], [() => store.submit(draft(1, { colour: 1 })), "BP_ARGUMENT"],
      [() => store.submit(5), "BP_ARGUMENT"], [() => store.submit(), "BP_ARGUMENT"], [() => store.submitBatch(5), "BP_ARGUMENT"],
      [() => store.submitBatch([draft(1), draft(2, { causeItem: 1 })]), "BP_BATCH_CAUSE"],
      [() => store.submitBatch([draft(1, { expect: EMPTY })]), "BP_BATCH_EXPECTATION"],
    ]) assert.equal(refused(call, code).path, directory);
    const ticket = store.submit(draft(1, { expect: 4 }));
    const error = await refusedAsync(ticket.waitAsync(), "BP_EXPECTED_CLOCK");
    assert.deepEqual([error.path, error.expected, ticket.done, ticket.receipts], [directory, 4n, true, undefined]);
    refused(() => ticket.wait(), "BP_EXPECTED_CLOCK");
    await refusedAsync(Promise.resolve(ticket), "BP_EXPECTED_CLOCK");
    for (const timeoutMs of [-1, 1.5, 2 ** 32, "5"]) refused(() => ticket.wait(timeoutMs), "BP_ARGUMENT");
    for (const options of [5, { timeout: 5 }, { signal: 5 }]) await refusedAsync(ticket.waitAsync(options), "BP_ARGUMENT");
    store.close();
    for (const call of [() => store.submit(draft(1)), () => store.submitBatch([]), () => store.pressure()]) refused(call, "BP_CLOSED");
    const reader = open(directory, { mode: "read_only" });
    for (const call of [() => reader.submit(draft(1)), () => reader.submitBatch([]), () => reader.pressure()]) refused(call, "BP_READ_ONLY");
    reader.close();
  });

  it("lets the event loop go on, however many are awaited", async () => {
    const store = open(temporary());
    await store.submit(draft(0));
    const before = descriptors();
    for (let round = 0; round < 5; round++) {
      const tickets = drafts(100).map((one) => store.submit(one));
      const twice = tickets.map((ticket) => Promise.all([ticket, ticket.waitAsync(), ticket]));
      assert.equal(descriptors(), before);
      for (const [one, two, three] of await Promise.all(twice)) assert.ok(one === two && two === three);
      assert.equal(descriptors(), before);
    }
    assert.equal(store.stat().events, 502n);
    await store.closeAsync();
  });

  it("keeps the process only while it is awaited", () => {
    const program = `
      import { open } from "batpak";
      const store = open(${JSON.stringify(temporary())}, { durability: "written" });
      const forgotten = store.submit({ entity: "e", scope: "s", event: { kind: ${KIND}, value: 1 } });
      store.submit({ entity: "e", scope: "s", event: { kind: ${KIND}, value: 2 } }).waitAsync()
        .then(({ sequence }) => console.log("sequence", Number(sequence), forgotten.done));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { timeout: 300_000, encoding: "utf8" });
    assert.equal(stdout, "sequence 2 true\n", stderr);
  });

  it("is given up by a signal, and committed all the same", async () => {
    const store = open(temporary());
    await assert.rejects(store.submit(draft(1)).waitAsync({ signal: AbortSignal.abort(new Error("early")) }), /early/);
    /* Large enough to be under way for a while; on a busy machine each may be decided before it is waited for. */
    const event = { kind: KIND, payload: new Uint8Array(8 << 20) };
    let submitted = 1;
    for (let given = false; !given; submitted += 3) {
      assert.ok(submitted < 100, "none was given up");
      const stop = new AbortController();
      const waits = [0, 1, 2].map(() => store.submit({ entity: "e", scope: "s", event }).waitAsync({ signal: stop.signal }));
      stop.abort(new Error("enough"));
      given = (await Promise.allSettled(waits)).some(({ reason }) => reason?.message === "enough");
    }
    await store.closeAsync();
    const reader = open(store.path, { mode: "read_only" });
    assert.equal([...reader.events({ kind: KIND })].length, submitted);
    reader.close();
  });

  it("outlives the store, whose close decides it; dropped, it cancels nothing", async () => {
    const directory = temporary();
    const store = open(directory, { durability: "written" });
    const kept = drafts(100).map((one) => store.submit(one));
    for (const one of drafts(100)) store.submit(one);
    await collected();
    store.close();
    assert.ok(kept.every(({ done }) => done));
    assert.deepEqual(sequences(kept.map((ticket) => ticket.wait())), Array.from({ length: 100 }, (_, at) => at + 1));
    assert.equal((await kept[0]).sequence, 1n);
    const reader = open(directory, { mode: "read_only" });
    assert.equal([...reader.events({ kind: KIND })].length, 200);
    reader.close();
  });

  it("waits for room in the queue", () => {
    const store = open(temporary(), { queueCapacity: 2, durability: "written" });
    const tickets = drafts(50).map((one) => store.submit(one));
    assert.deepEqual(sequences(tickets.map((ticket) => ticket.wait())), Array.from({ length: 50 }, (_, at) => at + 1));
    assert.deepEqual(store.pressure().toJSON(), { queued: 0, capacity: 2, threshold: 2 });
    store.close();
  });

  it("ends with its thread", async () => {
    for (let round = 0; round < 5; round++) {
      const directory = temporary();
      const worker = new Worker(new URL("./support/worker.mjs", import.meta.url), { workerData: { task: "tickets", directory } });
      await once(worker, "message");
      await sleep(5 * round);
      await worker.terminate();
      const store = await openedWhenFree(directory);
      assert.equal(store.verify().verdict, "CONSISTENT");
      store.close();
    }
  });
});
