//! One run an output: a lock file beside it.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use connector_model::{Error, ErrorKind, Result};

use super::{FileLock, Purpose, names_of, open_regular};

const PURPOSE: Purpose = Purpose {
    what: "the lock file",
    advice: "remove it if no run is under way, or choose another place with --file",
};

/// Locks an output for one run; unlocked when dropped, and at the latest when
/// the process ends, however it ends.
#[derive(Debug)]
pub struct OutputLock {
    _by_name: FileLock,
    _of_file: Option<File>,
}

impl OutputLock {
    /// Takes the lock of an output that [`resolve_output`](super::resolve_output) gave.
    ///
    /// # Errors
    /// [`ErrorKind::FailedPrecondition`] where another run has it; [`ErrorKind::InvalidArgument`] where the name is too
    /// long for a lock file beside it.
    pub fn take(output: &Path) -> Result<Self> {
        let path = sibling(output, "lock");
        let by_name = FileLock::try_take(&path, PURPOSE).map_err(|e| match e.kind() {
            ErrorKind::FailedPrecondition => e,
            _ if is_name_too_long(&e) => Error::invalid(
                "the name of the output is too long for its folder; choose a shorter one with --file",
            )
            .with("file", output.display())
            .caused_by(e),
            kind => Error::new(kind, cannot_write(output, &path)).with("file", output.display()).caused_by(e),
        })?;
        let by_name = by_name.ok_or_else(|| is_held(output))?;
        Ok(Self { _by_name: by_name, _of_file: lock_other_names(output)? })
    }
}

/// Links to one file share its lock, because they are resolved before; two hard links are two names with a lock file
/// each. So a file with several names is locked itself as well.
///
/// One with a single name is not: people run us below `flock` on the very file that we write. That a second name may be
/// made while we run does no harm: each run works beside the name that it was given, and a rename replaces that name only.
fn lock_other_names(output: &Path) -> Result<Option<File>> {
    if names_of(output) < 2 {
        return Ok(None);
    }
    let failed = |e| Error::io("the output has several names (hard links) and can't be locked under all", e);
    let locked = || {
        let file = open_regular(output).map_err(failed)?.file;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(is_held(output)),
            Err(TryLockError::Error(e)) => Err(failed(e)),
        }
    };
    locked().map(Some).map_err(|e: Error| e.with("file", output.display()))
}

fn is_held(output: &Path) -> Error {
    Error::new(
        ErrorKind::FailedPrecondition,
        "another run is writing this file; wait for it, or choose another with --file",
    )
    .during("lock the output")
    .with("file", output.display())
}

/// Returns `.<name>.<ending>` beside the output: hidden, and never taken for a
/// file of the user's.
pub fn sibling(output: &Path, ending: &str) -> PathBuf {
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    output.with_file_name(format!(".{name}.{ending}"))
}

/// The names of what lies beside an output are some letters longer than its own.
fn is_name_too_long(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|e| e.kind() == io::ErrorKind::InvalidFilename)
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

    /// `flock sync.c1z baton-tableau` locks the output itself.
    #[test]
    fn an_output_that_somebody_else_locks_may_be_written() -> Result<()> {
        let failed = |e| Error::io("make a file", e);
        let folder = tempfile::tempdir().map_err(failed)?;
        let output = folder.path().join("sync.c1z");
        let file = File::create(&output).map_err(failed)?;
        file.lock().map_err(failed)?;
        OutputLock::take(&output).map(drop)
    }
}
