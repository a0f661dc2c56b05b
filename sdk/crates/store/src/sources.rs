//! Where a grant comes from: `c1.connector.v2.Grant.sources`, read from and put into an encoded grant whose other bytes
//! stay as they are.

use std::{borrow::Cow, collections::BTreeMap};

use connector_model::{Error, ErrorKind, Result};
use prost::DecodeError;

use crate::{
    encode::{GRANT_SOURCES_MAP, MAP_KEY, MAP_VALUE, SOURCES, put_len, put_text, text_len},
    message::{Field, fields},
};

/// `c1.connector.v2.GrantSources.GrantSource.is_direct`.
const IS_DIRECT: u32 = 1;
/// The field `is_direct` that says true.
const DIRECT: [u8; 2] = [8, 1];

/// The sources of a grant that is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantSources<'a> {
    by_id: BTreeMap<Cow<'a, str>, Source<'a>>,
    /// Fields of the list that are no entries of its map.
    unknown: Vec<&'a [u8]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Source<'a> {
    is_direct: bool,
    /// The message's bytes, as stored.
    value: Cow<'a, [u8]>,
}

impl<'a> GrantSources<'a> {
    /// Reads the sources of an encoded grant.
    pub fn of(grant: &'a [u8]) -> Result<Self> {
        Self::read(grant).map_err(|e| {
            Error::new(ErrorKind::DataLoss, "a stored grant is no message of its type").caused_by(e)
        })
    }

    fn read(grant: &'a [u8]) -> Result<Self, DecodeError> {
        let mut sources = Self::default();
        for field in fields(grant) {
            let field = field?;
            if field.number == SOURCES && field.is_delimited {
                for entry in fields(field.value) {
                    sources.add_entry(entry?)?;
                }
            }
        }
        Ok(sources)
    }

    fn add_entry(&mut self, entry: Field<'a>) -> Result<(), DecodeError> {
        if entry.number != GRANT_SOURCES_MAP || !entry.is_delimited {
            self.unknown.push(entry.raw);
            return Ok(());
        }
        let (mut id, mut value) = (Cow::Borrowed(""), &[][..]);
        for part in fields(entry.value) {
            let part = part?;
            match part.number {
                MAP_KEY => id = String::from_utf8_lossy(part.value),
                MAP_VALUE => value = part.value,
                _ => {}
            }
        }
        let mut is_direct = false;
        for part in fields(value) {
            let part = part?;
            if part.number == IS_DIRECT && !part.is_delimited {
                is_direct = part.value.iter().any(|b| b & 0x7f != 0);
            }
        }
        // As with every map, the last entry of a key counts.
        self.by_id.insert(id, Source { is_direct, value: value.into() });
        Ok(())
    }

    /// Whether there is none, which means that the grant is direct.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Whether an entitlement is among them.
    pub fn contains(&self, entitlement: &str) -> bool {
        self.by_id.contains_key(entitlement)
    }

    /// The entitlements with whether they are held directly, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, bool)> {
        self.by_id.iter().map(|(id, source)| (&**id, source.is_direct))
    }

    /// Adds a source. One that is there stays, but becomes direct where the new one is. Says whether anything changed.
    pub fn add(&mut self, entitlement: &'a str, is_direct: bool) -> bool {
        let direct = || if is_direct { DIRECT.to_vec() } else { Vec::new() };
        match self.by_id.get_mut(entitlement) {
            None => {
                self.by_id.insert(entitlement.into(), Source { is_direct, value: direct().into() });
                true
            }
            Some(source) if is_direct && !source.is_direct => {
                let mut value = direct();
                let others = fields(&source.value).filter_map(Result::ok).filter(|f| f.number != IS_DIRECT);
                others.for_each(|f| value.extend_from_slice(f.raw));
                *source = Source { is_direct, value: value.into() };
                true
            }
            Some(_) => false,
        }
    }

    /// The grant's message with these sources in it, in the place of those that it had, else in the order of fields.
    pub fn splice_into(&self, grant: &[u8]) -> Result<Vec<u8>> {
        let mut own = Vec::new();
        put_map(self.by_id.iter().map(|(id, source)| (&**id, &*source.value)), &self.unknown, &mut own);
        let mut spliced = Vec::with_capacity(grant.len() + own.len());
        for field in fields(grant) {
            let field = field.map_err(|e| {
                Error::new(ErrorKind::DataLoss, "a stored grant is no message of its type").caused_by(e)
            })?;
            if field.number >= SOURCES {
                spliced.append(&mut own);
            }
            if field.number != SOURCES {
                spliced.extend_from_slice(field.raw);
            }
        }
        spliced.append(&mut own);
        Ok(spliced)
    }
}

