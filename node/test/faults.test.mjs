import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const support = fileURLToPath(new URL("./support", import.meta.url));

describe("when the system fails", () => {
  let folder;
  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "batpak-faults-"));
    execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", path.join(folder, "faults.so"), path.join(support, "faults.c"), "-ldl"]);
  });
  after(() => fs.rmSync(folder, { recursive: true }));

  const scenarios = {
    full: "a full disk: BP_DISK_FULL, nothing remains, the store goes on",
    quota: "a quota that is used up: the same",
    broken: "a write that fails: BP_SYSTEM, the store goes on",
    flush: "a flush that fails: BP_SYNC_FAILED, then BP_POISONED, reads go on",
    close: "a close whose flush fails: closed all the same",
    fenced: "a fence whose commit fails: nothing is shown, and it is cancelled",
    begin: "an open that fails: its status, and the next one opens",
  };
  for (const [scenario, what] of Object.entries(scenarios)) {
    it(what, () => {
      const faults = path.join(folder, scenario);
      fs.writeFileSync(faults, "");
      const preload = [process.env.LD_PRELOAD, path.join(folder, "faults.so")].filter(Boolean).join(":");
      const { status, signal, stderr } = spawnSync(process.execPath, [path.join(support, "faulty.mjs"), scenario],
        { encoding: "utf8", env: { ...process.env, LD_PRELOAD: preload, BATPAK_FAULTS: faults } });
      assert.deepEqual([status, signal], [0, null], stderr);
    });
  }
});
