//! What expansion reads of a stored grant: what it expands to, and its
//! sources.

use std::collections::BTreeMap;

use connector_model::{Expandable, Grant};
use connector_proto::c1::connector::v2 as wire;
use connector_store::GrantSources;
use prost::{
    Message as _,
    encoding::{DecodeContext, decode_key, skip_field},
};

use crate::blames_the_bytes;

/// The number of `c1.connector.v2.Grant.sources`.
const SOURCES: u32 = 5;

/// Reads an expansion and a grant's sources, adds a source, and reads the
/// grant again.
pub fn expansion(bytes: &[u8]) {
    if let Ok(message) = wire::GrantExpandable::decode(bytes) {
        let expandable = Expandable::from_wire(message.clone());
        assert_eq!(expandable.to_wire(), message);
        assert_eq!(wire::GrantExpandable::decode(&*message.encode_to_vec()), Ok(message));
    }
    match GrantSources::of(bytes) {
        Ok(sources) => splice(bytes, sources),
        Err(error) => {
            blames_the_bytes(&error);
            assert!(wire::Grant::decode(bytes).is_err(), "a grant whose sources can't be read does decode");
        }
    }
}

/// A grant gets one more source, and is otherwise what it was.
fn splice(bytes: &[u8], mut sources: GrantSources<'_>) {
    let before = wire::Grant::decode(bytes);
    if let Ok(before) = &before {
        let decoded = before.sources.iter().flat_map(|s| &s.sources).map(|(id, s)| (&**id, s.is_direct));
        assert_eq!(sources.iter().collect::<BTreeMap<_, _>>(), decoded.collect::<BTreeMap<_, _>>());
    }
    let mut expected: Vec<_> = sources.iter().map(|(id, direct)| (id.to_owned(), direct)).collect();
    expected.retain(|(id, _)| id != "added");
    expected.push(("added".to_owned(), true));
    expected.sort();
    sources.add("added", true);
    let spliced = sources.splice_into(bytes).expect("a grant that could be read can be written");
    let again = GrantSources::of(&spliced).expect("a grant that was written can be read");
    let found: Vec<_> = again.iter().map(|(id, direct)| (id.to_owned(), direct)).collect();
    assert_eq!(found, expected);
    assert_eq!(without_sources(&spliced), without_sources(bytes), "nothing but the sources changes");
    let Ok(before) = before else { return };
    let after = wire::Grant::decode(&*spliced).expect("a grant that decoded decodes with its new sources");
    assert_eq!(
        wire::Grant { sources: None, ..after.clone() },
        wire::Grant { sources: None, ..before },
        "the fields that are known are the same"
    );
    let added = after.sources.as_ref().and_then(|s| s.sources.get("added"));
    assert!(added.is_some_and(|source| source.is_direct));
    if let Ok(grant) = Grant::from_wire(after) {
        assert!(grant.details.is_some_and(|d| d.sources.contains_key("added")));
    }
}

/// The fields of a grant other than its sources, unknown ones included.
fn without_sources(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut others = Vec::new();
    while !bytes.is_empty() {
        let field = bytes;
        let (number, wire_type) = decode_key(&mut bytes).ok()?;
        skip_field(wire_type, number, &mut bytes, DecodeContext::default()).ok()?;
        if number != SOURCES {
            others.extend_from_slice(&field[..field.len() - bytes.len()]);
        }
    }
    Some(others)
}
