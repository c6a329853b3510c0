//! Reading: every event of a store as one record with fixed names.

use crate::bytes::{id_to_hex, to_hex};
use crate::instruction::Instruction;
use crate::receipt::extensions_json;
use crate::status::{variant_name, Refusal};
use batpak::coordinate::{KindFilter, Region};
use batpak::event::StoredEvent;
use batpak::id::EventId;
use batpak::store::index::IndexEntry;
use batpak::store::Store;
use serde_json::{json, Value as Json};

pub fn dump<State>(store: &Store<State>) -> Json {
    let entries = store.query_entries_after(&Region::all(), None, usize::MAX);
    entries.iter().map(|entry| record(store, entry)).collect()
}

/// Header, coordinate, hashes and payload come from the frame; sequence,
/// position and extensions from the index, which alone exposes them.
fn record<State>(store: &Store<State>, entry: &IndexEntry) -> Json {
    let mut record = index_part(entry);
    match store.read_raw(EventId::from(entry.event_id())) {
        Ok(stored) => overlay(&mut record, frame_part(&stored)),
        Err(error) => overlay(
            &mut record,
            json!({"error": variant_name(&error), "payload_hex": null}),
        ),
    }
    record
}

fn index_part(entry: &IndexEntry) -> Json {
    let position = entry.disk_pos();
    json!({
        "sequence": entry.global_sequence(),
        "event_id": id_to_hex(entry.event_id()),
        "correlation_id": id_to_hex(entry.correlation_id()),
        "causation_id": entry.causation_id().map(id_to_hex),
        "entity": entry.coord().entity(),
        "scope": entry.coord().scope(),
        "kind": entry.event_kind().as_raw_u16(),
        "clock": entry.clock(),
        "wall_ms": entry.wall_ms(),
        "lane": entry.dag_lane(),
        "depth": entry.dag_depth(),
        "prev_hash": to_hex(&entry.hash_chain().prev_hash),
        "event_hash": to_hex(&entry.hash_chain().event_hash),
        "segment_id": position.segment_id(),
        "offset": position.offset(),
        "frame_length": position.length(),
        "extensions": extensions_json(entry.receipt_extensions()),
    })
}

fn frame_part(stored: &StoredEvent<Vec<u8>>) -> Json {
    let header = &stored.event.header;
    let mut part = json!({
        "event_id": id_to_hex(header.event_id.into()),
        "correlation_id": id_to_hex(header.correlation_id.into()),
        "causation_id": header.causation_id.map(|id| id_to_hex(id.into())),
        "entity": stored.coordinate.entity(),
        "scope": stored.coordinate.scope(),
        "kind": header.event_kind.as_raw_u16(),
        "clock": header.position.sequence(),
        "wall_ms": header.position.wall_ms(),
        "lane": header.position.lane(),
        "depth": header.position.depth(),
        "timestamp_us": header.timestamp_us,
        "flags": header.flags,
        "payload_hex": to_hex(&stored.event.payload),
    });
    if let Some(chain) = &stored.event.hash_chain {
        let hashes = json!({"prev_hash": to_hex(&chain.prev_hash), "event_hash": to_hex(&chain.event_hash)});
        overlay(&mut part, hashes);
    }
    part
}

fn overlay(under: &mut Json, over: Json) {
    if let (Some(under), Json::Object(over)) = (under.as_object_mut(), over) {
        under.extend(over);
    }
}

pub fn page<State>(store: &Store<State>, instruction: &Instruction) -> Result<Json, Refusal> {
    let region = region_from(instruction)?;
    let after = instruction.integer_as("after")?;
    let limit = instruction.integer_as("limit")?.unwrap_or(usize::MAX);
    let mut entries = store.query_entries_after(&region, after, limit);
    if instruction.get("entity").is_some() {
        entries = exact_entity(store, instruction.text("entity")?, &region, after, limit);
    }
    Ok(entries
        .iter()
        .map(|entry| json!(entry.global_sequence()))
        .collect())
}

/// The reference has no region for one entity alone: filter the region of the prefix.
fn exact_entity<State>(
    store: &Store<State>,
    entity: &str,
    region: &Region,
    after: Option<u64>,
    limit: usize,
) -> Vec<IndexEntry> {
    let mut entries = store.query_entries_after(region, after, usize::MAX);
    entries.retain(|entry| entry.coord().entity() == entity);
    entries.truncate(limit);
    entries
}

fn region_from(instruction: &Instruction) -> Result<Region, Refusal> {
    let prefix = instruction
        .get("under")
        .or(instruction.get("entity"))
        .and_then(Json::as_str);
    let mut region = prefix.map_or_else(Region::all, Region::entity);
    if let Some(scope) = instruction.get("in_scope").and_then(Json::as_str) {
        region = region.with_scope(scope);
    }
    if instruction.get("kind").is_some() {
        region = region.with_fact(KindFilter::Exact(crate::event::kind_from(instruction)?));
    }
    Ok(region)
}

pub fn get<State>(store: &Store<State>, instruction: &Instruction) -> Result<Json, Refusal> {
    let id = EventId::from(
        instruction
            .id128("event_id")?
            .ok_or_else(|| "no event_id".to_string())?,
    );
    Ok(frame_part(&store.read_raw(id)?))
}

pub fn walk<State>(store: &Store<State>, instruction: &Instruction) -> Result<Json, Refusal> {
    let id = EventId::from(
        instruction
            .id128("event_id")?
            .ok_or_else(|| "no event_id".to_string())?,
    );
    let limit = instruction.integer_as("limit")?.unwrap_or(usize::MAX);
    let events = store.walk_ancestors(id, limit);
    Ok(events
        .iter()
        .map(|stored| json!(id_to_hex(stored.event.header.event_id.into())))
        .collect())
}
