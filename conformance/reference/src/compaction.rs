//! Compaction by the reference, with a way to die in the middle of it.

use crate::instruction::Instruction;
use crate::status::{variant_name, Refusal};
use batpak::store::{CompactionConfig, CompactionStrategy, Open, RetentionPredicate, Store};
use serde_json::{json, Value as Json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

pub fn run(store: &Store<Open>, instruction: &Instruction) -> Result<Json, Refusal> {
    let config = CompactionConfig {
        strategy: strategy_from(instruction)?,
        min_segments: instruction.integer_as("min_segments")?.unwrap_or(2),
    };
    let (result, _report) = store.compact(&config)?;
    Ok(json!({"outcome": variant_name(&result.outcome), "segments_removed": result.segments_removed}))
}

fn strategy_from(instruction: &Instruction) -> Result<CompactionStrategy, Refusal> {
    match instruction.text("strategy")? {
        "merge" => Ok(CompactionStrategy::Merge),
        "retention" => Ok(CompactionStrategy::Retention(predicate_from(instruction)?)),
        "tombstone" => Ok(CompactionStrategy::Tombstone(predicate_from(instruction)?)),
        other => Err(Refusal::from(format!("unknown strategy {other}"))),
    }
}

/// Drops the kinds listed in `drop_kinds`. With `abort_after` the process is
/// killed when that many events have been judged: the marker is written by then
/// and the merged file is half full.
fn predicate_from(instruction: &Instruction) -> Result<RetentionPredicate, Refusal> {
    let dropped: BTreeSet<u64> = instruction
        .get("drop_kinds")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_u64)
        .collect();
    let abort_after: Option<usize> = instruction.integer_as("abort_after")?;
    let judged = AtomicUsize::new(0);
    Ok(Box::new(move |stored| {
        if Some(judged.fetch_add(1, Ordering::SeqCst)) == abort_after {
            crate::session::kill_this_process();
        }
        !dropped.contains(&u64::from(stored.event.header.event_kind.as_raw_u16()))
    }))
}
