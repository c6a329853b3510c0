//! Receipts: how they are written down, and how they are checked.

use crate::bytes::{array_from_hex, id_to_hex, to_hex};
use crate::event::extensions_from;
use crate::instruction::Instruction;
use crate::status::{verification_name, Refusal};
use batpak::id::EventId;
use batpak::store::{AppendReceipt, DenialReceipt, ExtensionKey, Store};
use serde_json::{json, Value as Json};
use std::collections::BTreeMap;

pub fn extensions_json(extensions: &BTreeMap<ExtensionKey, Vec<u8>>) -> Json {
    extensions
        .iter()
        .map(|(key, bytes)| (key.as_str().to_owned(), json!(to_hex(bytes))))
        .collect()
}

pub fn to_json(receipt: &AppendReceipt) -> Json {
    let position = receipt.disk_pos();
    json!({
        "event_id": id_to_hex(receipt.event_id.into()),
        "sequence": receipt.sequence,
        "content_hash": to_hex(&receipt.content_hash),
        "key_id": to_hex(&receipt.key_id),
        "signature": receipt.signature.map(|signature| to_hex(&signature)),
        "extensions": extensions_json(&receipt.extensions),
        "segment_id": position.segment_id(),
        "offset": position.offset(),
        "frame_length": position.length(),
    })
}

pub fn denial_to_json(receipt: &DenialReceipt) -> Json {
    json!({
        "event_id": id_to_hex(receipt.event_id.into()),
        "sequence": receipt.sequence,
        "content_hash": to_hex(&receipt.content_hash),
        "key_id": to_hex(&receipt.key_id),
        "signature": receipt.signature.map(|signature| to_hex(&signature)),
        "extensions": extensions_json(&receipt.extensions),
    })
}

/// A receipt of the reference cannot be built by hand, so what is checked is
/// its wire form: all but the position on disk.
pub fn verify<State>(store: &Store<State>, instruction: &Instruction) -> Result<Json, Refusal> {
    let receipt = Instruction::of_object(instruction.need("receipt")?);
    let signature = match receipt.get("signature") {
        Some(_) => Some(array_from_hex::<64>(receipt.text("signature")?)?),
        None => None,
    };
    let outcome = store.verify_append_receipt_wire_detailed(
        EventId::from(
            receipt
                .id128("event_id")?
                .ok_or_else(|| "no event_id".to_string())?,
        ),
        receipt
            .integer_as("sequence")?
            .ok_or_else(|| "no sequence".to_string())?,
        array_from_hex(receipt.text("content_hash")?)?,
        array_from_hex(receipt.text("key_id")?)?,
        signature,
        extensions_from(receipt.get("extensions"))?,
    );
    Ok(json!(verification_name(&outcome)))
}
