//! Whom carriers mean, and what comes of them.

use connector_model::{Expandable, Grant, Profile, Resource, ResourceType, TraitKind, wire};
use prost::Message as _;

use super::{
    Place, Site, all, by_id, by_key, carrier, directory, grants, holders, id, member, names, of, roles, set,
};

#[tokio::test]
async fn each_kind_of_match_finds_its_principals() {
    let (user, group) = (TraitKind::User, TraitKind::Group);
    for (carrier, expected) in [
        (carrier(id("user", "?"), &by_id("bob")), &["user:bob"][..]),
        (carrier(id("user", "?"), &by_id("ops")), &["group:ops"]),
        // Ids are what they are, in their case.
        (carrier(id("user", "?"), &by_id("BOB")), &[]),
        (carrier(id("user", "?"), &all(user)), &["user:ada", "user:bob", "user:eve"]),
        (carrier(id("user", "?"), &all(group)), &["group:eng", "group:old", "group:ops"]),
        (carrier(id("user", "?"), &by_key(user, "email", "ADA@example.COM")), &["user:ada"]),
        (carrier(id("user", "?"), &by_key(user, "email", "ada@home.example")), &["user:ada"]),
        // Where the e-mail is no more than a profile has.
        (carrier(id("user", "?"), &by_key(user, "email", "Bob@Example.com")), &["user:bob"]),
        (carrier(id("user", "?"), &by_key(user, "employee", "B-2")), &["user:bob"]),
        (carrier(id("user", "?"), &by_key(user, "Employee", "B-2")), &[]),
        // Both sigmas are one letter.
        (carrier(id("user", "?"), &by_key(group, "code", "ενγς")), &["group:eng"]),
        // Not of the trait.
        (carrier(id("user", "?"), &by_key(group, "employee", "B-2")), &[]),
        (carrier(id("user", "?"), &by_key(group, "email", "ada@example.com")), &[]),
        // A trait that is not carried over.
        (carrier(id("user", "?"), &all(TraitKind::Role)), &[]),
        // Not everybody of whom nothing is known.
        (carrier(id("user", "?"), &by_key(user, "phone", "")), &[]),
        (carrier(id("user", "?"), &by_id("")), &[]),
        // Two annotations find more; that for all stands alone.
        (
            carrier(id("user", "?"), &by_id("bob")).with_annotation(&by_key(user, "employee", "a-1")),
            &["user:ada", "user:bob"],
        ),
        (
            carrier(id("user", "?"), &by_id("bob")).with_annotation(&by_key(user, "employee", "b-2")),
            &["user:bob"],
        ),
        // Where an older writer had the profile.
        (carrier(id("user", "?"), &by_key(group, "CODE", "old")), &["group:old"]),
        (
            carrier(id("user", "?"), &by_id("bob")).with_annotation(&all(group)),
            &["group:eng", "group:old", "group:ops"],
        ),
    ] {
        let mut site = directory();
        let bob = site.resources.iter_mut().find(|r| r.id.id() == "bob").unwrap();
        bob.profile.as_mut().unwrap().set("phone", "");
        let profile = Profile::from([("CODE", "Old")]).into_wire();
        let old = wire::GroupTrait { profile: Some(profile), ..Default::default() };
        site.resources.push(Resource::new(id("group", "old"), "Old").with_trait(old));
        let (mut db, added) = Place::new().add(&roles(vec![carrier.clone()]), &site).await;
        assert_eq!(holders(&mut db).await, set(expected), "{carrier:?}");
        assert_eq!((added.carriers, added.matched), (1, expected.len() as u64));
        assert_eq!(added.unmatched, u64::from(expected.is_empty()));
    }
}

#[tokio::test]
async fn a_carrier_goes_even_where_nobody_is_meant() {
    let own = roles(vec![
        carrier(id("user", "one"), &by_id("nobody")),
        carrier(id("user", "two"), &by_id("ada")),
        Grant::new(
            of(&roles(Vec::new()).entitlements[0]),
            id("user", "c1.connector.v2.ExternalResourceMatch"),
        ),
    ]);
    let (mut db, added) = Place::new().add(&own, &directory()).await;
    // A grant that only looks like one in its bytes stays.
    assert_eq!(holders(&mut db).await, set(&["user:ada", "user:c1.connector.v2.ExternalResourceMatch"]));
    assert_eq!((added.carriers, added.matched, added.unmatched), (2, 1, 1));
    assert_eq!(added.unmatched_examples, ["role:writer:assigned:user:one"]);
}

