/* The frontier: six points, waiting for them, gates of appends, the receipts of gates that were not passed. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { EMPTY, Frontier, keyGenerate, open } from "batpak";
import { id, openedWhenFree, refused, refusedAsync, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const event = { kind: KIND, value: 1 };
const written = (options) => open(temporary(), { durability: "written", ...options });
const append = (store, options) => store.append("e:1", "s", event, options);
const drafts = (count, options) =>
  Array.from({ length: count }, (_, at) => ({ entity: "e:1", scope: "s", event, ...(at === count - 1 ? options : {}) }));
const threads = () => fs.readdirSync("/proc/self/task").length;
const descriptors = () => fs.readdirSync("/proc/self/fd").length;
const sequences = (receipts) => receipts.map(({ sequence }) => Number(sequence));

describe("the frontier", () => {
  it("is six points", () => {
    const store = written();
    const opened = store.frontier();
    assert.ok(opened instanceof Frontier);
    for (const name of ["written", "durable", "visible", "emitted", "applied"]) assert.deepEqual(opened[name], opened.accepted);
    assert.deepEqual([opened.oldestPendingMs, opened.visibleMinusDurable], [null, 0n]);
    const { eventId, sequence } = append(store);
    const frontier = store.frontier();
    const point = { wallMs: store.get(eventId).wallMs, sequence };
    for (const name of ["accepted", "written", "visible", "emitted"]) assert.deepEqual(frontier[name], point);
    assert.deepEqual([frontier.durable, frontier.applied], [opened.durable, opened.applied]);
    assert.equal(frontier.visibleMinusDurable, 1n);
    assert.equal(typeof frontier.oldestPendingMs, "bigint");
    assert.deepEqual(JSON.parse(JSON.stringify(frontier)).visible, { wall_ms: Number(point.wallMs), sequence: 1 });
    store.sync();
    assert.deepEqual([store.frontier().durable, store.frontier().oldestPendingMs], [point, null]);
    store.close();
    refused(() => store.frontier(), "BP_CLOSED");
  });

  it("is waited for by point, receipt and sequence", async () => {
    const store = written();
    const receipt = append(store);
    const points = [receipt, receipt.sequence, 1, store.frontier().visible];
    for (const point of points) {
      store.wait("visible", point);
      const { expected, actual, receipt: none } = refused(() => store.wait("durable", point, 5), "BP_WAIT_TIMEOUT");
      assert.deepEqual([expected, actual, none], [1n, 0n, undefined]);
      assert.equal((await refusedAsync(store.waitAsync("durable", point, { timeoutMs: 0 }), "BP_WAIT_TIMEOUT")).path, store.path);
    }
    store.sync();
    for (const point of points) {
      store.wait("durable", point, null);
      await store.waitAsync("durable", point);
    }
    await refusedAsync(store.waitAsync("durable", 9, { timeoutMs: 250 }), "BP_WAIT_TIMEOUT");
    store.close();
  });

  it("cannot be waited for otherwise", async () => {
    const directory = temporary();
    const store = open(directory);
    const cases = [["accepted", 0], ["written", 0], ["emitted", 0], [undefined, 0], ["toString", 0], ["durable", -1], ["durable", 2n ** 64n],
      ["durable", "0"], ["durable", undefined], ["durable", null], ["durable", { sequence: 1n }], ["durable", { wallMs: 0n, sequences: 1n }]];
    for (const [watermark, point] of cases) {
      refused(() => store.wait(watermark, point, 0), "BP_ARGUMENT");
      await refusedAsync(store.waitAsync(watermark, point, { timeoutMs: 0 }), "BP_ARGUMENT");
    }
    for (const timeoutMs of [-1, 1.5, 2 ** 32, "5", 5n]) refused(() => store.wait("durable", 0, timeoutMs), "BP_ARGUMENT");
    await refusedAsync(store.waitAsync("durable", 0, { timeout: 5 }), "BP_ARGUMENT");
    await refusedAsync(store.waitAsync("durable", 0, 5), "BP_ARGUMENT");
    await refusedAsync(store.waitAsync("durable", 0, { signal: 5 }), "BP_ARGUMENT");
    store.close();
    const reader = open(directory, { mode: "read_only" });
    assert.equal(reader.frontier().oldestPendingMs, null);
    refused(() => reader.wait("durable", 0), "BP_READ_ONLY");
    await refusedAsync(reader.waitAsync("durable", 0), "BP_READ_ONLY");
    reader.close();
  });

  it("does not keep the pool from the flush that is waited for", async () => {
    const store = written();
    const receipt = append(store);
    /* Were the flush kept from running, they would end by their time. */
    const waits = Array.from({ length: 20 }, () => store.waitAsync("durable", receipt, { timeoutMs: 60_000 }));
    await store.syncAsync();
    await Promise.all(waits);
    store.close();
  });

  it("is waited for longer than a timer of Node's can run", async () => {
    const store = written();
    const receipt = append(store);
    const waits = [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2].map((timeoutMs) => store.waitAsync("durable", receipt, { timeoutMs }));
    /* A timer that is too long for Node ends in its next turn. */
    await sleep(20);
    store.sync();
    await Promise.all(waits);
    store.close();
  });

  it("is waited for by any number without a thread or a descriptor for each", async () => {
    const store = written();
    const first = store.waitAsync("visible", 1);
    const before = [threads(), descriptors()];
    const waits = Array.from({ length: 200 }, (_, at) => store.waitAsync("visible", 1 + (at % 2)));
    const late = Array.from({ length: 200 }, () => refusedAsync(store.waitAsync("applied", 9, { timeoutMs: 1 }), "BP_WAIT_TIMEOUT"));
    assert.ok(threads() <= before[0] && descriptors() <= before[1], `${[threads(), descriptors()]}, ${before} before`);
    append(store);
    append(store);
    await Promise.all([first, ...waits]);
    for (const error of await Promise.all(late)) assert.deepEqual([error.expected, error.actual], [9n, 0n]);
    store.close();
  });

  it("is given up by a signal, and the store can be closed at once", async () => {
    const store = written();
    const signal = AbortSignal.timeout(20);
    await assert.rejects(store.waitAsync("durable", 5, { signal }), (error) => error === signal.reason);
    const stop = new AbortController();
    const wait = store.waitAsync("applied", 5, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await assert.rejects(wait, /enough/);
    await assert.rejects(store.waitAsync("visible", 1, { signal: AbortSignal.abort(new Error("early")) }), /early/);
    const other = new AbortController();
    const told = store.waitAsync("visible", 1, { signal: other.signal });
    append(store);
    /* Behind it: the word is on its way when the wait is given up. */
    store.submit({ entity: "e", scope: "s", event }).wait();
    other.abort(new Error("late"));
    await assert.rejects(told, /late/);
    store.close();
    await sleep(10);
  });

  it("that is closed tells who waits, behind its last flush", async () => {
    const store = written();
    const [durable, applied] = [store.waitAsync("durable", append(store)), refusedAsync(store.waitAsync("applied", 9), "BP_CLOSED")];
    store.close();
    await durable;
    assert.equal((await applied).path, store.path);
  });

  it("keeps the process only while somebody waits for it", () => {
    const program = `
      import { open } from "batpak";
      const store = open(${JSON.stringify(temporary())}, { durability: "written" });
      const stop = new AbortController();
      store.waitAsync("applied", 9, { signal: stop.signal }).catch((error) => console.log(error.message));
      store.waitAsync("applied", 9, { timeoutMs: 2 }).catch((error) => { console.log(error.code); stop.abort(new Error("enough")); });`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { timeout: 300_000, encoding: "utf8" });
    assert.equal(stdout, "BP_WAIT_TIMEOUT\nenough\n", stderr);
  });

  it("ends with BP_CLOSED where the store is closed", async () => {
    const store = written();
    const waits = [store.waitAsync("applied", 5), store.appendAsync("e:1", "s", event, { gate: "applied" })];
    const settled = Promise.allSettled(waits);
    await store.closeAsync();
    const [{ reason }, gated] = await settled;
    assert.equal(reason.code, "BP_CLOSED");
    assert.deepEqual([gated.reason.code, gated.reason.receipt.sequence], ["BP_CLOSED", 1n]);
    await refusedAsync(store.waitAsync("durable", 0), "BP_CLOSED");
  });

  it("ends where its thread ends", async () => {
    const directory = temporary();
    const worker = new Worker(new URL("./support/worker.mjs", import.meta.url), { workerData: { task: "wait", directory } });
    await once(worker, "message");
    await sleep(20);
    await worker.terminate();
    (await openedWhenFree(directory)).close();
  });
});

