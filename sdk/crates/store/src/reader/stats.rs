//! Counts of a sync.

use connector_model::Result;
use sqlx::Row as _;

use super::SyncView;
use crate::{SyncStats, error::Doing as _};

impl SyncView<'_> {
    /// The counts: those stored at the sync's end where they are usable, else counted now.
    pub async fn stats(&self) -> Result<SyncStats> {
        match &self.run().stats {
            Some(stats) if stats.resource_types > 0 => Ok(stats.clone()),
            _ => self.counted_stats().await,
        }
    }

    /// The counts, counted now.
    pub async fn counted_stats(&self) -> Result<SyncStats> {
        self.count().await.doing("can't count the rows", self.file().path())
    }

    async fn count(&self) -> Result<SyncStats, sqlx::Error> {
        let (pool, sync) = (self.file().pool(), self.run().id.as_str());
        let mut stats = SyncStats::default();
        for (sql, to) in [
            (
                "select resource_type_id, count(*) from v1_resources not indexed where sync_id = ? group by 1",
                &mut stats.resources_by_resource_type,
            ),
            (
                "select resource_type_id, count(*) from v1_entitlements not indexed where sync_id = ? group by 1",
                &mut stats.entitlements_by_resource_type,
            ),
            (
                "select resource_type_id, count(*) from v1_grants not indexed where sync_id = ? group by 1",
                &mut stats.grants_by_resource_type,
            ),
        ] {
            for row in sqlx::query(sql).bind(sync).fetch_all(pool).await? {
                to.insert(row.try_get(0)?, row.try_get(1)?);
            }
        }
        stats.resources = stats.resources_by_resource_type.values().sum();
        stats.entitlements = stats.entitlements_by_resource_type.values().sum();
        stats.grants = stats.grants_by_resource_type.values().sum();
        stats.resource_types = sqlx::query_scalar("select count(*) from v1_resource_types where sync_id = ?")
            .bind(sync)
            .fetch_one(pool)
            .await?;
        if self.file().layout().has_table("v1_assets") {
            stats.assets = sqlx::query_scalar("select count(*) from v1_assets where sync_id = ?")
                .bind(sync)
                .fetch_one(pool)
                .await?;
        }
        Ok(stats)
    }
}
