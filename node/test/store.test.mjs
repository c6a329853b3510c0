import assert from "node:assert/strict";
import fs from "node:fs";
import { describe, it } from "node:test";
import { EMPTY, Kind, open, payloadEncode, Receipt } from "batpak";
import { hex, id, refused, temporary } from "./support/store.mjs";

const KIND = 0xf001;

describe("open and close", () => {
  it("makes a store where there is none, and finds it again", () => {
    const directory = temporary();
    const store = open(directory);
    assert.equal(store.path, directory);
    const receipt = store.append("player:alice", "room:1", { kind: KIND, value: { x: 1 } });
    store.close();
    const again = open(directory, { mode: "must_exist" });
    assert.deepEqual(again.get(receipt.eventId).value(), { x: 1 });
    assert.equal(again.stat().cleanClose, true);
    again.close();
  });

  it("must_exist and read_only want one that is there", () => {
    const directory = temporary();
    const error = refused(() => open(directory, { mode: "must_exist" }), "BP_NO_STORE");
    assert.equal(error.path, directory);
    assert.ok(error.message.startsWith(`${directory}: `), error.message);
    refused(() => open(directory, { mode: "read_only" }), "BP_NO_STORE");
    assert.equal(fs.existsSync(directory), false);
  });

  it("does not take a directory that holds other things", () => {
    const directory = temporary();
    fs.mkdirSync(directory);
    fs.writeFileSync(`${directory}/letter.txt`, "dear");
    refused(() => open(directory), "BP_NOT_A_STORE");
  });

  it("gives the path as it was given, relative ones too", () => {
    const error = refused(() => open("no/such/../place", { mode: "must_exist" }), "BP_NO_STORE");
    assert.equal(error.path, "no/such/../place");
  });

  it("a path with a NUL is refused, not cut", () => {
    const directory = temporary();
    refused(() => open(`${directory}\0more`), "BP_ARGUMENT");
    assert.equal(fs.existsSync(directory), false);
  });

  it("what is asked of a closed store is refused; a second close is fine", () => {
    const store = open(temporary());
    const { eventId } = store.append("a", "s", { kind: KIND, value: 1 });
    const receipt = store.append("a", "s", { kind: KIND, value: 2 });
    const events = store.events();
    events.next();
    store.close();
    store.close();
    const calls = {
      append: () => store.append("a", "s", { kind: KIND, value: 1 }),
      appendMany: () => store.appendMany([{ entity: "a", scope: "s", event: { kind: KIND, value: 1 } }]),
      sync: () => store.sync(),
      page: () => store.page(),
      events: () => [...store.events()],
      pages: () => [...store.pages()],
      get: () => store.get(eventId),
      walk: () => [...store.walk(eventId)],
      fold: () => store.fold(0, (state) => state),
      verifyReceipt: () => store.verifyReceipt(receipt),
      verify: () => store.verify(),
      openReport: () => store.openReport(),
      stat: () => store.stat(),
    };
    for (const call of Object.values(calls)) {
      const error = refused(call, "BP_CLOSED");
      assert.equal(error.path, store.path);
    }
  });

  it("`using` closes", () => {
    const directory = temporary();
    const store = open(directory);
    store[Symbol.dispose]();
    refused(() => store.stat(), "BP_CLOSED");
    open(directory).close();
  });

  it("a second handle is locked out; readers stand beside each other", () => {
    const directory = temporary();
    const store = open(directory);
    refused(() => open(directory), "BP_LOCKED");
    refused(() => open(directory, { mode: "read_only" }), "BP_LOCKED");
    store.append("a", "s", { kind: KIND, value: 1 });
    store.close();
    const first = open(directory, { mode: "read_only" });
    const second = open(directory, { mode: "read_only" });
    refused(() => open(directory), "BP_LOCKED");
    assert.equal([...first.events({ entity: "a" })].length, [...second.events({ entity: "a" })].length);
    first.close();
    second.close();
    open(directory).close();
  });

  it("a reader writes nothing", () => {
    const directory = temporary();
    open(directory).close();
    const store = open(directory, { mode: "read_only" });
    refused(() => store.append("a", "s", { kind: KIND, value: 1 }), "BP_READ_ONLY");
    refused(() => store.appendMany([{ entity: "a", scope: "s", event: { kind: KIND, value: 1 } }]), "BP_READ_ONLY");
    refused(() => store.sync(), "BP_READ_ONLY");
    store.close();
  });

  it("options out of their range are refused", () => {
    const cases = [
      { segmentMaxBytes: 0n }, { singleAppendMaxBytes: 0 }, { singleAppendMaxBytes: 67_108_865 }, { groupMaxEvents: 0 },
      { groupMaxEvents: 4097 }, { batchMaxEvents: 0 }, { batchMaxEvents: 4097 }, { batchMaxBytes: 0 }, { batchMaxBytes: 16_777_217 },
      { queueCapacity: 0 }, { pressurePercent: 0 }, { pressurePercent: 101 }, { preallocateBytes: 16_777_217 },
    ];
    for (const options of cases) refused(() => open(temporary(), options), "BP_CONFIGURATION");
    refused(() => open(temporary(), { signingSeeds: [new Uint8Array(32)] }), "BP_SEED_ZERO");
    refused(() => open(temporary(), { verifyKeys: [new Uint8Array(32).fill(255)] }), "BP_KEY_INVALID");
    for (const options of [
      { mode: "w" }, { durability: "never" }, { syncMode: 7 }, { segmentMaxBytes: -1n }, { segmentMaxBytes: 2n ** 64n },
      { groupMaxEvents: 1.5 }, { groupMaxEvents: 2 ** 32 + 1 }, { signingSeeds: [new Uint8Array(31)] },
      { verifyKeys: ["text"] }, { clock: 5 }, { progress: 5 }, { log: "text" }, { modes: "create" },
      { batchMaxEvents: "4" }, { queueCapacity: 1.5 }, { drainLimit: -1 }, { restartMax: 2 ** 32 }, { restartWithinMs: -1n },
      { preallocateBytes: 2n ** 64n }, { batchMaxEvent: 4 },
    ]) {
      const directory = temporary();
      refused(() => open(directory, options), "BP_ARGUMENT");
      assert.equal(fs.existsSync(directory), false);
    }
  });

  it("takes each option", () => {
    const clock = new BigInt64Array([1_700_000_000_000_000n]);
    const store = open(temporary(), {
      mode: "create", durability: "written", syncMode: "all", segmentMaxBytes: 10_000n, singleAppendMaxBytes: 1_000,
      syncEveryEvents: 10, groupMaxEvents: 5, signingSeeds: [], verifyKeys: [], clock, batchMaxEvents: 3, batchMaxBytes: 1_000,
      queueCapacity: 7, pressurePercent: 50, drainLimit: 0, restartMax: 0, restartWithinMs: 2n ** 63n, preallocateBytes: 0,
    });
    refused(() => store.append("a", "s", { kind: KIND, payload: new Uint8Array(1_001) }), "BP_PAYLOAD_TOO_LARGE");
    for (let index = 0; index < 100; index++) {
      clock[0] += 1_000n;
      const { eventId, durable } = store.append("a", "s", { kind: KIND, payload: new Uint8Array(900) });
      assert.equal(durable, false);
      assert.equal(store.get(eventId).timestampUs, clock[0]);
    }
    assert.ok(store.stat().segments > 5n);
    store.close();
  });

  it("a clock before 1970 stops the append", () => {
    const clock = new BigInt64Array([1_700_000_000_000_000n]);
    const store = open(temporary(), { clock });
    clock[0] = -1n;
    refused(() => store.append("a", "s", { kind: KIND, value: 1 }), "BP_CLOCK_INVALID");
    clock[0] = 1_700_000_000_000_001n;
    store.append("a", "s", { kind: KIND, value: 1 });
    store.close();
  });
});

