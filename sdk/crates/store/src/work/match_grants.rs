//! Match grants: grants of a connector that name a principal of another file by an annotation, and are nobody's own.
//!
//! They are moved into a temporary table before anything of the other file is added, in the order of their ids: so
//! grants of the other file are none, and the result does not depend on the order in which grants were read.

use connector_model::{Error, Result};
use sqlx::FromRow;

use super::Batch;
use crate::database_error;

/// The text that the names of all match annotations begin with is looked for in the bytes, a sixth of a microsecond a
/// grant. Not by the index of ids, which would read the grants in no order.
const MOVE: [&str; 2] = [
    "create temp table work_match_grants (
        id integer primary key,
        grant_row integer not null,
        external_id text not null,
        resource_type_id text not null,
        resource_id text not null,
        entitlement_id text not null,
        principal_resource_type_id text not null,
        principal_resource_id text not null,
        expansion blob,
        data blob not null
    ) strict",
    "insert into temp.work_match_grants (grant_row, external_id, resource_type_id, resource_id, entitlement_id, \
     principal_resource_type_id, principal_resource_id, expansion, data) \
     select id, external_id, resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
     principal_resource_id, expansion, data from main.v1_grants not indexed \
     where sync_id = ? and instr(data, cast('c1.connector.v2.ExternalResourceMatch' as blob)) \
     order by external_id",
];

/// A match grant.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct MatchGrant {
    /// Its place in the order of ids; pages go by it.
    pub id: i64,
    /// The grant's id.
    pub external_id: String,
    /// The type of the entitlement's resource.
    pub resource_type_id: String,
    /// The entitlement's resource.
    pub resource_id: String,
    /// The entitlement.
    pub entitlement_id: String,
    /// The type of the principal that stands for the one to be matched.
    pub principal_resource_type_id: String,
    /// That principal.
    pub principal_resource_id: String,
    /// The grant's expansion.
    pub expansion: Option<Vec<u8>>,
    /// `c1.connector.v2.Grant`, encoded.
    pub data: Vec<u8>,
}

impl Batch<'_> {
    /// Copies the grants whose message names a match annotation aside. Some may only have its name in a text:
    /// [`Batch::keep_as_grants`] leaves those where they are.
    pub async fn set_match_grants_aside(&mut self) -> Result<()> {
        let operation = "look for grants to external principals";
        let [create, fill] = MOVE;
        sqlx::query(create).execute(self.connection()).await.map_err(database_error(operation))?;
        let filled = sqlx::query(fill).bind(self.sync_id().to_owned()).execute(self.connection()).await;
        filled.map(drop).map_err(database_error(operation))
    }

    /// Forgets some of those that were set aside: they are no match grants.
    pub async fn keep_as_grants(&mut self, ids: &[i64]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids = json(ids)?;
        sqlx::query("delete from temp.work_match_grants where id in (select value from json_each(?))")
            .bind(ids)
            .execute(self.connection())
            .await
            .map(drop)
            .map_err(database_error("look for grants to external principals"))
    }

    /// Deletes those that were set aside from the grants. Returns how many there are by resource type.
    pub async fn delete_match_grants(&mut self) -> Result<Vec<(String, i64)>> {
        let operation = "set grants to external principals aside";
        sqlx::query("delete from main.v1_grants where id in (select grant_row from temp.work_match_grants)")
            .execute(self.connection())
            .await
            .map_err(database_error(operation))?;
        sqlx::query_as("select resource_type_id, count(*) from temp.work_match_grants group by 1")
            .fetch_all(self.connection())
            .await
            .map_err(database_error(operation))
    }

    /// Reads at most `limit` match grants behind one, in the order of their ids.
    pub async fn match_grants(&mut self, after: i64, limit: u32) -> Result<Vec<MatchGrant>> {
        sqlx::query_as(
            "select id, external_id, resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
             principal_resource_id, expansion, data from temp.work_match_grants where id > ? order by id limit ?",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(self.connection())
        .await
        .map_err(database_error("read grants to external principals"))
    }

    /// Removes the temporary table.
    pub async fn drop_match_grants(&mut self) -> Result<()> {
        let dropped = sqlx::query("drop table temp.work_match_grants").execute(self.connection()).await;
        dropped.map(drop).map_err(database_error("drop the table of grants to external principals"))
    }

    /// Looks up stored entitlements: id, and the type and id of the resource that each is on.
    pub async fn entitlement_resources(&mut self, ids: &[&str]) -> Result<Vec<(String, String, String)>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = json(ids)?;
        sqlx::query_as(
            "select external_id, resource_type_id, resource_id from v1_entitlements \
             where external_id in (select value from json_each(?)) and sync_id = ?",
        )
        .bind(ids)
        .bind(self.sync_id().to_owned())
        .fetch_all(self.connection())
        .await
        .map_err(database_error("look for the entitlements of external principals"))
    }
}

/// Ids as one text, so that a statement is the same for any number of them.
pub(super) fn json<T: serde::Serialize>(ids: &[T]) -> Result<String> {
    serde_json::to_string(ids).map_err(|e| Error::internal("ids don't become JSON").caused_by(e))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{NewSync, WorkDb};

    /// By the index of ids, a million grants would be read in no order.
    #[tokio::test]
    async fn they_are_found_by_a_scan() {
        let dir = tempfile::tempdir().unwrap();
        let mut db = WorkDb::create(&dir.path().join("work"), &NewSync::full()).await.unwrap();
        assert!(db.index_grant_ids().await.unwrap());
        let [create, fill] = MOVE;
        sqlx::query(create).execute(db.connection()).await.unwrap();
        let plan = sqlx::AssertSqlSafe(format!("explain query plan {fill}"));
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(plan).bind("").fetch_all(db.connection()).await.unwrap();
        let steps: Vec<_> = plan.into_iter().map(|(_, _, _, step)| step).collect();
        assert_eq!(steps, ["SCAN main.v1_grants", "USE TEMP B-TREE FOR ORDER BY"]);
    }
}
