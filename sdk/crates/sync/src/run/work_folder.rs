//! The folder of a sync: the working database and what belongs to it. It
//! outlives a run that was killed or could not finish; the next one goes on
//! with it, or starts again and says why.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use connector_model::{Error, ErrorKind, Result};
use connector_store::{
    free_space,
    fs::{PrivateDir, Purpose, others_can_rename_in, sibling},
    time::clock,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{SyncOptions, run::fingerprint::Fingerprint};

/// Room that even the smallest sync needs, in bytes.
pub(crate) const LEAST_FREE: u64 = 16 << 20;

/// What was read longer ago is not gone on with: seven days, as in the Go SDK.
const MOST_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How far in the future, by this machine's clock, a sync may have been begun:
/// clocks are set right, and time zones mistaken for one another.
const MOST_AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

const RECORD: &str = "record.json";
const SUMMARY: &str = "summary.json";
const DATABASE: &str = "sync.db";

/// The working database with what SQLite keeps beside it.
const DATABASE_FILES: [&str; 4] = [DATABASE, "sync.db-wal", "sync.db-shm", "sync.db-journal"];

/// The most bytes of a record or a summary. Settings and filters come from a
/// command line and files of at most two megabytes.
const MOST_RECORD: u64 = 16 << 20;

const PURPOSE: Purpose =
    Purpose { what: "the working folder", advice: "choose another place with --c1z-temp-dir" };

/// The shape of the working files. Files of another shape are not gone on
/// with.
const FORMAT: u32 = 1;

/// What lies beside the working database and says whose it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    format: u32,
    pub(crate) fingerprint: Fingerprint,
    /// When the sync was begun, in seconds of Unix time.
    started: i64,
    /// Which start of the machine the files were written in: after another
    /// one, what was not synced to disk may be torn.
    boot: Option<String>,
    /// The file that is to be replaced, as it was when it was last looked at.
    pub(crate) output: Option<Stamp>,
}

/// What changes when a file is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    bytes: u64,
    modified: Option<Duration>,
    /// Device and number.
    file: Option<(u64, u64)>,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let of = std::fs::metadata(path).ok()?;
        let modified = of.modified().ok().and_then(|m| m.duration_since(SystemTime::UNIX_EPOCH).ok());
        Some(Self { bytes: of.len(), modified, file: file_number(&of) })
    }
}

impl Record {
    /// How long ago the sync was begun; nothing where that is ahead of the
    /// clock.
    pub(crate) fn age(&self) -> Duration {
        clock().map_or(Duration::ZERO, |now| Duration::from_secs(self.age_at(now.as_second()).unwrap_or(0)))
    }

    /// Seconds from its beginning to a moment, or from the moment to it.
    fn age_at(&self, now: i64) -> Result<u64, u64> {
        let apart = now.abs_diff(self.started);
        if now >= self.started { Ok(apart) } else { Err(apart) }
    }

    /// Why it is too old, or too new, to be gone on with.
    fn out_of_time(&self, now: i64) -> Option<String> {
        match self.age_at(now) {
            Ok(age) if age > MOST_AGE.as_secs() => Some("it was begun more than seven days ago".to_owned()),
            Err(ahead) if ahead > MOST_AHEAD.as_secs() => {
                Some("it was begun more than a day in the future; check this machine's clock".to_owned())
            }
            _ => None,
        }
    }
}

/// What an earlier run left.
#[derive(Debug)]
pub(crate) struct Left {
    pub(crate) record: Record,
    /// Whether the machine was restarted since, or may have been.
    pub(crate) restarted: bool,
}

/// A private folder that is found again by its name. The output's lock must be
/// held.
#[derive(Debug)]
pub(crate) struct WorkFolder {
    path: PathBuf,
    /// The folder, once it is there.
    dir: Option<PrivateDir>,
    /// The output as it is now.
    pub(crate) output: Option<Stamp>,
    keep: bool,
}

impl WorkFolder {
    /// The folder of an output, with room for a file about as large as the old
    /// one. Fails where something is there that is not ours.
    pub(crate) fn of(options: &SyncOptions) -> Result<Self> {
        let path = match &options.temp_dir {
            None => sibling(&options.output, "work"),
            Some(folder) => folder.join(name_for(&options.output)?),
        };
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        check_room(parent, &options.output)?;
        warn_of_parent(parent);
        let dir = PrivateDir::open(&path, PURPOSE)?;
        // Nothing is removed until somebody says so.
        Ok(Self { path, dir, output: Stamp::of(&options.output), keep: true })
    }

