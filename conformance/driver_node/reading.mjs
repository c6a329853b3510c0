// Instructions that read: pages, single events, ancestors, folds.
import { bigOf, eventOut, hex, idOf, numberOf, textOf } from "./wire.mjs";

const PAGE = 100;

// What a step throws to end its fold.
class Enough extends Error {}

function queryOf(step) {
  const query = {};
  for (const [name, option] of [["entity", "entity"], ["under", "under"], ["in_scope", "scope"]]) {
    if (step[name] != null) query[option] = textOf(step, name);
  }
  for (const [name, option] of [["kind", "kind"], ["category", "category"], ["max_bytes", "maxBytes"]]) {
    if (step[name] != null) query[option] = numberOf(step, name);
  }
  if (step.after != null) query.after = bigOf(step, "after");
  if (step.clock_min != null) query.clock = [numberOf(step, "clock_min"), numberOf(step, "clock_max")];
  return query;
}

// Pages on until the query is exhausted or `limit` events are taken.
function page(session, step) {
  const query = queryOf(step);
  const limit = numberOf(step, "limit") ?? Infinity;
  const sequences = [];
  for (;;) {
    const events = session.store.page({ ...query, limit: Math.min(PAGE, limit - sequences.length) });
    sequences.push(...Array.from(events, (event) => event.sequence));
    if (events.length === 0 || !events.more || sequences.length === limit) return sequences;
    query.after = sequences.at(-1);
  }
}

function fold(session, step) {
  const stopAfter = numberOf(step, "stop_after");
  let state = { count: 0, last: null, stopped: false };
  const next = ({ count }, event) => {
    state = { count: count + 1, last: event.sequence, stopped: false };
    if (state.count === stopAfter) throw new Enough();
    return state;
  };
  try {
    return session.store.fold(state, next, { ...queryOf(step), limit: numberOf(step, "limit") });
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
    return { ...state, stopped: true };
  }
}

function walk(session, step) {
  const ancestry = session.store.walk(idOf(step, "event_id"), { limit: numberOf(step, "limit") });
  return Array.from(ancestry, (event) => hex(event.eventId));
}

export const operations = {
  dump: (session) => Array.from(session.store.events(), eventOut),
  page,
  get: (session, step) => eventOut(session.store.get(idOf(step, "event_id"))),
  walk,
  fold,
};
