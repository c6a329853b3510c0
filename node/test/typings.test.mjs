import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import * as batpak from "batpak";

const folder = fileURLToPath(new URL("./typings", import.meta.url));

describe("typings", () => {
  it("let users write what is right, and nothing that is wrong", () => {
    const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
    const compiler = path.join(path.dirname(manifest), "bin", "tsc");
    const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
    assert.equal(status, 0, stdout + stderr);
  });

  it("each misuse has its directive", () => {
    const lines = readFileSync(path.join(folder, "misuses.ts"), "utf8").split("\n");
    assert.ok(lines.filter((line) => line.startsWith("// @ts-expect-error ")).length >= 30);
  });

  it("name nothing internal", () => {
    const types = readFileSync(fileURLToPath(new URL("./node_modules/batpak/dist/index.d.ts", import.meta.url)), "utf8");
    for (const name of ["Native", "native", "Raw", "throwFor", "TokenWriter"]) assert.ok(!new RegExp(`\\b${name}\\b`).test(types), name);
    for (const name of Object.keys(batpak)) assert.ok(name.startsWith("BP_") || !/internal|native/i.test(name), name);
  });
});
