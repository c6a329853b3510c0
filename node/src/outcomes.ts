import { BP_COMPENSATION_CUSTOM, BP_COMPENSATION_NOTIFY, BP_COMPENSATION_RELEASE, BP_COMPENSATION_ROLLBACK, BP_OUTCOME_BATCH,
  BP_OUTCOME_CANCELLED, BP_OUTCOME_ERR, BP_OUTCOME_OK, BP_OUTCOME_PENDING, BP_OUTCOME_RETRY, BP_WAIT_FOR_ALL,
  BP_WAIT_FOR_ANY, BP_WAIT_FOR_CUSTOM, BP_WAIT_FOR_EVENT, BP_WAIT_FOR_TIME } from "./constants.js";
import { WaitForAll, WaitForAny, WaitForCustom, WaitForEvent, WaitForTime, type WaitCondition } from "./condition.js";
import { CustomAction, errorKindOf, Notify, OutcomeError, Release, Rollback, type CompensationAction } from "./failure.js";
import { native, utf8, type RawCompensation, type RawCondition, type RawOutcome, type Said } from "./native.js";
import { Cancelled, Err, Ok, OutcomeBatch, outcomeOf, Pending, Retry, type Outcome } from "./outcome.js";
import { bytesOf, unshared } from "./text.js";
import { decode, encode, type DecodeOptions, type Value } from "./values.js";

/* Outcomes to bytes and back: the library's, which are those of the reference. They cross as rows, level by level; nothing here
 * recurses, since what comes from outside may be nested as deep as the format allows. */

/**
 * The outcome's canonical bytes. What an Ok holds is written as `payloadEncode` writes it.
 *
 * @throws {@link BatpakError} `BP_VALUE` as `payloadEncode`; `BP_DEPTH` for more than 1,023 containers in one another;
 * `BP_ARGUMENT` for what is no outcome.
 * @since 0.2
 */
export function outcomeEncode(outcome: Outcome<unknown>): Uint8Array {
  const outcomes = [outcomeOf(outcome)];
  const conditions: WaitCondition[] = [];
  const rows: Said<RawOutcome>[] = [];
  /* Both lists grow while they are gone over. */
  for (const one of outcomes) {
    if (one.type === "Batch") for (const item of one.items) outcomes.push(item);
    if (one.type === "Pending") conditions.push(one.condition);
    rows.push(rowOf(one));
  }
  const waits: Said<RawCondition>[] = [];
  for (const one of conditions) {
    if (one.type === "All" || one.type === "Any") for (const item of one.items) conditions.push(item);
    waits.push(waitOf(one));
  }
  return native.outcomeEncode(rows, waits);
}

function rowOf(outcome: Outcome<unknown>): Said<RawOutcome> {
  switch (outcome.type) {
    case "Ok": return { type: BP_OUTCOME_OK, value: encode(outcome.value) };
    case "Err": return errorRow(outcome.error);
    case "Retry": {
      const { afterMs, attempt, maxAttempts, reason } = outcome;
      return { type: BP_OUTCOME_RETRY, afterMs, attempt, maxAttempts, message: utf8(reason) };
    }
    case "Pending": return { type: BP_OUTCOME_PENDING, resumeToken: outcome.resumeToken };
    case "Cancelled": return { type: BP_OUTCOME_CANCELLED, message: utf8(outcome.reason) };
    case "Batch": return { type: BP_OUTCOME_BATCH, itemCount: outcome.items.length };
  }
}

function errorRow({ kind, message, compensation }: OutcomeError): Said<RawOutcome> {
  const row = { type: BP_OUTCOME_ERR, errorKind: kind.number, errorCustom: kind.code ?? 0, message: utf8(message) };
  return compensation === null ? row : { ...row, compensation: actionRow(compensation) };
}

function actionRow(action: CompensationAction): Said<RawCompensation> {
  switch (action.type) {
    case "Rollback": return { type: BP_COMPENSATION_ROLLBACK, ids: Buffer.concat(action.eventIds) };
    case "Notify": return { type: BP_COMPENSATION_NOTIFY, targetId: action.targetId, text: utf8(action.message) };
    case "Release": return { type: BP_COMPENSATION_RELEASE, ids: Buffer.concat(action.resourceIds) };
    case "Custom": return { type: BP_COMPENSATION_CUSTOM, text: utf8(action.actionType), data: action.data };
  }
}

