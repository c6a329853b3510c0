/* Fault points: refused by what is shipped, asked by a test build. For the rest: run.mjs --faults fault_points.test.mjs */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { BatpakError, open, openAsync } from "batpak";
import { afterBatchBegin, afterBatchItems, afterCommitBeforeFsync, available, countdown, Point, probabilistic } from "batpak/faults";
import { refused, refusedAsync, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const event = { kind: KIND, value: 1 };
const skip = available() ? false : "this build has no fault points";
const drafts = (count = 3) => Array.from({ length: count }, (_, value) => ({ entity: "e", scope: "s", event: { kind: KIND, value } }));
const append = (store) => store.append("e", "s", event);
const count = (store) => store.page({ entity: "e" }).length;
const at = (point, action) => countdown(1, { action, filter: point });

describe("a build without fault points", { skip: skip === false && "this build has them" }, () => {
  it("refuses a function", () => {
    const directory = temporary();
    refused(() => open(directory, { fault: afterBatchBegin() }), "BP_UNSUPPORTED", /BATPAK_FAULT_POINTS/);
    assert.equal(fs.existsSync(directory), false);
  });
});

it("a function is wanted", () => {
  refused(() => open(temporary(), { fault: Point.SINGLE_START }), "BP_ARGUMENT", /fault/);
});

/* docs/faults.md: does it poison; is it there in the process, after a reopen, after a death? */
const TABLE = [
  ["SINGLE_START", false, false, false, false],
  ["SINGLE_WRITTEN", false, false, false, true],
  ["SINGLE_PUBLISHED", false, true, true, true],
  ["BATCH_START", false, false, false, false],
  ["BATCH_BEGIN_WRITTEN", false, false, false, false],
  ["BATCH_ITEM_WRITTEN", false, false, false, false],
  ["BATCH_ITEMS_COMPLETE", false, false, false, false],
  ["BATCH_COMMIT_WRITTEN", false, false, false, true],
  ["BATCH_FSYNC", true, false, true, true],
  ["BATCH_PRE_PUBLISH", true, false, true, true],
];
const size = (name, isThere) => !isThere ? 0 : name.startsWith("SINGLE") ? 1 : 3;

describe("fault points", { skip }, () => {
  for (const [name, poisons, inProcess, afterReopen, afterDeath] of TABLE) {
    it(`what an abort leaves at ${name}`, () => {
      const directory = temporary();
      const store = open(directory, { fault: at(Point[name], 7) });
      const error = refused(() => name.startsWith("SINGLE") ? append(store) : store.appendBatch(drafts()), "BP_FAULT", new RegExp(name));
      assert.deepEqual([error.expected, error.actual, error.offset], [BigInt(Point[name]), 7n, 0n]);
      assert.equal(count(store), size(name, inProcess));
      assert.equal(store.stat().poisoned, poisons);
      if (poisons) refused(() => store.close(), "BP_POISONED");
      else store.close();
      check(directory, size(name, afterReopen));
    });

    it(`what a death leaves at ${name}`, () => {
      const directory = temporary();
      const script = `import { open } from "batpak";
        import { countdown, Point } from "batpak/faults";
        const fault = countdown(1, { action: () => process.kill(process.pid, "SIGKILL"), filter: Point.${name} });
        const store = open(${JSON.stringify(directory)}, { fault });
        const draft = { entity: "e", scope: "s", event: { kind: ${KIND}, value: 1 } };
        if (${name.startsWith("SINGLE")}) store.append("e", "s", draft.event); else store.appendBatch([draft, draft, draft]);`;
      const { signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 300_000 });
      assert.equal(signal, "SIGKILL");
      check(directory, size(name, afterDeath));
    });
  }

  function check(directory, events) {
    const again = open(directory, { mode: "must_exist" });
    assert.equal(count(again), events);
    assert.equal(again.verify().verdict, "CONSISTENT");
    again.close();
  }

  it("come in their order", () => {
    const seen = [];
    const store = open(temporary(), { fault: (...told) => { seen.push(told); } });
    append(store);
    store.appendBatch(drafts(2));
    assert.deepEqual(seen, [[1, 1n, 0, 1], [2, 1n, 0, 1], [3, 1n, 0, 1], [4, 2n, 0, 2], [5, 2n, 0, 2], [6, 2n, 0, 2], [6, 2n, 1, 2],
      [7, 2n, 0, 2], [8, 2n, 0, 2], [9, 2n, 0, 2], [10, 2n, 0, 2]]);
    store.close();
  });

  it("answers abort or go on", () => {
    for (const answer of [undefined, null, 0, false, ""]) {
      const store = open(temporary(), { fault: () => answer });
      append(store);
      store.close();
    }
    for (const [answer, actual] of [[1, 1n], [true, 1n], [0x7fffffff, 0x7fffffffn]]) {
      const store = open(temporary(), { fault: () => answer });
      assert.equal(refused(() => append(store), "BP_FAULT").actual, actual);
      store.close();
    }
    for (const answer of [-1, 1.5, 2 ** 31, "no", 1n]) {
      const store = open(temporary(), { fault: at(Point.SINGLE_START, () => answer) });
      assert.throws(() => append(store), TypeError);
      store.close();
    }
  });

  it("what the function throws comes out unchanged, and the store goes on", async () => {
    for (const thrown of [new RangeError("mine"), "a text", 5, null, undefined, { plain: true }]) {
      let armed = false;
      const store = open(temporary(), { fault: () => { if (armed) throw thrown; } });
      for (const call of [() => append(store), () => store.appendMany(drafts()), () => store.appendBatch(drafts())]) {
        armed = true;
        let caught = "nothing";
        try { call(); } catch (error) { caught = error; }
        assert.equal(caught, thrown);
        armed = false;
        call();
      }
      armed = true;
      let caught = "nothing";
      try { await store.appendAsync("e", "s", event); } catch (error) { caught = error; }
      assert.equal(caught, thrown);
      store.close();
    }
  });

  it("the function is asked for appends on other threads too, on its own", async () => {
    const seen = [];
    const store = await openAsync(temporary(), { fault: (point) => { seen.push(point); return point === Point.BATCH_BEGIN_WRITTEN ? 9 : 0; } });
    await store.appendAsync("e", "s", event);
    const error = await refusedAsync(store.appendBatchAsync(drafts()), "BP_FAULT");
    assert.equal(error.actual, 9n);
    assert.deepEqual(seen, [Point.SINGLE_START, Point.SINGLE_WRITTEN, Point.SINGLE_PUBLISHED, Point.BATCH_START, Point.BATCH_BEGIN_WRITTEN]);
    assert.equal(count(store), 1);
    await store.closeAsync();
  });

  it("many appends on other threads are each asked for", async () => {
    let asked = 0;
    const store = open(temporary(), { durability: "written", fault: (point) => point === Point.SINGLE_START && ++asked % 3 === 0 });
    const settled = [];
    for (let i = 0; i < 60; i++) settled.push(...await Promise.allSettled([store.appendAsync("e", "s", event)]));
    assert.equal(settled.filter(({ status }) => status === "rejected").length, 20);
    assert.ok(settled.every(({ status, reason }) => status === "fulfilled" || (reason instanceof BatpakError && reason.code === "BP_FAULT")));
    assert.equal(count(store), 40);
    store.close();
  });

  it("an append that waits for the thread of the function ends all the same", async () => {
    const store = open(temporary(), { fault: () => 0 });
    const other = refusedAsync(store.appendAsync("e", "s", event), "BP_FAULT");
    for (let turn = 0; turn < 10; turn++) await undefined; /* it is sent */
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500); /* it asks, and nobody answers */
    append(store); /* waits for it */
    const error = await other;
    assert.ok(BigInt.asIntN(64, error.actual) < 0n);
    assert.equal(count(store), 1);
    append(store);
    store.close();
  });

  it("the function may read, whatever lies in the buffers of the append that is under way", () => {
    const seen = {};
    const store = open(temporary(), { fault: (point) => {
      seen[point] = store.page({ entity: "e", scope: "another scope, longer than the first one", limit: 5 }).length + count(store);
      store.verifyReceipt(receipt);
      void store.page({ entity: "x".repeat(200_000) }).length; /* a larger buffer */
    } });
    var receipt; /* eslint-disable-line no-var */
    assert.throws(() => append(store), BatpakError); /* not a receipt: thrown in the function */
    const clean = open(temporary());
    receipt = append(clean);
    const first = store.append("e", "s", event, { extensions: { "a.b": new Uint8Array([1, 2, 3]) } });
    store.appendBatch(drafts());
    assert.deepEqual(Object.values(seen), [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
    assert.equal(store.get(first.eventId).entity, "e");
    assert.deepEqual([...store.events({ entity: "e" })].map((one) => [one.scope, one.value()]), [["s", 1], ["s", 0], ["s", 1], ["s", 2]]);
    assert.equal(store.verify().verdict, "CONSISTENT");
    clean.close();
    store.close();
  });

  it("the function may append together itself, while drafts of another store are", () => {
    const other = open(temporary(), { durability: "written" });
    let asked = 0;
    const store = open(temporary(), { durability: "written", fault: () => {
      /* Ever more, so that no room of the drafts under way would do. */
      other.appendMany(Array.from({ length: ++asked * 10 }, () => ({ entity: "other", scope: "s", event })));
      other.appendBatch(drafts());
      other.submitBatch(drafts()).wait();
    } });
    const receipts = store.appendMany(drafts(20));
    assert.deepEqual(receipts.map(({ eventId }) => store.get(eventId).value()), Array.from({ length: 20 }, (_, value) => value));
    assert.deepEqual(store.appendBatch(drafts()).map(({ eventId }) => store.get(eventId).value()), [0, 1, 2]);
    assert.ok(asked > 60);
    for (const one of [store, other]) {
      assert.equal(one.verify().verdict, "CONSISTENT");
      one.close();
    }
  });

  it("presets", () => {
    for (const [fault, point, offset] of [[afterBatchItems(3), Point.BATCH_ITEM_WRITTEN, 2n],
      [afterBatchBegin(), Point.BATCH_BEGIN_WRITTEN, 0n], [afterCommitBeforeFsync(), Point.BATCH_FSYNC, 0n]]) {
      const store = open(temporary(), { fault });
      const error = refused(() => store.appendBatch(drafts(5)), "BP_FAULT");
      assert.deepEqual([error.expected, error.offset, count(store)], [BigInt(point), offset, 0]);
      if (store.stat().poisoned) refused(() => store.close(), "BP_POISONED");
      else store.close();
    }
  });

  it("an open store with a function does not keep the process alive", () => {
    const script = `import { open } from "batpak";
      globalThis.store = open(${JSON.stringify(temporary())}, { fault: () => 0 });`;
    const { status, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 300_000 });
    assert.deepEqual([status, signal], [0, null]);
  });
});

