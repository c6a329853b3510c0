/* Outcomes: the table of the combinators, their laws, and their bytes held against another encoder's. The vectors of the
 * conformance suite hold the combinators against the library's. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { Cancelled, CustomAction, Err, ErrorKind, Float64, Notify, Ok, open, Outcome, OutcomeBatch, outcomeDecode, outcomeEncode,
  OutcomeError, payloadEncode, Pending, Release, Retry, Rollback, Ticket, WaitForAll, WaitForAny, WaitForCustom, WaitForEvent,
  WaitForTime } from "batpak";
import { canonical } from "./support/canonical.mjs";
import { runs } from "./support/runs.mjs";
import { id, refused, temporary } from "./support/store.mjs";

const KINDS = Object.values(ErrorKind);

const BAD = new OutcomeError(ErrorKind.CONFLICT, "no");
const OK = new Ok(1);
const ERR = new Err(BAD);
const RETRY = new Retry(10n, 1, 3, "full");
const PENDING = new Pending(new WaitForTime(7n), new Uint8Array(16));
const CANCELLED = new Cancelled("given up");
const ALL = [OK, ERR, RETRY, PENDING, CANCELLED, new OutcomeBatch([OK, ERR])];

/* --- outcomes by chance */

const ids = fc.uint8Array({ minLength: 16, maxLength: 16 });
const data = fc.uint8Array({ maxLength: 20 });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const texts = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !/\p{Surrogate}/u.test(text));
const kinds = fc.oneof(fc.constantFrom(...KINDS), u16.map(ErrorKind.custom));
const compensations = fc.oneof(
  fc.constant(null), fc.array(ids, { maxLength: 3 }).map((some) => new Rollback(some)),
  fc.array(ids, { maxLength: 3 }).map((some) => new Release(some)), fc.tuple(ids, texts).map((given) => new Notify(...given)),
  fc.tuple(texts, data).map((given) => new CustomAction(...given)),
);
const errors = fc.tuple(kinds, texts, compensations).map((given) => new OutcomeError(...given));
const { condition } = fc.letrec((tie) => ({
  condition: fc.oneof({ maxDepth: 3, withCrossShrink: true }, tie("leaf"), tie("all"), tie("any")),
  leaf: fc.oneof(u64.map((ms) => new WaitForTime(ms)), ids.map((one) => new WaitForEvent(one)),
    fc.tuple(u16, data).map((given) => new WaitForCustom(...given))),
  all: fc.array(tie("condition"), { maxLength: 3 }).map((items) => new WaitForAll(items)),
  any: fc.array(tie("condition"), { maxLength: 3 }).map((items) => new WaitForAny(items)),
}));
const { outcome } = fc.letrec((tie) => ({
  outcome: fc.oneof({ maxDepth: 3, withCrossShrink: true }, tie("leaf"), tie("batch")),
  leaf: fc.oneof(fc.integer({ min: -5, max: 5 }).map((value) => new Ok(value)), errors.map((error) => new Err(error)),
    fc.tuple(u64, u32, u32, texts).map((given) => new Retry(...given)),
    fc.tuple(condition, ids).map((given) => new Pending(...given)), texts.map((reason) => new Cancelled(reason))),
  batch: fc.array(tie("outcome"), { maxLength: 3 }).map((items) => new OutcomeBatch(items)),
}));

/** Steps that answer outcomes of all kinds, batches among them. */
const steps = fc.integer({ min: 0, max: 5 }).map((number) => (value) => [
  new Ok(value * 3 + number), new Err(new OutcomeError(ErrorKind.VALIDATION, String(value))),
  new OutcomeBatch([new Ok(value), new Cancelled("c"), new Ok(number)]), new Retry(BigInt(Math.abs(value)), 1, 1, "r"),
  new OutcomeBatch([]), new OutcomeBatch([new OutcomeBatch([new Ok(value + number)]), new Ok(value)]),
][Math.abs(value + number) % 6]);

