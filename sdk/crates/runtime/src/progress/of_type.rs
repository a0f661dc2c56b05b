//! What a phase has of a resource type, and how many actions.

use std::{collections::VecDeque, time::Instant};

/// The actions of a phase.
#[derive(Clone, Copy, Debug)]
pub(super) struct Actions {
    pub(super) done: u64,
    pub(super) known: u64,
    /// How many were done when the first page of this run came, and when that
    /// was.
    pub(super) first: (u64, Instant),
    /// When another one became known for the last time.
    pub(super) grew: Instant,
}

/// The rows of a type that a phase is about.
#[derive(Debug)]
pub(super) struct OfType {
    pub(super) rows: u64,
    /// What the source says there are.
    pub(super) expected: Expected,
    /// When its first page came.
    pub(super) began: Instant,
    /// Rows of the last seconds, the oldest first.
    pub(super) samples: VecDeque<(Instant, u64)>,
}

/// How many rows the source says a type has in this phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// It does not say.
    Untold,
    /// So many.
    Told(u64),
    /// There are several listings, each with its own number.
    Several,
}
