// The Node driver: instructions on standard input, answers on standard output, one JSON line each (spec.md).
//
// It knows the library by the package `batpak` as it is installed in the folder BATPAK_NODE_PACKAGE. Errors of the library
// are answers; only a fault of the driver itself ends the process with a failure.
import { readSync, writeSync } from "node:fs";
import { BatpakError } from "./package.mjs";
import * as claims from "./claims.mjs";
import * as guarding from "./guarding.mjs";
import * as judging from "./judging.mjs";
import * as library from "./library.mjs";
import * as outcomes from "./outcomes.mjs";
import * as reading from "./reading.mjs";
import { Session } from "./session.mjs";
import * as tickets from "./tickets.mjs";
import * as values from "./values.mjs";
import { BadInstruction, receiptOut, text } from "./wire.mjs";
import * as writing from "./writing.mjs";

const operations = {
  ...library.operations, ...values.operations, ...writing.operations, ...claims.operations, ...guarding.operations,
  ...tickets.operations, ...tickets.submissions, ...outcomes.operations,
};
// Those that ask for an open store.
const ofAStore = {
  ...writing.ofAStore, ...reading.operations, ...judging.operations, ...claims.ofAStore, ...guarding.ofAStore,
  ...tickets.ofAStore, ...tickets.submissionsOfAStore,
};
const submissions = { ...tickets.submissions, ...tickets.submissionsOfAStore };

async function run(session, step) {
  const operation = operations[step.op] ?? ofAStore[step.op];
  if (!(step.op in submissions)) session.settle();
  if (operation === undefined) return { status: "unsupported" };
  if (step.op in ofAStore && session.store === undefined) return { status: "no_store" };
  try {
    return { status: "ok", value: (await operation(session, step)) ?? null };
  } catch (error) {
    if (error instanceof BadInstruction) return { status: error.message };
    if (error instanceof BatpakError) return refusal(error);
    throw error;
  }
}

function refusal(error) {
  const { code, expected, actual } = error;
  const detail = code === "BP_EXPECTED_CLOCK" ? { detail: { expected, actual } } : {};
  const value = error.receipt === undefined ? {} : { value: receiptOut(error.receipt) };
  return { status: code, ...detail, ...value, text: error.text };
}

function* lines() {
  const chunk = Buffer.alloc(1 << 16);
  let rest = [];
  for (let count; (count = readSync(0, chunk)) > 0; ) {
    let from = 0;
    for (let at; (at = chunk.subarray(0, count).indexOf(10, from)) >= 0; from = at + 1) {
      yield Buffer.concat([...rest, chunk.subarray(from, at)]).toString();
      rest = [];
    }
    rest.push(Buffer.from(chunk.subarray(from, count)));
  }
}

function say(line) {
  let left = Buffer.from(`${line}\n`);
  while (left.length > 0) left = left.subarray(writeSync(1, left));
}

const session = new Session();
for (const line of lines()) {
  const step = JSON.parse(line);
  if (step.suite === undefined) say(text({ id: step.id, ...(await run(session, step)) }));
}
await session.leave();
