//! A lock file: one holder at a time, whatever process.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use connector_model::Result;
use rustix::fs::OFlags;

use super::{
    Purpose,
    entry::{Entry, Flaw, Kind, private_mode},
};

/// Holds a lock file. It lets go when dropped, and at the latest when the process ends, however it ends.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    _file: File,
}

impl FileLock {
    /// Takes a lock, whose file is made where it is not there; `None` where somebody holds it.
    ///
    /// A file that is there must be a regular file of ours with one name, and is made private; anything else is refused
    /// and left alone.
    pub fn try_take(path: &Path, purpose: Purpose) -> Result<Option<Self>> {
        let refuse = |flaw: Flaw| purpose.refuse(flaw).with("file", path.display());
        loop {
            let (file, made) = match open(path) {
                Ok(opened) => opened,
                // Its holder removed it in between.
                Err(e) if e.kind() == io::ErrorKind::NotFound && folder_of(path).is_dir() => continue,
                Err(e) => {
                    let flaw = path.symlink_metadata().ok().and_then(|m| Entry::of(&m).flaw(Kind::File));
                    return Err(flaw.map_or_else(
                        || purpose.failed("can't be opened", e).with("file", path.display()),
                        refuse,
                    ));
                }
            };
            let failed = |e| purpose.failed("can't be locked", e).with("file", path.display());
            let entry = Entry::of(&file.metadata().map_err(failed)?);
            // One that was just made is ours, whatever owner the file system shows (of root, many network volumes show
            // nobody).
            if let Some(flaw) = entry.flaw(Kind::File).filter(|_| !made) {
                return Err(refuse(flaw));
            }
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(e)) => return Err(failed(e)),
            }
            if entry.open_to_others().is_some()
                && let Err(error) = file.set_permissions(private_mode(Kind::File))
            {
                // It is empty: nobody can read or feed anything by it.
                tracing::debug!(file = %path.display(), %error, "the lock file can't be made private");
            }
            // The holder before us removes the file when it lets go: make sure that ours is still the one that the next
            // run will find.
            if path.symlink_metadata().is_ok_and(|m| Entry::of(&m).id == entry.id) {
                return Ok(Some(Self { path: path.to_owned(), _file: file }));
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // A lock file that stays is harmless: it is not the file but the lock on it that counts.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Opens it without following a link and without waiting, and says whether it was made.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600).custom_flags(flags);
    match options.clone().create_new(true).open(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            // Opening a device may do something.
            match path.symlink_metadata().map(|m| Entry::of(&m).kind)? {
                Kind::File => options.open(path).map(|file| (file, false)),
                _ => Err(e),
            }
        }
        made => made.map(|file| (file, true)),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use connector_model::ErrorKind;

    use super::*;

    const PURPOSE: Purpose = Purpose { what: "the lock of a test", advice: "take another" };

    #[test]
    fn one_holds_it_at_a_time_and_its_file_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        // One that a killed process left.
        std::fs::write(&path, "").unwrap();
        let first = FileLock::try_take(&path, PURPOSE).unwrap().unwrap();
        assert!(FileLock::try_take(&path, PURPOSE).unwrap().is_none());
        drop(first);
        assert!(!path.exists());
        assert!(FileLock::try_take(&path, PURPOSE).unwrap().is_some());
    }

    #[test]
    fn many_at_once_never_hold_it_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let inside = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let Some(_held) = FileLock::try_take(&path, PURPOSE).unwrap() else { continue };
                        assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    }
                });
            }
        });
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let error = FileLock::try_take(Path::new("/no/such/folder/lock"), PURPOSE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
