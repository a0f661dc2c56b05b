//! To the wire and back, from values as a connector makes them.

use connector_model::{
    Entitlement, EntitlementRef, Error, Expandable, Grant, GrantDetails, Profile, ProfileValue, Resource,
    ResourceId, ResourceType, Timestamp, TraitKind, wire,
};
use proptest::{collection::vec, option, prelude::*};

fn id() -> impl Strategy<Value = ResourceId> {
    ("[a-z]{1,6}", "[A-Za-z0-9:/é]{1,12}", any::<bool>()).prop_map(|(kind, id, mark)| {
        let kind = connector_model::ResourceTypeId::new(kind).expect("not empty");
        kind.resource(id).expect("not empty").with_baton_resource(mark)
    })
}

fn profile() -> impl Strategy<Value = Profile> {
    let value = prop_oneof![
        ".{0,8}".prop_map(ProfileValue::from),
        any::<bool>().prop_map(ProfileValue::from),
        any::<i32>().prop_map(ProfileValue::from),
        vec("[a-z]{0,3}".prop_map(ProfileValue::from), 0..3).prop_map(ProfileValue::from),
        Just(ProfileValue::from(Profile::from([("inner", "x")]))),
    ];
    vec((".{0,8}", value), 0..5).prop_map(Profile::from_iter)
}

fn resource() -> impl Strategy<Value = Resource> {
    let make = prop_oneof![
        Just(Resource::user as fn(_, String) -> _),
        Just(Resource::group as fn(_, String) -> _),
        Just(Resource::role as fn(_, String) -> _),
        Just(Resource::new as fn(_, String) -> _),
    ];
    let named = (make, id(), ".{0,12}").prop_map(|(make, id, name)| make(id, name));
    let extras = (
        option::of(profile()),
        option::of(id()),
        option::of("[a-z]{1,6}"),
        option::of(any::<(i64, bool)>()),
        vec(".{1,8}", 0..3),
    );
    (named, extras).prop_map(|(mut r, (profile, parent, child, seen, emails))| {
        r = emails.into_iter().fold(r, Resource::email);
        if let Some(profile) = profile {
            r = r.profile(profile);
        }
        if let Some(parent) = parent {
            r = r.parent(parent).description("lies in something");
        }
        if let Some(child) = child {
            let child = connector_model::ResourceTypeId::new(child).expect("not empty");
            r = r.with_child_type(child);
        }
        if let Some((seconds, off)) = seen {
            let at = Timestamp { seconds, nanos: 0 };
            r = r.login("ada").last_login(at);
            r.created_at = Some(at);
            r.icon = Some(wire::AssetRef { id: "icon".to_owned() });
            r.baton_resource = off;
            r = if off { r.disabled("locked") } else { r.enabled() };
        }
        r
    })
}

fn entitlement() -> impl Strategy<Value = Entitlement> {
    let make = prop_oneof![
        Just(Entitlement::assignment as fn(&_, String) -> _),
        Just(Entitlement::permission as fn(&_, String) -> _),
        Just(Entitlement::ownership as fn(&_, String) -> _),
    ];
    (make, resource(), "[a-z ]{1,8}", any::<bool>()).prop_map(|(make, on, slug, more)| {
        let entitlement: Entitlement = make(&on, slug);
        if !more {
            return entitlement;
        }
        let user =
            ResourceType::new("user", "User").with_trait(TraitKind::User).skip_entitlements_and_grants();
        entitlement
            .display_name("Member")
            .description("belongs to it")
            .grantable_to(&user)
            .with_annotation(&wire::EntitlementImmutable::default())
    })
}

fn grant() -> impl Strategy<Value = Grant> {
    let details = (
        option::of("custom [a-z]{1,4}"),
        option::of((vec("[a-z:]{1,8}", 1..3), any::<bool>(), vec("[a-z]{1,4}", 0..2))),
        vec((".{0,8}", any::<bool>()), 0..3),
        any::<[bool; 3]>(),
    );
    (entitlement(), resource(), details).prop_map(
        |(entitlement, principal, (id, expanding, sources, whole))| {
            let mut grant = Grant::new(EntitlementRef::from(&entitlement), principal.id.clone());
            if let Some(id) = id {
                grant = grant.with_id(id);
            }
            if let Some((entitlement_ids, shallow, resource_type_ids)) = expanding {
                grant = grant.expanding(Expandable { entitlement_ids, shallow, resource_type_ids });
            }
            if whole[0] {
                grant = grant.immutable();
            }
            if !sources.is_empty() || whole[1] || whole[2] {
                let details = grant.details.get_or_insert_default();
                details.sources.extend(sources);
                details.entitlement = whole[1].then_some(entitlement);
                // A principal that is an id and nothing else is the same as none.
                let bare = Resource::new(principal.id.clone(), "");
                details.principal = (whole[2] && principal != bare).then_some(principal);
                if **details == GrantDetails::default() {
                    grant.details = None;
                }
            }
            grant
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn resources_come_back(r in resource()) {
        let back = Resource::from_wire(r.to_wire()).unwrap();
        // Equal ids may differ in this mark.
        prop_assert_eq!(back.id.is_baton_resource(), r.id.is_baton_resource());
        prop_assert_eq!(back, r);
    }

    #[test]
    fn entitlements_come_back(e in entitlement()) {
        prop_assert_eq!(Entitlement::from_wire(e.to_wire()).unwrap(), e);
    }

    #[test]
    fn grants_come_back(g in grant()) {
        let back = Grant::from_wire(g.to_wire()).unwrap();
        prop_assert_eq!(back.principal.is_baton_resource(), g.principal.is_baton_resource());
        prop_assert_eq!(back, g);
    }
}

#[test]
fn resource_types_come_back() -> Result<(), Error> {
    let mut group = ResourceType::new("group", "Group")
        .with_trait(TraitKind::Group)
        .with_trait(TraitKind::Other(7_777))
        .skip_entitlements_and_grants();
    group.description = "people".to_owned();
    group.sourced_externally = true;
    assert_eq!(ResourceType::from_wire(group.to_wire())?, group);
    Ok(())
}
