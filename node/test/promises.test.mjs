import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EMPTY, open, openAsync, Receipt } from "batpak";
import { id, refused, refusedAsync, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const event = { kind: KIND, value: { x: 1 } };
const draft = (entity, value, more) => ({ entity, scope: "s", event: { kind: KIND, value }, ...more });

describe("each call with a promise", () => {
  it("answers as the call without", async () => {
    const directory = temporary();
    const store = await openAsync(directory);
    const receipt = await store.appendAsync("a", "s", event, { key: id(3), extensions: { "a.b": new Uint8Array([1]) } });
    assert.ok(receipt instanceof Receipt);
    assert.deepEqual(receipt.eventId, id(3));
    assert.deepEqual({ ...receipt.extensions }, { "a.b": new Uint8Array([1]) });
    assert.deepEqual(store.get(receipt.eventId).value(), { x: 1 });
    const receipts = await store.appendManyAsync([draft("a", 1), draft("b", 2)]);
    assert.deepEqual(receipts.map((one) => store.get(one.eventId).value()), [1, 2]);
    assert.deepEqual(await store.appendManyAsync([]), []);
    await store.syncAsync();
    const page = await store.pageAsync({ entity: "a", limit: 1 });
    assert.deepEqual([page.length, page.more], [1, true]);
    const values = [];
    for await (const one of store.eventsAsync({ scope: "s" })) values.push(one.value());
    assert.deepEqual(values, [{ x: 1 }, 1, 2]);
    const report = await store.verifyAsync({ receipts: [receipt, ...receipts] });
    assert.equal(report.verdict, "ATTESTED");
    await store.closeAsync();
    await store.closeAsync();
    await refusedAsync(store.appendAsync("a", "s", event), "BP_CLOSED");
  });

  it("breaks its promise with the same errors, path and all", async () => {
    const directory = temporary();
    const missing = await refusedAsync(openAsync(directory, { mode: "must_exist" }), "BP_NO_STORE");
    assert.equal(missing.path, directory);
    const store = await openAsync(directory);
    assert.equal((await refusedAsync(openAsync(directory), "BP_LOCKED")).path, directory);
    assert.equal((await refusedAsync(store.appendAsync("", "s", event), "BP_ENTITY_EMPTY")).path, directory);
    await refusedAsync(store.appendAsync("a", "s", { kind: KIND, value: undefined }), "BP_VALUE", /\$: /);
    await refusedAsync(store.appendAsync("a", "s", event, { expect: 4 }), "BP_EXPECTED_CLOCK");
    const error = await refusedAsync(
      store.appendManyAsync([draft("a", 1), draft("a", 2, { expect: EMPTY }), draft("a", 3)]), "BP_EXPECTED_EMPTY");
    assert.equal(error.accepted.length, 1);
    assert.equal(store.get(error.accepted[0].eventId).value(), 1);
    await store.closeAsync();
    await refusedAsync(store.pageAsync(), "BP_CLOSED");
    await refusedAsync(store.syncAsync(), "BP_CLOSED");
    await refusedAsync(store.verifyAsync(), "BP_CLOSED");
  });

  it("takes its bytes when it is called", async () => {
    const store = await openAsync(temporary());
    const payload = new Uint8Array(10_000).fill(1);
    const key = id(8);
    const promise = store.appendAsync("a", "s", { kind: KIND, payload }, { key });
    payload.fill(2);
    key.fill(9);
    const receipt = await promise;
    assert.deepEqual(receipt.eventId, id(8));
    assert.deepEqual(store.get(receipt.eventId).payload, new Uint8Array(10_000).fill(1));
    await store.closeAsync();
  });

  it("takes all drafts when it is called, however many", async () => {
    const store = await openAsync(temporary(), { durability: "written" });
    const payload = new Uint8Array(1000).fill(1);
    const key = new Uint8Array(16);
    const drafts = Array.from({ length: 20_000 }, (_, index) => (
      { entity: "a", scope: "s", event: { kind: KIND, payload }, ...(index === 19_999 ? { key: key.fill(7) } : {}) }));
    const promise = store.appendManyAsync(drafts);
    payload.fill(2);
    key.fill(8);
    drafts.length = 5;
    const receipts = await promise;
    assert.equal(receipts.length, 20_000);
    assert.deepEqual(receipts[19_999].eventId, new Uint8Array(16).fill(7));
    assert.deepEqual(store.get(receipts[19_999].eventId).payload, new Uint8Array(1000).fill(1));
    await store.closeAsync();
  });

  it("disposes with `await using`", async () => {
    const directory = temporary();
    const store = await openAsync(directory);
    await store[Symbol.asyncDispose]();
    refused(() => store.stat(), "BP_CLOSED");
    (await openAsync(directory)).close();
  });
});

describe("many at once", () => {
  it("share flushes", async () => {
    const store = await openAsync(temporary());
    const before = store.stat().syncs;
    const receipts = await Promise.all(Array.from({ length: 500 }, (_, index) => (
      store.appendAsync(`e:${index % 10}`, "s", { kind: KIND, value: index }))));
    const syncs = store.stat().syncs - before;
    assert.ok(receipts.every((receipt) => receipt.durable));
    assert.equal(new Set(receipts.map((receipt) => receipt.sequence)).size, 500);
    assert.deepEqual(receipts.map((receipt) => store.get(receipt.eventId).value()), receipts.map((_, index) => index));
    assert.ok(syncs < 500n, `${syncs} flushes for 500 appends`);
    assert.equal(store.verify({ receipts }).verdict, "ATTESTED");
    await store.closeAsync();
  });

  it("mix with calls that wait for themselves", async () => {
    const store = await openAsync(temporary(), { durability: "written" });
    const promises = [];
    for (let index = 0; index < 200; index++) {
      promises.push(store.appendAsync("async", "s", { kind: KIND, value: index }));
      store.append("sync", "s", { kind: KIND, value: index });
      if (index % 20 === 0) store.page({ entity: "async" });
    }
    await Promise.all(promises);
    assert.deepEqual([...store.events({ entity: "sync" })].map((one) => one.value()), promises.map((_, index) => index));
    assert.equal([...store.events({ entity: "async" })].length, 200);
    await store.closeAsync();
  });

  it("leave the loop free", async () => {
    const store = await openAsync(temporary());
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    /* However fast it is, or however busy the machine: a loop that is not free never turns. */
    for (let round = 0; turns === 0 && round < 10_000; round++) {
      await Promise.all(Array.from({ length: 20 }, () => store.appendAsync("a", "s", event)));
    }
    clearInterval(timer);
    assert.ok(turns > 0);
    await store.closeAsync();
  });
});

describe("close while work is pending", () => {
  it("each promise is kept or says that the store is closed or busy", async () => {
    for (let round = 0; round < 10; round++) {
      const directory = temporary();
      const store = await openAsync(directory);
      const pending = Array.from({ length: 50 }, () => store.appendAsync("a", "s", event));
      let closed = false;
      try {
        store.close();
        closed = true;
      } catch (error) {
        assert.equal(error.code, "BP_BUSY");
        assert.ok(error.actual > 0n);
      }
      const results = await Promise.allSettled(pending);
      for (const result of results) {
        if (result.status === "rejected") assert.equal(result.reason.code, "BP_CLOSED");
      }
      if (!closed) assert.ok(results.every((result) => result.status === "fulfilled"));
      const kept = results.filter((result) => result.status === "fulfilled").map((result) => result.value);
      await store.closeAsync();
      const again = await openAsync(directory, { mode: "read_only" });
      assert.equal([...again.events({ entity: "a" })].length, kept.length);
      for (const receipt of kept) assert.equal(again.verifyReceipt(receipt).valid, true);
      again.close();
    }
  });

  it("closeAsync waits for what came before", async () => {
    const directory = temporary();
    const store = await openAsync(directory);
    const pending = Array.from({ length: 50 }, () => store.appendAsync("a", "s", event));
    await store.closeAsync();
    const results = await Promise.allSettled(pending);
    for (const result of results) {
      if (result.status === "rejected") assert.equal(result.reason.code, "BP_CLOSED");
    }
    const again = await openAsync(directory);
    assert.equal([...again.events({ entity: "a" })].length, results.filter(({ status }) => status === "fulfilled").length);
    again.close();
  });
});

describe("AbortSignal", () => {
  it("aborted before: nothing happens", async () => {
    const directory = temporary();
    const signal = AbortSignal.abort(new Error("mine"));
    await assert.rejects(openAsync(directory, { signal }), /mine/);
    const store = await openAsync(directory);
    const { events } = store.stat();
    for (const promise of [
      store.appendAsync("a", "s", event, { signal }),
      store.appendManyAsync([draft("a", 1)], { signal }),
      store.syncAsync({ signal }),
      store.pageAsync({ signal }),
      store.verifyAsync({ signal }),
      (async () => { for await (const one of store.eventsAsync({ signal })) assert.fail(one); })(),
    ]) {
      await assert.rejects(promise, (error) => error === signal.reason);
    }
    assert.equal(store.stat().events, events);
    store.close();
  });

  it("aborted during: the promise is broken with the reason, the store stays whole", async () => {
    const directory = temporary();
    const store = await openAsync(directory);
    const controller = new AbortController();
    const reason = new Error("enough");
    const pending = Array.from({ length: 50 }, () => store.appendAsync("a", "s", event, { signal: controller.signal }));
    controller.abort(reason);
    const results = await Promise.allSettled(pending);
    for (const result of results) {
      if (result.status === "rejected") assert.equal(result.reason, reason);
    }
    assert.ok(results.some((result) => result.status === "rejected"));
    const receipt = await store.appendAsync("a", "s", event);
    assert.equal(store.verifyReceipt(receipt).valid, true);
    await store.closeAsync();
    const again = await openAsync(directory);
    assert.equal(again.verify().verdict, "CONSISTENT");
    again.close();
  });

  it("ends an iteration between pages", async () => {
    const store = await openAsync(temporary(), { durability: "written" });
    store.appendMany(Array.from({ length: 10_000 }, (_, index) => draft("a", index)));
    const controller = new AbortController();
    let seen = 0;
    await assert.rejects(async () => {
      for await (const one of store.eventsAsync({ entity: "a", signal: controller.signal })) {
        assert.equal(one.value(), seen);
        if (++seen === 25) controller.abort(new Error("enough"));
      }
    }, /enough/);
    assert.ok(seen >= 25 && seen <= 5_000, String(seen));
    store.close();
  });

  it("leaves no listener behind", async () => {
    const store = await openAsync(temporary());
    const controller = new AbortController();
    const { getEventListeners } = await import("node:events");
    for (let index = 0; index < 20; index++) await store.appendAsync("a", "s", event, { signal: controller.signal });
    assert.equal(getEventListeners(controller.signal, "abort").length, 0);
    store.close();
  });
});
