//! The engine, driven by scripted connectors.

#![expect(clippy::unwrap_used, reason = "tests")]

mod annotations;
mod bad_connectors;
mod carried;
mod clocks;
mod disk;
mod duplicates;
mod expand_files;
mod expand_fixtures;
mod fake;
mod files;
mod invariants;
mod ledger;
mod limits;
mod listings;
mod outputs;
mod phases;
mod private;
mod resume;
mod scopes;
mod secrets;
mod special;
mod stored;
mod workers;

use connector_model::{PageToken, Resource, ResourceId, ResourceType, TraitKind};

/// A type without traits.
fn plain(id: &'static str) -> ResourceType {
    ResourceType::new(id, id)
}

/// An account type without entitlements and grants.
fn user_type() -> ResourceType {
    ResourceType::new("user", "User").with_trait(TraitKind::User).skip_entitlements_and_grants()
}

fn id(resource_type: &'static str, id: &str) -> ResourceId {
    ResourceId::new(resource_type, id).unwrap()
}

fn user(name: &str) -> Resource {
    Resource::user(id("user", name), name)
}

fn token(text: &str) -> PageToken {
    PageToken::from_raw(text).unwrap()
}
