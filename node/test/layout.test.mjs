import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import * as layouts from "./node_modules/batpak/dist/layout.js";

/* This package reads and writes records by a table of its own; the runner compiled a program from ffi.h that says how C lays
 * them out. */
const said = JSON.parse(readFileSync(new URL("./layouts.json", import.meta.url), "utf8"));

describe("layouts of records", () => {
  for (const [name, { size, ...members }] of Object.entries(layouts)) {
    const struct = `bp_${name.toLowerCase()}`;
    it(`${struct} is laid out as C does`, () => {
      assert.ok(struct in said);
      assert.equal(size, said[struct].size);
      const offsets = Object.entries(said[struct].fields).map(([field, { offset }]) => [field, offset]);
      assert.deepEqual(members, Object.fromEntries(offsets));
    });
  }

  it("are those of the records that cross in bulk", () => {
    for (const name of ["DRAFT", "EVENT", "EXTENSION", "QUERY", "TOKEN"]) assert.ok(name in layouts, name);
  });
});
