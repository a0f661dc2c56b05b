//! What was found.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use crate::{Ledger, SyncType};

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

/// Collects problems by kind.
pub(super) struct Reporter {
    file: String,
    bytes: u64,
    problems: Vec<(Level, Problem)>,
}

impl Reporter {
    pub(super) fn new(path: &Path, bytes: u64) -> Self {
        let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        Self { file, bytes, problems: Vec::new() }
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
