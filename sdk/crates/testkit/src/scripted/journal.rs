//! What was asked of scripted connectors, and what came of it.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use connector_model::ErrorKind;

use super::{Ask, At};

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is under way, or was given up.
    Open,
    /// The engine got the answer.
    Answered,
    /// It failed before anything was read.
    Failed(ErrorKind),
    /// It was carried out, and the answer was lost on its way.
    Lost(ErrorKind),
    /// It panicked.
    Panicked,
}

/// A call, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The call.
    pub ask: Ask,
    /// Which of the connectors that share the journal was asked, from 1.
    pub run: u32,
    /// What came of it.
    pub outcome: Outcome,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in run {}: {:?}", self.ask, self.run, self.outcome)
    }
}

/// Calls in the order in which they began. Between workers that order means
/// nothing; sort where it must be the same each time.
#[derive(Debug, Default)]
pub struct Journal(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: Vec<Entry>,
    attempts: BTreeMap<(At, usize), u32>,
    runs: u32,
    in_flight: usize,
    most_in_flight: usize,
}

impl Journal {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A scripted panic happens outside of the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin_run(&self) -> u32 {
        let mut inner = self.lock();
        inner.runs += 1;
        inner.runs
    }

    /// Writes a call down; gives its place and its identity.
    pub(super) fn begin(&self, at: At, page: usize, run: u32) -> (usize, Ask) {
        let mut inner = self.lock();
        let attempts = inner.attempts.entry((at.clone(), page)).or_default();
        *attempts += 1;
        let ask = Ask { at, page, attempt: *attempts };
        inner.entries.push(Entry { ask: ask.clone(), run, outcome: Outcome::Open });
        inner.in_flight += 1;
        inner.most_in_flight = inner.most_in_flight.max(inner.in_flight);
        (inner.entries.len() - 1, ask)
    }

    pub(super) fn settle(&self, place: usize, outcome: Outcome) {
        if let Some(entry) = self.lock().entries.get_mut(place) {
            entry.outcome = outcome;
        }
    }

    pub(super) fn end(&self) {
        self.lock().in_flight -= 1;
    }

    /// Every call with what came of it.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.clone()
    }

    /// Every call.
    pub fn asked(&self) -> Vec<Ask> {
        self.lock().entries.iter().map(|e| e.ask.clone()).collect()
    }

    /// How often a page was asked for.
    pub fn times(&self, at: &At, page: usize) -> u32 {
        self.lock().attempts.get(&(at.clone(), page)).copied().unwrap_or(0)
    }

    /// Calls for a page that an earlier call had answered, in order of
    /// identity: where it is empty, no page was asked for twice without need.
    pub fn asked_again(&self) -> Vec<Ask> {
        let inner = self.lock();
        let mut answered = std::collections::BTreeSet::new();
        let mut again = Vec::new();
        for entry in &inner.entries {
            let page = (&entry.ask.at, entry.ask.page);
            if answered.contains(&page) {
                again.push(entry.ask.clone());
            }
            if entry.outcome == Outcome::Answered {
                answered.insert(page);
            }
        }
        again.sort();
        again
    }

    /// The most calls that were under way at once.
    pub fn most_in_flight(&self) -> usize {
        self.lock().most_in_flight
    }
}
