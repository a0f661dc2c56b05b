//! What lies behind a name or a handle, and what is wrong with it. All that is Unix of the rule is here.

use std::{
    fmt,
    fs::{Metadata, Permissions},
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
};

/// Rights of anybody but the owner.
const OTHERS: u32 = 0o077;
/// Of these, the right to write.
const OTHERS_WRITE: u32 = 0o022;
/// The right of everybody to write, and the bit that lets only owners rename and remove.
const EVERYBODY_WRITES: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// What something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A FIFO (named pipe).
    Fifo,
    /// A socket.
    Socket,
    /// A device, or something that only some systems have.
    Device,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "a regular file",
            Self::Folder => "a folder",
            Self::Link => "a symbolic link",
            Self::Fifo => "a FIFO",
            Self::Socket => "a socket",
            Self::Device => "a device",
        })
    }
}

/// What is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    owner: u32,
    mode: u32,
    pub(super) links: u64,
    /// Device and number: the same for two names of one file.
    pub(super) id: (u64, u64),
}

impl Entry {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let file_type = metadata.file_type();
        let kind = match file_type {
            t if t.is_file() => Kind::File,
            t if t.is_dir() => Kind::Folder,
            t if t.is_symlink() => Kind::Link,
            t if t.is_fifo() => Kind::Fifo,
            t if t.is_socket() => Kind::Socket,
            _ => Kind::Device,
        };
        Self {
            kind,
            owner: metadata.uid(),
            mode: metadata.mode() & 0o7777,
            links: metadata.nlink(),
            id: (metadata.dev(), metadata.ino()),
        }
    }

    /// Why it is not the folder or file (`wanted`) of ours that it must be, whatever its mode.
    pub(super) fn flaw(&self, wanted: Kind) -> Option<Flaw> {
        if self.kind != wanted {
            return Some(Flaw::Kind(self.kind));
        }
        let us = rustix::process::geteuid().as_raw();
        if self.owner != us {
            return Some(Flaw::Owner(self.owner));
        }
        // A file that was removed while it was opened has none.
        (wanted == Kind::File && self.links > 1).then_some(Flaw::Links(self.links))
    }

    /// Its mode, where somebody else could write to it.
    pub(super) fn writable_by_others(&self) -> Option<u32> {
        (self.mode & OTHERS_WRITE != 0).then_some(self.mode & 0o777)
    }

    /// Its mode, where somebody else has any right.
    pub(super) fn open_to_others(&self) -> Option<u32> {
        (self.mode & OTHERS != 0).then_some(self.mode & 0o777)
    }

    /// Whether everybody may rename and remove what lies in this folder, whoever owns it.
    pub(super) fn everybody_renames(&self) -> bool {
        self.mode & EVERYBODY_WRITES != 0 && self.mode & STICKY == 0
    }
}

/// What is wrong with something, as the end of a sentence that begins with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Kind(Kind),
    Owner(u32),
    Links(u64),
    Writable(u32),
    /// It is still open to others after its mode was set.
    NoModes(u32),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "is {kind}"),
            Self::Owner(uid) => write!(f, "belongs to another user (uid {uid})"),
            Self::Links(links) => write!(f, "has {links} names (hard links)"),
            Self::Writable(mode) => write!(f, "could be written to by others (mode {mode:04o})"),
            Self::NoModes(mode) => {
                write!(f, "can't be made private on this file system (mode {mode:04o})")
            }
        }
    }
}

/// The mode of a folder (0700) or file (0600) that only its owner may use.
pub(crate) fn private_mode(kind: Kind) -> Permissions {
    Permissions::from_mode(if kind == Kind::Folder { 0o700 } else { 0o600 })
}