    /// What an earlier run left that this one may go on with; else the reason
    /// why not, where there was something. Fails where it can't be read.
    pub(crate) fn left(&self, fingerprint: &Fingerprint) -> Result<Result<Left, Option<String>>> {
        let Some(dir) = &self.dir else { return Ok(Err(None)) };
        if let Some(flaw) = dir.exposed() {
            return Ok(Err(Some(format!("its working folder {flaw}"))));
        }
        match self.left_in(dir, fingerprint) {
            Err(e) if e.kind() == ErrorKind::DataLoss => {
                Ok(Err(Some(format!("its files can't be trusted: {}", e.message()))))
            }
            left => left,
        }
    }

    fn left_in(&self, dir: &PrivateDir, fingerprint: &Fingerprint) -> Result<Result<Left, Option<String>>> {
        // Nothing is there, or it was killed before it had begun.
        let Some(text) = dir.read(RECORD, MOST_RECORD)? else { return Ok(Err(None)) };
        let left = match left_by(&text, fingerprint) {
            Ok(left) => left,
            Err(reason) => return Ok(Err(Some(reason))),
        };
        let mut is_there = false;
        for name in DATABASE_FILES {
            is_there |= dir.open_file(name)?.is_some() && name == DATABASE;
        }
        Ok(if is_there { Ok(left) } else { Err(None) })
    }

    /// Empties the folder for a sync that begins.
    pub(crate) fn begin(&mut self) -> Result<()> {
        self.remove()?;
        self.dir = Some(PrivateDir::create(&self.path, PURPOSE)?);
        self.keep = false;
        Ok(())
    }

    /// The record of a sync that begins.
    pub(crate) fn new_record(&self, fingerprint: Fingerprint) -> Result<Record> {
        let started = clock()?.as_second();
        Ok(Record { format: FORMAT, fingerprint, started, boot: boot(), output: self.output.clone() })
    }