#[tokio::test]
async fn a_new_grant_is_the_carrier_to_another_principal() {
    let mut grant = carrier(id("user", "placeholder"), &by_id("ada")).with_id("its own id");
    grant = grant.with_annotation(&wire::GrantMetadata::default());
    grant.details.as_mut().unwrap().sources =
        [("role:writer:assigned".to_owned(), true), ("x".to_owned(), false)].into();
    let mut expected = grant.to_wire();
    let (mut db, _) = Place::new().add(&roles(vec![grant]), &directory()).await;
    let mut all = grants(&mut db).await;
    expected.id = "role:writer:assigned:user:ada".to_owned();
    expected.principal.as_mut().unwrap().id.as_mut().unwrap().resource = "ada".to_owned();
    assert_eq!(all.remove(&expected.id), Some(expected));
    assert!(!all.contains_key("its own id"));
}

#[tokio::test]
async fn a_carrier_that_has_the_principal_already_stays_under_its_id() {
    let own = roles(vec![
        carrier(id("user", "ada"), &by_id("ada")),
        // Its new grant has the id of a carrier whose turn has not come.
        carrier(id("user", "bob"), &by_id("eve")),
        carrier(id("user", "eve"), &by_id("bob")),
    ]);
    let (mut db, added) = Place::new().add(&own, &directory()).await;
    assert_eq!(holders(&mut db).await, set(&["user:ada", "user:bob", "user:eve"]));
    assert_eq!((added.carriers, added.matched, added.unmatched), (3, 3, 0));
    let by_eve = grants(&mut db).await["role:writer:assigned:user:eve"].clone();
    let found = connector_model::Annotations::from(by_eve.annotations);
    assert_eq!(found.get::<wire::ExternalResourceMatchId>().unwrap().id, "eve");
}

/// Of two carriers to one principal that of the greater id counts, however
/// they came.
#[tokio::test]
async fn the_order_of_carriers_does_not_count() {
    let one = carrier(id("user", "p1"), &by_id("ada"));
    let two = carrier(id("user", "p2"), &by_key(TraitKind::User, "employee", "A-1"));
    for grants_of in [vec![one.clone(), two.clone()], vec![two, one]] {
        let (mut db, added) = Place::new().add(&roles(grants_of), &directory()).await;
        let all = grants(&mut db).await;
        assert_eq!(names(&all["role:writer:assigned:user:ada"].annotations), ["ExternalResourceMatch"]);
        assert_eq!((added.matched, holders(&mut db).await.len()), (2, 1));
    }
}

#[tokio::test]
async fn an_id_of_two_types_is_that_of_the_carriers_type() {
    let mut site = directory();
    site.resources.push(Resource::group(id("group", "ada"), "Friends of Ada"));
    for (to, expected) in [("user", "user:ada"), ("group", "group:ada"), ("other", "group:ada")] {
        let own = roles(vec![carrier(id(to, "?"), &by_id("ada"))]);
        let (mut db, _) = Place::new().add(&own, &site).await;
        assert_eq!(holders(&mut db).await, set(&[expected]));
    }
}

fn expanding(entitlement_ids: &[&str]) -> Expandable {
    Expandable {
        entitlement_ids: entitlement_ids.iter().map(|e| (*e).to_owned()).collect(),
        shallow: true,
        resource_type_ids: vec!["user".to_owned()],
    }
}

async fn expansion_of(carrier: Grant, directory: &Site) -> (Vec<Vec<String>>, u64) {
    let (mut db, added) = Place::new().add(&roles(vec![carrier]), directory).await;
    let mut found = Vec::new();
    for (_, grant) in grants(&mut db).await.into_iter().filter(|(id, _)| id.starts_with("role:writer")) {
        let expansion = grant.annotations.iter().find(|a| a.type_url == "expansion");
        found.push(expansion.map_or_else(Vec::new, |a| {
            let e = wire::GrantExpandable::decode(&*a.value).unwrap();
            assert!(e.shallow);
            assert_eq!(e.resource_type_ids, ["user"]);
            e.entitlement_ids
        }));
    }
    (found, added.left_out_sources)
}

