//! Events on their way in: coordinate, kind, payload and options of an append.

use crate::bytes::from_hex;
use crate::instruction::Instruction;
use crate::status::Refusal;
use crate::value::Value;
use batpak::coordinate::Coordinate;
use batpak::event::EventKind;
use batpak::id::{CausationId, CorrelationId, IdempotencyKey};
use batpak::store::{AppendOptions, AppendPositionHint, BatchAppendItem, CausationRef, ExtensionKey};
use serde_json::Value as Json;
use std::collections::BTreeMap;

pub struct Draft {
    pub coordinate: Coordinate,
    pub kind: EventKind,
    pub options: AppendOptions,
}

impl Draft {
    pub fn from_instruction(instruction: &Instruction) -> Result<Self, Refusal> {
        Ok(Draft {
            coordinate: Coordinate::new(instruction.text("entity")?, instruction.text("scope")?)?,
            kind: kind_from(instruction)?,
            options: options_from(instruction)?,
        })
    }
}

/// What the reference takes of a submission's options: both together.
pub fn cause_from(instruction: &Instruction) -> Result<Option<(CorrelationId, CausationId)>, Refusal> {
    let correlation = instruction.id128("correlation")?.map(CorrelationId::from);
    Ok(correlation.zip(instruction.id128("causation")?.map(CausationId::from)))
}

/// Any 16 bits may be a kind; the reference makes such a value by decoding it.
pub fn kind_from(instruction: &Instruction) -> Result<EventKind, Refusal> {
    let raw: u16 = instruction
        .integer_as("kind")?
        .ok_or_else(|| "no kind".to_string())?;
    let bytes = batpak::encoding::to_bytes(&raw).map_err(|e| e.to_string())?;
    Ok(batpak::encoding::from_bytes(&bytes).map_err(|e| e.to_string())?)
}

/// A single append of the reference takes a value and encodes it itself, so
/// only canonical payload bytes can be given to it unchanged.
pub fn canonical_payload(instruction: &Instruction) -> Result<Value, Refusal> {
    let bytes = payload_bytes(instruction)?;
    let value: Value =
        batpak::encoding::from_bytes(&bytes).map_err(|_| Refusal::named("payload_not_canonical"))?;
    match batpak::encoding::to_bytes(&value) {
        Ok(again) if again == bytes => Ok(value),
        _ => Err(Refusal::named("payload_not_canonical")),
    }
}

fn payload_bytes(instruction: &Instruction) -> Result<Vec<u8>, Refusal> {
    Ok(instruction.hex("payload")?)
}

fn options_from(instruction: &Instruction) -> Result<AppendOptions, Refusal> {
    let mut options = AppendOptions::new().with_flags(instruction.integer_as("flags")?.unwrap_or(0));
    if let Some(clock) = instruction.integer_as("expected_sequence")? {
        options = options.with_cas(clock);
    }
    if let Some(key) = instruction.id128("key")? {
        options = options.with_idempotency(IdempotencyKey::from(key));
    }
    if let Some(id) = instruction.id128("correlation")? {
        options = options.with_correlation(CorrelationId::from(id));
    }
    if let Some(id) = instruction.id128("causation")? {
        options = options.with_causation(CausationId::from(id));
    }
    let lane = instruction.integer_as("lane")?;
    let depth = instruction.integer_as("depth")?;
    if lane.is_some() || depth.is_some() {
        options = options.with_position_hint(AppendPositionHint::new(lane.unwrap_or(0), depth.unwrap_or(0)));
    }
    Ok(options.with_extensions(extensions_from(instruction.get("extensions"))?))
}

pub fn extensions_from(json: Option<&Json>) -> Result<BTreeMap<ExtensionKey, Vec<u8>>, Refusal> {
    let mut extensions = BTreeMap::new();
    for (name, value) in json.and_then(Json::as_object).into_iter().flatten() {
        let key = ExtensionKey::new(name.clone())
            .map_err(|e| Refusal::named(format!("extension_key_{}", crate::status::variant_name(&e))))?;
        let bytes = from_hex(
            value
                .as_str()
                .ok_or_else(|| "an extension is hexadecimal text".to_string())?,
        )?;
        extensions.insert(key, bytes);
    }
    Ok(extensions)
}

pub fn batch_items(instruction: &Instruction) -> Result<Vec<BatchAppendItem>, Refusal> {
    let items = instruction
        .need("items")?
        .as_array()
        .ok_or_else(|| "items is no list".to_string())?;
    items
        .iter()
        .map(|item| batch_item(&Instruction::of_object(item)))
        .collect()
}

fn batch_item(item: &Instruction) -> Result<BatchAppendItem, Refusal> {
    let draft = Draft::from_instruction(item)?;
    let causation = match item.integer_as::<usize>("prior_item")? {
        Some(index) => CausationRef::PriorItem(index),
        None => CausationRef::None,
    };
    Ok(BatchAppendItem::from_msgpack_bytes(
        draft.coordinate,
        draft.kind,
        payload_bytes(item)?,
        draft.options,
        causation,
    ))
}
