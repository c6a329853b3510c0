/* What users write. It must compile under `strict` as it stands; it is never run. */

import {
  BatpakError, BP_VERDICT_ATTESTED, Cancelled, Err, ErrorKind, Ok, Outcome, OutcomeBatch, outcomeDecode, outcomeEncode, OutcomeError,
  Pending, Retry, WaitForAll, WaitForTime, bypass, defineEvent, defineMachine, Denial, DeniedError, EMPTY, Gates, Float64, idNew, keyGenerate, Kind, open, openAsync, payloadDecode,
  payloadEncode, Receipt, Status,
  type Batch, type Bypass, type Draft, type Gate, type Machine, type Permit, type Event, type EventType, type Fence, type Extensions, type Finding, type Frontier, type Judgement, type OpenOptions, type Page,
  type Point, type Pressure, type Ticket,
  type Query, type Report, type Stat, type StatusName, type Store, type TypedEvent, type Value,
} from "batpak";

interface Move {
  x: number;
  y: number;
}

const Moved = defineEvent<Move>({ category: 0xf, typeId: 1, fields: ["x", "y"] });
const Said = defineEvent<string>({ category: 0xf, typeId: 2 });
const Paid = defineEvent<{ amount: bigint; note?: string; rate: number }>({
  category: 0xf, typeId: 3, schemaVersion: 1, fields: ["amount", "note", "rate"], optional: ["note"], bigints: ["amount"],
  floats: ["rate"], defaults: { rate: 1 },
});
const Checked = defineEvent({ category: 0xf, typeId: 4, parse: (value: Value): Date => new Date(Number(value)) });

export function exact<T>(value: T): T {
  return value;
}

export function synchronous(): void {
  const clock: BigInt64Array = new BigInt64Array(1);
  const options: OpenOptions = {
    mode: "create", durability: "durable", syncMode: "data", segmentMaxBytes: 1_000_000n, singleAppendMaxBytes: 1000,
    syncEveryEvents: 0, groupMaxEvents: 10, batchMaxEvents: 10, batchMaxBytes: 1000, queueCapacity: 5, pressurePercent: 50,
    drainLimit: 1, restartMax: 1, restartWithinMs: 1n, preallocateBytes: 0, signingSeeds: [keyGenerate().seed], verifyKeys: [], clock,
    progress: (stage, done: bigint, total: bigint) => console.log(stage, done, total), log: (text: string) => console.log(text),
  };
  using store: Store = open("game", options);
  const receipt: Receipt = store.append("player:alice", "room:dungeon", Moved({ x: 10, y: 20 }), {
    key: idNew(), expect: EMPTY, correlationId: idNew(), causationId: idNew(), lane: 1, depth: 2, flags: 0,
    extensions: { "a.b": new Uint8Array(1) }, durability: "written", allowReserved: false,
  });
  store.append("player:alice", "room:dungeon", { kind: 0xf001, value: { x: 1, y: [2n, new Float64(1), null] } }, { expect: 4 });
  store.append("player:alice", "room:dungeon", { kind: Kind.make(0xf, 1), payload: new Uint8Array(1) }, { expect: receipt.eventId });
  const drafts: Draft[] = [{ entity: "a", scope: "s", event: Said("hello"), key: idNew() }];
  const receipts: readonly Receipt[] = store.appendMany(drafts);
  const whole: Receipt[] = store.appendBatch([...drafts, { entity: "a", scope: "s", event: Said("hello"), causeItem: 0 }]);
  using batch: Batch = store.batch({ correlationId: receipt.eventId, causationId: null });
  const index: number = batch.append("a", "s", Said("hello"), { key: idNew() });
  batch.append("a", "s", Moved({ x: 1, y: 2 }), { causeItem: index });
  batch.add(drafts[0]!);
  const gathered: readonly Receipt[] = batch.flush();
  const frontier: Frontier = store.frontier();
  const visible: Point = frontier.visible;
  const pending: bigint | null = frontier.oldestPendingMs;
  store.wait("durable", visible, 5);
  store.wait("applied", receipt);
  const waited: Promise<void> = store.waitAsync("visible", 5n, { timeoutMs: 5, signal: AbortSignal.timeout(5) });
  store.append("a", "s", Said("hello"), { gate: "durable", gateTimeoutMs: 5 });
  const ticket: Ticket<Receipt> = store.submit(drafts[0]!);
  const answered: Promise<Receipt> = ticket.waitAsync({ signal: AbortSignal.timeout(5) });
  {
    using fence: Fence = store.fence();
    const fenced: Ticket<Receipt> = fence.submit(drafts[0]!);
    const fencedBatch: Ticket<Receipt[]> = fence.submitBatch(drafts);
    const token: bigint = fence.token;
    fence.commit();
    exact([fenced, fencedBatch, token]);
  }
  const batched: Receipt[] = store.submitBatch(drafts).wait(5);
  const pressure: Pressure = store.pressure();
  console.log(answered, batched, ticket.done, ticket.receipts, pressure.queued, pressure.utilization, pending, waited, whole, gathered, batch.length, batch.receipts?.length);

  for (const event of store.events({ type: Moved, entity: "player:alice" })) {
    const x: number = event.payload.x;
    const sequence: bigint = event.sequence;
    console.log(x, sequence, event.wallMs + event.timestampUs + event.segmentId + event.offset);
    console.log(event.clock + event.lane + event.depth + event.flags + event.frameLength);
  }
  for (const event of store.events()) {
    const bytes: Uint8Array = event.payload;
    const value: unknown = event.value();
    const error: BatpakError | undefined = event.error;
    const causation: Uint8Array | null = event.causationId;
    const extensions: Extensions = event.extensions;
    const view: Uint8Array = event.payloadBytes;
    console.log(bytes, value, error, causation, extensions, view, event.entity, event.scope, event.kind);
  }
  const query: Query = { under: "player", scope: "s", category: 0xf, after: 1n, clock: [0, 5], limit: 10, maxBytes: 1000 };
  const page: Page = store.page(query);
  const more: boolean = page.more;
  const first: Event | undefined = page.at(0);
  for (const one of store.pages({ kind: 0xf001 })) console.log(one.length);
  const said: string = store.get(receipt.eventId, Said).payload;
  const walked: Event[] = [...store.walk(receipt.eventId, { limit: 3 })];
  const total: number = store.fold(0, (sum, event) => sum + event.payload.x, { type: Moved, limit: 5 });
  const names: string[] = store.fold([] as string[], (list, event) => [...list, event.entity]);
  const judgement: Judgement = store.verifyReceipt(receipt, { trust: [new Uint8Array(32)] });
  const report: Report = store.verify({ trust: [], receipts });
  const findings: Finding[] = [...report, ...store.openReport()];
  const stat: Stat = store.stat();
  store.sync();
  console.log(more, first, said, walked, total, names, judgement.outcome, judgement.valid, report.verdict === "ATTESTED", findings);
  console.log(stat.events, stat.cleanClose, BP_VERDICT_ATTESTED, payloadDecode(payloadEncode({ a: 1 })), Receipt.fromJSON(receipt.toLine()));
}

