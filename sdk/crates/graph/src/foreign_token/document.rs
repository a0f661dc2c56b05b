//! The shapes of the document, and how they are distinguished.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

/// The newest version whose fields are known.
const NEWEST: u64 = 2;

/// The fields of both shapes; others say nothing about what is left.
#[derive(Debug, Deserialize)]
pub(super) struct Document {
    version: Option<Value>,
    actions_map: Option<BTreeMap<String, Action>>,
    action_order: Option<Vec<String>>,
    actions: Option<Vec<Action>>,
    #[serde(default, deserialize_with = "present")]
    current_action: Field<Action>,
    #[serde(default, deserialize_with = "present")]
    needs_expansion: Field<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct Action {
    #[serde(default)]
    operation: String,
}

/// A field for which null is not the same as absent.
#[derive(Debug, Default)]
enum Field<T> {
    #[default]
    Absent,
    Present(Option<T>),
}

fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(from: D) -> Result<Field<T>, D::Error> {
    Option::deserialize(from).map(Field::Present)
}

impl Document {
    /// The operations that are pending, an empty name for an unknown one; or why they are not known.
    pub(super) fn operations(&self) -> Result<BTreeSet<&str>, &'static str> {
        let is_old_shape = self.actions.is_some()
            || !matches!(self.current_action, Field::Absent)
            || !matches!(self.needs_expansion, Field::Absent);
        match self.version.as_ref().map(Value::as_u64) {
            Some(Some(1..=NEWEST)) => {}
            None | Some(Some(0)) if is_old_shape && self.actions_map.is_none() => {}
            None | Some(Some(0)) => return Err("its state is of no known form"),
            Some(_) => return Err("its state was written by a program that is newer than this one"),
        }
        let map = self.actions_map.iter().flatten();
        let mut operations: BTreeSet<&str> = map.map(|(_, action)| &*action.operation).collect();
        operations.extend(self.actions.iter().flatten().map(|action| &*action.operation));
        if let Field::Present(Some(action)) = &self.current_action {
            operations.insert(&action.operation);
        }
        // What the order names without saying what it is.
        let known = |id: &String| self.actions_map.as_ref().is_some_and(|map| map.contains_key(id));
        if self.action_order.iter().flatten().any(|id| !known(id)) {
            operations.insert("");
        }
        Ok(operations)
    }
}
