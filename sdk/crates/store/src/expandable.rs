//! What a grant expands to, where an older writer left it: among the annotations of the grant's message.

use connector_model::{Error, ErrorKind, Result, wire};
use prost::{DecodeError, Message as _, Name as _};

use crate::{
    encode::ANNOTATIONS,
    message::{Field, fields},
};

// Fields of google.protobuf.Any.
const TYPE_URL: u32 = 1;
const VALUE: u32 = 2;

/// A grant's message without what it expands to, and that, encoded.
#[derive(Debug, PartialEq, Eq)]
pub struct Split {
    /// The message without it.
    pub grant: Vec<u8>,
    /// What it expands to, where it names an entitlement.
    pub expansion: Option<Vec<u8>>,
}

/// Splits a grant's message; `None` where it says nothing of the kind.
///
/// All other bytes stay as they are. The first annotation of the kind counts. One without any entitlement id is no
/// expansion: it is taken out all the same, as the Go SDK does.
pub fn split_expandable(grant: &[u8]) -> Result<Option<Split>> {
    split(grant).map_err(|e| {
        Error::new(ErrorKind::DataLoss, "a stored grant, or what it expands to, is no message of its type")
            .caused_by(e)
    })
}

fn split(grant: &[u8]) -> Result<Option<Split>, DecodeError> {
    let (mut rest, mut found) = (Vec::with_capacity(grant.len()), None);
    for field in fields(grant) {
        let field = field?;
        match expandable(&field)? {
            Some(value) => found = found.or(Some(value)),
            None => rest.extend_from_slice(field.raw),
        }
    }
    let Some(value) = found else { return Ok(None) };
    let says = wire::GrantExpandable::decode(value)?.entitlement_ids.iter().any(|id| !id.trim().is_empty());
    Ok(Some(Split { grant: rest, expansion: says.then(|| value.to_vec()) }))
}

/// The value of an annotation that says what a grant expands to.
fn expandable<'a>(field: &Field<'a>) -> Result<Option<&'a [u8]>, DecodeError> {
    if field.number != ANNOTATIONS || !field.is_delimited {
        return Ok(None);
    }
    let (mut is_one, mut value) = (false, &[][..]);
    for part in fields(field.value) {
        let part = part?;
        match part.number {
            // Readers look only behind the last slash.
            TYPE_URL => {
                let name = part.value.rsplit(|b| *b == b'/').next();
                is_one = name == Some(wire::GrantExpandable::full_name().as_bytes());
            }
            VALUE => value = part.value,
            _ => {}
        }
    }
    Ok(is_one.then_some(value))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use connector_proto::any::pack;
    use prost_types::Any;

    use super::*;

    fn of(ids: &[&str]) -> wire::GrantExpandable {
        let entitlement_ids = ids.iter().map(|id| (*id).to_owned()).collect();
        wire::GrantExpandable { entitlement_ids, shallow: true, ..Default::default() }
    }

    fn grant(annotations: Vec<Any>) -> Vec<u8> {
        let mut grant = wire::Grant { id: "g".into(), annotations, ..Default::default() }.encode_to_vec();
        grant.extend_from_slice(b"\x32\x01x"); // A field that nobody knows.
        grant
    }

    #[test]
    fn the_first_one_is_taken_out_with_all_of_its_kind() {
        let other = pack(&wire::GrantImmutable::default());
        let all = vec![other.clone(), pack(&of(&["a"])), other.clone(), pack(&of(&["b"]))];
        let split = split_expandable(&grant(all)).unwrap().unwrap();
        assert_eq!(split.grant, grant(vec![other.clone(), other.clone()]));
        assert_eq!(split.expansion.unwrap(), of(&["a"]).encode_to_vec());
        assert_eq!(split_expandable(&grant(vec![other])).unwrap(), None);
    }

    #[test]
    fn one_that_names_nothing_is_none() {
        let split = split_expandable(&grant(vec![pack(&of(&[" "]))])).unwrap();
        assert_eq!(split, Some(Split { grant: grant(vec![]), expansion: None }));
    }

    #[test]
    fn what_does_not_decode_is_an_error() {
        let bad = Any { value: vec![0xff], ..pack(&of(&["a"])) };
        assert_eq!(split_expandable(&grant(vec![bad])).unwrap_err().kind(), ErrorKind::DataLoss);
    }
}
