//! What the engine reads back while it works.

use connector_model::Result;
use sqlx::FromRow;

use super::WorkDb;
use crate::{Connection, SyncStats, error::Doing as _};

/// A resource as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct StoredResource {
    /// Its row id; pages go by it.
    pub id: i64,
    /// `type:id`.
    pub external_id: String,
    /// `c1.connector.v2.Resource`, encoded.
    pub data: Vec<u8>,
}

pub(super) async fn resources(
    conn: &mut Connection<'_>,
    resource_type: Option<&str>,
    after: i64,
    limit: u32,
) -> Result<Vec<StoredResource>, sqlx::Error> {
    let query = match resource_type {
        Some(t) => sqlx::query_as(
            "select id, external_id, data from v1_resources where resource_type_id = ? and id > ? order by id limit ?",
        )
        .bind(t),
        None => sqlx::query_as("select id, external_id, data from v1_resources where id > ? order by id limit ?"),
    };
    query.bind(after).bind(limit).fetch_all(conn).await
}

impl WorkDb {
    /// At most `limit` resources (of one type, or all) with a row id above `after`, in the order of row ids. Begin
    /// with 0; go on with the last id.
    pub async fn page_resources(
        &mut self,
        resource_type: Option<&str>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredResource>> {
        resources(&mut Connection::of(&mut self.conn), resource_type, after, limit)
            .await
            .doing("can't read resources", &self.path)
    }

    /// Counts the rows of this sync by kind and type. Ask before [`WorkDb::copy_kept_syncs`] and after
    /// [`WorkDb::build_indexes`], or else it reads every grant.
    pub async fn stats(&mut self) -> Result<SyncStats> {
        self.count().await.doing("can't count the rows", &self.path)
    }

    async fn count(&mut self) -> Result<SyncStats, sqlx::Error> {
        let runs: i64 = sqlx::query_scalar("select count(*) from v1_sync_runs")
            .fetch_one(Connection::of(&mut self.conn))
            .await?;
        let mut stats = SyncStats::default();
        // With one sync in the file an index alone answers; `sync_id` is in none of those that go by type.
        let only = if runs > 1 { Some(self.sync.as_str()) } else { None };
        for (sql, sql_of_one, to) in [
            (
                "select resource_type_id, count(*) from v1_resources group by 1",
                "select resource_type_id, count(*) from v1_resources not indexed where sync_id = ? group by 1",
                &mut stats.resources_by_resource_type,
            ),
            (
                "select resource_type_id, count(*) from v1_entitlements group by 1",
                "select resource_type_id, count(*) from v1_entitlements not indexed where sync_id = ? group by 1",
                &mut stats.entitlements_by_resource_type,
            ),
            (
                "select resource_type_id, count(*) from v1_grants group by 1",
                "select resource_type_id, count(*) from v1_grants not indexed where sync_id = ? group by 1",
                &mut stats.grants_by_resource_type,
            ),
        ] {
            let query = match only {
                Some(sync) => sqlx::query_as(sql_of_one).bind(sync),
                None => sqlx::query_as(sql),
            };
            let rows: Vec<(String, i64)> = query.fetch_all(Connection::of(&mut self.conn)).await?;
            to.extend(rows);
        }
        stats.resources = stats.resources_by_resource_type.values().sum();
        stats.entitlements = stats.entitlements_by_resource_type.values().sum();
        stats.grants = stats.grants_by_resource_type.values().sum();
        let sync = self.sync.as_str();
        stats.resource_types = sqlx::query_scalar("select count(*) from v1_resource_types where sync_id = ?")
            .bind(sync)
            .fetch_one(Connection::of(&mut self.conn))
            .await?;
        stats.assets = sqlx::query_scalar("select count(*) from v1_assets where sync_id = ?")
            .bind(sync)
            .fetch_one(Connection::of(&mut self.conn))
            .await?;
        Ok(stats)
    }
}
