//! One instruction: a JSON object with `id`, `op` and arguments.

use crate::bytes::{from_hex, id_from_hex};
use serde_json::Value as Json;

pub struct Instruction {
    pub id: Json,
    pub op: String,
    arguments: Json,
}

impl Instruction {
    pub fn parse(line: &str) -> Result<Self, String> {
        let arguments: Json = serde_json::from_str(line).map_err(|e| e.to_string())?;
        let op = arguments.get("op").and_then(Json::as_str).ok_or("no op")?;
        Ok(Instruction {
            id: arguments.get("id").cloned().unwrap_or(Json::Null),
            op: op.to_owned(),
            arguments,
        })
    }

    pub fn of_object(object: &Json) -> Self {
        Instruction {
            id: Json::Null,
            op: String::new(),
            arguments: object.clone(),
        }
    }

    pub fn get(&self, name: &str) -> Option<&Json> {
        self.arguments.get(name).filter(|value| !value.is_null())
    }

    pub fn need(&self, name: &str) -> Result<&Json, String> {
        self.get(name).ok_or_else(|| format!("no {name}"))
    }

    pub fn text(&self, name: &str) -> Result<&str, String> {
        self.need(name)?
            .as_str()
            .ok_or_else(|| format!("{name} is no text"))
    }

    pub fn hex(&self, name: &str) -> Result<Vec<u8>, String> {
        from_hex(self.text(name)?)
    }

    pub fn flag(&self, name: &str, otherwise: bool) -> bool {
        self.get(name).and_then(Json::as_bool).unwrap_or(otherwise)
    }

    /// 64-bit integers come as decimal strings; small ones may be JSON numbers.
    pub fn integer(&self, name: &str) -> Result<Option<i128>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::String(digits)) => digits
                .parse()
                .map(Some)
                .map_err(|_| format!("{name} is no integer")),
            Some(Json::Number(number)) => Ok(number
                .as_i64()
                .map(i128::from)
                .or(number.as_u64().map(i128::from))),
            Some(_) => Err(format!("{name} is no integer")),
        }
    }

    pub fn integer_as<T: TryFrom<i128>>(&self, name: &str) -> Result<Option<T>, String> {
        match self.integer(name)? {
            None => Ok(None),
            Some(wide) => T::try_from(wide)
                .map(Some)
                .map_err(|_| format!("{name} is out of range")),
        }
    }

    pub fn id128(&self, name: &str) -> Result<Option<u128>, String> {
        self.get(name)
            .map(|value| id_from_hex(value.as_str().ok_or("an id is hexadecimal text")?))
            .transpose()
    }
}
