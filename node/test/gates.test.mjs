/* Gates, permits, denials in the log, and steps between states. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import { bypass, defineEvent, defineMachine, Denial, DeniedError, EMPTY, GATE_DEFECT, Gates, keyGenerate, open, payloadDecode, Permit } from "batpak";
import { hex, id, refused, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const draft = (value = 1, more) => ({ entity: "account:7", scope: "bank", event: { kind: KIND, value }, ...more });
const permits = (name) => ({ name, evaluate: () => undefined });
const denies = (name, context) => ({ name, evaluate: () => new Denial({ code: "C1", message: "no way", context }) });
const json = (denials) => denials.map((denial) => denial.toJSON());

/** Asks one gate that does this, and answers the denial. */
function denial(evaluate, context) {
  const gates = new Gates([{ name: "one", evaluate }]);
  const error = refused(() => gates.evaluate(context, draft()), "BP_DENIED");
  assert.ok(error instanceof DeniedError);
  assert.deepEqual(json(gates.evaluateAll(context)), json([error.denial]));
  return error.denial;
}

describe("a set of gates", () => {
  it("is asked in order, up to the first that denies, or all of it", () => {
    const asked = [];
    const noting = (gate) => ({ ...gate, evaluate: (context) => { asked.push([gate.name, context]); return gate.evaluate(); } });
    const gates = new Gates([permits("one"), denies("two"), permits("three"), denies("four")].map(noting));
    const context = { amount: 1 };
    const error = refused(() => gates.evaluate(context, draft()), "BP_DENIED", /\[two\] no way/);
    assert.deepEqual(asked.map(([name]) => name), ["one", "two"]);
    assert.deepEqual([error.name, error.denial.gate, error.denial.position, error.denial.code], ["DeniedError", "two", 2, "C1"]);
    assert.ok(asked.every(([, seen]) => seen === context));
    asked.length = 0;
    assert.deepEqual(gates.evaluateAll(context).map(({ gate, position }) => [gate, position]), [["two", 2], ["four", 4]]);
    assert.equal(asked.length, 4);
  });

  it("shows names and descriptions, and nothing of it can be changed", () => {
    const list = [{ ...permits("one"), description: "the first" }, permits("zwei·")];
    const gates = new Gates(list);
    list[0].evaluate = () => new Denial({ code: "C", message: "m" });
    list.push(denies("three"));
    assert.deepEqual([gates.length, gates.names, gates.descriptions], [2, ["one", "zwei·"], ["the first", ""]]);
    assert.throws(() => gates.names.push("x"), TypeError);
    assert.deepEqual(gates.evaluateAll(), []);
    assert.match(inspect(gates), /Gates .*one/s);
  });

  it("without gates permits everything", () => {
    const gates = new Gates([]);
    assert.equal(gates.length, 0);
    assert.deepEqual([gates.evaluateAll(), gates.evaluate(undefined, draft()).gates], [[], []]);
  });

  it("keeps a gate's own object", () => {
    class Limit {
      name = "limit";
      #limit = 5;
      evaluate(amount) {
        if (amount > this.#limit) throw new Denial({ code: "LIMIT", message: `${amount} > ${this.#limit}` });
      }
    }
    const gates = new Gates([new Limit()]);
    gates.evaluate(5, draft());
    assert.equal(refused(() => gates.evaluate(6, draft()), "BP_DENIED").denial.message, "6 > 5");
  });

  for (const [what, gates] of Object.entries({
    "no list": 5, "no gate": [5], "no name": [{ evaluate: () => undefined }], "no function": [{ name: "a" }],
    "a member that there is not": [{ name: "a", evaluate: () => undefined, colour: 1 }], "a description that is none": [{ ...permits("a"), description: 1 }],
  })) it(`refuses ${what}`, () => refused(() => new Gates(gates), "BP_ARGUMENT"));

  it("refuses names that are no text, and drafts that are none", () => {
    refused(() => new Gates([permits("\ud800")]), "BP_UTF8");
    const gates = new Gates([permits("a")]);
    for (const bad of [undefined, {}, { ...draft(), colour: 1 }, { ...draft(), causeItem: 0 }, { ...draft(), entity: 1 }]) refused(() => gates.evaluate({}, bad), "BP_ARGUMENT");
    refused(() => gates.evaluate({}, draft(() => 1)), "BP_VALUE");
    assert.throws(() => Gates.prototype.evaluate.call({}, {}, draft()), TypeError);
  });
});

describe("a denial", () => {
  it("keeps its pairs in order, a name twice too, and no empty text is lost", () => {
    const pairs = [["k", "v"], ["", ""], ["k", "again"], ["ä", "€"]];
    const found = denial(() => new Denial({ code: "", message: "", context: pairs }));
    assert.deepEqual(found.toJSON(), { gate: "one", code: "", message: "", context: pairs });
    assert.deepEqual(denial(() => new Denial({ code: "C", message: "m", context: { b: "1", a: "2" } })).context, [["b", "1"], ["a", "2"]]);
    assert.deepEqual(denial(() => { throw new Denial({ code: "C", message: "m", context: new Map([["x", "y"]]) }); }).context, [["x", "y"]]);
    assert.throws(() => found.context.push(1), TypeError);
    assert.match(inspect(found), /Denial .*one/s);
  });

  for (const [what, [options, code]] of Object.entries({
    "no code": [{ message: "m" }, "BP_ARGUMENT"], "a message that is none": [{ code: "c", message: 1 }, "BP_ARGUMENT"],
    "a lone surrogate": [{ code: "c", message: "\udc00" }, "BP_UTF8"], "a pair of three": [{ code: "c", message: "m", context: [["a", "b", "c"]] }, "BP_ARGUMENT"],
    "a value that is no text": [{ code: "c", message: "m", context: { a: 1 } }, "BP_ARGUMENT"], "a context that is none": [{ code: "c", message: "m", context: 5 }, "BP_ARGUMENT"],
    "a position that is none": [{ code: "c", message: "m", position: -1 }, "BP_ARGUMENT"], "another member": [{ code: "c", message: "m", colour: "red" }, "BP_ARGUMENT"],
  })) it(`refuses ${what}`, () => refused(() => new Denial(options), code));
});

describe("a gate that is defect", () => {
  const hostile = new Proxy(function () {}, { get() { throw new Error("get"); }, getPrototypeOf() { throw new Error("prototype"); } });
  const cases = {
    "throws an error": [() => { throw new TypeError("mine"); }, /^mine$/],
    "throws an error without message": [() => { throw new RangeError(); }, /^RangeError$/],
    "throws a text": [() => { throw "mine"; }, /^mine$/],
    "throws nothing": [() => { throw undefined; }, /^undefined$/],
    "throws an empty text": [() => { throw ""; }, /empty/],
    "throws a symbol": [() => { throw Symbol("mine"); }, /Symbol\(mine\)/],
    "throws what cannot be shown": [() => { throw Object.create(null); }, /cannot be shown/],
    "throws what throws": [() => { throw hostile; }, /cannot be shown/],
    "throws half a letter": [() => { throw new Error("a\ud800b"); }, /^a\ufffdb$/],
    "throws a long text": [() => { throw new Error("x".repeat(100_000)); }, /^x{100000}$/],
    "answers a promise": [async () => undefined, /promise/],
    "answers true": [() => true, /^the gate answered true$/],
    "answers false": [() => false, /^the gate answered false$/],
    "answers null": [() => null, /^the gate answered null$/],
    "answers what looks like a denial": [() => ({ gate: "a", code: "C", message: "m", context: [] }), /the gate answered/],
    "answers half a denial": [() => Object.create(Denial.prototype), /./],
    "cannot make its denial": [() => new Denial({ code: 1, message: "m" }), /code is not a string/],
    "answers what throws": [() => hostile, /./],
    "goes too deep": [function deep() { return deep() ?? undefined; }, /stack/],
  };
  for (const [what, [evaluate, message]] of Object.entries(cases)) {
    it(`${what}: a denial with its own code`, () => {
      const found = denial(evaluate);
      assert.deepEqual([found.gate, found.code, found.context], ["one", GATE_DEFECT, []]);
      assert.match(found.message, message);
    });
  }

  it("denies among others, and the others are asked all the same", () => {
    const gates = new Gates([permits("one"), { name: "two", evaluate: () => { throw new Error("mine"); } }, denies("three")]);
    assert.deepEqual(gates.evaluateAll().map(({ gate, code }) => [gate, code]), [["two", GATE_DEFECT], ["three", "C1"]]);
    refused(() => gates.evaluate(undefined, draft()), "BP_DENIED", /\[two\] mine/);
  });
});

describe("a permit", () => {
  it("commits what was proposed, once", () => {
    const store = open(temporary());
    const given = draft({ amount: 42 }, { key: id(1), extensions: { "a.b": Uint8Array.of(1, 2) }, correlationId: id(2), lane: 3, expect: EMPTY });
    const permit = new Gates([permits("one"), permits("two")]).evaluate({}, given);
    assert.ok(permit instanceof Permit);
    assert.deepEqual([permit.gates, permit.entity, permit.scope, permit.kind.number, permit.audit], [["one", "two"], "account:7", "bank", KIND, null]);
    assert.deepEqual(payloadDecode(permit.payload), { amount: 42 });
    const receipt = store.commit(permit);
    assert.deepEqual([hex(receipt.eventId), hex(receipt.extensions["a.b"]), receipt.replayed], [hex(id(1)), "0102", false]);
    assert.equal(store.verifyReceipt(receipt).valid, true);
    const event = store.get(receipt.eventId);
    assert.deepEqual([event.value(), event.lane, hex(event.correlationId)], [{ amount: 42 }, 3, hex(id(2))]);
    refused(() => store.commit(permit), "BP_PERMIT_USED");
    assert.deepEqual(payloadDecode(permit.payload), { amount: 42 });
    store.close();
  });

  it("holds the draft as it was: neither its readers nor a gate change it", () => {
    const store = open(temporary());
    const payload = Uint8Array.of(1);
    const given = { entity: "a", scope: "s", event: { kind: KIND, payload } };
    const gates = new Gates([{ name: "one", evaluate: () => {
      payload[0] = 9;
      given.entity = "b";
      store.append("c", "s", { kind: KIND, payload: new Uint8Array(100_000) });
    } }]);
    const permit = gates.evaluate({}, given);
    permit.payload[0] = 7;
    const event = store.get(store.commit(permit).eventId);
    assert.deepEqual([event.entity, event.payload], ["a", Uint8Array.of(1)]);
    store.close();
  });

  it("is not used up by a commit that failed", () => {
    const store = open(temporary());
    const permit = new Gates([]).evaluate({}, draft(1, { expect: 1 }));
    assert.equal(refused(() => store.commit(permit), "BP_EXPECTED_CLOCK").path, store.path);
    for (const value of [0, 1]) store.append("account:7", "bank", { kind: KIND, value });
    assert.equal(store.commit(permit).sequence, 3n);
    const closed = new Gates([]).evaluate({}, draft());
    store.close();
    refused(() => store.commit(closed), "BP_CLOSED");
    const invalid = new Gates([]).evaluate({}, draft(1, { entity: "" }));
    const other = open(temporary());
    refused(() => other.commit(invalid), "BP_ENTITY_EMPTY");
    other.commit(closed);
    other.close();
  });

  it("of a known key answers the first receipt, with all its extensions, and is used up", () => {
    const store = open(temporary());
    const first = store.append("account:7", "bank", { kind: KIND, value: 1 }, { key: id(1), extensions: { "a.b": new Uint8Array(300) } });
    const permit = new Gates([]).evaluate({}, draft(1, { key: id(1) }));
    const again = store.commit(permit);
    assert.deepEqual([again.replayed, again.same, again.sequence, again.extensions["a.b"].length], [true, true, first.sequence, 300]);
    refused(() => store.commit(permit), "BP_PERMIT_USED");
    store.close();
  });

  it("commits into any store, signed, with the clock of that store", () => {
    const directory = temporary();
    const clock = BigInt64Array.of(1_700_000_000_000_000n);
    const store = open(directory, { signingSeeds: [new Uint8Array(32).fill(7)], clock });
    const receipt = store.commit(bypass(draft(1, { extensions: { "a.b": Uint8Array.of(1) } }), { reason: "R", justification: "J" }));
    assert.equal(store.verifyReceipt(receipt).outcome, "signed");
    assert.equal(store.get(receipt.eventId).timestampUs ?? clock[0], clock[0]);
    store.close();
  });

  it("cannot be forged", () => {
    const store = open(temporary());
    const gates = new Gates([]);
    const forged = [undefined, null, {}, 5, Object.create(Permit.prototype), { ...gates.evaluate({}, draft()) }, gates, store, draft()];
    for (const handle of [undefined, {}, store, gates]) forged.push(new Permit(handle));
    for (const permit of forged) refused(() => store.commit(permit), "BP_ARGUMENT");
    assert.throws(() => forged[4].gates, TypeError);
    assert.throws(() => structuredClone(gates.evaluate({}, draft())).gates.length, TypeError);
    assert.equal([...store.events({ entity: "account:7" })].length, 0);
    store.close();
  });

  it("past the gates carries why", () => {
    const store = open(temporary());
    const why = { reason: "OUTAGE", justification: "the judge is down", approvedBy: "alice" };
    const permit = bypass(draft(), why);
    assert.deepEqual([permit.gates, permit.audit], [[], why]);
    store.commit(permit);
    assert.deepEqual(permit.audit, why);
    assert.deepEqual(bypass(draft(), { reason: "", justification: "" }).audit, { reason: "", justification: "", approvedBy: null });
    assert.equal(bypass(draft(), { ...why, approvedBy: "" }).audit.approvedBy, "");
    assert.equal(bypass(draft(), { ...why, approvedBy: null }).audit.approvedBy, null);
    refused(() => bypass(draft(), { reason: "R" }), "BP_ARGUMENT");
    refused(() => bypass(draft(), { ...why, colour: "red" }), "BP_ARGUMENT");
    refused(() => bypass(draft(), { ...why, reason: "\ud800" }), "BP_UTF8");
    refused(() => bypass(undefined, why), "BP_ARGUMENT");
    store.close();
  });
});

describe("gates that use the library", () => {
  it("read from the store, append to it, and evaluate sets within sets", () => {
    const store = open(temporary());
    const inner = new Gates([{ name: "inner", evaluate: (depth) => { if (depth > 3) return new Denial({ code: "DEEP", message: `${depth}` }); } }]);
    const outer = new Gates([{ name: "outer", evaluate: (depth) => {
      store.append("log", "s", { kind: KIND, value: depth }, { extensions: { "a.b": new Uint8Array(70_000) } });
      if (depth < 5) return outer.evaluateAll(depth + 1)[0];
      return inner.evaluateAll(depth)[0];
    } }]);
    const { denial: found } = refused(() => outer.evaluate(1, draft()), "BP_DENIED");
    assert.deepEqual([found.gate, found.code, found.message], ["outer", "DEEP", "5"]);
    assert.deepEqual([...store.events({ entity: "log" })].map((event) => event.value()), [1, 2, 3, 4, 5]);
    store.commit(new Gates([{ name: "count", evaluate: () => { assert.equal(store.page({ entity: "log" }).length, 5); } }]).evaluate({}, draft()));
    store.close();
  });

  it("may close the store, whose error is a defect then", () => {
    const store = open(temporary());
    const gates = new Gates([{ name: "one", evaluate: () => { store.close(); store.stat(); } }]);
    assert.match(refused(() => gates.evaluate({}, draft()), "BP_DENIED").denial.message, /BP_CLOSED/);
  });
});

describe("a denial in the log", () => {
  const gates = new Gates([permits("one"), denies("two", [["k", "v"]]), permits("three")]);
  const found = () => refused(() => gates.evaluate({}, draft()), "BP_DENIED").denial;

  it("is an event of the refused draft's entity, and is verified as a denial", () => {
    const store = open(temporary());
    const receipt = store.appendDenial({ denial: found(), gates, draft: draft(1, { key: id(1), lane: 2 }), contentHash: new Uint8Array(32).fill(0xab), pipeline: "pipe" });
    const event = store.get(id(1));
    assert.deepEqual([event.kind, event.entity, event.scope, event.lane], [15, "account:7", "bank", 2]);
    const { evaluations, pipeline_id: pipeline, proposed_kind: kind } = event.value();
    assert.deepEqual([pipeline, kind, evaluations.map(({ gate_id: gate }) => gate)], ["pipe", KIND, ["one", "two", "three"]]);
    assert.deepEqual(evaluations.map(({ verdict }) => verdict), ["Permit", { Deny: { code: "C1", message: "no way", context: [["k", "v"]] } }, "Skipped"]);
    assert.equal(store.verifyDenial(receipt).outcome, "unsigned_accepted");
    const other = store.append("a", "s", { kind: KIND, value: 1 });
    assert.equal(store.verifyDenial(other).outcome, "denial_kind_mismatch");
    assert.equal(store.verifyDenial(other).valid, false);
    refused(() => store.verifyDenial({}), "BP_ARGUMENT");
    refused(() => store.verifyDenial(receipt, { colour: 1 }), "BP_ARGUMENT");
    assert.equal(store.verifyDenial(receipt, { trust: [keyGenerate().publicKey] }).valid, false);
    store.close();
  });

  it("may be made by hand; its place must be that of its gate", () => {
    const store = open(temporary());
    const made = (more) => new Denial({ code: "C", message: "m", gate: "two", ...more });
    const verdicts = (receipt) => store.get(receipt.eventId).value().evaluations.map(({ verdict }) => typeof verdict === "string" ? verdict : "Deny");
    assert.deepEqual(verdicts(store.appendDenial({ denial: made(), gates, draft: draft() })), ["Permit", "Deny", "Skipped"]);
    assert.deepEqual(verdicts(store.appendDenial({ denial: made({ gate: "four" }), gates, draft: draft(), pipeline: "" })), ["Permit", "Permit", "Permit", "Deny"]);
    refused(() => store.appendDenial({ denial: made({ position: 3 }), gates, draft: draft() }), "BP_ARGUMENT");
    for (const bad of [{ denial: {} }, { gates: {} }, { draft: undefined }, { contentHash: new Uint8Array(31) }, { colour: 1 }, { pipeline: 5 }]) {
      refused(() => store.appendDenial({ denial: made(), gates, draft: draft(), ...bad }), "BP_ARGUMENT");
    }
    refused(() => store.appendDenial({ denial: made(), gates, draft: draft(), pipeline: "\ud800" }), "BP_UTF8");
    store.close();
    refused(() => store.appendDenial({ denial: made(), gates, draft: draft() }), "BP_CLOSED");
  });

  it("of a known key answers the first receipt with its extensions", () => {
    const store = open(temporary());
    const first = store.appendDenial({ denial: found(), gates, draft: draft(1, { key: id(1), extensions: { "a.b": new Uint8Array(99) } }) });
    const again = store.appendDenial({ denial: found(), gates, draft: draft(1, { key: id(1) }) });
    assert.deepEqual([again.replayed, again.same, again.sequence, again.extensions["a.b"].length], [true, true, first.sequence, 99]);
    store.close();
  });
});

describe("a machine", () => {
  const Sent = defineEvent({ category: 0xf, typeId: 0x2a1, fields: ["to"] });
  const Paid = defineEvent({ category: 0xf, typeId: 0x2a2 });
  const invoice = defineMachine({ name: "invoice", states: ["draft", "sent", "paid"], transitions: [
    { from: "draft", to: "sent", event: Sent }, { from: "sent", to: "paid", event: Paid }, { from: "sent", to: "paid", event: 0xf2a3 },
  ] });

  it("appends the event of a step, and no other", () => {
    const store = open(temporary());
    const sent = store.applyTransition(invoice, "draft", "sent", "invoice:7", "books", { to: "alice" }, { expect: EMPTY, key: id(1) });
    assert.deepEqual(store.get(sent.eventId, Sent).payload, { to: "alice" });
    const paid = store.applyTransition(invoice, "sent", "paid", "invoice:7", "books", 5, { expect: sent.eventId });
    assert.equal(store.get(paid.eventId, Paid).payload, 5);
    const other = store.applyTransition(invoice, "sent", "paid", "invoice:8", "books", 5, { kind: 0xf2a3 });
    assert.equal(store.get(other.eventId).kind, 0xf2a3);
    const error = refused(() => store.applyTransition(invoice, "draft", "paid", "invoice:7", "books", 5), "BP_TRANSITION", /invoice has no such step from draft to paid/);
    assert.deepEqual([error.expected, error.actual, error.path], [0n, 2n, store.path]);
    refused(() => store.applyTransition(invoice, "paid", "sent", "invoice:7", "books", 5), "BP_TRANSITION");
    refused(() => store.applyTransition(invoice, "draft", "sent", "invoice:7", "books", { to: "a" }, { kind: 0xf2a3 }), "BP_TRANSITION");
    refused(() => store.applyTransition(invoice, "lost", "sent", "invoice:7", "books", 5), "BP_TRANSITION", /no state "lost"/);
    refused(() => store.applyTransition(invoice, "sent", "paid", "invoice:7", "books", 5, { expect: sent.eventId }), "BP_EXPECTED_EVENT");
    refused(() => store.applyTransition(invoice, "draft", "sent", "invoice:7", "books", { from: "alice" }), "BP_VALUE");
    refused(() => store.applyTransition({}, "draft", "sent", "a", "s", 1), "BP_ARGUMENT");
    refused(() => store.applyTransition(invoice, "draft", "sent", "a", "s", { to: "a" }, { colour: 1 }), "BP_ARGUMENT");
    assert.equal([...store.events({ under: "invoice" })].length, 3);
    store.close();
  });

  it("is what it was when it was made", () => {
    const states = ["a", "b"];
    const transitions = [{ from: "a", to: "b", event: KIND }];
    const machine = defineMachine({ name: "m", states, transitions });
    states.push("c");
    transitions[0].to = "a";
    assert.deepEqual([machine.name, machine.states, machine.transitions], ["m", ["a", "b"], [{ from: "a", to: "b", event: KIND }]]);
    assert.throws(() => machine.states.push("c"), TypeError);
    assert.throws(() => { machine.transitions[0].to = "a"; }, TypeError);
    assert.match(inspect(machine), /Machine .*m/s);
  });

  for (const [what, [definition, code]] of Object.entries({
    "no definition": [undefined, "BP_ARGUMENT"], "no name": [{ states: [], transitions: [] }, "BP_ARGUMENT"],
    "a state twice": [{ name: "m", states: ["a", "a"], transitions: [] }, "BP_ARGUMENT"], "a state that is none": [{ name: "m", states: [1], transitions: [] }, "BP_ARGUMENT"],
    "a step to nowhere": [{ name: "m", states: ["a"], transitions: [{ from: "a", to: "b", event: KIND }] }, "BP_ARGUMENT"],
    "a step without event": [{ name: "m", states: ["a"], transitions: [{ from: "a", to: "a" }] }, "BP_KIND_RANGE"],
    "a step of kind 0": [{ name: "m", states: ["a"], transitions: [{ from: "a", to: "a", event: 0 }] }, "BP_KIND_RANGE"],
    "lists that are none": [{ name: "m", states: "ab", transitions: [] }, "BP_ARGUMENT"],
  })) it(`refuses ${what}`, () => refused(() => defineMachine(definition), code));
});

describe("the life of gates and permits", () => {
  const collect = globalThis.gc;
  const skip = collect === undefined && "node --expose-gc";

  it("ends with the last that holds on to them, circles too", { skip }, async () => {
    let ended = 0;
    const registry = new FinalizationRegistry(() => ended++);
    const rounds = 50;
    for (let round = 0; round < rounds; round++) {
      (() => {
        let gates = null;
        gates = new Gates([{ name: "self", evaluate: () => { if (gates.length > 1) throw new Error("mine"); } }]);
        registry.register(gates, undefined);
        gates.evaluate({}, draft(new Uint8Array(1000)));
      })();
    }
    for (let turns = 0; turns < 200 && ended < rounds; turns++) {
      collect();
      await turn();
    }
    assert.equal(ended, rounds);
  });

  it("is not that of their set: a permit outlives its gates, and a collection inside of a gate", { skip }, async () => {
    const store = open(temporary());
    const permits_ = Array.from({ length: 20 }, (_, value) => new Gates([{ name: "one", evaluate: () => collect() }]).evaluate({}, draft(value)));
    for (let turns = 0; turns < 5; turns++) {
      collect();
      await turn();
    }
    for (const [value, permit] of permits_.entries()) assert.equal(store.get(store.commit(permit).eventId).value(), value);
    store.close();
  });

  it("ends with their thread, in the middle of a gate too", async () => {
    for (const task of ["gates", "gatesForever", "gatesExit"]) {
      const worker = new Worker(new URL("./support/worker.mjs", import.meta.url), { workerData: { task, directory: temporary() } });
      if (task !== "gatesExit") {
        assert.equal((await once(worker, "message"))[0], "asked");
        await worker.terminate();
      } else {
        assert.deepEqual(await once(worker, "exit"), [3]);
      }
    }
  });
});
