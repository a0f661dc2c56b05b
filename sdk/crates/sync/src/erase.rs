//! Values that must leave no trace in the file.
//!
//! Page tokens and remembered values are dropped at the seal, where everything
//! that is dropped is overwritten. One that is replaced before is so too, where
//! it is so long that it lies on pages of its own, which would otherwise be
//! free pages of the file and keep it.

use connector_model::Result;
use connector_store::Connection;

use crate::database_error;

/// Bytes from which a value may lie on pages of its own. SQLite puts it there
/// when the row is longer than a page, of 16 KiB (file format, §1.6).
const LONG: usize = 4096;

/// Whether a value that is replaced must be overwritten.
pub(crate) fn is_long(value: &[u8]) -> bool {
    value.len() >= LONG
}

/// Switches the overwriting of what is deleted on or off. Always on, it takes a
/// seventh more processor time where rows are only added.
pub(crate) async fn overwrite(conn: &mut Connection<'_>, on: bool) -> Result<()> {
    let sql = if on { "pragma secure_delete = on" } else { "pragma secure_delete = off" };
    sqlx::query(sql).execute(conn).await.map_err(database_error("overwrite what is replaced"))?;
    Ok(())
}
