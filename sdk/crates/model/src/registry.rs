//! A connector, checked and ready to be driven.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    Capabilities, Connector, ConnectorMetadata, Error, ErrorKind, ResourceSyncer, ResourceType,
    ResourceTypeId, Result,
};

/// A connector whose resource types were checked: ids are good and unique.
#[derive(Clone)]
pub struct Registry {
    connector: Arc<dyn Connector>,
    syncers: BTreeMap<ResourceTypeId, Registered>,
}

#[derive(Clone)]
struct Registered {
    resource_type: ResourceType,
    syncer: Arc<dyn ResourceSyncer>,
}

impl Registry {
    /// Registers what a connector hands out. Fails where it has no resource
    /// type, one twice, or one whose id is empty or too long.
    pub fn new(connector: Arc<dyn Connector>) -> Result<Self> {
        let name = connector.metadata().display_name;
        let refuse = |why: String| {
            Error::new(ErrorKind::FailedPrecondition, why)
                .during("register the connector")
                .with("connector", &name)
        };
        let mut syncers = BTreeMap::new();
        for syncer in connector.resource_syncers() {
            let resource_type = syncer.resource_type();
            let id = resource_type.id.clone();
            id.check().map_err(|e| refuse(e.message().to_owned()))?;
            let registered = Registered { resource_type, syncer };
            if syncers.insert(id.clone(), registered).is_some() {
                return Err(refuse(format!("the resource type {id:?} is registered twice")));
            }
        }
        if syncers.is_empty() {
            return Err(refuse("it has no resource type, so there is nothing to sync".to_owned()));
        }
        Ok(Self { connector, syncers })
    }

    /// The connector.
    pub fn connector(&self) -> &Arc<dyn Connector> {
        &self.connector
    }

    /// What the connector says of itself.
    pub fn metadata(&self) -> ConnectorMetadata {
        self.connector.metadata()
    }

    /// The resource types, in the order of their ids.
    pub fn resource_types(&self) -> impl Iterator<Item = &ResourceType> {
        self.syncers.values().map(|r| &r.resource_type)
    }

    /// A resource type by its id.
    pub fn resource_type(&self, id: &ResourceTypeId) -> Option<&ResourceType> {
        self.syncers.get(id).map(|r| &r.resource_type)
    }

    /// Who reads a type; fails with not found for a type that nobody
    /// registered.
    pub fn syncer(&self, id: &ResourceTypeId) -> Result<&Arc<dyn ResourceSyncer>> {
        self.syncers.get(id).map(|r| &r.syncer).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("no resource type {id:?} is registered")).with(
                "registered",
                self.syncers.keys().map(ResourceTypeId::as_str).collect::<Vec<_>>().join(" "),
            )
        })
    }

    /// What the connector can do.
    pub fn capabilities(&self) -> Capabilities {
        Capabilities::reading(self.resource_types().cloned())
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("types", &self.syncers.keys()).finish_non_exhaustive()
    }
}
