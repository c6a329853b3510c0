import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Kind } from "batpak";
import { refused } from "./support/store.mjs";

describe("Kind", () => {
  it("is category and type id", () => {
    const kind = Kind.make(0xf, 1);
    assert.deepEqual([kind.number, kind.category, kind.typeId, String(kind)], [0xf001, 0xf, 1, "F:001"]);
    assert.equal(+kind, 0xf001);
    assert.equal(JSON.stringify({ kind }), '{"kind":61441}');
    assert.ok(kind.equals(0xf001) && kind.equals(new Kind(0xf001)) && !kind.equals(1));
  });

  it("of any 16 bits by its number", () => {
    assert.equal(String(new Kind(0)), "0:000");
    assert.equal(String(new Kind(0xffff)), "F:FFF");
    for (const bad of [-1, 0x10000, 1.5, NaN, Infinity, "1", null, undefined, 1n]) {
      refused(() => new Kind(bad), "BP_KIND_RANGE");
    }
  });

  it("is made of categories that programs may use", () => {
    refused(() => Kind.make(0, 1), "BP_KIND_RESERVED");
    refused(() => Kind.make(13, 1), "BP_KIND_RESERVED");
    refused(() => Kind.make(16, 1), "BP_KIND_RANGE");
    refused(() => Kind.make(1, 4096), "BP_KIND_RANGE");
    refused(() => Kind.make(-1, 1), "BP_KIND_RANGE");
    refused(() => Kind.make(2 ** 32 + 1, 1), "BP_KIND_RANGE");
    refused(() => Kind.make(1, NaN), "BP_KIND_RANGE");
  });

  it("is read in three ways", () => {
    for (const text of ["F:001", "f:001", "61441", "0xF001"]) assert.equal(Kind.parse(text).number, 0xf001);
    refused(() => Kind.parse("0x10000"), "BP_KIND_RANGE");
    refused(() => Kind.parse("kind"), "BP_ARGUMENT");
    refused(() => Kind.parse(""), "BP_ARGUMENT");
  });
});
