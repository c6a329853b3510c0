import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { open } from "batpak";
import { refused, temporary } from "./support/store.mjs";

const script = fileURLToPath(new URL("./support/child.mjs", import.meta.url));

/** A child that does `task`; its lines, and how it ended. */
function child(task, directory) {
  const process_ = spawn(process.execPath, [script, task, directory], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = [];
  let rest = "";
  process_.stdout.setEncoding("utf8").on("data", (text) => {
    rest += text;
    const parts = rest.split("\n");
    rest = parts.pop();
    lines.push(...parts);
    process_.emit("lines");
  });
  const until = async (line) => {
    while (!lines.includes(line)) await Promise.race([once(process_, "lines"), once(process_, "close")]);
  };
  return { process: process_, lines, until, ended: once(process_, "close") };
}

describe("processes", () => {
  it("another process's store is locked, and free when it is gone", async () => {
    const directory = temporary();
    const other = child("hold", directory);
    await other.until("held");
    assert.equal(refused(() => open(directory), "BP_LOCKED").path, directory);
    other.process.kill("SIGKILL");
    await other.ended;
    const store = open(directory);
    assert.equal([...store.events({ entity: "a" })].length, 1);
    store.close();
  });

  it("take turns: each opens when the one before is done", async () => {
    const directory = temporary();
    open(directory).close();
    const others = Array.from({ length: 4 }, () => child("turns", directory));
    const ends = await Promise.all(others.map((other) => other.ended));
    assert.deepEqual(ends, Array.from({ length: 4 }, () => [0, null]));
    const store = open(directory);
    assert.equal([...store.events({ entity: "a" })].length, 40);
    assert.equal(store.verify().verdict, "CONSISTENT");
    store.close();
  });

  it("killed in the middle of appends: what was answered is there", async () => {
    for (let round = 0; round < 5; round++) {
      const directory = temporary();
      const other = child("append", directory);
      await other.until(`${20 * (round + 1)}`);
      other.process.kill("SIGKILL");
      await other.ended;
      const answered = Number(other.lines.at(-1));
      const store = open(directory);
      assert.ok([...store.events({ entity: "a" })].length >= answered);
      assert.equal(store.verify().verdict, "CONSISTENT");
      store.close();
    }
  });

  for (const task of ["verify", "fold", "append"]) {
    it(`SIGINT during a long ${task} ends in good order`, async () => {
      const directory = temporary();
      const other = child(`interrupted-${task}`, directory);
      await other.until("begun");
      other.process.kill("SIGINT");
      const [code, signal] = await other.ended;
      assert.deepEqual([code, signal, other.lines.at(-1)], [130, null, "closed"]);
      const store = open(directory);
      assert.equal(store.stat().cleanClose, true);
      assert.equal(store.verify().verdict, "CONSISTENT");
      store.close();
    });
  }

  it("SIGINT without a handler: gone at once, and the store opens", async () => {
    const directory = temporary();
    const other = child("append", directory);
    await other.until("20");
    other.process.kill("SIGINT");
    const [, signal] = await other.ended;
    assert.equal(signal, "SIGINT");
    const store = open(directory);
    assert.equal(store.verify().verdict, "CONSISTENT");
    store.close();
  });

  it("the end of a process without close loses nothing that was answered", async () => {
    for (const task of ["leave", "exit", "throw"]) {
      const directory = temporary();
      const other = child(task, directory);
      await other.ended;
      const store = open(directory);
      assert.equal([...store.events({ entity: "a" })].length, 1);
      store.close();
    }
  });
});
