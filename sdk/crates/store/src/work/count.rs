//! Counts of the rows of the sync.

use std::collections::BTreeMap;

use connector_model::Result;
use sqlx::AssertSqlSafe;

use super::{Batch, WorkDb};
use crate::{Connection, Kind, SyncStats, database_error, error::During as _};

impl WorkDb {
    /// Counts the rows of a kind, those of other syncs excluded.
    pub async fn count(&mut self, kind: Kind) -> Result<u64> {
        let sql = format!("select count(*) from {} where {}", kind.table(), self.of_this_sync().await?);
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(self.sync.to_string())
            .fetch_one(self.connection())
            .await
            .map_err(database_error("count the rows"))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Counts the rows of a kind by resource type, those of other syncs excluded.
    pub async fn count_by_type(&mut self, kind: Kind) -> Result<BTreeMap<String, u64>> {
        let sql = format!(
            "select resource_type_id, count(*) from {} where {} group by resource_type_id",
            kind.table(),
            self.of_this_sync().await?
        );
        let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(self.sync.to_string())
            .fetch_all(self.connection())
            .await
            .map_err(database_error("count the rows"))?;
        Ok(rows.into_iter().map(|(id, n)| (id, u64::try_from(n).unwrap_or_default())).collect())
    }

    /// Counts the rows of this sync by kind and type. Ask before [`WorkDb::copy_kept_syncs`] and after
    /// [`WorkDb::build_indexes`], or else it reads every grant.
    pub async fn stats(&mut self) -> Result<SyncStats> {
        self.read_stats().await.during("can't count the rows", &self.path)
    }

    async fn read_stats(&mut self) -> Result<SyncStats, sqlx::Error> {
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

    /// Returns whether any grant of the sync is still to be expanded.
    pub async fn has_expandable_grants(&mut self) -> Result<bool> {
        sqlx::query_scalar(
            "select exists (select 1 from v1_grants where sync_id = ? and needs_expansion = 1)",
        )
        .bind(self.sync.to_string())
        .fetch_one(self.connection())
        .await
        .map_err(database_error("look for expansions"))
    }

    /// The condition for rows of this sync, whose id is the first parameter. While the sync is the only one, an index
    /// without `sync_id` can answer it.
    async fn of_this_sync(&mut self) -> Result<&'static str> {
        let alone: bool = sqlx::query_scalar("select count(*) = 1 from v1_sync_runs")
            .fetch_one(self.connection())
            .await
            .map_err(database_error("count the syncs"))?;
        Ok(if alone { "?1 <> ''" } else { "sync_id = ?1" })
    }
}

impl Batch<'_> {
    /// Counts the resources of a type whose row id is above `after` and at most `until`.
    pub async fn count_resources(&mut self, resource_type: &str, after: i64, until: i64) -> Result<u64> {
        let count: i64 = sqlx::query_scalar(
            "select count(*) from v1_resources where resource_type_id = ? and sync_id = ? and id > ? and id <= ?",
        )
        .bind(resource_type.to_owned())
        .bind(self.sync_id().to_owned())
        .bind(after)
        .bind(until)
        .fetch_one(self.connection())
        .await
        .map_err(database_error("count resources"))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}
