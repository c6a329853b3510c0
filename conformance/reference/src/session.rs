//! The machine: one store at a time, one instruction after the other.

use crate::config::{self, ProgramClock};
use crate::event::{batch_items, canonical_payload, Draft};
use crate::instruction::Instruction;
use crate::status::Refusal;
use crate::ticket::{self, Tickets};
use crate::{checks, compaction, dump, fence, frontier, guard, receipt};
use batpak::store::{Open, ReadOnly, Store};
use rustix::process::{getpid, kill_process, Signal};
use serde_json::{json, Value as Json};
use std::io::{self, Write};
use std::panic::{catch_unwind, AssertUnwindSafe};

pub type Answer = Result<Json, Refusal>;

/// Where instructions come from and answers go to.
pub trait Lines {
    fn next(&mut self) -> Result<Option<Instruction>, String>;
    fn answer(&mut self, instruction: &Instruction, answer: Answer) -> Result<(), String>;
}

enum Handle {
    None,
    Mutable(Box<Store<Open>>),
    ReadOnly(Box<Store<ReadOnly>>),
}

pub struct Session<I, O> {
    wire: Wire<I, O>,
    handle: Handle,
    clock: ProgramClock,
    tickets: Tickets,
}

impl<I: Iterator<Item = io::Result<String>>, O: Write> Session<I, O> {
    pub fn new(input: I, output: O) -> Self {
        Session {
            wire: Wire { input, output },
            handle: Handle::None,
            clock: ProgramClock::new(),
            tickets: Tickets::default(),
        }
    }

    pub fn run(&mut self) -> Result<(), String> {
        while let Some(instruction) = self.wire.next()? {
            self.step(instruction)?;
        }
        Ok(())
    }

    fn step(&mut self, instruction: Instruction) -> Result<(), String> {
        if instruction.op == "fence_begin" {
            if let Handle::Mutable(store) = &self.handle {
                let left_over = fence::run(store, &self.clock, &mut self.tickets, &instruction, &mut self.wire)?;
                return left_over.map_or(Ok(()), |next| self.step(next));
            }
        }
        let answer = catch_unwind(AssertUnwindSafe(|| self.execute(&instruction)))
            .unwrap_or_else(|_| Err(Refusal::named("panicked")));
        self.wire.answer(&instruction, answer)
    }

    fn execute(&mut self, instruction: &Instruction) -> Answer {
        match instruction.op.as_str() {
            "clock" => set_clock(&self.clock, instruction),
            "ticket_wait" => self.tickets.wait(instruction),
            "fence_submit" | "fence_submit_batch" | "fence_commit" | "fence_cancel" | "fence_drop" => {
                Err(Refusal::named("no_fence"))
            }
            "open" => self.open(instruction),
            "close" => self.close(),
            "drop" => {
                self.handle = Handle::None;
                Ok(Json::Null)
            }
            _ => {
                if let Some(answer) = checks::run(instruction) {
                    return answer;
                }
                let answer = match &self.handle {
                    Handle::None => return Err(Refusal::named("no_store")),
                    Handle::Mutable(store) => ticket::run(store, &mut self.tickets, instruction)
                        .or_else(|| store_instruction(store, instruction)),
                    Handle::ReadOnly(store) => read_instruction(store, instruction),
                };
                answer.unwrap_or_else(|| Err(Refusal::named("unsupported")))
            }
        }
    }

    fn open(&mut self, instruction: &Instruction) -> Answer {
        self.handle = Handle::None;
        let config = config::from_instruction(instruction, &self.clock)?;
        self.handle = if instruction.flag("read_only", false) {
            Handle::ReadOnly(Box::new(Store::<ReadOnly>::open_read_only(config)?))
        } else {
            Handle::Mutable(Box::new(Store::<Open>::open(config)?))
        };
        Ok(Json::Null)
    }

    fn close(&mut self) -> Answer {
        match std::mem::replace(&mut self.handle, Handle::None) {
            Handle::Mutable(store) => store.close().map(|_| Json::Null).map_err(Refusal::from),
            Handle::ReadOnly(_) => Ok(Json::Null),
            Handle::None => Err(Refusal::named("no_store")),
        }
    }
}

