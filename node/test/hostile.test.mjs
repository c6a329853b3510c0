/* What a caller does by mistake or on purpose, and what must not become of it: another event than was meant, a query that
 * finds less than was asked, a check that checks nothing. */

import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { describe, it } from "node:test";
import util from "node:util";
import vm from "node:vm";
import { Worker } from "node:worker_threads";
import * as batpak from "batpak";
import { defineEvent, Float64, open, openAsync, payloadDecode, payloadEncode } from "batpak";
import { refused, refusedAsync, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const event = { kind: KIND, value: 1 };
const written = { durability: "written" };

function gone(length) {
  const bytes = new Uint8Array(length).fill(7);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

function filled(count, options) {
  const store = open(temporary(), { ...written, ...options });
  store.appendMany(Array.from({ length: count }, (_, value) => ({ entity: "a", scope: "s", event: { kind: KIND, value } })));
  return store;
}

describe("bytes that are not what they look like", () => {
  it("of a buffer that was transferred away are not written as none", async () => {
    const store = filled(0);
    const { events } = store.stat();
    const payload = gone(20);
    refused(() => store.append("a", "s", { kind: KIND, payload }), "BP_ARGUMENT", /transferred away/);
    refused(() => store.appendMany([{ entity: "a", scope: "s", event: { kind: KIND, payload } }]), "BP_ARGUMENT");
    refused(() => store.append("a", "s", event, { extensions: { "a.b": payload } }), "BP_ARGUMENT");
    await refusedAsync(store.appendAsync("a", "s", { kind: KIND, payload }), "BP_ARGUMENT");
    refused(() => payloadEncode({ a: payload }), "BP_VALUE", /\$\.a: /);
    refused(() => payloadDecode(payload), "BP_ARGUMENT");
    assert.equal(store.stat().events, events);
    store.append("a", "s", { kind: KIND, payload: new Uint8Array(0) });
    store.close();
  });

  it("of a buffer that shrank below them neither", { skip: ArrayBuffer.prototype.resize === undefined }, () => {
    const store = filled(0);
    const buffer = new ArrayBuffer(40, { maxByteLength: 80 });
    const payload = new Uint8Array(buffer, 10, 20);
    buffer.resize(5);
    refused(() => store.append("a", "s", { kind: KIND, payload }), "BP_ARGUMENT", /shrunk/);
    refused(() => payloadEncode([payload]), "BP_VALUE", /\$\[0\]: /);
    store.close();
  });

  it("shared with a thread that changes them are written as one of their states", async () => {
    const shared = new SharedArrayBuffer(1 << 20);
    const worker = new Worker(`const { parentPort, workerData } = require("node:worker_threads");
      parentPort.postMessage(1);
      for (let value = 0;; value++) new Uint8Array(workerData).fill(value);`, { eval: true, workerData: shared });
    await once(worker, "message");
    const store = filled(0);
    for (let round = 0; round < 20; round++) {
      store.append("a", "s", { kind: KIND, payload: new Uint8Array(shared) });
      store.append("a", "s", { kind: KIND, payload: Buffer.from(shared) });
    }
    assert.equal(store.verify().verdict, "CONSISTENT");
    await worker.terminate();
    store.close();
  });

  it("of another realm are bytes, and an object that says it is one is not", () => {
    const store = filled(0);
    const payload = vm.runInNewContext("new Uint8Array([1, 2, 3])");
    const key = vm.runInNewContext("new Uint8Array(16).fill(9)");
    const { eventId } = store.append("a", "s", { kind: KIND, payload }, { key });
    assert.deepEqual([...store.get(eventId).payload], [1, 2, 3]);
    refused(() => store.append("a", "s", { kind: KIND, payload: Object.create(Uint8Array.prototype) }), "BP_ARGUMENT");
    refused(() => payloadEncode(Object.create(Float64.prototype)), "BP_VALUE");
    store.close();
  });
});

describe("what is given by a wrong name", () => {
  it("is refused where a check would check less", async () => {
    const store = filled(1);
    const receipt = store.append("a", "s", event);
    for (const options of [{ recipts: [receipt] }, null, 5, { receipts: receipt }, { trust: [, new Uint8Array(32)] }]) {
      refused(() => store.verify(options), "BP_ARGUMENT");
      await refusedAsync(store.verifyAsync(options), "BP_ARGUMENT");
    }
    refused(() => store.verifyReceipt(receipt, { trusted: [] }), "BP_ARGUMENT");
    refused(() => store.verifyReceipt(receipt, { receipts: [] }), "BP_ARGUMENT");
    for (const options of [{ entity: "b" }, { scope: "t" }, { event }, { signal: AbortSignal.abort() }]) {
      refused(() => store.append("a", "s", event, options), "BP_ARGUMENT");
    }
    await refusedAsync(store.syncAsync({ singal: new AbortController().signal }), "BP_ARGUMENT");
    await refusedAsync(store.appendManyAsync([], { durability: "written" }), "BP_ARGUMENT");
    store.close();
  });

  it("is refused where it is no signal", async () => {
    const store = filled(0);
    for (const signal of [null, 5, {}]) {
      await refusedAsync(store.syncAsync({ signal }), "BP_ARGUMENT");
      await refusedAsync(store.appendAsync("a", "s", event, { signal }), "BP_ARGUMENT");
    }
    store.close();
  });
});

describe("what is given and changed afterwards", () => {
  it("options of an open", () => {
    const options = { ...written, clock: new BigInt64Array([1_000_000n]) };
    const store = open(temporary(), options);
    options.clock = new BigInt64Array([9_000_000n]);
    assert.equal(store.get(store.append("a", "s", event).eventId).timestampUs, 1_000_000n);
    store.close();
  });

  it("a query", async () => {
    const store = filled(3);
    const query = { entity: "a" };
    const iterations = [store.events(query), store.pages(query), store.eventsAsync(query)];
    query.entity = "nobody";
    assert.equal([...iterations[0]].length, 3);
    assert.equal([...iterations[1]][0].length, 3);
    let count = 0;
    for await (const _ of iterations[2]) count++;
    assert.equal(count, 3);
    store.close();
  });

  it("a clock that was transferred away stops appends, never another one's time, and close goes on", async () => {
    const clock = new BigInt64Array([5_000_000n]);
    const store = open(temporary(), { ...written, clock });
    const other = open(temporary(), { ...written, clock: new BigInt64Array([9_000_000n]) });
    structuredClone(clock, { transfer: [clock.buffer] });
    other.append("a", "s", event);
    refused(() => store.append("a", "s", event), "BP_ARGUMENT", /clock/);
    await refusedAsync(store.appendAsync("a", "s", event), "BP_ARGUMENT", /clock/);
    other.close();
    store.close();
  });

  it("a query whose members are read by code that uses the store", () => {
    const store = filled(3);
    const disturb = () => store.append("b".repeat(1000), "s", { kind: 0xf002, value: 2 });
    const type = { get kind() { disturb(); return KIND; } };
    const clock = [0, 5];
    Object.defineProperty(clock, 1, { get() { disturb(); return 5; } });
    assert.equal(store.page({ type, entity: "a" }).length, 3);
    assert.equal(store.page({ clock, entity: "a" }).length, 3);
    store.close();
  });
});

describe("memory that is used again", () => {
  it("for the next draft of a generator is not the draft before", async () => {
    const store = filled(0);
    const payload = new Uint8Array(4);
    const key = Buffer.alloc(16, 1);
    const value = new Uint8Array(1);
    function* drafts() {
      for (let number = 1; number <= 3; number++) {
        payload[0] = key[0] = value[0] = number;
        yield { entity: "a", scope: "s", event: { kind: KIND, payload }, key, extensions: { "a.b": value } };
      }
    }
    const says = ({ eventId }) => {
      const { payload: said, extensions } = store.get(eventId);
      return [said[0], eventId[0], extensions["a.b"][0]];
    };
    const wanted = [[1, 1, 1], [2, 2, 2], [3, 3, 3]];
    assert.deepEqual(store.appendMany(drafts()).map(says), wanted);
    key[1] = 7;
    assert.deepEqual((await store.appendManyAsync(drafts())).map(says), wanted);
    store.close();
  });

  it("for a seed is not the key's", () => {
    const seed = Buffer.alloc(32, 3);
    const key = batpak.keyDerive(seed);
    seed.fill(0);
    assert.deepEqual(key.seed, new Uint8Array(32).fill(3));
  });
});

describe("limits", () => {
  it("that are no counts are refused, not taken for none", async () => {
    const store = filled(3);
    for (const limit of [NaN, -1, 5n, "2", 1.5, 2000.5, Infinity]) {
      refused(() => [...store.events({ limit })], "BP_ARGUMENT");
      await refusedAsync((async () => { for await (const _ of store.eventsAsync({ limit })); })(), "BP_ARGUMENT");
      refused(() => store.fold(0, (sum) => sum + 1, { limit }), "BP_ARGUMENT");
    }
    await refusedAsync((async () => { for await (const _ of store.eventsAsync({ maxBytes: -1 })); })(), "BP_ARGUMENT");
    store.close();
  });
});

describe("numbers", () => {
  it("are not made of other things, nor cut", () => {
    for (const call of [batpak.statusName, batpak.statusAdvice, batpak.receiptOutcomeName]) {
      for (const number of [NaN, 2 ** 32, 1.5, "0", undefined, 0n]) refused(() => call(number), "BP_ARGUMENT");
    }
    for (const number of [2n ** 53n + 1n, "5", undefined]) refused(() => new Float64(number), "BP_VALUE");
  });
});

describe("texts and maps", () => {
  it("a path with a lone surrogate is not another path", async () => {
    refused(() => open(`${temporary()}\ud800`), "BP_ARGUMENT");
    await refusedAsync(openAsync(`${temporary()}\ud800`), "BP_ARGUMENT");
  });

  it("what is no text or no map is refused", () => {
    refused(() => batpak.coordinateCheck(1, "s"), "BP_ARGUMENT");
    refused(() => batpak.Kind.parse(5), "BP_ARGUMENT");
    const store = filled(0);
    for (const extensions of [null, [], new Map([["a.b", new Uint8Array(1)]])]) {
      refused(() => batpak.extensionsEncode(extensions), "BP_ARGUMENT");
      refused(() => store.append("a", "s", event, { extensions }), "BP_ARGUMENT");
    }
    store.close();
    refused(() => batpak.extensionsEncode({ "a.b": undefined }), "BP_ARGUMENT");
    for (const call of [batpak.extensionsDecode, payloadDecode, batpak.payloadToJson, batpak.payloadFromJson]) {
      refused(() => call(undefined), "BP_ARGUMENT");
    }
  });

  it("an extension named __proto__ is a member and nothing more", () => {
    const extensions = batpak.extensionsDecode(payloadEncode(new Map([["__proto__", new Uint8Array(1)]])));
    assert.equal(Object.getPrototypeOf(extensions), Object.prototype);
    assert.deepEqual(Object.keys(extensions), ["__proto__"]);
  });

  it("a symbol is not among the fields", () => {
    const Type = defineEvent({ category: 0xf, typeId: 0x777, fields: ["x"] });
    refused(() => Type({ x: 1, [Symbol("y")]: 2 }), "BP_VALUE", /Symbol\(y\)/);
    refused(() => Type.is(null), "BP_KIND_RANGE");
  });
});

describe("what a callback throws", () => {
  it("comes out as it is, an error of this package and the last call's too", async () => {
    const directory = temporary();
    open(directory).close();
    const mine = refused(() => payloadEncode(undefined), "BP_VALUE");
    for (const thing of [mine, undefined, null, Symbol("mine"), new Proxy({}, {})]) {
      let throws = false;
      const store = open(directory, { progress: () => { if (throws) throw thing; } });
      throws = true;
      const same = (error) => error === thing;
      assert.ok(same(caught(() => store.verify())));
      assert.ok(same(await store.verifyAsync().then(() => assert.fail("not thrown"), (error) => error)));
      throws = false;
      store.close();
    }
  });
});

function caught(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  return assert.fail("not thrown");
}

describe("an append that was given up while it waited", () => {
  it("is not written when the one before it fails", async () => {
    const store = filled(0);
    const controller = new AbortController();
    const before = store.appendAsync("x", "s", event, { expect: 77 });
    const given = store.appendAsync("y", "s", event, { signal: controller.signal });
    const after = store.appendAsync("z", "s", event);
    await null;
    await null;
    controller.abort(new Error("enough"));
    const [first, second, third] = await Promise.allSettled([before, given, after]);
    assert.deepEqual([first.reason.code, second.reason.message, third.status], ["BP_EXPECTED_CLOCK", "enough", "fulfilled"]);
    assert.equal([...store.events({ entity: "y" })].length, 0);
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
    await store.closeAsync();
  });
});

describe("for people and their logs", () => {
  it("an event is shown by what it says", () => {
    const store = filled(1);
    const shown = util.inspect(store.page({ entity: "a" }).at(0));
    assert.match(shown, /^Event \{\n? *sequence: 1n/);
    assert.doesNotMatch(shown, /Uint32Array|page:/);
    store.close();
  });

  it("an error goes into JSON", () => {
    const error = refused(() => open("nowhere/at/all", { mode: "must_exist" }), "BP_NO_STORE");
    const { code, path, segment_id, event_id } = JSON.parse(JSON.stringify({ error })).error;
    assert.deepEqual([code, path, segment_id, event_id], ["BP_NO_STORE", "nowhere/at/all", 0, null]);
  });
});
