//! The planner of a phase that asks about each stored resource.

use std::{collections::VecDeque, sync::Arc};

use connector_model::{Registry, Resource, ResourceType, ResourceTypeId, Result, wire};
use connector_store::Batch;

use crate::{
    action::{Operation, Subject},
    queue::decode_resource,
};

/// Resources read at once.
const CHUNK: u32 = 500;

/// Finds what to ask about, a chunk of stored resources at a time.
#[derive(Debug, Default)]
pub(crate) struct Planner {
    operation: Option<Operation>,
    types: VecDeque<ResourceTypeId>,
    after: i64,
    until: i64,
}

impl Planner {
    /// A planner over the types that are asked at all, and their resources up
    /// to a row.
    pub(crate) fn begin(operation: Operation, registry: &Registry, until: i64) -> Self {
        let types = registry.resource_types().filter(|t| !skips_type(t, operation)).map(|t| t.id.clone());
        Self { operation: Some(operation), types: types.collect(), after: 0, until }
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
            let id = registry.resource_type(id).map_or_else(|| id.clone(), |t| t.id.clone());
            let mut roots = Vec::with_capacity(stored.len());
            for row in stored {
                let resource = decode_resource(&row.data)?;
                if !skips_resource(&resource, operation) {
                    roots.push((operation, id.clone(), Subject::Of(Arc::new(resource))));
                }
            }
            if !roots.is_empty() {
                return Ok(Some(roots));
            }
        }
        Ok(None)
    }
}

/// `SkipGrants` on a type is not looked at, as in the Go SDK.
fn skips_type(resource_type: &ResourceType, operation: Operation) -> bool {
    let annotations = &resource_type.annotations;
    annotations.has::<wire::SkipEntitlementsAndGrants>()
        || (operation == Operation::Entitlements && annotations.has::<wire::SkipEntitlements>())
}

fn skips_resource(resource: &Resource, operation: Operation) -> bool {
    let annotations = &resource.annotations;
    annotations.has::<wire::SkipEntitlementsAndGrants>()
        || match operation {
            Operation::List => false,
            Operation::Entitlements => annotations.has::<wire::SkipEntitlements>(),
            Operation::Grants => annotations.has::<wire::SkipGrants>(),
        }
}
