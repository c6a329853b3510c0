import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { keyGenerate, open, payloadEncode, Receipt } from "batpak";
import { hex, id, refused, temporary } from "./support/store.mjs";

const KIND = 0xf001;

function firstSegment(directory) {
  return path.join(directory, fs.readdirSync(directory).filter((name) => name.endsWith(".fbat")).sort()[0]);
}

/** Changes one byte of the segment in the middle of an event's payload. */
function damage(directory, event) {
  const file = firstSegment(directory);
  const bytes = fs.readFileSync(file);
  bytes[Number(event.offset) + event.frameLength - 40] ^= 0xff;
  fs.writeFileSync(file, bytes);
}

/* The file that hides a range of sequences, as the reference writes it. */
function hide(directory, sequence) {
  const body = Buffer.from(payloadEncode({ ranges: [{ start: sequence, end: sequence + 1n }] }));
  const head = Buffer.alloc(12);
  head.write("FBATVR");
  head.writeUInt16LE(1, 6);
  head.writeUInt32LE(crc32(body), 8);
  fs.writeFileSync(path.join(directory, "visibility_ranges.fbv"), Buffer.concat([head, body]));
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function closedStore(options) {
  const directory = temporary();
  const store = open(directory, options);
  const receipts = store.appendMany(Array.from({ length: 10 }, (_, index) => (
    { entity: `e${index % 2}`, scope: "s", event: { kind: KIND, value: { index } } })));
  const events = receipts.map((receipt) => store.get(receipt.eventId));
  store.close();
  return { directory, receipts, events };
}

describe("verdicts", () => {
  const key = keyGenerate();

  it("ATTESTED: the receipts given hold", () => {
    const { directory, receipts } = closedStore({ signingSeeds: [key.seed] });
    const store = open(directory, { mode: "read_only" });
    const report = store.verify({ trust: [key.publicKey], receipts });
    assert.deepEqual([report.verdict, report.events, report.attested, report.findings], ["ATTESTED", 10n, 10n, 0n]);
    const some = store.verify({ trust: [key.publicKey], receipts: receipts.slice(0, 3).map((one) => Receipt.fromJSON(one.toLine())) });
    assert.deepEqual([some.verdict, some.attested], ["ATTESTED", 3n]);
    assert.equal(store.verify().verdict, "CONSISTENT");
    store.close();
  });

  it("CONTRADICTED: a receipt of an event that is not there", () => {
    const { directory, receipts } = closedStore({ signingSeeds: [key.seed] });
    const elsewhere = open(temporary(), { signingSeeds: [key.seed] });
    const foreign = elsewhere.append("a", "s", { kind: KIND, value: 1 });
    elsewhere.close();
    const store = open(directory, { mode: "read_only" });
    const report = store.verify({ trust: [key.publicKey], receipts: [...receipts, foreign] });
    assert.equal(report.verdict, "CONTRADICTED");
    const found = [...report].filter((finding) => finding.severity === "contradiction");
    assert.equal(found.length, 1);
    assert.deepEqual(found[0].eventId, foreign.eventId);
    assert.deepEqual(Object.keys(found[0].toJSON()), ["severity", "code", "segment_id", "offset", "sequence", "event_id", "text"]);
    assert.equal(found[0].toJSON().event_id, hex(foreign.eventId));
    store.close();
  });

  it("DAMAGED: a byte that is not what was written", () => {
    const { directory, events } = closedStore();
    damage(directory, events[4]);
    const store = open(directory, { mode: "read_only" });
    const report = store.verify();
    assert.equal(report.verdict, "DAMAGED");
    const found = [...report].find((finding) => finding.severity === "damage");
    assert.equal(found.segmentId, events[4].segmentId);
    assert.ok(typeof found.code === "string" && typeof found.text === "string");
    assert.deepEqual(Object.keys(report.toJSON()), ["verdict", "events", "attested", "findings", "notes", "first_unproven"]);
    assert.equal(BigInt([...report].length), report.findings + report.notes);
    store.close();
  });
});

describe("a damaged frame", () => {
  it("gives an event that says so, and iteration goes on", () => {
    const { directory, events } = closedStore();
    const [, , , , bad] = events;
    damage(directory, bad);
    const store = open(directory, { mode: "read_only" });
    const read = [...store.events({ scope: "s" })];
    assert.equal(read.length, 10);
    for (const [index, event] of read.entries()) {
      if (index !== 4) {
        assert.equal(event.error, undefined);
        assert.deepEqual(event.value(), { index });
      }
    }
    const { error } = read[4];
    assert.equal(error.code, "BP_DAMAGED_FRAME");
    assert.equal(error.path, directory);
    assert.deepEqual([error.segmentId, error.offset], [bad.segmentId, bad.offset]);
    assert.deepEqual([read[4].sequence, read[4].entity, read[4].scope], [bad.sequence, bad.entity, bad.scope]);
    assert.deepEqual(read[4].eventId, bad.eventId);
    for (const ask of [() => read[4].payload, () => read[4].value(), () => read[4].payloadBytes]) {
      assert.equal(refused(ask, "BP_DAMAGED_FRAME").offset, bad.offset);
    }
    store.close();
  });

  it("is an error of get, with its position", () => {
    const { directory, events } = closedStore();
    damage(directory, events[4]);
    const store = open(directory, { mode: "read_only" });
    const error = refused(() => store.get(events[4].eventId), "BP_DAMAGED_FRAME");
    assert.deepEqual([error.segmentId, error.offset], [events[4].segmentId, events[4].offset]);
    assert.deepEqual(store.get(events[5].eventId).value(), { index: 5 });
    store.close();
  });

  it("ends a walk", () => {
    const { directory, events } = closedStore();
    damage(directory, events[4]);
    const store = open(directory, { mode: "read_only" });
    const walked = [...store.walk(events[8].eventId)];
    assert.deepEqual(walked.map((event) => event.error?.code ?? event.value().index), [8, 6, "BP_DAMAGED_FRAME"]);
    store.close();
  });

  it("comes to a fold with its error, and what that throws comes out", () => {
    const { directory, events } = closedStore();
    damage(directory, events[4]);
    const store = open(directory, { mode: "read_only" });
    const count = store.fold(0, (state, event) => state + (event.error === undefined ? 1 : 100), { scope: "s" });
    assert.equal(count, 109);
    refused(() => store.fold(0, (state, event) => state + event.value().index, { scope: "s" }), "BP_DAMAGED_FRAME");
    store.close();
  });

  it("makes a receipt unreadable, not invalid by contradiction", () => {
    const { directory, events, receipts } = closedStore();
    damage(directory, events[4]);
    const store = open(directory, { mode: "read_only" });
    assert.deepEqual({ ...store.verifyReceipt(receipts[4]) }, { outcome: "unreadable", valid: false });
    assert.equal(store.verifyReceipt(receipts[5]).valid, true);
    store.close();
  });
});

describe("events that are hidden", () => {
  it("are not shown, and their keys are not given again", () => {
    const directory = temporary();
    const store = open(directory);
    const draft = (value, more) => ["a", "s", { kind: KIND, value }, more];
    store.append(...draft(1));
    const hidden = store.append(...draft(2, { key: id(7) }));
    const last = store.append(...draft(3));
    store.close();
    hide(directory, hidden.sequence);
    const again = open(directory);
    assert.deepEqual([...again.events({ entity: "a" })].map((event) => event.value()), [1, 3]);
    refused(() => again.get(id(7)), "BP_NOT_FOUND");
    refused(() => again.append(...draft(2, { key: id(7) })), "BP_KEY_CANCELLED");
    assert.equal(again.get(last.eventId).clock, 2);
    again.close();
  });
});

describe("stores that are none, or too new", () => {
  it("a segment of a newer version", () => {
    const { directory } = closedStore();
    const file = firstSegment(directory);
    const bytes = fs.readFileSync(file);
    const version = bytes.indexOf(Buffer.from("a776657273696f6e01", "hex"));
    assert.ok(version > 0, "the prologue names its version");
    bytes[version + 8] = 2;
    fs.writeFileSync(file, Buffer.concat([bytes.subarray(0, 8 + bytes.readUInt32BE(4)), Buffer.from("frames of another kind")]));
    for (const mode of ["read_only", "must_exist"]) {
      const error = refused(() => open(directory, { mode }), "BP_NEWER_VERSION");
      assert.equal(error.segmentId, 1n);
    }
  });

  it("a segment that begins with other bytes", () => {
    const { directory } = closedStore();
    fs.writeFileSync(firstSegment(directory), "a letter to somebody, in a file with the name of a segment");
    for (const mode of ["read_only", "must_exist", "create"]) refused(() => open(directory, { mode }), "BP_NOT_A_STORE");
  });

  it("hidden ranges that cannot be read", () => {
    const { directory } = closedStore();
    fs.writeFileSync(path.join(directory, "visibility_ranges.fbv"), "garbage");
    refused(() => open(directory, { mode: "read_only" }), "BP_HIDDEN_RANGES");
  });

  it("a compaction that was interrupted", () => {
    const { directory } = closedStore();
    fs.writeFileSync(path.join(directory, "compaction.pending.json"), '{"merged_id":1,"source_segment_ids":[1]}');
    refused(() => open(directory), "BP_COMPACTION_PENDING");
    open(directory, { mode: "read_only" }).close();
  });

  it("a path through a file", () => {
    const directory = temporary();
    fs.writeFileSync(directory, "a file");
    refusedOneOf(() => open(directory), ["BP_NOT_A_STORE", "BP_SYSTEM"]);
    const error = refused(() => open(path.join(directory, "below")), "BP_SYSTEM");
    assert.ok(error.osError > 0);
  });
});

function refusedOneOf(call, codes) {
  assert.throws(call, (error) => codes.includes(error.code));
}
