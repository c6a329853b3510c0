import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BatpakError, defineEvent, Float64, Kind, open, payloadDecode, payloadEncode } from "batpak";
import { hex, refused, temporary } from "./support/store.mjs";

let nextType = 0x100;
const define = (more) => defineEvent({ category: 0xf, typeId: nextType++, ...more });

describe("defineEvent", () => {
  it("binds a type once to category, type id and schema version", () => {
    const first = defineEvent({ category: 0xe, typeId: 1 });
    assert.equal(first.kind, 0xe001);
    assert.deepEqual([first.category, first.typeId, first.schemaVersion, first.fields], [0xe, 1, 0, undefined]);
    refused(() => defineEvent({ category: 0xe, typeId: 1 }), "BP_ARGUMENT", /bound already/);
    const second = defineEvent({ category: 0xe, typeId: 1, schemaVersion: 1 });
    assert.equal(second.kind, first.kind);
    refused(() => defineEvent({ category: 0xe, typeId: 1, schemaVersion: 1 }), "BP_ARGUMENT", /bound already/);
  });

  it("refuses kinds that programs may not append", () => {
    refused(() => defineEvent({ category: 0, typeId: 1 }), "BP_KIND_RESERVED");
    refused(() => defineEvent({ category: 0xd, typeId: 1 }), "BP_KIND_RESERVED");
    refused(() => defineEvent({ category: 16, typeId: 1 }), "BP_KIND_RANGE");
    refused(() => defineEvent({ category: 1, typeId: 0x1000 }), "BP_KIND_RANGE");
    refused(() => defineEvent({ category: 1.5, typeId: 1 }), "BP_KIND_RANGE");
    refused(() => defineEvent({ category: -1, typeId: 1 }), "BP_KIND_RANGE");
    refused(() => defineEvent({ category: 1, typeId: 1, schemaVersion: -1 }), "BP_ARGUMENT");
  });

  it("a refused definition binds nothing", () => {
    refused(() => defineEvent({ category: 0xe, typeId: 2, fields: ["a", "a"] }), "BP_ARGUMENT");
    refused(() => defineEvent({ category: 0xe, typeId: 2, fields: ["a"], floats: ["b"] }), "BP_ARGUMENT");
    refused(() => defineEvent({ category: 0xe, typeId: 2, fields: ["a"], optional: ["b"] }), "BP_ARGUMENT");
    refused(() => defineEvent({ category: 0xe, typeId: 2, fields: ["a"], bigints: ["b"] }), "BP_ARGUMENT");
    refused(() => defineEvent({ category: 0xe, typeId: 2, fields: ["a"], defaults: { b: 1 } }), "BP_ARGUMENT");
    refused(() => defineEvent({ category: 0xe, typeId: 2, defaults: { b: 1 } }), "BP_ARGUMENT");
    assert.equal(defineEvent({ category: 0xe, typeId: 2 }).kind, 0xe002);
  });

  it("makes events that are ready to be appended", () => {
    const Moved = define();
    const event = Moved({ x: 1, y: -1 });
    assert.equal(event.kind, Moved.kind);
    assert.equal(event.type, Moved);
    assert.deepEqual(event.value, { x: 1, y: -1 });
    assert.deepEqual(event.payload, payloadEncode({ x: 1, y: -1 }));
    assert.ok(Moved.is(event));
    assert.ok(Moved.is(Moved.kind));
    assert.ok(Moved.is(new Kind(Moved.kind)));
    assert.ok(!Moved.is(0xf000));
  });

  it("says at once what cannot be said", () => {
    const Any = define();
    assert.match(refused(() => Any({ at: new Date() }), "BP_VALUE").text, /^\$\.at: /);
    assert.match(refused(() => Any(undefined), "BP_VALUE").text, /^\$: /);
  });

  it("takes any value that can be said", () => {
    const Any = define();
    for (const value of [null, 1, "text", [1], new Map([[1, 2]]), new Uint8Array([1])]) {
      assert.deepEqual(Any.decode(Any(value).payload), value);
    }
  });
});

