//! How much room there is.

use std::path::Path;

use connector_model::Result;

use crate::error::During as _;

/// Bytes that this user may still write on the file system of a path that exists.
pub fn free_space(path: &Path) -> Result<u64> {
    let stat = rustix::fs::statvfs(path)
        .map_err(std::io::Error::from)
        .during("can't tell how much space is left; check that the folder exists", path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}
