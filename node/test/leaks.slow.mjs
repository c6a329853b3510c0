/* Opens, appends and closes 100,000 times (BATPAK_LEAK_ROUNDS): memory and descriptors must stay where they were once things
 * are warm. What leaks grows in every part of the rounds; allocators and collectors take and give back when they like, so that
 * the part in which least was taken counts. Prints what it measured; ends with 1 if something grew. */

import fs from "node:fs";
import process from "node:process";
import { Err, ErrorKind, open, openAsync, outcomeDecode, outcomeEncode, OutcomeBatch, OutcomeError, Rollback } from "batpak";
import { temporary } from "./support/store.mjs";

const rounds = Number(process.env.BATPAK_LEAK_ROUNDS ?? 100_000);
const warm = Math.min(5_000, Math.ceil(rounds / 10));
const parts = 5;
const resident = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
const descriptors = () => fs.readdirSync("/proc/self/fd").length;
const maps = () => fs.readFileSync("/proc/self/maps", "utf8").split("\n").length;
const event = { kind: 0xf001, value: { x: 1 } };

const outcome = new OutcomeBatch([new Err(new OutcomeError(ErrorKind.INTERNAL, "no", new Rollback([new Uint8Array(16)])))]);

/* A store that is new each time: an old one grows by itself. */
async function round(directory, index) {
  const asynchronous = index % 16 === 0;
  const store = asynchronous ? await openAsync(directory, { durability: "written" }) : open(directory, { durability: "written", log: () => {} });
  const receipt = asynchronous ? await store.appendAsync("a", "s", event) : store.append("a", "s", event);
  const read = store.get(receipt.eventId).value();
  if (read.x !== 1) throw new Error("another value");
  if (index % 8 === 0) {
    store.verify({ receipts: [receipt] });
    store.trySubmit({ entity: "a", scope: "s", event }).inspect((ticket) => ticket.wait());
    const fence = store.fence();
    const ticket = fence.submit({ entity: "a", scope: "s", event });
    if (index % 16 === 0) await fence.commitAsync();
    fence[Symbol.dispose]();
    try {
      ticket.wait();
    } catch (error) {
      if (error.code !== "BP_FENCE_CANCELLED") throw error;
    }
    outcomeDecode(outcomeEncode(outcome));
    try {
      store.append("", "s", event);
    } catch (error) {
      if (error.code !== "BP_ENTITY_EMPTY") throw error;
    }
  }
  if (asynchronous) await store.closeAsync();
  else store.close();
  fs.rmSync(directory, { recursive: true });
}

/* What is left behind is looked for, not what waits for a collection. */
async function collected() {
  globalThis.gc?.();
  await new Promise(setImmediate);
}

async function measure() {
  await collected();
  await new Promise((resolve) => setTimeout(resolve, 100));
  return { resident: resident(), heap: process.memoryUsage().heapUsed, external: process.memoryUsage().external, descriptors: descriptors(), maps: maps() };
}

const directory = temporary();
const began = Date.now();
const ends = Array.from({ length: parts + 1 }, (_, part) => warm + Math.floor(((rounds - warm) * part) / parts));
const measured = [];
for (let index = 1; index <= rounds; index++) {
  await round(directory, index);
  if (index % 1000 === 0) await collected();
  if (ends.includes(index)) measured.push(await measure());
}
console.log(`${rounds} rounds in ${((Date.now() - began) / 1000).toFixed(1)} s`);
/* The most that each may grow in the part in which it grew least. */
const most = { descriptors: 0, maps: 1, resident: (4 << 20) / parts, heap: (2 << 20) / parts, external: (2 << 20) / parts };
process.exitCode = 0;
for (const [name, limit] of Object.entries(most)) {
  const values = measured.map((one) => one[name]);
  const least = Math.min(...values.slice(1).map((value, part) => value - values[part]));
  console.log(`${name.padEnd(12)} ${values.join(" ")}`);
  if (least > limit) process.exitCode = 1;
}
