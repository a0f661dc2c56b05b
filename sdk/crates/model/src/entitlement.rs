//! Entitlements: what can be held on a resource.

use connector_proto::c1::connector::v2 as wire;

use crate::{Annotations, Error, Resource, ResourceId, ResourceType, Result, entitlement_id};

/// What holding an entitlement means; the numbers are those of
/// `c1.connector.v2.Entitlement.PurposeValue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Nothing is known.
    Unspecified,
    /// Belonging to something: a member of a group.
    Assignment,
    /// Being allowed something: a role on a site.
    Permission,
    /// Owning something.
    Ownership,
    /// A purpose that is newer than this crate.
    Other(i32),
}

impl From<i32> for Purpose {
    fn from(n: i32) -> Self {
        match n {
            0 => Self::Unspecified,
            1 => Self::Assignment,
            2 => Self::Permission,
            3 => Self::Ownership,
            n => Self::Other(n),
        }
    }
}

impl From<Purpose> for i32 {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Unspecified => 0,
            Purpose::Assignment => 1,
            Purpose::Permission => 2,
            Purpose::Ownership => 3,
            Purpose::Other(n) => n,
        }
    }
}

/// Something that can be held on a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Entitlement {
    /// The canonical id, [`entitlement_id`], unless the connector has its own.
    pub id: String,
    /// What it is on.
    pub resource: Resource,
    /// What people call it.
    pub display_name: String,
    /// A sentence about it.
    pub description: String,
    /// Which types of resource may hold it.
    pub grantable_to: Vec<ResourceType>,
    /// What holding it means.
    pub purpose: Purpose,
    /// Its short name, unique on the resource.
    pub slug: String,
    /// Typed extras.
    pub annotations: Annotations,
}

impl Entitlement {
    /// Belonging to the resource, such as `member`.
    pub fn assignment(resource: &Resource, slug: impl Into<String>) -> Self {
        Self::new(resource, slug, Purpose::Assignment)
    }

    /// Being allowed something on the resource, such as `admin`.
    pub fn permission(resource: &Resource, slug: impl Into<String>) -> Self {
        Self::new(resource, slug, Purpose::Permission)
    }

    /// Owning the resource.
    pub fn ownership(resource: &Resource, slug: impl Into<String>) -> Self {
        Self::new(resource, slug, Purpose::Ownership)
    }

    fn new(resource: &Resource, slug: impl Into<String>, purpose: Purpose) -> Self {
        let slug = slug.into();
        Self {
            id: entitlement_id(&resource.id, &slug),
            resource: resource.clone(),
            display_name: slug.clone(),
            description: String::new(),
            grantable_to: Vec::new(),
            purpose,
            slug,
            annotations: Annotations::new(),
        }
    }

    /// What people call it; the slug until said otherwise.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = name.into();
        self
    }

    /// A sentence about it.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Says that resources of a type may hold it.
    #[must_use]
    pub fn grantable_to(mut self, resource_type: &ResourceType) -> Self {
        self.grantable_to.push(resource_type.clone());
        self
    }

    /// Adds an annotation.
    #[must_use]
    pub fn with_annotation<M: prost::Message + prost::Name>(mut self, message: &M) -> Self {
        self.annotations.append(message);
        self
    }

    /// The wire form.
    pub fn to_wire(&self) -> wire::Entitlement {
        wire::Entitlement {
            resource: Some(self.resource.to_wire()),
            id: self.id.clone(),
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            grantable_to: self.grantable_to.iter().map(ResourceType::to_wire).collect(),
            annotations: self.annotations.as_slice().to_vec(),
            purpose: self.purpose.into(),
            slug: self.slug.clone(),
        }
    }

    /// From the wire form; fails where the id or the resource is missing.
    pub fn from_wire(wire: wire::Entitlement) -> Result<Self> {
        if wire.id.is_empty() {
            return Err(Error::invalid("an entitlement has no id"));
        }
        let resource = wire
            .resource
            .ok_or_else(|| Error::invalid("an entitlement has no resource").with("entitlement", &wire.id))?;
        Ok(Self {
            id: wire.id,
            resource: Resource::from_wire(resource)?,
            display_name: wire.display_name,
            description: wire.description,
            grantable_to: wire
                .grantable_to
                .into_iter()
                .map(ResourceType::from_wire)
                .collect::<Result<_>>()?,
            purpose: wire.purpose.into(),
            slug: wire.slug,
            annotations: wire.annotations.into(),
        })
    }
}

/// What an entitlement is granted by, without naming all of it.
///
/// A grant holds no more than this of its entitlement; everything else is in
/// the entitlement's own row. It is cheap to clone, and a page of grants of
/// one entitlement shares it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntitlementRef {
    /// The entitlement's id.
    pub id: std::sync::Arc<str>,
    /// What it is on.
    pub resource: ResourceId,
}

impl EntitlementRef {
    /// The entitlement with the canonical id of a slug on a resource.
    pub fn canonical(resource: &ResourceId, slug: &str) -> Self {
        Self { id: entitlement_id(resource, slug).into(), resource: resource.clone() }
    }
}

impl From<&Entitlement> for EntitlementRef {
    fn from(e: &Entitlement) -> Self {
        Self { id: e.id.as_str().into(), resource: e.resource.id.clone() }
    }
}
