//! What is known and what is only referred to, by 128-bit hashes: sixteen
//! bytes an id, whatever its length.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hash, Hasher},
    sync::{PoisonError, RwLock},
};

use connector_model::ResourceId;
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::ingest::Ingested;

/// The hash of an id. Two of a hundred million ids are the same with a chance
/// of one in 10^22, so a hash stands for its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IdHash(u128);

impl Hash for IdHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        #[expect(clippy::cast_possible_truncation, reason = "half of a good hash is a good hash")]
        state.write_u64(self.0 as u64);
    }
}

impl IdHash {
    /// Of a resource.
    pub(crate) fn resource(id: &ResourceId) -> Self {
        Self::of(&[id.resource_type().as_str(), id.id()])
    }

    /// Of a resource, by the id of its type and its own.
    pub(crate) fn pair(resource_type: &str, id: &str) -> Self {
        Self::of(&[resource_type, id])
    }

    /// Of an entitlement, a grant or a token.
    pub(crate) fn text(text: &str) -> Self {
        Self::of(&[text])
    }

    fn of(parts: &[&str]) -> Self {
        // The keys need not be secret: ids of one site are not made by an
        // attacker who gains from a collision, and 128 bits leave no room.
        let mut hasher = SipHasher13::new_with_keys(0x9e37_79b9, 0x7f4a_7c15);
        for part in parts {
            hasher.write_usize(part.len());
            hasher.write(part.as_bytes());
        }
        Self(hasher.finish128().as_u128())
    }
}

/// A hash is hashed already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Passthrough(u64);

impl Hasher for Passthrough {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {}
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// A set of hashes.
pub(crate) type IdSet = HashSet<IdHash, BuildHasherDefault<Passthrough>>;

/// How many examples of a dangling reference are kept for the summary.
const EXAMPLES: usize = 3;

/// What was stored, and what was referred to before it was.
#[derive(Debug, Default)]
pub(crate) struct References {
    resources: RwLock<IdSet>,
    entitlements: RwLock<IdSet>,
    waiting: RwLock<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    principals: HashMap<IdHash, Option<String>, BuildHasherDefault<Passthrough>>,
    entitlements: HashMap<IdHash, Option<String>, BuildHasherDefault<Passthrough>>,
}

/// A kind of reference with nothing at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dangling {
    pub(crate) what: &'static str,
    pub(crate) count: usize,
    pub(crate) examples: Vec<String>,
}

impl References {
    /// Whether a resource was stored.
    pub(crate) fn has_resource(&self, id: IdHash) -> bool {
        self.resources.read().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    /// Takes in what a page brings and what it refers to.
    pub(crate) fn page_read(&self, page: &Ingested) {
        if !page.resource_ids.is_empty() {
            self.resources.write().unwrap_or_else(PoisonError::into_inner).extend(&page.resource_ids);
        }
        self.store_entitlements(page.entitlement_ids.iter().copied());
        self.refer_to_principals(page.principals.iter().map(|(hash, id)| (*hash, id)));
        for (hash, id) in &page.granted {
            self.refer_to_entitlement(*hash, id);
        }
    }

    /// Entitlements that are stored now.
    pub(crate) fn store_entitlements(&self, ids: impl IntoIterator<Item = IdHash>) {
        self.entitlements.write().unwrap_or_else(PoisonError::into_inner).extend(ids);
    }

    /// Principals that grants are to; the name is only made where needed.
    fn refer_to_principals<'a>(&self, ids: impl Iterator<Item = (IdHash, &'a ResourceId)>) {
        let known = self.resources.read().unwrap_or_else(PoisonError::into_inner);
        let mut unknown = ids.filter(|(hash, _)| !known.contains(hash)).peekable();
        if unknown.peek().is_some() {
            let mut waiting = self.waiting.write().unwrap_or_else(PoisonError::into_inner);
            for (hash, id) in unknown {
                note(&mut waiting.principals, hash, || id.to_string());
            }
        }
    }

    /// An entitlement that a grant is of.
    fn refer_to_entitlement(&self, hash: IdHash, id: &str) {
        if !self.entitlements.read().unwrap_or_else(PoisonError::into_inner).contains(&hash) {
            let mut waiting = self.waiting.write().unwrap_or_else(PoisonError::into_inner);
            note(&mut waiting.entitlements, hash, || id.to_owned());
        }
    }

    /// What still has nothing at its end, now that all is there.
    pub(crate) fn dangling(&self) -> Vec<Dangling> {
        let waiting = self.waiting.read().unwrap_or_else(PoisonError::into_inner);
        let resources = self.resources.read().unwrap_or_else(PoisonError::into_inner);
        let entitlements = self.entitlements.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for (what, waiting, known) in [
            ("principals", &waiting.principals, &*resources),
            ("entitlements", &waiting.entitlements, &*entitlements),
        ] {
            let missing: Vec<_> = waiting.iter().filter(|(hash, _)| !known.contains(*hash)).collect();
            if !missing.is_empty() {
                let mut examples: Vec<_> = missing.iter().filter_map(|(_, name)| (*name).clone()).collect();
                examples.sort();
                examples.truncate(EXAMPLES);
                found.push(Dangling { what, count: missing.len(), examples });
            }
        }
        found
    }
}

fn note(
    waiting: &mut HashMap<IdHash, Option<String>, BuildHasherDefault<Passthrough>>,
    hash: IdHash,
    name: impl FnOnce() -> String,
) {
    // Names are kept for a few hundred: most find their end, and a few of the
    // rest are enough for a person.
    let room = waiting.len() < 256;
    waiting.entry(hash).or_insert_with(|| room.then(name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_later_is_not_dangling() -> connector_model::Result<()> {
        let references = References::default();
        let (ada, bob) = (ResourceId::new("user", "ada")?, ResourceId::new("user", "bob")?);
        let pairs = [&ada, &bob].map(|id| (IdHash::resource(id), id));
        references.refer_to_principals(pairs.into_iter());
        references.refer_to_entitlement(IdHash::text("e"), "e");
        assert_eq!(references.dangling().len(), 2);
        references.page_read(&Ingested { resource_ids: vec![IdHash::resource(&ada)], ..Ingested::default() });
        references.store_entitlements([IdHash::text("e")]);
        let left = references.dangling();
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].count, left[0].examples.as_slice()), (1, &["user:bob".to_owned()][..]));
        Ok(())
    }

    #[test]
    fn the_border_between_type_and_id_counts() -> connector_model::Result<()> {
        let (a, b) = (ResourceId::new("ab", "c")?, ResourceId::new("a", "bc")?);
        assert_ne!(IdHash::resource(&a), IdHash::resource(&b));
        Ok(())
    }
}
