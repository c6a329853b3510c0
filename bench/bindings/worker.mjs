// worker.mjs ROW DIRECTORY EVENTS: the work of worker.c, done through the package `batpak` for Node.
import { randomBytes } from "node:crypto";

import { defineEvent, open } from "batpak";

const CALL = 1000;
const SMALL_CALL = 100;
const RING = 1000;
const PER_ENTITY = 200;

const Placed = defineEvent({ category: 0xf, typeId: 2, fields: ["order", "symbol", "price", "count", "open"] });

const warmUp = (events) => Math.floor(events / 4);
const made = (count, make) => Array.from({ length: count }, (_, number) => make(number));
const seconds = (begin) => Number(process.hrtime.bigint() - begin) / 1e9;

function entities(events) {
  const count = Math.max(1, Math.floor(events / PER_ENTITY));
  return made(events, (number) => `entity:${number % count}`);
}

function withStore(path, options, work) {
  const store = open(path, options);
  try {
    return work(store);
  } finally {
    store.close();
  }
}

const writing = (durability) => ({ durability, syncEveryEvents: 0 });

function timed(path, durability, events, run, warm = warmUp(events)) {
  return withStore(path, writing(durability), (store) => {
    run(store, 0, warm);
    const begin = process.hrtime.bigint();
    run(store, warm, warm + events);
    return seconds(begin);
  });
}

function appendEach(path, events, length, durability) {
  const names = entities(length);
  const payloads = made(length, () => new Uint8Array(randomBytes(256)));
  let total = 0n;
  return timed(path, durability, events, (store, from, to) => {
    for (let i = from; i < to; i++) {
      total += store.append(names[i % length], "bench", { kind: 0xf001, payload: payloads[i % length] }).sequence;
    }
  });
}

function appendMany(path, events, length, durability, call = CALL) {
  const ring = entities(length).map((entity) => ({
    entity,
    scope: "bench",
    event: { kind: 0xf001, payload: new Uint8Array(randomBytes(256)) },
  }));
  let total = 0n;
  return timed(path, durability, events, (store, from, to) => {
    for (let i = from; i < to; i += call) {
      const at = i % length;
      for (const receipt of store.appendMany(ring.slice(at, at + Math.min(call, to - i)))) total += receipt.sequence;
    }
  }, Math.floor(warmUp(events) / call) * call);
}

function typedAppend(path, events) {
  const all = warmUp(events) + events;
  const names = entities(all);
  const values = made(all, (n) => ({
    order: n, symbol: `SYM-${String(n % 100000).padStart(5, "0")}`, price: n / 8, count: n % 100, open: n % 2 === 0,
  }));
  let total = 0n;
  return timed(path, "written", events, (store, from, to) => {
    for (let i = from; i < to; i++) total += store.append(names[i], "bench", Placed(values[i])).sequence;
  });
}

function reading(path, events, query, use) {
  return withStore(path, { mode: "read_only" }, (store) => {
    let seen = 0;
    const begin = process.hrtime.bigint();
    for (const event of store.events(query)) {
      use(event);
      seen++;
    }
    const taken = seconds(begin);
    if (seen !== events) throw new Error("not all events were read");
    return taken;
  });
}

function iterate(path, events) {
  let sequence = 0n, id, entity, payload;
  const taken = reading(path, events, { kind: 0xf001 }, (event) => {
    sequence += event.sequence;
    id = event.eventId;
    entity = event.entity;
    payload = event.payload;
  });
  if (id.length !== 16 || entity.length === 0 || payload.length !== 256) throw new Error("an event is not whole");
  return taken;
}

function typedDecode(path, events) {
  let total = 0;
  return reading(path, events, { type: Placed }, (event) => {
    const placed = event.payload;
    total += placed.order + placed.count;
  });
}

const rows = {
  durable: (path, events) => appendEach(path, events, RING, "durable"),
  written: (path, events) => appendEach(path, events, RING, "written"),
  "written-cold": (path, events) => appendEach(path, events, warmUp(events) + events, "written"),
  many: (path, events) => appendMany(path, events, RING, "durable"),
  "many-100": (path, events) => appendMany(path, events, RING, "durable", SMALL_CALL),
  "many-written": (path, events) => appendMany(path, events, RING, "written"),
  "many-cold": (path, events) => appendMany(path, events, Math.floor((warmUp(events) + events) / CALL) * CALL + CALL, "written"),
  iterate,
  columns: iterate, // pages have no columns here
  "typed-append": typedAppend,
  "typed-decode": typedDecode,
};
const [row, path, count] = process.argv.slice(2);
console.log(rows[row](path, Number(count)).toFixed(9));
