//! Submissions and their tickets, by number.
//!
//! A ticket of the reference answers once; its answer is kept here, so that a
//! program may ask again. What is submitted to the store is waited for at once:
//! nothing that a program can see depends on it, and the clock is not set
//! before it was read.

use crate::event::{batch_items, canonical_payload, cause_from, Draft};
use crate::instruction::Instruction;
use crate::receipt;
use crate::session::Answer;
use crate::status::Refusal;
use batpak::outcome::Outcome;
use batpak::store::{AppendReceipt, AppendTicket, BatchAppendTicket, Open, Store, StoreError};
use serde_json::{json, Value as Json};

pub enum Ticket {
    Single(AppendTicket),
    Batch(BatchAppendTicket),
}

impl Ticket {
    fn wait(self) -> Answer {
        match self {
            Ticket::Single(ticket) => one(ticket.wait()),
            Ticket::Batch(ticket) => all(ticket.wait()),
        }
    }

    fn look(&self) -> Option<Answer> {
        match self {
            Ticket::Single(ticket) => ticket.try_check().map(one),
            Ticket::Batch(ticket) => ticket.try_check().map(all),
        }
    }
}

fn one(said: Result<AppendReceipt, StoreError>) -> Answer {
    Ok(receipt::to_json(&said?))
}

fn all(said: Result<Vec<AppendReceipt>, StoreError>) -> Answer {
    Ok(said?.iter().map(receipt::to_json).collect())
}

enum Held {
    Open(Ticket),
    Decided(Answer),
}

#[derive(Default)]
pub struct Tickets(Vec<Held>);

impl Tickets {
    /// Of a fence: it is decided when that ends.
    pub fn keep_open(&mut self, ticket: Ticket) -> Json {
        self.keep(Held::Open(ticket))
    }

    fn keep(&mut self, held: Held) -> Json {
        self.0.push(held);
        json!(self.0.len() - 1)
    }

    fn keep_decided(&mut self, ticket: Ticket) -> Json {
        self.keep(Held::Decided(ticket.wait()))
    }

    /// With a `timeout_ms`, which is 0 then, it only looks.
    pub fn wait(&mut self, instruction: &Instruction) -> Answer {
        let number: Option<usize> = instruction.integer_as("ticket")?;
        let held = number
            .and_then(|number| self.0.get_mut(number))
            .ok_or_else(|| Refusal::named("bad_instruction"))?;
        let only_looks = instruction.get("timeout_ms").is_some();
        let undecided = || Err(Refusal::named("wait_timeout"));
        let answer = match std::mem::replace(held, Held::Decided(undecided())) {
            Held::Decided(answer) => answer,
            Held::Open(ticket) if only_looks => match ticket.look() {
                Some(answer) => answer,
                None => {
                    *held = Held::Open(ticket);
                    return undecided();
                }
            },
            Held::Open(ticket) => ticket.wait(),
        };
        *held = Held::Decided(answer.clone());
        answer
    }

    fn tried(&mut self, outcome: Outcome<Ticket>) -> Answer {
        let (word, ticket, after_ms, attempt, max_attempts) = match outcome {
            Outcome::Ok(ticket) => ("ok", self.keep_decided(ticket), 0, 0, 0),
            Outcome::Retry {
                after_ms,
                attempt,
                max_attempts,
                ..
            } => ("retry", Json::Null, after_ms, attempt, max_attempts),
            Outcome::Cancelled { .. } => ("cancelled", Json::Null, 0, 0, 0),
            _ => return Err(Refusal::named("unsupported")),
        };
        Ok(json!({
            "outcome": word,
            "ticket": ticket,
            "after_ms": after_ms,
            "attempt": attempt,
            "max_attempts": max_attempts,
        }))
    }
}

pub fn run(store: &Store<Open>, tickets: &mut Tickets, instruction: &Instruction) -> Option<Answer> {
    Some(match instruction.op.as_str() {
        "submit" => submit(store, instruction).map(|ticket| tickets.keep_decided(ticket)),
        "submit_batch" => submit_batch(store, instruction).map(|ticket| tickets.keep_decided(ticket)),
        "try_submit" => try_submit(store, instruction).and_then(|outcome| tickets.tried(outcome)),
        "try_submit_batch" => try_submit_batch(store, instruction).and_then(|outcome| tickets.tried(outcome)),
        _ => return None,
    })
}

/// A submission takes no options but correlation and causation.
fn submit(store: &Store<Open>, instruction: &Instruction) -> Result<Ticket, Refusal> {
    let draft = Draft::from_instruction(instruction)?;
    let payload = canonical_payload(instruction)?;
    let ticket = match cause_from(instruction)? {
        Some((correlation, causation)) => {
            store.submit_reaction(&draft.coordinate, draft.kind, &payload, correlation, causation)?
        }
        None => store.submit(&draft.coordinate, draft.kind, &payload)?,
    };
    Ok(Ticket::Single(ticket))
}

fn submit_batch(store: &Store<Open>, instruction: &Instruction) -> Result<Ticket, Refusal> {
    Ok(Ticket::Batch(store.submit_batch(batch_items(instruction)?)?))
}

fn try_submit(store: &Store<Open>, instruction: &Instruction) -> Result<Outcome<Ticket>, Refusal> {
    let draft = Draft::from_instruction(instruction)?;
    let payload = canonical_payload(instruction)?;
    Ok(store
        .try_submit(&draft.coordinate, draft.kind, &payload)?
        .map(Ticket::Single))
}

fn try_submit_batch(store: &Store<Open>, instruction: &Instruction) -> Result<Outcome<Ticket>, Refusal> {
    Ok(store.try_submit_batch(batch_items(instruction)?)?.map(Ticket::Batch))
}
