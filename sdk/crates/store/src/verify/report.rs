//! What was found.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde::Serialize;

use crate::{Ledger, SyncType};

/// Kinds of detail that a sync is counted by; beyond, a hostile file would fill the memory with its type names.
const MAX_DETAILS: usize = 10_000;

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The file's name, without its folder.
    pub file: String,
    /// Bytes of the packed file.
    pub bytes: u64,
    /// The syncs, in the order they are stored.
    pub syncs: Vec<SyncReport>,
    /// Broken rules; none in a sound file.
    pub errors: Vec<Problem>,
    /// What may be right and is worth a look.
    pub warnings: Vec<Problem>,
}

impl Report {
    /// Whether no rule is broken.
    pub fn is_sound(&self) -> bool {
        self.errors.is_empty()
    }
}

/// A kind of problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What is wrong.
    pub kind: String,
    /// How often.
    pub count: u64,
    /// One place where it is so.
    pub example: String,
}

/// What a sync holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// Its id.
    pub sync_id: String,
    /// What it covers.
    pub sync_type: SyncType,
    /// Whether it has an end.
    pub ended: bool,
    /// Resources.
    pub resources: u64,
    /// Entitlements.
    pub entitlements: u64,
    /// Grants.
    pub grants: u64,
    /// Whether it is complete: `complete`, `skipped: …`, `incomplete: …`, or `unknown (…)` with why.
    pub completeness: String,
    /// Its completeness ledger, where it has one to go by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Ledger>,
    /// Counts by kind and type (`grants/group`), and of grants that are expandable or have sources.
    pub detail: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
}

/// Collects problems by kind and counts by sync.
pub(super) struct Reporter {
    file: String,
    bytes: u64,
    problems: Vec<(Level, Problem)>,
    details: HashMap<String, BTreeMap<String, u64>>,
}

impl Reporter {
    pub(super) fn new(path: &Path, bytes: u64) -> Self {
        let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Self { file, bytes, problems: Vec::new(), details: HashMap::new() }
    }

    pub(super) fn add(&mut self, level: Level, kind: &str, example: &str) {
        match self.problems.iter_mut().find(|(l, p)| *l == level && p.kind == kind) {
            Some((_, problem)) => problem.count += 1,
            None => {
                let example = example.chars().take(200).collect();
                self.problems.push((level, Problem { kind: kind.to_owned(), count: 1, example }));
            }
        }
    }

    pub(super) fn count(&mut self, sync: &str, what: &str, of: &str) {
        if !self.details.contains_key(sync) && self.details.len() >= MAX_DETAILS {
            return;
        }
        let details = self.details.entry(sync.to_owned()).or_default();
        let name = if of.is_empty() { what.to_owned() } else { format!("{what}/{of}") };
        if let Some(n) = details.get_mut(&name) {
            *n += 1;
        } else if details.len() < MAX_DETAILS {
            details.insert(name, 1);
        } else {
            *details.entry(format!("{what}/…")).or_default() += 1;
        }
    }

    /// A sync's counts by kind and type.
    pub(super) fn details(&self, sync: &str) -> BTreeMap<String, u64> {
        self.details.get(sync).cloned().unwrap_or_default()
    }

    pub(super) fn finish(self, syncs: Vec<SyncReport>) -> Report {
        let of = |level| self.problems.iter().filter(|(l, _)| *l == level).map(|(_, p)| p.clone()).collect();
        Report {
            errors: of(Level::Error),
            warnings: of(Level::Warning),
            file: self.file,
            bytes: self.bytes,
            syncs,
        }
    }
}
