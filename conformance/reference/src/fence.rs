//! Instructions inside a visibility fence.
//!
//! A fence borrows its store, so the instructions between its begin and its end
//! are run by a loop of their own. It hands back the first instruction that it
//! does not own, a `close` for example, after the fence has been dropped.

use crate::checks;
use crate::config::ProgramClock;
use crate::event::{batch_items, canonical_payload, cause_from, Draft};
use crate::instruction::Instruction;
use crate::session::{set_clock, store_instruction, Answer, Lines};
use crate::status::Refusal;
use crate::ticket::{self, Ticket, Tickets};
use batpak::store::{Open, Store, VisibilityFence};
use serde_json::Value as Json;

struct Fenced<'a> {
    store: &'a Store<Open>,
    fence: VisibilityFence<'a>,
    clock: &'a ProgramClock,
    tickets: &'a mut Tickets,
    unsettled: bool,
}

pub fn run(
    store: &Store<Open>,
    clock: &ProgramClock,
    tickets: &mut Tickets,
    begin: &Instruction,
    lines: &mut dyn Lines,
) -> Result<Option<Instruction>, String> {
    let fence = match store.begin_visibility_fence() {
        Ok(fence) => fence,
        Err(error) => {
            lines.answer(begin, Err(error.into()))?;
            return Ok(None);
        }
    };
    lines.answer(begin, Ok(Json::Null))?;
    let mut fenced = Fenced {
        store,
        fence,
        clock,
        tickets,
        unsettled: false,
    };
    while let Some(instruction) = lines.next()? {
        match instruction.op.as_str() {
            "fence_submit" => lines.answer(&instruction, fenced.submit(&instruction))?,
            "fence_submit_batch" => lines.answer(&instruction, fenced.submit_batch(&instruction))?,
            "fence_commit" | "fence_cancel" | "fence_drop" => {
                lines.answer(&instruction, fenced.end(&instruction.op))?;
                return Ok(None);
            }
            "open" | "close" | "drop" => {
                // What fails here is not what was asked.
                let _ = fenced.end("fence_drop");
                return Ok(Some(instruction));
            }
            _ => lines.answer(&instruction, fenced.run(&instruction))?,
        }
    }
    Ok(None)
}

impl Fenced<'_> {
    /// A fenced single append takes no options but correlation and causation.
    fn submit(&mut self, instruction: &Instruction) -> Answer {
        let draft = Draft::from_instruction(instruction)?;
        let payload = canonical_payload(instruction)?;
        let ticket = match cause_from(instruction)? {
            Some((correlation, causation)) => {
                self.fence
                    .submit_reaction(&draft.coordinate, draft.kind, &payload, correlation, causation)?
            }
            None => self.fence.submit(&draft.coordinate, draft.kind, &payload)?,
        };
        Ok(self.keep(Ticket::Single(ticket)))
    }

    fn submit_batch(&mut self, instruction: &Instruction) -> Answer {
        let ticket = self.fence.submit_batch(batch_items(instruction)?)?;
        Ok(self.keep(Ticket::Batch(ticket)))
    }

    fn keep(&mut self, ticket: Ticket) -> Json {
        self.unsettled = true;
        self.tickets.keep_open(ticket)
    }

    /// What was submitted is written, with the time that the clock showed until now.
    fn settle(&mut self) {
        if std::mem::take(&mut self.unsettled) {
            let _ = self.store.sync();
        }
    }

    /// What works on a store works inside its fence, or is refused by it.
    fn run(&mut self, instruction: &Instruction) -> Answer {
        self.settle();
        match instruction.op.as_str() {
            "clock" => return set_clock(self.clock, instruction),
            "ticket_wait" => return self.tickets.wait(instruction),
            "fence_begin" => {
                self.store.begin_visibility_fence()?;
                return Err(Refusal::named("two_fences"));
            }
            _ => {}
        }
        ticket::run(self.store, self.tickets, instruction)
            .or_else(|| checks::run(instruction))
            .or_else(|| store_instruction(self.store, instruction))
            .unwrap_or_else(|| Err(Refusal::named("unsupported")))
    }

    /// A drop sends its word and does not wait for it; what is asked next must find it done.
    fn end(mut self, how: &str) -> Answer {
        self.settle();
        match how {
            "fence_commit" => self.fence.commit()?,
            "fence_cancel" => self.fence.cancel()?,
            _ => {
                drop(self.fence);
                self.store.sync()?;
            }
        }
        Ok(Json::Null)
    }
}
