//! The envelope: five magic bytes and one zstd stream of the SQLite file (v1), or a manifest and a database of
//! another engine (v3, of which only the manifest is read).

mod frame;
mod inspect;
mod limits;
mod manifest;
mod pack;
mod unpack;

use std::path::Path;

use connector_model::Result;

use crate::error::During as _;

pub use inspect::{FileKind, check_target, inspect};
pub use limits::Limits;
pub use manifest::{V3Summary, V3Sync};
pub use pack::{pack, remove_leftover};
pub(crate) use unpack::unpack_until;
pub use unpack::{Unpacked, unpack};

/// The first bytes of a v1 file, `C1ZF` and a zero.
pub const MAGIC_V1: [u8; 5] = *b"C1ZF\0";
/// The first bytes of a v3 file, `C1Z3` and a zero.
pub const MAGIC_V3: [u8; 5] = *b"C1Z3\0";

/// The most that readers of the old SDK (before 2025) decode.
pub const OLD_READER_LIMIT: u64 = 2 << 30;

/// Makes an empty file that only its owner can read; it must not exist.
pub(crate) fn create_private(path: &Path) -> Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path).during(
        "can't create the working file; check that its folder may be written to and that it is not there yet",
        path,
    )
}
