//! Lowercase hexadecimal and the two integer forms that ids take.

pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

pub fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(format!("not hexadecimal: {text:.40}"));
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|e| e.to_string()))
        .collect()
}

pub fn array_from_hex<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let bytes = from_hex(text)?;
    let length = bytes.len();
    bytes
        .try_into()
        .map_err(|_| format!("{length} bytes where {N} are wanted"))
}

pub fn id_from_hex(text: &str) -> Result<u128, String> {
    array_from_hex::<16>(text).map(u128::from_be_bytes)
}

pub fn id_to_hex(id: u128) -> String {
    to_hex(&id.to_be_bytes())
}
