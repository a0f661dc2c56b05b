//! Grants: who holds what.

use std::collections::BTreeMap;

use connector_proto::{any, c1::connector::v2 as wire};

use crate::{
    Annotations, Entitlement, EntitlementRef, Error, Resource, ResourceId, Result, grant_id,
    resource::{resource_id_from_wire, resource_id_to_wire},
};

/// Says that whoever holds the source entitlements, of the resource that the
/// grant is to, also holds the grant's own entitlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expandable {
    /// The source entitlements, at least one.
    pub entitlement_ids: Vec<String>,
    /// Only those who hold a source directly count.
    pub shallow: bool,
    /// Only principals of these types count; empty means all.
    pub resource_type_ids: Vec<String>,
}

/// One principal holds one entitlement.
///
/// ```
/// use connector_model::{EntitlementRef, Grant, ResourceId};
///
/// let group = ResourceId::new("group", "admins")?;
/// let member = EntitlementRef::canonical(&group, "member");
/// let grant = Grant::new(member, ResourceId::new("user", "42")?);
/// assert_eq!(grant.id(), "group:admins:member:user:42");
/// # Ok::<(), connector_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// What is held.
    pub entitlement: EntitlementRef,
    /// Who holds it.
    pub principal: ResourceId,
    /// What else the grant says; `None` for most, so that a million grants
    /// cost what their ids cost.
    pub details: Option<Box<GrantDetails>>,
}

/// What most grants do not have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GrantDetails {
    /// An id other than the canonical one.
    pub id: Option<String>,
    /// Who else holds the entitlement because of this grant.
    pub expandable: Option<Expandable>,
    /// The entitlements that it comes from, and whether directly. Empty means
    /// a direct grant.
    pub sources: BTreeMap<String, bool>,
    /// Typed extras other than the expansion.
    pub annotations: Annotations,
    /// The entitlement, where the grant brings all of it along.
    pub entitlement: Option<Entitlement>,
    /// The principal, where the grant brings all of it along.
    pub principal: Option<Resource>,
}

impl Grant {
    /// A direct grant with the canonical id.
    pub fn new(entitlement: EntitlementRef, principal: ResourceId) -> Self {
        Self { entitlement, principal, details: None }
    }

    /// The id: the connector's own, else the canonical one.
    pub fn id(&self) -> String {
        match self.custom_id() {
            Some(id) => id.to_owned(),
            None => grant_id(&self.entitlement.id, &self.principal),
        }
    }

    /// The connector's own id, where it has one.
    pub fn custom_id(&self) -> Option<&str> {
        self.details.as_ref()?.id.as_deref()
    }

    /// The expansion, where there is one.
    pub fn expandable(&self) -> Option<&Expandable> {
        self.details.as_ref()?.expandable.as_ref()
    }

