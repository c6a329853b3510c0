import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { describe, it } from "node:test";
import { keyGenerate, open, Receipt } from "batpak";
import { hex, id, refused, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const command = process.env.BATPAK_COMMAND;

/** A receipt with members changed, by way of JSON: without a position. */
const changed = (receipt, members) => Receipt.fromJSON({ ...receipt.toJSON(), ...members });

describe("judgement of a receipt", () => {
  const key = keyGenerate();
  const other = keyGenerate();
  const signedStore = () => {
    const store = open(temporary(), { signingSeeds: [key.seed] });
    const first = store.append("a", "s", { kind: KIND, value: 1 }, { extensions: { "a.b": new Uint8Array([1, 2]) } });
    const second = store.append("a", "s", { kind: KIND, value: 2 });
    return { store, first, second };
  };

  it("unsigned and agreed", () => {
    const store = open(temporary());
    const receipt = store.append("a", "s", { kind: KIND, value: 1 });
    const judgement = store.verifyReceipt(receipt);
    assert.deepEqual([judgement.outcome, judgement.valid], ["unsigned_accepted", true]);
    assert.equal(store.verifyReceipt(receipt, { trust: [key.publicKey] }).outcome, "unsigned_receipt_rejected");
    store.close();
  });

  it("signed: by the store's own key, or by one that is trusted", () => {
    const { store, first } = signedStore();
    assert.deepEqual(first.keyId, key.keyId);
    assert.equal(first.signature.length, 64);
    assert.deepEqual({ ...store.verifyReceipt(first) }, { outcome: "signed", valid: true });
    const { path } = store;
    store.close();
    const reader = open(path, { mode: "read_only" });
    assert.equal(reader.verifyReceipt(first).outcome, "unknown_signing_key");
    assert.equal(reader.verifyReceipt(first, { trust: [other.publicKey] }).outcome, "unknown_signing_key");
    assert.equal(reader.verifyReceipt(first, { trust: [other.publicKey, key.publicKey] }).outcome, "signed");
    assert.equal(reader.verifyReceipt(first, { trust: [key.publicKey] }).valid, true);
    reader.close();
    const keeper = open(path, { mode: "read_only", verifyKeys: [key.publicKey] });
    assert.equal(keeper.verifyReceipt(first).outcome, "signed");
    keeper.close();
  });

  it("every way to disagree has its word", () => {
    const { store, first, second } = signedStore();
    const json = first.toJSON();
    const words = {
      missing_committed_event: changed(first, { event_id: hex(id(1)) }),
      sequence_mismatch: changed(first, { sequence: json.sequence + 1 }),
      content_hash_mismatch: changed(first, { content_hash: hex(second.contentHash) }),
      extensions_mismatch: changed(first, { extensions: { "a.b": "01" } }),
      unsigned_receipt_rejected: changed(first, { key_id: null, signature: null }),
      missing_signature: changed(first, { signature: null }),
      unknown_signing_key: changed(first, { key_id: hex(other.keyId) }),
      zero_key_with_signature: changed(first, { key_id: null }),
      invalid_signature: changed(first, { signature: hex(second.signature) }),
    };
    for (const [word, receipt] of Object.entries(words)) {
      const judgement = store.verifyReceipt(receipt);
      assert.equal(judgement.outcome, word);
      assert.equal(judgement.valid, false, word);
    }
    store.close();
  });

  it("a receipt of another place disagrees by its position, one from JSON has none", () => {
    const at = (payload) => {
      const store = open(temporary());
      store.append("b", "s", { kind: KIND, payload });
      return [store, store.append("a", "s", { kind: KIND, value: 1 }, { key: id(5) })];
    };
    const [here, mine] = at(new Uint8Array(10));
    const [there, theirs] = at(new Uint8Array(500));
    assert.equal(here.verifyReceipt(mine).outcome, "unsigned_accepted");
    assert.equal(here.verifyReceipt(theirs).outcome, "disk_position_mismatch");
    assert.equal(here.verifyReceipt(Receipt.fromJSON(theirs.toLine())).outcome, "unsigned_accepted");
    here.close();
    there.close();
  });

  it("what is no receipt or no key is refused", () => {
    const { store, first } = signedStore();
    for (const bad of [undefined, null, {}, first.toJSON(), "text"]) {
      refused(() => store.verifyReceipt(bad), "BP_ARGUMENT");
    }
    for (const trust of [[new Uint8Array(31)], ["x"], key.publicKey, 5]) {
      refused(() => store.verifyReceipt(first, { trust }), "BP_ARGUMENT");
      refused(() => store.verify({ trust }), "BP_ARGUMENT");
    }
    refused(() => store.verify({ receipts: [first.toJSON()] }), "BP_ARGUMENT");
    store.close();
  });
});

describe("a receipt as JSON", () => {
  const key = keyGenerate();
  const store = open(temporary(), { signingSeeds: [key.seed] });
  const receipts = [
    store.append("a", "s", { kind: KIND, value: 1 }, { key: id(1), extensions: { "b.x": new Uint8Array([255]), "a.y": new Uint8Array(0) } }),
    store.append("a", "s", { kind: KIND, value: 1 }, { key: id(1) }),
    store.append("a", "s", { kind: KIND, value: 2 }, { key: id(1) }),
    store.append("a", "s", { kind: KIND, value: 1 }, { durability: "written" }),
  ];
  const path = store.path;
  store.close();

  it("goes and comes back", () => {
    for (const receipt of receipts) {
      for (const again of [
        Receipt.fromJSON(JSON.stringify(receipt)), Receipt.fromJSON(receipt.toLine()), Receipt.fromJSON(receipt.toJSON()),
      ]) {
        assert.equal(again.toLine(), receipt.toLine());
        assert.deepEqual(again.toJSON(), receipt.toJSON());
        assert.deepEqual([again.segmentId, again.offset, again.frameLength], [0n, 0n, 0]);
      }
      assert.equal(receipt.toLine(), JSON.stringify(receipt));
    }
  });

  it("is judged as the receipt itself is", () => {
    const reader = open(path, { mode: "read_only", verifyKeys: [key.publicKey] });
    for (const receipt of receipts) {
      assert.equal(reader.verifyReceipt(receipt).outcome, "signed");
      assert.equal(reader.verifyReceipt(Receipt.fromJSON(receipt.toLine())).outcome, "signed");
    }
    reader.close();
  });

  it("keeps a sequence beyond 2^53 exact", () => {
    const line = receipts[0].toLine().replace(/"sequence":\d+/, '"sequence":18446744073709551615');
    const receipt = Receipt.fromJSON(line);
    assert.equal(receipt.sequence, 2n ** 64n - 1n);
    assert.equal(receipt.toLine(), line);
    refused(() => JSON.stringify(receipt), "BP_VALUE", /sequence/);
    assert.equal(Receipt.fromJSON(line.replace("18446744073709551615", "9007199254740993")).sequence, 2n ** 53n + 1n);
  });

  it("wants each member, and no other", () => {
    const json = receipts[0].toJSON();
    for (const name of Object.keys(json)) {
      const less = { ...json };
      delete less[name];
      refused(() => Receipt.fromJSON(less), "BP_ARGUMENT", new RegExp(name));
      refused(() => Receipt.fromJSON(JSON.stringify(less)), "BP_ARGUMENT", new RegExp(name));
    }
    refused(() => Receipt.fromJSON({ ...json, more: 1 }), "BP_ARGUMENT", /more/);
    for (const members of [
      { event_id: "00" }, { event_id: null }, { sequence: -1 }, { sequence: 1.5 }, { sequence: "x" }, { sequence: 2 ** 53 },
      { content_hash: "zz".repeat(32) }, { key_id: 5 }, { signature: "00" }, { extensions: [] }, { extensions: null },
      { extensions: { "a.b": "0" } }, { durable: 1 }, { durable: null }, { replayed: "no" }, { same: 0 },
    ]) {
      refused(() => Receipt.fromJSON({ ...json, ...members }), "BP_ARGUMENT");
    }
    refused(() => Receipt.fromJSON({ ...json, extensions: { nodot: "00" } }), "BP_EXTENSION_NAMESPACE");
    refused(() => Receipt.fromJSON("{"), "BP_JSON");
    refused(() => Receipt.fromJSON("null"), "BP_ARGUMENT");
    refused(() => Receipt.fromJSON(receipts[0].toLine().replace(/"sequence":\d+/, '"sequence":18446744073709551616')), "BP_ARGUMENT");
  });

  it("is no receipt where readers could disagree on what it says", () => {
    const line = receipts[3].toLine();
    for (const [from, to] of [
      ["{", '{"sequence":9,'], [/}$/, ',"durable":true}'], [/"sequence":(\d+)/, '"sequence":"$1"'], [/"sequence":\d+/, "$&.0"],
      [/"sequence":\d+/, "$&e0"], [/"sequence":\d+/, '"sequence":-0'],
      ['"extensions":{}', '"extensions":{"a.b":"00","a.b":"01"}'], ['"same":null', '"same":true'], ['"replayed":false', '"replayed":true'],
    ]) {
      const other = line.replace(from, to);
      assert.notEqual(other, line);
      refused(() => Receipt.fromJSON(other), "BP_ARGUMENT");
    }
    assert.equal(Receipt.fromJSON(line).toLine(), line);
  });

  it("is read by people without its memory", () => {
    const shown = receipts[0][Symbol.for("nodejs.util.inspect.custom")](2, {});
    assert.ok(shown.startsWith("Receipt {") && shown.includes(hex(receipts[0].eventId)) && !shown.includes("slab"), shown);
  });

  it("gives copies: changing them changes nothing", () => {
    const [receipt] = receipts;
    receipt.eventId.fill(0);
    receipt.signature.fill(0);
    assert.deepEqual(receipt.eventId, id(1));
    assert.equal(store.path, path);
  });

  it("is the line that the command writes, and the command takes ours", { skip: command === undefined && "no command built" }, () => {
    const directory = temporary();
    const seed = `${directory}.seed`;
    const lines = `${directory}.receipts`;
    fs.writeFileSync(seed, `${hex(key.seed)}\n`, { mode: 0o600 });
    execFileSync(command, ["append", directory, "a", "s", "F:001", '{"x":1}', "--sign", seed, "--receipts-out", lines]);
    const line = fs.readFileSync(lines, "utf8").trimEnd();
    assert.equal(Receipt.fromJSON(line).toLine(), line);
    const mine = open(directory, { signingSeeds: [key.seed] });
    const more = mine.append("a", "s", { kind: KIND, value: 2 }, { extensions: { "z.z": new Uint8Array([1]), "a.a": new Uint8Array([0xfe]) } });
    assert.equal(mine.verifyReceipt(Receipt.fromJSON(line)).outcome, "signed");
    mine.close();
    fs.appendFileSync(lines, `${more.toLine()}\n`);
    const verdict = execFileSync(command, ["verify", directory, "--receipts", lines, "--key", hex(key.publicKey), "--json", "--require", "attested"], { encoding: "utf8" });
    assert.equal(JSON.parse(verdict.trimEnd().split("\n").at(-1)).verdict, "ATTESTED");
  });
});
