//! Gates, permits and denials.

use crate::event::{canonical_payload, Draft};
use crate::instruction::Instruction;
use crate::receipt;
use crate::status::{verification_name, Refusal};
use batpak::guard::{Denial, Gate, GateSet};
use batpak::pipeline::{BypassReason, CommitMetadata, Pipeline, Proposal};
use batpak::store::{Open, Store, StoreError};
use serde_json::{json, Value as Json};

type Answer = Result<Json, Refusal>;

/// A gate that answers what the instruction says.
struct Told {
    name: &'static str,
    denial: Option<Denial>,
}

impl Gate<()> for Told {
    fn name(&self) -> &'static str {
        self.name
    }
    fn evaluate(&self, _context: &()) -> Result<(), Denial> {
        self.denial.clone().map_or(Ok(()), Err)
    }
}

/// Gate names live as long as the process, which is as long as a vector.
fn lasting(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn list<'a>(instruction: &'a Instruction, name: &str) -> impl Iterator<Item = &'a Json> {
    instruction
        .get(name)
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
}

/// A denial by the gate of this name; pairs of the context come as an object or,
/// where their order counts, as a list of pairs.
fn denial_from(gate: &str, told: &Instruction) -> Result<Denial, Refusal> {
    let mut denial = Denial::new(lasting(gate), told.text("message")?).with_code(told.text("code")?);
    for (name, value) in told
        .get("context")
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
    {
        denial = denial.with_context(name.clone(), value.as_str().unwrap_or_default());
    }
    for pair in list(told, "context") {
        denial = denial.with_context(
            pair[0].as_str().unwrap_or_default(),
            pair[1].as_str().unwrap_or_default(),
        );
    }
    Ok(denial)
}

/// A gate is its name, which permits, or an object with `gate` and a denial.
fn gates_from(instruction: &Instruction) -> Result<GateSet<()>, Refusal> {
    let mut gates = GateSet::<()>::new();
    for gate in list(instruction, "gates") {
        let told = Instruction::of_object(gate);
        let name = gate.as_str().map_or_else(|| told.text("gate"), Ok)?;
        let denial = match gate.is_string() {
            true => None,
            false => Some(denial_from(name, &told)?),
        };
        gates.push(Told {
            name: lasting(name),
            denial,
        });
    }
    Ok(gates)
}

fn denial_json(denial: &Denial) -> Json {
    json!({
        "gate": denial.gate,
        "code": denial.code,
        "message": denial.message,
        "context": denial.context,
    })
}

pub fn evaluate(instruction: &Instruction) -> Answer {
    let gates = gates_from(instruction)?;
    if instruction.flag("all", false) {
        let denials = gates.evaluate_all(&());
        return Ok(json!({"denials": denials.iter().map(denial_json).collect::<Vec<_>>()}));
    }
    Ok(match gates.evaluate(&(), Proposal::new(())) {
        Ok(permit) => json!({"gates": permit.gates_passed()}),
        Err(denial) => json!({"denials": [denial_json(&denial)]}),
    })
}

pub fn append_denial(store: &Store<Open>, instruction: &Instruction) -> Answer {
    let gates = gates_from(instruction)?;
    let draft = Draft::from_instruction(instruction)?;
    let denial = denial_from(instruction.text("gate")?, instruction)?;
    let proposed_hash = match instruction.get("proposed_hash") {
        Some(_) => Some(crate::bytes::array_from_hex(instruction.text("proposed_hash")?)?),
        None => None,
    };
    let pipeline = instruction
        .get("pipeline")
        .and_then(Json::as_str)
        .map(str::to_owned);
    let receipt = store.append_denial(
        &draft.coordinate,
        draft.kind,
        &gates,
        &denial,
        proposed_hash,
        pipeline,
        draft.options,
    )?;
    let mut answer = receipt::denial_to_json(&receipt);
    if instruction.flag("judge", false) {
        answer["outcome"] = json!(verification_name(&store.verify_denial_receipt_detailed(&receipt)));
    }
    Ok(answer)
}

struct ToldReason {
    name: &'static str,
    justification: &'static str,
}

impl BypassReason for ToldReason {
    fn name(&self) -> &'static str {
        self.name
    }
    fn justification(&self) -> &'static str {
        self.justification
    }
}

/// Through the pipeline, by its gates or past them, into the store.
pub fn commit(store: &Store<Open>, instruction: &Instruction) -> Answer {
    let pipeline = Pipeline::new(gates_from(instruction)?);
    let draft = Draft::from_instruction(instruction)?;
    let payload = canonical_payload(instruction)?;
    let mut answer = Json::Null;
    let mut write = |payload: &crate::value::Value| -> Result<CommitMetadata, StoreError> {
        let receipt =
            store.append_with_options(&draft.coordinate, draft.kind, payload, draft.options.clone())?;
        answer = receipt::to_json(&receipt);
        CommitMetadata::from_append_receipt(&receipt)
    };
    if instruction.get("reason").is_none() {
        let permit = match pipeline.evaluate(&(), Proposal::new(payload)) {
            Ok(permit) => permit,
            Err(_) => return Err(Refusal::named("denied")),
        };
        pipeline.commit(permit, &mut write)?;
        return Ok(answer);
    }
    let reason: &'static ToldReason = Box::leak(Box::new(ToldReason {
        name: lasting(instruction.text("reason")?),
        justification: lasting(instruction.text("justification")?),
    }));
    let mut permit = Pipeline::<()>::bypass(Proposal::new(payload), reason);
    if instruction.get("approved_by").is_some() {
        permit = permit.with_approved_by(instruction.text("approved_by")?);
    }
    let committed = Pipeline::<()>::commit_bypass(permit, &mut write)?;
    let audit = committed.bypass_audit().cloned();
    answer["audit"] = audit.map_or(Json::Null, |audit| {
        json!({"reason": audit.reason, "justification": audit.justification, "approved_by": audit.approved_by})
    });
    Ok(answer)
}