const flattened = (given) => given.type === "Batch" ? given.items.flatMap(flattened) : [given];
const holds = (...given) => fc.assert(fc.property(...given), runs());
const ok = (value) => new Ok(value);

describe("the laws of outcomes", () => {
  it("identities on both sides, and mapping by nothing", () => {
    holds(fc.integer({ min: -5, max: 5 }), steps, (value, step) => assert.deepEqual(new Ok(value).andThen(step), step(value)));
    holds(outcome, (given) => {
      for (const same of [given.andThen(ok), given.map((value) => value), given.orElse((error) => new Err(error)),
        given.mapErr((error) => error), given.map(ok).flatten()]) assert.deepEqual(same, given);
    });
  });

  it("associativity", () => {
    holds(outcome, steps, steps, (given, f, g) => {
      assert.deepEqual(given.andThen(f).andThen(g), given.andThen((value) => f(value).andThen(g)));
      assert.deepEqual(given.map(f).flatten(), given.andThen(f));
      assert.deepEqual(given.map((value) => value + 1).map(String), given.map((value) => String(value + 1)));
    });
  });

  it("recovering is associative too, and leaves Oks alone", () => {
    const recover = (step) => (error) => step(error.message.length);
    holds(outcome, steps, steps, (given, f, g) => {
      assert.deepEqual(given.orElse(recover(f)).orElse(recover(g)), given.orElse((error) => recover(f)(error).orElse(recover(g))));
    });
  });

  it("looking changes nothing, and sees each once in order", () => {
    holds(outcome, (given) => {
      const [values, seen, flat] = [[], [], flattened(given)];
      assert.equal(given.inspect((value) => values.push(value)), given);
      assert.equal(given.inspectErr((error) => seen.push(error)), given);
      assert.deepEqual(values, flat.filter(({ type }) => type === "Ok").map(({ value }) => value));
      assert.deepEqual(seen, flat.filter(({ type }) => type === "Err").map(({ error }) => error));
    });
  });

  it("a condition is all or nothing", () => {
    holds(outcome, steps, (given, step) => {
      assert.deepEqual(given.andThenIf(() => true, step), given.andThen(step));
      assert.deepEqual(given.andThenIf(() => false, step), given);
    });
  });

  it("joining goes by the leaves", () => {
    holds(fc.array(outcome, { maxLength: 4 }), (items) => {
      const flat = items.flatMap(flattened);
      const all = flat.find(({ type }) => type !== "Ok") ?? new Ok(flat.map(({ value }) => value));
      assert.deepEqual(Outcome.joinAll(items), all);
      assert.deepEqual(Outcome.joinAll([new OutcomeBatch(items)]), all);
      const any = Outcome.joinAny(items);
      const decisive = flat.find(({ type }) => type !== "Err");
      if (decisive === undefined) assert.equal(any.type, "Err");
      else assert.equal(any, decisive);
    });
  });

  it("of a pair the graver wins, the first of two that are as grave", () => {
    const ranked = ["Err", "Cancelled", "Retry", "Pending", "Batch", "Ok"];
    holds(outcome, outcome, (a, b) => {
      const ranks = [ranked.indexOf(a.type), ranked.indexOf(b.type)];
      const made = a.zip(b);
      if (Math.min(...ranks) < 4) assert.equal(made, ranks[0] <= ranks[1] ? a : b);
      else if (Math.min(...ranks) === 5) assert.deepEqual(made, new Ok([a.value, b.value]));
      else if (Math.max(...ranks) === 4 && a.items.length !== b.items.length) assert.equal(made.error.kind, ErrorKind.INTERNAL);
      else assert.deepEqual(made, new OutcomeBatch((a.items ?? b.items).map((_, at) => (a.items?.[at] ?? a).zip(b.items?.[at] ?? b))));
    });
  });
});

