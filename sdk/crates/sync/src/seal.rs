//! The seal: from a collected working database to the finished file, by
//! committed states.

use std::sync::Arc;

use connector_model::Result;
use connector_store::{
    Finish, WorkDb,
    envelope::{Unpacked, pack},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Event, Observer, SyncOptions,
    collect::{CAME_TWICE, Collected, cancelled},
    duplicates, meta,
    meta::State,
    queue, session,
};

/// What the seal made.
pub(crate) struct Sealed {
    pub(crate) bytes: u64,
    pub(crate) kept_syncs: u64,
}

/// Makes the finished file. Until the very last step the old file is as it
/// was.
pub(crate) async fn seal(
    mut db: WorkDb,
    collected: &mut Collected,
    old: Option<&Unpacked>,
    options: &SyncOptions,
    observer: &Arc<dyn Observer>,
    cancel: &CancellationToken,
) -> Result<Sealed> {
    let step = |step| {
        observer.event(&Event::SealStep { step });
        if cancel.is_cancelled() { Err(cancelled()) } else { Ok(()) }
    };
    step("clean up")?;
    queue::drop(db.connection()).await?;
    session::clear(db.connection()).await?;
    meta::enter(db.connection(), State::Collected).await?;

    step("keep earlier syncs")?;
    let kept_syncs = keep(&mut db, old, options).await?;
    meta::enter(db.connection(), State::Kept).await?;

    step("build indexes")?;
    if !db.index_grant_ids().await? {
        let left_out = duplicates::settle_grants(&mut db).await?;
        collected.counts.leave_out_grants(&left_out.by_type);
        if left_out.differing > 0 {
            collected.warnings.add_many(CAME_TWICE, left_out.differing);
        }
    }
    duplicates::drop(db.connection()).await?;
    db.build_indexes().await?;
    meta::enter(db.connection(), State::Indexed).await?;

    step("write statistics")?;
    meta::drop(db.connection()).await?;
    db.finish(&Finish {
        ended_at: jiff::Timestamp::now(),
        stats: collected.counts.to_stats(collected.resource_types),
        supports_diff: false,
        completed_actions: collected.actions,
    })
    .await?;
    let database = db.close_for_packing().await?;

    step("pack")?;
    let bytes = pack(&database, &options.output).await?;
    Ok(Sealed { bytes, kept_syncs })
}

async fn keep(db: &mut WorkDb, old: Option<&Unpacked>, options: &SyncOptions) -> Result<u64> {
    let Some(old) = old else { return Ok(0) };
    let kept = db.copy_kept_syncs(&old.db(), options.keep_syncs).await?;
    Ok(kept.kept.len() as u64)
}
