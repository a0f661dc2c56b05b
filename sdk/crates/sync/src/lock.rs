//! One run an output: a lock file beside it.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use connector_model::{Error, ErrorKind, Result};

/// Holds the output for this run; lets go when dropped, and at the latest
/// when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct OutputLock {
    path: PathBuf,
    _file: File,
}

impl OutputLock {
    /// Takes the lock of an output, or says that another run has it.
    pub(crate) fn take(output: &Path) -> Result<Self> {
        let path = sibling(output, "lock");
        loop {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .map_err(|e| refused(output, &path, e).with("file", output.display()))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::new(
                        ErrorKind::FailedPrecondition,
                        "another run is writing this file; wait for it, or choose another with --file",
                    )
                    .during("lock the output")
                    .with("file", output.display()));
                }
                Err(TryLockError::Error(e)) => {
                    return Err(Error::io("the output can't be locked", e).with("file", path.display()));
                }
            }
            // The holder before us removes the file when it lets go: make sure
            // that ours is still the one that the next run will find.
            if is_same_file(&file, &path) {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for OutputLock {
    fn drop(&mut self) {
        // A lock file that stays is harmless: it is not the file but the lock
        // on it that counts.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// `.<name>.<ending>` beside the output: hidden, and never taken for a file of
/// the user's.
pub(crate) fn sibling(output: &Path, ending: &str) -> PathBuf {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    output.with_file_name(format!(".{name}.{ending}"))
}

fn refused(output: &Path, lock: &Path, error: io::Error) -> Error {
    match error.kind() {
        // The names of what lies beside it are some letters longer.
        io::ErrorKind::InvalidFilename => Error::invalid(
            "the name of the output is too long for its folder; choose a shorter one with --file",
        )
        .caused_by(error),
        _ => Error::io(cannot_write(output, lock), error),
    }
}

fn cannot_write(output: &Path, lock: &Path) -> String {
    if lock.exists() {
        return format!("the lock file {} can't be opened; was it made by another user?", lock.display());
    }
    let folder = output.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() {
        format!("the folder {} can't be written to; choose another place with --file", folder.display())
    } else {
        format!("the folder {} is not there; make it, or choose another place with --file", folder.display())
    }
}

#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (Ok(ours), Ok(theirs)) = (file.metadata(), std::fs::metadata(path)) else {
        return false;
    };
    (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino())
}

/// Elsewhere an open file can't be removed, so it is the same one.
#[cfg(not(unix))]
fn is_same_file(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_is_told() -> Result<()> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("make a folder", e))?;
        for length in [252, 300] {
            let output = folder.path().join("a".repeat(length));
            let error = OutputLock::take(&output).map(|_| ()).expect_err("too long");
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            assert!(error.message().starts_with("the name of the output is too long"), "{error}");
        }
        Ok(())
    }

    #[test]
    fn the_second_run_is_refused_until_the_first_lets_go() -> Result<()> {
        let folder = tempfile::tempdir().map_err(|e| Error::io("make a folder", e))?;
        let output = folder.path().join("sync.c1z");
        let first = OutputLock::take(&output)?;
        let refused = OutputLock::take(&output).map(|_| ()).expect_err("two holders");
        assert_eq!(refused.kind(), ErrorKind::FailedPrecondition);
        drop(first);
        OutputLock::take(&output)?;
        assert!(!sibling(&output, "lock").exists());
        Ok(())
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error =
            OutputLock::take(Path::new("/no/such/folder/sync.c1z")).map(|_| ()).expect_err("no folder");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("/no/such/folder is not there"), "{error}");
    }
}
