//! What an earlier run left, and whether this one may go on with it.

use std::sync::Arc;

use connector_model::{Error, ErrorKind, Result};
use connector_store::WorkDb;

use crate::{
    Event, Observer, Phase, Totals,
    checkpoint::{
        Checkpoint,
        meta::{self, State},
        own_tables,
    },
    run::{
        fingerprint::Fingerprint,
        work_folder::{Left, Record, WorkFolder},
    },
};

/// A sync to go on with.
pub(crate) struct Earlier {
    pub(crate) record: Record,
    pub(crate) db: WorkDb,
    pub(crate) found: Found,
}

/// How far it came.
pub(crate) enum Found {
    /// On the way.
    At(State, Checkpoint),
    /// Sealed: it only has to be packed.
    Sealed(Checkpoint),
}

impl Found {
    /// Whether syncs of the old file are in it already, so that it belongs to
    /// that file.
    fn has_kept_syncs(&self) -> bool {
        // They are copied before the state says so.
        !matches!(self, Self::At(state, _) if *state < State::Expanded)
    }

    fn checkpoint(&self) -> &Checkpoint {
        match self {
            Self::At(_, checkpoint) | Self::Sealed(checkpoint) => checkpoint,
        }
    }

    /// The phase to go on with.
    pub(crate) fn phase(&self) -> Phase {
        match self {
            Self::At(State::Collecting, checkpoint) => checkpoint.phase,
            _ => Phase::Seal,
        }
    }

    /// What was taken in.
    pub(crate) fn totals(&self) -> Totals {
        self.checkpoint().intake.totals
    }
}

/// Looks for a sync to go on with; tells where there is one that can't be.
/// Fails where it can't be told: nothing is thrown away because something else
/// holds a file, or a disk fails.
pub(crate) async fn find(
    folder: &WorkFolder,
    fingerprint: &Fingerprint,
    observer: &Arc<dyn Observer>,
) -> Result<Option<Earlier>> {
    let reason = match folder.left(fingerprint)? {
        Ok(left) => match open(folder, &left).await {
            // Also where it took its place, and only its working files were
            // not removed any more: what it read may be of days ago.
            Ok(Some((db, found))) if found.has_kept_syncs() && left.record.output != folder.output => {
                if let Err(error) = db.close().await {
                    tracing::debug!(error = %error.report(), "the working database was not closed well");
                }
                Some("the output was replaced since then".to_owned())
            }
            Ok(Some((db, found))) => return Ok(Some(Earlier { record: left.record, db, found })),
            Ok(None) => None,
            Err(e) if e.kind() == ErrorKind::DataLoss => {
                Some(format!("its working database can't be trusted: {}", e.report()))
            }
            Err(e) => return Err(e.during("go on with an earlier run")),
        },
        Err(reason) => reason,
    };
    if let Some(reason) = reason {
        observer.event(&Event::StartedAgain { reason });
    }
    Ok(None)
}

/// Opens the working database; nothing where no page was made safe in it.
async fn open(folder: &WorkFolder, left: &Left) -> Result<Option<(WorkDb, Found)>> {
    let mut db = WorkDb::resume(&folder.database(), &own_tables::statements()).await?;
    folder.check_in_place()?;
    let found = look(&mut db, folder, left.restarted).await;
    match found {
        Ok(Some(found)) => Ok(Some((db, found))),
        other => {
            db.close().await?;
            other.map(|_| None)
        }
    }
}

async fn look(db: &mut WorkDb, folder: &WorkFolder, restarted: bool) -> Result<Option<Found>> {
    if restarted {
        tracing::info!("the machine was restarted since, so the working database is checked");
        db.check().await?;
    }
    if let Some((state, checkpoint)) = meta::load(&mut db.connection()).await? {
        return Ok(Some(Found::At(state, checkpoint)));
    }
    if !db.is_finished().await? {
        return Ok(None);
    }
    let summary = folder.read_summary();
    summary
        .map(Found::Sealed)
        .map(Some)
        .ok_or_else(|| Error::new(ErrorKind::DataLoss, "the summary of the sealed sync is missing"))
}