/* The compiler knows which of the six it is, and that there are no more. */
export function told(outcome: Outcome<number>): string {
  switch (outcome.type) {
    case "Ok": return outcome.value.toFixed();
    case "Err": return `${outcome.error.kind.name} ${outcome.error.message} ${outcome.error.compensation?.type}`;
    case "Retry": return `${exact<bigint>(outcome.afterMs)} ${outcome.attempt} ${outcome.maxAttempts} ${outcome.reason}`;
    case "Pending": return outcome.condition.type === "All" ? `${outcome.condition.items.length}` : `${outcome.resumeToken.length}`;
    case "Cancelled": return outcome.reason;
    case "Batch": return outcome.items.map(told).join();
  }
}

export function combined(store: Store, draft: Draft): void {
  const one: Outcome<number> = new Ok(1);
  const none: Outcome<number> = new Err(new OutcomeError(ErrorKind.custom(7)));
  const all: Outcome<number>[] = [one, none, new Retry(1n, 1, 1, "r"), new Cancelled("c"), new OutcomeBatch([one]),
    new Pending(new WaitForAll([new WaitForTime(5)]), new Uint8Array(16))];
  const text: Outcome<string> = one.map((value: number) => `${value}`).andThen((value) => new Ok(value));
  const either: Outcome<number | string> = one.andThenIf((value) => value > 0, () => new Ok("some"));
  const wider: Outcome<number | string> = one;
  const recovered: Outcome<number | null> = none.orElse(() => new Ok(null)).inspect((value: number | null) => value);
  const pair: Outcome<[number, string]> = one.zip(text);
  const list: Outcome<number[]> = Outcome.joinAll(all);
  const first: Outcome<number> = Outcome.joinAny(all).mapErr((error) => new OutcomeError(error.kind)).inspectErr(console.log);
  const flat: Outcome<string> = one.map(() => text).flatten();
  const value: number | "none" = one.unwrapOr("none" as const);
  const made: number = list.intoResult().length + one.unwrapOrElse(() => 1);
  const read: Outcome<Value> = outcomeDecode(outcomeEncode(pair), { floats: "exact" });
  const tried: Outcome<Ticket<Receipt>> = store.trySubmit(draft);
  const sequences: Outcome<bigint[]> = store.trySubmitBatch([draft]).map((ticket) => ticket.wait().map(({ sequence }) => sequence));
  if (tried instanceof Ok) exact<Receipt>(tried.value.wait());
  exact([either, wider, recovered, first, flat, value, made, read, sequences, one.isTerminal]);
}

