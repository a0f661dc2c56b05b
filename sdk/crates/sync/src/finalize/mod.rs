//! The seal: from a collected working database to the finished file, by
//! committed states. A run that is killed in between is gone on with at the
//! last of them; each step may be done twice.

pub(crate) mod external;
pub(crate) mod invariants;

use std::sync::Arc;

use connector_graph::{ExpandProgress, expand};
use connector_model::{Connector, Error, ErrorKind, Result};
use connector_store::{C1z, Completeness, Finish, Kind, LedgerOperation, LedgerRow, WorkDb, time};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Event, ExpansionSummary, ExternalSummary, Observer, Phase, Scope, SyncOptions,
    checkpoint::{
        Checkpoint, external_result, listings,
        meta::{self, State},
        positions, queue, waiting,
    },
    database_error,
    finalize::external::{External, add_external},
    ingest::{duplicates, repeats},
    run::{
        error::{cancelled, unreadable},
        work_folder::WorkFolder,
    },
};

/// What the seal needs besides the database.
pub(crate) struct Seal<'a> {
    /// Knows what no warning may show.
    pub(crate) connector: &'a Arc<dyn Connector>,
    pub(crate) folder: &'a WorkFolder,
    pub(crate) options: &'a SyncOptions,
    pub(crate) old: Option<&'a C1z>,
    pub(crate) external: Option<&'a External>,
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
        let others = checkpoint.spent_in(&[Phase::External, Phase::Expansion]);
        self.observer.event(&Event::PhaseStarted { phase: Phase::Seal });
        if state < State::Collected {
            self.step("clean up")?;
            checkpoint.came_twice(checkpoint.intake.differing);
            end_collection(db, &checkpoint).await?;
            self.made_safe(&checkpoint);
        }
        if state < State::Settled {
            self.step("settle ids")?;
            self.settle(db, &mut checkpoint).await?;
        }
        if state < State::Matched {
            let mut ledger = None;
            if let Some(external) = self.external {
                let start = self.phase(Phase::External);
                ledger = Some(self.add_external(db, external, &mut checkpoint).await?);
                checkpoint.spent(Phase::External, start.elapsed());
            }
            if self.expands() && db.has_expandable_grants().await? {
                checkpoint.unexpanded = Some(db.count(Kind::Grant).await?);
            }
            self.enter_with(db, State::Matched, &checkpoint, ledger).await?;
        }
        if state < State::Expanded {
            let mut ledger = self.skipped_expansion();
            if self.expands() {
                let start = self.phase(Phase::Expansion);
                ledger = Some(self.expand(db, &mut checkpoint).await?);
                // With nothing to expand there is nothing to tell.
                if checkpoint.expansion.is_some_and(|e| e.edges > 0) {
                    checkpoint.spent(Phase::Expansion, start.elapsed());
                }
            }
            self.enter_with(db, State::Expanded, &checkpoint, ledger).await?;
        }
        if state < State::Kept {
            self.step("keep earlier syncs")?;
            checkpoint.kept_syncs = self.keep(db).await?;
            self.enter(db, State::Kept, &checkpoint).await?;
        }
        if state < State::Indexed {
            self.step("build indexes")?;
            // The room that it frees is used by what follows.
            let _unclosed_is_unknown = db.finish_ledger().await?;
            positions::drop(&mut db.connection()).await?;
            db.build_indexes().await?;
            self.enter(db, State::Indexed, &checkpoint).await?;
        }
        self.step("write statistics")?;
        if checkpoint.recount {
            checkpoint.intake.counts.grants = db.count_by_type(Kind::Grant).await?;
        }
        if checkpoint.intake.differing > 0 || checkpoint.external.is_some() {
            // A row that took another's place may be of another type.
            checkpoint.intake.counts.resources = db.count_by_type(Kind::Resource).await?;
            checkpoint.intake.counts.entitlements = db.count_by_type(Kind::Entitlement).await?;
        }
        repeats::note(db, &checkpoint.intake.counts, checkpoint.intake.repeats).await?;
        let others = checkpoint.spent_in(&[Phase::External, Phase::Expansion]) - others;
        checkpoint.spent(Phase::Seal, start.elapsed().saturating_sub(others));
        self.folder.write_summary(&checkpoint)?;
        self.finish(db, &checkpoint).await?;
        Ok(checkpoint)
    }

    /// Tells of a step; fails where nobody wants it any more.
    pub(crate) fn step(&self, step: &'static str) -> Result<()> {
        self.observer.event(&Event::SealStep { step });
        if self.cancel.is_cancelled() { Err(cancelled()) } else { Ok(()) }
    }

    /// Tells of a phase that begins inside the seal.
    fn phase(&self, phase: Phase) -> Instant {
        self.observer.event(&Event::PhaseStarted { phase });
        Instant::now()
    }

    /// Whether grants are expanded: a sync of some resources has not all that
    /// it takes.
    fn expands(&self) -> bool {
        self.options.expand && self.options.wants_grants() && self.options.sync_type().is_full()
    }

    /// What the ledger says of grants that are read and not expanded.
    fn skipped_expansion(&self) -> Option<LedgerRow> {
        let reason = match &self.options.scope {
            Scope::Resources(_) => "only some resources were to be read",
            _ => "grants were not to be expanded",
        };
        (self.options.wants_grants() && !self.expands()).then(|| LedgerRow {
            state: Completeness::Skipped,
            reason: reason.to_owned(),
            ..LedgerRow::of_all_types(LedgerOperation::GrantExpansion, 0)
        })
    }

    async fn add_external(
        &self,
        db: &mut WorkDb,
        external: &External,
        checkpoint: &mut Checkpoint,
    ) -> Result<LedgerRow> {
        let added = add_external(db, external, self.cancel).await?;
        checkpoint.recount = true;
        // What is replaced is of any kind.
        let repeats = &mut checkpoint.intake.repeats;
        repeats.resources += added.replaced;
        repeats.entitlements += added.replaced;
        repeats.grants += added.replaced + added.carriers;
        for (count, what, examples) in [
            (
                added.unmatched,
                "grants meant principals of the external file that are not there",
                &added.unmatched_examples,
            ),
            (
                added.replaced,
                "rows gave way to those of the external file with the same id",
                &added.replaced_examples,
            ),
        ] {
            if count > 0 {
                self.warn(checkpoint, such_as(&format!("{count} {what}"), examples));
            }
        }
        if added.left_out > 0 {
            let text = "grants of the external file are to principals that were not carried over";
            self.warn(checkpoint, format!("{} {text}", added.left_out));
        }
        if added.left_out_sources > 0 {
            let text = "entitlements that matched grants should expand are not there";
            self.warn(checkpoint, format!("{} {text}", added.left_out_sources));
        }
        checkpoint.external = Some(ExternalSummary {
            resources: added.resources,
            entitlements: added.entitlements,
            grants: added.grants,
            matched: added.matched,
            unmatched: added.unmatched,
        });
        let rows = added.resources + added.entitlements + added.grants + added.matched;
        Ok(LedgerRow::of_all_types(LedgerOperation::ListExternalResources, rows))
    }

    async fn expand(&self, db: &mut WorkDb, checkpoint: &mut Checkpoint) -> Result<LedgerRow> {
        let mut progress = |at: ExpandProgress| {
            self.observer.event(&Event::Expanded { done: at.done, total: at.total, written: at.written });
        };
        let expanded = expand(db, usize::MAX, self.cancel, &mut progress).await;
        let expanded =
            expanded.map_err(|e| if e.kind() == ErrorKind::Cancelled { cancelled() } else { e })?;
        checkpoint.recount |= expanded.edges > 0;
        if expanded.missing.count > 0 {
            let text = format!("{} expansions name entitlements that are not there", expanded.missing.count);
            self.warn(checkpoint, such_as(&text, &expanded.missing.examples));
        }
        if expanded.refused.count > 0 {
            let text = format!(
                "{} grants that follow from others have the id of another grant",
                expanded.refused.count
            );
            self.warn(checkpoint, such_as(&text, &expanded.refused.examples));
        }
        for cycle in &expanded.cycles.examples {
            let text = "entitlements expand into each other; none of them gives to the others of its cycle";
            self.warn(checkpoint, format!("{text}: {}", cycle.join(", ")));
        }
        // Not what this run made: an earlier one may have been stopped at it.
        let created = match checkpoint.unexpanded {
            Some(before) => db.count(Kind::Grant).await?.saturating_sub(before),
            None => 0,
        };
        checkpoint.expansion = Some(ExpansionSummary {
            edges: expanded.edges,
            created,
            updated: expanded.updated,
            cycles: expanded.cycles.count,
            missing_sources: expanded.missing.count,
        });
        Ok(LedgerRow::of_all_types(LedgerOperation::GrantExpansion, created))
    }

    fn warn(&self, checkpoint: &mut Checkpoint, message: String) {
        let message = self.connector.redact(&message).into_owned();
        if checkpoint.warnings.add(&message) {
            self.observer.event(&Event::Warning { message });
        }
    }

    async fn enter(&self, db: &mut WorkDb, state: State, checkpoint: &Checkpoint) -> Result<()> {
        self.enter_with(db, state, checkpoint, None).await
    }

    /// Notes the state, and what the ledger says of the step that led to it: once, for it is added up.
    async fn enter_with(
        &self,
        db: &mut WorkDb,
        state: State,
        checkpoint: &Checkpoint,
        ledger: Option<LedgerRow>,
    ) -> Result<()> {
        let mut batch = db.begin().await?;
        meta::save(&mut batch.connection(), state, checkpoint).await?;
        batch.add_to_ledger(ledger.as_slice()).await?;
        batch.commit().await?;
        self.made_safe(checkpoint);
        Ok(())
    }

    fn made_safe(&self, checkpoint: &Checkpoint) {
        self.observer.event(&Event::Committed { totals: checkpoint.intake.totals });
    }

    /// Of two grants of one id, one stays: what comes after needs ids to be
    /// unique.
    async fn settle(&self, db: &mut WorkDb, checkpoint: &mut Checkpoint) -> Result<()> {
        if !db.index_grant_ids().await? {
            let mut batch = db.begin().await?;
            let repeated = duplicates::settle_grants(&mut batch, self.cancel).await?;
            checkpoint.recount = true;
            checkpoint.intake.repeats.grants += repeated.removed;
            checkpoint.came_twice(repeated.differing);
            meta::save(&mut batch.connection(), State::Collected, checkpoint).await?;
            batch.commit().await?;
            self.made_safe(checkpoint);
            self.step("index settled ids")?;
            if !db.index_grant_ids().await? {
                return Err(Error::internal("two grants of one sync still have the same id"));
            }
        }
        self.enter(db, State::Settled, checkpoint).await
    }

    async fn keep(&self, db: &mut WorkDb) -> Result<u64> {
        let Some(old) = self.old else { return Ok(0) };
        match db.copy_kept_syncs(old, self.options.retention()).await {
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
        let types = db.count(Kind::ResourceType).await?;
        db.secure_delete(true).await?;
        db.finish_without(
            &Finish {
                ended_at: time::clock()?,
                stats: checkpoint.intake.counts.to_stats(types),
                supports_diff: self.expands(),
                completed_actions: checkpoint.actions,
            },
            &[meta::TABLE, external_result::TABLE],
        )
        .await?;
        self.made_safe(checkpoint);
        Ok(())
    }
}

fn such_as(text: &str, examples: &[String]) -> String {
    if examples.is_empty() { text.to_owned() } else { format!("{text}, such as {}", examples.join(", ")) }
}

/// The end of the collection: what only reading needs goes, in one transaction
/// with the state that says so.
async fn end_collection(db: &mut WorkDb, checkpoint: &Checkpoint) -> Result<()> {
    // What is dropped holds page tokens and remembered values: its bytes must
    // not travel in the free pages of the file.
    db.secure_delete(true).await?;
    let mut batch = db.begin().await?;
    for table in [queue::TABLE, waiting::TABLE].iter().chain(&listings::TABLES) {
        sqlx::query(sqlx::AssertSqlSafe(format!("drop table if exists {table}")))
            .execute(batch.connection())
            .await
            .map_err(database_error("end the collection"))?;
    }
    batch.clear_session_values().await?;
    meta::save(&mut batch.connection(), State::Collected, checkpoint).await?;
    batch.commit().await?;
    db.secure_delete(false).await
}
