//! From rows to a plain file that can be packed.

use std::path::PathBuf;

use connector_model::{Error, ErrorKind, Result};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection as _};

use super::{WorkDb, pragma};
use crate::{Connection, SyncStats, error::During as _, ledger, schema, time};

/// What is known at the end of a sync.
#[derive(Clone, Debug)]
pub struct Finish {
    /// When it ended.
    pub ended_at: Timestamp,
    /// Its counts.
    pub stats: SyncStats,
    /// Whether a difference against it can be told: expansion ran.
    pub supports_diff: bool,
    /// How many steps the engine took; zero is left out of the token.
    pub completed_actions: u64,
}

impl WorkDb {
    /// Makes the unique index of grants; false where two grants of one sync have the same id, and then nothing was
    /// made: it is for the engine to say which one stays.
    ///
    /// The write-ahead log ends here: what follows only adds pages, and through the log each would be written twice.
    pub async fn index_grant_ids(&mut self) -> Result<bool> {
        self.leave_wal().await?;
        pragma(&mut Connection::of(&mut self.conn), &self.path, "pragma threads = 2").await?;
        let made =
            sqlx::query(schema::GRANT_IDS).persistent(false).execute(Connection::of(&mut self.conn)).await;
        pragma(&mut Connection::of(&mut self.conn), &self.path, "pragma threads = 0").await?;
        match made {
            Err(sqlx::Error::Database(e)) if e.is_unique_violation() => Ok(false),
            made => {
                made.during("can't index the grants", &self.path)?;
                self.grants_are_unique = true;
                Ok(true)
            }
        }
    }

    /// Makes all indexes that were put off. Fails where two grants of one sync have the same id.
    pub async fn build_indexes(&mut self) -> Result<()> {
        if !self.index_grant_ids().await? {
            return Err(Error::internal("two grants of one sync have the same id"));
        }
        pragma(&mut Connection::of(&mut self.conn), &self.path, "pragma threads = 2").await?;
        // One transaction, so that the disk is waited for once.
        let what = "can't build the indexes";
        let mut tx = Connection::of(&mut self.conn).begin().await.during(what, &self.path)?;
        for statement in schema::DEFERRED {
            sqlx::query(*statement)
                .persistent(false)
                .execute(tx.connection())
                .await
                .during(what, &self.path)?;
        }
        tx.commit().await.during(what, &self.path)?;
        pragma(&mut Connection::of(&mut self.conn), &self.path, "pragma threads = 0").await?;
        Ok(())
    }

    /// Writes the end of the sync: the last thing before the file is packed.
    pub async fn finish(&mut self, finish: &Finish) -> Result<()> {
        self.finish_without(finish, &[]).await
    }

    /// As [`WorkDb::finish`], and drops tables of the engine in the same transaction.
    pub async fn finish_without(&mut self, finish: &Finish, drop: &[&'static str]) -> Result<()> {
        let stats = serde_json::to_string(&finish.stats)
            .map_err(|e| Error::internal("the counts of the sync don't become JSON").caused_by(e))?;
        let token = match finish.completed_actions {
            0 => r#"{"version":1}"#.to_owned(),
            n => format!(r#"{{"completed_actions_count":{n},"version":1}}"#),
        };
        let what = "can't write the end of the sync";
        let mut tx = Connection::of(&mut self.conn).begin().await.during(what, &self.path)?;
        for table in drop {
            let text = AssertSqlSafe(format!("drop table if exists {table}"));
            sqlx::query(text).execute(tx.connection()).await.during(what, &self.path)?;
        }
        let done = sqlx::query(
            "update v1_sync_runs set ended_at = ?, stats = ?, supports_diff = ?, sync_token = ?, \
             grants_backfilled = 1 where sync_id = ?",
        )
        .bind(time::format(finish.ended_at)?)
        .bind(stats)
        .bind(finish.supports_diff)
        .bind(token)
        .bind(self.sync.as_str())
        .execute(tx.connection())
        .await
        .during(what, &self.path)?;
        if done.rows_affected() == 1 {
            return tx.commit().await.during(what, &self.path);
        }
        Err(Error::internal("the sync to finish is not in the working database").with("sync", &self.sync))
    }

    /// Moves the write-ahead log into the file, turns to a rollback journal as readers of the format expect, and
    /// closes. What comes back is the whole database in one file.
    pub async fn close_for_packing(mut self) -> Result<PathBuf> {
        let dropped =
            sqlx::query(ledger::DROP_WORK).persistent(false).execute(Connection::of(&mut self.conn)).await;
        dropped.during("can't drop a working table", &self.path)?;
        self.leave_wal().await?;
        self.conn.close().await.during("can't close the working database", &self.path)?;
        Ok(self.path)
    }

    /// Moves the write-ahead log into the file and turns to a rollback journal; does nothing where it is one.
    async fn leave_wal(&mut self) -> Result<()> {
        let (busy, log, moved): (i64, i64, i64) = sqlx::query_as("pragma wal_checkpoint(truncate)")
            .persistent(false)
            .fetch_one(Connection::of(&mut self.conn))
            .await
            .during("can't write the log back", &self.path)?;
        // Without a write-ahead log the answer is 0, -1, -1.
        if busy != 0 || log > moved.max(0) {
            return Err(Error::new(
                ErrorKind::FailedPrecondition,
                "the log can't be written back because another connection reads the working database",
            )
            .with("file", self.path.display()));
        }
        let mode =
            pragma(&mut Connection::of(&mut self.conn), &self.path, "pragma journal_mode = delete").await?;
        if mode.as_deref() != Some("delete") {
            return Err(Error::new(
                ErrorKind::FailedPrecondition,
                "the journal mode can't be changed because another connection holds the working database",
            )
            .with("file", self.path.display())
            .with("mode", mode.unwrap_or_default()));
        }
        Ok(())
    }
}
