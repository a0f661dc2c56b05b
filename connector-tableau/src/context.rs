//! What all resource types share: the client, and the types themselves.

use std::sync::Arc;

use connector_sdk::{
    Entitlement, EntitlementRef, Error, ErrorKind, Resource, ResourceId, ResourceType, ResourceTypeId,
    Result, TraitKind,
};

use crate::{client::Client, role::License};

/// The slug of belonging to a group or having a license.
pub(crate) const MEMBER: &str = "member";

/// What all resource types share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) client: Client,
    pub(crate) site: ResourceType,
    pub(crate) user: ResourceType,
    pub(crate) group: ResourceType,
    pub(crate) license: ResourceType,
    /// In the order of [`License::ALL`].
    licenses: [EntitlementRef; License::ALL.len()],
}

impl Context {
    pub(crate) fn new(client: Client) -> Result<Self> {
        let license = ResourceType::new("license", "License").with_trait(TraitKind::Role);
        let member = |kind: License| -> Result<EntitlementRef> {
            Ok(EntitlementRef::canonical(&license.id.resource(kind.id())?, MEMBER))
        };
        let [a, b, c, d] = License::ALL;
        Ok(Self {
            client,
            site: ResourceType::new("site", "Site"),
            user: ResourceType::new("user", "User")
                .with_trait(TraitKind::User)
                .skip_entitlements_and_grants(),
            group: ResourceType::new("group", "Group").with_trait(TraitKind::Group),
            licenses: [member(a)?, member(b)?, member(c)?, member(d)?],
            license,
        })
    }

    /// What the holders of a license hold.
    pub(crate) fn license_member(&self, license: License) -> EntitlementRef {
        self.licenses[license as usize].clone()
    }

    /// The entitlement of belonging to something: a group or a license.
    pub(crate) fn membership(&self, resource: &Resource, resource_type: &ResourceType) -> Entitlement {
        let what = format!("{} {}", resource.display_name, resource_type.display_name);
        Entitlement::assignment(resource, MEMBER)
            .display_name(format!("{what} {MEMBER}"))
            .description(format!("Member of {what} in Tableau"))
            .grantable_to(&self.user)
    }
}

/// The identity of a row; an error where it has no id, for then it can't be
/// recorded, and must not be left out unnoticed.
pub(crate) fn identity(resource_type: &ResourceTypeId, id: Option<Arc<str>>) -> Result<ResourceId> {
    match id {
        Some(id) => resource_type.resource(id),
        None => {
            Err(Error::new(ErrorKind::DataLoss, format!("Tableau listed a {resource_type} without an id")))
        }
    }
}
