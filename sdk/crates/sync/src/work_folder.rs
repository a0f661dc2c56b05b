//! The folder of a sync: the working database and what belongs to it. It
//! outlives a run that was killed or could not finish; the next one goes on
//! with it, or starts again and says why.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use connector_model::{Error, ErrorKind, Result};
use connector_store::free_space;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{SyncOptions, fingerprint::Fingerprint, lock::sibling};

/// Room that even the smallest sync needs, in bytes.
pub(crate) const LEAST_FREE: u64 = 16 << 20;

/// What was read longer ago is not gone on with: seven days, as in the Go SDK.
const MOST_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

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
    /// How long ago the sync was begun.
    pub(crate) fn age(&self) -> Duration {
        Duration::from_secs(u64::try_from(Timestamp::now().as_second() - self.started).unwrap_or_default())
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
    /// The output as it is now.
    pub(crate) output: Option<Stamp>,
    keep: bool,
}

impl WorkFolder {
    /// The folder of an output, with room for a file about as large as the old
    /// one.
    pub(crate) fn of(options: &SyncOptions) -> Result<Self> {
        let path = match &options.temp_dir {
            None => sibling(&options.output, "work"),
            Some(folder) => folder.join(name_for(&options.output)?),
        };
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        check_room(parent, &options.output)?;
        // Nothing is removed until somebody says so.
        Ok(Self { path, output: Stamp::of(&options.output), keep: true })
    }

    /// What an earlier run left that this one may go on with; else the reason
    /// why not, where there was something. Fails where it can't be read.
    pub(crate) fn left(&self, fingerprint: &Fingerprint) -> Result<Result<Left, Option<String>>> {
        match std::fs::read(self.record()) {
            Ok(text) => Ok(self.left_by(&text, fingerprint)),
            // Nothing is there, or it was killed before it had begun.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Err(None)),
            Err(e) => Err(self.io(e)),
        }
    }

    fn left_by(&self, record: &[u8], fingerprint: &Fingerprint) -> Result<Left, Option<String>> {
        let record: Record =
            serde_json::from_slice(record).map_err(|_| Some("its record is damaged".to_owned()))?;
        if record.format != FORMAT {
            return Err(Some("it was written by another version of this program".to_owned()));
        }
        if let Some(what) = record.fingerprint.difference(fingerprint) {
            return Err(Some(format!("{what} is another one now")));
        }
        if record.age() > MOST_AGE {
            return Err(Some("it was begun more than seven days ago".to_owned()));
        }
        if !self.database().exists() {
            return Err(None);
        }
        let restarted = record.boot.is_none() || record.boot != boot();
        Ok(Left { record, restarted })
    }

    /// Empties the folder for a sync that begins.
    pub(crate) fn begin(&mut self) -> Result<()> {
        self.remove()?;
        make_private(&self.path).map_err(|e| {
            Error::io("the working folder can't be made; choose another place with --c1z-temp-dir", e)
                .with("folder", self.path.display())
        })?;
        self.keep = false;
        Ok(())
    }

    /// The record of a sync that begins.
    pub(crate) fn new_record(&self, fingerprint: Fingerprint) -> Record {
        let started = Timestamp::now().as_second();
        Record { format: FORMAT, fingerprint, started, boot: boot(), output: self.output.clone() }
    }

    /// Removes what is not needed to go on, and notes the machine's start and
    /// the output.
    pub(crate) fn go_on(&mut self, record: &Record) -> Result<()> {
        let needed =
            ["sync.db", "sync.db-wal", "sync.db-shm", "sync.db-journal", "record.json", "summary.json"];
        for entry in std::fs::read_dir(&self.path).map_err(|e| self.io(e))? {
            let entry = entry.map_err(|e| self.io(e))?;
            if needed.iter().any(|name| *name == entry.file_name()) {
                continue;
            }
            let is_folder = entry.file_type().is_ok_and(|t| t.is_dir());
            let removed = if is_folder {
                std::fs::remove_dir_all(entry.path())
            } else {
                std::fs::remove_file(entry.path())
            };
            removed.map_err(|e| self.io(e))?;
        }
        self.write_record(&Record { boot: boot(), output: self.output.clone(), ..record.clone() })
    }

    fn io(&self, cause: std::io::Error) -> Error {
        Error::io("the working files of an earlier run can't be read", cause)
            .with("folder", self.path.display())
    }

    /// Says whose the working database is, once it is made.
    pub(crate) fn write_record(&self, record: &Record) -> Result<()> {
        self.write_json("record.json", record)
    }

    /// Keeps what the summary needs, for a run that finds the sync sealed.
    pub(crate) fn write_summary<T: Serialize>(&self, summary: &T) -> Result<()> {
        self.write_json("summary.json", summary)
    }

    /// What [`WorkFolder::write_summary`] kept.
    pub(crate) fn read_summary<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        let text = std::fs::read(self.path.join("summary.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<()> {
        let bytes = serde_json::to_vec(value)
            .map_err(|e| Error::internal("the state of a sync does not become JSON").caused_by(e))?;
        let write = || {
            let temp = self.path.join(format!("{name}.new"));
            let mut file = File::create(&temp)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&temp, self.path.join(name))?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|e| {
            Error::io("the working folder can't be written to", e).with("folder", self.path.display())
        })
    }

    /// From now on the folder stays when the run ends.
    pub(crate) fn keep(&mut self, keep: bool) {
        self.keep = keep;
    }

    /// Whether the folder stays when the run ends now.
    pub(crate) fn is_kept(&self) -> bool {
        self.keep && self.database().exists()
    }

    /// Makes the next run check the working database before it goes on.
    pub(crate) fn distrust(&self) {
        let record =
            std::fs::read(self.record()).ok().and_then(|r| serde_json::from_slice::<Record>(&r).ok());
        let written = record.map(|record| self.write_record(&Record { boot: None, ..record }));
        if !matches!(written, Some(Ok(()))) {
            tracing::debug!("the working files can't be marked for a check");
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn record(&self) -> PathBuf {
        self.path.join("record.json")
    }

    /// Where the working database lies.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("sync.db")
    }

    fn remove(&self) -> Result<()> {
        // First what says that the rest can be gone on with: a run that is
        // killed in between leaves nothing that looks whole.
        if std::fs::remove_file(self.record()).is_ok()
            && let Err(error) = File::open(&self.path).and_then(|folder| folder.sync_all())
        {
            tracing::debug!(%error, "the working folder can't be synced to disk");
        }
        match std::fs::remove_dir_all(&self.path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("the working files of an earlier run can't be removed", e)
                    .with("folder", self.path.display()))
            }
            _ => Ok(()),
        }
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

#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir(path)
}
