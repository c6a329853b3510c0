/* What must not compile: each line below a directive is an error, and the compiler says so where one is not. */

import { bypass, Cancelled, defineEvent, Err, ErrorKind, Ok, Outcome, OutcomeError, Pending, WaitForTime, defineMachine, Denial, Gates, open, openAsync, payloadDecode, type BatpakError, type Permit } from "batpak";

const Moved = defineEvent<{ x: number; y: number }>({ category: 0xf, typeId: 1, fields: ["x", "y"] });
const store = open("game");
const event = { kind: 0xf001, value: 1 };

// @ts-expect-error a member is missing
Moved({ x: 1 });
// @ts-expect-error a member is of another type
Moved({ x: 1, y: "2" });
// @ts-expect-error a member too much
Moved({ x: 1, y: 2, z: 3 });
// @ts-expect-error a field that the type has not
defineEvent<{ x: number }>({ category: 0xf, typeId: 2, fields: ["y"] });
// @ts-expect-error a number member is no bigint
defineEvent<{ x: number }>({ category: 0xf, typeId: 2, fields: ["x"], bigints: ["x"] });
// @ts-expect-error a type id is wanted
defineEvent<{ x: number }>({ category: 0xf });
// @ts-expect-error a kind is wanted
store.append("a", "s", { value: 1 });
// @ts-expect-error a value or a payload is wanted
store.append("a", "s", { kind: 0xf001 });
// @ts-expect-error a payload is bytes
store.append("a", "s", { kind: 0xf001, payload: "text" });
// @ts-expect-error an event is wanted
store.append("a", "s");
// @ts-expect-error a text is wanted
store.append(1, "s", event);
// @ts-expect-error an option that there is not
store.append("a", "s", event, { colour: "red" });
// @ts-expect-error a key is bytes
store.append("a", "s", event, { key: "00" });
// @ts-expect-error a word that there is not
store.append("a", "s", event, { durability: "maybe" });
// @ts-expect-error values of extensions are bytes
store.append("a", "s", event, { extensions: { "a.b": "text" } });
// @ts-expect-error what is appended alone has no items before it
store.append("a", "s", event, { causeItem: 0 });
// @ts-expect-error an index is a number
store.appendBatch([{ entity: "a", scope: "s", event, causeItem: "0" }]);
// @ts-expect-error an option that there is not
store.batch({ correlation: new Uint8Array(16) });
// @ts-expect-error a batch is flushed
store.batch().append("a", "s", event).eventId;
// @ts-expect-error a watermark that cannot be waited for
store.wait("written", 5n);
// @ts-expect-error a gate that there is not
store.append("a", "s", event, { gate: "written" });
// @ts-expect-error a mode that there is not
open("game", { mode: "w" });
// @ts-expect-error a clock is a BigInt64Array
open("game", { clock: () => 5n });
// @ts-expect-error an option that there is not
open("game", { modes: "create" });
// @ts-expect-error the promise is not the store
openAsync("game").append("a", "s", event);
// @ts-expect-error a sequence is no text
store.page({ after: "5" });
// @ts-expect-error a condition that there is not
store.page({ colour: "red" });
// @ts-expect-error a payload that was not typed is bytes
store.page().at(0)?.payload.x;
// @ts-expect-error a typed payload has no such member
for (const one of store.events({ type: Moved })) console.log(one.payload.z);
// @ts-expect-error a place may be beyond the end
store.page().at(0).sequence;
// @ts-expect-error an id is bytes
store.get("00");
// @ts-expect-error the state keeps its type
store.fold(0, (state) => `${state}`);
// @ts-expect-error what a receipt says is not to be changed
store.append("a", "s", event).sequence = 5n;
// @ts-expect-error a sequence does not mix with numbers
store.append("a", "s", event).sequence + 1;
// @ts-expect-error trust is a list of keys
store.verify({ trust: new Uint8Array(32) });
// @ts-expect-error a receipt is wanted
store.verifyReceipt({});
// @ts-expect-error what was decoded must be looked at first
payloadDecode(new Uint8Array(1)).x;
// @ts-expect-error there is no such code
export const wrong = (error: BatpakError): boolean => error.code === "BP_LOCKD";

