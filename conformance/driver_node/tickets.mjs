// Instructions that submit, to the store or behind its fence, and that ask the tickets.
import { BadInstruction, numberOf, receiptOut } from "./wire.mjs";
import { draftOf } from "./writing.mjs";

function tried(session, outcome) {
  return {
    outcome: outcome.type.toLowerCase(),
    ticket: outcome.type === "Ok" ? session.keep(outcome.value) : null,
    after_ms: outcome.afterMs ?? 0,
    attempt: outcome.attempt ?? 0,
    max_attempts: outcome.maxAttempts ?? 0,
  };
}

function ticketOf(session, step) {
  const ticket = session.tickets[step.ticket];
  if (ticket === undefined) throw new BadInstruction("bad_instruction");
  return ticket;
}

// The receipt, of a batch a list of them.
function ticketWait(session, step) {
  const said = ticketOf(session, step).wait(numberOf(step, "timeout_ms"));
  return Array.isArray(said) ? said.map(receiptOut) : receiptOut(said);
}

function ticketFree(session, step) {
  ticketOf(session, step);
  session.tickets[step.ticket] = undefined;
}

function pressure(session) {
  const { queued, capacity, threshold } = session.store.pressure();
  return { queued, capacity, threshold };
}

function fenceOf(session) {
  if (session.fence === undefined) throw new BadInstruction("no_fence");
  return session.fence;
}

function fenceBegin(session) {
  session.fence = session.store.fence();
}

// Let go of, neither committed nor cancelled; answered when that came to its end.
async function fenceDrop(session) {
  fenceOf(session);
  await session.forget("fence");
  session.awaitWritten();
}

// What these hand over goes on while the next one is read; everything else finds it settled.
export const submissionsOfAStore = {
  submit: (session, step) => session.keep(session.store.submit(draftOf(step))),
  submit_batch: (session, step) => session.keep(session.store.submitBatch(step.items.map(draftOf))),
  try_submit: (session, step) => tried(session, session.store.trySubmit(draftOf(step))),
  try_submit_batch: (session, step) => tried(session, session.store.trySubmitBatch(step.items.map(draftOf))),
};
export const submissions = {
  fence_submit: (session, step) => session.keep(fenceOf(session).submit(draftOf(step)), true),
  fence_submit_batch: (session, step) => session.keep(fenceOf(session).submitBatch(step.items.map(draftOf)), true),
};
export const operations = {
  ticket_wait: ticketWait,
  ticket_poll: (session, step) => ticketOf(session, step).done,
  ticket_free: ticketFree,
  fence_token: (session) => fenceOf(session).token,
  fence_commit: (session) => fenceOf(session).commit(),
  fence_cancel: (session) => fenceOf(session).cancel(),
  fence_drop: fenceDrop,
};
export const ofAStore = {
  pressure,
  fence_begin: fenceBegin,
};
