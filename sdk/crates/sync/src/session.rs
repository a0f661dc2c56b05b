//! What a connector remembers between the pages of a sync, in the table that
//! other writers use for it. It belongs to the sync under way and is emptied
//! at the seal.

use connector_model::Result;
use connector_store::Batch;
use sqlx::SqliteConnection;

use crate::database_error;

pub(crate) async fn put(batch: &mut Batch<'_>, key: &str, value: &[u8]) -> Result<()> {
    let sync = batch.sync_id().to_owned();
    sqlx::query("insert or replace into v1_connector_sessions (sync_id, key, value) values (?, ?, ?)")
        .bind(sync)
        .bind(key.to_owned())
        .bind(value.to_vec())
        .execute(batch.connection())
        .await
        .map_err(database_error("remember a value"))?;
    Ok(())
}

pub(crate) async fn clear(conn: &mut SqliteConnection) -> Result<()> {
    sqlx::query("delete from v1_connector_sessions")
        .execute(conn)
        .await
        .map_err(database_error("forget the values"))?;
    Ok(())
}