describe("append", () => {
  it("answers a receipt that says what it did", () => {
    const store = open(temporary());
    const payload = payloadEncode({ x: 1 });
    const receipt = store.append("player:alice", "room:1", { kind: new Kind(KIND), payload });
    assert.ok(receipt instanceof Receipt);
    const event = store.get(receipt.eventId);
    assert.deepEqual(
      [event.sequence, event.segmentId, event.offset, event.frameLength],
      [receipt.sequence, receipt.segmentId, receipt.offset, receipt.frameLength],
    );
    assert.deepEqual(event.eventHash, receipt.contentHash);
    assert.deepEqual([receipt.durable, receipt.replayed, receipt.same], [true, false, null]);
    assert.deepEqual([receipt.keyId, receipt.signature, { ...receipt.extensions }], [null, null, {}]);
    store.close();
  });

  it("stores every part of a draft", () => {
    const store = open(temporary());
    const cause = store.append("a", "s", { kind: KIND, value: 0 });
    const receipt = store.append("player:é", "room:☃", { kind: 0x1234, value: { x: 1 } }, {
      key: id(77), correlationId: id(78), causationId: cause.eventId, lane: 4_294_967_295, depth: 7, flags: 0xff,
      extensions: { "a.b": new Uint8Array([1, 2]), "c.d": new Uint8Array(0) }, durability: "written",
    });
    const event = store.get(receipt.eventId);
    assert.deepEqual(event.eventId, id(77));
    assert.deepEqual(event.correlationId, id(78));
    assert.deepEqual(event.causationId, cause.eventId);
    assert.deepEqual([event.entity, event.scope, Number(event.kind)], ["player:é", "room:☃", 0x1234]);
    assert.deepEqual([event.lane, event.depth, event.flags, event.clock, event.payloadForm], [4_294_967_295, 7, 0xff, 0, 0]);
    assert.deepEqual({ ...event.extensions }, { "a.b": new Uint8Array([1, 2]), "c.d": new Uint8Array(0) });
    assert.deepEqual({ ...receipt.extensions }, { ...event.extensions });
    assert.equal(receipt.durable, false);
    assert.equal(store.get(cause.eventId).causationId, null);
    assert.deepEqual(store.get(cause.eventId).correlationId, cause.eventId);
    store.close();
  });

  it("a key given twice answers the first event", () => {
    const store = open(temporary());
    const first = store.append("a", "s", { kind: KIND, value: 1 }, { key: id(5), extensions: { "a.b": new Uint8Array(3) } });
    const second = store.append("a", "s", { kind: KIND, value: 1 }, { key: id(5) });
    const third = store.append("a", "s", { kind: KIND, value: 2 }, { key: id(5) });
    assert.deepEqual([second.sequence, second.replayed, second.same], [first.sequence, true, true]);
    assert.deepEqual([third.sequence, third.replayed, third.same], [first.sequence, true, false]);
    assert.deepEqual({ ...second.extensions }, { "a.b": new Uint8Array(3) });
    store.close();
  });

  it("expectations hold or refuse", () => {
    const store = open(temporary());
    const event = { kind: KIND, value: 1 };
    const first = store.append("a", "s", event, { expect: EMPTY });
    assert.equal(refused(() => store.append("a", "s", event, { expect: EMPTY }), "BP_EXPECTED_EMPTY").actual, 0n);
    const second = store.append("a", "s", event, { expect: 0 });
    const clock = refused(() => store.append("a", "s", event, { expect: 7 }), "BP_EXPECTED_CLOCK");
    assert.deepEqual([clock.expected, clock.actual], [7n, 1n]);
    const wrong = refused(() => store.append("a", "s", event, { expect: first.eventId }), "BP_EXPECTED_EVENT");
    assert.deepEqual(wrong.eventId, second.eventId);
    assert.equal(refused(() => store.append("b", "s", event, { expect: first.eventId }), "BP_EXPECTED_EVENT").eventId, null);
    store.append("a", "s", event, { expect: second.eventId });
    assert.equal(store.get(store.append("a", "s", event, { expect: null }).eventId).clock, 3);
    store.close();
  });

  it("refuses what breaks a rule, and writes nothing", () => {
    const store = open(temporary());
    const event = { kind: KIND, value: 1 };
    const { events } = store.stat();
    const cases = [
      [() => store.append("", "s", event), "BP_ENTITY_EMPTY"],
      [() => store.append("a", "", event), "BP_SCOPE_EMPTY"],
      [() => store.append("a".repeat(1025), "s", event), "BP_ENTITY_TOO_LONG"],
      [() => store.append("a", "s".repeat(1025), event), "BP_SCOPE_TOO_LONG"],
      [() => store.append("a\0", "s", event), "BP_COORDINATE_NUL"],
      [() => store.append("a\t", "s", event), "BP_COORDINATE_CONTROL"],
      [() => store.append("..", "s", event), "BP_COORDINATE_TRAVERSAL"],
      [() => store.append("a=b", "s", event), "BP_COORDINATE_SEPARATOR"],
      [() => store.append("a\ud800", "s", event), "BP_COORDINATE_UTF8"],
      [() => store.append("a", "s", { kind: 0x10000, value: 1 }), "BP_KIND_RANGE"],
      [() => store.append("a", "s", { kind: 0x0001, value: 1 }), "BP_KIND_RESERVED"],
      [() => store.append("a", "s", { kind: 0xd001, value: 1 }), "BP_KIND_RESERVED"],
      [() => store.append("a", "s", { kind: 0x0006, value: 1 }, { allowReserved: true }), "BP_KIND_MARKER"],
      [() => store.append("a", "s", event, { extensions: { "": new Uint8Array(1) } }), "BP_EXTENSION_EMPTY"],
      [() => store.append("a", "s", event, { extensions: { "é.a": new Uint8Array(1) } }), "BP_EXTENSION_NON_ASCII"],
      [() => store.append("a", "s", event, { extensions: { [`a.${"b".repeat(256)}`]: new Uint8Array(1) } }), "BP_EXTENSION_TOO_LONG"],
      [() => store.append("a", "s", event, { extensions: { ab: new Uint8Array(1) } }), "BP_EXTENSION_NAMESPACE"],
      [() => store.append("a", "s", event, { extensions: { "batpak.a": new Uint8Array(1) } }), "BP_EXTENSION_RESERVED"],
      [() => store.append("a", "s", { kind: KIND, payload: new Uint8Array(16_777_217) }), "BP_PAYLOAD_TOO_LARGE"],
    ];
    for (const [call, code] of cases) assert.equal(refused(call, code).path, store.path);
    assert.equal(store.stat().events, events);
    store.append("a", "s", { kind: 0xd001, value: 1 }, { allowReserved: true });
    store.close();
  });

  it("refuses arguments of the wrong kind, and writes nothing", () => {
    const store = open(temporary());
    const event = { kind: KIND, value: 1 };
    const { events } = store.stat();
    for (const call of [
      () => store.append(1, "s", event),
      () => store.append("a", undefined, event),
      () => store.append("a", "s"),
      () => store.append("a", "s", null),
      () => store.append("a", "s", { kind: KIND }),
      () => store.append("a", "s", { kind: KIND, value: 1, payload: new Uint8Array(1) }),
      () => store.append("a", "s", { kind: KIND, payload: "text" }),
      () => store.append("a", "s", { kind: KIND, payload: new Uint16Array(1) }),
      () => store.append("a", "s", event, { key: new Uint8Array(15) }),
      () => store.append("a", "s", event, { key: "0".repeat(32) }),
      () => store.append("a", "s", event, { correlationId: new Uint8Array(17) }),
      () => store.append("a", "s", event, { causationId: 1 }),
      () => store.append("a", "s", event, { expect: -1 }),
      () => store.append("a", "s", event, { expect: 1.5 }),
      () => store.append("a", "s", event, { expect: 2 ** 32 }),
      () => store.append("a", "s", event, { expect: new Uint8Array(3) }),
      () => store.append("a", "s", event, { lane: -1 }),
      () => store.append("a", "s", event, { lane: 2 ** 32 }),
      () => store.append("a", "s", event, { depth: 1.5 }),
      () => store.append("a", "s", event, { flags: 256 }),
      () => store.append("a", "s", event, { durability: "maybe" }),
      () => store.append("a", "s", event, { extensions: { "a.b": 1 } }),
      () => store.append("a", "s", event, { colour: "red" }),
    ]) {
      refused(call, "BP_ARGUMENT");
    }
    assert.equal(store.stat().events, events);
    store.close();
  });

  it("takes payloads from Buffers and from the middle of one", () => {
    const store = open(temporary());
    const buffer = Buffer.from("..payload..");
    const { eventId } = store.append("a", "s", { kind: KIND, payload: buffer.subarray(2, 9) });
    buffer.fill(0);
    assert.equal(Buffer.from(store.get(eventId).payload).toString(), "payload");
    const empty = store.append("a", "s", { kind: KIND, payload: new Uint8Array(0) });
    assert.equal(store.get(empty.eventId).payload.length, 0);
    store.close();
  });
});

