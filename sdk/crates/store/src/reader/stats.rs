//! Counts of a sync.

use std::collections::BTreeMap;

use connector_model::{Error, ErrorKind, Result};
use sqlx::{AssertSqlSafe, Row as _};

use super::SyncView;
use crate::{SyncStats, error::During as _};

impl SyncView<'_> {
    /// The counts that were written at the sync's end, where readers go by them: what the file says of itself.
    pub async fn stored_stats(&self) -> Result<Option<SyncStats>> {
        let stored = self.file().stored_stats(self.run()).await?;
        Ok(stored.filter(|stats| stats.resource_types > 0))
    }

    /// The counts, counted now.
    pub async fn counted_stats(&self) -> Result<SyncStats> {
        let mut stats = SyncStats {
            resources_by_resource_type: self.by_type("v1_resources").await?,
            entitlements_by_resource_type: self.by_type("v1_entitlements").await?,
            grants_by_resource_type: self.by_type("v1_grants").await?,
            resource_types: self.count("v1_resource_types").await?,
            assets: self.count("v1_assets").await?,
            ..SyncStats::default()
        };
        stats.resources = stats.resources_by_resource_type.values().sum();
        stats.entitlements = stats.entitlements_by_resource_type.values().sum();
        stats.grants = stats.grants_by_resource_type.values().sum();
        Ok(stats)
    }

    async fn by_type(&self, table: &'static str) -> Result<BTreeMap<String, i64>> {
        let file = self.file();
        let sql = format!(
            "select {}, count(rowid) from {table} not indexed where sync_id = ? group by 1 limit {}",
            file.layout().expression(table, "resource_type_id"),
            SyncStats::MOST_TYPES + 1
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(self.run().id.clone()).fetch_all(file.conn()).await;
        let counts = rows.and_then(|rows| {
            rows.iter().map(|row| Ok((row.try_get::<String, _>(0)?, row.try_get(1)?))).collect()
        });
        let counts: BTreeMap<_, _> = counts.during(COUNTING, file.path())?;
        if counts.len() <= SyncStats::MOST_TYPES {
            return Ok(counts);
        }
        Err(Error::new(ErrorKind::DataLoss, "the sync has rows of more than 10,000 resource types")
            .with("file", file.path().display())
            .with("table", table))
    }

    async fn count(&self, table: &str) -> Result<i64> {
        let file = self.file();
        if !file.layout().has_table(table) {
            return Ok(0);
        }
        let sql = format!("select count(rowid) from {table} not indexed where sync_id = ?");
        sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(self.run().id.clone())
            .fetch_one(file.conn())
            .await
            .during(COUNTING, file.path())
    }
}

const COUNTING: &str = "can't count the rows";
