//! Whether bytes are the deterministic encoding of a message: what a writer gives that sorts maps and writes known
//! fields in the order of their numbers.
//!
//! The bytes are walked along the message's descriptor, without decoding them into anything.

use std::cmp::Ordering;

use prost::{
    bytes::Buf as _,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, encoded_len_varint, skip_field},
};
use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};

/// Messages in messages; as deep as protobuf's own decoders go.
const MAX_DEPTH: u32 = 100;

/// What is wrong with an encoding; the greater is the graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Flaw {
    /// None.
    None,
    /// Another encoder would write other bytes for the same content.
    NotDeterministic,
    /// There is a field that the type does not have.
    UnknownField,
    /// It is no message of the type.
    Broken,
}

pub(super) fn check(message: &MessageDescriptor, bytes: &[u8]) -> Flaw {
    walk(message, bytes, 0).unwrap_or(Flaw::Broken)
}

/// `None` where the bytes do not decode.
fn walk(message: &MessageDescriptor, mut bytes: &[u8], depth: u32) -> Option<Flaw> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut flaw = Flaw::None;
    let mut last = 0;
    let mut last_map_key: Option<&[u8]> = None;
    let mut oneofs = 0_u64;
    while bytes.has_remaining() {
        let before = bytes;
        let (number, wire) = decode_key(&mut bytes).ok()?;
        let key_len = before.len() - bytes.len();
        let known = message.get_field(number).map(|f| (expected(&f, wire), f));
        let Some((Some(shape), field)) = known else {
            flaw = flaw.max(Flaw::UnknownField);
            skip_field(wire, number, &mut bytes, DecodeContext::default()).ok()?;
            continue;
        };
        let repeats = shape == Shape::Element || field.is_map();
        let canonical_order = match number.cmp(&last) {
            Ordering::Less => false,
            Ordering::Equal => repeats,
            Ordering::Greater => true,
        };
        if !canonical_order || key_len != encoded_len_varint(u64::from(number) << 3) {
            flaw = flaw.max(Flaw::NotDeterministic);
        }
        if number != last {
            last_map_key = None;
        }
        last = number;
        if let Some(at) =
            field.containing_oneof().filter(|o| !o.is_synthetic()).map(|_| oneof_index(message, &field))
        {
            if oneofs & (1 << at) != 0 {
                flaw = flaw.max(Flaw::NotDeterministic);
            }
            oneofs |= 1 << at;
        }
        let start = bytes;
        flaw = flaw.max(match shape {
            Shape::Packed => packed(&field, length_delimited(&mut bytes)?)?,
            _ => value(&field, &mut bytes, depth)?,
        });
        let written = &start[..start.len() - bytes.len()];
        // In a map entry both are always written.
        let implicit = shape == Shape::Single && !field.supports_presence() && !message.is_map_entry();
        if implicit && is_default(wire, written) {
            flaw = flaw.max(Flaw::NotDeterministic);
        }
        if field.is_map() {
            let entry = map_key(written);
            let sorted = match (last_map_key, entry) {
                (Some(last), Some(this)) => last < this,
                (_, this) => this.is_some(),
            };
            if !sorted {
                flaw = flaw.max(Flaw::NotDeterministic);
            }
            last_map_key = entry;
        }
    }
    if message.is_map_entry() && flaw == Flaw::None {
        // Both key and value are always written.
        return Some(if last == 2 { flaw } else { Flaw::NotDeterministic });
    }
    Some(flaw)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Single,
    /// One value of a repeated field.
    Element,
    /// All values of a repeated number.
    Packed,
}

/// How a field is written with this wire type; `None` where it can't be.
fn expected(field: &FieldDescriptor, wire: WireType) -> Option<Shape> {
    let repeated = field.cardinality() == Cardinality::Repeated;
    let own = wire_type(&field.kind());
    match (repeated, wire == own) {
        (false, true) => Some(Shape::Single),
        // A number by number list decodes, and is not what an encoder of proto3 writes; it is rare enough to be
        // told as an unknown field.
        (true, true) if own == WireType::LengthDelimited => Some(Shape::Element),
        (true, false) if wire == WireType::LengthDelimited => Some(Shape::Packed),
        _ => None,
    }
}