describe("code of the caller that runs while a draft is read", () => {
  it("may use the store", () => {
    const store = open(temporary());
    const inner = () => store.append("inner", "other", { kind: 0xe123, value: "inner" }, { lane: 9, flags: 9, extensions: { "in.ner": new Uint8Array(9) } });
    const value = () => ({ a: 1, get b() { inner(); return 2; } });
    const options = () => ({ lane: 1, get flags() { inner(); return 3; }, get extensions() { inner(); return { "a.b": new Uint8Array(1) }; } });
    const check = ({ eventId }, entity) => {
      const event = store.get(eventId);
      assert.deepEqual([event.entity, event.scope, Number(event.kind), event.lane, event.flags], [entity, "s", KIND, 1, 3]);
      assert.deepEqual({ ...event.extensions }, { "a.b": new Uint8Array(1) });
      assert.deepEqual(event.value(), { a: 1, b: 2 });
    };
    check(store.append("outer", "s", { kind: KIND, value: value() }, options()), "outer");
    const draft = (entity) => ({ entity, scope: "s", event: { kind: KIND, value: value() }, lane: 1, get flags() { inner(); return 3; }, extensions: { "a.b": new Uint8Array(1) } });
    const receipts = store.appendMany([draft("one"), draft("two"), draft("three")]);
    for (const [index, entity] of ["one", "two", "three"].entries()) check(receipts[index], entity);
    const query = { get entity() { inner(); return "two"; }, get scope() { inner(); return "s"; } };
    assert.deepEqual([...store.page(query)].map((event) => event.entity), ["two"]);
    store.close();
  });
});

