//! The sync runs themselves.

use super::{Check, Level, SyncReport};
use crate::{SyncId, SyncType, ledger, time};

impl Check<'_> {
    pub(super) async fn runs(&mut self) -> Vec<SyncReport> {
        if !self.file.layout().has_table("v1_sync_runs") {
            return Vec::new();
        }
        let mut runs = match self.file.syncs().await {
            Ok(runs) => runs,
            Err(e) => {
                self.reporter.add(Level::Error, "the sync runs can't be read", &e.report());
                return Vec::new();
            }
        };
        // As they were begun, which is how they are stored.
        runs.sort_by(|a, b| (&a.started_at, &a.id).cmp(&(&b.started_at, &b.id)));
        let mut reports = Vec::new();
        for run in runs {
            if SyncId::new(run.id.as_str()).is_err() {
                self.reporter.add(Level::Error, "a sync id is not a KSUID", &run.id);
            }
            if let SyncType::Other(word) = &run.sync_type {
                self.reporter.add(Level::Error, "a sync is of an unknown type", word);
            }
            for (column, text) in [("started_at", Some(&run.started_at)), ("ended_at", run.ended_at.as_ref())]
            {
                if let Some(text) = text.filter(|t| !t.is_empty() && !time::is_plain(t)) {
                    self.reporter.add(Level::Error, &format!("{column} is not a plain timestamp"), text);
                }
            }
            if !run.is_finished() {
                let level = if self.options.allow_unfinished { Level::Warning } else { Level::Error };
                self.reporter.add(level, "a sync has no end", &run.id);
            }
            let json = serde_json::from_str::<serde::de::IgnoredAny>(&run.sync_token);
            if !run.sync_token.is_empty() && json.is_err() {
                self.reporter.add(Level::Error, "a sync's token is not JSON", &run.id);
            }
            let detail = self.reporter.details(&run.id);
            let sum = |kind: &str| {
                let of_kind = |name: &str| name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('/'));
                detail.iter().filter(|(name, _)| of_kind(name)).map(|(_, n)| n).sum()
            };
            let ledger = self.ledger(&run).await;
            reports.push(SyncReport {
                ended: run.is_finished(),
                resources: sum("resources"),
                entitlements: sum("entitlements"),
                grants: sum("grants"),
                completeness: ledger::describe_completeness(&ledger),
                ledger: ledger.ok(),
                sync_id: run.id,
                sync_type: run.sync_type,
                detail,
            });
        }
        reports
    }
}
