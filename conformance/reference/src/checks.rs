//! Instructions that need no store: encode, decode, names, hashes, ids.

use crate::bytes::{id_to_hex, to_hex};
use crate::event::extensions_from;
use crate::instruction::Instruction;
use crate::status::{variant_name, Refusal};
use crate::value::Value;
use batpak::coordinate::Coordinate;
use batpak::event::hash::compute_hash;
use batpak::event::{EventHeader, EventKind};
use batpak::id::EventId;
use batpak::store::ExtensionKey;
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::{json, Value as Json};

/// Values nested deeper than this are answered by their depth alone.
const DEEPEST_ANSWER: usize = 32;

pub fn run(instruction: &Instruction) -> Option<Result<Json, Refusal>> {
    Some(match instruction.op.as_str() {
        "encode" => encode(instruction),
        "decode" => decode(instruction),
        "decode_as" => decode_as(instruction),
        "to_json" => to_json(instruction),
        "coordinate" => coordinate(instruction).map(|_| Json::Null),
        "encode_coordinate" => coordinate(instruction).and_then(|value| canonical(&value)),
        "encode_extensions" => extensions_from(instruction.get("extensions")).and_then(|map| canonical(&map)),
        "kind" => kind(instruction),
        "extension_key" => extension_key(instruction),
        "parse_id" => parse_id(instruction),
        "hash" => instruction
            .hex("bytes")
            .map_err(Refusal::from)
            .map(|b| json!(to_hex(&compute_hash(&b)))),
        "evaluate_gates" => crate::guard::evaluate(instruction),
        _ => return crate::outcome::run(instruction),
    })
}

fn encode(instruction: &Instruction) -> Result<Json, Refusal> {
    let value = Value::from_tagged(instruction.need("value")?)?;
    canonical(&value)
}

fn canonical(value: &impl Serialize) -> Result<Json, Refusal> {
    let bytes = batpak::encoding::to_bytes(value)
        .map_err(|e| Refusal::named(format!("encode_{}", variant_name(&e))))?;
    Ok(json!(to_hex(&bytes)))
}

fn decoded<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    batpak::encoding::from_bytes(bytes).map_err(|_| Refusal::named("not_decodable"))
}

fn decode(instruction: &Instruction) -> Result<Json, Refusal> {
    let value: Value = decoded(&instruction.hex("bytes")?)?;
    match value.depth() {
        depth if depth > DEEPEST_ANSWER && value.holds_other_than_utf8() => {
            Ok(json!({"depth": depth, "not_utf8": true}))
        }
        depth if depth > DEEPEST_ANSWER => Ok(json!({"depth": depth})),
        _ => Ok(value.to_tagged()),
    }
}

/// Accepts or refuses bytes as one of the reference's own types (encoding.md
/// 1.4) and answers the canonical form of what was understood.
fn decode_as(instruction: &Instruction) -> Result<Json, Refusal> {
    let bytes = instruction.hex("bytes")?;
    match instruction.text("target")? {
        "u8" => canonical(&decoded::<u8>(&bytes)?),
        "u16" => canonical(&decoded::<u16>(&bytes)?),
        "u32" => canonical(&decoded::<u32>(&bytes)?),
        "u64" => canonical(&decoded::<u64>(&bytes)?),
        "i64" => canonical(&decoded::<i64>(&bytes)?),
        "u128" => canonical(&decoded::<u128>(&bytes)?),
        "f64" => canonical(&decoded::<f64>(&bytes)?),
        "bool" => canonical(&decoded::<bool>(&bytes)?),
        "text" => canonical(&decoded::<String>(&bytes)?),
        "octets" => canonical(&decoded::<Vec<u8>>(&bytes)?),
        "hash" => canonical(&decoded::<[u8; 32]>(&bytes)?),
        "event_id" => canonical(&decoded::<EventId>(&bytes)?),
        "event_kind" => canonical(&decoded::<EventKind>(&bytes)?),
        "coordinate" => canonical(&decoded::<Coordinate>(&bytes)?),
        "event_header" => canonical(&decoded::<EventHeader>(&bytes)?),
        "optional_u64" => canonical(&decoded::<Option<u64>>(&bytes)?),
        other => Err(Refusal::from(format!("unknown target {other}"))),
    }
}

/// The JSON lane of a payload (encoding.md 1.5), as `get` and projections see it.
fn to_json(instruction: &Instruction) -> Result<Json, Refusal> {
    let value: Json =
        batpak::encoding::from_bytes(&instruction.hex("payload")?).map_err(|_| Refusal::named("not_json"))?;
    Ok(json!(value.to_string()))
}

fn coordinate(instruction: &Instruction) -> Result<Coordinate, Refusal> {
    Ok(Coordinate::new(
        text_of(instruction, "entity")?,
        text_of(instruction, "scope")?,
    )?)
}

/// Names may hold control characters or be very long: then they come as hex.
fn text_of(instruction: &Instruction, name: &str) -> Result<String, Refusal> {
    let hex = format!("{name}_hex");
    let text = if instruction.get(&hex).is_some() {
        String::from_utf8(instruction.hex(&hex)?).map_err(|_| Refusal::named("not_utf8"))?
    } else {
        instruction.text(name)?.to_owned()
    };
    Ok(text.repeat(
        instruction
            .integer_as::<usize>(&format!("{name}_repeat"))?
            .unwrap_or(1),
    ))
}

fn kind(instruction: &Instruction) -> Result<Json, Refusal> {
    let category = instruction
        .integer_as::<u8>("category")?
        .ok_or_else(|| "no category".to_string())?;
    let type_id = instruction
        .integer_as::<u16>("type_id")?
        .ok_or_else(|| "no type_id".to_string())?;
    match EventKind::try_custom(category, type_id) {
        Ok(kind) => Ok(json!(kind.as_raw_u16())),
        Err(error) => Err(Refusal::named(format!("kind_{}", variant_name(&error)))),
    }
}

fn extension_key(instruction: &Instruction) -> Result<Json, Refusal> {
    match ExtensionKey::new(text_of(instruction, "key")?) {
        Ok(_) => Ok(json!(true)),
        Err(error) => Err(Refusal::named(format!("extension_key_{}", variant_name(&error)))),
    }
}

fn parse_id(instruction: &Instruction) -> Result<Json, Refusal> {
    let id: EventId = instruction
        .text("text")?
        .parse()
        .map_err(|_| Refusal::named("id_text"))?;
    Ok(json!({"id": id_to_hex(id.into()), "text": id.to_string(), "encoded": canonical(&id)?}))
}
