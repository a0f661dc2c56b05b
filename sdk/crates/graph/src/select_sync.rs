//! Which sync of a file is expanded.

use connector_model::{Error, ErrorKind, Result};
use connector_store::{C1z, SyncRun, SyncType};

use crate::foreign_token::{Remaining, remaining};

/// Selects the sync of an id, else the newest one: an unfinished one, if it started after the newest finished full one,
/// else that. An unfinished one must have nothing left to do but what can be done here.
pub(super) async fn select_sync(file: &C1z, sync_id: Option<&str>) -> Result<SyncRun> {
    let runs = file.syncs().await?;
    let full = runs.iter().find(|r| r.is_finished() && r.sync_type == SyncType::Full);
    // The newest start comes first.
    let unfinished = runs.iter().find(|r| !r.is_finished());
    let chosen = match sync_id {
        Some(id) => runs.iter().find(|r| r.id == id).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "the file has no such sync; `baton syncs` lists them")
                .with("sync", id.chars().take(40).collect::<String>())
        }),
        None => unfinished
            .filter(|u| full.is_none_or(|f| u.started_at > f.started_at))
            .or(full)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "the file holds no sync that can be expanded")),
    }
    .map_err(|e| e.with("file", file.path().display()))?;
    if !chosen.is_finished() {
        check(&file.sync_token(chosen).await?)
            .map_err(|e| e.with("sync", &chosen.id).with("file", file.path().display()))?;
    }
    Ok(chosen.clone())
}

fn check(token: &str) -> Result<()> {
    let refuse = |message: String| Err(Error::new(ErrorKind::FailedPrecondition, message));
    let finished = "finish it with the program that started it, or choose a finished one with --sync-id";
    match remaining(token) {
        Remaining::Nothing | Remaining::Expansion => Ok(()),
        Remaining::External => refuse(format!(
            "principals of another file are still to be matched in this sync (list-external-resources), \
             which is not done here; {finished}"
        )),
        Remaining::Collection(operations) => refuse(format!(
            "this sync is not read to its end, so that it can't be expanded (left: {}); {finished}",
            operations.join(", ")
        )),
        Remaining::Unknown(why) => {
            refuse(format!("what is left to do in this sync is not known, for {why}; {finished}"))
        }
    }
}
