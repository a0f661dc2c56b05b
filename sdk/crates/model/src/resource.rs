//! Resources: the things of a system, and how one is made in one expression.

use connector_proto::c1::connector::v2 as wire;
use prost_types::Timestamp;

use crate::{Annotations, Error, Profile, ResourceId, ResourceTypeId, Result, Trait, TraitKind};

/// Whether a resource is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// What the system calls it, at most 1,024 bytes.
    pub details: String,
}

/// The states of a resource; the numbers are those of
/// `c1.connector.v2.Status.ResourceStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is known.
    Unspecified,
    /// In use.
    Enabled,
    /// Locked or without access.
    Disabled,
    /// Gone, but still listed.
    Deleted,
    /// A state that is newer than this crate.
    Other(i32),
}

impl From<i32> for State {
    fn from(n: i32) -> Self {
        match n {
            0 => Self::Unspecified,
            1 => Self::Enabled,
            2 => Self::Disabled,
            3 => Self::Deleted,
            n => Self::Other(n),
        }
    }
}

impl From<State> for i32 {
    fn from(state: State) -> Self {
        match state {
            State::Unspecified => 0,
            State::Enabled => 1,
            State::Disabled => 2,
            State::Deleted => 3,
            State::Other(n) => n,
        }
    }
}

/// A thing of a system: an account, a group, a site.
///
/// ```
/// use connector_model::{Resource, ResourceId};
///
/// let site = ResourceId::new("site", "acme")?;
/// let ada = Resource::user(ResourceId::new("user", "42")?, "Ada Lovelace")
///     .email("ada@example.com")
///     .login("ada")
///     .enabled()
///     .profile([("first_name", "Ada"), ("last_name", "Lovelace")])
///     .parent(site);
/// # Ok::<(), connector_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Type and id.
    pub id: ResourceId,
    /// What it lies in.
    pub parent: Option<ResourceId>,
    /// What people call it.
    pub display_name: String,
    /// At most 2,048 bytes.
    pub description: String,
    /// What it is. A type that declares a trait needs it on each resource.
    pub traits: Vec<Trait>,
    /// Typed extras other than traits.
    pub annotations: Annotations,
    /// Free attributes.
    pub profile: Option<Profile>,
    /// The attributes stand on the traits too, once this is on the wire. They
    /// are not held twice: a page has thousands of resources.
    mirrored: bool,
    /// A picture.
    pub icon: Option<wire::AssetRef>,
    /// Whether it is in use.
    pub status: Option<Status>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Made by ConductorOne rather than found.
    pub baton_resource: bool,
    /// An id in a third system; deprecated on the wire, kept as it came.
    pub external_id: Option<wire::ExternalId>,
    /// How it was found; deprecated on the wire, kept as it came.
    pub creation_source: i32,
}

impl Resource {
    /// A resource with nothing but an identity and a name.
    pub fn new(id: ResourceId, display_name: impl Into<String>) -> Self {
        Self {
            id,
            parent: None,
            display_name: display_name.into(),
            description: String::new(),
            traits: Vec::new(),
            annotations: Annotations::new(),
            profile: None,
            mirrored: false,
            icon: None,
            status: None,
            created_at: None,
            baton_resource: false,
            external_id: None,
            creation_source: 0,
        }
    }

    /// An account of a person, enabled until said otherwise.
    pub fn user(id: ResourceId, display_name: impl Into<String>) -> Self {
        let user = wire::UserTrait {
            account_type: wire::user_trait::AccountType::Human.into(),
            ..Default::default()
        };
        Self::new(id, display_name).with_trait(user).enabled()
    }

    /// A group.
    pub fn group(id: ResourceId, display_name: impl Into<String>) -> Self {
        Self::new(id, display_name).with_trait(wire::GroupTrait::default())
    }

    /// A role or license.
    pub fn role(id: ResourceId, display_name: impl Into<String>) -> Self {
        Self::new(id, display_name).with_trait(wire::RoleTrait::default())
    }

