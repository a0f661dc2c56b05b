//! Rows by sync, kind and resource type.

use std::collections::{BTreeMap, HashMap};

/// Kinds of row that are counted, of all syncs together; beyond, a hostile file would fill the memory with its names.
const MOST: usize = 10_000;

/// What rows are counted by, beside their sync. The word is that of the report.
pub(super) const RESOURCE_TYPES: &str = "resource types";
pub(super) const RESOURCES: &str = "resources";
pub(super) const ENTITLEMENTS: &str = "entitlements";
pub(super) const GRANTS: &str = "grants";
pub(super) const ASSETS: &str = "assets";

/// Counts by kind and resource type.
pub(super) type ByKind = BTreeMap<(&'static str, String), u64>;

/// Rows that were read.
#[derive(Debug, Default)]
pub(super) struct Counts {
    of: HashMap<String, ByKind>,
    kinds: usize,
    overflowed: bool,
}

impl Counts {
    /// Counts a row; `of` is its resource type, or empty.
    pub(super) fn add(&mut self, sync: &str, kind: &'static str, of: &str) {
        if let Some(counts) = self.of.get_mut(sync)
            && let Some(n) = counts.get_mut(&(kind, of.to_owned()))
        {
            *n += 1;
        } else if self.kinds < MOST {
            self.kinds += 1;
            self.of.entry(sync.to_owned()).or_default().insert((kind, of.to_owned()), 1);
        } else {
            self.overflowed = true;
        }
    }

    /// The counts of a sync.
    pub(super) fn of(&self, sync: &str) -> ByKind {
        self.of.get(sync).cloned().unwrap_or_default()
    }

    /// The syncs that rows are of.
    pub(super) fn syncs(&self) -> impl Iterator<Item = &str> {
        self.of.keys().map(String::as_str)
    }

    /// Whether there were more kinds than are counted.
    pub(super) fn overflowed(&self) -> bool {
        self.overflowed
    }
}

/// The rows of a kind, of all resource types.
pub(super) fn sum(counts: &ByKind, kind: &str) -> u64 {
    counts.iter().filter(|((k, _), _)| *k == kind).map(|(_, n)| n).sum()
}
