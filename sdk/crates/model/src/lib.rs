//! The vocabulary of a connector, without I/O: what a system has
//! ([`Resource`], [`Entitlement`], [`Grant`]), how it is listed ([`Page`]),
//! what an author implements ([`Connector`], [`ResourceSyncer`]), and how
//! things fail ([`Error`]).
//!
//! Types are checked where they are made, and convert to and from the wire
//! ([`wire`]) without loss. Nothing here knows of a runtime, a database or a
//! network.

mod annotations;
mod bid;
mod capability;
pub mod config;
mod connector;
mod entitlement;
mod error;
mod grant;
mod id;
mod metadata;
mod page;
mod profile;
mod registry;
mod resource;
mod resource_type;
mod static_entitlement;
pub mod text;
mod token;
mod traits;

pub use annotations::Annotations;
pub use bid::{Bid, BidResource};
pub use capability::{Capabilities, Capability};
pub use connector::{
    Call, Connector, ResourceSyncer, SyncContext, TargetedSyncer, TypeScopedEntitlements, TypeScopedGrants,
    Validation, Waits,
};
pub use connector_proto::c1::connector::v2 as wire;
pub use entitlement::{Entitlement, EntitlementRef, Purpose};
pub use error::{Error, ErrorKind, Result, Retry};
pub use grant::{Expandable, Grant, GrantDetails};
pub use id::{MAX_ID_BYTES, ResourceId, ResourceTypeId, entitlement_id, grant_id};
pub use metadata::ConnectorMetadata;
pub use page::{MAX_FURTHER_PAGES, MAX_FURTHER_PAGES_BYTES, Page};
pub use profile::{Profile, ProfileValue};
pub use prost_types::Timestamp;
pub use registry::Registry;
pub use resource::{Resource, State, Status};
pub use resource_type::{ResourceType, TraitKind};
pub use secrecy::{ExposeSecret, SecretString};
pub use static_entitlement::StaticEntitlement;
pub use token::{MAX_PAGE_TOKEN_BYTES, PageStack, PageToken};
pub use traits::Trait;
