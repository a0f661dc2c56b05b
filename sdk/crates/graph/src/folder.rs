//! Where the working files of an expansion lie.

use std::path::Path;

use connector_model::Result;
use connector_store::fs::{PrivateDir, Purpose, sibling};

const PURPOSE: Purpose =
    Purpose { what: "the working folder", advice: "choose another place with BATON_TMPDIR" };

/// A private folder beside the output, removed when this is dropped. It is another one than that of a sync, which may
/// have left there what the next run resumes from.
#[derive(Debug)]
pub(super) struct Folder(Option<PrivateDir>);

impl Folder {
    /// Makes it, without what a killed run left; the output's lock must be held. What is there and is not ours stays, and
    /// is an error.
    pub(super) fn beside(output: &Path) -> Result<Self> {
        let path = sibling(output, "expand");
        if let Some(left) = PrivateDir::open(&path, PURPOSE)? {
            left.remove()?;
        }
        PrivateDir::create(&path, PURPOSE).map(Some).map(Self)
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.0.as_ref().map(PrivateDir::path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(dir) = self.0.take()
            && let Err(error) = dir.remove()
        {
            tracing::warn!(error = %error.report(), "the working folder stays behind");
        }
    }
}
