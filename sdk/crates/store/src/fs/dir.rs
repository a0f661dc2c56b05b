//! A folder that only this user can touch.

use std::{
    fs::{DirBuilder, File},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use connector_model::{Error, ErrorKind, Result};
use rustix::{
    fs::{AtFlags, Mode, OFlags, openat, renameat, unlinkat},
    io::Errno,
};

use super::{
    Purpose,
    entry::{Entry, Flaw, Kind, private_mode},
    open::read_at_most,
};

/// A folder of ours alone, by its handle: what is read and written through it is in the folder that was checked, also
/// where the name leads elsewhere by now.
#[derive(Debug)]
pub struct PrivateDir {
    path: PathBuf,
    handle: File,
    purpose: Purpose,
    exposed: Option<Flaw>,
}

impl PrivateDir {
    /// Makes a new folder; nothing may be there.
    pub fn create(path: &Path, purpose: Purpose) -> Result<Self> {
        let at = |e: Error| e.with("folder", path.display());
        create_private_dir(path).map_err(|e| at(purpose.failed("can't be made", e)))?;
        Self::open(path, purpose)?
            .ok_or_else(|| at(purpose.failed("can't be made", io::ErrorKind::NotFound.into())))
    }

    /// Opens a folder that is there; `None` where nothing is. What is not our own folder is refused: failed
    /// precondition. What others had rights on is made private, and see [`PrivateDir::exposed`].
    pub fn open(path: &Path, purpose: Purpose) -> Result<Option<Self>> {
        let at = |e: Error| e.with("folder", path.display());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(handle) => File::from(handle),
            Err(Errno::NOENT) => return Ok(None),
            Err(e) => {
                // The reason is what it is, or whose.
                let flaw = path.symlink_metadata().ok().and_then(|m| Entry::of(&m).flaw(Kind::Folder));
                return Err(at(match flaw {
                    Some(flaw) => purpose.refuse(flaw),
                    None => purpose.failed("can't be opened", e.into()),
                }));
            }
        };
        let look = || handle.metadata().map(|m| Entry::of(&m));
        let unread = |e| at(purpose.failed("can't be read", e));
        let before = look().map_err(unread)?;
        if let Some(flaw) = before.flaw(Kind::Folder) {
            return Err(at(purpose.refuse(flaw)));
        }
        if before.open_to_others().is_some() {
            handle.set_permissions(private_mode(Kind::Folder)).map_err(unread)?;
            if let Some(mode) = look().map_err(unread)?.open_to_others() {
                return Err(at(purpose.refuse(Flaw::NoModes(mode))));
            }
        }
        let exposed = before.writable_by_others().map(Flaw::Writable);
        Ok(Some(Self { path: path.to_owned(), handle, purpose, exposed }))
    }

    /// Why what lies in it is not to be believed though it is ours: a half sentence such as `could be written to by
    /// others (mode 0777)`.
    pub fn exposed(&self) -> Option<String> {
        self.exposed.map(|flaw| flaw.to_string())
    }

    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fails where the name leads to another folder by now: somebody renamed ours away.
    pub fn check_in_place(&self) -> Result<()> {
        let id = |m: io::Result<std::fs::Metadata>| m.ok().map(|m| Entry::of(&m).id);
        let ours = id(self.handle.metadata());
        if ours.is_some() && ours == id(self.path.symlink_metadata()) {
            return Ok(());
        }
        let Purpose { what, advice } = self.purpose;
        let text = format!("{what} was replaced or removed while it was in use; {advice}");
        Err(Error::new(ErrorKind::FailedPrecondition, text).with("folder", self.path.display()))
    }

    /// Opens a file in it for reading; `None` where there is none. A file that breaks the rule is
    /// [data loss](ErrorKind::DataLoss), in a sentence that begins with its name: what is in it is not to be believed.
    pub fn open_file(&self, name: &str) -> Result<Option<File>> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = match openat(&self.handle, name, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(e) => {
                let entry = self.path.join(name).symlink_metadata().ok().map(|m| Entry::of(&m));
                return Err(match entry.and_then(|e| e.flaw(Kind::File)) {
                    Some(flaw) => self.unsound(name, flaw),
                    None => self.unread(e.into()),
                });
            }
        };
        let entry = Entry::of(&file.metadata().map_err(|e| self.unread(e))?);
        if let Some(flaw) = entry.flaw(Kind::File).or(entry.writable_by_others().map(Flaw::Writable)) {
            return Err(self.unsound(name, flaw));
        }
        if entry.open_to_others().is_some() {
            file.set_permissions(private_mode(Kind::File)).map_err(|e| self.unread(e))?;
        }
        Ok(Some(file))
    }

    /// Reads a small file in it, as [`PrivateDir::open_file`] finds it; one of more bytes than `most` is data loss too.
    pub fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>> {
        let Some(file) = self.open_file(name)? else { return Ok(None) };
        match read_at_most(file, most) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::FileTooLarge => {
                Err(self.unsound(name, format_args!("is larger than {most} bytes")))
            }
            Err(e) => Err(self.unread(e)),
        }
    }

    /// Replaces a small file in it, as a whole and on disk when this is back.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let write = || {
            let temp = format!("{name}.new");
            self.unlink(&temp)?;
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mut file = File::from(openat(&self.handle, &temp, flags, Mode::RUSR | Mode::WUSR)?);
            file.write_all(bytes)?;
            file.sync_all()?;
            renameat(&self.handle, &temp, &self.handle, name)?;
            self.handle.sync_all()
        };
        write().map_err(|e| self.purpose.failed("can't be written to", e).with("folder", self.path.display()))
    }

    /// Removes a file in it, where there is one, and makes that durable.
    pub fn remove_file(&self, name: &str) -> io::Result<()> {
        if self.unlink(name)? { self.handle.sync_all() } else { Ok(()) }
    }

    fn unlink(&self, name: &str) -> io::Result<bool> {
        match unlinkat(&self.handle, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Removes it with all that is in it.
    pub fn remove(self) -> Result<()> {
        self.check_in_place()?;
        std::fs::remove_dir_all(&self.path)
            .map_err(|e| self.purpose.failed("can't be removed", e).with("folder", self.path.display()))
    }

    fn unread(&self, cause: io::Error) -> Error {
        self.purpose.failed("can't be read", cause).with("folder", self.path.display())
    }

    fn unsound(&self, name: &str, flaw: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::DataLoss, format!("{name} {flaw}")).with("folder", self.path.display())
    }
}

