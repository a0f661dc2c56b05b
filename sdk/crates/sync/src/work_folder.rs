//! The folder of a run: the working database and what belongs to it.

use std::path::{Path, PathBuf};

use connector_model::{Error, ErrorKind, Result};
use connector_store::free_space;
use sha2::{Digest as _, Sha256};

use crate::{SyncOptions, lock::sibling};

/// Room that even the smallest sync needs, in bytes.
const LEAST_FREE: u64 = 16 << 20;

/// A private folder that is removed when the run is over.
///
/// It is found again by its name, so that a run can tell what an earlier one
/// left there; the output's lock must be held.
#[derive(Debug)]
pub(crate) struct WorkFolder {
    path: PathBuf,
}

impl WorkFolder {
    /// An empty folder with room for a file about as large as the old one.
    pub(crate) fn prepare(options: &SyncOptions) -> Result<Self> {
        let path = match &options.temp_dir {
            None => sibling(&options.output, "work"),
            Some(folder) => folder.join(name_for(&options.output)?),
        };
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        check_room(parent, &options.output)?;
        if path.exists() {
            tracing::info!(folder = %path.display(), "removing what an interrupted run left");
            std::fs::remove_dir_all(&path).map_err(|e| {
                Error::io("the working files of an earlier run can't be removed", e)
                    .with("folder", path.display())
            })?;
        }
        make_private(&path).map_err(|e| {
            Error::io("the working folder can't be made; choose another place with --c1z-temp-dir", e)
                .with("folder", path.display())
        })?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the working database lies.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("sync.db")
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(folder = %self.path.display(), %error, "the working folder stays behind");
        }
    }
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
            "there is too little room for the working files: {} MiB free, about {} MiB needed; \
             free some, or choose another place with --c1z-temp-dir",
            free >> 20,
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
