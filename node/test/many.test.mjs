/* What appendMany keeps between calls, and what goes in pieces and runs, is nothing that a caller could notice. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EMPTY, keyGenerate, open, Receipt } from "batpak";
import { hex, id, refused, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const draft = (entity, value, more) => ({ entity, scope: "s", event: { kind: KIND, value }, ...more });
const many = (count, make = (index) => draft(`e:${index % 7}`, index)) => Array.from({ length: count }, (_, index) => make(index));
const values = (store, receipts) => receipts.map((receipt) => store.get(receipt.eventId).value());

describe("receipts of appendMany", () => {
  it("are an array", () => {
    const store = open(temporary());
    const receipts = store.appendMany(many(3));
    assert.ok(Array.isArray(receipts) && receipts.every((receipt) => receipt instanceof Receipt));
    assert.deepEqual(JSON.parse(JSON.stringify(receipts)).map(({ sequence }) => sequence), receipts.map(({ sequence }) => Number(sequence)));
    const [first, ...others] = receipts;
    assert.deepEqual([first, ...others], [receipts[0], receipts[1], receipts[2]]);
    store.close();
  });

  it("outlive the calls after them, and say what those of single appends say", () => {
    const store = open(temporary());
    const one = store.append("a", "s", { kind: KIND, value: "same" }, { key: id(1) });
    const kept = Array.from({ length: 20 }, () => store.appendMany([draft("a", "same", { key: id(1) }), ...many(300)]));
    for (const [again, ...rest] of kept) {
      assert.deepEqual({ ...again.toJSON(), replayed: false, same: null }, one.toJSON());
      assert.deepEqual([again.replayed, again.same, again.segmentId, again.offset, again.frameLength],
        [true, true, one.segmentId, one.offset, one.frameLength]);
      assert.deepEqual(values(store, rest), many(300).map(({ event }) => event.value));
      assert.ok(rest.every((receipt) => store.verifyReceipt(receipt).outcome === "unsigned_accepted"));
    }
    store.close();
  });

  it("are signed where the store signs, all of them judged so", () => {
    const key = keyGenerate();
    const directory = temporary();
    const before = open(directory);
    before.append("a", "s", { kind: KIND, value: 0 }, { key: id(1), extensions: { "a.long": new Uint8Array(500).fill(7) } });
    before.close();
    const store = open(directory, { signingSeeds: [key.seed], durability: "written" });
    const receipts = store.appendMany([draft("a", 0, { key: id(1) }), ...many(300), draft("b", 1, { extensions: { "b.c": id(3) } })]);
    for (const receipt of receipts) {
      assert.deepEqual(receipt.keyId, key.keyId);
      assert.equal(store.verifyReceipt(receipt).outcome, "signed");
    }
    assert.deepEqual({ ...receipts[0].extensions }, { "a.long": new Uint8Array(500).fill(7) });
    assert.deepEqual({ ...receipts.at(-1).extensions }, { "b.c": id(3) });
    assert.deepEqual({ ...receipts[1].extensions }, {});
    assert.equal(store.verify({ receipts }).verdict, "ATTESTED");
    store.close();
  });

  for (const signs of [false, true]) {
    it(`are in order where only some are of the usual kind, ${signs ? "signed" : "unsigned"}`, () => {
      const store = open(temporary(), { durability: "written", signingSeeds: signs ? [keyGenerate().seed] : [] });
      const wanted = many(700).map((_, index) => index);
      const plain = store.appendMany(many(700));
      assert.deepEqual(values(store, plain), wanted);
      const drafts = many(700);
      drafts[300] = draft("x", 300, { extensions: { "a.b": id(3) } });
      const receipts = store.appendMany(drafts);
      assert.deepEqual(values(store, receipts), wanted);
      assert.deepEqual(receipts.map(({ sequence }) => sequence - plain.at(-1).sequence), wanted.map((index) => BigInt(index + 1)));
      receipts.forEach((receipt, index) => assert.deepEqual({ ...receipt.extensions }, index === 300 ? { "a.b": id(3) } : {}));
      drafts[650] = draft("x", 650, { expect: EMPTY });
      const { accepted } = refused(() => store.appendMany(drafts), "BP_EXPECTED_EMPTY");
      assert.deepEqual(values(store, accepted), wanted.slice(0, 650));
      for (const receipt of [...plain, ...receipts, ...accepted]) {
        assert.equal(store.verifyReceipt(receipt).outcome, signs ? "signed" : "unsigned_accepted");
      }
      store.close();
    });
  }
});

describe("a draft of many", () => {
  it("has nothing of the drafts that lay there before", () => {
    const store = open(temporary());
    const rich = { lane: 7, depth: 8, flags: 9, correlationId: id(5), causationId: id(6), extensions: { "a.b": id(7) }, durability: "written" };
    store.appendMany(many(5, (index) => draft("a", index, { ...rich, key: id(100 + index) })));
    refused(() => store.appendMany(many(3, (index) => draft("", index, rich))), "BP_ENTITY_EMPTY");
    const receipts = store.appendMany(many(6, (index) => draft("a", index)));
    for (const receipt of receipts) {
      const { lane, depth, flags, correlationId, causationId, extensions } = store.get(receipt.eventId);
      assert.deepEqual([lane, depth, flags, hex(correlationId), causationId], [0, 0, 0, hex(receipt.eventId), null]);
      assert.deepEqual([{ ...extensions }, { ...receipt.extensions }, receipt.durable, receipt.replayed], [{}, {}, true, false]);
    }
    store.close();
  });

  for (const durability of ["durable", "written"]) {
    it(`that is refused leaves those before it, ${durability}`, () => {
      const store = open(temporary(), { durability, syncEveryEvents: 0 });
      const { events } = store.stat();
      for (const bad of [0, 1, 255, 256, 600, 999]) {
        const drafts = many(1000);
        drafts[bad] = draft("", bad);
        const { accepted } = refused(() => store.appendMany(drafts), "BP_ENTITY_EMPTY");
        assert.deepEqual(values(store, accepted), many(bad).map(({ event }) => event.value));
        assert.ok(accepted.every((receipt) => receipt.durable === (durability === "durable")));
      }
      assert.equal(store.stat().events - events, BigInt(0 + 1 + 255 + 256 + 600 + 999));
      store.close();
    });
  }

  it("may be read by code that itself appends many", async () => {
    const store = open(temporary(), { durability: "written" });
    const inner = () => {
      assert.deepEqual(values(store, store.appendMany(many(50, (index) => draft("inner", -index)))), many(50).map((_, index) => -index));
    };
    const outer = () => many(40, (index) => ({ ...draft("outer", 0), get event() { if (index % 9 === 0) inner(); return { kind: KIND, value: index }; } }));
    const wanted = many(40).map((_, index) => index);
    assert.deepEqual(values(store, store.appendMany(outer())), wanted);
    assert.deepEqual(values(store, await store.appendManyAsync(outer())), wanted);
    function* drafts() {
      for (const one of outer()) {
        store.append("between", "s", { kind: KIND, value: "other" });
        yield one;
      }
    }
    assert.deepEqual(values(store, store.appendMany(drafts())), wanted);
    function* broken() {
      yield draft("a", 1);
      inner();
      throw new Error("mine");
    }
    assert.throws(() => store.appendMany(broken()), /mine/);
    assert.deepEqual(values(store, store.appendMany(many(3))), [0, 1, 2]);
    store.close();
  });

  it("may be as large as several pieces hold, with texts of every length", async () => {
    const store = open(temporary(), { durability: "written" });
    const payload = (index) => new Uint8Array(1 << 20).fill(index);
    const large = many(40, (index) => ({ entity: "é".repeat(1 + index) + "x".repeat(index), scope: "s".repeat(1 + index), event: { kind: KIND, payload: payload(index) } }));
    for (const receipts of [store.appendMany(large), await store.appendManyAsync(large)]) {
      receipts.forEach((receipt, index) => {
        const event = store.get(receipt.eventId);
        assert.deepEqual([event.entity, event.scope, event.payload.length, event.payload[0], event.payload.at(-1)],
          [large[index].entity, large[index].scope, 1 << 20, index, index]);
      });
    }
    refused(() => store.appendMany([...large, draft("a", undefined)]), "BP_VALUE");
    assert.equal(store.stat().events, BigInt(2 * large.length) + 1n);
    store.close();
  });
});
