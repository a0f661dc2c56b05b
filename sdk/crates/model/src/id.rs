//! Identifiers: resource types, resources, and the canonical strings that
//! ConductorOne joins them into.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use crate::{Error, Result};

/// The longest resource type id or resource id, in bytes (the wire's
/// validation rules for `c1.connector.v2.ResourceId`).
pub const MAX_ID_BYTES: usize = 1024;

/// The id of a resource type, such as `user`.
///
/// Cheap to clone. Literals are taken as they are by
/// [`ResourceTypeId::from_static`] and checked when the connector is
/// [registered](crate::Registry::new); everything else is checked here.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceTypeId(Arc<str>);

impl ResourceTypeId {
    /// A checked id: 1 to 1,024 bytes.
    pub fn new(id: impl Into<Arc<str>>) -> Result<Self> {
        let id = Self(id.into());
        id.check()?;
        Ok(id)
    }

    /// An id written in the source of a connector. A bad one is refused when
    /// the connector is registered.
    pub fn from_static(id: &'static str) -> Self {
        Self(Arc::from(id))
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_part("resource type id", &self.0)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as shared text.
    pub fn to_arc(&self) -> Arc<str> {
        self.0.clone()
    }

    /// A resource of this type.
    pub fn resource(&self, id: impl Into<Arc<str>>) -> Result<ResourceId> {
        ResourceId::new(self.clone(), id)
    }
}

impl fmt::Display for ResourceTypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceTypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl PartialEq<str> for ResourceTypeId {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for ResourceTypeId {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl From<&'static str> for ResourceTypeId {
    fn from(id: &'static str) -> Self {
        Self::from_static(id)
    }
}

/// The identity of a resource: its type and its id in the system it comes
/// from. Cheap to clone; both parts are 1 to 1,024 bytes.
///
/// The wire's `baton_resource` mark travels along and is no part of the
/// identity.
#[derive(Clone)]
pub struct ResourceId {
    resource_type: ResourceTypeId,
    id: Arc<str>,
    baton_resource: bool,
}

impl ResourceId {
    /// A checked identity.
    pub fn new(resource_type: impl Into<ResourceTypeId>, id: impl Into<Arc<str>>) -> Result<Self> {
        let (resource_type, id) = (resource_type.into(), id.into());
        resource_type.check()?;
        check_part("resource id", &id)?;
        Ok(Self { resource_type, id, baton_resource: false })
    }

    /// Sets the wire's mark of a resource that ConductorOne made.
    #[must_use]
    pub fn with_baton_resource(mut self, mark: bool) -> Self {
        self.baton_resource = mark;
        self
    }

    /// Whether ConductorOne made the resource.
    pub fn is_baton_resource(&self) -> bool {
        self.baton_resource
    }

    fn key(&self) -> (&ResourceTypeId, &str) {
        (&self.resource_type, &self.id)
    }

    /// The type.
    pub fn resource_type(&self) -> &ResourceTypeId {
        &self.resource_type
    }

    /// The id within the type.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id within the type, as shared text.
    pub fn to_arc(&self) -> Arc<str> {
        self.id.clone()
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for ResourceId {}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl fmt::Display for ResourceId {
    /// `type:id`, which is also the key of a resource row in a c1z file. It
    /// is lossy (nothing is escaped): never parse it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource_type, self.id)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The canonical id of an entitlement: `type:id:slug`, nothing escaped.
///
/// These ids are ConductorOne's history: they must stay byte for byte what
/// they were, and must never be parsed.
pub fn entitlement_id(resource: &ResourceId, slug: &str) -> String {
    let (t, r) = (resource.resource_type.as_str(), resource.id());
    [t, ":", r, ":", slug].concat()
}

/// The canonical id of a grant: `entitlement:type:id`, nothing escaped.
pub fn grant_id(entitlement_id: &str, principal: &ResourceId) -> String {
    let (t, r) = (principal.resource_type.as_str(), principal.id());
    [entitlement_id, ":", t, ":", r].concat()
}

fn check_part(what: &'static str, text: &str) -> Result<()> {
    match text.len() {
        0 => Err(Error::invalid(format!("a {what} is empty; give it at least one character"))),
        1..=MAX_ID_BYTES => Ok(()),
        n => {
            let head: String = text.chars().take(40).collect();
            Err(Error::invalid(format!("a {what} is {n} bytes long, {MAX_ID_BYTES} are allowed"))
                .with("starts_with", head))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_where_they_are_made() {
        assert!(ResourceId::new("user", "").is_err());
        assert!(ResourceTypeId::new("").is_err());
        assert!(ResourceId::new("user", "x".repeat(1025)).is_err());
        assert!(ResourceId::new("user", "x".repeat(1024)).is_ok());
    }

    #[test]
    fn canonical_ids_are_plain_joins() -> Result<()> {
        let group = ResourceId::new("group", "a:b")?;
        let user = ResourceId::new("user", "1")?;
        let entitlement = entitlement_id(&group, "site administrator");
        assert_eq!(entitlement, "group:a:b:site administrator");
        assert_eq!(grant_id(&entitlement, &user), "group:a:b:site administrator:user:1");
        Ok(())
    }
}
