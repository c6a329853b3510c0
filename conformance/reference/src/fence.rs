//! Instructions inside a visibility fence.
//!
//! A fence borrows its store, so the instructions between its begin and its end
//! are run by a loop of their own. It hands back the first instruction that it
//! does not own, a `close` for example, after the fence has been dropped.

use crate::event::{batch_items, canonical_payload, Draft};
use crate::instruction::Instruction;
use crate::session::{store_instruction, Answer, Lines};
use crate::status::Refusal;
use batpak::store::{AppendTicket, BatchAppendTicket, Open, Store, VisibilityFence};
use serde_json::{json, Value as Json};

enum Ticket {
    Single(AppendTicket),
    Batch(BatchAppendTicket),
}

struct Fenced<'a> {
    fence: VisibilityFence<'a>,
    tickets: Vec<Ticket>,
}

pub fn run(
    store: &Store<Open>,
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
        fence,
        tickets: Vec::new(),
    };
    while let Some(instruction) = lines.next()? {
        match instruction.op.as_str() {
            "fence_submit" => lines.answer(&instruction, fenced.submit(&instruction))?,
            "fence_submit_batch" => lines.answer(&instruction, fenced.submit_batch(&instruction))?,
            "fence_commit" | "fence_cancel" => {
                let answer = fenced.finish(instruction.op == "fence_commit");
                lines.answer(&instruction, answer)?;
                return Ok(None);
            }
            _ => match store_instruction(store, &instruction) {
                Some(answer) => lines.answer(&instruction, answer)?,
                None => return Ok(Some(instruction)),
            },
        }
    }
    Ok(None)
}

impl Fenced<'_> {
    /// A fenced single append takes no options but correlation and causation.
    fn submit(&mut self, instruction: &Instruction) -> Answer {
        let draft = Draft::from_instruction(instruction)?;
        let payload = canonical_payload(instruction)?;
        let ticket = match (draft.options.correlation_id, draft.options.causation_id) {
            (Some(correlation), Some(causation)) => {
                self.fence
                    .submit_reaction(&draft.coordinate, draft.kind, &payload, correlation, causation)?
            }
            _ => self.fence.submit(&draft.coordinate, draft.kind, &payload)?,
        };
        self.tickets.push(Ticket::Single(ticket));
        Ok(Json::Null)
    }

    fn submit_batch(&mut self, instruction: &Instruction) -> Answer {
        self.tickets
            .push(Ticket::Batch(self.fence.submit_batch(batch_items(instruction)?)?));
        Ok(Json::Null)
    }

    /// Answers what each ticket said, in the order of submission.
    fn finish(self, publish: bool) -> Answer {
        if publish {
            self.fence.commit()?;
        } else {
            self.fence.cancel()?;
        }
        Ok(self.tickets.into_iter().map(ticket_json).collect())
    }
}

fn ticket_json(ticket: Ticket) -> Json {
    let answer = match ticket {
        Ticket::Single(ticket) => ticket
            .wait()
            .map(|receipt| json!(crate::receipt::to_json(&receipt))),
        Ticket::Batch(ticket) => ticket
            .wait()
            .map(|all| all.iter().map(crate::receipt::to_json).collect()),
    };
    answer.unwrap_or_else(|error| json!(Refusal::from(error).status))
}
