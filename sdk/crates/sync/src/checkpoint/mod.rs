//! What is in memory besides the rows and the queue, written with them: what
//! a later run needs to go on as if nothing had happened.

pub(crate) mod external_result;
pub(crate) mod listings;
pub(crate) mod meta;
pub(crate) mod own_tables;
pub(crate) mod positions;
pub(crate) mod queue;
pub(crate) mod waiting;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    ExpansionSummary, ExternalSummary, Phase, fetch::plan::Place, ingest::intake::Intake,
    run::warnings::Warnings,
};

/// The part of a sync's state that is small.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    /// The phase under way.
    pub(crate) phase: Phase,
    /// Where the planner of the phase is.
    pub(crate) plan: Option<Place>,
    /// Types whose static entitlements were made, counted in their order.
    pub(crate) static_types: usize,
    /// The last row of the lists, once they are read.
    pub(crate) end_of_lists: Option<i64>,
    /// Actions of the phase that are done, and that are known.
    pub(crate) done: u64,
    pub(crate) known: u64,
    /// The rows that were stored.
    pub(crate) intake: Intake,
    /// Whether entitlements exclude each other, so that it is worth looking.
    pub(crate) exclusion_groups: bool,
    /// Whether the grants must be counted at the end: where rows were settled,
    /// matched or expanded, what came is not what is there.
    pub(crate) recount: bool,
    /// Resources that were gone when they were asked for.
    pub(crate) gone: u64,
    /// Reads that failed, in a sync that may be incomplete.
    pub(crate) lost: u64,
    /// Actions that were followed to their end, over all phases.
    pub(crate) actions: u64,
    pub(crate) warnings: Warnings,
    /// Grants before they were expanded, where there is something to expand.
    pub(crate) unexpanded: Option<u64>,
    /// What came of the principals of another file, and of the expansion.
    pub(crate) external: Option<ExternalSummary>,
    pub(crate) expansion: Option<ExpansionSummary>,
    /// Finished syncs of the old file that were kept.
    pub(crate) kept_syncs: u64,
    /// How long each phase took so far, over all runs.
    pub(crate) phases: Vec<(Phase, Duration)>,
}

impl Checkpoint {
    /// Before the first page.
    pub(crate) fn begin() -> Self {
        Self {
            phase: Phase::Resources,
            plan: None,
            static_types: 0,
            end_of_lists: None,
            done: 0,
            known: 0,
            intake: Intake::default(),
            exclusion_groups: false,
            recount: false,
            gone: 0,
            lost: 0,
            actions: 0,
            warnings: Warnings::default(),
            unexpanded: None,
            external: None,
            expansion: None,
            kept_syncs: 0,
            phases: Vec::new(),
        }
    }

    /// Counts rows of one id whose content was different.
    pub(crate) fn came_twice(&mut self, rows: u64) {
        if rows > 0 {
            self.warnings.add_many("an id came twice with different content; the later page won", rows);
        }
    }

    /// How long phases took together.
    pub(crate) fn spent_in(&self, phases: &[Phase]) -> Duration {
        self.phases.iter().filter(|(phase, _)| phases.contains(phase)).map(|(_, spent)| *spent).sum()
    }

    /// Adds to the time of a phase.
    pub(crate) fn spent(&mut self, phase: Phase, time: Duration) {
        match self.phases.iter_mut().find(|(p, _)| *p == phase) {
            Some((_, spent)) => *spent += time,
            None => self.phases.push((phase, time)),
        }
    }
}
