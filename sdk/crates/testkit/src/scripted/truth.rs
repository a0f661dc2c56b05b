//! What a finished file must hold.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use connector_model::{Annotations, Error, ErrorKind, Grant, Result, wire};
use connector_proto::json::{bytes_to_json, to_json};
use connector_store::{
    C1z, OpenOptions,
    reader::{EntitlementFilter, GrantFilter, ResourceFilter},
};
use futures::TryStreamExt as _;
use serde_json::Value;

use super::{At, Row, Scenario, walk::Walk};

/// Differences that are named in a failure.
const NAMED: usize = 20;

/// Rows by id, as protobuf JSON. A grant's expansion stands under
/// `expandable`, for a file keeps it beside the grant.
///
/// It can be made by hand where a fault changes what is read: the maps are
/// public, and [`Truth::put`] adds rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// Resource types by id.
    pub resource_types: BTreeMap<String, Value>,
    /// Resources by `type:id`.
    pub resources: BTreeMap<String, Value>,
    /// Entitlements by id.
    pub entitlements: BTreeMap<String, Value>,
    /// Grants by id.
    pub grants: BTreeMap<String, Value>,
}

impl Truth {
    /// What the default sync of a file holds.
    pub async fn held(path: &Path) -> Result<Self> {
        let file = C1z::open(path, &OpenOptions::default()).await?;
        let view = file.view(None).await?;
        let mut held = Self::default();
        let mut list = std::pin::pin!(view.resource_types(&()));
        while let Some(r) = list.try_next().await? {
            held.resource_types.insert(r.row.external_id.to_string(), json("ResourceType", &r.row.data)?);
        }
        let filter = ResourceFilter::default();
        let mut list = std::pin::pin!(view.resources(&filter));
        while let Some(r) = list.try_next().await? {
            held.resources.insert(r.row.external_id.clone(), json("Resource", &r.row.data)?);
        }
        let filter = EntitlementFilter::default();
        let mut list = std::pin::pin!(view.entitlements(&filter));
        while let Some(r) = list.try_next().await? {
            held.entitlements.insert(r.row.external_id.to_string(), json("Entitlement", &r.row.data)?);
        }
        let filter = GrantFilter::default();
        let mut list = std::pin::pin!(view.grants(&filter));
        while let Some(r) = list.try_next().await? {
            let mut grant = json("Grant", &r.row.data)?;
            if let Some(expansion) = &r.row.expansion {
                grant["expandable"] = json("GrantExpandable", expansion)?;
            }
            held.grants.insert(r.row.external_id.clone(), grant);
        }
        Ok(held)
    }

    /// Adds a row, or puts it in the place of one of its id.
    pub fn put(&mut self, row: impl Into<Row>) {
        match row.into() {
            Row::Resource(r) => drop(self.resources.insert(r.id.to_string(), value(&r.to_wire()))),
            Row::Entitlement(e) => drop(self.entitlements.insert(e.id.clone(), value(&e.to_wire()))),
            Row::Grant(g) => drop(self.grants.insert(g.id(), grant(&g))),
        }
    }

    /// What another one has too little, too much, or otherwise: one line a
    /// row, none where they are the same.
    pub fn differences(&self, held: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (what, expected, held) in [
            ("resource type", &self.resource_types, &held.resource_types),
            ("resource", &self.resources, &held.resources),
            ("entitlement", &self.entitlements, &held.entitlements),
            ("grant", &self.grants, &held.grants),
        ] {
            for (id, row) in expected {
                match held.get(id) {
                    None => lines.push(format!("missing {what} {id}")),
                    Some(other) if other != row => {
                        lines.push(format!("other {what} {id}:\n  expected {row}\n  held     {other}"));
                    }
                    Some(_) => {}
                }
            }
            lines.extend(
                held.keys().filter(|id| !expected.contains_key(*id)).map(|id| format!("extra {what} {id}")),
            );
        }
        lines
    }
}

impl Scenario {
    /// What a file holds after a full sync without faults, worked out from the
    /// scenario alone. Grants are expanded.
    pub fn truth(&self) -> Truth {
        let mut walk = Walk::of(self);
        walk.expand();
        self.as_truth(walk)
    }

    /// The same where grants are not expanded.
    pub fn collected(&self) -> Truth {
        self.as_truth(Walk::of(self))
    }

    fn as_truth(&self, walk: Walk) -> Truth {
        let mut truth = Truth::default();
        for t in &self.types {
            truth.resource_types.insert(t.id.to_string(), value(&t.to_wire()));
        }
        walk.resources.into_values().for_each(|row| truth.put(row));
        walk.entitlements.into_values().for_each(|row| truth.put(row));
        walk.grants.into_values().for_each(|row| truth.put(row));
        truth
    }

    /// The pages that a sync without faults asks for, each once: listing and
    /// page number, in the order of the phases. `validate` is not among them.
    pub fn asks(&self) -> Vec<(At, usize)> {
        Walk::of(self).asks
    }
}

/// Fails the test where the default sync of a file is not this truth.
///
/// # Panics
/// With the rows that differ.
///
/// # Errors
/// The file can't be read.
pub async fn assert_holds(path: &Path, truth: &Truth) -> Result<()> {
    let differences = truth.differences(&Truth::held(path).await?);
    if differences.is_empty() {
        return Ok(());
    }
    let mut text = format!("the file does not hold the truth: {} rows differ", differences.len());
    for line in differences.iter().take(NAMED) {
        let _infallible = write!(text, "\n{line}");
    }
    panic!("{text}");
}

/// As [`assert_holds`], with the [truth](Scenario::truth) of a scenario.
///
/// # Panics
/// With the rows that differ.
///
/// # Errors
/// The file can't be read.
pub async fn assert_holds_truth(path: &Path, scenario: &Scenario) -> Result<()> {
    assert_holds(path, &scenario.truth()).await
}

fn json(message: &str, data: &[u8]) -> Result<Value> {
    bytes_to_json(&format!("c1.connector.v2.{message}"), data).map_err(|e| {
        Error::new(ErrorKind::DataLoss, format!("a stored {message} does not decode")).caused_by(e)
    })
}

/// A message of a scenario as JSON.
///
/// # Panics
/// Where the test's own data have no JSON form, such as a time out of range.
fn value<M: prost::Message + prost::Name>(message: &M) -> Value {
    match to_json(message) {
        Ok(value) => value,
        Err(e) => panic!("a row of the scenario has no JSON form: {e}"),
    }
}

fn grant(grant: &Grant) -> Value {
    let mut message = grant.to_wire();
    let mut annotations = Annotations::from(std::mem::take(&mut message.annotations));
    let expandable: Option<wire::GrantExpandable> = annotations.get();
    annotations.remove::<wire::GrantExpandable>();
    message.annotations = annotations.into_inner();
    let mut json = value(&message);
    // An expansion that names nothing is none.
    if let Some(e) = expandable.filter(|e| e.entitlement_ids.iter().any(|id| !id.trim().is_empty())) {
        json["expandable"] = value(&e);
    }
    json
}
