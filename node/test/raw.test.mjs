/* The addon without the layer above it: whatever it is called with, it answers or throws. Run with the sanitizers too. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { temporary } from "./support/store.mjs";

const require = createRequire(import.meta.url);
const raw = require(require.resolve("batpak/package.json").replace(/package\.json$/, `prebuilds/${process.platform}-${process.arch}/batpak.node`));
const names = Object.getOwnPropertyNames(raw).filter((name) => typeof raw[name] === "function" && name !== "scratch");

/* The numbers of a run are those of its seed. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function detached() {
  const bytes = new Uint8Array(64);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

function arguments_(directory) {
  const store = raw.bp_store_open(`${directory}/open`, { mode: 0 });
  const closed = raw.bp_store_open(`${directory}/closed`, { mode: 0 });
  raw.bp_store_close(closed);
  const report = raw.bp_store_open_report(store);
  const freed = raw.bp_store_open_report(store);
  raw.bp_report_free(freed);
  const gates = raw.bp_gates_new([new Uint8Array(1)], [new Uint8Array(1)]);
  const permit = raw.bp_gates_evaluate(gates, () => undefined);
  const other = raw.bp_store_open(`${directory}/fenced`, { mode: 0, queueCapacity: 1 << 16 });
  const fence = raw.bp_fence_begin(other);
  const lengths = [0, 1, 15, 16, 17, 31, 32, 64, 88, 96, 184, 368].map((length) => new Uint8Array(length).fill(length));
  return [undefined, null, true, 0, 1, -1, 1.5, NaN, 2 ** 32, 2 ** 53, 0n, -1n, 2n ** 64n, "", "text", "\ud800", Symbol("s"), {}, [], [{}],
    [new Uint8Array(16), new Uint8Array(3)], () => 1, new Map(), new DataView(new ArrayBuffer(8)), new Float64Array(2), detached(),
    new Uint8Array(new SharedArrayBuffer(16)), { record: new Uint8Array(184) }, { record: lengths.at(-1), extensions: new Uint8Array(3) },
    { receipts: new Uint8Array(368).fill(255), extensions: new Uint8Array(1) }, { publicKeys: new Uint8Array(33) }, new Proxy({}, {}),
    store, store, store, closed, report, freed, gates, permit, fence, fence, [{ type: 6, itemCount: 1 }, { type: 4 }], [{ type: 3, itemCount: 1 }, {}], () => undefined, () => [new Uint8Array(1), new Uint8Array(1)],
    () => new Uint8Array(1), () => { throw new Error("mine"); }, ...lengths];
}

describe("the addon alone", () => {
  it("survives any arguments", async () => {
    const buffer = raw.scratch(4096);
    const scratch = new Uint8Array(buffer);
    const pool = [...arguments_(temporary()), scratch, scratch];
    const below = random(20261121);
    const pending = [];
    let threw = 0;
    for (let round = 0; round < 20_000; round++) {
      const name = names[below(names.length)];
      if (below(8) === 0) for (let i = 0; i < 16; i++) scratch[below(400)] = below(3) === 0 ? 255 : below(256);
      if (below(8) === 0) scratch.fill(0, 16);
      const given = Array.from({ length: below(5) }, () => pool[below(pool.length)]);
      if (name === "bp_store_close" || name === "bp_store_close_async" || name === "bp_store_release") continue;
      if (name.startsWith("bp_store_open") && typeof given[0] === "string") continue;
      try {
        const answer = raw[name](...given);
        if (answer instanceof Promise) pending.push(answer.catch(() => undefined));
      } catch {
        threw++;
      }
      if (pending.length > 100) await Promise.all(pending.splice(0));
    }
    await Promise.all(pending);
    assert.ok(threw > 1000);
    raw.bp_store_close(pool.find((value) => isOpen(value)));
  });

  it("knows its own handles, and no others", () => {
    const directory = temporary();
    const store = raw.bp_store_open(directory, {});
    const report = raw.bp_store_open_report(store);
    for (const value of [report, undefined, {}, 7, new Uint8Array(8)]) assert.throws(() => raw.bp_store_sync(value), isError(1));
    assert.throws(() => raw.bp_report_findings(store), isError(1));
    const fence = raw.bp_fence_begin(store);
    for (const value of [store, report, undefined, {}]) assert.throws(() => raw.bp_fence_commit(value), isError(1));
    assert.throws(() => raw.bp_store_sync(fence), isError(1));
    raw.bp_fence_commit(fence);
    raw.bp_report_free(report);
    raw.bp_report_free(report);
    assert.throws(() => raw.bp_report_findings(report), isError(7));
    raw.bp_store_close(store);
    raw.bp_store_close(store);
    raw.bp_store_release(store);
    assert.throws(() => raw.bp_store_sync(store), isError(7));
  });

  it("takes no rows of an outcome that hold others than there are", () => {
    const some = [[], [{ type: 6, itemCount: 1 }], [{ type: 6, itemCount: 2 }, { type: 1 }], [{ type: 6, itemCount: 2 ** 32 - 1 }, { type: 1 }],
      [{ type: 6 }, { type: 6, itemCount: 1 }], [{ type: 4 }]];
    for (const rows of some) assert.throws(() => raw.bp_outcome_encode(rows, []), isError(1));
    const pending = [{ type: 4 }];
    for (const waits of [[{ type: 3, itemCount: 1 }], [{ type: 3, itemCount: 2 }, { type: 1 }], [{ type: 1 }, { type: 3, itemCount: 1 }], [5]]) {
      assert.throws(() => raw.bp_outcome_encode(pending, waits), isError(1));
    }
    assert.throws(() => raw.bp_outcome_encode([{ type: 1 }], [{ type: 3, itemCount: 1 }]), isError(1));
    for (const row of [{ type: 7 }, { type: 0 }, { type: 2, errorKind: 13 }, { type: 4, resumeToken: new Uint8Array(3) }, { type: 1, value: "text" },
      { type: 2, errorKind: 1, compensation: { type: 1, ids: new Uint8Array(17) } }, { type: 2, errorKind: 1, compensation: { type: 5 } }]) {
      assert.throws(() => raw.bp_outcome_encode([row], []), isError(1));
    }
    assert.deepEqual(raw.bp_outcome_decode(raw.bp_outcome_encode(pending, [{ type: 1, resumeAtMs: 2n ** 64n - 1n }])).conditions[0].resumeAtMs, 2n ** 64n - 1n);
  });

  it("passes 64-bit numbers whole", () => {
    const store = raw.bp_store_open(temporary(), { segmentMaxBytes: 2n ** 53n + 1n });
    assert.equal(raw.bp_store_stat(store).firstSequence, 0n);
    assert.throws(() => raw.bp_store_walk(store, new Uint8Array(16), 2n ** 64n), isError(1));
    assert.throws(() => raw.bp_store_walk(store, new Uint8Array(16), 2n ** 53n + 1n), isError(10));
    raw.bp_store_close(store);
  });
});

function isOpen(value) {
  try {
    raw.bp_store_stat(value);
    return true;
  } catch {
    return false;
  }
}

function isError(code) {
  return (error) => raw.is_error(error) && error.code === code;
}
