//! Counts of the rows of the sync.

use std::collections::BTreeMap;

use connector_model::Result;
use sqlx::AssertSqlSafe;

use super::{Batch, WorkDb};
use crate::{Kind, SyncStats, database_error};

impl WorkDb {
    /// Counts the rows of a kind, those of other syncs excluded.
    pub async fn count(&mut self, kind: Kind) -> Result<u64> {
        let (of_this_sync, sync) = self.of_this_sync().await?;
        let sql = format!("select count(*) from {}{of_this_sync}", kind.table());
        let query = sqlx::query_scalar(AssertSqlSafe(sql));
        let query = sync.into_iter().fold(query, sqlx::query::QueryScalar::bind);
        let count: i64 =
            query.fetch_one(self.connection()).await.map_err(database_error("count the rows"))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Counts the rows of a kind by resource type, those of other syncs excluded.
    pub async fn count_by_type(&mut self, kind: Kind) -> Result<BTreeMap<String, u64>> {
        let (of_this_sync, sync) = self.of_this_sync().await?;
        let sql = format!("select resource_type_id, count(*) from {}{of_this_sync} group by 1", kind.table());
        let query = sqlx::query_as(AssertSqlSafe(sql));
        let query = sync.into_iter().fold(query, sqlx::query::QueryAs::bind);
        let rows: Vec<(String, i64)> =
            query.fetch_all(self.connection()).await.map_err(database_error("count the rows"))?;
        Ok(rows.into_iter().map(|(id, n)| (id, u64::try_from(n).unwrap_or_default())).collect())
    }

    /// Counts all rows of this sync by kind and type. Ask before [`WorkDb::copy_kept_syncs`] and after
    /// [`WorkDb::build_indexes`], or else it reads every grant.
    pub async fn stats(&mut self) -> Result<SyncStats> {
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let mut stats = SyncStats {
            resource_types: signed(self.count(Kind::ResourceType).await?),
            assets: signed(self.count(Kind::Asset).await?),
            ..SyncStats::default()
        };
        for (kind, all, by_type) in [
            (Kind::Resource, &mut stats.resources, &mut stats.resources_by_resource_type),
            (Kind::Entitlement, &mut stats.entitlements, &mut stats.entitlements_by_resource_type),
            (Kind::Grant, &mut stats.grants, &mut stats.grants_by_resource_type),
        ] {
            by_type.extend(self.count_by_type(kind).await?.into_iter().map(|(id, n)| (id, signed(n))));
            *all = by_type.values().sum();
        }
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

    /// The condition for rows of this sync, and what is bound to it. While the sync is the only one there is none, so
    /// that an index alone answers, or the tree's own count: `sync_id` is in no index that goes by type.
    async fn of_this_sync(&mut self) -> Result<(&'static str, Option<String>)> {
        let is_alone: bool = sqlx::query_scalar("select count(*) = 1 from v1_sync_runs")
            .fetch_one(self.connection())
            .await
            .map_err(database_error("count the syncs"))?;
        Ok(if is_alone {
            ("", None)
        } else {
            (" not indexed where sync_id = ?", Some(self.sync.to_string()))
        })
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
