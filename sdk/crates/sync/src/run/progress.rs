//! What can be seen of a sync while it works, and what it says at the end.

use std::{path::PathBuf, time::Duration};

/// The phases of a sync, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Resources of every type, and the ones inside them.
    Resources,
    /// Entitlements that all resources of a type have alike.
    StaticEntitlements,
    /// Entitlements of each resource.
    Entitlements,
    /// Grants of each resource.
    Grants,
    /// Grants to principals of another file are matched.
    External,
    /// Grants are expanded: who holds one entitlement by holding another.
    Expansion,
    /// The finished file is made: kept syncs, indexes, statistics, packing.
    Seal,
}

impl Phase {
    /// All phases, in their order.
    pub const ALL: [Self; 7] = [
        Self::Resources,
        Self::StaticEntitlements,
        Self::Entitlements,
        Self::Grants,
        Self::External,
        Self::Expansion,
        Self::Seal,
    ];

    /// A word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::StaticEntitlements => "static entitlements",
            Self::Entitlements => "entitlements",
            Self::Grants => "grants",
            Self::External => "external principals",
            Self::Expansion => "expansion",
            Self::Seal => "seal",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A run that was stopped or killed is gone on with.
    Resumed {
        /// The phase in which it goes on.
        phase: Phase,
        /// What was read and is there already.
        totals: Totals,
        /// How long ago the sync was begun.
        age: Duration,
    },
    /// The files of an earlier run are there and were not gone on with;
    /// everything is read again.
    StartedAgain {
        /// Why, as half a sentence.
        reason: String,
    },
    /// A phase began.
    PhaseStarted {
        /// Which.
        phase: Phase,
    },
    /// A page was read and taken in.
    Page {
        /// In which phase.
        phase: Phase,
        /// The resource type whose syncer was asked.
        resource_type: String,
        /// Everything that was taken in so far.
        totals: Totals,
        /// How much of this phase is known to be ahead: actions done and
        /// known, the second of which may still grow.
        done: u64,
        /// Actions known so far.
        known: u64,
        /// How many rows the listing has that the page is of, where the source
        /// says so.
        expected: Option<u64>,
    },
    /// What was read so far is safe: should this run end here, the next one
    /// goes on from it.
    Committed {
        /// What is safe.
        totals: Totals,
    },
    /// Grants were expanded, and what came of it so far was written.
    Expanded {
        /// Entitlements that are done.
        done: u64,
        /// Entitlements that others give to.
        total: u64,
        /// Grants that were written.
        written: u64,
    },
    /// The run failed, and the next one can go on with what it left.
    Kept {
        /// Where that is.
        folder: PathBuf,
    },
    /// A step of the seal began: `indexes`, `pack` and so on.
    SealStep {
        /// Its name.
        step: &'static str,
    },
    /// A connector or the engine wants a person to know something. Told
    /// once a sentence, however often it comes.
    Warning {
        /// The sentence.
        message: String,
    },
}

/// Rows taken in so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Totals {
    /// Pages of the connector.
    pub pages: u64,
    /// Resources.
    pub resources: u64,
    /// Entitlements.
    pub entitlements: u64,
    /// Grants.
    pub grants: u64,
}

/// Who is told of what happens. Must not block: it is called between pages.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event);
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: &Event) {}
}
