//! Stored rows by kind and type, counted as they come.

use std::collections::BTreeMap;

use connector_model::Result;
use connector_store::{EntitlementRow, GrantRow, Put, ResourceRow, SyncStats, WorkDb};

use sqlx::AssertSqlSafe;

use crate::database_error;

/// Rows by type, without those that were there already.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Counts {
    pub(crate) resources: BTreeMap<String, u64>,
    pub(crate) entitlements: BTreeMap<String, u64>,
    pub(crate) grants: BTreeMap<String, u64>,
}

/// A row that is counted under a resource type.
pub(crate) trait Typed {
    fn type_id(&self) -> &str;
}

macro_rules! typed {
    ($($row:ty),*) => {$(
        impl Typed for $row {
            fn type_id(&self) -> &str {
                &self.resource_type_id
            }
        }
    )*};
}

typed!(ResourceRow, EntitlementRow, GrantRow);

/// Adds the rows of a page that were stored; gives how many they are.
pub(crate) fn add<R: Typed>(to: &mut BTreeMap<String, u64>, rows: &[R], put: &Put) -> u64 {
    let mut refused = put.conflicts.iter().peekable();
    let stored = rows.iter().enumerate().filter(|(at, _)| refused.next_if_eq(&at).is_none());
    let mut count = 0;
    for (_, row) in stored {
        match to.get_mut(row.type_id()) {
            Some(n) => *n += 1,
            None => {
                to.insert(row.type_id().to_owned(), 1);
            }
        }
        count += 1;
    }
    count
}

impl Counts {
    /// In the form that readers take from the file.
    pub(crate) fn to_stats(&self, resource_types: i64) -> SyncStats {
        let signed = |map: &BTreeMap<String, u64>| -> BTreeMap<String, i64> {
            map.iter().map(|(t, n)| (t.clone(), i64::try_from(*n).unwrap_or(i64::MAX))).collect()
        };
        let stats = SyncStats {
            resource_types,
            resources_by_resource_type: signed(&self.resources),
            entitlements_by_resource_type: signed(&self.entitlements),
            grants_by_resource_type: signed(&self.grants),
            ..SyncStats::default()
        };
        SyncStats {
            resources: stats.resources_by_resource_type.values().sum(),
            entitlements: stats.entitlements_by_resource_type.values().sum(),
            grants: stats.grants_by_resource_type.values().sum(),
            ..stats
        }
    }
}

/// Grants of all types. The sync must be the only one of the database.
pub(crate) async fn all_grants(db: &mut WorkDb) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("select count(*) from v1_grants")
        .fetch_one(db.connection())
        .await
        .map_err(database_error("count the grants"))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Whether any grant is to be expanded.
pub(crate) async fn has_expansions(db: &mut WorkDb) -> Result<bool> {
    let sync = db.sync_id().to_string();
    sqlx::query_scalar("select exists (select 1 from v1_grants where sync_id = ? and needs_expansion = 1)")
        .bind(sync)
        .fetch_one(db.connection())
        .await
        .map_err(database_error("look for expansions"))
}

/// Rows of a table by resource type, counted in the database.
pub(crate) async fn of_table(db: &mut WorkDb, table: &str) -> Result<BTreeMap<String, u64>> {
    let sync = db.sync_id().to_string();
    let alone: bool = sqlx::query_scalar("select count(*) = 1 from v1_sync_runs")
        .fetch_one(db.connection())
        .await
        .map_err(database_error("count the syncs"))?;
    // Where the sync is the only one, an index is enough to count it.
    let of_it = if alone { "?1 <> ''" } else { "sync_id = ?1" };
    let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(format!(
        "select resource_type_id, count(*) from {table} where {of_it} group by resource_type_id"
    )))
    .bind(sync)
    .fetch_all(db.connection())
    .await
    .map_err(database_error("count the rows"))?;
    Ok(rows.into_iter().map(|(id, n)| (id, u64::try_from(n).unwrap_or_default())).collect())
}

/// Resource types of the sync.
pub(crate) async fn of_resource_types(db: &mut WorkDb) -> Result<i64> {
    let sync = db.sync_id().to_string();
    sqlx::query_scalar("select count(*) from v1_resource_types where sync_id = ?")
        .bind(sync)
        .fetch_one(db.connection())
        .await
        .map_err(database_error("count the resource types"))
}