    /// Adds a trait.
    #[must_use]
    pub fn with_trait(mut self, message: impl Into<Trait>) -> Self {
        self.traits.push(message.into());
        self
    }

    /// Adds an annotation.
    #[must_use]
    pub fn with_annotation<M: prost::Message + prost::Name>(mut self, message: &M) -> Self {
        self.annotations.append(message);
        self
    }

    /// Says where it lies.
    #[must_use]
    pub fn parent(mut self, parent: ResourceId) -> Self {
        self.parent = Some(parent);
        self
    }

    /// A sentence about it.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Says that resources of another type lie in this one, so that they are
    /// listed with it as their parent.
    #[must_use]
    pub fn with_child_type(self, child: impl Into<ResourceTypeId>) -> Self {
        let child: ResourceTypeId = child.into();
        self.with_annotation(&wire::ChildResourceType { resource_type_id: child.as_str().to_owned() })
    }

    /// Adds an e-mail address; the first one is the primary one. Only
    /// accounts have addresses: on anything else this does nothing.
    #[must_use]
    pub fn email(mut self, address: impl Into<String>) -> Self {
        if let Some(user) = self.user_trait_mut() {
            let is_primary = user.emails.is_empty();
            user.emails.push(wire::user_trait::Email { address: address.into(), is_primary });
        }
        self
    }

    /// What the person types to sign in. Only for accounts.
    #[must_use]
    pub fn login(mut self, login: impl Into<String>) -> Self {
        if let Some(user) = self.user_trait_mut() {
            user.login = login.into();
        }
        self
    }

    /// When the person last signed in. Only for accounts.
    #[must_use]
    pub fn last_login(mut self, at: Timestamp) -> Self {
        if let Some(user) = self.user_trait_mut() {
            user.last_login = Some(at);
        }
        self
    }

    /// In use.
    #[must_use]
    pub fn enabled(self) -> Self {
        self.status(State::Enabled, "")
    }

    /// Locked or without access; says why in the system's words.
    #[must_use]
    pub fn disabled(self, details: impl Into<String>) -> Self {
        self.status(State::Disabled, details)
    }

    /// Sets the state, on the trait of an account too, where older readers
    /// look for it.
    #[must_use]
    pub fn status(mut self, state: State, details: impl Into<String>) -> Self {
        let details = details.into();
        if let Some(user) = self.user_trait_mut() {
            // The numbers of the two enums are the same.
            user.status = Some(wire::user_trait::Status { status: state.into(), details: details.clone() });
        }
        self.status = Some(Status { state, details });
        self
    }

    /// Sets the attributes; on the wire they stand on the traits too, where
    /// older readers look for them.
    #[must_use]
    pub fn profile(mut self, profile: impl Into<Profile>) -> Self {
        self.profile = Some(profile.into());
        self.mirrored = true;
        self
    }

    /// Whether it has a trait.
    pub fn has_trait(&self, kind: TraitKind) -> bool {
        self.traits.iter().any(|t| t.kind() == kind)
    }

    /// The account trait.
    pub fn user_trait(&self) -> Option<&wire::UserTrait> {
        self.traits.iter().find_map(|t| match t {
            Trait::User(user) => Some(&**user),
            _ => None,
        })
    }

    fn user_trait_mut(&mut self) -> Option<&mut wire::UserTrait> {
        self.traits.iter_mut().find_map(|t| match t {
            Trait::User(user) => Some(&mut **user),
            _ => None,
        })
    }

    /// The types of resource that lie in this one.
    pub fn child_types(&self) -> impl Iterator<Item = String> {
        self.annotations.all::<wire::ChildResourceType>().map(|c| c.resource_type_id)
    }

    /// The wire form: traits are the first annotations.
    pub fn to_wire(&self) -> wire::Resource {
        self.clone().into_wire()
    }

