//! The sync runs of a file.

use connector_model::{Error, ErrorKind, Result};
use sqlx::{AssertSqlSafe, Row as _, sqlite::SqliteRow};

use super::{C1z, Layout};
use crate::{Checked, SyncRun, SyncStats, error::During as _, sync_run::RowId};

/// The most syncs of a file. Nobody keeps a thousand.
const MAX_SYNCS: usize = 10_000;

/// Columns that are read of every sync; what may be long, its state and its counts, is read of one at a time.
const COLUMNS: [&str; 8] = [
    "sync_id",
    "started_at",
    "ended_at",
    "sync_type",
    "parent_sync_id",
    "linked_sync_id",
    "supports_diff",
    "grants_backfilled",
];

impl C1z {
    /// The syncs of the file: finished ones first, newest end first, then unfinished ones, newest start first.
    pub async fn syncs(&self) -> Result<Vec<SyncRun>> {
        let runs =
            read(&self.layout, Checked(&self.pool)).await.during("can't read the sync runs", &self.path)?;
        if runs.len() > MAX_SYNCS {
            return Err(Error::new(ErrorKind::DataLoss, "the file holds more than 10,000 syncs")
                .with("file", self.path.display()));
        }
        Ok(runs)
    }

    /// The checkpoint of a sync of this file, as the program that wrote it left it (`sync_token`): a small document once
    /// the sync has ended.
    pub async fn sync_token(&self, run: &SyncRun) -> Result<String> {
        let token = self.value_of_sync("sync_token", run).await;
        token.map(Option::unwrap_or_default).during("can't read the state of a sync", &self.path)
    }

    /// The counts that were written at the end of a sync of this file, where there are any that can be read.
    pub async fn stored_stats(&self, run: &SyncRun) -> Result<Option<SyncStats>> {
        Ok(self.stats_text(run).await?.and_then(|json| SyncStats::parse(&json)))
    }

    /// What the file has in the place of the counts; nothing where it is empty.
    pub(crate) async fn stats_text(&self, run: &SyncRun) -> Result<Option<String>> {
        let text =
            self.value_of_sync("stats", run).await.during("can't read the counts of a sync", &self.path)?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    async fn value_of_sync(&self, column: &str, run: &SyncRun) -> Result<Option<String>, sqlx::Error> {
        let value = self.layout.expression("v1_sync_runs", column);
        let sql = format!("select {value} from v1_sync_runs where rowid = ? and sync_id = ?");
        let found = sqlx::query_scalar(AssertSqlSafe(sql)).bind(run.row.0).bind(run.id.as_str());
        found.fetch_optional(Checked(&self.pool)).await.map(Option::flatten)
    }
}

async fn read<'c>(layout: &Layout, conn: impl sqlx::SqliteExecutor<'c>) -> Result<Vec<SyncRun>, sqlx::Error> {
    let columns = COLUMNS.map(|c| layout.expression("v1_sync_runs", c));
    let sql =
        format!("select rowid, {} from v1_sync_runs not indexed limit {}", columns.join(", "), MAX_SYNCS + 1);
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(conn).await?;
    let mut runs = rows.iter().map(sync_run).collect::<Result<Vec<_>, _>>()?;
    runs.sort_by(|a, b| {
        (b.is_finished(), &b.ended_at).cmp(&(a.is_finished(), &a.ended_at)).then_with(|| {
            match a.is_finished() {
                true => b.id.cmp(&a.id),
                false => (&b.started_at, &b.id).cmp(&(&a.started_at, &a.id)),
            }
        })
    });
    Ok(runs)
}

/// The row id, and the columns of [`COLUMNS`] in that order.
fn sync_run(row: &SqliteRow) -> Result<SyncRun, sqlx::Error> {
    let text = |i: usize| row.try_get::<Option<String>, _>(i).map(Option::unwrap_or_default);
    Ok(SyncRun {
        row: RowId(row.try_get(0)?),
        id: text(1)?,
        started_at: text(2)?,
        ended_at: row.try_get::<Option<String>, _>(3)?.filter(|t| !t.is_empty()),
        sync_type: text(4)?.as_str().into(),
        parent_sync_id: text(5)?,
        linked_sync_id: text(6)?,
        supports_diff: row.try_get::<i64, _>(7)? != 0,
        grants_backfilled: row.try_get::<i64, _>(8)? != 0,
    })
}
