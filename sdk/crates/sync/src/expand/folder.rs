//! Where the working files of an expansion lie.

use std::{
    fs::DirBuilder,
    path::{Path, PathBuf},
};

use connector_model::{Error, Result};

use crate::lock::sibling;

/// A private folder beside the output, removed when this is dropped. It is another one than that of a sync, which may
/// have left there what it goes on with.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes it, without what a killed run left; the output's lock must be held.
    pub(super) fn beside(output: &Path) -> Result<Self> {
        let path = sibling(output, "expand");
        if path.exists() {
            std::fs::remove_dir_all(&path).map_err(|e| {
                Error::io("the working files of an earlier run can't be removed", e)
                    .with("folder", path.display())
            })?;
        }
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(|e| {
            Error::io("the working folder can't be made; choose another place with BATON_TMPDIR", e)
                .with("folder", path.display())
        })?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the working folder stays behind");
        }
    }
}
