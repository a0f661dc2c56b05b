//! What can be seen of a sync while it works, and what it says at the end.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

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
    /// The finished file is made: kept syncs, indexes, statistics, packing.
    Seal,
}

impl Phase {
    /// All phases, in their order.
    pub const ALL: [Self; 5] =
        [Self::Resources, Self::StaticEntitlements, Self::Entitlements, Self::Grants, Self::Seal];

    /// A word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::StaticEntitlements => "static entitlements",
            Self::Entitlements => "entitlements",
            Self::Grants => "grants",
            Self::Seal => "seal",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
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
        /// How many rows the source says the page's listing has.
        expected: Option<u64>,
    },
    /// What was taken in so far is safe: a run that is killed now is gone on
    /// with from here.
    Committed {
        /// Everything up to here.
        totals: Totals,
    },
    /// A sync that an earlier run left is gone on with.
    Resumed {
        /// The phase that it was in.
        phase: Phase,
        /// What it had taken in.
        totals: Totals,
        /// How long ago it was begun.
        age: Duration,
    },
    /// What an earlier run left is not gone on with, and the sync starts again.
    StartedAgain {
        /// Why, as a part of a sentence.
        reason: String,
    },
    /// The run failed, and the next one can go on from what was read.
    Kept {
        /// Where the working files are.
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

/// What a finished sync was.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Summary {
    /// The sync's id.
    pub sync_id: String,
    /// The file.
    pub output: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Resources by type.
    pub resources: BTreeMap<String, u64>,
    /// Entitlements by the type of their resource.
    pub entitlements: BTreeMap<String, u64>,
    /// Grants by the type of the entitlement's resource.
    pub grants: BTreeMap<String, u64>,
    /// Pages that the connector gave.
    pub pages: u64,
    /// How long each phase took, the seal included.
    #[serde(skip)]
    pub phases: Vec<(Phase, Duration)>,
    /// How long it took as a whole.
    #[serde(skip)]
    pub elapsed: Duration,
    /// What a person should know: the sentence, and how often it came.
    pub warnings: Vec<(String, u64)>,
    /// Finished syncs of the old file that the new one still holds.
    pub kept_syncs: u64,
}
