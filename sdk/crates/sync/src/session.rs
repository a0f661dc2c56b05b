//! What a connector remembers between the pages of a sync, in the table that
//! other writers use for it. It belongs to the sync under way and is emptied
//! at the seal.

use connector_model::{Error, ErrorKind, Result};
use connector_store::{Batch, Connection};

use crate::{database_error, erase};

/// Bytes of a key: the limit of the Go SDK's session store.
const MAX_KEY: usize = 512;

/// Bytes of a value: the same.
const MAX_VALUE: usize = 4_132_864;

/// Bytes of all keys and values of a sync. They are in memory; what is larger
/// belongs into page tokens or is asked for again.
pub(crate) const MAX_REMEMBERED: usize = 64 << 20;

/// Refuses what is too large to be remembered.
pub(crate) fn check(remember: &[(String, Vec<u8>)]) -> Result<()> {
    let too_large = |what: &str, bytes: usize, limit: usize| {
        Error::new(
            ErrorKind::ResourceExhausted,
            format!(
                "{what} to be remembered has {bytes} bytes, {limit} are allowed; this is a bug in the connector"
            ),
        )
    };
    for (key, value) in remember {
        if key.is_empty() {
            return Err(Error::internal("a key to be remembered is empty; this is a bug in the connector"));
        }
        if key.len() > MAX_KEY {
            return Err(too_large("a key", key.len(), MAX_KEY));
        }
        if value.len() > MAX_VALUE {
            return Err(too_large("a value", value.len(), MAX_VALUE).with("key", key));
        }
    }
    Ok(())
}

pub(crate) async fn put(batch: &mut Batch<'_>, key: &str, value: &[u8]) -> Result<()> {
    // What it replaces may be long.
    erase::overwrite(&mut batch.connection(), true).await?;
    let sync = batch.sync_id().to_owned();
    sqlx::query("insert or replace into v1_connector_sessions (sync_id, key, value) values (?, ?, ?)")
        .bind(sync)
        .bind(key.to_owned())
        .bind(value.to_vec())
        .execute(batch.connection())
        .await
        .map_err(database_error("remember a value"))?;
    erase::overwrite(&mut batch.connection(), false).await
}

/// What pages of an earlier run said to remember.
pub(crate) async fn load(conn: &mut Connection<'_>) -> Result<Vec<(String, Vec<u8>)>> {
    sqlx::query_as("select key, value from v1_connector_sessions")
        .fetch_all(conn)
        .await
        .map_err(database_error("read what is remembered"))
}

pub(crate) async fn clear(conn: &mut Connection<'_>) -> Result<()> {
    sqlx::query("delete from v1_connector_sessions")
        .execute(conn)
        .await
        .map_err(database_error("forget the values"))?;
    Ok(())
}
