// Instructions that submit, and that ask the tickets.
import { BadInstruction, numberOf, receiptOut } from "./wire.mjs";
import { draftOf } from "./writing.mjs";

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

// What these hand over goes on while the next one is read; everything else finds it settled.
export const submissions = {
  submit: (session, step) => session.keep(session.store.submit(draftOf(step))),
  submit_batch: (session, step) => session.keep(session.store.submitBatch(step.items.map(draftOf))),
};
export const operations = {
  ticket_wait: ticketWait,
  ticket_poll: (session, step) => ticketOf(session, step).done,
  ticket_free: ticketFree,
};
export const ofAStore = {
  pressure,
};