describe("an outcome", () => {
  it("stays or changes by the table", () => {
    for (const given of [RETRY, PENDING, CANCELLED]) {
      for (const same of [given.map(String), given.andThen(ok), given.mapErr(() => BAD), given.orElse(() => OK), given.zip(OK), OK.zip(given)]) {
        assert.equal(same, given);
      }
    }
    assert.deepEqual([OK.map(String), OK.orElse(() => ERR), ERR.map(String)], [new Ok("1"), OK, ERR]);
    assert.deepEqual(ERR.orElse((error) => new Ok(String(error))), new Ok("[Conflict] no"));
    assert.deepEqual(new OutcomeBatch([OK, ERR]).mapErr(({ kind }) => new OutcomeError(kind, "x")),
      new OutcomeBatch([OK, new Err(new OutcomeError(ErrorKind.CONFLICT, "x"))]));
    assert.deepEqual(new OutcomeBatch([OK, OK]).zip(new Ok("a")), new OutcomeBatch([new Ok([1, "a"]), new Ok([1, "a"])]));
    assert.deepEqual(new OutcomeBatch([OK]).zip(new OutcomeBatch([ERR])), new OutcomeBatch([ERR]));
    assert.deepEqual(Outcome.joinAny([]), Outcome.joinAny([ERR, new OutcomeBatch([])]));
    assert.deepEqual([Outcome.joinAny([ERR, OK, PENDING]), Outcome.joinAny([ERR, CANCELLED, OK])], [OK, CANCELLED]);
    assert.deepEqual(Outcome.joinAll(new Set([OK])), new Ok([1]));
  });

  it("has a last word, or none", () => {
    assert.deepEqual(ALL.map(({ isTerminal }) => isTerminal), [true, true, false, false, true, false]);
    assert.deepEqual(ALL.map((given) => given.unwrapOr("d")), [1, "d", "d", "d", "d", "d"]);
    assert.deepEqual(ALL.map((given) => given.unwrapOrElse(() => 0)), [1, 0, 0, 0, 0, 0]);
    assert.equal(OK.intoResult(), 1);
    assert.throws(() => ERR.intoResult(), (error) => error === BAD);
    const thrown = (given) => {
      try {
        return given.intoResult();
      } catch (error) {
        assert.ok(error instanceof OutcomeError && error.name === "OutcomeError");
        return error.kind;
      }
    };
    assert.deepEqual(ALL.slice(1).map(thrown),
      [ErrorKind.CONFLICT, ErrorKind.TIMEOUT, ErrorKind.PENDING, ErrorKind.CANCELLED, ErrorKind.BATCH_COLLAPSE]);
  });

  it("cannot be changed, nor by what it was made of", () => {
    const bytes = id(5);
    const items = [OK];
    const made = [new Pending(new WaitForEvent(bytes), bytes), new OutcomeBatch(items), new Err(new OutcomeError(ErrorKind.INTERNAL, "", new Rollback([bytes])))];
    const before = made.map(outcomeEncode);
    bytes.fill(9);
    items.push(ERR);
    assert.deepEqual(made.map(outcomeEncode), before);
    for (const given of ALL) {
      assert.throws(() => { given.type = "Other"; }, TypeError);
      assert.throws(() => { given.colour = "red"; }, TypeError);
      assert.match(inspect(given), new RegExp(`^(Outcome)?${given.type} \\{`));
    }
    assert.throws(() => made[1].items.push(OK), TypeError);
  });

  it("knows the kinds of errors", () => {
    assert.deepEqual(Object.fromEntries(KINDS.map(({ name, errorClass }) => [name, errorClass])), {
      NotFound: "domain", Conflict: "domain", Validation: "domain", PolicyRejection: "domain", Cancelled: "domain",
      StorageError: "operational", Timeout: "operational", Pending: "operational", Serialization: "operational",
      Internal: "operational", BatchCollapse: "operational" });
    assert.deepEqual(KINDS.filter(({ isRetryable }) => isRetryable), [ErrorKind.STORAGE_ERROR, ErrorKind.TIMEOUT]);
    const mine = ErrorKind.custom(7);
    assert.deepEqual([String(mine), mine.errorClass, mine.isRetryable, mine.code], ["Custom(7)", null, false, 7]);
    assert.ok(mine.equals(ErrorKind.custom(7)) && !mine.equals(ErrorKind.custom(8)) && !mine.equals(ErrorKind.TIMEOUT));
    for (const wrong of [() => ErrorKind.custom(2 ** 16), () => ErrorKind.custom(-1), () => ErrorKind.custom(1.5), () => ErrorKind.custom(),
      () => new ErrorKind(), () => new ErrorKind(0), () => new ErrorKind(12), () => new ErrorKind(13, 1), () => new ErrorKind(1, 1),
      () => new ErrorKind("1"), () => new ErrorKind(1.5)]) refused(wrong, "BP_ARGUMENT");
  });

  it("is refused where it would say nothing", () => {
    const short = new Uint8Array(15);
    for (const [wrong, code] of [
      [() => new Outcome(), "BP_ARGUMENT"], [() => OK.andThen((value) => value), "BP_ARGUMENT"], [() => ERR.mapErr(() => "no"), "BP_ARGUMENT"],
      [() => OK.andThen(async () => OK), "BP_ARGUMENT"], [() => OK.zip(1), "BP_ARGUMENT"], [() => Outcome.joinAll([1]), "BP_ARGUMENT"],
      [() => Outcome.joinAny([ERR, 1]), "BP_ARGUMENT"], [() => new Err("no"), "BP_ARGUMENT"], [() => new OutcomeBatch([1]), "BP_ARGUMENT"],
      [() => new OutcomeBatch(5), "BP_ARGUMENT"], [() => new Pending(new WaitForTime(7), short), "BP_ARGUMENT"],
      [() => new Pending("tomorrow", id(1)), "BP_ARGUMENT"], [() => new WaitForTime(2n ** 64n), "BP_ARGUMENT"], [() => new WaitForTime(-1), "BP_ARGUMENT"],
      [() => new WaitForEvent(short), "BP_ARGUMENT"], [() => new WaitForCustom(2 ** 16, short), "BP_ARGUMENT"], [() => new WaitForCustom(1, "data"), "BP_ARGUMENT"],
      [() => new WaitForAll([1]), "BP_ARGUMENT"], [() => new WaitForAny(), "BP_ARGUMENT"], [() => new Retry(-1, 1, 1, ""), "BP_ARGUMENT"],
      [() => new Retry(1, 2 ** 32, 1, ""), "BP_ARGUMENT"], [() => new Retry(1, 1, 1), "BP_ARGUMENT"], [() => new Cancelled(5), "BP_ARGUMENT"],
      [() => new Cancelled("\ud800"), "BP_UTF8"], [() => new OutcomeError(ErrorKind.INTERNAL, "\ud800"), "BP_UTF8"],
      [() => new OutcomeError("Internal", ""), "BP_ARGUMENT"], [() => new OutcomeError(ErrorKind.INTERNAL, "", "undo"), "BP_ARGUMENT"],
      [() => new Rollback([short]), "BP_ARGUMENT"], [() => new Release("ids"), "BP_ARGUMENT"], [() => new Notify(short, ""), "BP_ARGUMENT"],
      [() => new Notify(id(1), "\udfff"), "BP_UTF8"], [() => new CustomAction("a", [1]), "BP_ARGUMENT"],
      [() => outcomeEncode(5), "BP_ARGUMENT"], [() => outcomeEncode(BAD), "BP_ARGUMENT"], [() => outcomeEncode({ type: "Ok", value: 1 }), "BP_ARGUMENT"],
      [() => outcomeEncode(new Ok(new Set())), "BP_VALUE"], [() => outcomeEncode(new Ok(undefined)), "BP_VALUE"],
    ]) refused(wrong, code);
    assert.throws(() => OK.map(() => { throw new RangeError("mine"); }), RangeError);
  });
});