/// Encodes sources as the field of a grant. They must come in ascending order of their ids, each once.
pub fn encode_sources<'s>(sources: impl IntoIterator<Item = (&'s str, bool)>) -> Vec<u8> {
    let mut out = Vec::new();
    let values = sources.into_iter().map(|(id, direct)| (id, if direct { &DIRECT[..] } else { &[][..] }));
    put_map(values, &[], &mut out);
    out
}

/// The value of an entry is written even where it is empty: prost leaves it out, and the writers and readers of other
/// languages don't.
pub(crate) fn put_map<'s>(
    sources: impl Iterator<Item = (&'s str, &'s [u8])>,
    unknown: &[&[u8]],
    out: &mut Vec<u8>,
) {
    let mut map = Vec::new();
    for (id, value) in sources {
        let value_len = 1 + prost::encoding::encoded_len_varint(value.len() as u64) + value.len();
        put_len(GRANT_SOURCES_MAP, text_len(id) + value_len, &mut map);
        put_text(MAP_KEY, id, &mut map);
        put_len(MAP_VALUE, value.len(), &mut map);
        map.extend_from_slice(value);
    }
    unknown.iter().for_each(|raw| map.extend_from_slice(raw));
    put_len(SOURCES, map.len(), out);
    out.extend_from_slice(&map);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use connector_model::wire;
    use proptest::{collection::btree_map, prelude::*};
    use prost::Message as _;

    use super::*;

    fn grant(sources: &BTreeMap<String, bool>) -> wire::Grant {
        let source = |(id, is_direct): (&String, &bool)| {
            (id.clone(), wire::grant_sources::GrantSource { is_direct: *is_direct })
        };
        wire::Grant {
            id: "g".into(),
            annotations: vec![connector_proto::any::pack(&wire::GrantImmutable::default())],
            sources: (!sources.is_empty())
                .then(|| wire::GrantSources { sources: sources.iter().map(source).collect() }),
            ..Default::default()
        }
    }

    proptest! {
        /// The oracle is the generated code of the message, and a map of the standard library.
        #[test]
        fn what_is_spliced_is_what_the_message_says(
            old in btree_map("[a-f]{0,3}", any::<bool>(), 0..6),
            new in btree_map("[a-f]{0,3}", any::<bool>(), 0..6),
        ) {
            let stored = grant(&old).encode_to_vec();
            let mut sources = GrantSources::of(&stored).unwrap();
            prop_assert_eq!(sources.is_empty(), old.is_empty());
            let mut wanted = old.clone();
            for (id, direct) in &new {
                let entry = wanted.entry(id.clone()).or_default();
                let changes = !old.contains_key(id) || (*direct && !old[id]);
                *entry |= *direct;
                prop_assert_eq!(sources.add(id, *direct), changes);
            }
            let spliced = sources.splice_into(&stored).unwrap();
            if wanted.is_empty() {
                prop_assert!(sources.iter().next().is_none());
            } else {
                prop_assert_eq!(wire::Grant::decode(&*spliced).unwrap(), grant(&wanted));
                let encoded = encode_sources(wanted.iter().map(|(id, direct)| (&**id, *direct)));
                prop_assert!(spliced.ends_with(&encoded));
            }
        }

        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(mut sources) = GrantSources::of(&bytes) {
                sources.add("a", true);
                let spliced = sources.splice_into(&bytes).unwrap();
                prop_assert!(GrantSources::of(&spliced).unwrap().contains("a"));
            }
        }
    }

    #[test]
    fn what_is_unknown_keeps_its_bytes_and_place() {
        // Field 3 "g"; field 5 with an entry "b" whose value has an unknown field 9, and with a field 7; field 6.
        let stored = b"\x1a\x01g\x2a\x0b\x0a\x07\x0a\x01b\x12\x02\x48\x05\x38\x01\x32\x01x";
        let mut sources = GrantSources::of(stored).unwrap();
        assert_eq!(sources.iter().collect::<Vec<_>>(), [("b", false)]);
        assert_eq!(sources.splice_into(stored).unwrap(), stored);
        assert!(sources.add("b", true) && sources.add("a", false) && !sources.add("b", false));
        assert_eq!(
            sources.splice_into(stored).unwrap(),
            b"\x1a\x01g\x2a\x14\x0a\x05\x0a\x01a\x12\x00\x0a\x09\x0a\x01b\x12\x04\x08\x01\x48\x05\x38\x01\x32\x01x"
        );
        // Without sources they come before the first later field, in a message without id and principal too.
        let spliced = sources.splice_into(b"\x32\x01x").unwrap();
        assert!(spliced.starts_with(b"\x2a\x14") && spliced.ends_with(b"\x32\x01x"));
    }
}
