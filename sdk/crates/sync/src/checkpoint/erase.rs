//! Values that must leave no trace in the file.
//!
//! Page tokens and remembered values are dropped at the seal, where everything
//! that is dropped is overwritten. One that is replaced before is so too, where
//! it is so long that it lies on pages of its own, which would otherwise be
//! free pages of the file and keep it.

/// Bytes from which a value may lie on pages of its own. SQLite puts it there
/// when the row is longer than a page, of 16 KiB (file format, §1.6).
const LONG: usize = 4096;

/// Whether a value that is replaced must be overwritten.
pub(crate) fn is_long(value: &[u8]) -> bool {
    value.len() >= LONG
}
