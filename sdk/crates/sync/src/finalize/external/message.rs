//! Encoded messages, looked at and changed without decoding them: what is not
//! changed keeps its bytes.

use connector_store::message::{Field, fields};
use prost::{
    DecodeError, Name,
    encoding::{WireType, encode_key, encode_varint},
};

/// Type and value of an encoded `google.protobuf.Any`. The type is the name
/// behind the last slash of its URL.
pub(super) fn unpack(any: &[u8]) -> Result<(&[u8], &[u8]), DecodeError> {
    let (mut url, mut value): (&[u8], &[u8]) = (&[], &[]);
    for field in fields(any) {
        let field = field?;
        match field.number {
            1 => url = field.value,
            2 => value = field.value,
            _ => {}
        }
    }
    Ok((url.rsplit(|b| *b == b'/').next().unwrap_or_default(), value))
}

/// The first annotation of a type, in a message whose annotations are field
/// `number`.
pub(super) fn annotation<M: Name + Default>(data: &[u8], number: u32) -> Result<Option<M>, DecodeError> {
    let name = M::full_name();
    for field in fields(data) {
        let field = field?;
        if field.number != number {
            continue;
        }
        let (found, value) = unpack(field.value)?;
        if found == name.as_bytes() {
            return M::decode(value).map(Some);
        }
    }
    Ok(None)
}

/// The message with an annotation more, behind the others; as it was where it
/// has one of the type already.
pub(super) fn annotate<M: Name>(data: Vec<u8>, number: u32, message: &M) -> Result<Vec<u8>, DecodeError> {
    let name = M::full_name();
    let (mut read, mut at, mut there) = (0, 0, false);
    for field in fields(&data) {
        let field = field?;
        there |= field.number == number && unpack(field.value)?.0 == name.as_bytes();
        read += field.raw.len();
        if field.number <= number {
            at = read;
        }
    }
    if there {
        return Ok(data);
    }
    let mut any = Vec::new();
    put(1, format!("type.googleapis.com/{name}").as_bytes(), &mut any);
    let value = message.encode_to_vec();
    if !value.is_empty() {
        put(2, &value, &mut any);
    }
    let mut out = Vec::with_capacity(data.len() + any.len() + 8);
    out.extend_from_slice(&data[..at]);
    put(number, &any, &mut out);
    out.extend_from_slice(&data[at..]);
    Ok(out)
}

/// The message without some of its fields.
pub(super) fn without(data: &[u8], drop: impl Fn(&Field<'_>) -> bool) -> Result<Vec<u8>, DecodeError> {
    let mut out = Vec::with_capacity(data.len());
    for field in fields(data) {
        let field = field?;
        if !drop(&field) {
            out.extend_from_slice(field.raw);
        }
    }
    Ok(out)
}

/// Writes a field that has a length.
pub(super) fn put(number: u32, content: &[u8], to: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, to);
    encode_varint(content.len() as u64, to);
    to.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use connector_model::{Annotations, wire};
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    fn grant(annotations: Annotations) -> wire::Grant {
        let id =
            wire::ResourceId { resource_type: "user".into(), resource: "1".into(), ..Default::default() };
        wire::Grant {
            principal: Some(wire::Resource { id: Some(id), ..Default::default() }),
            id: "g".into(),
            annotations: annotations.into_inner(),
            sources: Some(wire::GrantSources {
                sources: [("s".to_owned(), wire::grant_sources::GrantSource { is_direct: true })].into(),
            }),
            ..Default::default()
        }
    }

    /// The oracle is the generated code: what it encodes has its fields in
    /// the order of their numbers.
    #[test]
    fn an_annotation_goes_where_an_encoder_would_write_it() {
        let mut list = Annotations::new();
        for _ in 0..3 {
            let before = grant(list.clone()).encode_to_vec();
            let metadata = wire::GrantImmutable { source_id: "x".into(), metadata: None };
            let mut after = list.clone();
            after.append(&metadata);
            assert_eq!(annotate(before, 4, &metadata).unwrap(), grant(after).encode_to_vec());
            list.append(&wire::ChildResourceType { resource_type_id: "user".to_owned() });
        }
        assert_eq!(
            annotation::<wire::ChildResourceType>(&grant(list).encode_to_vec(), 4)
                .unwrap()
                .unwrap()
                .resource_type_id,
            "user"
        );
    }

    #[test]
    fn an_annotation_that_is_there_stays_as_it_is() {
        let mut list = Annotations::new();
        list.append(&wire::GrantImmutable { source_id: "its own".into(), metadata: None });
        let data = grant(list).encode_to_vec();
        assert_eq!(annotate(data.clone(), 4, &wire::GrantImmutable::default()).unwrap(), data);
    }

    #[test]
    fn fields_are_left_out_with_their_keys() {
        let whole = grant(Annotations::new());
        let less = without(&whole.encode_to_vec(), |f| f.number == 3).unwrap();
        assert_eq!(less, wire::Grant { id: String::new(), ..whole }.encode_to_vec());
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(data in proptest::collection::vec(any::<u8>(), 0..80)) {
            let whole = fields(&data).collect::<Result<Vec<_>, _>>();
            if let Ok(list) = whole {
                prop_assert_eq!(list.iter().map(|f| f.raw.len()).sum::<usize>(), data.len());
                prop_assert_eq!(without(&data, |_| false).unwrap(), data.clone());
            }
            let _ = annotate(data.clone(), 4, &wire::GrantImmutable::default());
            let _ = annotation::<wire::GrantImmutable>(&data, 4);
        }
    }
}