/// Makes a folder of mode 0700; nothing may be there.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Whether everybody may rename what lies in a folder, so that what is checked there may be another thing later.
pub fn others_can_rename_in(folder: &Path) -> bool {
    folder.metadata().is_ok_and(|m| Entry::of(&m).everybody_renames())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::{
        fs::Permissions,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    };

    use super::*;

    const PURPOSE: Purpose = Purpose { what: "the folder of a test", advice: "take another" };

    fn set_mode(path: &Path, mode: u32) {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().unwrap().mode() & 0o777
    }

    #[test]
    fn it_is_made_private_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("private");
        assert!(PrivateDir::open(&path, PURPOSE).unwrap().is_none());
        let made = PrivateDir::create(&path, PURPOSE).unwrap();
        made.replace("file", b"first").unwrap();
        made.replace("file", b"second").unwrap();
        assert_eq!((mode(&path), mode(&path.join("file"))), (0o700, 0o600));
        assert_eq!(PrivateDir::create(&path, PURPOSE).unwrap_err().kind(), ErrorKind::AlreadyExists);
        let found = PrivateDir::open(&path, PURPOSE).unwrap().unwrap();
        assert_eq!(found.exposed(), None);
        assert_eq!(found.read("file", 6).unwrap().unwrap(), b"second");
        assert_eq!(found.read("none", 6).unwrap(), None);
        let error = found.read("file", 5).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::DataLoss, "file is larger than 5 bytes"));
        let names: Vec<_> = std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["file"], "nothing half written");
        found.remove_file("file").unwrap();
        found.remove_file("file").unwrap();
        found.remove().unwrap();
        assert!(!path.exists());
    }

    /// What an interrupted write left, or somebody put there, is not written through.
    #[test]
    fn a_link_where_a_file_is_written_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let dir = PrivateDir::create(&folder.path().join("private"), PURPOSE).unwrap();
        std::fs::write(folder.path().join("other"), "mine").unwrap();
        for name in ["file", "file.new"] {
            symlink("../other", dir.path().join(name)).unwrap();
        }
        dir.replace("file", b"new").unwrap();
        assert_eq!(dir.read("file", 100).unwrap().unwrap(), b"new");
        assert_eq!(std::fs::read(folder.path().join("other")).unwrap(), b"mine");
    }

    #[test]
    fn rights_of_others_are_taken_away_and_told_where_they_count() {
        for (bits, exposed) in [(0o755, false), (0o750, false), (0o720, true), (0o777, true)] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("private");
            std::fs::create_dir(&path).unwrap();
            set_mode(&path, bits);
            let dir = PrivateDir::open(&path, PURPOSE).unwrap().unwrap();
            let said = exposed.then(|| format!("could be written to by others (mode {bits:04o})"));
            assert_eq!(dir.exposed(), said);
            assert_eq!(mode(&path), 0o700);
            std::fs::write(path.join("file"), "text").unwrap();
            set_mode(&path.join("file"), 0o644);
            assert!(dir.open_file("file").unwrap().is_some());
            assert_eq!(mode(&path.join("file")), 0o600);
            set_mode(&path.join("file"), 0o620);
            let error = dir.open_file("file").unwrap_err();
            assert_eq!(error.message(), "file could be written to by others (mode 0620)");
        }
    }

    #[test]
    fn what_is_another_ones_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        if folder.path().metadata().unwrap().uid() != 0 {
            let _ = writeln!(io::stderr(), "skipped: only root can make files of another user");
            return;
        }
        let path = folder.path().join("private");
        let dir = PrivateDir::create(&path, PURPOSE).unwrap();
        dir.replace("file", b"text").unwrap();
        chown(path.join("file"), Some(54_321), None).unwrap();
        let error = dir.open_file("file").unwrap_err();
        assert_eq!(error.message(), "file belongs to another user (uid 54321)");
        chown(&path, Some(54_321), None).unwrap();
        set_mode(&path, 0o755);
        let error = PrivateDir::open(&path, PURPOSE).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
        assert_eq!(
            error.message(),
            "the folder of a test belongs to another user (uid 54321) and is not used; take another"
        );
        assert_eq!(mode(&path), 0o755, "its mode is theirs to set");
    }

    #[test]
    fn a_folder_that_was_renamed_away_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("private"), folder.path().join("moved"));
        let dir = PrivateDir::create(&path, PURPOSE).unwrap();
        dir.replace("file", b"ours").unwrap();
        dir.check_in_place().unwrap();
        std::fs::rename(&path, &moved).unwrap();
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("file"), "theirs").unwrap();
        assert_eq!(dir.check_in_place().unwrap_err().kind(), ErrorKind::FailedPrecondition);
        assert_eq!(dir.read("file", 100).unwrap().unwrap(), b"ours");
        assert!(dir.remove().is_err());
        assert!(path.join("file").exists());
    }

    #[test]
    fn only_a_folder_where_everybody_renames_is_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        for (bits, renames) in [(0o777, true), (0o1777, false), (0o775, false), (0o755, false)] {
            set_mode(folder.path(), bits);
            assert_eq!(others_can_rename_in(folder.path()), renames, "{bits:o}");
        }
    }
}
