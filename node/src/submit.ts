import type { Draft } from "./draft.js";
import { NO_DRAFTS, withDrafts } from "./drafts.js";
import { translate, type RawOutcome, type TicketHandle } from "./native.js";
import { Ok, type Outcome } from "./outcome.js";
import { outcomeFrom } from "./outcomes.js";
import type { Receipt } from "./receipt.js";
import { Ticket } from "./ticket.js";

/** Where drafts are submitted. @internal */
export interface Submitting {
  readonly path: string;
  /** Called when the drafts are read, before the call. */
  ready(): void;
}

/** Submits drafts in one call; `isBatch` says whether they are a batch, or one draft. @internal */
export function submitBy<Answer>(to: Submitting, drafts: Iterable<Draft>, isBatch: boolean,
  call: (arena: Uint8Array, count: number, isBatch: boolean) => Answer): Answer {
  try {
    return withDrafts(drafts, { whole: true }, ([piece = NO_DRAFTS]) => {
      to.ready();
      return call(piece.bytes, piece.count, isBatch);
    });
  } catch (error) {
    throw translate(error, to.path);
  }
}

/** The ticket of one draft. @internal */
export function ticketOfOne(handle: TicketHandle, path: string): Ticket<Receipt> {
  return new Ticket(handle, path, ([receipt]) => receipt!);
}

/** The ticket of a batch. @internal */
export function ticketOfBatch(handle: TicketHandle, path: string): Ticket<Receipt[]> {
  return new Ticket(handle, path, (receipts) => receipts);
}

/** What became of a try: its ticket, or why there is none. @internal */
export function triedBy<Answer extends Receipt | Receipt[]>(to: Submitting, answer: TicketHandle | RawOutcome,
  ticket: (handle: TicketHandle, path: string) => Ticket<Answer>): Outcome<Ticket<Answer>> {
  return "type" in answer ? outcomeFrom(answer) as Outcome<never> : new Ok(ticket(answer, to.path));
}
