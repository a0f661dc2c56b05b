//! What a working database says of itself: whose it is, and how far it came.

use connector_model::Result;
use sqlx::SqliteConnection;

use crate::{database_error, fingerprint::Fingerprint};

const CREATE: &str =
    "create table if not exists work_meta (key text primary key, value text not null) strict, without rowid";

/// How far a sync came. Each state is committed before the next step begins,
/// so that a killed run can be gone on with at the last arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Pages are being read.
    Collecting,
    /// Every page is read, and references were checked.
    Collected,
    /// The syncs to keep were copied from the old file.
    Kept,
    /// The indexes that readers want are there.
    Indexed,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Collecting => "collecting",
            Self::Collected => "collected",
            Self::Kept => "kept",
            Self::Indexed => "indexed",
        }
    }
}

pub(crate) async fn create(conn: &mut SqliteConnection, fingerprint: &Fingerprint) -> Result<()> {
    sqlx::query(CREATE).execute(&mut *conn).await.map_err(database_error("create the state table"))?;
    put(conn, "fingerprint", fingerprint.to_json()).await?;
    enter(conn, State::Collecting).await
}

pub(crate) async fn enter(conn: &mut SqliteConnection, state: State) -> Result<()> {
    tracing::debug!(state = state.as_str(), "working database");
    put(conn, "state", state.as_str().to_owned()).await
}

async fn put(conn: &mut SqliteConnection, key: &'static str, value: String) -> Result<()> {
    sqlx::query("insert or replace into work_meta (key, value) values (?, ?)")
        .bind(key)
        .bind(value)
        .execute(conn)
        .await
        .map_err(database_error("write the state"))?;
    Ok(())
}

pub(crate) async fn drop(conn: &mut SqliteConnection) -> Result<()> {
    sqlx::query("drop table if exists work_meta")
        .execute(conn)
        .await
        .map_err(database_error("drop the state table"))?;
    Ok(())
}