    /// As [`Resource::to_wire`], without a copy.
    pub fn into_wire(mut self) -> wire::Resource {
        let profile = self.profile.map(Profile::into_wire);
        if self.mirrored {
            for place in self.traits.iter_mut().filter_map(Trait::profile_mut) {
                place.clone_from(&profile);
            }
        }
        let mut annotations: Vec<_> = self.traits.iter().map(Trait::to_any).collect();
        annotations.extend(self.annotations.into_inner());
        wire::Resource {
            id: Some(resource_id_to_wire(&self.id)),
            parent_resource_id: self.parent.as_ref().map(resource_id_to_wire),
            display_name: self.display_name,
            annotations,
            description: self.description,
            baton_resource: self.baton_resource,
            external_id: self.external_id,
            creation_source: self.creation_source,
            profile,
            icon: self.icon,
            status: self.status.map(|s| wire::Status { status: s.state.into(), details: s.details }),
            created_at: self.created_at,
        }
    }

    /// From the wire form; fails where the id is missing or bad, or the
    /// parent's is bad.
    ///
    /// An annotation that says it is a trait and does not decode stays an
    /// annotation. Not kept: a parent with no id, which counts as none, as it
    /// does for the Go SDK; and of a trait, fields that are newer than this
    /// crate and a type URL that does not start with `type.googleapis.com/`.
    pub fn from_wire(wire: wire::Resource) -> Result<Self> {
        let id = wire.id.ok_or_else(|| Error::invalid("a resource has no id"))?;
        let (mut traits, mut annotations) = (Vec::new(), Vec::new());
        for annotation in wire.annotations {
            match Trait::from_any(&annotation) {
                Some(t) => traits.push(t),
                None => annotations.push(annotation),
            }
        }
        let own = &wire.profile;
        let mirrored = own.is_some() && traits.iter_mut().filter_map(Trait::profile_mut).all(|p| p == own);
        if mirrored {
            traits.iter_mut().filter_map(Trait::profile_mut).for_each(|p| *p = None);
        }
        let parent = wire
            .parent_resource_id
            .filter(|p| !p.resource.is_empty())
            .map(resource_id_from_wire)
            .transpose()?;
        Ok(Self {
            id: resource_id_from_wire(id)?,
            parent,
            display_name: wire.display_name,
            description: wire.description,
            traits,
            annotations: annotations.into(),
            profile: wire.profile.map(Profile::from),
            mirrored,
            icon: wire.icon,
            status: wire.status.map(|s| Status { state: s.status.into(), details: s.details }),
            created_at: wire.created_at,
            baton_resource: wire.baton_resource,
            external_id: wire.external_id,
            creation_source: wire.creation_source,
        })
    }
}

/// The wire form of an identity.
pub(crate) fn resource_id_to_wire(id: &ResourceId) -> wire::ResourceId {
    wire::ResourceId {
        resource_type: id.resource_type().as_str().to_owned(),
        resource: id.id().to_owned(),
        baton_resource: id.is_baton_resource(),
    }
}

/// From the wire form; fails where a part is empty or too long.
pub(crate) fn resource_id_from_wire(wire: wire::ResourceId) -> Result<ResourceId> {
    let id = ResourceTypeId::new(wire.resource_type)?.resource(wire.resource)?;
    Ok(id.with_baton_resource(wire.baton_resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_readers_find_attributes_and_state_on_the_trait() -> Result<()> {
        let ada = Resource::user(ResourceId::new("user", "1")?, "Ada").profile([("team", "engines")]);
        let wire = Annotations::from(ada.to_wire().annotations);
        let user: wire::UserTrait = wire.get().ok_or_else(|| Error::internal("no trait"))?;
        assert_eq!(user.profile, ada.profile.map(Profile::into_wire));
        assert_eq!(user.status.map(|s| s.status), Some(1), "enabled");
        Ok(())
    }
}
