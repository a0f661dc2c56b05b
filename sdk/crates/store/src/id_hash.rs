//! 96-bit hashes that stand for ids.

use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hash, Hasher},
};

use connector_model::ResourceId;
use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// The hash of an id. Two of a hundred million ids are the same with a chance
/// of one in 10^13, so a hash stands for its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdHash([u32; 3]);

impl Hash for IdHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.short());
    }
}

/// Bytes of a hash in the working database.
const BYTES: usize = 12;

impl IdHash {
    /// Returns the hash of a resource: that of its key in the file, `type:id`.
    pub fn resource(id: &ResourceId) -> Self {
        Self::pair(id.resource_type().as_str(), id.id())
    }

    /// Returns the hash of a resource, by the id of its type and its own.
    pub fn pair(resource_type: &str, id: &str) -> Self {
        Self::of(&[resource_type, ":", id])
    }

    /// Returns the hash of a key in the file, or of a token.
    pub fn text(text: &str) -> Self {
        Self::of(&[text])
    }

    /// Returns the hash of an id in several parts.
    pub fn of(parts: &[&str]) -> Self {
        // The keys need not be secret: ids of one site are not made by an
        // attacker who gains from a collision, and 96 bits leave little room.
        let mut hasher = SipHasher13::new_with_keys(0x9e37_79b9, 0x7f4a_7c15);
        for part in parts {
            hasher.write(part.as_bytes());
        }
        let hash = hasher.finish128();
        #[expect(clippy::cast_possible_truncation, reason = "the hash is cut into its words")]
        Self([hash.h1 as u32, (hash.h1 >> 32) as u32, hash.h2 as u32])
    }

    /// Returns the first 64 bits.
    pub fn short(&self) -> u64 {
        u64::from(self.0[0]) | u64::from(self.0[1]) << 32
    }

    /// Writes hashes one after the other, for the working database.
    pub fn to_bytes(hashes: &[Self]) -> Vec<u8> {
        hashes.iter().flat_map(|h| h.0).flat_map(u32::to_le_bytes).collect()
    }

    /// Reads what [`IdHash::to_bytes`] wrote; an incomplete hash at the end is
    /// ignored.
    pub fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        let word = |b: &[u8]| b.try_into().map_or(0, u32::from_le_bytes);
        let (hashes, _) = bytes.as_chunks::<BYTES>();
        hashes.iter().map(|h| Self([word(&h[..4]), word(&h[4..8]), word(&h[8..])])).collect()
    }
}

/// A hasher that returns the hash that it is given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Passthrough(u64);

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
pub type IdSet = HashSet<IdHash, BuildHasherDefault<Passthrough>>;

#[cfg(test)]
mod tests {
    use connector_model::Result;

    use super::*;

    #[test]
    fn a_resource_has_the_hash_of_its_key_in_the_file() -> Result<()> {
        let ada = ResourceId::new("user", "ada:1")?;
        assert_eq!(IdHash::resource(&ada), IdHash::text(&ada.to_string()));
        assert_ne!(IdHash::resource(&ada), IdHash::text("user:ada"));
        Ok(())
    }

    #[test]
    fn hashes_come_back_from_their_bytes() {
        let hashes: Vec<_> = ["a", "b", "a much longer id"].map(IdHash::text).into();
        let bytes = IdHash::to_bytes(&hashes);
        assert_eq!((bytes.len(), IdHash::from_bytes(&bytes)), (3 * BYTES, hashes));
    }
}
