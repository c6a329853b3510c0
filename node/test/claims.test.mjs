// Claims, key files, rotation, and seeds that are wiped.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { Claim, keyDerive, keyFileRead, keyFileWrite, open, openAsync, Receipt, receiptOutcomeName } from "batpak";
import { hex, refused, temporary } from "./support/store.mjs";

const KIND = 0xf001;
const command = process.env.BATPAK_COMMAND;
const key = keyDerive(Uint8Array.from({ length: 32 }, (_, at) => at));
const other = keyDerive(new Uint8Array(32).fill(0x11));
const payload = Uint8Array.of(1, 2);

function made(options = { signingSeeds: [key.seed] }) {
  const path = temporary();
  const store = open(path, options);
  store.append("player:ä", "room", { kind: KIND, value: 1 });
  const receipt = store.append("player:ä", "room", { kind: KIND, payload }, { extensions: { "acme.trace": Uint8Array.of(1, 255) } });
  const claim = store.claim(receipt);
  store.close();
  return { path, receipt, claim };
}

describe("a claim", () => {
  it("says what the event says, and is always the same", () => {
    const { path, receipt, claim } = made();
    const store = open(path, { mode: "read_only", verifyKeys: [key.publicKey] });
    const event = store.get(receipt.eventId);
    assert.deepEqual([claim.version, claim.sequence, claim.entity, claim.scope, claim.kind.number],
      [1, event.sequence, "player:ä", "room", KIND]);
    assert.deepEqual([claim.eventId, claim.prevHash, claim.contentHash], [event.eventId, event.prevHash, event.eventHash]);
    assert.deepEqual([claim.keyId, claim.signature], [key.keyId, receipt.signature]);
    assert.deepEqual({ ...claim.extensions }, { "acme.trace": Uint8Array.of(1, 255) });
    assert.deepEqual(store.claim(receipt).bytes, claim.bytes);
    assert.equal(store.verifyReceipt(claim.receipt).outcome, "signed");
    assert.deepEqual({ ...claim.receipt.extensions }, { ...receipt.extensions });
    store.close();
  });

  it("is checked with no store", () => {
    const { claim } = made();
    assert.deepEqual({ ...claim.check({ trust: [other.publicKey, key.publicKey] }) }, { outcome: "signed", valid: true });
    assert.equal(claim.check({ trust: [key.publicKey], payload }).valid, true);
    for (const wrong of [Uint8Array.of(1, 3), new Uint8Array()]) {
      assert.equal(claim.check({ trust: [key.publicKey], payload: wrong }).outcome, "content_hash_mismatch");
    }
    assert.equal(claim.check().outcome, "unknown_signing_key");
    assert.equal(claim.check({ trust: [other.publicKey] }).valid, false);
    refused(() => claim.check({ trust: [new Uint8Array(32).fill(255)] }), "BP_KEY_INVALID");
    refused(() => claim.check({ trust: key.publicKey }), "BP_ARGUMENT");
    refused(() => claim.check({ keys: [key.publicKey] }), "BP_ARGUMENT");
    refused(() => claim.check({ payload: "1" }), "BP_ARGUMENT");
  });

  it("of an empty payload", () => {
    const store = open(temporary(), { signingSeeds: [key.seed] });
    const claim = store.claim(store.append("e", "s", { kind: KIND, payload: new Uint8Array() }));
    store.close();
    assert.equal(claim.check({ trust: [key.publicKey], payload: new Uint8Array() }).valid, true);
    assert.equal(claim.check({ trust: [key.publicKey], payload: new Uint8Array(1) }).outcome, "content_hash_mismatch");
  });

  it("that nobody signed is vouched for by nobody", () => {
    const { claim } = made({});
    assert.deepEqual([claim.keyId, claim.signature], [null, null]);
    assert.deepEqual({ ...claim.check() }, { outcome: "unvouched", valid: false });
    assert.deepEqual({ ...claim.check({ trust: [key.publicKey] }) }, { outcome: "unsigned_receipt_rejected", valid: false });
  });

  it("is not made of a receipt that does not hold", () => {
    const { path, receipt } = made();
    const store = open(path, { mode: "read_only", verifyKeys: [key.publicKey] });
    for (const [change, outcome] of [[{ sequence: 9 }, "sequence_mismatch"], [{ event_id: "77".repeat(16) }, "missing_committed_event"],
      [{ signature: "00".repeat(64) }, "invalid_signature"], [{ extensions: {} }, "extensions_mismatch"]]) {
      const error = refused(() => store.claim(Receipt.fromJSON({ ...receipt.toJSON(), ...change })), "BP_CLAIM");
      assert.equal(receiptOutcomeName(Number(error.actual)), outcome);
      assert.equal(error.path, path);
    }
    refused(() => store.claim({}), "BP_ARGUMENT");
    store.close();
    refused(() => store.claim(receipt), "BP_CLOSED");
    const reader = open(path, { mode: "read_only" });
    assert.equal(receiptOutcomeName(Number(refused(() => reader.claim(receipt), "BP_CLAIM").actual)), "unknown_signing_key");
    reader.close();
  });

  it("comes back from its bytes and its JSON", () => {
    const { claim } = made();
    const same = (found) => assert.deepEqual(found.bytes, claim.bytes);
    same(new Claim(claim.bytes));
    same(Claim.fromJSON(claim.toLine()));
    same(Claim.fromJSON(JSON.stringify(claim)));
    same(Claim.fromJSON(claim.toJSON()));
    same(Claim.fromJSON({ ...claim.toJSON(), witness: [1] }));
    const far = Claim.fromJSON({ ...claim.toJSON(), sequence: 2n ** 64n - 1n });
    assert.equal(far.sequence, 2n ** 64n - 1n);
    assert.deepEqual(Claim.fromJSON(far.toLine()).bytes, far.bytes);
    refused(() => far.toJSON(), "BP_VALUE");
    assert.match(inspect(claim), /^Claim \{/);
    claim.bytes.fill(0);
    same(new Claim(claim.bytes));
  });

  it("is nothing else", () => {
    const { claim } = made();
    const { bytes } = claim;
    for (const bad of [new Uint8Array(), Uint8Array.of(0x80), bytes.subarray(0, -1), new Uint8Array([...bytes, 0xc0])]) {
      assert.ok(refused(() => new Claim(bad), "BP_CLAIM").offset <= BigInt(bad.length));
    }
    refused(() => new Claim("x"), "BP_ARGUMENT");
    const json = claim.toJSON();
    for (const change of [{ format: "x" }, { version: "1" }, { kind: 65536 }, { sequence: -1 }, { entity: 1 }, { key_id: 3 },
      { signature: "00" }, { extensions: [] }, { event_id: null }]) {
      refused(() => Claim.fromJSON({ ...json, ...change }), "BP_ARGUMENT");
    }
    refused(() => Claim.fromJSON({ ...json, version: 2 }), "BP_NEWER_VERSION");
    refused(() => Claim.fromJSON({ ...json, version: 0 }), "BP_CLAIM");
    refused(() => Claim.fromJSON({ ...json, entity: "\ud800" }), "BP_CLAIM");
    refused(() => Claim.fromJSON("nope"), "BP_JSON");
    const { scope, ...less } = json;
    refused(() => Claim.fromJSON(less), "BP_ARGUMENT");
    for (let at = 0; at < bytes.length; at++) {
      const altered = bytes.slice();
      altered[at] ^= 0x10;
      let found;
      try {
        found = new Claim(altered);
      } catch (error) {
        assert.match(error.code, /^BP_(CLAIM|NEWER_VERSION)$/);
        continue;
      }
      assert.equal(found.check({ trust: [key.publicKey] }).valid, false, `byte ${at}`);
    }
  });

  it("is the command's", { skip: command === undefined }, () => {
    const { path, receipt, claim } = made();
    const place = temporary();
    fs.mkdirSync(place);
    fs.writeFileSync(join(place, "receipts"), `${receipt.toLine()}\n`);
    const trusted = ["--key", hex(key.publicKey)];
    const exported = execFileSync(command, ["claim", "export", path, join(place, "receipts"), ...trusted]).toString();
    assert.equal(exported, `${claim.toLine()}\n`);
    fs.writeFileSync(join(place, "claim"), claim.bytes);
    const checked = execFileSync(command, ["claim", "check", join(place, "claim"), "--json", ...trusted], { stdio: "pipe" });
    assert.equal(JSON.parse(checked.toString()).outcome, "signed");
  });
});

describe("a key file", () => {
  it("is its owner's alone, and is never overwritten", () => {
    const folder = temporary();
    fs.mkdirSync(folder);
    const path = join(folder, "key");
    keyFileWrite(path, key);
    assert.equal(fs.statSync(path).mode & 0o777, 0o600);
    assert.equal(fs.readFileSync(path, "utf8"), `# batpak ed25519 seed\n${hex(key.seed)}\n`);
    for (const name of [path, pathToFileURL(path)]) {
      const found = keyFileRead(name);
      assert.deepEqual([found.seed, found.publicKey, found.keyId], [key.seed, key.publicKey, key.keyId]);
    }
    assert.equal(refused(() => keyFileWrite(path, other.seed), "BP_SYSTEM").osError, 17);
    assert.deepEqual(keyFileRead(path).seed, key.seed);
    fs.chmodSync(path, 0o640);
    assert.equal(refused(() => keyFileRead(path), "BP_KEY_FILE").path, path);
    fs.symlinkSync(path, join(folder, "link"));
    refused(() => keyFileRead(join(folder, "link")), "BP_KEY_FILE");
    refused(() => keyFileRead(folder), "BP_KEY_FILE");
    refused(() => keyFileRead(join(folder, "none")), "BP_SYSTEM");
    for (const [text, code] of [["", "BP_KEY_FILE"], [`${hex(key.seed)}00`, "BP_KEY_FILE"], ["0".repeat(64), "BP_SEED_ZERO"]]) {
      fs.writeFileSync(join(folder, "bad"), text, { mode: 0o600 });
      refused(() => keyFileRead(join(folder, "bad")), code);
    }
    refused(() => keyFileWrite(join(folder, "new"), new Uint8Array(32)), "BP_SEED_ZERO");
    refused(() => keyFileWrite(join(folder, "new"), new Uint8Array(31)), "BP_ARGUMENT");
    refused(() => keyFileWrite("a\0b", key), "BP_ARGUMENT");
    refused(() => keyFileRead(""), "BP_ARGUMENT");
    assert.equal(fs.existsSync(join(folder, "new")), false);
  });
});

describe("keys", () => {
  it("D19: come and go", () => {
    const path = temporary();
    const one = (options) => {
      const store = open(path, options);
      const receipt = store.append("e", "s", { kind: KIND, value: 1 });
      store.close();
      return receipt;
    };
    const old = one({ signingSeeds: [key.seed] });
    const fresh = one({ signingSeeds: [key.seed, other.seed] });
    assert.deepEqual([old.keyId, fresh.keyId], [key.keyId, other.keyId]);
    for (const [options, outcomes] of [
      [{ signingSeeds: [key.seed, other.seed] }, ["signed", "signed"]],
      [{ signingSeeds: [other.seed] }, ["unknown_signing_key", "signed"]],
      [{ signingSeeds: [other.seed], verifyKeys: [key.publicKey] }, ["signed", "signed"]],
      [{ verifyKeys: [key.publicKey, other.publicKey] }, ["signed", "signed"]],
      [{}, ["unknown_signing_key", "unknown_signing_key"]],
    ]) {
      const store = open(path, options);
      assert.deepEqual([old, fresh].map((receipt) => store.verifyReceipt(receipt).outcome), outcomes);
      store.close();
    }
  });

  it("D19: a stripped receipt is missed", () => {
    const { path, receipt } = made();
    const bare = Receipt.fromJSON({ ...receipt.toJSON(), key_id: null, signature: null });
    const store = open(path, { mode: "read_only" });
    assert.equal(store.verifyReceipt(bare).outcome, "unsigned_accepted");
    const report = store.verify({ receipts: [bare] });
    assert.deepEqual([report.verdict, ...[...report].map((finding) => finding.code)], ["INCOMPLETE", "signature_expected"]);
    store.close();
    const keeper = open(path, { mode: "read_only", verifyKeys: [other.publicKey] });
    assert.equal(keeper.verifyReceipt(bare).outcome, "unsigned_receipt_rejected");
    keeper.close();
  });

  it("may be wiped once the store is open", async () => {
    for (const start of [open, openAsync]) {
      const seed = key.seed.slice();
      const store = await start(temporary(), { signingSeeds: [seed] });
      seed.fill(0);
      assert.deepEqual(store.append("e", "s", { kind: KIND, value: 1 }).keyId, key.keyId);
      assert.doesNotMatch(inspect(store, { depth: 9, showHidden: true }), new RegExp(hex(key.seed)));
      store.close();
    }
  });
});
