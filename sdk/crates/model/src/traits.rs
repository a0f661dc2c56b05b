//! Traits: what makes a resource an account, a group or a role.

use connector_proto::{any, c1::connector::v2 as wire};
use prost::Message;
use prost_types::{Any, Struct};

use crate::TraitKind;

macro_rules! traits {
    ($($(#[$doc:meta])* $name:ident($message:ident);)*) => {
        /// A trait of a resource. The messages are those of the wire; the
        /// common ones have builders on [`Resource`](crate::Resource).
        /// `NonHumanIdentityTrait` is none of these, for no resource type
        /// declares it: it is an annotation.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Trait { $($(#[$doc])* $name(Box<wire::$message>),)* }

        impl Trait {
            /// Which trait it is.
            pub fn kind(&self) -> TraitKind {
                match self { $(Self::$name(_) => TraitKind::$name,)* }
            }

            /// The wire form: an annotation of the resource.
            pub fn to_any(&self) -> Any {
                match self { $(Self::$name(message) => any::pack(&**message),)* }
            }

            /// The trait in an annotation; `None` for every other annotation,
            /// and for one that does not decode.
            pub fn from_any(annotation: &Any) -> Option<Self> {
                $(if any::is::<wire::$message>(annotation) {
                    return wire::$message::decode(&*annotation.value)
                        .ok()
                        .map(|m| Self::$name(Box::new(m)));
                })*
                None
            }
        }

        $(impl From<wire::$message> for Trait {
            fn from(message: wire::$message) -> Self {
                Self::$name(Box::new(message))
            }
        })*
    };
}

traits! {
    /// An account.
    User(UserTrait);
    /// A group.
    Group(GroupTrait);
    /// A role or license.
    Role(RoleTrait);
    /// An application.
    App(AppTrait);
    /// A credential.
    Secret(SecretTrait);
    /// A finding.
    SecurityInsight(SecurityInsightTrait);
    /// A role bound to a scope.
    ScopeBinding(ScopeBindingTrait);
    /// A vendor.
    Vendor(VendorTrait);
    /// A contract.
    VendorAgreement(VendorAgreementTrait);
    /// Seats and cost of a license.
    LicenseProfile(LicenseProfileTrait);
    /// An AI agent.
    Agent(AgentTrait);
    /// A device.
    ManagedDevice(ManagedDeviceTrait);
}

impl Trait {
    /// Where older readers look for the attributes of the resource; traits
    /// that are younger than the resource's own attributes have no such place.
    pub(crate) fn profile_mut(&mut self) -> Option<&mut Option<Struct>> {
        match self {
            Self::User(t) => Some(&mut t.profile),
            Self::Group(t) => Some(&mut t.profile),
            Self::Role(t) => Some(&mut t.profile),
            Self::App(t) => Some(&mut t.profile),
            Self::Secret(t) => Some(&mut t.profile),
            Self::Agent(t) => Some(&mut t.profile),
            _ => None,
        }
    }
}