describe("a gate", () => {
  it("answers the receipt with the error", () => {
    const key = keyGenerate();
    for (const options of [{}, { signingSeeds: [key.seed] }]) {
      const store = written(options);
      assert.equal(append(store, { gate: "visible" }).durable, false);
      assert.equal(append(store, { gate: "durable", durability: "durable" }).durable, true);
      const { receipt, expected } = refused(() => append(store, { gate: "durable", gateTimeoutMs: 5, extensions: { "a.b": id(1) } }), "BP_WAIT_TIMEOUT");
      assert.deepEqual([receipt.durable, { ...receipt.extensions }, receipt.sequence], [false, { "a.b": id(1) }, expected]);
      assert.equal(store.get(receipt.eventId).sequence, expected);
      assert.ok(store.verifyReceipt(receipt).valid);
      assert.equal(refused(() => append(store, { gate: "durable", expect: EMPTY }), "BP_EXPECTED_EMPTY").receipt, undefined);
      refused(() => append(store, { gate: "applied", gateTimeoutMs: 0 }), "BP_WAIT_TIMEOUT");
      assert.equal(append(store).sequence, 5n);
      store.close();
    }
  });

  it("of a replay is waited at too", () => {
    const store = written();
    const extensions = { "a.long": new Uint8Array(5000).fill(3) };
    append(store, { key: id(1), extensions });
    const { receipt } = refused(() => append(store, { key: id(1), gate: "durable", gateTimeoutMs: 0 }), "BP_WAIT_TIMEOUT");
    assert.deepEqual([receipt.replayed, { ...receipt.extensions }], [true, extensions]);
    const { accepted } = refused(() => store.appendMany(drafts(1, { key: id(1), gate: "durable", gateTimeoutMs: 0 })), "BP_WAIT_TIMEOUT");
    assert.deepEqual({ ...accepted[0].extensions }, extensions);
    store.sync();
    assert.equal(append(store, { key: id(1), gate: "durable" }).durable, true);
    store.close();
  });

  it("of many is that of the last", async () => {
    const store = written();
    const late = { gate: "durable", gateTimeoutMs: 0 };
    assert.deepEqual(sequences(refused(() => store.appendMany(drafts(3, late)), "BP_WAIT_TIMEOUT").accepted), [1, 2, 3]);
    assert.deepEqual(sequences((await refusedAsync(store.appendManyAsync(drafts(3, late)), "BP_WAIT_TIMEOUT")).accepted), [4, 5, 6]);
    for (const durability of ["durable", "written"]) {
      const receipts = store.appendManyAsync(drafts(3, { gate: "durable", durability, gateTimeoutMs: 20_000 }));
      await store.appendAsync("a", "s", event);
      await store.syncAsync();
      assert.deepEqual((await receipts).map(({ durable }) => durable), [true, true, true]);
    }
    assert.equal(refused(() => store.appendMany(drafts(5000, { gate: "applied", gateTimeoutMs: 0 })), "BP_WAIT_TIMEOUT").accepted.length, 5000);
    let { events } = store.stat();
    for (const given of [[...drafts(3, { gate: "visible" }), ...drafts(1)], [...drafts(3, { gate: "visible" }), ...drafts(2, { lane: 3 })]]) {
      assert.equal(refused(() => store.appendMany(given), "BP_ARGUMENT").accepted.length, 2);
      events += 2n;
      refused(() => store.appendBatch(given), "BP_ARGUMENT");
      await refusedAsync(store.appendManyAsync(given), "BP_ARGUMENT");
    }
    refused(() => store.appendMany([...drafts(4096, { gate: "visible" }), ...drafts(4)]), "BP_ARGUMENT");
    assert.equal(store.stat().events, events);
    store.close();
  });

  it("of one promise does not hold up the others", async () => {
    const store = written();
    const gated = store.appendAsync("a", "s", event, { gate: "durable" });
    const after = await store.appendAsync("a", "s", event);
    assert.equal(after.sequence, 2n);
    await store.syncAsync();
    assert.deepEqual([(await gated).sequence, (await gated).durable], [1n, true]);
    const error = await refusedAsync(store.appendAsync("a", "s", event, { gate: "applied", gateTimeoutMs: 1 }), "BP_WAIT_TIMEOUT");
    assert.deepEqual([error.receipt.sequence, error.path], [3n, store.path]);
    await store.closeAsync();
  });

  it("of a batch that waits in vain leaves the batch in the store", async () => {
    const store = written();
    const late = { gate: "applied", gateTimeoutMs: 0 };
    assert.deepEqual(sequences(refused(() => store.appendBatch(drafts(3, late)), "BP_WAIT_TIMEOUT").accepted), [1, 2, 3]);
    const batch = store.batch();
    for (const draft of drafts(2, late)) batch.add(draft);
    refused(() => batch.flush(), "BP_WAIT_TIMEOUT");
    assert.deepEqual([batch.length, sequences(batch.receipts)], [0, [4, 5]]);
    for (const draft of drafts(2, late)) batch.add(draft);
    await refusedAsync(batch.flushAsync(), "BP_WAIT_TIMEOUT");
    assert.deepEqual([batch.length, sequences(batch.receipts)], [0, [6, 7]]);
    assert.ok(store.appendBatch(drafts(2, { gate: "durable" })).every(({ durable }) => durable));
    store.close();
  });

  it("is one of three", async () => {
    const store = written();
    for (const gate of ["written", "accepted", "", 1, {}]) {
      refused(() => append(store, { gate }), "BP_ARGUMENT");
      await refusedAsync(store.appendAsync("a", "s", event, { gate }), "BP_ARGUMENT");
    }
    for (const gateTimeoutMs of [-1, 2 ** 32, "1"]) refused(() => append(store, { gate: "visible", gateTimeoutMs }), "BP_ARGUMENT");
    assert.equal(append(store, { gate: null, gateTimeoutMs: null }).sequence, 1n);
    store.close();
  });
});
