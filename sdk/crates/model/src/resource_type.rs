//! Resource types: the kinds of thing that a connector knows.

use connector_proto::c1::connector::v2 as wire;

use crate::{Annotations, ResourceTypeId, Result};

macro_rules! trait_kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        /// What a resource type is to ConductorOne.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum TraitKind {
            $($(#[$doc])* $name,)*
            /// A trait that is newer than this crate, kept by its number.
            Other(i32),
        }

        impl From<i32> for TraitKind {
            fn from(number: i32) -> Self {
                match number { $($number => Self::$name,)* n => Self::Other(n) }
            }
        }

        impl From<TraitKind> for i32 {
            fn from(kind: TraitKind) -> Self {
                match kind { $(TraitKind::$name => $number,)* TraitKind::Other(n) => n }
            }
        }
    };
}

// The numbers are those of `c1.connector.v2.ResourceType.Trait`.
trait_kinds! {
    /// An account.
    User = 1;
    /// A group of principals.
    Group = 2;
    /// A role or license.
    Role = 3;
    /// An application.
    App = 4;
    /// A credential.
    Secret = 5;
    /// A finding about something else.
    SecurityInsight = 6;
    /// A role bound to a scope.
    ScopeBinding = 7;
    /// A vendor.
    Vendor = 8;
    /// A contract with a vendor.
    VendorAgreement = 9;
    /// A license with seats and cost.
    LicenseProfile = 10;
    /// An AI agent.
    Agent = 11;
    /// A device under management.
    ManagedDevice = 12;
}

impl TraitKind {
    /// Whether a sync fails where a resource of such a type comes without the
    /// trait: so it is for app, group, user, role and secret.
    pub const fn is_enforced(self) -> bool {
        matches!(self, Self::User | Self::Group | Self::Role | Self::App | Self::Secret)
    }
}

/// A kind of thing: `user`, `group`, `license`.
///
/// ```
/// use connector_model::{ResourceType, TraitKind};
///
/// let user = ResourceType::new("user", "User")
///     .with_trait(TraitKind::User)
///     .skip_entitlements_and_grants();
/// assert_eq!(user.id, "user");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceType {
    /// The id, unique in a connector.
    pub id: ResourceTypeId,
    /// What people call it.
    pub display_name: String,
    /// A sentence about it.
    pub description: String,
    /// What it is to ConductorOne.
    pub traits: Vec<TraitKind>,
    /// Typed extras.
    pub annotations: Annotations,
    /// Its resources come from another file.
    pub sourced_externally: bool,
}

impl ResourceType {
    /// A type with neither traits nor annotations.
    pub fn new(id: impl Into<ResourceTypeId>, display_name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            display_name: display_name.into(),
            description: String::new(),
            traits: Vec::new(),
            annotations: Annotations::new(),
            sourced_externally: false,
        }
    }

    /// Adds a trait.
    #[must_use]
    pub fn with_trait(mut self, kind: TraitKind) -> Self {
        self.traits.push(kind);
        self
    }

    /// Says that no resource of this type has entitlements or grants of its
    /// own, so that nobody asks.
    #[must_use]
    pub fn skip_entitlements_and_grants(mut self) -> Self {
        self.annotations.update(&wire::SkipEntitlementsAndGrants {});
        self
    }

    /// The wire form.
    pub fn to_wire(&self) -> wire::ResourceType {
        wire::ResourceType {
            id: self.id.as_str().to_owned(),
            display_name: self.display_name.clone(),
            traits: self.traits.iter().map(|t| i32::from(*t)).collect(),
            annotations: self.annotations.as_slice().to_vec(),
            description: self.description.clone(),
            sourced_externally: self.sourced_externally,
        }
    }

    /// From the wire form; fails where the id is empty or too long.
    pub fn from_wire(wire: wire::ResourceType) -> Result<Self> {
        Ok(Self {
            id: ResourceTypeId::new(wire.id)?,
            display_name: wire.display_name,
            description: wire.description,
            traits: wire.traits.into_iter().map(TraitKind::from).collect(),
            annotations: wire.annotations.into(),
            sourced_externally: wire.sourced_externally,
        })
    }
}
