//! What came of the external principals, once they are added.

use connector_model::{Error, Result};
use connector_store::Connection;
use serde::{Serialize, de::DeserializeOwned};

use crate::database_error;

/// The table that says so; it goes before the file is packed.
pub(crate) const TABLE: &str = "work_external";

pub(crate) const CREATE: &str = "create table work_external (added text not null) strict";

/// Reads what was done; `None` where it was not.
pub(crate) async fn read<T: DeserializeOwned>(conn: &mut Connection<'_>) -> Result<Option<T>> {
    let operation = "read what came of the external file";
    let there: bool =
        sqlx::query_scalar("select exists (select 1 from main.sqlite_schema where name = 'work_external')")
            .fetch_one(&mut *conn)
            .await
            .map_err(database_error(operation))?;
    if !there {
        return Ok(None);
    }
    let json: String = sqlx::query_scalar("select added from work_external")
        .persistent(false)
        .fetch_one(conn)
        .await
        .map_err(database_error(operation))?;
    let read = serde_json::from_str(&json);
    read.map(Some).map_err(|e| Error::internal("what came of the external file does not read").caused_by(e))
}

/// Notes what was done, in the same transaction.
pub(crate) async fn write(conn: &mut Connection<'_>, added: &impl Serialize) -> Result<()> {
    let operation = "note what came of the external file";
    let json = serde_json::to_string(added)
        .map_err(|e| Error::internal("what came of the external file is no JSON").caused_by(e))?;
    sqlx::query(CREATE).execute(&mut *conn).await.map_err(database_error(operation))?;
    sqlx::query("insert into work_external (added) values (?)")
        .bind(json)
        .execute(conn)
        .await
        .map_err(database_error(operation))?;
    Ok(())
}