    /// Gives an id other than the canonical one.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.details_mut().id = Some(id.into());
        self
    }

    /// Says that holders of other entitlements hold this one too.
    #[must_use]
    pub fn expanding(mut self, expandable: Expandable) -> Self {
        self.details_mut().expandable = Some(expandable);
        self
    }

    /// Says that nobody can take it away.
    #[must_use]
    pub fn immutable(self) -> Self {
        self.with_annotation(&wire::GrantImmutable::default())
    }

    /// Adds an annotation.
    #[must_use]
    pub fn with_annotation<M: prost::Message + prost::Name>(mut self, message: &M) -> Self {
        self.details_mut().annotations.append(message);
        self
    }

    fn details_mut(&mut self) -> &mut GrantDetails {
        self.details.get_or_insert_default()
    }

    /// The wire form; the expansion is the last annotation.
    pub fn to_wire(&self) -> wire::Grant {
        let plain = GrantDetails::default();
        let details = self.details.as_deref().unwrap_or(&plain);
        let mut annotations = details.annotations.clone().into_inner();
        if let Some(expandable) = &details.expandable {
            // Readers take the first one, so it stays in front of any other.
            let at = annotations.iter().position(any::is::<wire::GrantExpandable>);
            annotations.insert(at.unwrap_or(annotations.len()), any::pack(&expandable.to_wire()));
        }
        let entitlement = match &details.entitlement {
            Some(whole) => whole.to_wire(),
            None => wire::Entitlement {
                id: self.entitlement.id.to_string(),
                resource: Some(stub(&self.entitlement.resource)),
                ..Default::default()
            },
        };
        wire::Grant {
            entitlement: Some(entitlement),
            principal: Some(
                details.principal.as_ref().map_or_else(|| stub(&self.principal), Resource::to_wire),
            ),
            id: self.id(),
            annotations,
            sources: (!details.sources.is_empty()).then(|| wire::GrantSources {
                sources: details
                    .sources
                    .iter()
                    .map(|(id, is_direct)| {
                        (id.clone(), wire::grant_sources::GrantSource { is_direct: *is_direct })
                    })
                    .collect(),
            }),
        }
    }

    /// From the wire form; fails where the entitlement, the principal or one
    /// of the ids is missing.
    ///
    /// The first [`GrantExpandable`](wire::GrantExpandable) that decodes
    /// becomes the expansion; another one stays an annotation. Not kept, for
    /// they mean nothing: a list of sources with nothing in it, which is a
    /// direct grant as no list is, and what
    /// [`Resource::from_wire`] does not keep.
    pub fn from_wire(wire: wire::Grant) -> Result<Self> {
        let missing = |what: &str| Error::invalid(format!("a grant has no {what}")).with("grant", &wire.id);
        if wire.id.is_empty() {
            return Err(missing("id"));
        }
        let entitlement = wire.entitlement.clone().ok_or_else(|| missing("entitlement"))?;
        let principal = wire.principal.clone().ok_or_else(|| missing("principal"))?;
        if entitlement.id.is_empty() {
            return Err(missing("entitlement id"));
        }
        let resource = entitlement.resource.as_ref().and_then(|r| r.id.clone());
        let reference = EntitlementRef {
            id: entitlement.id.as_str().into(),
            resource: resource_id_from_wire(resource.ok_or_else(|| missing("entitlement resource"))?)?,
        };
        let principal_id =
            resource_id_from_wire(principal.id.clone().ok_or_else(|| missing("principal id"))?)?;
        let mut annotations = wire.annotations;
        let expandable = annotations.iter().enumerate().find_map(|(at, a)| Some((at, any::unpack(a).ok()??)));
        let expandable = expandable.map(|(at, message)| {
            annotations.remove(at);
            Expandable::from_wire(message)
        });
        let id = (wire.id != grant_id(&reference.id, &principal_id)).then_some(wire.id);
        let details = GrantDetails {
            id,
            expandable,
            sources: wire
                .sources
                .map(|s| s.sources.into_iter().map(|(id, s)| (id, s.is_direct)).collect())
                .unwrap_or_default(),
            annotations: annotations.into(),
            entitlement: (!is_entitlement_stub(&entitlement))
                .then(|| Entitlement::from_wire(entitlement))
                .transpose()?,
            principal: (!is_stub(&principal)).then(|| Resource::from_wire(principal)).transpose()?,
        };
        Ok(Self {
            entitlement: reference,
            principal: principal_id,
            details: (details != GrantDetails::default()).then(|| Box::new(details)),
        })
    }
}

impl Expandable {
    /// The wire form.
    pub fn to_wire(&self) -> wire::GrantExpandable {
        wire::GrantExpandable {
            entitlement_ids: self.entitlement_ids.clone(),
            shallow: self.shallow,
            resource_type_ids: self.resource_type_ids.clone(),
        }
    }

    /// From the wire form.
    pub fn from_wire(wire: wire::GrantExpandable) -> Self {
        Self {
            entitlement_ids: wire.entitlement_ids,
            shallow: wire.shallow,
            resource_type_ids: wire.resource_type_ids,
        }
    }
}

fn stub(id: &ResourceId) -> wire::Resource {
    wire::Resource { id: Some(resource_id_to_wire(id)), ..Default::default() }
}

fn is_stub(resource: &wire::Resource) -> bool {
    *resource == wire::Resource { id: resource.id.clone(), ..Default::default() }
}

fn is_entitlement_stub(e: &wire::Entitlement) -> bool {
    let only_ids = wire::Entitlement { id: e.id.clone(), resource: e.resource.clone(), ..Default::default() };
    *e == only_ids && e.resource.as_ref().is_some_and(is_stub)
}
