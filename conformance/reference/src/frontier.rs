//! How far a store has come, and waiting for it.

use crate::instruction::Instruction;
use crate::session::Answer;
use crate::status::Refusal;
use batpak::store::{DurabilityGate, HlcPoint, Open, Store, WatermarkKind};
use serde_json::{json, Value as Json};
use std::time::Duration;

/// The six points of one moment. The age of what is pending is no two runs' alike: only that there is one is said.
pub fn view(store: &Store<Open>) -> Json {
    let frontier = store.frontier();
    json!({
        "accepted": point_json(frontier.accepted_hlc),
        "written": point_json(frontier.written_hlc),
        "durable": point_json(frontier.durable_hlc),
        "visible": point_json(frontier.visible_hlc),
        "emitted": point_json(frontier.emitted_hlc),
        "applied": point_json(frontier.applied_hlc),
        "visible_minus_durable": frontier.visible_minus_durable_seq,
        "pending": frontier.oldest_pending_write_age_ms.is_some(),
    })
}

fn point_json(point: HlcPoint) -> Json {
    json!({"wall_ms": point.wall_ms, "sequence": point.global_sequence})
}

pub fn wait(store: &Store<Open>, instruction: &Instruction) -> Answer {
    let point = HlcPoint {
        wall_ms: instruction.integer_as("wall_ms")?.unwrap_or(0),
        global_sequence: instruction.integer_as("sequence")?.unwrap_or(0),
    };
    let timeout = timeout(instruction, "timeout_ms")?;
    match watermark(instruction.text("watermark")?)? {
        WatermarkKind::Durable => store.wait_for_durable(point, timeout)?,
        WatermarkKind::Applied => store.wait_for_applied(point, timeout)?,
        _ => store.wait_for_visible(point, timeout)?,
    }
    Ok(Json::Null)
}

pub fn gate_from(instruction: &Instruction) -> Result<Option<DurabilityGate>, Refusal> {
    let Some(name) = instruction.get("gate").and_then(Json::as_str) else {
        return Ok(None);
    };
    Ok(Some(DurabilityGate {
        kind: watermark(name)?,
        timeout: timeout(instruction, "gate_timeout_ms")?,
    }))
}

fn watermark(name: &str) -> Result<WatermarkKind, String> {
    match name {
        "durable" => Ok(WatermarkKind::Durable),
        "applied" => Ok(WatermarkKind::Applied),
        "visible" => Ok(WatermarkKind::Visible),
        _ => Err(format!("{name} cannot be waited for")),
    }
}

fn timeout(instruction: &Instruction, name: &str) -> Result<Duration, String> {
    Ok(Duration::from_millis(instruction.integer_as(name)?.unwrap_or(0)))
}
