import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { BatpakError, open, Status, statusAdvice } from "batpak";

const made = [];
process.on("exit", () => {
  for (const directory of made) fs.rmSync(directory, { recursive: true, force: true });
});

/** The path of a directory that is not there yet, on tmpfs where there is one; gone when the process ends. */
export function temporary() {
  const root = process.env.BATPAK_TEST_ROOT ?? (fs.existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir());
  const directory = fs.mkdtempSync(path.join(root, "batpak-node-"));
  made.push(directory);
  return path.join(directory, "store");
}

/** Opens, after a thread is gone: its lock must be. The end of a call in flight may take a while. */
export async function openedWhenFree(directory, patienceMs = 240_000) {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return open(directory);
    } catch (error) {
      if (error.code !== "BP_LOCKED" || performance.now() > deadline) throw error;
      await sleep(10);
    }
  }
}

/** Collects until `done` answers true. Finalizers run in later turns of the loop, behind what other threads still do. */
export async function collectUntil(done, patienceMs = 240_000) {
  for (const deadline = performance.now() + patienceMs; performance.now() < deadline;) {
    globalThis.gc();
    await turn();
    if (done()) return;
  }
  assert.fail("garbage collection did not do it");
}

/** Calls `call`, which must throw a BatpakError with this code, and answers the error. */
export function refused(call, code, text) {
  try {
    call();
  } catch (error) {
    return checked(error, code, text);
  }
  throw new assert.AssertionError({ message: `${code} expected, nothing was thrown`, stackStartFn: refused });
}

/** The same of a promise. */
export async function refusedAsync(promise, code, text) {
  try {
    await promise;
  } catch (error) {
    return checked(error, code, text);
  }
  throw new assert.AssertionError({ message: `${code} expected, the promise was kept`, stackStartFn: refusedAsync });
}

function checked(error, code, text) {
  if (!(error instanceof BatpakError)) throw error;
  assert.equal(error.code, code, error.message);
  assert.equal(error.status, Status[code]);
  assert.equal(error.advice, statusAdvice(Status[code]));
  assert.ok(error.message.endsWith(`[${code}]`), error.message);
  if (text !== undefined) assert.match(error.message, text);
  return error;
}

/** 16 bytes that say `number`. */
export function id(number) {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(8, BigInt(number));
  return bytes;
}

export const hex = (bytes) => Buffer.from(bytes).toString("hex");