    /// Removes what is not needed to go on, and notes the machine's start and
    /// the output.
    pub(crate) fn go_on(&mut self, record: &Record) -> Result<()> {
        for entry in std::fs::read_dir(&self.path).map_err(|e| self.io(e))? {
            let entry = entry.map_err(|e| self.io(e))?;
            if DATABASE_FILES.iter().chain(&[RECORD, SUMMARY]).any(|name| *name == entry.file_name()) {
                continue;
            }
            let is_folder = entry.file_type().is_ok_and(|t| t.is_dir());
            let removed = if is_folder {
                std::fs::remove_dir_all(entry.path())
            } else {
                std::fs::remove_file(entry.path())
            };
            // A run of this process that was cancelled may be clearing up behind itself.
            removed
                .or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(self.io(e)) })?;
        }
        self.write_record(&Record { boot: boot(), output: self.output.clone(), ..record.clone() })
    }

    fn io(&self, cause: io::Error) -> Error {
        Error::io("the working files of an earlier run can't be read", cause)
            .with("folder", self.path.display())
    }

    /// Says whose the working database is, once it is made.
    pub(crate) fn write_record(&self, record: &Record) -> Result<()> {
        self.write_json(RECORD, record)
    }

    /// Keeps what the summary needs, for a run that finds the sync sealed.
    pub(crate) fn write_summary<T: Serialize>(&self, summary: &T) -> Result<()> {
        self.write_json(SUMMARY, summary)
    }

    /// What [`WorkFolder::write_summary`] kept.
    pub(crate) fn read_summary<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        let text = self.dir.as_ref()?.read(SUMMARY, MOST_RECORD).ok()??;
        serde_json::from_slice(&text).ok()
    }

    fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        let bytes = serde_json::to_vec(value)
            .map_err(|e| Error::internal("the state of a sync does not become JSON").caused_by(e))?;
        self.dir()?.replace(name, &bytes)
    }

    fn dir(&self) -> Result<&PrivateDir> {
        self.dir.as_ref().ok_or_else(|| Error::internal("the working folder is not there yet"))
    }

    /// Fails where somebody put another folder in the place of ours.
    pub(crate) fn check_in_place(&self) -> Result<()> {
        self.dir()?.check_in_place()
    }

    /// The error of a run, or its reason where that is another folder in the
    /// place of ours: SQLite reports that as one that can't be written to.
    pub(crate) fn blame(&self, error: Error) -> Error {
        match self.dir.as_ref().map(PrivateDir::check_in_place) {
            Some(Err(swapped)) if swapped.message() != error.message() => swapped.caused_by(error),
            _ => error,
        }
    }

    /// From now on the folder stays when the run ends.
    pub(crate) fn keep(&mut self, keep: bool) {
        self.keep = keep;
    }

    /// Whether the folder stays when the run ends now.
    pub(crate) fn is_kept(&self) -> bool {
        self.keep && self.database().exists() && self.check_in_place().is_ok()
    }

    /// Makes the next run check the working database before it goes on.
    pub(crate) fn distrust(&self) {
        let record = self.dir.as_ref().and_then(|dir| dir.read(RECORD, MOST_RECORD).ok().flatten());
        let record = record.and_then(|r| serde_json::from_slice::<Record>(&r).ok());
        let written = record.map(|record| self.write_record(&Record { boot: None, ..record }));
        if !matches!(written, Some(Ok(()))) {
            tracing::debug!("the working files can't be marked for a check");
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the working database lies.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    fn remove(&mut self) -> Result<()> {
        let Some(dir) = self.dir.take() else { return Ok(()) };
        // First what says that the rest can be gone on with: a run that is
        // killed in between leaves nothing that looks whole.
        if let Err(error) = dir.remove_file(RECORD) {
            tracing::debug!(%error, "the record in the working folder can't be removed first");
        }
        dir.remove()
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        if !self.keep
            && let Err(error) = self.remove()
        {
            tracing::warn!(folder = %self.path.display(), error = %error.report(), "the working folder stays behind");
        }
    }
}

fn left_by(record: &[u8], fingerprint: &Fingerprint) -> Result<Left, String> {
    let record: Record = serde_json::from_slice(record).map_err(|_| "its record is damaged".to_owned())?;
    if record.format != FORMAT {
        return Err("it was written by another version of this program".to_owned());
    }
    if let Some(what) = record.fingerprint.difference(fingerprint) {
        return Err(format!("{what} is another one now"));
    }
    let now = clock().map_err(|e| e.message().to_owned())?.as_second();
    if let Some(reason) = record.out_of_time(now) {
        return Err(reason);
    }
    let restarted = record.boot.is_none() || record.boot != boot();
    Ok(Left { record, restarted })
}

/// Where everybody may rename what lies in a folder, ours may be swapped for
/// another one. That is no error: volumes of containers are made so, with one
/// user on them. A swap under way is noticed before the file is packed.
fn warn_of_parent(parent: &Path) {
    if others_can_rename_in(parent) {
        tracing::warn!(
            folder = %parent.display(),
            "every user of this machine may rename what lies in the folder of the working files; set its sticky bit \
             (chmod +t), or choose another with --c1z-temp-dir"
        );
    }
}

#[cfg(unix)]
fn file_number(of: &std::fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((of.dev(), of.ino()))
}

#[cfg(not(unix))]
fn file_number(_: &std::fs::Metadata) -> Option<(u64, u64)> {
    None
}

/// What changes at every start of the machine; nothing where the system does
/// not tell (Linux `random(4)`: `/proc/sys/kernel/random/boot_id`).
fn boot() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned())
}

/// A name in a shared temporary folder: two outputs never meet in one.
fn name_for(output: &Path) -> Result<String> {
    let whole = std::path::absolute(output)
        .map_err(|e| Error::io("the output's path can't be resolved", e).with("file", output.display()))?;
    let digest = Sha256::digest(whole.as_os_str().as_encoded_bytes());
    let short: String = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("{name}.{short}.work"))
}

fn check_room(folder: &Path, output: &Path) -> Result<()> {
    let old = std::fs::metadata(output).map_or(0, |m| m.len());
    // The database is some eight times its packed form, and the old one is
    // there too where syncs of it are kept; the new file may be another size.
    let (least, likely) = (LEAST_FREE + old.saturating_mul(2), LEAST_FREE + old.saturating_mul(16));
    let free = free_space(folder)?;
    if free < likely {
        tracing::warn!(
            folder = %folder.display(),
            "there may be too little room for the working files: {} MiB free, about {} MiB likely needed",
            free >> 20,
            likely >> 20
        );
    }
    if free >= least {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::ResourceExhausted,
        format!(
            "there is too little room for the working files: {} MiB free, at least {} MiB and likely {} MiB \
             needed; free some, or choose another place with --c1z-temp-dir",
            free >> 20,
            least >> 20,
            likely >> 20
        ),
    )
    .with("folder", folder.display()))
}