const gates = new Gates([{ name: "limit", evaluate: ({ amount }: { amount: number }) => amount > 5 ? new Denial({ code: "C", message: "m" }) : undefined }]);
const proposed = { entity: "a", scope: "s", event };
declare const permit: Permit;
// @ts-expect-error the gates want another context
gates.evaluate({ sum: 5 }, proposed);
// @ts-expect-error a draft is wanted
gates.evaluate({ amount: 5 });
// @ts-expect-error a gate answers nothing or a denial
new Gates([{ name: "a", evaluate: () => true }]);
// @ts-expect-error a promise is no answer
new Gates([{ name: "a", evaluate: async () => undefined }]);
// @ts-expect-error a gate has a name
new Gates([{ evaluate: () => undefined }]);
// @ts-expect-error a denial has a message
new Denial({ code: "C" });
// @ts-expect-error what is denied has no permit
store.commit(gates.evaluateAll({ amount: 5 }));
// @ts-expect-error a draft is no permit
store.commit(proposed);
// @ts-expect-error a permit is not made by hand
store.commit({ gates: [], entity: "a", scope: "s", kind: permit.kind, payload: new Uint8Array(), audit: null });
// @ts-expect-error what is permitted stays what it is
permit.entity = "b";
// @ts-expect-error who goes past the gates says why
bypass(proposed, { reason: "R" });
// @ts-expect-error a denial belongs to a set of gates
store.appendDenial({ denial: new Denial({ code: "C", message: "m" }), draft: proposed });

const Sent = defineEvent<{ to: string }>({ category: 0xf, typeId: 5, fields: ["to"] });
const Paid = defineEvent<bigint>({ category: 0xf, typeId: 6 });
const invoice = defineMachine({ name: "invoice", states: ["draft", "sent", "paid"],
  transitions: [{ from: "draft", to: "sent", event: Sent }, { from: "sent", to: "paid", event: Paid }] });
// @ts-expect-error there is no such step
store.applyTransition(invoice, "draft", "paid", "invoice:7", "books", 5n);
// @ts-expect-error steps have a direction
store.applyTransition(invoice, "sent", "draft", "invoice:7", "books", { to: "alice" });
// @ts-expect-error no step leads from the last state
store.applyTransition(invoice, "paid", "sent", "invoice:7", "books", 5n);
// @ts-expect-error a state that there is not
store.applyTransition(invoice, "lost", "sent", "invoice:7", "books", 5n);
// @ts-expect-error any text is no state
store.applyTransition(invoice, String("draft"), "sent", "invoice:7", "books", { to: "alice" });
// @ts-expect-error the payload is that of another step
store.applyTransition(invoice, "draft", "sent", "invoice:7", "books", 5n);
// @ts-expect-error a payload is wanted
store.applyTransition(invoice, "draft", "sent", "invoice:7", "books");
// @ts-expect-error a step to a state that there is not
defineMachine({ name: "m", states: ["a", "b"], transitions: [{ from: "a", to: "c", event: Sent }] });
// @ts-expect-error a step has an event
defineMachine({ name: "m", states: ["a", "b"], transitions: [{ from: "a", to: "b" }] });

declare const attempt: Outcome<number>;
// @ts-expect-error which of the six it is must be asked first
attempt.value;
if (attempt.type === "Ok") {
  // @ts-expect-error an Ok has no error
  attempt.error;
}
// @ts-expect-error a word that none of the six has
if (attempt.type === "Maybe") attempt.map(String);
// @ts-expect-error a step that answers no outcome
attempt.andThen((value) => value + 1);
// @ts-expect-error a step for another type
attempt.map((value: string) => value);
// @ts-expect-error nothing can be changed
attempt.type = "Ok";
// @ts-expect-error there is nothing within to come out
attempt.flatten();
// @ts-expect-error an outcome of another type
const other: Outcome<string> = attempt;
// @ts-expect-error an Err holds an OutcomeError
new Err(new Error("no"));
// @ts-expect-error a kind is an ErrorKind
new OutcomeError("Conflict", "no");
// @ts-expect-error a token is bytes
new Pending(new WaitForTime(5n), "token");
// @ts-expect-error a reason is wanted
new Cancelled();
// @ts-expect-error outcomes are wanted
Outcome.joinAll([1, 2]);
// @ts-expect-error a ticket is no receipt
const receipt: Outcome<{ sequence: bigint }> = store.trySubmit({ entity: "a", scope: "s", event });
// @ts-expect-error an outcome is one of the six
const seventh: Outcome<number> = { type: "Ok", value: 1 };
// @ts-expect-error a fence takes drafts
store.fence().submit("a", "s", event);
export const unused = [other, receipt, seventh, new Ok(1), ErrorKind.TIMEOUT];
