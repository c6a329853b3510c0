//! Dynamic values: the tagged JSON form, and the reference's canonical encoding.
//!
//! A tagged value is a JSON array whose first element names the type, see
//! `conformance/spec.md`, "Values". The compact forms (`repeat_text`, `nest`, ...)
//! exist because a vector should not carry 65,536 elements.

use crate::bytes::{array_from_hex, from_hex, to_hex};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{json, Value as Json};
use std::fmt;

#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Wide(u128),
    Float32(u32),
    Float64(u64),
    Text(String),
    Bytes(Vec<u8>),
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

impl Value {
    pub fn from_tagged(tagged: &Json) -> Result<Self, String> {
        let parts = tagged.as_array().ok_or("a value is a tagged array")?;
        let tag = parts
            .first()
            .and_then(Json::as_str)
            .ok_or("a value starts with its tag")?;
        let first = parts.get(1).unwrap_or(&Json::Null);
        match tag {
            "null" => Ok(Value::Null),
            "bool" => first.as_bool().map(Value::Bool).ok_or_else(|| "bool".into()),
            "u64" => number(first).map(Value::Unsigned),
            "i64" => number(first).map(Value::Signed),
            "u128" => number(first).map(Value::Wide),
            "f32" => array_from_hex(text(first)?).map(|b| Value::Float32(u32::from_be_bytes(b))),
            "f64" => array_from_hex(text(first)?).map(|b| Value::Float64(u64::from_be_bytes(b))),
            "text" => Ok(Value::Text(text(first)?.to_owned())),
            "bytes" => from_hex(text(first)?).map(Value::Bytes),
            "array" => list(first)?
                .iter()
                .map(Value::from_tagged)
                .collect::<Result<_, _>>()
                .map(Value::Array),
            "map" => list(first)?
                .iter()
                .map(pair)
                .collect::<Result<_, _>>()
                .map(Value::Map),
            _ => Value::from_compact(tag, parts),
        }
    }

    fn from_compact(tag: &str, parts: &[Json]) -> Result<Self, String> {
        let argument = |at: usize| parts.get(at).unwrap_or(&Json::Null);
        match tag {
            "repeat_text" => Ok(Value::Text(text(argument(1))?.repeat(number(argument(2))?))),
            "repeat_bytes" => Ok(Value::Bytes(
                from_hex(text(argument(1))?)?.repeat(number(argument(2))?),
            )),
            "repeat_array" => {
                let element = Value::from_tagged(argument(1))?;
                Ok(Value::Array(vec![element; number(argument(2))?]))
            }
            "counting_map" => {
                let count: u64 = number(argument(1))?;
                Ok(Value::Map(
                    (0..count).map(|n| (Value::Unsigned(n), Value::Null)).collect(),
                ))
            }
            "nest" => nested(number(argument(1))?, Value::from_tagged(argument(2))?),
            _ => Err(format!("unknown tag {tag}")),
        }
    }

    pub fn to_tagged(&self) -> Json {
        match self {
            Value::Null => json!(["null"]),
            Value::Bool(value) => json!(["bool", value]),
            Value::Unsigned(value) => json!(["u64", value.to_string()]),
            Value::Signed(value) => json!(["i64", value.to_string()]),
            Value::Wide(value) => json!(["u128", value.to_string()]),
            Value::Float32(bits) => json!(["f32", to_hex(&bits.to_be_bytes())]),
            Value::Float64(bits) => json!(["f64", to_hex(&bits.to_be_bytes())]),
            Value::Text(value) => json!(["text", value]),
            Value::Bytes(value) => json!(["bytes", to_hex(value)]),
            Value::Array(items) => json!(["array", items.iter().map(Value::to_tagged).collect::<Vec<_>>()]),
            Value::Map(pairs) => {
                let pairs: Vec<Json> = pairs
                    .iter()
                    .map(|(k, v)| json!([k.to_tagged(), v.to_tagged()]))
                    .collect();
                json!(["map", pairs])
            }
        }
    }

    /// Nesting of arrays and maps; the JSON form of a deep value would break readers.
    pub fn depth(&self) -> usize {
        match self {
            Value::Array(items) => 1 + items.iter().map(Value::depth).max().unwrap_or(0),
            Value::Map(pairs) => {
                1 + pairs
                    .iter()
                    .map(|(k, v)| k.depth().max(v.depth()))
                    .max()
                    .unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// Whether some bytes in it are no UTF-8: a string that is none arrives as bytes.
    pub fn holds_other_than_utf8(&self) -> bool {
        match self {
            Value::Bytes(bytes) => std::str::from_utf8(bytes).is_err(),
            Value::Array(items) => items.iter().any(Value::holds_other_than_utf8),
            Value::Map(pairs) => pairs
                .iter()
                .any(|(k, v)| k.holds_other_than_utf8() || v.holds_other_than_utf8()),
            _ => false,
        }
    }
}

fn nested(depth: usize, leaf: Value) -> Result<Value, String> {
    Ok((0..depth).fold(leaf, |inner, _| Value::Array(vec![inner])))
}

fn text(json: &Json) -> Result<&str, String> {
    json.as_str().ok_or_else(|| "text expected".into())
}

fn list(json: &Json) -> Result<&Vec<Json>, String> {
    json.as_array().ok_or_else(|| "list expected".into())
}

fn number<T: std::str::FromStr>(json: &Json) -> Result<T, String> {
    let digits = match json {
        Json::Number(number) => number.to_string(),
        other => text(other)?.to_owned(),
    };
    digits
        .parse()
        .map_err(|_| format!("not such an integer: {digits}"))
}

fn pair(json: &Json) -> Result<(Value, Value), String> {
    match list(json)?.as_slice() {
        [key, value] => Ok((Value::from_tagged(key)?, Value::from_tagged(value)?)),
        _ => Err("a pair has two values".into()),
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Unsigned(value) => serializer.serialize_u64(*value),
            Value::Signed(value) => serializer.serialize_i64(*value),
            Value::Wide(value) => serializer.serialize_u128(*value),
            Value::Float32(bits) => serializer.serialize_f32(f32::from_bits(*bits)),
            Value::Float64(bits) => serializer.serialize_f64(f64::from_bits(*bits)),
            Value::Text(value) => serializer.serialize_str(value),
            Value::Bytes(value) => serializer.serialize_bytes(value),
            Value::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                items
                    .iter()
                    .try_for_each(|item| sequence.serialize_element(item))?;
                sequence.end()
            }
            Value::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                pairs
                    .iter()
                    .try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("any value but an extension")
    }
    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Unsigned(value))
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(u64::try_from(value).map_or(Value::Signed(value), Value::Unsigned))
    }
    fn visit_f32<E: de::Error>(self, value: f32) -> Result<Value, E> {
        Ok(Value::Float32(value.to_bits()))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float64(value.to_bits()))
    }
    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }
    fn visit_bytes<E: de::Error>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = access.next_entry()? {
            pairs.push(pair);
        }
        Ok(Value::Map(pairs))
    }
}
