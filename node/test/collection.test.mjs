import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { open, openAsync } from "batpak";
import { collectUntil, refused, temporary } from "./support/store.mjs";

const collect = globalThis.gc;
const skip = collect === undefined && "node --expose-gc";
const event = { kind: 0xf001, value: 1 };

function free(directory) {
  try {
    open(directory).close();
    return true;
  } catch (error) {
    if (error.code === "BP_LOCKED") return false;
    throw error;
  }
}

describe("garbage collection", { skip }, () => {
  it("releases a store that was dropped without close", async () => {
    const directory = temporary();
    (() => {
      const store = open(directory);
      store.append("a", "s", event);
    })();
    await collectUntil(() => free(directory));
    const store = open(directory);
    assert.equal([...store.events({ entity: "a" })].length, 1);
    assert.equal(store.openReport().findings, 0n);
    store.close();
  });

  it("does not release a store that an iteration still reads", async () => {
    const directory = temporary();
    const events = (() => {
      const store = open(directory, { durability: "written" });
      store.appendMany(Array.from({ length: 10_000 }, () => ({ entity: "a", scope: "s", event })));
      return store.events({ entity: "a" });
    })();
    let count = 0;
    for (const _ of events) {
      if (++count % 500 === 0) {
        collect();
        await turn();
        if (count < 9_000) refused(() => open(directory), "BP_LOCKED");
      }
    }
    assert.equal(count, 10_000);
    await collectUntil(() => free(directory));
  });

  it("does not release a store while promises are pending", async () => {
    const directory = temporary();
    const pending = (() => {
      const store = open(directory);
      return Array.from({ length: 100 }, () => store.appendAsync("a", "s", event));
    })();
    collect();
    const receipts = await Promise.all(pending);
    assert.equal(receipts.length, 100);
    await collectUntil(() => free(directory));
    const store = open(directory);
    assert.equal([...store.events({ entity: "a" })].length, 100);
    store.close();
  });

  it("pages, events, receipts and reports outlive their store, in any order", async () => {
    const kept = [];
    for (let round = 0; round < 30; round++) {
      const store = await openAsync(temporary(), { durability: "written" });
      const receipt = store.append("a", "s", { kind: 0xf001, payload: new Uint8Array(300).fill(round) });
      const page = store.page();
      const report = store.verify();
      kept.push([{ receipt, page, report, event: store.get(receipt.eventId) }, round]);
      if (round % 3 === 0) store.close();
      if (round % 5 === 0) collect();
    }
    kept.sort(() => Math.random() - 0.5);
    while (kept.length > 0) {
      const [{ receipt, page, report, event: read }, round] = kept.pop();
      collect();
      await turn();
      assert.deepEqual(page.at(-1).payload, new Uint8Array(300).fill(round));
      assert.deepEqual(read.payload, new Uint8Array(300).fill(round));
      assert.deepEqual(read.eventHash, receipt.contentHash);
      assert.equal(report.verdict, "CONSISTENT");
      assert.equal([...report].length, Number(report.findings + report.notes));
    }
  });

  it("frees stores whose open failed, and those that callbacks refer to", async () => {
    const directory = temporary();
    (() => {
      let store = null;
      store = open(directory, { progress: () => store, log: () => store });
      store.append("a", "s", event);
    })();
    await collectUntil(() => free(directory));
    const thrower = () => { throw new Error("mine"); };
    for (let round = 0; round < 20; round++) assert.throws(() => open(directory, { progress: thrower }), /mine/);
    assert.ok(free(directory));
  });

  it("frees a store dropped inside a fold that threw", async () => {
    const directory = temporary();
    assert.throws(() => {
      const store = open(directory);
      store.append("a", "s", event);
      store.fold(0, () => { collect(); throw new Error("mine"); });
    }, /mine/);
    await collectUntil(() => free(directory));
  });
});
