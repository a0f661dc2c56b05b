//! Deleted values that must leave no trace in the file.

use connector_model::Result;

use super::{Batch, WorkDb};
use crate::{Connection, database_error};

impl WorkDb {
    /// Switches the overwriting of deleted bytes on or off. Always on, it takes a seventh more processor time where
    /// rows are only added.
    pub async fn secure_delete(&mut self, on: bool) -> Result<()> {
        switch(&mut self.connection(), on).await
    }
}

impl Batch<'_> {
    /// Switches the overwriting of deleted bytes on or off, for the connection: it outlives the batch.
    pub async fn secure_delete(&mut self, on: bool) -> Result<()> {
        switch(&mut self.connection(), on).await
    }
}

/// <https://www.sqlite.org/pragma.html#pragma_secure_delete>
async fn switch(conn: &mut Connection<'_>, on: bool) -> Result<()> {
    let sql = if on { "pragma secure_delete = on" } else { "pragma secure_delete = off" };
    sqlx::query(sql).execute(conn).await.map_err(database_error("overwrite what is deleted"))?;
    Ok(())
}
