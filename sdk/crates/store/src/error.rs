//! Turns what SQLite and the file system say into the SDK's [`Error`].

use std::{borrow::Cow, path::Path};

use connector_model::{Error, ErrorKind, Result, Retry};

use crate::file_size_limit;

// Primary result codes, https://www.sqlite.org/rescode.html.
const PERM: i32 = 3;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NOMEM: i32 = 7;
const READONLY: i32 = 8;
const INTERRUPT: i32 = 9;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const CONSTRAINT: i32 = 19;
const FORMAT: i32 = 24;
const NOTADB: i32 = 26;

/// Adds what was being done, and on which file, to a failed step.
pub(crate) trait During<T> {
    /// `what` is a lower-case sentence such as `can't read the sync runs`.
    fn during(self, what: impl Into<Cow<'static, str>>, file: &Path) -> Result<T>;
}

impl<T> During<T> for Result<T, sqlx::Error> {
    fn during(self, what: impl Into<Cow<'static, str>>, file: &Path) -> Result<T> {
        self.map_err(|e| {
            let (kind, advice) = match classify(&e) {
                // Not for want of a right statement: the file's tables are not what they say.
                (ErrorKind::Internal, _) if matches!(e, sqlx::Error::Database(_)) => {
                    (ErrorKind::DataLoss, "the database does not answer as the format has it")
                }
                known => known,
            };
            let what = what.into();
            let text = if advice.is_empty() { what } else { format!("{what}: {advice}").into() };
            Error::new(kind, text).retry_as(Retry::Never).with("file", file.display()).caused_by(e)
        })
    }
}

impl<T> During<T> for std::io::Result<T> {
    fn during(self, what: impl Into<Cow<'static, str>>, file: &Path) -> Result<T> {
        self.map_err(|e| Error::io(what, e).with("file", file.display()))
    }
}

/// For the engine's own statements on the working database: the error of a
/// failed step, such as `read the queue`, to be given to `map_err`.
pub fn database_error(what: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |e| {
        let (kind, advice) = classify(&e);
        let text = if advice.is_empty() { "the working database failed" } else { advice };
        Error::new(kind, text).retry_as(Retry::Never).during(what).caused_by(e)
    }
}

/// The error of what was cancelled while a file was being read.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "it was told to stop")
}

fn classify(error: &sqlx::Error) -> (ErrorKind, &'static str) {
    match error {
        sqlx::Error::Database(e) => {
            let code = e.code().and_then(|c| c.parse::<i32>().ok()).unwrap_or_default();
            match code & 0xff {
                IOERR | FULL if file_size_limit::is_reached() => (
                    ErrorKind::ResourceExhausted,
                    "the file-size limit of this process (ulimit -f) is reached; raise it and run it again",
                ),
                FULL => (ErrorKind::ResourceExhausted, "the disk is full; free some space and run it again"),
                INTERRUPT => (ErrorKind::Cancelled, "it was told to stop"),
                IOERR => (ErrorKind::Unknown, "the disk failed while it was read or written"),
                NOMEM => (ErrorKind::ResourceExhausted, "there is not enough memory"),
                READONLY | PERM => {
                    (ErrorKind::PermissionDenied, "the file or its folder can't be written to")
                }
                CANTOPEN => (
                    ErrorKind::PermissionDenied,
                    "the file can't be opened; check that its folder may be used",
                ),
                CORRUPT | NOTADB | FORMAT => (ErrorKind::DataLoss, "the database is corrupt"),
                CONSTRAINT => (ErrorKind::DataLoss, "a value that the format asks for is missing"),
                BUSY | LOCKED => (ErrorKind::FailedPrecondition, "another program holds the file"),
                _ => (ErrorKind::Internal, ""),
            }
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            (ErrorKind::DataLoss, "a stored value has another type than the format says")
        }
        sqlx::Error::WorkerCrashed => {
            (ErrorKind::DataLoss, "SQLite's thread died, most likely over a damaged or forged database")
        }
        sqlx::Error::Io(_) => (ErrorKind::Unknown, ""),
        _ => (ErrorKind::Internal, ""),
    }
}
