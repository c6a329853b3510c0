// The eight jobs of a journal, with typed events: open, append, page, get, walk, verify, fold, close.
//
//     node eight_jobs.mjs game
import { defineEvent, open } from "batpak";

/** @type {import("batpak").EventType<{ x: number; y: number }>} */
const Moved = defineEvent({ category: 0xf, typeId: 0x001, fields: ["x", "y"] });

const show = (job, { sequence, entity, payload }) =>
  console.log(`${job}  event ${sequence} of ${entity}: Moved(x=${payload.x}, y=${payload.y})`);

const store = open(process.argv[2] ?? "game"); // 1: open
try {
  store.append("player:alice", "room:dungeon", Moved({ x: 10, y: 20 })); // 2: append, durable
  store.append("player:bob", "room:dungeon", Moved({ x: 3, y: 0 }));
  const receipt = store.append("player:alice", "room:dungeon", Moved({ x: 11, y: 20 }));

  for (const event of store.events({ type: Moved, entity: "player:alice" })) show("page", event); // 3: in commit order
  show("get ", store.get(receipt.eventId, Moved)); // 4: one event by its id
  for (const { sequence, entity } of store.walk(receipt.eventId, { limit: 10 })) { // 5: it and its ancestors
    console.log(`walk  event ${sequence} of ${entity}`);
  }

  const judgement = store.verifyReceipt(receipt); // 6: does the store agree?
  console.log(`receipt of event ${receipt.sequence}: ${judgement.outcome}`);
  const addSteps = (total, event) => total + event.payload.x + event.payload.y;
  console.log(`${store.fold(0, addSteps, { type: Moved, entity: "player:alice" })} in all`); // 7: fold into a state
  process.exitCode = judgement.valid ? 0 : 1;
} finally {
  store.close(); // 8: close; in TypeScript: `using store = open("game")`
}