describe("appendMany", () => {
  const draft = (entity, value, more) => ({ entity, scope: "s", event: { kind: KIND, value }, ...more });

  it("answers a receipt for each draft", () => {
    const store = open(temporary());
    const receipts = store.appendMany([
      draft("a", 1), draft("b", 2, { key: id(9) }), draft("a", 3, { expect: 0, extensions: { "a.b": new Uint8Array([5]) } }),
    ]);
    assert.equal(receipts.length, 3);
    assert.deepEqual(receipts.map((receipt) => store.get(receipt.eventId).value()), [1, 2, 3]);
    assert.deepEqual(receipts.map((receipt) => receipt.sequence - receipts[0].sequence), [0n, 1n, 2n]);
    assert.deepEqual(receipts[1].eventId, id(9));
    assert.deepEqual({ ...receipts[2].extensions }, { "a.b": new Uint8Array([5]) });
    assert.deepEqual(receipts.map((receipt) => receipt.durable), [true, true, true]);
    assert.equal(store.appendMany([]).length, 0);
    store.close();
  });

  it("takes ten thousand at once", () => {
    const store = open(temporary(), { durability: "written" });
    const receipts = store.appendMany(Array.from({ length: 10_000 }, (_, index) => draft(`e:${index % 7}`, index)));
    assert.equal(receipts.length, 10_000);
    assert.equal(store.get(receipts[9_999].eventId).value(), 9_999);
    assert.equal(new Set(receipts.map((receipt) => hex(receipt.eventId))).size, 10_000);
    store.close();
  });

  it("stops at the first that fails and says which are in the store", () => {
    const store = open(temporary());
    const error = refused(
      () => store.appendMany([draft("a", 1), draft("a", 2), draft("a", 3, { expect: EMPTY }), draft("a", 4)]),
      "BP_EXPECTED_EMPTY",
    );
    assert.equal(error.accepted.length, 2);
    assert.deepEqual(error.accepted.map((receipt) => store.get(receipt.eventId).value()), [1, 2]);
    assert.equal([...store.events({ entity: "a" })].length, 2);
    store.close();
  });

  it("a draft that cannot be said writes nothing", () => {
    const store = open(temporary());
    const { events } = store.stat();
    const error = refused(() => store.appendMany([draft("a", 1), draft("a", undefined)]), "BP_VALUE");
    assert.equal(error.accepted?.length ?? 0, 0);
    refused(() => store.appendMany([draft("a", 1), draft("a", 2, { lane: -1 })]), "BP_ARGUMENT");
    refused(() => store.appendMany("drafts"), "BP_ARGUMENT");
    refused(() => store.appendMany([draft("a", 1), null]), "BP_ARGUMENT");
    assert.equal(store.stat().events, events);
    store.close();
  });
});