/** What the specification says of each, written down as a value. */
function plain(given) {
  switch (given.type) {
    case "Ok": return { type: "Ok", data: given.value };
    case "Err": {
      const { kind, message, compensation } = given.error;
      return { type: "Err", data: { kind: kind.code === null ? kind.name : { Custom: kind.code }, message, compensation: undoing(compensation) } };
    }
    case "Retry": return { type: "Retry", data: { after_ms: given.afterMs, attempt: given.attempt, max_attempts: given.maxAttempts, reason: given.reason } };
    case "Pending": return { type: "Pending", data: { condition: waiting(given.condition), resume_token: given.resumeToken } };
    case "Cancelled": return { type: "Cancelled", data: { reason: given.reason } };
    default: return { type: "Batch", data: given.items.map(plain) };
  }
}

function undoing(action) {
  switch (action?.type) {
    case undefined: return null;
    case "Rollback": return { Rollback: { event_ids: action.eventIds.map((one) => [...one]) } };
    case "Release": return { Release: { resource_ids: action.resourceIds.map((one) => [...one]) } };
    case "Notify": return { Notify: { target_id: action.targetId, message: action.message } };
    default: return { Custom: { action_type: action.actionType, data: [...action.data] } };
  }
}

function waiting(given) {
  switch (given.type) {
    case "Timeout": return { Timeout: { resume_at_ms: given.resumeAtMs } };
    case "Event": return { Event: { event_id: given.eventId } };
    case "Custom": return { Custom: { tag: given.tag, data: [...given.data] } };
    default: return { [given.type]: given.items.map(waiting) };
  }
}

