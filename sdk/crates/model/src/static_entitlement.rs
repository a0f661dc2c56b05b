//! Entitlements that every resource of a type has alike.

use crate::{Annotations, Entitlement, Purpose, Resource, ResourceType, wire};

/// An entitlement that every resource of a type has: declared once, made for
/// each stored resource by the engine.
///
/// ```
/// use connector_model::{Resource, ResourceId, StaticEntitlement};
///
/// let member = StaticEntitlement::assignment("member");
/// let admins = Resource::group(ResourceId::new("group", "admins")?, "Admins");
/// assert_eq!(member.on(&admins).id, "group:admins:member");
/// # Ok::<(), connector_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StaticEntitlement {
    /// Its short name; the ids are made from it.
    pub slug: String,
    /// What people call it; empty takes the resource's name.
    pub display_name: String,
    /// A sentence about it; empty takes the resource's.
    pub description: String,
    /// What holding it means.
    pub purpose: Purpose,
    /// Which types of resource may hold it.
    pub grantable_to: Vec<ResourceType>,
    /// Typed extras.
    pub annotations: Annotations,
}

impl StaticEntitlement {
    /// Belonging to each resource.
    pub fn assignment(slug: impl Into<String>) -> Self {
        Self::new(slug, Purpose::Assignment)
    }

    /// Being allowed something on each resource.
    pub fn permission(slug: impl Into<String>) -> Self {
        Self::new(slug, Purpose::Permission)
    }

    fn new(slug: impl Into<String>, purpose: Purpose) -> Self {
        Self {
            slug: slug.into(),
            display_name: String::new(),
            description: String::new(),
            purpose,
            grantable_to: Vec::new(),
            annotations: Annotations::new(),
        }
    }

    /// What people call it.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = name.into();
        self
    }

    /// Says that resources of a type may hold it.
    #[must_use]
    pub fn grantable_to(mut self, resource_type: &ResourceType) -> Self {
        self.grantable_to.push(resource_type.clone());
        self
    }

    /// The entitlement of one resource. An exclusion group that is scoped to
    /// the resource gets the resource's id appended.
    pub fn on(&self, resource: &Resource) -> Entitlement {
        let or = |own: &String, other: &String| if own.is_empty() { other.clone() } else { own.clone() };
        let mut annotations = self.annotations.clone();
        if let Some(mut group) = annotations.get::<wire::EntitlementExclusionGroup>()
            && group.scope_to_resource
        {
            group.exclusion_group_id = format!("{}-{}", group.exclusion_group_id, resource.id.id());
            annotations.update(&group);
        }
        Entitlement {
            id: crate::entitlement_id(&resource.id, &self.slug),
            resource: resource.clone(),
            display_name: or(&self.display_name, &resource.display_name),
            description: or(&self.description, &resource.description),
            grantable_to: self.grantable_to.clone(),
            purpose: self.purpose,
            slug: self.slug.clone(),
            annotations,
        }
    }
}
