//! The completeness ledger of each sync.

use connector_model::{ErrorKind, Result};
use sqlx::AssertSqlSafe;

use super::{Check, Level};
use crate::{
    SyncRun,
    error::During as _,
    ledger::{self, Completeness, Ledger, Unknown},
};

impl Check<'_> {
    /// What is known of a sync's completeness. A ledger that says that something is missing is no broken rule, and is
    /// told all the same.
    pub(super) async fn ledger(&mut self, run: &SyncRun) -> Result<Result<Ledger, Unknown>> {
        let read = ledger::read(self.file.conn(), self.file.layout(), "main", &run.id).await;
        let read = match read.during("can't read the completeness ledger", self.file.path()) {
            Ok(read) => read,
            Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
            Err(e) => Err(Unknown::Malformed(e.report())),
        };
        let id = &run.id;
        match &read {
            Ok(ledger) if ledger.summary.state == Completeness::Incomplete => {
                let example = format!("{id}: {}", ledger.summary.reason);
                self.reporter.add(Level::Warning, "a sync is incomplete", &example);
            }
            Ok(ledger) if ledger.summary.state == Completeness::Short => {
                let example = format!("{id}: {}", ledger.summary.reason);
                self.reporter.add(
                    Level::Warning,
                    "a sync is short of rows that its source told of",
                    &example,
                );
            }
            Err(Unknown::NotClosed) if run.is_finished() => {
                self.reporter.add(Level::Error, "the completeness ledger of a sync has no summary", id);
            }
            Err(Unknown::Malformed(how)) => {
                let example = format!("{id}: {how}");
                self.reporter.add(self.options.ours(), "a completeness ledger is malformed", &example);
            }
            Ok(_) | Err(Unknown::NoLedger | Unknown::NotClosed) => {}
        }
        Ok(read)
    }

    /// Whoever removes a sync and does not know of the ledger leaves its rows behind.
    pub(super) async fn ledger_of_no_sync(&mut self) -> Result<()> {
        if !ledger::is_readable(self.file.layout()) || !self.file.layout().has("v1_sync_runs", "sync_id") {
            return Ok(());
        }
        let sql = format!(
            "select cast(substr(sync_id, 1, 40) as text) from {} \
             where sync_id not in (select sync_id from v1_sync_runs) limit 1",
            ledger::TABLE.name
        );
        let found: Result<Option<String>, _> =
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_optional(self.file.conn()).await;
        match found.during("can't read the completeness ledger", self.file.path()) {
            Ok(None) => {}
            Ok(Some(id)) => {
                let kind = "the completeness ledger has rows of a sync that is not in the file";
                self.reporter.add(Level::Warning, kind, &id);
            }
            Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
            Err(e) => {
                let kind = "the completeness ledger can't be read";
                self.reporter.add(self.options.ours(), kind, &e.report());
            }
        }
        Ok(())
    }
}
