// Instructions about the library itself, its ids and keys, and about files beside a store.
import { chmodSync, closeSync, openSync, writeSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import batpak from "./package.mjs";
import { bytesOf, hex, numberOf } from "./wire.mjs";

const isVersion7 = (id) => id[6] >> 4 === 7 && id[8] >> 6 === 2;

// Two ids in a row: the second above the first, both of version 7.
function idNew() {
  const [first, second] = [batpak.idNew(), batpak.idNew()];
  return Buffer.compare(first, second) < 0 && isVersion7(first) && isVersion7(second);
}

// What was drawn is what its seed derives.
function keyGenerate() {
  const key = batpak.keyGenerate();
  const { publicKey, keyId } = batpak.keyDerive(key.seed);
  return isDeepStrictEqual([key.publicKey, key.keyId], [publicKey, keyId]);
}

function key(_session, step) {
  const { publicKey, keyId } = batpak.keyDerive(bytesOf(step.seed, 32));
  return { public_key: hex(publicKey), key_id: hex(keyId) };
}

async function reset(session, step) {
  await session.begin();
  if (step.directory != null) process.chdir(step.directory);
}

function writeFile(_session, step) {
  const file = openSync(step.path, step.at === undefined ? "w" : "r+");
  writeSync(file, bytesOf(step.bytes), 0, null, step.at ?? 0);
  closeSync(file);
  if (step.mode != null) chmodSync(step.path, step.mode);
}

export const operations = {
  version: () =>
    ({ version: batpak.version(), abi_version: batpak.abiVersion(), format_version: batpak.formatVersion() }),
  status: (_session, step) => ({
    name: batpak.statusName(numberOf(step, "number")),
    advice: batpak.statusAdvice(numberOf(step, "number")),
  }),
  outcome: (_session, step) => batpak.receiptOutcomeName(numberOf(step, "number")),
  id_new: idNew,
  key,
  key_generate: keyGenerate,
  key_id: (_session, step) => hex(batpak.keyId(bytesOf(step.public_key, 32))),
  reset,
  write_file: writeFile,
};
