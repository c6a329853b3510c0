// The end of script/demo, from Node: demo_open.mjs STORE RECEIPTS. Reads the store's events and verifies it.
import { readFileSync } from "node:fs";

import { open, Receipt } from "batpak";

const [path, receiptsPath] = process.argv.slice(2);
const receipts = readFileSync(receiptsPath, "utf8").trimEnd().split("\n").map((line) => Receipt.fromJSON(line));
const store = open(path, { mode: "read_only" });
const members = new Set();
let count = 0;
for (const event of store.events({ category: 0xf })) {
  count++;
  for (const name of Object.keys(event.value())) members.add(name);
}
const report = store.verify({ receipts });
console.log(`Node: ${count} events with ${members.size} different members; ${report.verdict} ${report.attested} of ${report.events}`);
store.close();
process.exitCode = report.verdict === "ATTESTED" ? 0 : 1;
