//! Texts that are needed again soon.

use std::{borrow::Borrow, collections::HashMap, hash::Hash, mem, rc::Rc, sync::Arc};

/// What a row that another refers to is printed as; `None` where it is not stored.
pub(crate) type Text = Option<Rc<str>>;

/// Bytes that an entry takes beside its texts, about.
const ENTRY: usize = 160;

/// A key, whose texts take room too.
pub(crate) trait Key: Eq + Hash {
    /// Bytes of its texts.
    fn weight(&self) -> usize;
}

impl Key for Arc<str> {
    fn weight(&self) -> usize {
        self.len()
    }
}

impl Key for (Arc<str>, Arc<str>) {
    fn weight(&self) -> usize {
        self.0.len() + self.1.len()
    }
}

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

impl<K: Key> Cache<K> {
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
        self.weight += ENTRY + key.weight() + text.as_ref().map_or(0, |t| t.len());
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
        let limit = 100 * (ENTRY + 16);
        let mut cache = Cache::new(limit);
        let key = |n: u32| -> Arc<str> { format!("{n:08}").into() };
        cache.insert(key(0), Some("favourite".into()));
        for n in 1..10_000_u32 {
            cache.insert(key(n), Some(format!("{n:08}").into()));
            assert_eq!(cache.get(&key(0)), Some(Some("favourite".into())), "after {n}");
            let weight = |m: &HashMap<Arc<str>, Text>| {
                m.iter().map(|(k, t)| ENTRY + k.len() + t.as_ref().map_or(0, |t| t.len())).sum::<usize>()
            };
            assert!(weight(&cache.young) + weight(&cache.old) <= 2 * limit + ENTRY + 17);
        }
        assert_eq!(cache.get(&key(1)), None, "what nobody asked for is gone");
    }

    #[test]
    fn long_keys_count() {
        let mut cache = Cache::new(1 << 20);
        for n in 0..1_000 {
            cache.insert(Arc::from(format!("{n}{}", "x".repeat(10_000))), None);
        }
        assert!(cache.young.len() + cache.old.len() < 220, "two megabytes of keys, not ten");
    }

    #[test]
    fn a_row_that_is_not_stored_is_remembered() {
        let mut cache = Cache::new(1 << 20);
        cache.insert(Arc::from("a"), None);
        assert_eq!(cache.get("a"), Some(None));
        assert_eq!(cache.get("b"), None);
    }
}
