/* Fences: seen all at once or never; left, cancelled, forgotten, closed; what others get meanwhile. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import { EMPTY, Fence, open, openAsync, Ticket } from "batpak";
import { collectUntil, id, openedWhenFree, refused, refusedAsync, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const draft = (value, more) => ({ entity: "e", scope: "s", event: { kind: KIND, value }, ...more });
const seen = (store) => [...store.events({ kind: KIND })].map((event) => event.value());
const stored = (directory) => {
  const reader = open(directory, { mode: "read_only" });
  try {
    return seen(reader);
  } finally {
    reader.close();
  }
};

/** What `call` answers, once it no longer throws `code`: what ends on another thread may take a moment. */
async function past(code, call) {
  for (const deadline = performance.now() + 240_000; ;) {
    try {
      return call();
    } catch (error) {
      if (error.code !== code || performance.now() > deadline) throw error;
      await sleep(1);
    }
  }
}

describe("a fence", () => {
  it("shows all of it by its commit", () => {
    const directory = temporary();
    const store = open(directory);
    store.append("e", "s", { kind: KIND, value: "before" });
    const fence = store.fence();
    assert.ok(fence instanceof Fence && fence.token === 1n);
    assert.match(inspect(fence), /^Fence \{ token: 1n \}$/);
    const one = fence.submit(draft(1));
    const many = fence.submitBatch([draft(2), draft(3, { entity: "f", causeItem: 0 })]);
    const none = fence.submitBatch([]);
    assert.ok(one instanceof Ticket && !one.done);
    refused(() => one.wait(50), "BP_WAIT_TIMEOUT");
    assert.deepEqual([seen(store), one.receipts], [["before"], undefined]);
    fence.commit();
    assert.deepEqual(seen(store), ["before", 1, 2, 3]);
    assert.equal(one.wait().durable, true);
    const receipts = many.wait();
    assert.deepEqual(receipts.map(({ sequence }) => sequence), [3n, 4n]);
    assert.deepEqual([store.get(receipts[1].eventId).causationId, none.wait()], [receipts[0].eventId, []]);
    assert.ok(store.verifyReceipt(one.wait()).valid);
    for (const over of [() => fence.commit(), () => fence.cancel(), () => fence.submit(draft(4)), () => fence.submitBatch([draft(4)])]) {
      assert.equal(refused(over, "BP_FENCE_NOT_ACTIVE").path, directory);
    }
    fence[Symbol.dispose]();
    const next = store.fence();
    assert.equal(next.token, 2n);
    next.commit();
    store.close();
    assert.deepEqual(stored(directory), ["before", 1, 2, 3]);
  });

  it("left without a commit is cancelled, and its events hold their keys", () => {
    const store = open(temporary());
    const fence = store.fence();
    const ticket = fence.submit(draft(1, { key: id(1) }));
    fence[Symbol.dispose]();
    fence[Symbol.dispose]();
    assert.equal(refused(() => ticket.wait(), "BP_FENCE_CANCELLED").path, store.path);
    assert.ok(ticket.done && ticket.receipts === undefined);
    refused(() => store.append("e", "s", { kind: KIND, value: 1 }, { key: id(1) }), "BP_KEY_CANCELLED");
    assert.deepEqual(seen(store), []);
    assert.equal(store.append("e", "s", { kind: KIND, value: 2 }).sequence, 2n);
    const cancelled = store.fence();
    const hidden = cancelled.submit(draft(3));
    cancelled.cancel();
    refused(() => hidden.wait(), "BP_FENCE_CANCELLED");
    assert.deepEqual(seen(store), [2]);
    store.close();
  });

  it("keeps all others out meanwhile", async () => {
    const store = open(temporary());
    const fence = store.fence();
    const event = { kind: KIND, value: 1 };
    for (const call of [() => store.append("e", "s", event), () => store.appendMany([draft(1)]), () => store.appendBatch([draft(1)]),
      () => store.fence(), () => store.submit(draft(1)).wait(), () => store.submitBatch([draft(1)]).wait()]) refused(call, "BP_FENCE_ACTIVE");
    for (const call of [() => store.appendAsync("e", "s", event), () => store.fenceAsync(), () => store.submit(draft(1)).waitAsync()]) {
      await refusedAsync(call(), "BP_FENCE_ACTIVE");
    }
    store.sync();
    fence.submit(draft(2));
    fence.commit();
    store.append("e", "s", { kind: KIND, value: 3 });
    assert.deepEqual(seen(store), [2, 3]);
    store.close();
  });

  it("of one store says nothing to another", () => {
    const [one, other] = [open(temporary()), open(temporary())];
    const [mine, theirs] = [one.fence(), other.fence()];
    assert.deepEqual([mine.token, theirs.token], [1n, 1n]);
    mine.submit(draft("mine"));
    theirs.submit(draft("theirs"));
    mine.cancel();
    refused(() => mine.commit(), "BP_FENCE_NOT_ACTIVE");
    refused(() => other.append("e", "s", { kind: KIND, value: 1 }), "BP_FENCE_ACTIVE");
    theirs.commit();
    assert.deepEqual([seen(one), seen(other)], [[], ["theirs"]]);
    one.close();
    other.close();
  });

  it("is refused what a submission is refused, and stays open", () => {
    const store = open(temporary());
    const fence = store.fence();
    const failed = fence.submit(draft(1, { expect: 9 }));
    refused(() => failed.wait(), "BP_EXPECTED_CLOCK");
    for (const [call, code] of [
      [() => fence.submit(draft(1, { gate: "durable" })), "BP_ARGUMENT"], [() => fence.submit(draft(1, { entity: "" })), "BP_ENTITY_EMPTY"],
      [() => fence.submitBatch([draft(1, { causeItem: 0 })]), "BP_BATCH_CAUSE"], [() => fence.submit(5), "BP_ARGUMENT"],
      [() => fence.submitBatch([draft(1, { expect: EMPTY })]), "BP_BATCH_EXPECTATION"], [() => fence.submitBatch(5), "BP_ARGUMENT"],
    ]) assert.equal(refused(call, code).path, store.path);
    assert.throws(() => fence.submit.call({}, draft(1)), TypeError);
    const kept = fence.submit(draft(2, { key: id(1) }));
    const replay = fence.submit(draft(2, { key: id(1) }));
    fence.commit();
    assert.deepEqual([kept.wait().sequence, replay.wait().replayed, seen(store)], [1n, true, [2]]);
    store.close();
  });

  it("is not had of a store that is closed, or cannot be written", async () => {
    const directory = temporary();
    const store = open(directory);
    store.close();
    refused(() => store.fence(), "BP_CLOSED");
    await refusedAsync(store.fenceAsync(), "BP_CLOSED");
    const reader = open(directory, { mode: "read_only" });
    refused(() => reader.fence(), "BP_READ_ONLY");
    await refusedAsync(reader.fenceAsync(), "BP_READ_ONLY");
    reader.close();
  });

  it("goes by the store's clock", () => {
    const clock = new BigInt64Array([1_000_000n]);
    const store = open(temporary(), { clock });
    const fence = store.fence();
    clock[0] = 5_000_000n;
    const ticket = fence.submit(draft(1));
    fence.commit();
    assert.equal(store.get(ticket.wait().eventId).timestampUs, 5_000_000n);
    store.close();
  });
});

