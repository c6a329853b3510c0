//! Outcomes: bytes in, bytes out, with the reference's own combinators between.

use crate::bytes::{from_hex, to_hex};
use crate::instruction::Instruction;
use crate::status::{variant_name, Refusal};
use crate::value::Value;
use batpak::outcome::{join_all, join_any, zip, ErrorKind, Outcome, OutcomeError};
use serde::Serialize;
use serde_json::{json, Value as Json};

type Answer = Result<Json, Refusal>;

pub fn run(instruction: &Instruction) -> Option<Answer> {
    Some(match instruction.op.as_str() {
        "outcome_recode" => outcome_of(instruction, "bytes").and_then(|outcome| canonical(&outcome)),
        "outcome_zip" => zipped(instruction),
        "outcome_join" => joined(instruction),
        "outcome_steps" => stepped(instruction),
        "outcome_result" => result_of(instruction),
        _ => return None,
    })
}

fn decoded(hex: &str) -> Result<Outcome<Value>, Refusal> {
    batpak::encoding::from_bytes(&from_hex(hex)?).map_err(|_| Refusal::named("not_decodable"))
}

fn outcome_of(instruction: &Instruction, name: &str) -> Result<Outcome<Value>, Refusal> {
    decoded(instruction.text(name)?)
}

fn canonical(value: &impl Serialize) -> Answer {
    let bytes = batpak::encoding::to_bytes(value)
        .map_err(|error| Refusal::named(format!("encode_{}", variant_name(&error))))?;
    Ok(json!(to_hex(&bytes)))
}

fn zipped(instruction: &Instruction) -> Answer {
    canonical(&without_text(zip(
        outcome_of(instruction, "a")?,
        outcome_of(instruction, "b")?,
    )))
}

fn joined(instruction: &Instruction) -> Answer {
    let items = instruction
        .need("items")?
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| decoded(item.as_str().unwrap_or_default()))
        .collect::<Result<Vec<_>, _>>()?;
    if instruction.flag("all", false) {
        canonical(&without_text(join_all(items)))
    } else {
        canonical(&without_text(join_any(items)))
    }
}

/// The text that the library makes up where there is nothing to answer is for
/// people, and not compared.
fn without_text<T: Clone>(outcome: Outcome<T>) -> Outcome<T> {
    outcome.map_err(|error| match error.kind {
        ErrorKind::Internal => OutcomeError {
            message: String::new(),
            ..error
        },
        _ => error,
    })
}

/// `double`: each Ok becomes the Ok of two of it. `recover`: each Err becomes
/// the Ok of its message. `refuse`: each Ok becomes a cancellation.
fn stepped(instruction: &Instruction) -> Answer {
    let outcome = outcome_of(instruction, "bytes")?;
    canonical(&match instruction.text("step")? {
        "double" => outcome.and_then(|value| Outcome::Ok(Value::Array(vec![value.clone(), value]))),
        "recover" => outcome.or_else(|error: OutcomeError| Outcome::Ok(Value::Text(error.message))),
        "refuse" => outcome.and_then(|_| Outcome::Cancelled {
            reason: "refused".into(),
        }),
        other => return Err(Refusal::from(format!("unknown step {other}"))),
    })
}

fn result_of(instruction: &Instruction) -> Answer {
    match outcome_of(instruction, "bytes")?.into_result() {
        Ok(value) => Ok(json!({"ok": canonical(&value)?})),
        Err(error) => Ok(json!({
            "kind": to_hex(&batpak::encoding::to_bytes(&error.kind).map_err(|e| e.to_string())?),
            "retryable": error.kind.is_retryable(),
            "domain": error.kind.is_domain(),
            "operational": error.kind.is_operational(),
        })),
    }
}
