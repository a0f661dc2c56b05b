//! The seal: from a collected working database to the finished file, by
//! committed states. A run that is killed in between is gone on with at the
//! last of them; each step may be done twice.

use std::sync::Arc;

use connector_model::{Error, ErrorKind, Result};
use connector_store::{C1z, Finish, WorkDb};
use sqlx::Connection as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Event, Observer, Phase, SyncOptions,
    checkpoint::Checkpoint,
    collect::cancelled,
    counts, database_error, duplicates, listings,
    meta::{self, State},
    queue, references,
    run::unreadable,
    session,
    work_folder::WorkFolder,
};

/// The warning about rows of one id.
const CAME_TWICE: &str = "an id came twice with different content; the later page won";

/// What the seal needs besides the database.
pub(crate) struct Seal<'a> {
    pub(crate) folder: &'a WorkFolder,
    pub(crate) options: &'a SyncOptions,
    pub(crate) old: Option<&'a C1z>,
    pub(crate) observer: &'a Arc<dyn Observer>,
    pub(crate) cancel: &'a CancellationToken,
}

impl Seal<'_> {
    /// Brings a database from any state to the last one, in which it only has
    /// to be packed. Until the file is packed the old one is as it was.
    pub(crate) async fn run(
        &self,
        db: &mut WorkDb,
        state: State,
        mut checkpoint: Checkpoint,
    ) -> Result<Checkpoint> {
        let start = Instant::now();
        // What is dropped from here on holds page tokens, remembered values and
        // settings: its bytes must not travel in the free pages of the file.
        db.overwrite_what_is_deleted().await?;
        if state < State::Collected {
            self.step("clean up")?;
            end_collection(db, &checkpoint).await?;
            self.made_safe(&checkpoint);
        }
        if state < State::Settled {
            self.step("settle ids")?;
            self.settle(db, &mut checkpoint).await?;
        }
        if state < State::Kept {
            self.step("keep earlier syncs")?;
            checkpoint.kept_syncs = self.keep(db).await?;
            self.enter(db, State::Kept, &checkpoint).await?;
        }
        if state < State::Indexed {
            self.step("build indexes")?;
            duplicates::drop(db.connection()).await?;
            db.build_indexes().await?;
            self.enter(db, State::Indexed, &checkpoint).await?;
        }
        self.step("write statistics")?;
        if checkpoint.recount {
            checkpoint.intake.counts.grants = counts::of_grants(db).await?;
        }
        checkpoint.spent(Phase::Seal, start.elapsed());
        self.folder.write_summary(&checkpoint)?;
        self.finish(db, &checkpoint).await?;
        Ok(checkpoint)
    }

    /// Tells of a step; fails where nobody wants it any more.
    pub(crate) fn step(&self, step: &'static str) -> Result<()> {
        self.observer.event(&Event::SealStep { step });
        if self.cancel.is_cancelled() { Err(cancelled()) } else { Ok(()) }
    }

    async fn enter(&self, db: &mut WorkDb, state: State, checkpoint: &Checkpoint) -> Result<()> {
        let mut tx = db.connection().begin().await.map_err(database_error("note the state"))?;
        meta::save(&mut tx, state, checkpoint).await?;
        tx.commit().await.map_err(database_error("note the state"))?;
        self.made_safe(checkpoint);
        Ok(())
    }

    fn made_safe(&self, checkpoint: &Checkpoint) {
        self.observer.event(&Event::Committed { totals: checkpoint.intake.totals });
    }

    /// Of two grants of one id, one stays: what comes after needs ids to be
    /// unique.
    async fn settle(&self, db: &mut WorkDb, checkpoint: &mut Checkpoint) -> Result<()> {
        if checkpoint.intake.differing > 0 {
            checkpoint.warnings.add_many(CAME_TWICE, checkpoint.intake.differing);
        }
        if !db.index_grant_ids().await? {
            let left_out = duplicates::settle_grants(db).await?;
            checkpoint.recount = true;
            if left_out.differing > 0 {
                checkpoint.warnings.add_many(CAME_TWICE, left_out.differing);
            }
            if !db.index_grant_ids().await? {
                return Err(Error::internal("two grants of one sync still have the same id"));
            }
        }
        self.enter(db, State::Settled, checkpoint).await
    }

    async fn keep(&self, db: &mut WorkDb) -> Result<u64> {
        let Some(old) = self.old else { return Ok(0) };
        match db.copy_kept_syncs(&old.unpacked().db(), self.options.retention()).await {
            Ok(kept) => Ok(kept.kept.len() as u64),
            Err(e) if self.options.overwrite && e.kind() == ErrorKind::DataLoss => {
                tracing::warn!(
                    error = %e.report(),
                    "syncs of the old file can't be kept, and --overwrite says to go on"
                );
                Ok(0)
            }
            Err(e) if e.kind() == ErrorKind::DataLoss => Err(unreadable(self.options, e)),
            Err(e) => Err(e),
        }
    }

    /// The last transaction: the sync has its end, and what was ours is gone.
    async fn finish(&self, db: &mut WorkDb, checkpoint: &Checkpoint) -> Result<()> {
        let types = counts::of_resource_types(db).await?;
        db.finish(
            &Finish {
                ended_at: jiff::Timestamp::now(),
                stats: checkpoint.intake.counts.to_stats(types),
                supports_diff: false,
                completed_actions: checkpoint.actions,
            },
            &[meta::TABLE],
        )
        .await?;
        self.made_safe(checkpoint);
        Ok(())
    }
}

/// The end of the collection: what only reading needs goes, in one transaction
/// with the state that says so.
async fn end_collection(db: &mut WorkDb, checkpoint: &Checkpoint) -> Result<()> {
    let doing = "end the collection";
    let mut tx = db.connection().begin().await.map_err(database_error(doing))?;
    for table in [queue::TABLE, references::TABLE].iter().chain(&listings::TABLES) {
        sqlx::query(sqlx::AssertSqlSafe(format!("drop table if exists {table}")))
            .execute(&mut *tx)
            .await
            .map_err(database_error(doing))?;
    }
    session::clear(&mut tx).await?;
    meta::save(&mut tx, State::Collected, checkpoint).await?;
    tx.commit().await.map_err(database_error(doing))
}