export async function asynchronous(signal: AbortSignal): Promise<void> {
  await using store: Store = await openAsync("game", { signal });
  const receipt: Receipt = await store.appendAsync("a", "s", Moved({ x: 1, y: 2 }), { signal, durability: "durable" });
  const receipts: readonly Receipt[] = await store.appendManyAsync([{ entity: "a", scope: "s", event: Paid({ amount: 5n, rate: 1 }) }], { signal });
  for await (const event of store.eventsAsync({ type: Paid, signal })) {
    const amount: bigint = event.payload.amount;
    const note: string | undefined = event.payload.note;
    console.log(amount, note);
  }
  const page: Page<Date> = await store.pageAsync({ type: Checked, signal });
  const at: Date | undefined = page.at(0)?.payload;
  const report: Report = await store.verifyAsync({ receipts, signal });
  await store.syncAsync({ signal });
  await store.closeAsync();
  console.log(receipt, at, report);
}

export function errors(): void {
  try {
    open("game");
  } catch (error) {
    if (!(error instanceof BatpakError)) throw error;
    const code: StatusName | "BP_UNKNOWN" = error.code;
    const status: number = error.status;
    if (error.code === "BP_LOCKED" && status === Status.BP_LOCKED) console.log(error.advice, error.path, error.accepted?.length);
    console.log(code, error.text, error.osError, error.segmentId, error.offset, error.expected, error.actual, error.eventId);
  }
}

export function types(event: TypedEvent<Move>, type: EventType<Move>): Move {
  const move: Move = type.decode(event.payload);
  return exact<Move>(event.value.x > 0 ? move : event.value);
}

interface Payment {
  readonly amount: number;
}

class Limit implements Gate<Payment> {
  readonly name = "limit";

  evaluate({ amount }: Payment): Denial | void {
    if (amount > 5) return new Denial({ code: "LIMIT", message: "too much", context: [["amount", String(amount)]] });
  }
}

const invoice = defineMachine({
  name: "invoice",
  states: ["draft", "sent", "paid"],
  transitions: [{ from: "draft", to: "sent", event: Said }, { from: "sent", to: "paid", event: Paid }, { from: "paid", to: "paid", event: 0xf00f }],
});

export function guarded(store: Store): void {
  const gates: Gates<Payment> = new Gates([new Limit(), { name: "two", description: "nothing", evaluate: (payment: Payment) => console.log(payment) }]);
  const names: readonly string[] = gates.names;
  const draft: Draft = { entity: "a", scope: "s", event: Said("hello") };
  const why: Bypass = { reason: "OUTAGE", justification: "the judge is down", approvedBy: null };
  try {
    const permit: Permit = gates.evaluate({ amount: 5 }, draft);
    const receipt: Receipt = store.commit(permit);
    console.log(receipt.sequence, permit.audit?.approvedBy, names.length, bypass(draft, why).payload.length);
  } catch (error) {
    if (!(error instanceof DeniedError)) throw error;
    const [first]: readonly (readonly [string, string])[] = error.denial.context;
    const receipt = store.appendDenial({ denial: error.denial, gates, draft, pipeline: first?.[0] });
    const judgement: Judgement = store.verifyDenial(receipt, { trust: [] });
    console.log(judgement.valid);
  }
  const machine: Machine = invoice;
  store.applyTransition(invoice, "draft", "sent", "invoice:7", "books", "to alice", { expect: EMPTY });
  store.applyTransition(invoice, "sent", "paid", "invoice:7", "books", { amount: 5n, rate: 1 });
  store.applyTransition(invoice, "paid", "paid", "invoice:7", "books", [1, 2, 3], { kind: 0xf00f });
  console.log(machine.states.length);
}