describe("the bytes of an outcome", () => {
  it("are those that another encoder makes, and come back", () => {
    holds(outcome, (given) => {
      const bytes = outcomeEncode(given);
      assert.deepEqual(Buffer.from(bytes), canonical(plain(given)));
      assert.deepEqual(outcomeDecode(bytes), given);
      assert.deepEqual(outcomeDecode(Buffer.concat([bytes, Buffer.from("behind")])), given);
    });
  });

  it("say values as payloads do", () => {
    const value = { when: [1.5, 2n ** 60n, null, new Uint8Array(3)], "": true };
    assert.deepEqual(outcomeDecode(outcomeEncode(new Ok(value))), new Ok(value));
    const float = outcomeEncode(new Ok(new Float64(1)));
    assert.deepEqual([outcomeDecode(float).value, outcomeDecode(float, { floats: "exact" }).value], [1, new Float64(1)]);
    assert.deepEqual(outcomeDecode(outcomeEncode(new Cancelled("\ufeffmarked"))).reason, "\ufeffmarked");
    assert.equal(outcomeDecode(outcomeEncode(ERR)).error.kind, ErrorKind.CONFLICT);
  });

  it("are refused where they are none", () => {
    for (const bytes of [[], [0xc0], [0x81], [...outcomeEncode(OK).subarray(0, -1)]]) refused(() => outcomeDecode(new Uint8Array(bytes)), "BP_MESSAGEPACK");
    for (const wrong of ["text", undefined, [1, 2]]) refused(() => outcomeDecode(wrong), "BP_ARGUMENT");
    const twice = new Map([["type", "Ok"], ["data", new Map([[1, 1], [1n << 60n, 2]])]]);
    assert.equal(outcomeDecode(payloadEncode(twice)).value.size, 2);
    holds(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        outcomeEncode(outcomeDecode(bytes));
      } catch (error) {
        assert.ok(["BP_MESSAGEPACK", "BP_UTF8", "BP_DEPTH", "BP_VALUE"].includes(error.code), error.message);
      }
    });
  });

  it("go as deep as the format", () => {
    let deep = OK;
    for (let depth = 0; depth < 510; depth++) deep = new OutcomeBatch([deep]);
    const bytes = outcomeEncode(deep);
    assert.deepEqual(outcomeEncode(outcomeDecode(bytes)), bytes);
    assert.deepEqual(outcomeEncode(deep.map((value) => value)), bytes);
    assert.deepEqual([Outcome.joinAll([deep]), Outcome.joinAny([deep])], [new Ok([1]), OK]);
    refused(() => outcomeEncode(new OutcomeBatch([new OutcomeBatch([deep])])), "BP_DEPTH");
    let waits = new WaitForTime(1);
    for (let depth = 0; depth < 500; depth++) waits = new WaitForAny([waits]);
    const pending = outcomeEncode(new Pending(waits, id(1)));
    assert.deepEqual(outcomeEncode(outcomeDecode(pending)), pending);
    for (let depth = 0; depth < 600; depth++) waits = new WaitForAny([waits]);
    refused(() => outcomeEncode(new Pending(waits, id(1))), "BP_DEPTH");
    const broad = new OutcomeBatch(Array.from({ length: 50_000 }, (_, value) => value % 2 === 0 ? new Ok(value) : PENDING));
    assert.deepEqual(outcomeEncode(outcomeDecode(outcomeEncode(broad))), outcomeEncode(broad));
  });
});

