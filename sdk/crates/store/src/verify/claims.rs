//! What a file says of itself, against its rows.

use connector_model::Result;
use jiff::SignedDuration;

use super::{
    Check, Level,
    counts::{self, ASSETS, ByKind, ENTITLEMENTS, GRANTS, RESOURCE_TYPES, RESOURCES},
};
use crate::{
    SyncRun, SyncStats,
    ledger::{Ledger, LedgerOperation},
    time,
};

/// Clocks of a wall show this hour twice in autumn.
const CLOCK_CHANGE: SignedDuration = SignedDuration::from_hours(1);

/// A day from now, as a file would have it.
pub(super) fn tomorrow() -> Result<String> {
    let day = SignedDuration::from_hours(24);
    // A clock on the last day of the calendar has no tomorrow.
    time::clock()?.checked_add(day).map_or_else(|_| time::now(), time::format)
}

impl Check<'_> {
    /// The counts that were written at the sync's end.
    pub(super) fn stats(&mut self, run: &SyncRun, stored: &SyncStats, counted: &ByKind) {
        let mut differences = Vec::new();
        let mut compare = |what: &str, says: i64, is: u64| {
            if u64::try_from(says) != Ok(is) {
                differences.push(format!("{what} {says}, and there are {is}"));
            }
        };
        for (kind, says, by_type) in [
            (RESOURCE_TYPES, stored.resource_types, None),
            (ASSETS, stored.assets, None),
            (RESOURCES, stored.resources, Some(&stored.resources_by_resource_type)),
            (ENTITLEMENTS, stored.entitlements, Some(&stored.entitlements_by_resource_type)),
            (GRANTS, stored.grants, Some(&stored.grants_by_resource_type)),
        ] {
            compare(kind, says, counts::sum(counted, kind));
            let Some(by_type) = by_type else { continue };
            for (id, says) in by_type {
                let is = counted.get(&(kind, id.clone())).copied().unwrap_or_default();
                compare(&format!("{kind} of type {id:?}"), *says, is);
            }
            let unnamed = counted.iter().filter(|((k, id), _)| *k == kind && !by_type.contains_key(id));
            for ((_, id), is) in unnamed {
                compare(&format!("{kind} of type {id:?}"), 0, *is);
            }
        }
        for difference in differences {
            let kind = "the counts of a sync differ from its rows";
            // Readers count the rows themselves where there is no number of resource types.
            let level = if stored.resource_types > 0 { Level::Error } else { Level::Warning };
            self.reporter.add(level, kind, &format!("{}: it says {difference}", run.id));
        }
    }

    /// Lists that hold fewer rows than were read into them.
    pub(super) fn rows_of_ledger(&mut self, run: &SyncRun, ledger: &Ledger, counted: &ByKind) {
        let kinds = [
            (RESOURCES, &[LedgerOperation::ListResources, LedgerOperation::TargetedResourceSync][..]),
            (ENTITLEMENTS, &[LedgerOperation::ListStaticEntitlements, LedgerOperation::ListEntitlements]),
            (GRANTS, &[LedgerOperation::ListGrants]),
        ];
        for (kind, operations) in kinds {
            let mut types: Vec<_> =
                ledger.totals.iter().filter(|t| operations.contains(&t.operation)).collect();
            types.sort_by(|a, b| a.resource_type.cmp(&b.resource_type));
            for of_type in types.chunk_by(|a, b| a.resource_type == b.resource_type) {
                let sum = |of: fn(&crate::LedgerTotal) -> u64| {
                    of_type.iter().fold(0_u64, |sum, t| sum.saturating_add(of(t)))
                };
                let read = sum(|t| t.rows).saturating_sub(sum(|t| t.dropped));
                let resource_type = &of_type[0].resource_type;
                let there = counted.get(&(kind, resource_type.clone())).copied().unwrap_or_default();
                if there < read {
                    let example =
                        format!("{}: {read} {kind} of type {resource_type:?}, and there are {there}", run.id);
                    let kind = "the completeness ledger counts more rows than there are";
                    self.reporter.add(Level::Error, kind, &example);
                }
            }
        }
    }

    /// Times in their order.
    pub(super) fn times(&mut self, run: &SyncRun) {
        if run.started_at.is_empty() {
            self.reporter.add(Level::Error, "a sync has no start", &run.id);
        }
        let started = time::parse(&run.started_at);
        let ended = run.ended_at.as_deref().and_then(time::parse);
        let shown = |at: &str| format!("{}: {at}", run.id);
        if let (Some(started), Some(ended)) = (started, ended)
            && started > ended
        {
            let early = started.duration_since(ended);
            let level = if early > CLOCK_CHANGE { Level::Error } else { Level::Warning };
            let example = format!("{} to {}", run.started_at, run.ended_at.as_deref().unwrap_or_default());
            self.reporter.add(level, "a sync ends before it starts", &shown(&example));
        }
        if run.started_at > self.tomorrow {
            let kind = "a sync starts more than a day from now";
            self.reporter.add(Level::Warning, kind, &shown(&run.started_at));
        }
    }
}
