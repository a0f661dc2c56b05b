//! References to rows that are not stored yet, as the working database keeps them for a resumed sync.

use connector_model::Result;
use connector_store::Connection;

use crate::database_error;

pub(crate) const CREATE: &str = "create table if not exists work_waiting (
    id integer primary key,
    kind text not null,
    hashes blob not null,
    names text not null
) strict";

pub(crate) const TABLE: &str = "work_waiting";

pub(crate) async fn create(conn: &mut Connection<'_>) -> Result<()> {
    sqlx::query(CREATE).execute(conn).await.map_err(database_error("create the references"))?;
    Ok(())
}

/// Appends hashes of ids of a kind, and names of some.
pub(crate) async fn save(
    conn: &mut Connection<'_>,
    kind: &'static str,
    hashes: Vec<u8>,
    names: String,
) -> Result<()> {
    sqlx::query("insert into work_waiting (kind, hashes, names) values (?, ?, ?)")
        .bind(kind)
        .bind(hashes)
        .bind(names)
        .execute(conn)
        .await
        .map_err(database_error("save the references"))?;
    Ok(())
}

/// Reads all that was appended, in that order: kind, hashes and names.
pub(crate) async fn load(conn: &mut Connection<'_>) -> Result<Vec<(String, Vec<u8>, String)>> {
    sqlx::query_as("select kind, hashes, names from work_waiting order by id")
        .fetch_all(conn)
        .await
        .map_err(database_error("read the references"))
}
