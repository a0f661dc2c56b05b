//! What a person should know at the end, counted.

use std::collections::BTreeMap;

/// Different sentences that are kept; more are only counted.
const MOST: usize = 200;

/// Warnings by their sentence.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Warnings {
    counts: BTreeMap<String, u64>,
    more: u64,
}

impl Warnings {
    /// Counts a sentence; says whether it is a new one.
    pub(crate) fn add(&mut self, message: &str) -> bool {
        if let Some(count) = self.counts.get_mut(message) {
            *count += 1;
            return false;
        }
        if self.counts.len() >= MOST {
            self.more += 1;
            return false;
        }
        self.counts.insert(message.to_owned(), 1);
        true
    }

    pub(crate) fn add_many(&mut self, message: &str, count: u64) {
        *self.counts.entry(message.to_owned()).or_default() += count;
    }

    pub(crate) fn into_list(self) -> Vec<(String, u64)> {
        let mut list: Vec<_> = self.counts.into_iter().collect();
        if self.more > 0 {
            list.push(("other warnings".to_owned(), self.more));
        }
        list
    }
}
