//! A connector, checked and ready to be driven.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    Capabilities, Capability, Connector, ConnectorMetadata, Error, ErrorKind, ResourceSyncer, ResourceType,
    ResourceTypeId, Result, wire,
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
    /// type, one twice, one whose id is empty or too long, or one whose
    /// annotations promise a way of listing that its syncer does not have.
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
            check_scopes(&resource_type, &*syncer)
                .map_err(|why| refuse(format!("the resource type {id:?} {why}")))?;
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
        Capabilities::reading(self.syncers.values().map(|r| {
            let targeted = r.syncer.targeted().map(|_| Capability::TargetedSync);
            (r.resource_type.clone(), targeted)
        }))
    }
}

/// A type that says that it is listed as a whole needs somebody who does it,
/// and who does it needs the type to say so: a reader of the file must see it.
fn check_scopes(resource_type: &ResourceType, syncer: &dyn ResourceSyncer) -> Result<(), String> {
    let annotations = &resource_type.annotations;
    for (name, says, does) in [
        (
            "TypeScopedEntitlements",
            annotations.has::<wire::TypeScopedEntitlements>(),
            syncer.type_scoped_entitlements().is_some(),
        ),
        (
            "TypeScopedGrants",
            annotations.has::<wire::TypeScopedGrants>(),
            syncer.type_scoped_grants().is_some(),
        ),
    ] {
        match (says, does) {
            (true, false) => {
                return Err(format!("carries {name}, and its syncer does not list for the whole type"));
            }
            (false, true) => return Err(format!("lists for the whole type and does not carry {name}")),
            _ => {}
        }
    }
    Ok(())
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("types", &self.syncers.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::{Call, Page, ResourceId, Validation};

    /// A connector of resource types and nothing else.
    struct Types(Vec<&'static str>);

    struct Syncer(&'static str);

    #[async_trait]
    impl Connector for Types {
        fn metadata(&self) -> ConnectorMetadata {
            ConnectorMetadata::new("Test", "For tests")
        }

        async fn validate(&self) -> Result<Validation> {
            Ok(Validation::default())
        }

        fn resource_syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
            self.0.iter().map(|id| Arc::new(Syncer(id)) as Arc<dyn ResourceSyncer>).collect()
        }
    }

    #[async_trait]
    impl ResourceSyncer for Syncer {
        fn resource_type(&self) -> ResourceType {
            ResourceType::new(self.0, self.0)
        }

        async fn list(&self, _: &Call<'_>, _: Option<&ResourceId>) -> Result<Page> {
            Ok(Page::empty())
        }
    }

    fn register(types: Vec<&'static str>) -> Result<Registry> {
        Registry::new(Arc::new(Types(types)))
    }

    fn refusal(types: Vec<&'static str>) -> String {
        match register(types) {
            Ok(_) => "registered".to_owned(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
                error.report()
            }
        }
    }

    #[test]
    fn what_can_not_work_is_refused_with_a_sentence() {
        insta::assert_snapshot!(refusal(vec![]), @"register the connector: it has no resource type, so there is nothing to sync (connector=Test)");
        insta::assert_snapshot!(refusal(vec!["user", "group", "user"]), @r#"register the connector: the resource type "user" is registered twice (connector=Test)"#);
        insta::assert_snapshot!(refusal(vec!["user", ""]), @"register the connector: a resource type id is empty; give it at least one character (connector=Test)");
        insta::assert_snapshot!(refusal(vec!["x".repeat(1025).leak()]), @"register the connector: a resource type id is 1025 bytes long, 1024 are allowed (connector=Test)");
    }

    #[test]
    fn types_come_in_the_order_of_their_ids() -> Result<()> {
        let registry = register(vec!["user", "group", "license"])?;
        let ids: Vec<_> = registry.resource_types().map(|t| t.id.as_str()).collect();
        assert_eq!(ids, ["group", "license", "user"]);
        let capable: Vec<_> = registry.capabilities().types().map(|(t, _)| t.id.to_string()).collect();
        assert_eq!(capable, ids);
        Ok(())
    }

    #[test]
    fn a_type_finds_its_syncer_and_no_other() -> Result<()> {
        let registry = register(vec!["user", "group"])?;
        assert_eq!(registry.syncer(&"user".into())?.resource_type().id, "user");
        assert_eq!(registry.resource_type(&"group".into()).map(|t| t.id.as_str()), Some("group"));
        assert_eq!(registry.resource_type(&"site".into()), None);
        let error = registry.syncer(&"site".into()).err().ok_or_else(|| Error::internal("found"))?;
        assert_eq!(error.kind(), ErrorKind::NotFound);
        insta::assert_snapshot!(error, @r#"no resource type "site" is registered (registered=group user)"#);
        Ok(())
    }
}
