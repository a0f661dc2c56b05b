//! Tableau's identifiers, made from an index and turned back into it.

use std::{fmt, str::FromStr};

use super::hash::{mix, scramble, unscramble};

/// A "locally unique identifier": what Tableau calls the ids of users, groups and sites,
/// written like a UUID in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Luid(u128);

impl Luid {
    /// Appends the 36 characters of the id.
    pub(crate) fn push_to(self, out: &mut String) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        for (position, byte) in self.0.to_be_bytes().into_iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                out.push('-');
            }
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

impl fmt::Display for Luid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(36);
        self.push_to(&mut text);
        f.write_str(&text)
    }
}

impl fmt::Debug for Luid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text was not 32 hexadecimal digits in UUID form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotALuid;

impl fmt::Display for NotALuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id has the form 00000000-0000-0000-0000-000000000000")
    }
}

impl std::error::Error for NotALuid {}

impl FromStr for Luid {
    type Err = NotALuid;

    fn from_str(text: &str) -> Result<Self, NotALuid> {
        let bytes = text.as_bytes();
        if bytes.len() != 36 {
            return Err(NotALuid);
        }
        let mut value = 0u128;
        for (position, byte) in bytes.iter().enumerate() {
            if matches!(position, 8 | 13 | 18 | 23) {
                if *byte != b'-' {
                    return Err(NotALuid);
                }
                continue;
            }
            let digit = char::from(*byte).to_digit(16).ok_or(NotALuid)?;
            value = value << 4 | u128::from(digit);
        }
        Ok(Self(value))
    }
}

impl serde::Serialize for Luid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The ids of one kind of object under one seed.
///
/// The first 32 bits carry the index, scrambled; the rest is a hash of it. So an id is found
/// again by arithmetic, however many objects there are, and a made-up id is recognised.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LuidSpace {
    key: u64,
}

impl LuidSpace {
    pub(crate) fn new(seed: u64, kind: &str) -> Self {
        let kind = kind.bytes().fold(0, |sum, byte| sum << 8 | u64::from(byte));
        Self { key: mix(&[seed, kind]) }
    }

    pub(crate) fn id(self, index: u32) -> Luid {
        let head = u128::from(scramble(index, self.short_key()));
        let upper = u128::from(mix(&[self.key, u64::from(index), 1]) & 0xffff_ffff);
        let lower = u128::from(mix(&[self.key, u64::from(index), 2]));
        let value = head << 96 | upper << 64 | lower;
        // Version 4 and variant 1, RFC 9562 §4.1 and §4.2.
        let value = value & !(0xf << 76) | 0x4 << 76;
        Luid(value & !(0x3 << 62) | 0x2 << 62)
    }

    pub(crate) fn index(self, id: Luid) -> Option<u32> {
        let head = u32::try_from(id.0 >> 96).ok()?;
        let index = unscramble(head, self.short_key());
        (self.id(index) == id).then_some(index)
    }

    fn short_key(self) -> u32 {
        u32::try_from(self.key >> 32).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_leads_back_to_its_index(seed: u64, index: u32) {
            let space = LuidSpace::new(seed, "user");
            prop_assert_eq!(space.index(space.id(index)), Some(index));
        }

        #[test]
        fn an_id_survives_its_text(seed: u64, index: u32) {
            let id = LuidSpace::new(seed, "group").id(index);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn ids_of_another_kind_or_seed_are_unknown() {
        let id = LuidSpace::new(1, "user").id(7);
        assert_eq!(LuidSpace::new(1, "group").index(id), None);
        assert_eq!(LuidSpace::new(2, "user").index(id), None);
    }

    #[test]
    fn text_that_is_no_id_is_refused() {
        for text in ["", "x", "0000000-00000-0000-0000-000000000000", "zzzzzzzz-0000-0000-0000-000000000000"]
        {
            assert_eq!(text.parse::<Luid>(), Err(NotALuid), "{text}");
        }
    }
}
