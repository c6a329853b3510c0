/* Atomic batches: all or nothing, causes among items, keys, limits, the gathered form. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Batch, EMPTY, open, openAsync } from "batpak";
import { hex, id, refused, refusedAsync, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const event = (value) => ({ kind: KIND, value });
const draft = (value, more) => ({ entity: `e:${value % 2}`, scope: "s", event: event(value), ...more });
const drafts = (count, more) => Array.from({ length: count }, (_, value) => draft(value, more));
const sequences = (receipts) => receipts.map(({ sequence }) => Number(sequence));

describe("appendBatch", () => {
  it("appends all of it with one write and one flush", () => {
    const directory = temporary();
    const store = open(directory, { durability: "written" });
    const before = store.stat();
    const receipts = store.appendBatch(drafts(5));
    const after = store.stat();
    assert.deepEqual([after.writes - before.writes, after.syncs - before.syncs], [1n, 1n]);
    assert.deepEqual(sequences(receipts), [1, 2, 3, 4, 5]);
    assert.ok(receipts.every(({ durable }) => durable));
    assert.deepEqual(store.appendBatch([]), []);
    assert.deepEqual(store.appendBatch(new Set(drafts(2))).length, 2);
    store.close();
    refused(() => store.appendBatch([]), "BP_CLOSED");
    const reader = open(directory, { mode: "read_only" });
    assert.deepEqual([...reader.events({ kind: KIND })].map((one) => one.value()), [0, 1, 2, 3, 4, 0, 1]);
    assert.ok(receipts.every((receipt) => reader.verifyReceipt(receipt).valid));
    refused(() => reader.appendBatch(drafts(1)), "BP_READ_ONLY");
    refused(() => reader.appendBatch([]), "BP_READ_ONLY");
    reader.close();
  });

  it("answers the first receipts where all keys are known, with their extensions", () => {
    const store = open(temporary());
    const keyed = drafts(3).map((one, index) => ({ ...one, key: id(index + 1), extensions: { "a.b": new Uint8Array(9 * index) } }));
    const first = store.appendBatch(keyed);
    const again = store.appendBatch(drafts(3).map((one, index) => ({ ...one, key: id(index + 1), causeItem: index === 2 ? 0 : undefined })));
    assert.deepEqual(sequences(again), sequences(first));
    assert.ok(again.every(({ replayed, same }) => replayed && same));
    assert.deepEqual(again.map(({ extensions }) => ({ ...extensions })), first.map(({ extensions }) => ({ ...extensions })));
    store.close();
  });

  it("keeps a batch of more than one piece whole", () => {
    const store = open(temporary(), { batchMaxEvents: 4096, batchMaxBytes: 16_777_216, durability: "written" });
    const payload = new Uint8Array((1 << 22) - 10);
    const large = Array.from({ length: 4 }, () => ({ entity: "a", scope: "s", event: { kind: KIND, payload } }));
    assert.deepEqual(sequences(store.appendBatch([...large, draft(1)])), [1, 2, 3, 4, 5]);
    assert.equal(store.appendBatch(drafts(4096)).length, 4096);
    const { expected, actual } = refused(() => store.appendBatch(drafts(4097)), "BP_BATCH_COUNT");
    assert.deepEqual([expected, actual], [4096n, 4097n]);
    store.close();
  });

  const bad = {
    BP_BATCH_COUNT: [drafts(5), 0n],
    BP_BATCH_BYTES: [[...drafts(3), { entity: "e", scope: "s", event: { kind: KIND, payload: new Uint8Array(100) } }], 3n],
    BP_BATCH_EXPECTATION: [[...drafts(2), draft(0, { expect: EMPTY })], 2n],
    BP_BATCH_KEYS: [[...drafts(1), draft(0, { key: id(1) })], 1n],
    BP_BATCH_DUPLICATE_KEY: [drafts(2, { key: id(1) }), 1n],
    BP_BATCH_CAUSE: [drafts(2, { causeItem: 0 }), 0n],
    BP_ENTITY_EMPTY: [[...drafts(2), draft(0, { entity: "" })], 2n],
  };
  for (const [code, [given, place]] of Object.entries(bad)) {
    it(`with a bad item changes nothing: ${code}`, async () => {
      const store = open(temporary(), { batchMaxEvents: 4, batchMaxBytes: 64 });
      const error = refused(() => store.appendBatch(given), code);
      assert.deepEqual([error.offset, error.accepted, error.path], [place, [], store.path]);
      assert.equal((await refusedAsync(store.appendBatchAsync(given), code)).offset, place);
      assert.equal(store.append("e", "s", event(1)).sequence, 1n);
      await store.closeAsync();
    });
  }

  it("refuses what is no batch", () => {
    const store = open(temporary());
    for (const given of [undefined, 5, {}, "text", [5], [{ entity: "a", scope: "s" }]]) {
      assert.throws(() => store.appendBatch(given), (error) => error.code === "BP_ARGUMENT" || error instanceof TypeError);
    }
    for (const causeItem of [-1, 1.5, "0", 2 ** 32, 0n]) refused(() => store.appendBatch(drafts(2, { causeItem })), "BP_ARGUMENT");
    refused(() => store.appendBatch(drafts(2, { causeItems: 0 })), "BP_ARGUMENT");
    refused(() => store.appendMany(drafts(1, { causeItem: 0 })), "BP_ARGUMENT");
    refused(() => store.append("a", "s", event(1), { causeItem: 0 }), "BP_ARGUMENT");
    assert.equal(store.stat().events, 1n);
    store.close();
  });

  it("goes in the order of the calls with a promise", async () => {
    const store = await openAsync(temporary());
    const answers = await Promise.all([
      store.appendAsync("a", "s", event(1)), store.appendBatchAsync(drafts(3)), store.appendManyAsync(drafts(2)),
      store.appendBatchAsync([]), store.appendBatchAsync(drafts(2)), store.appendAsync("a", "s", event(2)),
    ]);
    assert.deepEqual(sequences(answers.flat()), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const late = store.appendBatchAsync(drafts(2), { signal: AbortSignal.abort(new Error("late")) });
    await assert.rejects(late, /late/);
    await store.closeAsync();
    await refusedAsync(store.appendBatchAsync(drafts(1)), "BP_CLOSED");
  });

  it("that failed leaves those queued beside it alone", async () => {
    const store = await openAsync(temporary());
    const answers = await Promise.allSettled([
      store.appendAsync("a", "s", event(1)), store.appendBatchAsync(drafts(2, { key: id(1) })), store.appendAsync("a", "s", event(2)),
    ]);
    assert.deepEqual(answers.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    assert.equal(answers[1].reason.code, "BP_BATCH_DUPLICATE_KEY");
    await store.closeAsync();
  });
});

describe("a gathered batch", () => {
  it("is appended when it is flushed, an earlier item the cause", () => {
    const store = open(temporary());
    const batch = store.batch();
    assert.ok(batch instanceof Batch);
    const first = batch.append("e", "s", event(1));
    assert.equal(batch.add({ entity: "e", scope: "s", event: event(2), causeItem: first }), 1);
    assert.deepEqual([batch.length, batch.receipts, store.stat().events], [2, undefined, 1n]);
    const receipts = batch.flush();
    assert.deepEqual([batch.length, batch.receipts], [0, receipts]);
    const [one, other] = receipts.map(({ eventId }) => store.get(eventId));
    assert.deepEqual([one.causationId, other.causationId], [null, one.eventId]);
    assert.deepEqual(batch.flush(), []);
    store.close();
  });

  it("can be a reaction", () => {
    const store = open(temporary());
    const { eventId } = store.append("e", "s", event(0));
    const batch = store.batch({ correlationId: eventId, causationId: eventId });
    batch.append("e", "s", event(1));
    batch.append("e", "s", event(2), { causationId: id(9), correlationId: id(8) });
    batch.append("e", "s", event(3), { causeItem: 0 });
    const events = batch.flush().map((receipt) => store.get(receipt.eventId));
    assert.deepEqual(events.map(({ correlationId }) => hex(correlationId)), Array(3).fill(hex(eventId)));
    assert.deepEqual(events.map(({ causationId }) => hex(causationId)), [hex(eventId), hex(id(9)), hex(events[0].eventId)]);
    refused(() => store.batch({ causationId: eventId }), "BP_ARGUMENT");
    store.close();
  });

  it("is dropped where its block ends, whatever way", () => {
    const store = open(temporary());
    const batch = store.batch();
    batch.append("e", "s", event(1));
    batch[Symbol.dispose]();
    assert.equal(batch.length, 0);
    assert.equal(store.stat().events, 1n);
    store.close();
  });

  it("keeps what was not appended", async () => {
    const store = open(temporary());
    const batch = store.batch();
    batch.append("e", "s", event(1), { key: id(1) });
    batch.append("e", "s", event(2), { key: id(1) });
    refused(() => batch.flush(), "BP_BATCH_DUPLICATE_KEY");
    await refusedAsync(batch.flushAsync(), "BP_BATCH_DUPLICATE_KEY");
    assert.equal(batch.length, 2);
    batch.clear();
    assert.deepEqual([batch.length, batch.receipts], [0, undefined]);
    await store.closeAsync();
  });

  it("takes nothing while it is being flushed", async () => {
    const store = open(temporary());
    const batch = store.batch();
    batch.append("e", "s", event(1));
    const flushed = batch.flushAsync();
    for (const call of [() => batch.append("e", "s", event(2)), () => batch.add(draft(1)), () => batch.clear(), () => batch.flush()]) {
      refused(call, "BP_BUSY");
    }
    await refusedAsync(batch.flushAsync(), "BP_BUSY");
    assert.deepEqual(sequences(await flushed), [1]);
    assert.deepEqual(sequences([...(batch.append("e", "s", event(2)), batch.flush())]), [2]);
    await store.closeAsync();
  });

  it("takes drafts as they are", () => {
    const store = open(temporary());
    const batch = store.batch();
    const payload = Uint8Array.of(1);
    const [key, correlationId, causationId, extension] = [id(1), id(2), id(3), id(4)];
    batch.append("e", "s", { kind: KIND, payload }, { key, correlationId, causationId, extensions: { "a.b": extension } });
    for (const bytes of [payload, key, correlationId, causationId, extension]) bytes.fill(9);
    const [{ eventId }] = batch.flush();
    const found = store.get(eventId);
    assert.deepEqual([found.eventId, found.payload, found.correlationId, found.causationId, { ...found.extensions }],
      [id(1), Uint8Array.of(1), id(2), id(3), { "a.b": id(4) }]);
    store.close();
  });

  it("refuses what cannot be said, at once and with the path", () => {
    const store = open(temporary());
    const batch = store.batch();
    const cases = [
      () => batch.append(5, "s", event(1)), () => batch.append("a", "s"), () => batch.append("a", "s", event(1), { causeItems: 0 }),
      () => batch.append("a", "s", event(1), { entity: "b" }), () => batch.append("a", "s", event(1), 5), () => batch.add("no draft"),
      () => batch.add(null), () => batch.append("a", "s", event(1), { key: "00" }), () => batch.append("a", "s", event(1), { expect: {} }),
      () => store.batch({ correlation: id(1) }), () => store.batch({ correlationId: "00" }), () => store.batch(null),
    ];
    for (const call of cases) assert.equal(refused(call, "BP_ARGUMENT").path, store.path);
    refused(() => batch.append("a", "s", event(undefined)), "BP_VALUE");
    assert.equal(batch.length, 0);
    store.close();
    batch.append("a", "s", event(1));
    refused(() => batch.flush(), "BP_CLOSED");
    assert.equal(batch.length, 1);
  });
});
