//! The seal: from a collected working database to the finished file, by
//! committed states.

use std::sync::Arc;

use connector_model::{ErrorKind, Result};
use connector_store::{C1z, Finish, WorkDb, envelope::pack};
use tokio_util::sync::CancellationToken;

use crate::{
    Event, Observer, SyncOptions,
    collect::{CAME_TWICE, Collected, cancelled},
    duplicates, meta,
    meta::State,
    queue,
    run::unreadable,
    session,
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
    old: Option<&C1z>,
    options: &SyncOptions,
    observer: &Arc<dyn Observer>,
    cancel: &CancellationToken,
) -> Result<Sealed> {
    let step = |step| {
        observer.event(&Event::SealStep { step });
        if cancel.is_cancelled() { Err(cancelled()) } else { Ok(()) }
    };
    step("clean up")?;
    // What is dropped here holds page tokens, remembered values and settings:
    // its bytes must not travel in the free pages of the file.
    db.overwrite_what_is_deleted().await?;
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

async fn keep(db: &mut WorkDb, old: Option<&C1z>, options: &SyncOptions) -> Result<u64> {
    let Some(old) = old else { return Ok(0) };
    match db.copy_kept_syncs(&old.unpacked().db(), options.retention()).await {
        Ok(kept) => Ok(kept.kept.len() as u64),
        Err(e) if options.overwrite && e.kind() == ErrorKind::DataLoss => {
            tracing::warn!(error = %e.report(), "syncs of the old file can't be kept, and --overwrite says to go on");
            Ok(0)
        }
        Err(e) if e.kind() == ErrorKind::DataLoss => Err(unreadable(options, e)),
        Err(e) => Err(e),
    }
}
