//! Encoded messages, looked at field by field without decoding any: what is not changed keeps its bytes.

use prost::{
    DecodeError,
    bytes::Buf as _,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};

/// One field as it stands in a message.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    /// Its number.
    pub number: u32,
    /// All of its bytes, the key included.
    pub raw: &'a [u8],
    /// Its content, where it is a text, a message or bytes; else what follows the key.
    pub value: &'a [u8],
    /// Whether it is a text, a message or bytes.
    pub is_delimited: bool,
}

/// The fields of a message, in their order. What is no message ends in an error.
pub fn fields(message: &[u8]) -> impl Iterator<Item = Result<Field<'_>, DecodeError>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if !rest.has_remaining() {
            return None;
        }
        let field = next(&mut rest);
        if field.is_err() {
            rest = &[];
        }
        Some(field)
    })
}

fn next<'a>(rest: &mut &'a [u8]) -> Result<Field<'a>, DecodeError> {
    let start = *rest;
    let (number, wire) = decode_key(rest)?;
    let content = *rest;
    skip_field(wire, number, rest, DecodeContext::default())?;
    let raw = &start[..start.len() - rest.len()];
    let mut value = &content[..content.len() - rest.len()];
    let is_delimited = wire == WireType::LengthDelimited;
    if is_delimited {
        decode_varint(&mut value)?;
    }
    Ok(Field { number, raw, value, is_delimited })
}
