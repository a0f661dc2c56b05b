//! Texts that are needed again soon.

use std::{borrow::Borrow, collections::HashMap, hash::Hash, mem, rc::Rc};

/// What a row that another refers to is printed as; `None` where it is not stored.
pub(crate) type Text = Option<Rc<str>>;

/// Bytes that an entry takes beside its text, about.
const ENTRY: usize = 160;

/// A map of bounded size that forgets what was not asked for in a while.
///
/// It has two generations: what is used moves to the young one, and once that is full it becomes the old one, whose
/// entries go.
#[derive(Debug)]
pub(crate) struct Cache<K> {
    young: HashMap<K, Text>,
    old: HashMap<K, Text>,
    weight: usize,
    limit: usize,
}

impl<K: Eq + Hash> Cache<K> {
    /// A cache of at most twice `limit` bytes, or of two texts that are longer.
    pub(crate) fn new(limit: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), weight: 0, limit }
    }

    /// The text of a key, where it is known.
    pub(crate) fn get<Q>(&mut self, key: &Q) -> Option<Text>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(text) = self.young.get(key) {
            return Some(text.clone());
        }
        let (key, text) = self.old.remove_entry(key)?;
        self.insert(key, text.clone());
        Some(text)
    }

    pub(crate) fn insert(&mut self, key: K, text: Text) {
        self.weight += ENTRY + text.as_ref().map_or(0, |t| t.len());
        self.young.insert(key, text);
        if self.weight > self.limit {
            self.old = mem::take(&mut self.young);
            self.weight = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_within_its_bound_and_keeps_what_is_used() {
        let limit = 100 * (ENTRY + 8);
        let mut cache = Cache::new(limit);
        cache.insert(0, Some("favourite".into()));
        for n in 1..10_000_u32 {
            cache.insert(n, Some(format!("{n:08}").into()));
            assert_eq!(cache.get(&0), Some(Some("favourite".into())), "after {n}");
            let weight = |m: &HashMap<u32, Text>| {
                m.values().map(|t| ENTRY + t.as_ref().map_or(0, |t| t.len())).sum::<usize>()
            };
            assert!(weight(&cache.young) + weight(&cache.old) <= 2 * limit + ENTRY + 8);
        }
        assert_eq!(cache.get(&1), None, "what nobody asked for is gone");
    }

    #[test]
    fn a_row_that_is_not_stored_is_remembered() {
        let mut cache = Cache::new(1 << 20);
        cache.insert("a", None);
        assert_eq!(cache.get("a"), Some(None));
        assert_eq!(cache.get("b"), None);
    }
}
