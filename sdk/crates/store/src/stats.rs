//! The counts of a sync, in the JSON that other readers take from the `stats` column.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counts of a sync. As JSON: `c1.reader.v2.SyncStats` with snake_case keys, zero values left out. Readers take the
/// stored document for true where `resource_types` is above zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncStats {
    /// Resource types.
    #[serde(skip_serializing_if = "is_zero")]
    pub resource_types: i64,
    /// Resources.
    #[serde(skip_serializing_if = "is_zero")]
    pub resources: i64,
    /// Entitlements.
    #[serde(skip_serializing_if = "is_zero")]
    pub entitlements: i64,
    /// Grants, expanded ones included.
    #[serde(skip_serializing_if = "is_zero")]
    pub grants: i64,
    /// Resources by their type.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resources_by_resource_type: BTreeMap<String, i64>,
    /// Grants by the type of their entitlement's resource.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub grants_by_resource_type: BTreeMap<String, i64>,
    /// Entitlements by the type of their resource.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub entitlements_by_resource_type: BTreeMap<String, i64>,
    /// Assets.
    #[serde(skip_serializing_if = "is_zero")]
    pub assets: i64,
    /// Milliseconds each step of the sync took.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub step_durations_ms: BTreeMap<String, i64>,
    /// Calls of the connector by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub connector_call_stats: BTreeMap<String, CallStat>,
    /// Operations on the session store by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub session_store_stats: BTreeMap<String, CallStat>,
}

/// How often something was called and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallStat {
    /// Calls.
    #[serde(skip_serializing_if = "is_zero")]
    pub count: i64,
    /// Milliseconds of all calls together.
    #[serde(skip_serializing_if = "is_zero")]
    pub total_ms: i64,
    /// Milliseconds of the slowest call.
    #[serde(skip_serializing_if = "is_zero")]
    pub max_ms: i64,
    /// Calls that failed.
    #[serde(skip_serializing_if = "is_zero")]
    pub errors: i64,
    /// Calls that took too long.
    #[serde(skip_serializing_if = "is_zero")]
    pub timeouts: i64,
}

impl SyncStats {
    /// The most resource types that a sync is counted by.
    pub(crate) const MOST_TYPES: usize = 10_000;

    /// Reads the document. `None` where it is none, or counts by more types than anybody has.
    pub(crate) fn parse(json: &str) -> Option<Self> {
        // serde takes an array for a struct, too.
        let stats: Self = json.trim_start().starts_with('{').then(|| serde_json::from_str(json).ok())??;
        let maps = [
            &stats.resources_by_resource_type,
            &stats.entitlements_by_resource_type,
            &stats.grants_by_resource_type,
        ];
        let others = [&stats.connector_call_stats, &stats.session_store_stats];
        let most = maps.map(BTreeMap::len).into_iter().chain(others.map(BTreeMap::len)).max();
        let most = most.max(Some(stats.step_durations_ms.len()));
        (most <= Some(Self::MOST_TYPES)).then_some(stats)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(n: &i64) -> bool {
    *n == 0
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_document_of_another_writer_is_ours() {
        // From a file of baton-sdk v0.25.
        let theirs = r#"{"resource_types":2,"resources":1100,"entitlements":100,"grants":10000,"resources_by_resource_type":{"group":100,"user":1000},"grants_by_resource_type":{"group":10000},"entitlements_by_resource_type":{"group":100}}"#;
        let stats: SyncStats = serde_json::from_str(theirs).unwrap();
        assert_eq!(stats.grants, 10_000);
        assert_eq!(serde_json::to_string(&stats).unwrap(), theirs);
    }
}
