//! The sync runs of a file.

use connector_model::{Error, ErrorKind, Result};
use sqlx::{AssertSqlSafe, Row as _, sqlite::SqliteRow};

use super::{C1z, Layout};
use crate::{Checked, SyncRun, SyncStats, error::Doing as _};

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
            read(&self.layout, Checked(&self.pool)).await.doing("can't read the sync runs", &self.path)?;
        if runs.len() > MAX_SYNCS {
            return Err(Error::new(ErrorKind::DataLoss, "the file holds more than 10,000 syncs")
                .with("file", self.path.display()));
        }
        Ok(runs)
    }

    /// The checkpoint of a sync, as the program that wrote it left it (`sync_token`): a small document once the sync has
    /// ended.
    pub async fn sync_token(&self, sync_id: &str) -> Result<String> {
        let token = self.value_of_sync("sync_token", sync_id).await;
        token.map(Option::unwrap_or_default).doing("can't read the state of a sync", &self.path)
    }

    /// The counts that were written at the end of a sync, where there are any that can be read.
    pub async fn stored_stats(&self, sync_id: &str) -> Result<Option<SyncStats>> {
        let stats = self
            .value_of_sync("stats", sync_id)
            .await
            .doing("can't read the counts of a sync", &self.path)?;
        Ok(stats.and_then(|json| serde_json::from_str(&json).ok()))
    }

    async fn value_of_sync(&self, column: &str, sync_id: &str) -> Result<Option<String>, sqlx::Error> {
        let sql = format!(
            "select {} from v1_sync_runs not indexed where sync_id = ? order by rowid limit 1",
            self.layout.expression("v1_sync_runs", column)
        );
        let found = sqlx::query_scalar(AssertSqlSafe(sql)).bind(sync_id.to_owned());
        found.fetch_optional(Checked(&self.pool)).await.map(Option::flatten)
    }
}

async fn read<'c>(layout: &Layout, conn: impl sqlx::SqliteExecutor<'c>) -> Result<Vec<SyncRun>, sqlx::Error> {
    let columns = COLUMNS.map(|c| layout.expression("v1_sync_runs", c));
    let sql = format!("select {} from v1_sync_runs not indexed limit {}", columns.join(", "), MAX_SYNCS + 1);
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

/// The columns of [`COLUMNS`], in that order.
fn sync_run(row: &SqliteRow) -> Result<SyncRun, sqlx::Error> {
    let text = |i: usize| row.try_get::<Option<String>, _>(i).map(Option::unwrap_or_default);
    Ok(SyncRun {
        id: text(0)?,
        started_at: text(1)?,
        ended_at: row.try_get::<Option<String>, _>(2)?.filter(|t| !t.is_empty()),
        sync_type: text(3)?.as_str().into(),
        parent_sync_id: text(4)?,
        linked_sync_id: text(5)?,
        supports_diff: row.try_get::<i64, _>(6)? != 0,
        grants_backfilled: row.try_get::<i64, _>(7)? != 0,
    })
}