describe("injectors", () => {
  const fired = (fault, times) => Array.from({ length: times }, () => fault(Point.BATCH_ITEM_WRITTEN, 4n, 1, 3));

  it("a countdown fires at the n-th match and every later one", () => {
    const fault = countdown(3);
    assert.deepEqual(fired(fault, 5), [0, 0, 1, 1, 1]);
    assert.deepEqual([fault.matches, fault.fired], [5, 3]);
    assert.deepEqual(fired(countdown(1, { action: 5 }), 1), [5]);
    assert.deepEqual(fired(countdown(1, { action: () => 9 }), 1), [9]);
  });

  it("filters", () => {
    for (const filter of [undefined, Point.BATCH_ITEM_WRITTEN, [Point.BATCH_FSYNC, Point.BATCH_ITEM_WRITTEN],
      (point, batch, item, items) => batch === 4n && item === 1 && items === 3]) {
      assert.deepEqual(fired(countdown(1, { filter }), 2), [1, 1]);
    }
    for (const filter of [Point.BATCH_FSYNC, [], () => false]) assert.deepEqual(fired(countdown(1, { filter }), 2), [0, 0]);
  });

  it("chance repeats with its seed", () => {
    const first = fired(probabilistic(0.5, 1), 200);
    assert.deepEqual(first, fired(probabilistic(0.5, 1), 200));
    assert.notDeepEqual(first, fired(probabilistic(0.5, 2), 200));
    const hits = first.filter((answer) => answer === 1).length;
    assert.ok(hits > 60 && hits < 140, String(hits));
    assert.ok(fired(probabilistic(0), 50).every((answer) => answer === 0));
    assert.ok(fired(probabilistic(1, 3), 50).every((answer) => answer === 1));
  });

  it("numbers out of their range", () => {
    for (const make of [() => countdown(0), () => countdown(-1), () => countdown(1.5), () => probabilistic(1.1), () => probabilistic(NaN),
      () => probabilistic(0.5, -1)]) {
      refused(make, "BP_ARGUMENT");
    }
  });
});