describe("fields", () => {
  it("give the order, whatever that of the value", () => {
    const Moved = define({ fields: ["x", "y"] });
    assert.equal(hex(Moved({ y: 2, x: 1 }).payload), "82a17801a17902");
    const Numbered = define({ fields: ["b", "2", "1"] });
    assert.equal(hex(Numbered({ 1: 1, 2: 2, b: 3 }).payload), "83a16203a13202a13101");
  });

  it("refuse others, and what is missing", () => {
    const Moved = define({ fields: ["x", "y"] });
    assert.match(refused(() => Moved({ x: 1, y: 2, z: 3 }), "BP_VALUE").text, /"z"/);
    assert.match(refused(() => Moved({ x: 1 }), "BP_VALUE").text, /"y"/);
    assert.match(refused(() => Moved({ x: 1, y: undefined }), "BP_VALUE").text, /"y"/);
    assert.match(refused(() => Moved({ x: 1, y: [1, undefined] }), "BP_VALUE").text, /^\$\.y\[1\]: /);
    refused(() => Moved(null), "BP_VALUE");
    refused(() => Moved("text"), "BP_VALUE");
  });

  it("take members in any order and pass over those they do not know", () => {
    const Moved = define({ fields: ["x", "y"] });
    const payload = payloadEncode({ z: { deep: [1] }, y: 2, x: 1 });
    assert.deepEqual(Object.entries(Moved.decode(payload)), [["x", 1], ["y", 2]]);
    assert.match(refused(() => Moved.decode(payloadEncode({ x: 1 })), "BP_VALUE").text, /"y" is missing/);
    for (const other of [null, 1, [1, 2], "xy", new Map([[1, 2]])]) {
      refused(() => Moved.decode(payloadEncode(other)), "BP_VALUE", /map/);
    }
    refused(() => Moved.decode(new Uint8Array([0xc1])), "BP_MESSAGEPACK");
  });

  it("may be named like members of every object", () => {
    const Odd = define({ fields: ["__proto__", "constructor", "toString"] });
    refused(() => Odd({}), "BP_VALUE", /__proto__/);
    const value = JSON.parse('{"__proto__":1,"constructor":2,"toString":3}');
    assert.deepEqual(payloadDecode(Odd(value).payload), value);
    assert.deepEqual(Odd.decode(payloadEncode(value)), value);
  });

  it("take a default where they are absent, writing and reading", () => {
    const Moved = define({ fields: ["x", "speed"], defaults: { speed: 7 } });
    assert.deepEqual(payloadDecode(Moved({ x: 1 }).payload), { x: 1, speed: 7 });
    assert.deepEqual(payloadDecode(Moved({ x: 1, speed: 8 }).payload), { x: 1, speed: 8 });
    assert.deepEqual(Moved.decode(payloadEncode({ x: 1 })), { x: 1, speed: 7 });
    assert.deepEqual(Moved.decode(payloadEncode({ x: 1, speed: null })), { x: 1, speed: null });
  });

  it("stay absent where that is allowed", () => {
    const Noted = define({ fields: ["x", "note"], optional: ["note"] });
    assert.deepEqual(payloadDecode(Noted({ x: 1 }).payload), { x: 1 });
    assert.deepEqual(payloadDecode(Noted({ note: "n", x: 1 }).payload), { x: 1, note: "n" });
    assert.deepEqual(Noted.decode(payloadEncode({ x: 1 })), { x: 1 });
    refused(() => Noted({ note: "n" }), "BP_VALUE", /"x"/);
  });

  it("are floats where it is said, integral ones too", () => {
    const Measured = define({ fields: ["value", "unit"], floats: ["value"] });
    assert.equal(hex(Measured({ value: 1, unit: 1 }).payload), "82a576616c7565cb3ff0000000000000a4756e697401");
    assert.deepEqual(Measured({ value: 1e300, unit: 1 }).payload, payloadEncode({ value: new Float64(1e300), unit: 1 }));
    assert.equal(Measured.decode(Measured({ value: 1, unit: 1 }).payload).value, 1);
  });

  it("are bigints where it is said, small ones too", () => {
    const Paid = define({ fields: ["amount", "times"], bigints: ["amount"] });
    for (const amount of [0n, -5n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      assert.deepEqual(Paid.decode(Paid({ amount, times: 3 }).payload), { amount, times: 3 });
    }
    refused(() => Paid.decode(payloadEncode({ amount: 1.5, times: 1 })), "BP_VALUE", /amount/);
  });

  it("are a copy: changing the list given changes nothing", () => {
    const fields = ["x", "y"];
    const Moved = define({ fields });
    fields.reverse();
    assert.deepEqual(Moved.fields, ["x", "y"]);
    assert.equal(hex(Moved({ x: 1, y: 2 }).payload), "82a17801a17902");
  });
});

describe("parse", () => {
  it("makes the payload from what was read", () => {
    const When = define({ parse: (value) => ({ at: new Date(value.at) }) });
    assert.deepEqual(When.decode(payloadEncode({ at: 5 })), { at: new Date(5) });
  });

  it("throws what it throws", () => {
    const thrown = new TypeError("not so");
    const Never = define({ parse: () => { throw thrown; } });
    assert.throws(() => Never.decode(payloadEncode(1)), (error) => error === thrown);
  });
});

describe("typed events in a store", () => {
  const Moved = define({ fields: ["x", "y"] });
  const Said = define();

  it("come back typed, and only they", () => {
    const store = open(temporary());
    store.append("player:alice", "room:1", Moved({ x: 1, y: 2 }));
    store.append("player:alice", "room:1", Said("hello"));
    const last = store.append("player:bob", "room:1", Moved({ x: 3, y: 4 }));
    assert.deepEqual([...store.events({ type: Moved })].map((event) => event.payload), [{ x: 1, y: 2 }, { x: 3, y: 4 }]);
    assert.deepEqual([...store.events({ type: Moved, entity: "player:bob" })].map((event) => event.payload.x), [3]);
    assert.deepEqual([...store.events({ type: Said })].map((event) => event.payload), ["hello"]);
    assert.deepEqual(store.get(last.eventId, Moved).payload, { x: 3, y: 4 });
    assert.deepEqual([...store.page({ type: Said })].map((event) => event.payload), ["hello"]);
    const sum = store.fold(0, (state, event) => state + event.payload.x, { type: Moved });
    assert.equal(sum, 4);
    store.close();
  });

  it("give their bytes and their plain value too", () => {
    const store = open(temporary());
    const { eventId } = store.append("player:alice", "room:1", Moved({ x: 1, y: 2 }));
    const typed = store.get(eventId, Moved);
    const plain = store.get(eventId);
    assert.deepEqual(typed.payloadBytes, Moved({ x: 1, y: 2 }).payload);
    assert.deepEqual(plain.payload, typed.payloadBytes);
    assert.deepEqual(plain.value(), { x: 1, y: 2 });
    store.close();
  });

  it("that do not decode throw where the payload is asked for, and iteration goes on", () => {
    const store = open(temporary());
    store.append("player:alice", "room:1", { kind: Moved.kind, value: { x: 1 } });
    store.append("player:alice", "room:1", Moved({ x: 3, y: 4 }));
    const [first, second] = store.events({ type: Moved });
    assert.throws(() => first.payload, (error) => error instanceof BatpakError && error.code === "BP_VALUE");
    assert.deepEqual(second.payload, { x: 3, y: 4 });
    store.close();
  });
});
