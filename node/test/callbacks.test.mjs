import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { BP_STAGE_OPEN, BP_STAGE_VERIFY, open } from "batpak";
import { refused, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const event = { kind: KIND, value: 1 };

function filled(count = 20) {
  const store = open(temporary(), { durability: "written" });
  store.appendMany(Array.from({ length: count }, (_, index) => ({ entity: "a", scope: "s", event: { kind: KIND, value: index } })));
  return store;
}

describe("fold", () => {
  it("what a step throws comes out unchanged, and the store goes on", () => {
    const store = filled();
    for (const thrown of [new RangeError("mine"), "a text", 5, null, undefined, { plain: true }, Symbol("s")]) {
      let steps = 0;
      let caught = "nothing";
      try {
        store.fold(0, () => {
          if (++steps === 3) throw thrown;
          return 0;
        }, { entity: "a" });
      } catch (error) {
        caught = error;
      }
      assert.equal(caught, thrown);
      assert.equal(steps, 3);
      assert.equal(store.fold(0, (state) => state + 1, { entity: "a" }), 20);
    }
    store.append("a", "s", event);
    store.close();
  });

  it("a step may read the store, and append to it", () => {
    const store = filled(3);
    const seen = store.fold([], (list, one) => {
      store.append("b", "s", { kind: KIND, value: one.value() });
      return [...list, store.get(one.eventId).value(), store.page({ entity: "a", limit: 1 }).length];
    }, { entity: "a" });
    assert.deepEqual(seen, [0, 1, 1, 1, 2, 1]);
    assert.equal([...store.events({ entity: "b" })].length, 3);
    store.close();
  });

  it("a step may fold", () => {
    const store = filled(5);
    const count = () => store.fold(0, (state) => state + 1, { entity: "a" });
    assert.equal(store.fold(0, (state) => state + count(), { entity: "a" }), 25);
    const thrown = new Error("inner");
    assert.throws(() => store.fold(0, () => store.fold(0, () => { throw thrown; })), (error) => error === thrown);
    assert.equal(count(), 5);
    store.close();
  });

  it("a step that closes the store is told that it is busy, or the fold that it is closed", () => {
    const store = filled(5);
    assert.throws(() => {
      store.fold(0, () => store.close(), { entity: "a" });
      store.stat();
    }, (error) => ["BP_BUSY", "BP_CLOSED"].includes(error.code));
    store.close();
  });

  it("events kept from a fold stay right", () => {
    const store = filled(5);
    const kept = store.fold([], (list, one) => [...list, one], { entity: "a" });
    store.append("a", "s", event);
    store.close();
    assert.deepEqual(kept.map((one) => one.value()), [0, 1, 2, 3, 4]);
    assert.deepEqual(kept.map((one) => one.entity), ["a", "a", "a", "a", "a"]);
  });

  it("wants a function", () => {
    const store = filled(1);
    refused(() => store.fold(0, "step"), "BP_ARGUMENT");
    store.close();
  });
});

describe("progress", () => {
  it("is told of open and verify", () => {
    const directory = temporary();
    open(directory).close();
    const told = [];
    const store = open(directory, { progress: (stage, done, total) => { told.push([stage, done, total]); } });
    store.append("a", "s", event);
    store.verify();
    assert.ok(told.length > 0);
    for (const [stage, done, total] of told) {
      assert.ok([BP_STAGE_OPEN, BP_STAGE_VERIFY].includes(stage), String(stage));
      assert.equal(typeof done, "bigint");
      assert.ok(done <= total);
    }
    assert.ok(told.some(([stage]) => stage === BP_STAGE_VERIFY));
    store.close();
  });

  it("what it throws comes out of verify unchanged, and the store goes on", () => {
    const directory = temporary();
    const thrown = new RangeError("mine");
    let armed = false;
    const store = open(directory, { progress: () => { if (armed) throw thrown; } });
    store.append("a", "s", event);
    armed = true;
    assert.throws(() => store.verify(), (error) => error === thrown);
    armed = false;
    assert.equal(store.verify().verdict, "CONSISTENT");
    store.append("a", "s", event);
    store.close();
  });

  it("what it throws comes out of open unchanged, and the lock is free", () => {
    const directory = temporary();
    open(directory).close();
    const thrown = new Error("mine");
    assert.throws(() => open(directory, { progress: () => { throw thrown; } }), (error) => error === thrown);
    open(directory).close();
  });
});

describe("log", () => {
  it("is told in lines of text, after the call", async () => {
    const directory = temporary();
    const store = open(directory);
    store.append("a", "s", event);
    store.close();
    const segment = fs.readdirSync(directory).find((name) => name.endsWith(".fbat"));
    fs.appendFileSync(path.join(directory, segment), "torn");
    const lines = [];
    const torn = open(directory, { log: (text) => lines.push(text) });
    torn.verify();
    torn.close();
    for (let wait = 0; lines.length === 0 && wait < 20; wait++) await sleep(10);
    assert.ok(lines.every((line) => typeof line === "string" && !line.includes("\n")), JSON.stringify(lines));
  });

  it("does not keep the process alive", async () => {
    const { spawnSync } = await import("node:child_process");
    const script = `import { BP_STAGE_OPEN, BP_STAGE_VERIFY, open } from "batpak";
      globalThis.store = open(${JSON.stringify(temporary())}, { log: () => {} });`;
    const { status, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script],
      { cwd: import.meta.dirname ?? ".", timeout: 300_000 });
    assert.deepEqual([status, signal], [0, null]);
  });
});
