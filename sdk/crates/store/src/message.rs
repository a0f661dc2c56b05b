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

/// The most elements of a message that is decoded: an element takes two bytes, and some hundred once it is decoded.
pub const MOST_ELEMENTS: usize = 100_000;

/// Whether a message may have more than [`MOST_ELEMENTS`] fields, those of messages in it included. Types are not
/// known here: a value that could be a message counts as one.
pub fn has_too_many_elements(message: &[u8]) -> bool {
    // No message of this size has.
    if message.len() < MOST_ELEMENTS {
        return false;
    }
    let mut left = MOST_ELEMENTS;
    let mut waiting = vec![message];
    while let Some(message) = waiting.pop() {
        for field in fields(message).map_while(Result::ok) {
            let Some(less) = left.checked_sub(1) else { return true };
            left = less;
            if field.is_delimited && field.value.len() > 1 {
                waiting.push(field.value);
            }
        }
    }
    false
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

#[cfg(test)]
mod tests {
    use connector_model::wire::{Entitlement, ResourceType};
    use prost::Message as _;

    use super::*;

    #[test]
    fn elements_are_counted_at_every_depth() {
        let nested = |n: usize| {
            let grantable_to = vec![ResourceType::default(); n];
            Entitlement { grantable_to, ..Entitlement::default() }.encode_to_vec()
        };
        assert!(!has_too_many_elements(&nested(MOST_ELEMENTS)));
        assert!(has_too_many_elements(&nested(MOST_ELEMENTS + 1)));
        // Field 1 of a message, where every value holds the next.
        let inner = nested(MOST_ELEMENTS - 1);
        let mut deeper = vec![0x0a];
        prost::encoding::encode_varint(inner.len() as u64, &mut deeper);
        deeper.extend(&inner);
        assert!(!has_too_many_elements(&deeper));
        deeper.extend([0x0a, 0]);
        assert!(has_too_many_elements(&deeper));
    }

    #[test]
    fn long_texts_are_one_element() {
        let text = "a text with spaces, and more of it. ".repeat(100_000);
        let long = Entitlement { description: text, ..Entitlement::default() }.encode_to_vec();
        assert!(!has_too_many_elements(&long));
    }
}
