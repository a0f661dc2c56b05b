//! The sync runs themselves.

use std::collections::BTreeMap;

use connector_model::{ErrorKind, Result};

use super::{
    Check, Level, SyncReport,
    counts::{self, ByKind, ENTITLEMENTS, GRANTS, RESOURCE_TYPES, RESOURCES},
};
use crate::{SyncId, SyncRun, SyncStats, SyncType, ledger, time};

impl Check<'_> {
    pub(super) async fn runs(&mut self) -> Result<Vec<SyncReport>> {
        if !self.file.layout().has_table("v1_sync_runs") {
            return Ok(Vec::new());
        }
        let mut runs = match self.file.syncs().await {
            Ok(runs) => runs,
            Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
            Err(e) => {
                self.reporter.add(Level::Error, "the sync runs can't be read", &e.report());
                return Ok(Vec::new());
            }
        };
        if self.counts.overflowed() {
            let kind = "there are rows of more syncs and resource types than are counted";
            self.reporter.add(Level::Error, kind, "the first 10,000 are");
        }
        // As they were begun, which is how they are stored.
        runs.sort_by(|a, b| (&a.started_at, &a.id).cmp(&(&b.started_at, &b.id)));
        for (a, b) in runs.iter().zip(runs.iter().skip(1)) {
            if a.id == b.id {
                self.reporter.add(Level::Error, "two syncs have the same id", &a.id);
            }
        }
        let mut reports = Vec::new();
        for run in runs {
            reports.push(self.run(run).await?);
        }
        Ok(reports)
    }

    async fn run(&mut self, run: SyncRun) -> Result<SyncReport> {
        if SyncId::new(run.id.as_str()).is_err() {
            self.reporter.add(Level::Error, "a sync id is not a KSUID", &run.id);
        }
        if let SyncType::Other(word) = &run.sync_type {
            self.reporter.add(Level::Error, "a sync is of an unknown type", word);
        }
        for (column, text) in [("started_at", Some(&run.started_at)), ("ended_at", run.ended_at.as_ref())] {
            if let Some(text) = text.filter(|t| !t.is_empty() && !time::is_plain(t)) {
                self.reporter.add(Level::Error, &format!("{column} is not a plain timestamp"), text);
            }
        }
        self.times(&run);
        if !run.is_finished() {
            let level = if self.options.allow_unfinished { Level::Warning } else { Level::Error };
            self.reporter.add(level, "a sync has no end", &run.id);
        }
        match self.file.sync_token(&run).await {
            Ok(token) => {
                let json = serde_json::from_str::<serde::de::IgnoredAny>(&token);
                if !token.is_empty() && json.is_err() {
                    self.reporter.add(Level::Error, "a sync's token is not JSON", &run.id);
                }
            }
            Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
            Err(e) => self.reporter.add(Level::Error, "a sync's token can't be read", &e.report()),
        }
        let counted = self.counts.of(&run.id);
        match self.file.stats_text(&run).await {
            Ok(None) => {}
            Ok(Some(text)) => match SyncStats::parse(&text) {
                Some(_) if self.counts.overflowed() => {}
                Some(stored) => self.stats(&run, &stored, &counted),
                None => {
                    let kind = "the counts of a sync are not a document of counts";
                    self.reporter.add(Level::Error, kind, &run.id);
                }
            },
            Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
            Err(e) => self.reporter.add(Level::Error, "the counts of a sync can't be read", &e.report()),
        }
        let ledger = self.ledger(&run).await?;
        if let Ok(ledger) = &ledger
            && !self.counts.overflowed()
        {
            self.rows_of_ledger(&run, ledger, &counted);
        }
        let shown = ledger.as_ref().ok().filter(|of| self.ledger_rows_left.take(of.totals.len())).cloned();
        if ledger.is_ok() && shown.is_none() {
            let kind = "the completeness ledgers are too long to be shown in this report";
            self.reporter.add(Level::Warning, kind, &run.id);
        }
        Ok(SyncReport {
            ended: run.is_finished(),
            resources: counts::sum(&counted, RESOURCES),
            entitlements: counts::sum(&counted, ENTITLEMENTS),
            grants: counts::sum(&counted, GRANTS),
            completeness: ledger::describe_completeness(&ledger),
            ledger: shown,
            detail: detail(counted),
            sync_id: run.id,
            sync_type: run.sync_type,
        })
    }

    /// Whoever removes a sync and stops half way leaves rows behind that no reader sees.
    pub(super) fn rows_of_no_sync(&mut self, runs: &[SyncReport]) {
        let orphans: Vec<_> =
            self.counts.syncs().filter(|id| !runs.iter().any(|r| r.sync_id == **id)).collect();
        let Some(example) = orphans.first().map(|id| (*id).to_owned()) else { return };
        self.reporter.add(Level::Warning, "there are rows of a sync that is not in the file", &example);
    }
}

/// Counts as they are reported: `grants/group`.
fn detail(counted: ByKind) -> BTreeMap<String, u64> {
    let named = counted.into_iter().filter(|((kind, _), _)| *kind != RESOURCE_TYPES);
    named
        .map(|((kind, of), n)| (if of.is_empty() { kind.to_owned() } else { format!("{kind}/{of}") }, n))
        .collect()
}
