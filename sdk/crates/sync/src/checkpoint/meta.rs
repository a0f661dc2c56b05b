//! What a working database says of itself: how far it came, and the
//! checkpoint of what is in memory besides.

use connector_model::{Error, ErrorKind, Result};
use connector_store::Connection;
use serde::{Deserialize, Serialize};

use crate::{checkpoint::Checkpoint, database_error};

pub(crate) const TABLE: &str = "work_meta";

pub(crate) const CREATE: &str =
    "create table if not exists work_meta (key text primary key, value text not null) strict, without rowid";

/// How far a sync came. Each state is committed with the last of what it
/// claims, so that a killed run is gone on with at the last arrow. After the
/// last of them the table is gone and the sync has an end: it is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum State {
    /// Pages are being read.
    Collecting,
    /// Every page is read, and what only the reading needs is gone.
    Collected,
    /// Of two grants of one id, one stays.
    Settled,
    /// Principals of another file were added and matched.
    Matched,
    /// Grants were expanded.
    Expanded,
    /// The syncs to keep were copied from the old file.
    Kept,
    /// The indexes that readers want are there.
    Indexed,
}

pub(crate) async fn create(conn: &mut Connection<'_>) -> Result<()> {
    sqlx::query(CREATE).execute(&mut *conn).await.map_err(database_error("create the state table"))?;
    Ok(())
}

/// Writes the state and the checkpoint together; the caller's transaction
/// makes them safe.
pub(crate) async fn save(conn: &mut Connection<'_>, state: State, checkpoint: &Checkpoint) -> Result<()> {
    tracing::trace!(?state, "checkpoint");
    put(conn, "checkpoint", &checkpoint).await?;
    put(conn, "state", &state).await
}

/// Reads both; nothing where the run was killed before the first page, or
/// after the seal.
pub(crate) async fn load(conn: &mut Connection<'_>) -> Result<Option<(State, Checkpoint)>> {
    let there: bool =
        sqlx::query_scalar("select exists (select 1 from sqlite_schema where name = 'work_meta')")
            .fetch_one(&mut *conn)
            .await
            .map_err(database_error("look for the state"))?;
    if !there {
        return Ok(None);
    }
    let (state, checkpoint) = (get(conn, "state").await?, get(conn, "checkpoint").await?);
    Ok(state.zip(checkpoint))
}

async fn get<T: serde::de::DeserializeOwned>(
    conn: &mut Connection<'_>,
    key: &'static str,
) -> Result<Option<T>> {
    let text: Option<String> = sqlx::query_scalar("select value from work_meta where key = ?")
        .bind(key)
        .fetch_optional(conn)
        .await
        .map_err(database_error("read the state"))?;
    let read = text.map(|text| serde_json::from_str(&text)).transpose();
    read.map_err(|e| {
        Error::new(ErrorKind::DataLoss, "the state of the working database can't be read").caused_by(e)
    })
}

async fn put<T: Serialize>(conn: &mut Connection<'_>, key: &'static str, value: &T) -> Result<()> {
    let value = serde_json::to_string(value)
        .map_err(|e| Error::internal("the state of a sync does not become JSON").caused_by(e))?;
    sqlx::query("insert or replace into work_meta (key, value) values (?, ?)")
        .bind(key)
        .bind(value)
        .execute(conn)
        .await
        .map_err(database_error("write the state"))?;
    Ok(())
}