describe("read", () => {
  const filled = () => {
    const store = open(temporary(), { durability: "written" });
    for (let index = 0; index < 30; index++) {
      const entity = ["player:alice", "player:alice:pet", "player:bob"][index % 3];
      store.append(entity, `room:${index % 2}`, { kind: index % 5 === 0 ? 0xe002 : KIND, value: index });
    }
    return store;
  };
  const values = (events) => [...events].filter((event) => event.entity.startsWith("player")).map((event) => event.value());
  const expected = (keep) => Array.from({ length: 30 }, (_, index) => index).filter(keep);

  it("pages by each condition", () => {
    const store = filled();
    assert.deepEqual(values(store.events()), expected(() => true));
    assert.deepEqual(values(store.events({ entity: "player:alice" })), expected((index) => index % 3 === 0));
    assert.deepEqual(values(store.events({ under: "player:alice" })), expected((index) => index % 3 !== 2));
    assert.deepEqual(values(store.events({ scope: "room:1" })), expected((index) => index % 2 === 1));
    assert.deepEqual(values(store.events({ kind: 0xe002 })), expected((index) => index % 5 === 0));
    assert.deepEqual(values(store.events({ kind: new Kind(KIND) })), expected((index) => index % 5 !== 0));
    assert.deepEqual(values(store.events({ category: 0xe })), expected((index) => index % 5 === 0));
    assert.deepEqual(values(store.events({ entity: "player:bob", clock: [2, 4] })), [8, 11, 14]);
    assert.deepEqual(values(store.events({ entity: "nobody" })), []);
    const all = [...store.events()];
    assert.deepEqual([...store.events({ after: all[4].sequence })].map((event) => event.sequence),
      all.slice(5).map((event) => event.sequence));
    assert.deepEqual([...store.events({ after: 2n ** 64n - 1n })], []);
    store.close();
  });

  it("a page ends where it is told and says if there is more", () => {
    const store = filled();
    const page = store.page({ limit: 10 });
    assert.deepEqual([page.length, page.more], [10, true]);
    const rest = store.page({ limit: 1000, after: page.at(-1).sequence });
    assert.deepEqual([rest.length, rest.more], [Number(store.stat().events) - 10, false]);
    assert.equal(store.page({ limit: 0 }).length, 0);
    assert.equal(store.page({ maxBytes: 1 }).length, 1);
    const pages = [...store.pages({ limit: 7 })];
    assert.deepEqual(pages.map((one) => one.more), [true, true, true, true, false]);
    assert.deepEqual(pages.flatMap((one) => [...one].map((event) => event.sequence)),
      [...store.events()].map((event) => event.sequence));
    store.close();
  });

  it("every member of an event", () => {
    const store = open(temporary());
    const first = store.append("a", "s", { kind: KIND, value: 1 });
    const second = store.append("a", "s", { kind: KIND, value: { x: [1, "é"] } });
    const event = store.get(second.eventId);
    assert.equal(event.error, undefined);
    assert.equal(typeof event.sequence, "bigint");
    assert.equal(event.sequence, second.sequence);
    assert.ok(event.wallMs > 1_600_000_000_000n && event.timestampUs > 1_600_000_000_000_000n);
    assert.deepEqual(event.prevHash, first.contentHash);
    assert.deepEqual(store.get(first.eventId).prevHash, new Uint8Array(32));
    assert.deepEqual(event.eventHash, second.contentHash);
    assert.deepEqual(event.payloadBytes, payloadEncode({ x: [1, "é"] }));
    assert.deepEqual(event.payload, event.payloadBytes);
    assert.equal(event.clock, 1);
    store.close();
  });

  it("get wants an event that is there", () => {
    const store = open(temporary());
    const error = refused(() => store.get(id(1)), "BP_NOT_FOUND");
    assert.equal(error.path, store.path);
    refused(() => store.get(new Uint8Array(15)), "BP_ARGUMENT");
    refused(() => store.get("x"), "BP_ARGUMENT");
    store.close();
  });

  it("walk goes back to the first", () => {
    const store = filled();
    const last = [...store.events({ entity: "player:bob" })].at(-1);
    assert.deepEqual(values(store.walk(last.eventId)), expected((index) => index % 3 === 2).reverse());
    assert.deepEqual(values(store.walk(last.eventId, { limit: 3 })), [29, 26, 23]);
    refused(() => store.walk(id(1)), "BP_NOT_FOUND");
    store.close();
  });

  it("fold brings events down to a state", () => {
    const store = filled();
    const sum = (state, event) => state + event.value();
    assert.equal(store.fold(0, sum, { entity: "player:bob" }), expected((index) => index % 3 === 2).reduce((a, b) => a + b));
    assert.equal(store.fold(0, sum, { entity: "player:bob", limit: 2 }), 2 + 5);
    assert.equal(store.fold("none", () => "some", { entity: "nobody" }), "none");
    assert.deepEqual(store.fold([], (list, event) => [...list, event.sequence]),
      [...store.events()].map((event) => event.sequence));
    store.close();
  });

  it("conditions of the wrong kind are refused", () => {
    const store = open(temporary());
    for (const query of [
      { entity: 1 }, { entity: "a", under: "b" }, { kind: 0xf001, category: 0xf }, { category: 16 }, { after: 1.5 },
      { after: -1n }, { after: 2n ** 64n }, { clock: [1] }, { clock: [-1, 2] }, { limit: -1 }, { limit: 1.5 },
      { maxBytes: "x" }, { colour: "red" }, "query", { type: 5 },
    ]) {
      const error = refusedAny(() => store.page(query));
      assert.ok(["BP_ARGUMENT", "BP_KIND_RANGE"].includes(error.code), `${JSON.stringify(query, bigints)}: ${error.message}`);
    }
    store.close();
  });
});

