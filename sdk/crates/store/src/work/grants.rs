//! What the engine does to stored grants besides adding some.

use connector_model::{Error, Result};
use sqlx::QueryBuilder;

use super::{Batch, Stored, WorkDb};
use crate::database_error;

/// The index by which grants of one id are found before [`WorkDb::index_grant_ids`] makes the unique one.
const BY_ID: &str = "create index work_grant_ids on v1_grants (sync_id, external_id)";

impl WorkDb {
    /// Reads the id of a grant by its row id.
    pub async fn grant_id(&mut self, row: i64) -> Result<String> {
        sqlx::query_scalar("select external_id from v1_grants where id = ?")
            .bind(row)
            .fetch_one(self.connection())
            .await
            .map_err(database_error("read the id of a grant"))
    }
}

impl Batch<'_> {
    /// Makes the index that [`Batch::repeated_grant_ids`] and [`Batch::grants_of_id`] read.
    pub async fn create_grant_id_index(&mut self) -> Result<()> {
        let made = sqlx::query(BY_ID).execute(self.connection()).await;
        made.map(drop).map_err(database_error("index the ids of grants"))
    }

    /// Drops the index again.
    pub async fn drop_grant_id_index(&mut self) -> Result<()> {
        let dropped = sqlx::query("drop index work_grant_ids").execute(self.connection()).await;
        dropped.map(drop).map_err(database_error("drop the index of the ids of grants"))
    }

    /// Reads at most `limit` ids behind `after`, in ascending order, that more than one grant has.
    pub async fn repeated_grant_ids(&mut self, after: &str, limit: u32) -> Result<Vec<String>> {
        sqlx::query_scalar(
            "select external_id from v1_grants where sync_id = ? and external_id > ? \
             group by external_id having count(*) > 1 order by external_id limit ?",
        )
        .bind(self.sync_id().to_owned())
        .bind(after.to_owned())
        .bind(limit)
        .fetch_all(self.connection())
        .await
        .map_err(database_error("look for grants of one id"))
    }

    /// Reads all grants of an id, in the order of their row ids.
    pub async fn grants_of_id(&mut self, external_id: &str) -> Result<Vec<Stored>> {
        let rows: Vec<(i64, Vec<u8>, Option<Vec<u8>>)> = sqlx::query_as(
            "select id, data, expansion from v1_grants where sync_id = ? and external_id = ? order by id",
        )
        .bind(self.sync_id().to_owned())
        .bind(external_id.to_owned())
        .fetch_all(self.connection())
        .await
        .map_err(database_error("read the grants of one id"))?;
        Ok(rows.into_iter().map(|(id, data, expansion)| Stored { id, data, expansion }).collect())
    }

    /// Deletes a grant by its row id.
    pub async fn delete_grant(&mut self, row: i64) -> Result<()> {
        let deleted =
            sqlx::query("delete from v1_grants where id = ?").bind(row).execute(self.connection()).await;
        deleted.map(drop).map_err(database_error("delete a grant"))
    }

    /// Replaces the messages of grants, by their row ids; their other columns stay.
    pub async fn replace_grant_messages(&mut self, messages: &[(i64, Vec<u8>)]) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut update = QueryBuilder::new("update v1_grants set data = v.column2 from (");
        update.push_values(messages, |mut row, (id, data)| {
            row.push_bind(*id).push_bind(data.as_slice());
        });
        update.push(") as v where v1_grants.id = v.column1");
        let done = update.build().execute(self.connection()).await.map_err(database_error("write grants"))?;
        if done.rows_affected() != messages.len() as u64 {
            return Err(Error::internal("not all grants that change were written"));
        }
        Ok(())
    }
}