#[tokio::test]
async fn an_expansion_is_of_the_new_principal() {
    let to = id("group", "place:holder");
    let bid = r"bid:e:group/place\:holder:member";
    for (sources, expected, left_out) in [
        (&[bid][..], &["group:eng:member"][..], 0),
        // Of a resource that the grant is not to.
        (&["bid:e:group/other:member", bid], &["group:eng:member"], 1),
        // Of no such slug; no baton id; a broken one.
        (&[r"bid:e:group/place\:holder:owner"], &[], 1),
        (&["group:place:holder:member", r"bid:e:group/place\:holder"], &[], 2),
        // Somebody else's, and its own by the plain id.
        (&["group:ops:member", "group:eng:member"], &["group:eng:member"], 1),
    ] {
        let carrier = carrier(to.clone(), &by_id("eng")).expanding(expanding(sources));
        let (found, lost) = expansion_of(carrier, &directory()).await;
        assert_eq!(
            (found, lost),
            (vec![expected.iter().map(|e| (*e).to_owned()).collect()], left_out),
            "{sources:?}"
        );
    }
}

#[tokio::test]
async fn all_kinds_of_match_rewrite_the_expansion() {
    let to = id("group", "p");
    let bid = "bid:e:site/acme/group/p:member";
    for carrier in [
        carrier(to.clone(), &all(TraitKind::Group)),
        carrier(to.clone(), &by_key(TraitKind::Group, "code", "ενγσ")),
    ] {
        let (found, lost) = expansion_of(carrier.expanding(expanding(&[bid])), &directory()).await;
        assert_eq!((&found[0][..], lost), (&["group:eng:member".to_owned()][..], 0));
    }
}

#[tokio::test]
async fn other_traits_can_be_asked_for() {
    let place = Place::new();
    let mut options = place.external(&directory()).await;
    options.traits = vec![TraitKind::Role];
    let own = roles(vec![
        carrier(id("x", "1"), &all(TraitKind::Role)),
        carrier(id("x", "2"), &all(TraitKind::User)),
        carrier(id("x", "3"), &by_id("ada")),
    ]);
    let (mut db, added) = place.add_as(&own, &options).await;
    assert_eq!(holders(&mut db).await, set(&["role:admin"]));
    assert_eq!((added.resources, added.unmatched), (1, 2));
}

/// An external file may itself have been made with one: its grants keep the
/// annotations that they came by.
#[tokio::test]
async fn grants_of_the_external_file_are_no_carriers() {
    let mut site = directory();
    let odd = Grant::new(of(&member("eng")), id("user", "eve")).with_annotation(&by_id("bob"));
    site.grants.push(odd);
    let (mut db, added) = Place::new().add(&roles(Vec::new()), &site).await;
    assert_eq!((added.carriers, added.grants), (0, 4));
    assert!(grants(&mut db).await.contains_key("group:eng:member:user:eve"));
}

#[tokio::test]
async fn a_match_that_does_not_decode_names_its_grant() {
    let mut grant = carrier(id("user", "x"), &by_id("ada"));
    let details = grant.details.as_mut().unwrap();
    details.annotations = [prost_types::Any {
        type_url: "type.googleapis.com/c1.connector.v2.ExternalResourceMatchID".to_owned(),
        value: vec![0x0a, 0x7f],
    }]
    .into_iter()
    .collect();
    let place = Place::new();
    let options = place.external(&directory()).await;
    let external = place.open(&options).await.unwrap();
    let mut db = place.own(&roles(vec![grant])).await;
    let error = super::add_external(&mut db, &external, &super::CancellationToken::new()).await.unwrap_err();
    assert_eq!(error.get("grant"), Some("role:writer:assigned:user:x"), "{error:?}");
}

#[tokio::test]
async fn the_wire_says_how_the_annotation_is_called() {
    let annotated = carrier(id("user", "x"), &by_id("ada"));
    let annotations = &annotated.details.as_ref().unwrap().annotations;
    assert_eq!(
        annotations.as_slice()[0].type_url,
        "type.googleapis.com/c1.connector.v2.ExternalResourceMatchID"
    );
    assert!(super::super::is_carrier(annotations));
    let plain = ResourceType::new("x", "x").skip_entitlements_and_grants();
    assert!(!super::super::is_carrier(&plain.annotations));
}
