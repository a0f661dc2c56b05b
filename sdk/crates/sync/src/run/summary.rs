//! What a sync says at its end.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use connector_store::{Completeness, LedgerTotal};
use serde::{Deserialize, Serialize, Serializer};

use crate::Phase;

/// What a finished sync was.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The sync's id.
    pub sync_id: String,
    /// The file.
    pub output: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Resources by type.
    pub resources: BTreeMap<String, u64>,
    /// Entitlements by the type of their resource.
    pub entitlements: BTreeMap<String, u64>,
    /// Grants by the type of the entitlement's resource.
    pub grants: BTreeMap<String, u64>,
    /// Pages that the connector gave.
    pub pages: u64,
    /// How long each phase took, the seal included.
    #[serde(skip)]
    pub phases: Vec<(Phase, Duration)>,
    /// How long it took as a whole.
    #[serde(skip)]
    pub elapsed: Duration,
    /// What a person should know: the sentence, and how often it came.
    pub warnings: Vec<(String, u64)>,
    /// Finished syncs of the old file that the new one still holds.
    pub kept_syncs: u64,
    /// Calls of the connector, by `operation:type` such as `grants:group`.
    pub calls: BTreeMap<String, CallStats>,
    /// For how long in all the source's rate limit kept the connector
    /// waiting.
    #[serde(rename = "waited_ms", serialize_with = "millis")]
    pub waited: Duration,
    /// Whether an earlier run was gone on with.
    pub resumed: bool,
    /// What was read of each type by each operation, and what was not.
    pub ledger: Vec<LedgerLine>,
    /// Whether something is missing: the worst of the ledger.
    pub completeness: Completeness,
    /// What the expansion of grants did, where there was one.
    pub expansion: Option<ExpansionSummary>,
    /// What came of the principals of another file, where there was one.
    pub external: Option<ExternalSummary>,
}

/// Calls of one kind. In JSON, times are whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallStats {
    /// How many.
    pub count: u64,
    /// How long they took together, waits for rate limits included. Calls at
    /// the same time each count in full.
    #[serde(rename = "total_ms", serialize_with = "millis")]
    pub total: Duration,
    /// How long the longest took.
    #[serde(rename = "max_ms", serialize_with = "millis")]
    pub max: Duration,
}

/// What became of one operation on one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerLine {
    /// The resource type whose syncer was asked.
    pub resource_type: String,
    /// What was done: `list-resources`, `list-grants` and so on.
    pub operation: String,
    /// Pages that it gave.
    pub pages: u64,
    /// Rows in them.
    pub rows: u64,
    /// How many rows the source says there are, where it does.
    pub expected: Option<u64>,
    /// Rows that were not taken in.
    pub dropped: u64,
    /// Whether all was read.
    pub state: Completeness,
    /// Why not, where that is so.
    pub reason: Option<String>,
}

/// What the expansion of grants did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpansionSummary {
    /// Pairs of entitlements of which one brings the other.
    pub edges: u64,
    /// Grants that were made.
    pub created: u64,
    /// Grants that were there and have got further sources.
    pub updated: u64,
    /// Groups of entitlements that bring each other, directly or through
    /// others.
    pub cycles: u64,
    /// Entitlements that a grant names as its source and that are not there.
    pub missing_sources: u64,
}

/// What came of the principals of another file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalSummary {
    /// Resources that were carried over.
    pub resources: u64,
    /// Entitlements that were carried over.
    pub entitlements: u64,
    /// Grants that were carried over.
    pub grants: u64,
    /// Grants whose principal was found in the other file.
    pub matched: u64,
    /// Grants whose principal was not.
    pub unmatched: u64,
}

impl From<LedgerTotal> for LedgerLine {
    fn from(total: LedgerTotal) -> Self {
        Self {
            resource_type: total.resource_type,
            operation: total.operation.to_string(),
            pages: total.pages,
            rows: total.rows,
            expected: total.expected,
            dropped: total.dropped,
            state: total.state,
            reason: (!total.reason.is_empty()).then_some(total.reason),
        }
    }
}

fn millis<S: Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_milliseconds_in_json() {
        let calls =
            CallStats { count: 2, total: Duration::from_micros(1_500_999), max: Duration::from_secs(1) };
        let json = serde_json::to_value(calls).ok();
        assert_eq!(json, Some(serde_json::json!({"count": 2, "total_ms": 1500, "max_ms": 1000})));
        let state = serde_json::to_value(Completeness::Incomplete).ok();
        assert_eq!(state, Some(serde_json::json!("incomplete")));
    }
}
