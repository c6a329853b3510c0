/**
 * batpak: an embedded, append-only event journal.
 *
 * ```ts
 * import { defineEvent, open } from "batpak";
 *
 * const Moved = defineEvent<{ x: number; y: number }>({ category: 0xf, typeId: 1 });
 * const store = open("game");
 * const receipt = store.append("player:alice", "room:dungeon", Moved({ x: 10, y: 20 }));
 * for (const event of store.events({ type: Moved })) console.log(event.sequence, event.payload.x);
 * console.log(store.verifyReceipt(receipt).outcome, store.verify().verdict);
 * store.close();
 * ```
 *
 * @packageDocumentation
 */
export { BatpakError } from "./errors.js";
export { Kind, type KindLike } from "./kind.js";
export { Float64, decode as payloadDecode, encode as payloadEncode, type DecodeOptions, type Value } from "./values.js";
export { defineEvent, type EventDefinition, type EventType, type TypedEvent } from "./define.js";
export { Receipt, type Extensions, type ReceiptJson } from "./receipt.js";
export { Claim, type ClaimJson, type ClaimTrust } from "./claim.js";
export { Key, keyDerive, keyFileRead, keyFileWrite, keyGenerate, keyId } from "./keys.js";
export { Finding, Judgement, Report, Stat, type Severity, type Verdict } from "./report.js";
export * from "./functions.js";
export * from "./constants.js";
export { open, openAsync } from "./open.js";
export { Store, type WalkOptions } from "./store.js";
export { Batch, type BatchOptions } from "./batch.js";
export { bypass, Denial, DeniedError, Gates, GATE_DEFECT, Permit, type Bypass, type DenialOptions, type DenialRecord, type Gate } from "./gates.js";
export { defineMachine, Machine, type From, type MachineDefinition, type PayloadOf, type To, type Transition,
  type TransitionOptions } from "./machine.js";
export { EMPTY, type Draft, type DraftOptions, type Durability, type NewEvent } from "./draft.js";
export { Frontier, type Point, type WaitOptions, type Watermark } from "./frontier.js";
export { Fence } from "./fence.js";
export { CustomAction, ErrorKind, Notify, OutcomeError, Release, Rollback, type CompensationAction } from "./failure.js";
export { WaitForAll, WaitForAny, WaitForCustom, WaitForEvent, WaitForTime, type WaitCondition } from "./condition.js";
export { Cancelled, Err, Ok, Outcome, OutcomeBatch, Pending, Retry } from "./outcome.js";
export { outcomeDecode, outcomeEncode } from "./outcomes.js";
export { Event } from "./event.js";
export { Page, type Query } from "./page.js";
export type { OpenOptions, Progress, Trust, VerifyOptions } from "./options.js";
export { Pressure, Ticket } from "./ticket.js";
export type { Waiting } from "./waiting.js";
