// Instructions on gates, permits, denials and transitions.
import batpak from "./package.mjs";
import { bytesOf, numberOf, receiptOut } from "./wire.mjs";
import { draftOf as written } from "./writing.mjs";

const { DeniedError, Denial, Gates } = batpak;

// Here `gate` is the one that denied.
const draftOf = (step) => written({ ...step, gate: undefined });

function denialOf(told, more) {
  return new Denial({ code: told.code, message: told.message, context: told.context ?? [], ...more });
}

// A gate is its name, which permits, or an object with `gate` and a denial. `defect` is a status that a gate in C would answer
// instead; here it throws what that reads as.
function gateOf(told) {
  if (typeof told === "string") return { name: told, evaluate: () => undefined };
  const { gate: name, defect } = told;
  if (defect === undefined) return { name, evaluate: () => denialOf(told) };
  return { name, evaluate: () => { throw new Error(`the gate answered ${defect} (${batpak.statusName(defect)})`); } };
}

function gatesOf(step) {
  return new Gates((step.gates ?? []).map(gateOf));
}

function denialsOut(denials) {
  return { denials: denials.map(({ gate, code, message, context }) => ({ gate, code, message, context })) };
}

function evaluate(_session, step) {
  const gates = gatesOf(step);
  if (step.all) return denialsOut(gates.evaluateAll());
  try {
    const nothing = { entity: "", scope: "", event: { kind: 0, payload: new Uint8Array() } };
    return { gates: gates.evaluate(undefined, nothing).gates };
  } catch (error) {
    if (!(error instanceof DeniedError)) throw error;
    return denialsOut([error.denial]);
  }
}

// By the gates or past them; `again` commits the same permit a second time, and its status is the answer.
function commitPermit(session, step) {
  const { causeItem: _, ...draft } = draftOf(step);
  const { reason, justification, approved_by: approvedBy } = step;
  const permit = reason == null ? gatesOf(step).evaluate(undefined, draft) : batpak.bypass(draft, { reason, justification, approvedBy });
  const receipt = receiptOut(session.store.commit(permit));
  if (step.again) session.store.commit(permit);
  if (permit.audit === null) return receipt;
  const { audit } = permit;
  return { ...receipt, audit: { reason: audit.reason, justification: audit.justification, approved_by: audit.approvedBy } };
}

function appendDenial(session, step) {
  const { causeItem: _, ...draft } = draftOf({ ...step, payload: "" });
  const { pipeline, gate, proposed_hash: hash } = step;
  const receipt = session.store.appendDenial({
    denial: denialOf(step, { gate, position: numberOf(step, "position") }),
    gates: gatesOf(step),
    draft,
    contentHash: hash == null ? undefined : bytesOf(hash, 32),
    pipeline: pipeline ?? undefined,
  });
  const answer = receiptOut(receipt);
  return step.judge ? { ...answer, outcome: session.store.verifyDenial(receipt).outcome } : answer;
}

// Here a state is a name, and what is appended a value.
function applyTransition(session, step) {
  const { entity, scope, causeItem: _, event, ...options } = draftOf(step);
  const numbers = [...new Set([...step.transitions.flatMap(([from, to]) => [from, to]), step.from, step.to])];
  const machine = batpak.defineMachine({
    name: "",
    states: numbers.map(String),
    transitions: step.transitions.map(([from, to, kind]) => ({ from: String(from), to: String(to), event: kind })),
  });
  const value = event.payload === undefined ? event.value : batpak.payloadDecode(event.payload, { floats: "exact" });
  const kind = event.kind === 0 ? undefined : event.kind;
  return receiptOut(session.store.applyTransition(machine, String(step.from), String(step.to), entity, scope, value, { ...options, kind }));
}

export const operations = {
  evaluate_gates: evaluate,
};
export const ofAStore = {
  append_denial: appendDenial,
  commit_permit: commitPermit,
  apply_transition: applyTransition,
};
