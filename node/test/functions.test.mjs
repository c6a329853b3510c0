import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as batpak from "batpak";
import { hex, refused } from "./support/store.mjs";

describe("free functions", () => {
  it("idNew: ids of UUIDv7 that only grow", () => {
    const ids = Array.from({ length: 1000 }, () => hex(batpak.idNew()));
    assert.deepEqual(ids, [...ids].sort());
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) assert.match(id, /^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    assert.ok(Math.abs(parseInt(ids[0].slice(0, 12), 16) - Date.now()) < 60_000);
  });

  it("keys: generate, derive, id", () => {
    const key = batpak.keyGenerate();
    assert.deepEqual([key.seed.length, key.publicKey.length, key.keyId.length], [32, 32, 32]);
    const again = batpak.keyDerive(key.seed);
    assert.deepEqual([again.publicKey, again.keyId], [key.publicKey, key.keyId]);
    assert.deepEqual(batpak.keyId(key.publicKey), key.keyId);
    assert.notDeepEqual(batpak.keyGenerate().seed, key.seed);
    const known = batpak.keyDerive(Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex"));
    assert.equal(hex(known.publicKey), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  });

  it("keys: a seed is copied and never shown", () => {
    const seed = new Uint8Array(32).fill(7);
    const key = batpak.keyDerive(seed);
    seed.fill(0);
    assert.deepEqual(key.seed, new Uint8Array(32).fill(7));
    for (const shown of [JSON.stringify(key), String(key), batpak.Key.name, nodeInspect(key)]) {
      assert.ok(!shown.includes("0707"), shown);
    }
    assert.deepEqual(JSON.parse(JSON.stringify(key)), { public_key: hex(key.publicKey), key_id: hex(key.keyId) });
  });

  it("keys: what is none is refused", () => {
    refused(() => batpak.keyDerive(new Uint8Array(32)), "BP_SEED_ZERO");
    refused(() => batpak.keyDerive(new Uint8Array(31)), "BP_ARGUMENT");
    refused(() => batpak.keyDerive("text"), "BP_ARGUMENT");
    refused(() => batpak.keyId(new Uint8Array(33)), "BP_ARGUMENT");
  });

  it("coordinateCheck: each rule, in its order", () => {
    batpak.coordinateCheck("player:alice", "room:dungeon");
    batpak.coordinateCheck("é".repeat(512), "s");
    const cases = [
      ["", "s", "BP_ENTITY_EMPTY"], ["e", "", "BP_SCOPE_EMPTY"], ["e".repeat(1025), "s", "BP_ENTITY_TOO_LONG"],
      ["é".repeat(513), "s", "BP_ENTITY_TOO_LONG"], ["e", "s".repeat(1025), "BP_SCOPE_TOO_LONG"],
      ["a\0b", "s", "BP_COORDINATE_NUL"], ["a\nb", "s", "BP_COORDINATE_CONTROL"], ["a..b", "s", "BP_COORDINATE_TRAVERSAL"],
      ["a/b", "s", "BP_COORDINATE_TRAVERSAL"], ["a", "s|t", "BP_COORDINATE_SEPARATOR"],
    ];
    for (const [entity, scope, code] of cases) refused(() => batpak.coordinateCheck(entity, scope), code);
  });

  it("a lone surrogate in a coordinate is refused, not replaced", () => {
    refused(() => batpak.coordinateCheck("a\ud800", "s"), "BP_COORDINATE_UTF8");
    refused(() => batpak.coordinateCheck("a", "\udc00s"), "BP_COORDINATE_UTF8");
  });

  it("payloadFromJson and payloadToJson", () => {
    const text = '{"b":[1,-1,0.5,null,true,"é"],"a":{"n":18446744073709551615}}';
    assert.equal(batpak.payloadToJson(batpak.payloadFromJson(text)), text);
    assert.deepEqual(batpak.payloadFromJson(Buffer.from(text)), batpak.payloadFromJson(text));
    assert.equal(batpak.payloadToJson(batpak.payloadFromJson('{"a":1,"b":2,"a":3}')), '{"a":3,"b":2}');
    refused(() => batpak.payloadFromJson("{"), "BP_JSON");
    refused(() => batpak.payloadFromJson("18446744073709551616"), "BP_JSON");
    refused(() => batpak.payloadFromJson("[".repeat(1024) + "]".repeat(1024)), "BP_DEPTH");
    refused(() => batpak.payloadFromJson(Buffer.from([0x22, 0xc3, 0x22])), "BP_UTF8");
    refused(() => batpak.payloadToJson(batpak.payloadEncode(new Uint8Array(1))), "BP_NOT_JSON");
    refused(() => batpak.payloadToJson(batpak.payloadEncode(new Map([[1, 1]]))), "BP_NOT_JSON");
    refused(() => batpak.payloadToJson(new Uint8Array([0xc1])), "BP_MESSAGEPACK");
    assert.equal(refused(() => batpak.payloadFromJson("[1,x]"), "BP_JSON").offset, 3n);
  });

  it("a lone surrogate in a JSON text is refused, not replaced", () => {
    refused(() => batpak.payloadFromJson('"\ud800"'), "BP_UTF8");
  });

  it("extensionsEncode and extensionsDecode", () => {
    const extensions = { "b.x": new Uint8Array([1, 200]), "a.y": new Uint8Array(0), "a.z": new Uint8Array(300).fill(255) };
    const map = batpak.extensionsEncode(extensions);
    assert.deepEqual({ ...batpak.extensionsDecode(map) }, extensions);
    assert.deepEqual(batpak.extensionsEncode(batpak.extensionsDecode(map)), map);
    assert.deepEqual({ ...batpak.extensionsDecode(batpak.extensionsEncode({})) }, {});
    const cases = [
      ["", "BP_EXTENSION_EMPTY"], ["é.x", "BP_EXTENSION_NON_ASCII"], [`a.${"x".repeat(255)}`, "BP_EXTENSION_TOO_LONG"],
      ["nodot", "BP_EXTENSION_NAMESPACE"], ["a.b.c", "BP_EXTENSION_NAMESPACE"], ["batpak.x", "BP_EXTENSION_RESERVED"],
    ];
    for (const [name, code] of cases) refused(() => batpak.extensionsEncode({ [name]: new Uint8Array(1) }), code);
    refused(() => batpak.extensionsEncode({ "a.b": "text" }), "BP_ARGUMENT");
    refused(() => batpak.extensionsDecode(new Uint8Array([0xc1])), "BP_MESSAGEPACK");
  });

  it("versions", () => {
    const { version } = JSON.parse(readFileSync(new URL("./node_modules/batpak/package.json", import.meta.url), "utf8"));
    assert.equal(batpak.version(), version);
    assert.equal(batpak.abiVersion(), 1);
    assert.equal(batpak.formatVersion(), 1);
  });

  it("names", () => {
    for (const [name, status] of Object.entries(batpak.Status)) {
      assert.equal(batpak.statusName(status), name);
      assert.ok(status === 0 || batpak.statusAdvice(status).length > 0, name);
    }
    assert.equal(batpak.statusName(9999), "BP_UNKNOWN");
    assert.equal(batpak.receiptOutcomeName(batpak.BP_RECEIPT_SIGNED), "signed");
    assert.equal(batpak.receiptOutcomeName(batpak.BP_RECEIPT_SEQUENCE), "sequence_mismatch");
  });
});

function nodeInspect(value) {
  return value[Symbol.for("nodejs.util.inspect.custom")]();
}
