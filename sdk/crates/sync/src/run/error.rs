//! Errors that several rooms return.

use connector_model::{Error, ErrorKind};

use crate::SyncOptions;

/// The error of a run that was cancelled.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the sync was cancelled; the old file is untouched")
}

/// The error of an old file that can't be read, with what to do.
pub(crate) fn unreadable(options: &SyncOptions, cause: Error) -> Error {
    use std::{error::Error as _, io};
    // What the disk or the system does not let be done is no fault of the file.
    if cause.kind() == ErrorKind::ResourceExhausted && cause.source().is_some_and(|e| e.is::<io::Error>()) {
        let what = format!("the old file can't be decoded, so its syncs can't be kept: {}", cause.message());
        return Error::new(cause.kind(), what).with("file", options.output.display()).caused_by(cause);
    }
    Error::new(
        cause.kind(),
        "the old file can't be read, so its syncs can't be kept; move it away, or replace it with --overwrite",
    )
    .with("file", options.output.display())
    .caused_by(cause)
}