describe("a try to submit", () => {
  const draft = (value, more) => ({ entity: "e", scope: "s", event: { kind: 0xf001, value }, ...more });

  it("is an Ok with a ticket", async () => {
    const store = open(temporary());
    const made = store.trySubmit(draft(1, { key: id(1), extensions: { "a.b": id(2) } }));
    assert.ok(made instanceof Ok && made.value instanceof Ticket);
    const receipt = await made.value;
    assert.deepEqual([receipt.sequence, { ...receipt.extensions }], [1n, { "a.b": id(2) }]);
    const receipts = store.trySubmitBatch([draft(2), draft(3, { causeItem: 0 })]).map((ticket) => ticket.wait()).intoResult();
    assert.deepEqual(receipts.map(({ sequence }) => sequence), [2n, 3n]);
    assert.deepEqual(store.trySubmitBatch([]).intoResult().wait(), []);
    store.close();
  });

  it("is a Retry where the queue is too full", () => {
    const store = open(temporary(), { queueCapacity: 8, pressurePercent: 10 });
    assert.equal(store.pressure().threshold, 1n);
    for (const attempt of [() => store.trySubmit(draft(1)), () => store.trySubmitBatch([draft(1)])]) {
      /* One that is queued is enough, until the store's thread has committed it. */
      let made = attempt();
      for (let left = 100_000; made.type === "Ok" && left > 0; left--) made = attempt();
      assert.ok(made instanceof Retry);
      assert.deepEqual([made.afterMs, made.attempt, made.maxAttempts], [10n, 1, 1]);
      assert.match(made.reason, /8/);
    }
    store.close();
  });

  it("is Cancelled while a fence is open", () => {
    const store = open(temporary());
    const fence = store.fence();
    for (const made of [store.trySubmit(draft(1)), store.trySubmitBatch([draft(1)])]) {
      assert.ok(made instanceof Cancelled);
      assert.match(made.reason, /fence/);
    }
    fence.commit();
    assert.equal(store.trySubmit(draft(1)).intoResult().wait().sequence, 1n);
    store.close();
  });

  it("is refused as a submission is", () => {
    const directory = temporary();
    const store = open(directory);
    for (const [call, code] of [
      [() => store.trySubmit(draft(1, { entity: "" })), "BP_ENTITY_EMPTY"], [() => store.trySubmit(draft(1, { gate: "visible" })), "BP_ARGUMENT"],
      [() => store.trySubmit(5), "BP_ARGUMENT"], [() => store.trySubmitBatch(5), "BP_ARGUMENT"],
      [() => store.trySubmitBatch([draft(1, { causeItem: 0 })]), "BP_BATCH_CAUSE"],
    ]) assert.equal(refused(call, code).path, directory);
    refused(() => store.trySubmit(draft(1, { expect: 4 })).intoResult().wait(), "BP_EXPECTED_CLOCK");
    store.close();
    for (const call of [() => store.trySubmit(draft(1)), () => store.trySubmitBatch([])]) refused(call, "BP_CLOSED");
    const reader = open(directory, { mode: "read_only" });
    for (const call of [() => reader.trySubmit(draft(1)), () => reader.trySubmitBatch([])]) refused(call, "BP_READ_ONLY");
    reader.close();
  });
});
