//! The planner of a phase that asks about each stored resource.

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

use connector_model::{Registry, Resource, ResourceId, ResourceType, ResourceTypeId, Result, wire};
use connector_store::Batch;
use serde::{Deserialize, Serialize};

use crate::{
    Scope, SyncOptions,
    checkpoint::queue::decode_resource,
    fetch::action::{Operation, Subject},
};

/// Resources read at once.
const CHUNK: u32 = 500;

/// Where a planner is; nothing is before it but what it found already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The type whose resources are next; none where all were seen.
    resource_type: Option<String>,
    /// The last row that was seen of them.
    after: i64,
}

/// Finds what to ask about, a chunk of stored resources at a time.
#[derive(Debug, Default)]
pub(crate) struct Planner {
    operation: Option<Operation>,
    types: VecDeque<ResourceTypeId>,
    after: i64,
    until: i64,
    /// Resources that were not looked at yet.
    left: u64,
    /// The only resources that are asked about, in a sync of some resources.
    only: Option<HashSet<ResourceId>>,
}

impl Planner {
    /// A planner over the types that are asked about each of their resources,
    /// up to a row.
    pub(crate) fn begin(
        operation: Operation,
        registry: &Registry,
        options: &SyncOptions,
        until: i64,
    ) -> Self {
        let types = registry
            .resource_types()
            .filter(|t| options.wants_type(&t.id) && !skips_type(t, operation) && !is_whole(t, operation))
            .map(|t| t.id.clone());
        let only = match &options.scope {
            Scope::Resources(targets) => Some(targets.resources.iter().map(|r| r.id.clone()).collect()),
            _ => None,
        };
        Self { operation: Some(operation), types: types.collect(), after: 0, until, left: 0, only }
    }

    /// Goes on where an earlier run was.
    pub(crate) fn go_on(&mut self, place: &Place) {
        while self.types.front().is_some_and(|t| Some(t.as_str()) != place.resource_type.as_deref()) {
            self.types.pop_front();
        }
        self.after = place.after;
    }

    /// Counts what it has before it, for people who want to know how far it is.
    pub(crate) async fn count(&mut self, batch: &mut Batch<'_>) -> Result<()> {
        let mut left = 0;
        for (at, id) in self.types.iter().enumerate() {
            let after = if at == 0 { self.after } else { 0 };
            left += batch.count_resources(id.as_str(), after, self.until).await?;
        }
        self.left = if self.only.is_some() { 0 } else { left };
        Ok(())
    }

    /// Resources that were not looked at yet.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Where it is; none where it has nothing to find.
    pub(crate) fn place(&self) -> Option<Place> {
        let resource_type = self.types.front().map(ToString::to_string);
        self.operation.map(|_| Place { resource_type, after: self.after })
    }

    /// The next questions; none where every resource was seen.
    pub(crate) async fn next(
        &mut self,
        batch: &mut Batch<'_>,
        registry: &Registry,
    ) -> Result<Option<Vec<(Operation, ResourceTypeId, Subject)>>> {
        let Some(operation) = self.operation else { return Ok(None) };
        while let Some(id) = self.types.front() {
            let mut stored = batch.page_resources(Some(id.as_str()), self.after, CHUNK).await?;
            stored.retain(|row| row.id <= self.until);
            let Some(last) = stored.last() else {
                self.types.pop_front();
                self.after = 0;
                continue;
            };
            self.after = last.id;
            self.left = self.left.saturating_sub(stored.len() as u64);
            let id = registry.resource_type(id).map_or_else(|| id.clone(), |t| t.id.clone());
            let mut roots = Vec::with_capacity(stored.len());
            for row in stored {
                let resource = decode_resource(&row.data)?;
                if !skips_resource(&resource, operation) && self.asks_about(&resource.id) {
                    roots.push((operation, id.clone(), Subject::Of(Arc::new(resource))));
                }
            }
            if !roots.is_empty() {
                return Ok(Some(roots));
            }
        }
        Ok(None)
    }

    fn asks_about(&self, id: &ResourceId) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(id))
    }
}

/// The listings of whole types that a phase begins with. Annotations that skip
/// are not looked at, as in the Go SDK; a sync of some resources has none.
pub(crate) fn whole_types(
    operation: Operation,
    registry: &Registry,
    options: &SyncOptions,
) -> Vec<(Operation, ResourceTypeId, Subject)> {
    if matches!(options.scope, Scope::Resources(_)) {
        return Vec::new();
    }
    let types = registry.resource_types().filter(|t| options.wants_type(&t.id) && is_whole(t, operation));
    types.map(|t| (operation, t.id.clone(), Subject::Whole)).collect()
}

fn is_whole(resource_type: &ResourceType, operation: Operation) -> bool {
    let annotations = &resource_type.annotations;
    match operation {
        Operation::Entitlements => annotations.has::<wire::TypeScopedEntitlements>(),
        Operation::Grants => annotations.has::<wire::TypeScopedGrants>(),
        Operation::List | Operation::Get => false,
    }
}

/// Whether a type's resources are never asked about. `SkipGrants` on a type is
/// not looked at, as in the Go SDK.
pub(crate) fn skips_type(resource_type: &ResourceType, operation: Operation) -> bool {
    let annotations = &resource_type.annotations;
    annotations.has::<wire::SkipEntitlementsAndGrants>()
        || (operation == Operation::Entitlements && annotations.has::<wire::SkipEntitlements>())
}

fn skips_resource(resource: &Resource, operation: Operation) -> bool {
    let annotations = &resource.annotations;
    annotations.has::<wire::SkipEntitlementsAndGrants>()
        || match operation {
            Operation::List | Operation::Get => false,
            Operation::Entitlements => annotations.has::<wire::SkipEntitlements>(),
            Operation::Grants => annotations.has::<wire::SkipGrants>(),
        }
}