function waitOf(condition: WaitCondition): Said<RawCondition> {
  switch (condition.type) {
    case "Timeout": return { type: BP_WAIT_FOR_TIME, resumeAtMs: condition.resumeAtMs };
    case "Event": return { type: BP_WAIT_FOR_EVENT, eventId: condition.eventId };
    case "All": return { type: BP_WAIT_FOR_ALL, itemCount: condition.items.length };
    case "Any": return { type: BP_WAIT_FOR_ANY, itemCount: condition.items.length };
    case "Custom": return { type: BP_WAIT_FOR_CUSTOM, tag: condition.tag, data: condition.data };
  }
}

/**
 * The outcome that bytes say. Bytes behind it are ignored, as the reference does.
 *
 * @throws {@link BatpakError} `BP_MESSAGEPACK`, `BP_UTF8`, `BP_DEPTH`; `BP_VALUE` as `payloadDecode`.
 * @since 0.2
 */
export function outcomeDecode(bytes: Uint8Array, options?: DecodeOptions): Outcome<Value> {
  const rows = native.outcomeDecode(unshared(bytesOf("bytes", bytes)));
  const pending = rows.outcomes.filter(({ type }) => type === BP_OUTCOME_PENDING).length;
  const conditions = built(rows.conditions, pending, conditionFrom).slice(0, pending);
  /* They are made from the last to the first. */
  return built(rows.outcomes, 1, (row, items: Outcome<Value>[]) =>
    outcomeFrom(row, items, row.type === BP_OUTCOME_PENDING ? conditions.pop() : undefined, options))[0]!;
}

/* What `make` answers of each row, after its items. The items of the first row stand behind `roots` rows. */
function built<Row extends { readonly itemCount: number }, Made>(rows: readonly Row[], roots: number, make: (row: Row, items: Made[]) => Made): Made[] {
  const made: Made[] = new Array<Made>(rows.length);
  let end = rows.length;
  for (let at = rows.length - 1; at >= 0; at--) {
    const row = rows[at]!;
    const begin = end - row.itemCount;
    made[at] = make(row, row.itemCount === 0 ? [] : made.slice(begin, end));
    end = begin;
  }
  if (end !== Math.min(roots, rows.length)) throw new Error("batpak: rows of the addon that do not fit");
  return made;
}

/** The outcome of a row, with those that it holds and what it waits for. @internal */
export function outcomeFrom(row: RawOutcome, items: Outcome<Value>[] = [], condition?: WaitCondition, options?: DecodeOptions): Outcome<Value> {
  switch (row.type) {
    case BP_OUTCOME_OK: return new Ok(decode(row.value, options));
    case BP_OUTCOME_ERR: return new Err(errorFrom(row));
    case BP_OUTCOME_RETRY: return new Retry(row.afterMs, row.attempt, row.maxAttempts, textFrom(row.message));
    case BP_OUTCOME_PENDING: return new Pending(condition!, row.resumeToken);
    case BP_OUTCOME_CANCELLED: return new Cancelled(textFrom(row.message));
    default: return new OutcomeBatch(items);
  }
}

/* C has checked that it is UTF-8; a byte order mark stays. */
function textFrom(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

function errorFrom({ errorKind, errorCustom, message, compensation }: RawOutcome): OutcomeError {
  const undoing = compensation === undefined ? null : actionFrom(compensation);
  return new OutcomeError(errorKindOf(errorKind, errorCustom), textFrom(message), undoing);
}

function actionFrom({ type, ids, targetId, text, data }: RawCompensation): CompensationAction {
  switch (type) {
    case BP_COMPENSATION_ROLLBACK: return new Rollback(split(ids));
    case BP_COMPENSATION_NOTIFY: return new Notify(targetId, textFrom(text));
    case BP_COMPENSATION_RELEASE: return new Release(split(ids));
    default: return new CustomAction(textFrom(text), data);
  }
}

function split(ids: Uint8Array): Uint8Array[] {
  return Array.from({ length: ids.length / 16 }, (_, at) => ids.subarray(16 * at, 16 * at + 16));
}

function conditionFrom({ type, resumeAtMs, eventId, tag, data }: RawCondition, items: WaitCondition[]): WaitCondition {
  switch (type) {
    case BP_WAIT_FOR_TIME: return new WaitForTime(resumeAtMs);
    case BP_WAIT_FOR_EVENT: return new WaitForEvent(eventId);
    case BP_WAIT_FOR_ALL: return new WaitForAll(items);
    case BP_WAIT_FOR_ANY: return new WaitForAny(items);
    default: return new WaitForCustom(tag, data);
  }
}
