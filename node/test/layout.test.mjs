import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import * as layouts from "./node_modules/batpak/dist/layout.js";

const file = process.env.BATPAK_LAYOUTS;

/* The program behind BATPAK_LAYOUTS is compiled from ffi.h; this package reads and writes records by a table of its own. */
describe("layouts of records", { skip: file === undefined && "no layouts dumped" }, () => {
  const said = file === undefined ? {} : JSON.parse(readFileSync(file, "utf8"));
  for (const [name, layout] of Object.entries(layouts)) {
    if (typeof layout !== "object") continue;
    it(`bp_${name.toLowerCase()}`, () => {
      const struct = (said.structs ?? said)[`bp_${name.toLowerCase()}`];
      assert.ok(struct !== undefined, "C knows this struct");
      const { size, ...members } = layout;
      assert.equal(size, struct.size);
      for (const [member, offset] of Object.entries(members)) {
        const there = struct.fields?.[member] ?? struct.members?.[member] ?? struct[member];
        assert.equal(offset, there?.offset ?? there, member);
      }
    });
  }
});