describe("a fence on other threads", () => {
  it("is begun, committed and cancelled", async () => {
    const store = await openAsync(temporary());
    const fence = await store.fenceAsync();
    const tickets = Array.from({ length: 5 }, (_, value) => fence.submit(draft(value)));
    const waiting = Promise.all(tickets);
    await turn();
    assert.deepEqual(tickets.map(({ done }) => done), [false, false, false, false, false]);
    assert.equal(await fence.commitAsync(), undefined);
    assert.deepEqual((await waiting).map(({ sequence }) => sequence), [1n, 2n, 3n, 4n, 5n]);
    await refusedAsync(fence.commitAsync(), "BP_FENCE_NOT_ACTIVE");
    await fence[Symbol.asyncDispose]();
    const next = await store.fenceAsync();
    const [lost, hidden] = [next.submit(draft(9)), next.submitBatch([draft(8)])];
    await next.cancelAsync();
    await refusedAsync(lost.waitAsync(), "BP_FENCE_CANCELLED");
    await refusedAsync(Promise.resolve(hidden), "BP_FENCE_CANCELLED");
    const last = await store.fenceAsync();
    const left = last.submit(draft(7));
    await last[Symbol.asyncDispose]();
    await refusedAsync(left.waitAsync(), "BP_FENCE_CANCELLED");
    for (const options of [5, { timeout: 5 }]) {
      await refusedAsync(store.fenceAsync(options), "BP_ARGUMENT");
      await refusedAsync(last.commitAsync(options), "BP_ARGUMENT");
    }
    assert.deepEqual(seen(store), [0, 1, 2, 3, 4]);
    await store.closeAsync();
  });

  it("that nobody waits for any more is cancelled", async () => {
    const store = open(temporary());
    await assert.rejects(store.fenceAsync({ signal: AbortSignal.abort(new Error("early")) }), /early/);
    for (let round = 0; round < 10; round++) {
      const stop = new AbortController();
      const begun = store.fenceAsync({ signal: stop.signal });
      stop.abort(new Error("enough"));
      await assert.rejects(begun, /enough/);
      await past("BP_FENCE_ACTIVE", () => store.append("e", "s", { kind: KIND, value: round }));
    }
    assert.equal(seen(store).length, 10);
    await past("BP_BUSY", () => store.close());
  });

  it("commits before a close that came later, and none after it", async () => {
    const directory = temporary();
    const store = open(directory);
    const fence = store.fence();
    const ticket = fence.submit(draft(1));
    const committed = fence.commitAsync();
    const closed = store.closeAsync();
    refused(() => fence.submit(draft(2)), "BP_FENCE_NOT_ACTIVE");
    await refusedAsync(fence.cancelAsync(), "BP_FENCE_NOT_ACTIVE");
    fence[Symbol.dispose]();
    await Promise.all([committed, closed]);
    assert.equal((await ticket).sequence, 1n);
    assert.deepEqual(stored(directory), [1]);
  });

  it("ends with its thread", async () => {
    for (const task of ["fence", "fenceCommit"]) {
      for (let round = 0; round < 3; round++) {
        const directory = temporary();
        const worker = new Worker(new URL("./support/worker.mjs", import.meta.url), { workerData: { task, directory } });
        await once(worker, "message");
        await worker.terminate();
        const store = await openedWhenFree(directory);
        const { length } = seen(store);
        assert.equal(length % 20, 0, `${length} events seen`);
        if (task === "fence") assert.equal(length, 0);
        assert.equal(store.verify().verdict, "CONSISTENT");
        store.append("e", "s", { kind: KIND, value: 1 });
        store.close();
      }
    }
  });
});