const bigints = (_, value) => (typeof value === "bigint" ? `${value}n` : value);

function refusedAny(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("stat and reports", () => {
  it("stat counts", () => {
    const directory = temporary();
    const store = open(directory);
    store.appendMany(Array.from({ length: 5 }, (_, index) => ({ entity: `e${index % 2}`, scope: "s", event: { kind: KIND, value: 1 } })));
    store.sync();
    const stat = store.stat();
    assert.deepEqual([stat.events, stat.entities, stat.scopes, stat.segments], [6n, 3n, 2n, 1n]);
    assert.deepEqual([stat.firstSequence, stat.lastSequence, stat.durableSequence], [0n, 5n, 6n]);
    assert.ok(stat.bytes > 0n && stat.indexBytes > 0n && stat.writes > 0n && stat.syncs > 0n);
    assert.deepEqual([stat.poisoned, stat.cleanClose], [false, false]);
    assert.deepEqual(Object.keys(stat.toJSON()), ["events", "entities", "scopes", "segments", "bytes", "first_sequence",
      "last_sequence", "clean_close"]);
    store.close();
  });

  it("verify speaks of a store without receipts as consistent", () => {
    const store = open(temporary());
    store.append("a", "s", { kind: KIND, value: 1 });
    const report = store.verify();
    assert.equal(report.verdict, "CONSISTENT");
    assert.deepEqual([report.events, report.attested, report.findings], [1n, 0n, 0n]);
    assert.ok([...report].every((finding) => finding.severity === "note"));
    assert.equal(BigInt([...report].length), report.findings + report.notes);
    store.close();
  });

  it("openReport says what was repaired", () => {
    const directory = temporary();
    const store = open(directory);
    assert.equal(store.openReport().findings, 0n);
    store.append("a", "s", { kind: KIND, value: 1 });
    store.close();
  });
});
