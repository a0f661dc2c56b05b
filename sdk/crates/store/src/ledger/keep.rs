//! The ledger of a sync that a new file carries on.

use sqlx::AssertSqlSafe;

use super::{Unknown, read, table::TABLE};
use crate::{Connection, reader::Layout};

/// Copies a sync's ledger from the attached schema `old`, where it has one that holds together. One that does not is
/// left behind: no ledger is better than one that can't be trusted, and no reason to fail.
pub(crate) async fn keep(conn: &mut Connection<'_>, layout: &Layout, sync: &str) -> Result<(), sqlx::Error> {
    match read(&mut *conn, layout, "old", sync).await? {
        Ok(_) => {}
        Err(Unknown::NoLedger) => return Ok(()),
        Err(why) => {
            tracing::warn!(sync, "the old file's completeness ledger is left behind: {why}");
            return Ok(());
        }
    }
    let columns = TABLE.columns.iter().map(|c| c.name).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "insert into main.{0} ({columns}) select {columns} from old.{0} where sync_id = ? on conflict do nothing",
        TABLE.name
    );
    sqlx::query(AssertSqlSafe(sql)).bind(sync.to_owned()).persistent(false).execute(conn).await.map(drop)
}
