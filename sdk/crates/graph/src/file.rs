//! Expansion of a file that is there.

use std::path::{Path, PathBuf};

use connector_model::{Error, ErrorKind, Result};
use connector_store::{
    C1z, Finish, LedgerOperation, LedgerRow, OpenOptions, Retention, SyncId, SyncRun, WorkDb,
    envelope::{Limits, check_target, pack, remove_leftover},
    fs::{OutputLock, resolve_output},
    time,
};
use tokio_util::sync::CancellationToken;

use crate::{Expanded, cancelled, expand, folder::Folder, select_sync::select_sync};

/// How a file is expanded.
#[derive(Clone, Debug, Default)]
pub struct ExpandOptions {
    /// The sync to expand. Else the newest: an unfinished one that has nothing left but its expansion, if it started
    /// after the newest finished full one, else that.
    pub sync_id: Option<String>,
    /// Where the decoded file and the working database lie: else in a hidden folder beside the output.
    pub temp_dir: Option<PathBuf>,
    /// Limits on decoding the input.
    pub limits: Limits,
    /// Replace an output that is no file of ours.
    pub overwrite: bool,
}

/// Bytes that ids and edges may take, whatever the size of the file. Beyond it is twice its packed size: a grant takes
/// some 34 bytes there, and the id of its principal not many more.
const BYTES_AT_LEAST: usize = 128 << 20;

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ExpandedFile {
    /// The sync that was expanded.
    pub sync_id: String,
    /// Whether it had no end before.
    pub was_unfinished: bool,
    /// The file that was written, and its size in bytes.
    pub output: PathBuf,
    /// See [`ExpandedFile::output`].
    pub bytes: u64,
    /// What expansion did.
    #[serde(flatten)]
    pub expanded: Expanded,
}

/// Expands the grants of a sync of the file `input` and writes all of it, with the other syncs as they are, to `output`,
/// which may be the same file.
///
/// The output is replaced by a rename at the end, as a sync does it; whatever fails, it stays as it was. The sync is
/// finished then. One that had an end keeps it: what it says is not newer than it was.
///
/// A sync that is not read to its end is refused: failed precondition. So is one with principals of another file still
/// to be matched, and one whose state is of a program that we don't know.
pub async fn expand_file(
    input: &Path,
    output: &Path,
    options: &ExpandOptions,
    report: &(dyn Fn(&'static str) + Send + Sync),
    cancel: CancellationToken,
) -> Result<ExpandedFile> {
    let step = |step| {
        report(step);
        if cancel.is_cancelled() { Err(cancelled()) } else { Ok(()) }
    };
    // A link stays, and what it leads to is replaced.
    let target = resolve_output(output)?;
    let _lock = OutputLock::take(&target)?;
    check_target(&target, options.overwrite)?;
    remove_leftover(&target)?;
    let own = match &options.temp_dir {
        None => Some(Folder::beside(&target)?),
        Some(_) => None,
    };
    let temp_dir =
        own.as_ref().and_then(Folder::path).map(Path::to_owned).or_else(|| options.temp_dir.clone());
    let open = OpenOptions { temp_dir, limits: options.limits, cancel: cancel.clone() };
    let file = C1z::open(input, &open).await?;
    let run = select_sync(&file, options.sync_id.as_deref()).await?;
    file.check().await?;

    step("copy the sync")?;
    let work = file.unpacked().folder().join("work.db");
    let mut db = WorkDb::adopt(&work, &file, &SyncId::new(run.id.as_str())?).await?;
    // Which of two grants of one id counts is for nobody to guess.
    if !db.index_grant_ids().await? {
        return Err(
            Error::new(ErrorKind::DataLoss, "two grants of the sync have the same id").with("sync", &run.id)
        );
    }
    step("expand grants")?;
    let most_bytes = usize::try_from(file.unpacked().packed_bytes).unwrap_or(usize::MAX).saturating_mul(2);
    let expanded =
        expand(&mut db, most_bytes.max(BYTES_AT_LEAST), &cancel, &mut |_| {}).await.map_err(|e| {
            match e.kind() {
                // What would be a bug of a connector is bytes of a file here.
                ErrorKind::Internal => Error::new(
                    ErrorKind::DataLoss,
                    "the grants of the sync can't be expanded; `baton verify` tells more",
                )
                .with("file", input.display())
                .caused_by(e),
                _ => e,
            }
        })?;
    // Before the other syncs come, so that it is the rows of this one that are counted.
    let stats = db.stats().await?;
    let created = expanded.created.values().sum();
    db.amend_ledger(&LedgerRow::of_all_types(LedgerOperation::GrantExpansion, created)).await?;
    step("keep the other syncs")?;
    let _all = db.copy_kept_syncs(&file, Retention::All).await?;
    step("build indexes")?;
    db.build_indexes().await?;
    // The other writer's state may be long, and is replaced.
    db.secure_delete(true).await?;
    let ended_at = match &run.ended_at {
        Some(text) => stored_end(&run, text)?,
        None => time::clock()?,
    };
    db.finish(&Finish { ended_at, stats, supports_diff: true, completed_actions: 0 }).await?;
    let database = db.close_for_packing().await?;
    step("pack")?;
    let bytes = pack(&database, &target).await?;
    Ok(ExpandedFile {
        was_unfinished: !run.is_finished(),
        sync_id: run.id,
        output: output.to_owned(),
        bytes,
        expanded,
    })
}

/// The end that a sync has, and keeps. One that is no date, or a date that no file can hold, is not made up.
fn stored_end(run: &SyncRun, text: &str) -> Result<jiff::Timestamp> {
    time::parse(text).filter(|at| time::format(*at).is_ok()).ok_or_else(|| {
        let text = text.chars().take(40).collect::<String>();
        let what = "the end of the sync is no date from the year 1 to 9999; run the connector again";
        Error::new(ErrorKind::DataLoss, what).with("sync", &run.id).with("ended_at", text.escape_debug())
    })
}
