//! What a path holds, told without decoding it.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use connector_model::{Error, ErrorKind, Result};

use super::{
    MAGIC_V1, MAGIC_V3,
    manifest::{self, V3Summary},
};
use crate::{error::During as _, fs::open_regular};

/// What a path holds.
#[derive(Clone, Debug, PartialEq)]
pub enum FileKind {
    /// Nothing is there.
    Missing,
    /// A file of no bytes, which counts as a new one.
    Empty,
    /// A v1 file, by its magic; whether the rest is sound shows when it is decoded.
    V1,
    /// A v3 file, with what its manifest says.
    V3(V3Summary),
    /// Something else, with its first bytes (at most 16).
    Foreign(Vec<u8>),
}

/// Looks at the head of a file.
pub fn inspect(path: &Path) -> Result<FileKind> {
    let file = match open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(FileKind::Missing),
        Err(e) => return Err(e),
    };
    let mut head = Vec::new();
    (&file).take(16).read_to_end(&mut head).during("can't read the file", path)?;
    if head.is_empty() {
        return Ok(FileKind::Empty);
    }
    if head.starts_with(&MAGIC_V1) {
        return Ok(FileKind::V1);
    }
    if head.starts_with(&MAGIC_V3) {
        return manifest::read(&file, path).map(FileKind::V3);
    }
    Ok(FileKind::Foreign(head))
}

/// Opens a file to read it. What is no regular file is an error at once: nobody waits for the other end of a FIFO.
pub(super) fn open(path: &Path) -> Result<File> {
    match open_regular(path) {
        Ok(opened) => Ok(opened.file),
        Err(e) if e.kind() == io::ErrorKind::IsADirectory => {
            Err(Error::invalid("this is a folder, not a file").with("file", path.display()))
        }
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => {
            Err(Error::invalid(format!("this can't be read as a file: {e}")).with("file", path.display()))
        }
        Err(e) => Err(e).during("can't open the file", path),
    }
}

/// Whether a path may become our output: it is missing, empty or a v1 file. Anything else is refused unless
/// `overwrite` says that it may go.
pub fn check_target(path: &Path, overwrite: bool) -> Result<FileKind> {
    let kind = match inspect(path) {
        // A v3 file with a broken manifest is still somebody's.
        Err(e) if overwrite && e.kind() == ErrorKind::DataLoss => {
            return Ok(FileKind::Foreign(MAGIC_V3.to_vec()));
        }
        other => other?,
    };
    match &kind {
        FileKind::V3(summary) if !overwrite => Err(summary.target_refusal(path)),
        FileKind::Foreign(first) if !overwrite => Err(Error::new(
            ErrorKind::FailedPrecondition,
            "the output is there and is not a c1z file; choose another path, or pass --overwrite to replace it",
        )
        .with("file", path.display())
        .with("starts_with", first.escape_ascii())),
        _ => Ok(kind),
    }
}
