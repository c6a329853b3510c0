import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { defineEvent, open } from "batpak";
import { temporary } from "./support/store.mjs";

const COUNT = 200_000;
const Counted = defineEvent({ category: 0xa, typeId: 1, fields: ["index", "text"] });

describe("two hundred thousand events", () => {
  let store;
  before(() => {
    store = open(temporary(), { durability: "written", segmentMaxBytes: 20_000_000n, syncEveryEvents: 0 });
    for (let from = 0; from < COUNT; from += 10_000) {
      store.appendMany(Array.from({ length: 10_000 }, (_, offset) => ({
        entity: `e:${(from + offset) % 100}`, scope: "s", event: Counted({ index: from + offset, text: "é".repeat(offset % 40) }),
      })));
    }
  });
  after(() => store.close());

  it("come in commit order, each once", () => {
    let index = 0;
    for (const event of store.events({ scope: "s" })) {
      assert.equal(event.sequence, BigInt(index + 1));
      assert.equal(event.entity, `e:${index % 100}`);
      index++;
    }
    assert.equal(index, COUNT);
  });

  it("come typed", () => {
    let index = 0;
    for (const event of store.events({ type: Counted })) {
      const { payload } = event;
      if (payload.index !== index || payload.text.length !== index % 40) assert.fail(`event ${index}: ${payload.index}`);
      index++;
    }
    assert.equal(index, COUNT);
  });

  it("come by pages of any size", () => {
    for (const limit of [1, 999, 65_536]) {
      let index = 0;
      let pages = 0;
      for (const page of store.pages({ scope: "s", entity: limit === 1 ? "e:7" : undefined, limit })) {
        assert.ok(page.length <= limit);
        index += page.length;
        pages++;
      }
      assert.equal(index, limit === 1 ? COUNT / 100 : COUNT);
      assert.ok(pages >= Math.ceil(index / limit));
    }
  });

  it("fold", () => {
    assert.equal(store.fold(0, (state, event) => state + event.payload.index, { type: Counted }), (COUNT * (COUNT - 1)) / 2);
  });

  it("can be left in the middle, and begun again", () => {
    for (const event of store.events({ scope: "s" })) if (event.sequence === 5000n) break;
    const events = store.events({ scope: "s", after: 4999n });
    assert.equal(events.next().value.sequence, 5000n);
    events.return?.();
    assert.equal(events.next().done, true);
  });
});

describe("what was read stays as it was", () => {
  it("after the next page, after an append, after close", () => {
    const store = open(temporary(), { durability: "written" });
    store.appendMany(Array.from({ length: 2000 }, (_, index) => (
      { entity: `e:${index}`, scope: "s", event: { kind: 0xa002, payload: new Uint8Array(200).fill(index) },
        extensions: { "a.b": Uint8Array.of(index) } })));
    const kept = [];
    for (const page of store.pages({ scope: "s", limit: 100 })) kept.push(...page);
    const views = kept.map((event) => event.payloadBytes);
    store.appendMany(Array.from({ length: 2000 }, () => ({ entity: "x", scope: "s", event: { kind: 0xa002, payload: new Uint8Array(200).fill(255) } })));
    for (const _ of store.events());
    store.close();
    for (const [index, event] of kept.entries()) {
      assert.deepEqual(views[index], new Uint8Array(200).fill(index));
      assert.deepEqual(event.payloadBytes, views[index]);
      assert.deepEqual(event.payload, views[index]);
      assert.equal(event.entity, `e:${index}`);
      assert.deepEqual({ ...event.extensions }, { "a.b": Uint8Array.of(index) });
      assert.equal(event.eventId.length, 16);
    }
  });

  it("belongs to JavaScript: it can be transferred", () => {
    const store = open(temporary());
    const { eventId } = store.append("a", "s", { kind: 0xa002, payload: new Uint8Array(1000).fill(3) });
    const { payload } = store.get(eventId);
    const moved = structuredClone(payload);
    assert.deepEqual(moved, new Uint8Array(1000).fill(3));
    const transferred = structuredClone(payload.buffer, { transfer: [payload.buffer] });
    assert.ok(transferred.byteLength >= 1000);
    store.close();
  });

  it("payloads of sixteen megabytes", () => {
    const store = open(temporary(), { durability: "written" });
    const payload = new Uint8Array(16_000_000);
    for (let index = 0; index < payload.length; index += 4096) payload[index] = index >>> 12;
    const { eventId } = store.append("a", "s", { kind: 0xa002, payload });
    assert.ok(Buffer.from(store.get(eventId).payload).equals(payload));
    store.close();
  });
});