pub fn set_clock(clock: &ProgramClock, instruction: &Instruction) -> Answer {
    clock.set(instruction.integer_as("us")?.ok_or_else(|| "no us".to_string())?);
    Ok(Json::Null)
}

/// Everything that a mutable store can do while it stays open.
pub fn store_instruction(store: &Store<Open>, instruction: &Instruction) -> Option<Answer> {
    Some(match instruction.op.as_str() {
        "append" => append(store, instruction),
        "append_many" => append_many(store, instruction),
        "append_denial" => guard::append_denial(store, instruction),
        "commit_permit" => guard::commit(store, instruction),
        "batch" => batch(store, instruction),
        "frontier" => Ok(frontier::view(store)),
        "wait" => frontier::wait(store, instruction),
        "sync" => store.sync().map(|()| Json::Null).map_err(Refusal::from),
        "compact" => compaction::run(store, instruction),
        "snapshot" => snapshot(store, instruction),
        "abort" => kill_this_process(),
        _ => return read_instruction(store, instruction),
    })
}

fn read_instruction<State>(store: &Store<State>, instruction: &Instruction) -> Option<Answer> {
    Some(match instruction.op.as_str() {
        "dump" => Ok(dump::dump(store)),
        "page" => dump::page(store, instruction),
        "get" => dump::get(store, instruction),
        "walk" => dump::walk(store, instruction),
        "verify_receipt" => receipt::verify(store, instruction),
        _ => return None,
    })
}

fn append(store: &Store<Open>, instruction: &Instruction) -> Answer {
    let draft = Draft::from_instruction(instruction)?;
    let payload = canonical_payload(instruction)?;
    let options = match frontier::gate_from(instruction)? {
        Some(gate) => draft.options.with_gate(gate),
        None => draft.options,
    };
    let receipt = store.append_with_options(&draft.coordinate, draft.kind, &payload, options)?;
    Ok(receipt::to_json(&receipt))
}

/// Independent events in one instruction: the accepted prefix, and why it ended.
/// The reference has no such call; here it is one append after the other.
fn append_many(store: &Store<Open>, instruction: &Instruction) -> Answer {
    let drafts = instruction
        .need("items")?
        .as_array()
        .ok_or_else(|| "items is no list".to_string())?;
    let mut accepted = Vec::new();
    for draft in drafts {
        match append(store, &Instruction::of_object(draft)) {
            Ok(receipt) => accepted.push(receipt),
            Err(refusal) => return Ok(json!({"accepted": accepted, "status": refusal.status})),
        }
    }
    Ok(json!({"accepted": accepted, "status": "ok"}))
}

fn batch(store: &Store<Open>, instruction: &Instruction) -> Answer {
    let receipts = store.append_batch(batch_items(instruction)?)?;
    Ok(receipts.iter().map(receipt::to_json).collect())
}

fn snapshot(store: &Store<Open>, instruction: &Instruction) -> Answer {
    store.snapshot_with_evidence(instruction.text("to")?.as_ref())?;
    Ok(Json::Null)
}

/// The end that no destructor sees. Answers already given were flushed.
pub fn kill_this_process() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    loop {
        std::thread::park();
    }
}

struct Wire<I, O> {
    input: I,
    output: O,
}

impl<I: Iterator<Item = io::Result<String>>, O: Write> Lines for Wire<I, O> {
    fn next(&mut self) -> Result<Option<Instruction>, String> {
        for line in self.input.by_ref() {
            let line = line.map_err(|e| e.to_string())?;
            if !line.trim().is_empty() && !is_header(&line) {
                return Instruction::parse(&line).map(Some);
            }
        }
        Ok(None)
    }

    fn answer(&mut self, instruction: &Instruction, answer: Answer) -> Result<(), String> {
        let mut line = json!({"id": instruction.id});
        match answer {
            Ok(value) => {
                line["status"] = json!("ok");
                line["value"] = value;
            }
            Err(refusal) => {
                line["status"] = json!(refusal.status);
                if let Some(detail) = refusal.detail {
                    line["detail"] = detail;
                }
            }
        }
        writeln!(self.output, "{line}")
            .and_then(|()| self.output.flush())
            .map_err(|e| e.to_string())
    }
}

fn is_header(line: &str) -> bool {
    line.trim_start().starts_with("{\"suite\"")
}
