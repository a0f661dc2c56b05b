//! What expansion reads of a stored grant: what it expands to, and its
//! sources.

use connector_model::{Expandable, Grant};
use connector_proto::c1::connector::v2 as wire;
use connector_store::GrantSources;
use prost::Message as _;

use crate::blames_the_bytes;

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
    let mut expected: Vec<_> = sources.iter().map(|(id, direct)| (id.to_owned(), direct)).collect();
    expected.retain(|(id, _)| id != "added");
    expected.push(("added".to_owned(), true));
    expected.sort();
    sources.add("added", true);
    let spliced = sources.splice_into(bytes).expect("a grant that could be read can be written");
    let again = GrantSources::of(&spliced).expect("a grant that was written can be read");
    let found: Vec<_> = again.iter().map(|(id, direct)| (id.to_owned(), direct)).collect();
    assert_eq!(found, expected);
    let Ok(before) = wire::Grant::decode(bytes) else { return };
    let after = wire::Grant::decode(&*spliced).expect("a grant that decoded decodes with its new sources");
    assert_eq!(
        wire::Grant { sources: None, ..after.clone() },
        wire::Grant { sources: None, ..before },
        "only the sources change"
    );
    let added = after.sources.as_ref().and_then(|s| s.sources.get("added"));
    assert!(added.is_some_and(|source| source.is_direct));
    if let Ok(grant) = Grant::from_wire(after) {
        assert!(grant.details.is_some_and(|d| d.sources.contains_key("added")));
    }
}
