/* What faults.test.mjs runs in a process with faults.c preloaded: `faulty.mjs SCENARIO`. It throws where something is not as it
 * should be. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import process from "node:process";
import { open, openAsync } from "batpak";
import { refused, refusedAsync, temporary } from "./store.mjs";

const event = { kind: 0xf001, value: { x: 1 } };
const { EIO, ENOSPC, EDQUOT, EACCES, EPERM, EROFS, ENOSYS, ENOMEM } = os.constants.errno;

/** From now on this call fails; without a call all go well. */
function fault(call, number) {
  fs.writeFileSync(process.env.BATPAK_FAULTS, call === undefined ? "" : `${call} ${number}`);
}

function failedWith(error, number, store) {
  assert.equal(error.osError, number);
  assert.equal(error.path, store.path);
}

/* A write that fails is undone, and the store goes on. */
async function write(number, code) {
  const store = open(temporary());
  const first = store.append("a", "s", event);
  fault("pwrite", number);
  failedWith(refused(() => store.append("a", "s", event), code), number, store);
  failedWith(await refusedAsync(store.appendAsync("a", "s", event), code), number, store);
  const many = refused(() => store.appendMany([{ entity: "a", scope: "s", event }, { entity: "a", scope: "s", event }]), code);
  assert.deepEqual(many.accepted, []);
  fault();
  const second = store.append("a", "s", event);
  assert.equal(second.sequence, first.sequence + 1n);
  assert.equal(store.stat().poisoned, false);
  assert.equal(store.verify({ receipts: [first, second] }).verdict, "ATTESTED");
  store.close();
}

/* A flush that fails poisons the writer: reads go on, writes need a new open. */
async function flush() {
  const directory = temporary();
  const store = open(directory);
  const first = store.append("a", "s", event);
  fault("fdatasync", EIO);
  failedWith(refused(() => store.append("a", "s", event), "BP_SYNC_FAILED"), EIO, store);
  fault();
  refused(() => store.append("a", "s", event), "BP_POISONED");
  refused(() => store.sync(), "BP_POISONED");
  await refusedAsync(store.appendAsync("a", "s", event), "BP_POISONED");
  await refusedAsync(store.syncAsync(), "BP_POISONED");
  assert.equal(store.stat().poisoned, true);
  assert.deepEqual(store.get(first.eventId).value(), { x: 1 });
  assert.throws(() => store.close(), (error) => error.code === "BP_POISONED");
  store.close();
  const again = open(directory);
  assert.equal(again.verifyReceipt(first).valid, true);
  again.append("a", "s", event);
  again.close();
}

/* A close that fails has closed all the same: the error says what is not on the disk. */
async function close() {
  for (const asynchronous of [false, true]) {
    const directory = temporary();
    const store = await openAsync(directory);
    const receipt = store.append("a", "s", event);
    fault("fdatasync", EIO);
    if (asynchronous) await refusedAsync(store.closeAsync(), "BP_SYNC_FAILED");
    else refused(() => store.close(), "BP_SYNC_FAILED");
    fault();
    store.close();
    await store.closeAsync();
    refused(() => store.stat(), "BP_CLOSED");
    const again = open(directory);
    assert.equal(again.verifyReceipt(receipt).valid, true);
    again.close();
  }
}

/* A commit whose flush fails shows nothing: leaving the fence cancels it. */
async function fenced() {
  for (const asynchronous of [false, true]) {
    const directory = temporary();
    const store = open(directory);
    const fence = store.fence();
    const ticket = fence.submit({ entity: "a", scope: "s", event });
    fault("fdatasync", EIO);
    if (asynchronous) await refusedAsync(fence.commitAsync(), "BP_SYNC_FAILED");
    else refused(() => fence.commit(), "BP_SYNC_FAILED");
    fault();
    refused(() => fence.commit(), "BP_POISONED");
    if (asynchronous) await fence[Symbol.asyncDispose]();
    else fence[Symbol.dispose]();
    refused(() => fence.commit(), "BP_FENCE_NOT_ACTIVE");
    assert.throws(() => ticket.wait(), ({ code }) => ["BP_FENCE_CANCELLED", "BP_SYNC_FAILED", "BP_POISONED"].includes(code));
    assert.equal(store.page({ entity: "a" }).length, 0);
    refused(() => store.close(), "BP_POISONED");
    const again = open(directory);
    assert.equal(again.page({ entity: "a" }).length, 0);
    again.close();
  }
}

/* An open that fails leaves nothing behind. */
async function begin() {
  const directory = temporary();
  open(directory).close();
  for (const [call, number, code] of [
    ["flock", ENOSYS, "BP_UNSUPPORTED"], ["flock", EACCES, "BP_PERMISSION"], ["flock", EPERM, "BP_PERMISSION"],
    ["flock", EIO, "BP_SYSTEM"], ["flock", ENOMEM, "BP_NO_MEMORY"], ["pwrite", EROFS, "BP_PERMISSION"],
    ["pwrite", ENOSPC, "BP_DISK_FULL"],
  ]) {
    fault(call, number);
    failedWith(refused(() => open(directory), code), number, { path: directory });
    failedWith(await refusedAsync(openAsync(directory), code), number, { path: directory });
    fault();
    open(directory).close();
  }
}

const scenarios = {
  full: () => write(ENOSPC, "BP_DISK_FULL"),
  quota: () => write(EDQUOT, "BP_DISK_FULL"),
  broken: () => write(EIO, "BP_SYSTEM"),
  flush, close, begin, fenced,
};
await scenarios[process.argv[2]]();