describe("a fence and the end of its store", () => {
  it("a close cancels", async () => {
    for (const asynchronous of [false, true]) {
      const directory = temporary();
      const store = open(directory);
      const fence = store.fence();
      const ticket = fence.submit(draft(1));
      if (asynchronous) await store.closeAsync();
      else store.close();
      refused(() => ticket.wait(), "BP_FENCE_CANCELLED");
      for (const over of [() => fence.commit(), () => fence.cancel(), () => fence.submit(draft(1))]) refused(over, "BP_FENCE_NOT_ACTIVE");
      for (const over of [() => fence.commitAsync(), () => fence.cancelAsync()]) await refusedAsync(over(), "BP_FENCE_NOT_ACTIVE");
      fence[Symbol.dispose]();
      await fence[Symbol.asyncDispose]();
      assert.equal(fence.token, 1n);
      assert.deepEqual(stored(directory), []);
    }
  });

  it("a fence that is forgotten is cancelled, and a store with it released", { skip: globalThis.gc === undefined && "node --expose-gc" }, async () => {
    const directory = temporary();
    /* In calls of their own, so that nothing of them stays on the stack. */
    const forget = (store) => store.fence().submit(draft(1));
    const store = open(directory);
    const ticket = forget(store);
    await collectUntil(() => ticket.done);
    refused(() => ticket.wait(0), "BP_FENCE_CANCELLED");
    store.append("e", "s", { kind: KIND, value: 2 });
    store.close();
    const last = (() => forget(open(directory)))();
    await collectUntil(() => last.done);
    refused(() => last.wait(0), "BP_FENCE_CANCELLED");
    const again = await openedWhenFree(directory);
    assert.deepEqual(seen(again), [2]);
    again.close();
  });

  it("a fence keeps its store open", { skip: globalThis.gc === undefined && "node --expose-gc" }, async () => {
    const directory = temporary();
    const fence = (() => open(directory).fence())();
    for (let round = 0; round < 20; round++) {
      globalThis.gc();
      await turn();
    }
    refused(() => open(directory), "BP_LOCKED");
    const ticket = fence.submit(draft(1));
    fence.commit();
    assert.equal(ticket.wait().sequence, 1n);
  });
});
