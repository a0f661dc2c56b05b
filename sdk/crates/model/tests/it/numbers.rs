//! The native enums against the numbers of the descriptors.

use std::collections::BTreeMap;

use connector_model::{Capability, Purpose, State, Trait, TraitKind};
use prost_types::Any;

use crate::generate::{PACKAGE, camel, enumeration, trait_names};

/// Checks that each number of an enum is the variant of its name, and goes
/// back to the number.
fn agrees<T: From<i32> + Into<i32> + std::fmt::Debug>(name: &str, prefix: &str) {
    for value in enumeration(name).values() {
        let native = T::from(value.number());
        assert_eq!(format!("{native:?}"), camel(value.name(), prefix));
        assert_eq!(native.into(), value.number());
    }
    let newer = T::from(7_777);
    assert_eq!(format!("{newer:?}"), "Other(7777)");
    assert_eq!(newer.into(), 7_777);
}

#[test]
fn purposes() {
    agrees::<Purpose>("Entitlement.PurposeValue", "PURPOSE_VALUE_");
}

#[test]
fn states() {
    agrees::<State>("Status.ResourceStatus", "RESOURCE_STATUS_");
}

/// `Resource::status` writes one number into both.
#[test]
fn the_states_of_accounts_have_the_same_numbers() {
    agrees::<State>("UserTrait.Status.Status", "STATUS_");
}

#[test]
fn trait_kinds() {
    for (name, number) in trait_names() {
        let kind = TraitKind::from(number);
        assert_eq!(format!("{kind:?}"), name);
        assert_eq!(i32::from(kind), number);

        let type_url = format!("type.googleapis.com/{PACKAGE}.{name}Trait");
        let message = Trait::from_any(&Any { type_url: type_url.clone(), value: Vec::new() });
        let message = message.unwrap_or_else(|| panic!("{name}Trait is no Trait"));
        assert_eq!(message.kind(), kind);
        assert_eq!(message.to_any().type_url, type_url);
    }
    // Nothing is no trait, and is kept.
    for number in [0, -1, 7_777] {
        assert_eq!(i32::from(TraitKind::from(number)), number);
    }
}

/// Ours are some of those on the wire.
#[test]
fn capabilities() {
    let wire: BTreeMap<String, i32> =
        enumeration("Capability").values().map(|v| (camel(v.name(), "CAPABILITY_"), v.number())).collect();
    for ours in [
        Capability::Provision,
        Capability::Sync,
        Capability::AccountProvisioning,
        Capability::CredentialRotation,
        Capability::ResourceCreate,
        Capability::ResourceDelete,
    ] {
        assert_eq!(wire.get(&format!("{ours:?}")), Some(&(ours as i32)));
    }
}
