//! The ledger of a sync that a new file carries on.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{read, table::TABLE};
use crate::reader::Layout;

/// Copies a sync's ledger from the attached schema `old`, where it has one that holds together. One that does not is
/// left behind: no ledger is better than one that can't be trusted, and no reason to fail.
pub(crate) async fn keep(
    conn: &mut SqliteConnection,
    layout: &Layout,
    sync: &str,
) -> Result<(), sqlx::Error> {
    match read::read(&mut *conn, layout, "old", sync).await? {
        Ok(_) => {}
        Err(read::Unknown::NoLedger) => return Ok(()),
        Err(why) => {
            tracing::warn!(sync, "the old file's completeness ledger is left behind: {why}");
            return Ok(());
        }
    }
    let columns = TABLE.columns.iter().map(|c| c.name).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "insert into main.{0} ({columns}) select {columns} from old.{0} where sync_id = ?",
        TABLE.name
    );
    let copied = sqlx::query(AssertSqlSafe(sql)).bind(sync.to_owned()).persistent(false).execute(conn).await;
    match copied {
        // A statement that fails undoes itself; a table of another maker need not keep rows of one key apart.
        Err(sqlx::Error::Database(e)) if e.is_unique_violation() => {
            tracing::warn!(sync, "the old file's completeness ledger is left behind: it has rows twice");
            Ok(())
        }
        copied => copied.map(drop),
    }
}
