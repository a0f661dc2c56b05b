//! From the wire and back: what came is what goes.

use connector_model::{Entitlement, Error, Expandable, Grant, Resource, ResourceType, wire};
use connector_proto::{any, json::descriptor_pool};
use proptest::prelude::*;
use prost::{Message, Name};
use prost_reflect::DynamicMessage;
use prost_types::Any;

use crate::generate::{self, PACKAGE, descriptor};

fn any_of<M: Message + Name + Default + std::fmt::Debug>() -> impl Strategy<Value = M> {
    generate::message(&descriptor(M::NAME))
        .prop_map(|m| m.transcode_to().expect("the descriptor is that of the type"))
}

/// Whether an annotation moves to the front: it decodes as a declared trait.
fn is_trait(annotation: &Any) -> bool {
    let name = any::type_name(annotation).strip_prefix(PACKAGE).unwrap_or_default();
    let name = name.trim_start_matches('.').strip_suffix("Trait").unwrap_or_default();
    generate::trait_names().contains_key(name) && decodes(annotation)
}

fn decodes(annotation: &Any) -> bool {
    let descriptor = descriptor_pool().get_message_by_name(any::type_name(annotation));
    descriptor.is_some_and(|d| DynamicMessage::decode(d, &*annotation.value).is_ok())
}

fn resource_like_ours(mut resource: wire::Resource) -> wire::Resource {
    resource.annotations.sort_by_key(|a| !is_trait(a));
    resource
}

fn entitlement_like_ours(mut entitlement: wire::Entitlement) -> wire::Entitlement {
    entitlement.resource = entitlement.resource.map(resource_like_ours);
    entitlement
}

/// The first expansion goes last, or in front of the next one.
fn grant_like_ours(mut grant: wire::Grant) -> wire::Grant {
    grant.principal = grant.principal.map(resource_like_ours);
    grant.entitlement = grant.entitlement.map(entitlement_like_ours);
    grant.sources = grant.sources.filter(|s| !s.sources.is_empty());
    let list = &mut grant.annotations;
    let position = |list: &[Any]| list.iter().position(any::is::<wire::GrantExpandable>);
    if let Some(first) = position(list).map(|at| list.remove(at)) {
        list.insert(position(list).unwrap_or(list.len()), first);
    }
    grant
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn resource_types_come_back(m in any_of::<wire::ResourceType>()) {
        prop_assert_eq!(ResourceType::from_wire(m.clone()).unwrap().to_wire(), m);
    }

    #[test]
    fn resources_come_back(m in any_of::<wire::Resource>()) {
        let native = Resource::from_wire(m.clone()).unwrap();
        prop_assert_eq!(native.traits.len(), m.annotations.iter().filter(|a| is_trait(a)).count());
        prop_assert_eq!(native.to_wire(), resource_like_ours(m));
    }

    #[test]
    fn entitlements_come_back(m in any_of::<wire::Entitlement>()) {
        prop_assert_eq!(Entitlement::from_wire(m.clone()).unwrap().to_wire(), entitlement_like_ours(m));
    }

    #[test]
    fn grants_come_back(m in any_of::<wire::Grant>()) {
        let native = Grant::from_wire(m.clone()).unwrap();
        let first = m.annotations.iter().find_map(|a| any::unpack::<wire::GrantExpandable>(a).unwrap());
        prop_assert_eq!(native.expandable().map(Expandable::to_wire), first);
        prop_assert_eq!(&native.id(), &m.id);
        prop_assert_eq!(native.to_wire(), grant_like_ours(m));
    }

    #[test]
    fn an_incomplete_grant_is_refused(m in any_of::<wire::Grant>(), cut in 0..9_u8) {
        let mut m = m;
        let entitlement = m.entitlement.as_mut().unwrap();
        let principal = m.principal.as_mut().unwrap();
        match cut {
            0 => m.id.clear(),
            1 => m.entitlement = None,
            2 => m.principal = None,
            3 => entitlement.id.clear(),
            4 => entitlement.resource = None,
            5 => entitlement.resource.as_mut().unwrap().id = None,
            6 => principal.id = None,
            7 => principal.id.as_mut().unwrap().resource.clear(),
            _ => principal.id.as_mut().unwrap().resource_type.clear(),
        }
        let error = Grant::from_wire(m).unwrap_err();
        prop_assert_eq!(error.kind(), connector_model::ErrorKind::InvalidArgument);
    }
}

fn bare_grant() -> wire::Grant {
    let id = |t: &str, r: &str| {
        Some(wire::ResourceId { resource_type: t.to_owned(), resource: r.to_owned(), baton_resource: false })
    };
    wire::Grant {
        id: "group:g:member:user:u".to_owned(),
        entitlement: Some(wire::Entitlement {
            id: "group:g:member".to_owned(),
            resource: Some(wire::Resource { id: id("group", "g"), ..Default::default() }),
            ..Default::default()
        }),
        principal: Some(wire::Resource { id: id("user", "u"), ..Default::default() }),
        ..Default::default()
    }
}

/// A million of these must cost what their ids cost.
#[test]
fn a_grant_of_ids_alone_has_no_details() -> Result<(), Error> {
    let grant = Grant::from_wire(bare_grant())?;
    assert_eq!(grant.details, None);
    assert_eq!(grant.to_wire(), bare_grant());
    Ok(())
}

#[test]
fn an_expansion_that_does_not_decode_is_no_expansion_and_stays() -> Result<(), Error> {
    let expansion = |ids: &[&str]| {
        any::pack(&wire::GrantExpandable {
            entitlement_ids: ids.iter().map(|s| (*s).to_owned()).collect(),
            ..Default::default()
        })
    };
    let bad = Any { value: vec![0xff], ..expansion(&[]) };
    let marker = any::pack(&wire::GrantImmutable::default());
    let annotations = vec![bad.clone(), expansion(&["a"]), marker.clone(), expansion(&["b"])];

    let grant = Grant::from_wire(wire::Grant { annotations, ..bare_grant() })?;
    assert_eq!(grant.expandable().map(|e| e.entitlement_ids.clone()), Some(vec!["a".to_owned()]));
    assert_eq!(grant.to_wire().annotations, [expansion(&["a"]), bad, marker, expansion(&["b"])]);
    assert_eq!(Grant::from_wire(grant.to_wire())?, grant);
    Ok(())
}

/// What `Resource::from_wire` says that it does not keep.
#[test]
fn a_parent_without_an_id_is_no_parent() -> Result<(), Error> {
    let principal = bare_grant().principal.unwrap_or_default();
    let parent = |id: &str| {
        Some(wire::ResourceId {
            resource_type: "site".to_owned(),
            resource: id.to_owned(),
            ..Default::default()
        })
    };
    let none = wire::Resource { parent_resource_id: parent(""), ..principal.clone() };
    assert_eq!(Resource::from_wire(none)?.parent, None);
    let long = wire::Resource { parent_resource_id: parent(&"x".repeat(1025)), ..principal };
    assert!(Resource::from_wire(long).is_err());
    Ok(())
}
