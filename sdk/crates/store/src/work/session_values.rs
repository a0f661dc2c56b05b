//! Values that a connector keeps between the pages of a sync, in the table that other writers use for them.

use connector_model::Result;

use super::{Batch, WorkDb};
use crate::database_error;

impl WorkDb {
    /// Reads the values that earlier pages stored.
    pub async fn session_values(&mut self) -> Result<Vec<(String, Vec<u8>)>> {
        sqlx::query_as("select key, value from v1_connector_sessions")
            .fetch_all(self.connection())
            .await
            .map_err(database_error("read the session values"))
    }
}

impl Batch<'_> {
    /// Stores a value under a key. One that was there is overwritten, so that its bytes don't stay in free pages.
    pub async fn put_session_value(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.secure_delete(true).await?;
        sqlx::query("insert or replace into v1_connector_sessions (sync_id, key, value) values (?, ?, ?)")
            .bind(self.sync_id().to_owned())
            .bind(key.to_owned())
            .bind(value.to_vec())
            .execute(self.connection())
            .await
            .map_err(database_error("store a session value"))?;
        self.secure_delete(false).await
    }

    /// Removes all values.
    pub async fn clear_session_values(&mut self) -> Result<()> {
        sqlx::query("delete from v1_connector_sessions")
            .execute(self.connection())
            .await
            .map_err(database_error("remove the session values"))?;
        Ok(())
    }
}
