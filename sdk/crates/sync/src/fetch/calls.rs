//! How long the connector took, by what was asked.

use std::{collections::BTreeMap, time::Duration};

use crate::{CallStats, fetch::action::Action};

/// A call that takes longer is worth a line in the log.
const SLOW: Duration = Duration::from_secs(60);

/// The calls of this run, by operation and resource type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(BTreeMap<&'static str, BTreeMap<String, CallStats>>);

impl Calls {
    /// Counts a call.
    pub(crate) fn took(&mut self, action: &Action, time: Duration) {
        if time > SLOW {
            tracing::warn!(what = action.describe(), seconds = time.as_secs(), "a slow call");
        }
        let of_type = self.0.entry(action.operation.name()).or_default();
        let kind = match of_type.get_mut(action.resource_type.as_str()) {
            Some(kind) => kind,
            None => of_type.entry(action.resource_type.to_string()).or_default(),
        };
        kind.count += 1;
        kind.total += time;
        kind.max = kind.max.max(time);
    }

    /// All of them, by `operation:type`.
    pub(crate) fn into_map(self) -> BTreeMap<String, CallStats> {
        let named =
            |operation: &str, (of_type, kind): (String, CallStats)| (format!("{operation}:{of_type}"), kind);
        self.0
            .into_iter()
            .flat_map(|(operation, types)| types.into_iter().map(move |t| named(operation, t)))
            .collect()
    }
}