fn wire_type(kind: &Kind) -> WireType {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => WireType::SixtyFourBit,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => WireType::ThirtyTwoBit,
        Kind::String | Kind::Bytes | Kind::Message(_) => WireType::LengthDelimited,
        _ => WireType::Varint,
    }
}

fn value(field: &FieldDescriptor, bytes: &mut &[u8], depth: u32) -> Option<Flaw> {
    match field.kind() {
        Kind::Message(inner) => {
            let before = *bytes;
            let content = length_delimited(bytes)?;
            let flaw = walk(&inner, content, depth + 1)?;
            Some(flaw.max(minimal(before.len() - bytes.len() - content.len(), content.len() as u64)))
        }
        Kind::String | Kind::Bytes => {
            let before = *bytes;
            let content = length_delimited(bytes)?;
            if field.kind() == Kind::String && std::str::from_utf8(content).is_err() {
                return None;
            }
            Some(minimal(before.len() - bytes.len() - content.len(), content.len() as u64))
        }
        kind => scalar(&kind, bytes),
    }
}

fn packed(field: &FieldDescriptor, mut content: &[u8]) -> Option<Flaw> {
    let mut flaw = if content.is_empty() { Flaw::NotDeterministic } else { Flaw::None };
    while content.has_remaining() {
        flaw = flaw.max(scalar(&field.kind(), &mut content)?);
    }
    Some(flaw)
}

fn scalar(kind: &Kind, bytes: &mut &[u8]) -> Option<Flaw> {
    let fixed = match wire_type(kind) {
        WireType::SixtyFourBit => 8,
        WireType::ThirtyTwoBit => 4,
        _ => {
            let before = bytes.len();
            let n = decode_varint(bytes).ok()?;
            let canonical = match kind {
                Kind::Bool => n <= 1,
                Kind::Uint32 | Kind::Sint32 => u32::try_from(n).is_ok(),
                // Sign-extended to 64 bits.
                Kind::Int32 | Kind::Enum(_) => i32::try_from(n as i64).is_ok(),
                _ => true,
            };
            let flaw = minimal(before - bytes.len(), n);
            return Some(if canonical { flaw } else { Flaw::NotDeterministic });
        }
    };
    *bytes = bytes.get(fixed..)?;
    Some(Flaw::None)
}

fn minimal(len: usize, n: u64) -> Flaw {
    if len == encoded_len_varint(n) { Flaw::None } else { Flaw::NotDeterministic }
}

fn length_delimited<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = usize::try_from(decode_varint(bytes).ok()?).ok()?;
    let content = bytes.get(..len)?;
    *bytes = &bytes[len..];
    Some(content)
}

/// A value that an encoder leaves out where presence is not kept: all zeros, or a length of zero.
fn is_default(wire: WireType, written: &[u8]) -> bool {
    match wire {
        WireType::LengthDelimited => written == [0],
        _ => written.iter().all(|b| *b == 0),
    }
}

/// The key of a map entry, whose length comes first. All maps that are stored have texts as keys, which sort as bytes.
fn map_key(mut written: &[u8]) -> Option<&[u8]> {
    let mut entry = length_delimited(&mut written)?;
    let (number, wire) = decode_key(&mut entry).ok()?;
    if number != 1 || wire != WireType::LengthDelimited { None } else { length_delimited(&mut entry) }
}

