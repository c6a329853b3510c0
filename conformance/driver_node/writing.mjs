// Instructions that open, write and close a store.
import batpak from "./package.mjs";
import { native } from "./values.mjs";
import { BadInstruction, bigOf, bytesOf, extensionsOf, idOf, keysOf, numberOf, receiptOut, textOf } from "./wire.mjs";

function opened(session, step) {
  return batpak.open(step.path, {
    mode: step.read_only ? "read_only" : step.must_exist ? "must_exist" : "create",
    // The reference answers after the write; its programs run as fast here when ours does so too.
    durability: step.durability === "durable" ? "durable" : "written",
    syncMode: step.sync_mode === "data" ? "data" : "all",
    segmentMaxBytes: bigOf(step, "segment_max_bytes"),
    singleAppendMaxBytes: numberOf(step, "single_append_max_bytes"),
    syncEveryEvents: numberOf(step, "sync_every"),
    groupMaxEvents: numberOf(step, "group_max_events"),
    batchMaxEvents: numberOf(step, "batch_max_size"),
    batchMaxBytes: numberOf(step, "batch_max_bytes"),
    queueCapacity: numberOf(step, "queue_capacity"),
    pressurePercent: numberOf(step, "pressure_percent"),
    preallocateBytes: bigOf(step, "preallocate_bytes"),
    signingSeeds: keysOf(step, "keys"),
    verifyKeys: keysOf(step, "verify_keys"),
    clock: session.clock,
  });
}

function clock(session, step) {
  session.clock[0] = BigInt(step.us);
}

async function open(session, step) {
  await session.leave();
  session.store = opened(session, step);
}

function close(session) {
  const { store } = session;
  session.store = undefined;
  store.close();
}

function expected(step) {
  if (step.expected_empty) return batpak.EMPTY;
  return idOf(step, "expected_event") ?? numberOf(step, "expected_sequence");
}

// `value` is what the payload says, and is what a program of this language would give.
function content(step) {
  const kind = numberOf(step, "kind");
  if (step.value != null) {
    try {
      return { kind, value: native(step.value) };
    } catch (error) {
      if (!(error instanceof BadInstruction)) throw error;
    }
  }
  return { kind, payload: bytesOf(step.payload) };
}

export function draftOf(step) {
  return {
    entity: textOf(step, "entity"),
    scope: textOf(step, "scope"),
    event: content(step),
    key: idOf(step, "key"),
    expect: expected(step),
    correlationId: idOf(step, "correlation"),
    causationId: idOf(step, "causation"),
    lane: numberOf(step, "lane"),
    depth: numberOf(step, "depth"),
    flags: numberOf(step, "flags"),
    gate: step.gate,
    gateTimeoutMs: numberOf(step, "gate_timeout_ms") ?? 0,
    causeItem: numberOf(step, "prior_item"),
    extensions: extensionsOf(step),
    allowReserved: Boolean(step.allow_reserved),
  };
}

function append(session, step) {
  const { entity, scope, event, causeItem: _, ...options } = draftOf(step);
  return receiptOut(session.store.append(entity, scope, event, options));
}

// Independent events in one call: the accepted prefix with its receipts, and why it ended.
function appendMany(session, step) {
  const drafts = step.items.map(draftOf);
  try {
    return { accepted: session.store.appendMany(drafts).map(receiptOut), status: "ok" };
  } catch (error) {
    if (error.accepted === undefined) throw error;
    return { accepted: error.accepted.map(receiptOut), status: error.code };
  }
}

const pointOut = ({ wallMs, sequence }) => ({ wall_ms: wallMs, sequence });

// The age of what is pending is no two runs' alike: only that there is one is said.
function frontier(session) {
  const found = session.store.frontier();
  const names = ["accepted", "written", "durable", "visible", "emitted", "applied"];
  return {
    ...Object.fromEntries(names.map((name) => [name, pointOut(found[name])])),
    visible_minus_durable: found.visibleMinusDurable,
    pending: found.oldestPendingMs !== null,
  };
}

function wait(session, step) {
  const point = { wallMs: bigOf(step, "wall_ms") ?? 0n, sequence: bigOf(step, "sequence") ?? 0n };
  session.store.wait(step.watermark, point, numberOf(step, "timeout_ms") ?? 0);
}

function batch(session, step) {
  const gathered = session.store.batch({ correlationId: idOf(step, "correlation"), causationId: idOf(step, "causation") });
  for (const item of step.items) gathered.add(draftOf(item));
  return gathered.flush().map(receiptOut);
}

export const operations = {
  clock,
  open,
  // A second handle, beside the one that is open, and closed at once.
  open_beside: (session, step) => opened(session, step).close(),
  // The end that no cleanup sees. Answers already given were flushed.
  abort: () => process.kill(process.pid, "SIGKILL"),
};
export const ofAStore = {
  close,
  drop: (session) => session.leave(),
  append,
  append_many: appendMany,
  batch,
  frontier,
  wait,
  sync: (session) => session.store.sync(),
};
