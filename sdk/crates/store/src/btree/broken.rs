//! Why a walk ends early.

use std::io;

/// Why a walk ended early.
#[derive(Debug)]
pub(super) enum Broken {
    /// The file breaks this rule.
    Rule(&'static str),
    Cancelled,
    Io(io::Error),
}

impl From<io::Error> for Broken {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}
