//! Files and folders that other local users can't feed or read, and outputs under any of their names.
//!
//! One rule for all that a later run believes: it is a real folder or a regular file (no link, FIFO or device), it is
//! ours (the effective user's), and nobody else has rights on it: mode 0700 for a folder, 0600 and one name for a file.
//!
//! - What another user made is refused ([failed precondition](connector_model::ErrorKind::FailedPrecondition)) and left
//!   alone: it is theirs.
//! - What is ours and others could write to is not believed; whoever uses it starts again.
//! - What is ours and others could only read is made private and used.
//!
//! Nothing here waits for the other end of a FIFO.

mod dir;
mod entry;
mod lock;
mod open;
mod output;
mod output_lock;

use connector_model::{Error, ErrorKind};

pub use dir::{PrivateDir, create_private_dir, others_can_rename_in};
pub(crate) use entry::{Kind, private_mode};
pub use lock::FileLock;
pub use open::{Opened, open_log, open_regular, read_limited};
pub use output::{check_output_name, names_of, resolve_output};
pub use output_lock::{OutputLock, sibling};

/// What a file or folder is for: the words of the messages about it.
#[derive(Clone, Copy, Debug)]
pub struct Purpose {
    /// As the subject of a sentence: `the working folder`.
    pub what: &'static str,
    /// What to do where it can't be used: `choose another place with --c1z-temp-dir`.
    pub advice: &'static str,
}

impl Purpose {
    /// The error of a thing that breaks the rule, in a half sentence such as `is a symbolic link`.
    fn refuse(&self, flaw: impl std::fmt::Display) -> Error {
        let Self { what, advice } = self;
        Error::new(ErrorKind::FailedPrecondition, format!("{what} {flaw} and is not used; {advice}"))
    }

    /// The error of a failed operation, in a half sentence such as `can't be made`.
    fn failed(&self, how: &str, cause: std::io::Error) -> Error {
        let Self { what, advice } = self;
        Error::io(format!("{what} {how}; {advice}"), cause)
    }
}
