//! A sync from beginning to end.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use connector_model::{Error, Registry, Result};
use connector_store::{
    C1z, NewSync, Retention, WorkDb,
    envelope::{FileKind, Limits, check_target, unpack},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Completeness, Event, Observer, Phase, Summary, SyncOptions,
    call::guarded,
    collect::{Collector, cancelled},
    fingerprint::Fingerprint,
    lock::OutputLock,
    meta,
    seal::seal,
    work_folder::WorkFolder,
};

/// Reads everything that a connector has and writes it into
/// [`SyncOptions::output`].
///
/// The output is looked at, locked and given room **before** the connector is
/// asked for anything: what can't be written is said before the work, not
/// after. The old file stays as it is until the new one takes its place by a
/// rename; a run that fails or is cancelled leaves it untouched and removes
/// its working files.
///
/// Errors that a caller may want to branch on: failed precondition (another
/// run holds the output, or it is no file of ours), cancelled, resource
/// exhausted (no room), internal (the connector broke a rule); every other
/// kind comes from the connector as it was.
pub async fn sync(
    registry: &Registry,
    options: &SyncOptions,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
) -> Result<Summary> {
    let start = Instant::now();
    let _lock = OutputLock::take(&options.output)?;
    let target = check_target(&options.output, options.overwrite)?;
    let folder = WorkFolder::prepare(options)?;
    let old = decode_old(&target, options, folder.path()).await?;

    let connector = registry.connector();
    let validation = tokio::select! {
        biased;
        () = cancel.cancelled() => return Err(cancelled()),
        validation = guarded(connector.validate()) => validation?,
    };
    let fingerprint = Fingerprint::of(registry, &validation, options);
    tracing::debug!(fingerprint = fingerprint.digest(), "a new sync");

    let new = NewSync { sync_type: options.sync_type(), ..NewSync::full() };
    let mut db = WorkDb::create(&folder.database(), &new).await?;
    meta::create(db.connection(), &fingerprint).await?;
    let workers = options.workers.resolve(connector.max_parallel_calls());
    let mut collected = Collector::new(registry.clone(), workers, options, observer.clone(), cancel.clone())
        .run(&mut db)
        .await?;

    observer.event(&Event::PhaseStarted { phase: Phase::Seal });
    let sealing = Instant::now();
    let sealed = seal(db, &mut collected, old.as_ref(), options, &observer, &cancel).await?;
    let mut phases = collected.phases;
    phases.push((Phase::Seal, sealing.elapsed()));
    Ok(Summary {
        sync_id: new.id.to_string(),
        output: options.output.clone(),
        bytes: sealed.bytes,
        resources: collected.counts.resources,
        entitlements: collected.counts.entitlements,
        grants: collected.counts.grants,
        pages: collected.totals.pages,
        phases,
        elapsed: start.elapsed(),
        warnings: collected.warnings.into_list(),
        kept_syncs: sealed.kept_syncs,
        calls: BTreeMap::new(),
        waited: Duration::ZERO,
        resumed: false,
        ledger: Vec::new(),
        completeness: Completeness::Whole,
        expansion: None,
        external: None,
    })
}

/// The old file, decoded and checked where syncs of it are kept: a file that
/// can't be read is said before the work.
async fn decode_old(target: &FileKind, options: &SyncOptions, folder: &Path) -> Result<Option<C1z>> {
    if !matches!(target, FileKind::V1) || options.retention() == Retention::Newest(1) {
        return Ok(None);
    }
    let open = async {
        let unpacked = unpack(&options.output, folder, &Limits::from_env()).await?;
        let old = C1z::of(&options.output, unpacked).await?;
        old.check().await?;
        Ok::<_, Error>(old)
    };
    match open.await {
        Ok(old) => Ok(Some(old)),
        Err(e) if options.overwrite => {
            tracing::warn!(error = %e.report(), "the old file can't be read and is replaced, as --overwrite says");
            Ok(None)
        }
        Err(e) => Err(unreadable(options, e)),
    }
}

/// The error of an old file that can't be read, with what to do.
pub(crate) fn unreadable(options: &SyncOptions, cause: Error) -> Error {
    Error::new(
        cause.kind(),
        "the old file can't be read, so its syncs can't be kept; move it away, or replace it with --overwrite",
    )
    .with("file", options.output.display())
    .caused_by(cause)
}
