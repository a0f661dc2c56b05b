//! Ids as numbers.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::BuildHasherDefault,
};

use connector_store::{IdHash, Passthrough};

/// Ids in the order they came in, each once; their texts lie in one string.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    numbers: HashMap<IdHash, u32, BuildHasherDefault<Passthrough>>,
    texts: String,
    ends: Vec<usize>,
}

impl Interner {
    /// The number of an id, which is made where it is new. `kind` distinguishes ids of the same text.
    pub(crate) fn number(&mut self, kind: &str, text: &str) -> u32 {
        let new = self.ends.len() as u32;
        match self.numbers.entry(IdHash::of(&[kind, text])) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                unknown.insert(new);
                self.texts.push_str(text);
                self.ends.push(self.texts.len());
                new
            }
        }
    }

    /// The number of an id that came in before.
    pub(crate) fn known(&self, kind: &str, text: &str) -> Option<u32> {
        self.numbers.get(&IdHash::of(&[kind, text])).copied()
    }

    /// The text of a number.
    pub(crate) fn text(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[start..self.ends[number]]
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all texts.
    pub(crate) fn bytes(&self) -> usize {
        self.texts.len()
    }

    /// The place of each number in the order of the texts.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let mut sorted: Vec<u32> = (0..self.len() as u32).collect();
        sorted.sort_unstable_by_key(|number| self.text(*number));
        let mut ranks = vec![0; sorted.len()];
        for (rank, number) in sorted.into_iter().enumerate() {
            ranks[number as usize] = rank as u32;
        }
        ranks
    }
}

/// Principals and the types they are of, as numbers.
#[derive(Debug, Default)]
pub(crate) struct Principals {
    ids: Interner,
    types: Interner,
    /// The type of each principal.
    type_of: Vec<u32>,
}

impl Principals {
    pub(crate) fn number(&mut self, resource_type: &str, id: &str) -> u32 {
        let number = self.ids.number(resource_type, id);
        if number as usize == self.type_of.len() {
            let resource_type = self.type_number(resource_type);
            self.type_of.push(resource_type);
        }
        number
    }

    pub(crate) fn type_number(&mut self, resource_type: &str) -> u32 {
        self.types.number("", resource_type)
    }

    pub(crate) fn type_of(&self) -> &[u32] {
        &self.type_of
    }

    /// The types, by number.
    pub(crate) fn types(&self) -> impl Iterator<Item = &str> {
        (0..self.types.len() as u32).map(|number| self.types.text(number))
    }

    pub(crate) fn id_text(&self, principal: u32) -> &str {
        self.ids.text(principal)
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Bytes of all ids and types.
    pub(crate) fn bytes(&self) -> usize {
        self.ids.bytes() + self.types.bytes()
    }

    /// `type:id`, for people.
    pub(crate) fn shown(&self, principal: u32) -> String {
        format!("{}:{}", self.types.text(self.type_of[principal as usize]), self.ids.text(principal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_number_and_its_text() {
        let mut names = Interner::default();
        assert_eq!(["b", "", "zo\u{eb}", "b", "a"].map(|t| names.number("", t)), [0, 1, 2, 0, 3]);
        assert_eq!([0, 1, 2, 3].map(|n| names.text(n)), ["b", "", "zo\u{eb}", "a"]);
        assert_eq!(names.ranks(), [2, 0, 3, 1]);
        assert_eq!((names.known("", "a"), names.known("", "c")), (Some(3), None));
    }

    #[test]
    fn two_types_may_have_the_same_id() {
        let mut principals = Principals::default();
        assert_eq!(principals.number("user", "1"), 0);
        assert_eq!(principals.number("group", "1"), 1);
        assert_eq!(principals.number("user", "1"), 0);
        assert_eq!((principals.shown(1), principals.type_of()), ("group:1".to_owned(), &[0, 1][..]));
    }
}