fn oneof_index(message: &MessageDescriptor, field: &FieldDescriptor) -> u32 {
    let at = message.oneofs().position(|o| o.fields().any(|f| f.number() == field.number()));
    at.and_then(|at| u32::try_from(at).ok()).unwrap_or_default().min(63)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use connector_proto::c1::connector::v2::{
        AssetRef, Grant, GrantSources, Resource, ResourceId, ResourceType, Status, grant_sources::GrantSource,
    };
    use proptest::prelude::*;
    use prost::{Message as _, Name};
    use prost_types::{Struct, Value, value::Kind as ValueKind};

    use super::*;

    fn of<M: Name>() -> MessageDescriptor {
        connector_proto::json::descriptor_pool().get_message_by_name(&M::full_name()).unwrap()
    }

    fn resource() -> Resource {
        let text = |t: &str| Value { kind: Some(ValueKind::StringValue(t.to_owned())) };
        Resource {
            id: Some(ResourceId {
                resource_type: "user".into(), resource: "ü".into(), baton_resource: true
            }),
            display_name: "Ada".into(),
            profile: Some(Struct {
                fields: [("a".to_owned(), text("")), ("b".to_owned(), text("x"))].into(),
            }),
            icon: Some(AssetRef::default()),
            status: Some(Status { status: 1, details: String::new() }),
            created_at: Some(prost_types::Timestamp { seconds: -5, nanos: 7 }),
            ..Default::default()
        }
    }

    #[test]
    fn what_prost_writes_is_deterministic() {
        assert_eq!(check(&of::<Resource>(), &resource().encode_to_vec()), Flaw::None);
        let t = ResourceType { id: "user".into(), traits: vec![1, 300], ..Default::default() };
        assert_eq!(check(&of::<ResourceType>(), &t.encode_to_vec()), Flaw::None);
        assert_eq!(check(&of::<ResourceType>(), b""), Flaw::None);
    }

    /// Each made by hand from the encoding guide of protobuf.
    #[test]
    fn other_encodings_of_the_same_are_told() {
        let t = of::<ResourceType>();
        for (bytes, flaw) in [
            (&b"\x0a\x01a\x12\x01b"[..], Flaw::None),
            (b"\x12\x01b\x0a\x01a", Flaw::NotDeterministic), // order
            (b"\x0a\x01a\x0a\x01b", Flaw::NotDeterministic), // twice
            (b"\x0a\x00", Flaw::NotDeterministic),           // a default
            (b"\x0a\x81\x00a", Flaw::NotDeterministic),      // a long varint
            (b"\x1a\x00", Flaw::NotDeterministic),           // an empty list
            (b"\x1a\x02\x81\x00", Flaw::NotDeterministic),   // a long varint in a list
            (b"\x30\x02", Flaw::NotDeterministic),           // a bool that is 2
            (b"\xa2\x06\x01a", Flaw::UnknownField),          // field 100
            (b"\x08\x01", Flaw::UnknownField),               // field 1 as a number
            (b"\x0a\x01\xff", Flaw::Broken),                 // not UTF-8
            (b"\x0a\x05a", Flaw::Broken),                    // cut
            (b"\xff", Flaw::Broken),
        ] {
            assert_eq!(check(&t, bytes), flaw, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn maps_are_sorted_and_whole() {
        let grant = |sources: &[u8]| [&[0x2a, sources.len() as u8][..], sources].concat();
        let g = of::<Grant>();
        let (a, b) = (&b"\x0a\x05\x0a\x01a\x12\x00"[..], &b"\x0a\x07\x0a\x01b\x12\x02\x08\x01"[..]);
        assert_eq!(check(&g, &grant(&[a, b].concat())), Flaw::None);
        assert_eq!(check(&g, &grant(&[b, a].concat())), Flaw::NotDeterministic);
        assert_eq!(check(&g, &grant(&[a, a].concat())), Flaw::NotDeterministic);
        // What prost writes where a value is the default.
        let sources = GrantSources { sources: [("a".to_owned(), GrantSource { is_direct: false })].into() };
        let short = Grant { sources: Some(sources), ..Default::default() }.encode_to_vec();
        assert_eq!(check(&g, &short), Flaw::NotDeterministic);
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            check(&of::<Grant>(), &bytes);
        }

        /// A mutated message is flawless only if it encodes back to the same bytes.
        #[test]
        fn flawless_is_what_encodes_back(at in 0usize..64, to in any::<u8>()) {
            let mut bytes = resource().encode_to_vec();
            let at = at % bytes.len();
            bytes[at] = to;
            if check(&of::<Resource>(), &bytes) == Flaw::None {
                prop_assert_eq!(Resource::decode(&*bytes).unwrap().encode_to_vec(), bytes);
            }
        }
    }
}
