//! Stored rows by kind and type, counted as they come.

use std::collections::BTreeMap;

use connector_store::{EntitlementRow, GrantRow, Put, ResourceRow, SyncStats};

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
    pub(crate) fn to_stats(&self, resource_types: u64) -> SyncStats {
        let signed = |map: &BTreeMap<String, u64>| -> BTreeMap<String, i64> {
            map.iter().map(|(t, n)| (t.clone(), i64::try_from(*n).unwrap_or(i64::MAX))).collect()
        };
        let stats = SyncStats {
            resource_types: i64::try_from(resource_types).unwrap_or(i64::MAX),
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
