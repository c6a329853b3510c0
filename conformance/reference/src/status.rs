//! Stable status names: the reference's own variant names in snake case.
//!
//! The names come from the derived `Debug` form, which starts with the name of
//! the variant. A wrapped cause is named after its wrapper.

use batpak::coordinate::CoordinateError;
use batpak::store::{ReceiptVerification, StoreError};
use serde_json::{json, Value as Json};
use std::fmt::Debug;

/// What an instruction answers when the reference refused it.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub status: String,
    pub detail: Option<Json>,
}

impl Refusal {
    pub fn named(status: impl Into<String>) -> Self {
        Refusal {
            status: status.into(),
            detail: None,
        }
    }
}

pub fn variant_name(error: &impl Debug) -> String {
    let text = format!("{error:?}");
    let name: &str = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    snake_case(name)
}

fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

impl From<CoordinateError> for Refusal {
    fn from(error: CoordinateError) -> Self {
        let detail = match error {
            CoordinateError::EntityTooLong { len, max } | CoordinateError::ScopeTooLong { len, max } => {
                Some(json!({"len": len, "max": max}))
            }
            _ => None,
        };
        Refusal {
            status: format!("coordinate_{}", variant_name(&error)),
            detail,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Coordinate(inner) => inner.into(),
            StoreError::SequenceMismatch { expected, actual, .. } => Refusal {
                status: "sequence_mismatch".into(),
                detail: Some(json!({"expected": expected, "actual": actual})),
            },
            StoreError::BatchFailed { item_index, source } => {
                let inner = Refusal::from(*source);
                Refusal {
                    status: format!("batch_failed:{}", inner.status),
                    detail: Some(json!({"item": item_index})),
                }
            }
            StoreError::InvariantViolation { kind } => {
                Refusal::named(format!("invariant_violation:{}", variant_name(&kind)))
            }
            other => Refusal::named(variant_name(&other)),
        }
    }
}

/// Anything else is a fault of the program that was given, not of the reference.
impl From<String> for Refusal {
    fn from(text: String) -> Self {
        Refusal {
            status: "bad_instruction".into(),
            detail: Some(json!(text)),
        }
    }
}

pub fn verification_name(outcome: &ReceiptVerification) -> String {
    match outcome {
        ReceiptVerification::Signed => "signed".into(),
        ReceiptVerification::UnsignedAccepted => "unsigned_accepted".into(),
        ReceiptVerification::Invalid(reason) => variant_name(reason),
    }
}
