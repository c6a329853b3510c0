//! Configuration of a store, and the clock that the program holds.

use crate::bytes::array_from_hex;
use crate::instruction::Instruction;
use batpak::store::{SigningKey, StoreConfig, SyncMode};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;

/// Microseconds since the epoch, set by the instruction `clock` and read by
/// every store. It stands still in between: how often an implementation looks
/// at its clock must not show in the results.
#[derive(Clone)]
pub struct ProgramClock(Arc<AtomicI64>);

impl ProgramClock {
    pub fn new() -> Self {
        ProgramClock(Arc::new(AtomicI64::new(1_700_000_000_000_000)))
    }

    pub fn set(&self, microseconds: i64) {
        self.0.store(microseconds, Ordering::SeqCst);
    }

    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub fn from_instruction(instruction: &Instruction, clock: &ProgramClock) -> Result<StoreConfig, String> {
    let clock = clock.clone();
    let mut config = StoreConfig::new(instruction.text("path")?).with_clock_fn(move || clock.now());
    config = with_limits(config, instruction)?;
    config = with_sync(config, instruction)?;
    for key in instruction
        .get("keys")
        .and_then(|keys| keys.as_array())
        .into_iter()
        .flatten()
    {
        let seed = array_from_hex::<32>(key.as_str().ok_or("a key is hexadecimal text")?)?;
        config = config.with_signing_key(SigningKey::from_bytes(seed));
    }
    Ok(config
        .with_enable_mmap_index(instruction.flag("mmap_index", true))
        .with_enable_checkpoint(instruction.flag("checkpoint", true)))
}

fn with_limits(mut config: StoreConfig, instruction: &Instruction) -> Result<StoreConfig, String> {
    if let Some(bytes) = instruction.integer_as("segment_max_bytes")? {
        config = config.with_segment_max_bytes(bytes);
    }
    if let Some(bytes) = instruction.integer_as("single_append_max_bytes")? {
        config = config.with_single_append_max_bytes(bytes);
    }
    if let Some(items) = instruction.integer_as("batch_max_size")? {
        config = config.with_batch_max_size(items);
    }
    if let Some(bytes) = instruction.integer_as("batch_max_bytes")? {
        config = config.with_batch_max_bytes(bytes);
    }
    Ok(config)
}

fn with_sync(mut config: StoreConfig, instruction: &Instruction) -> Result<StoreConfig, String> {
    if let Some(events) = instruction.integer_as("sync_every")? {
        config = config.with_sync_every_n_events(events);
    }
    match instruction.get("sync_mode").and_then(|mode| mode.as_str()) {
        None | Some("all") => Ok(config),
        Some("data") => Ok(config.with_sync_mode(SyncMode::SyncData)),
        Some(other) => Err(format!("unknown sync_mode {other}")),
    }
}
