//! What is carried over, and how it is marked.

use std::collections::BTreeMap;

use connector_model::{Grant, Resource, ResourceType, TraitKind, wire};
use connector_store::{
    C1z, OpenOptions, WorkDb,
    verify::{self, VerifyOptions},
};
use prost::Message as _;

use super::{Place, Site, all, by_id, carrier, directory, grants, id, member, names, of, pack, roles};

/// Messages of a table by id.
async fn messages<M: prost::Message + Default>(db: &mut WorkDb, table: &'static str) -> BTreeMap<String, M> {
    let sql = sqlx::AssertSqlSafe(format!("select external_id, data from {table}"));
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(sql).fetch_all(db.connection()).await.unwrap();
    rows.into_iter().map(|(id, data)| (id, M::decode(&*data).unwrap())).collect()
}

fn keys<T>(map: &BTreeMap<String, T>) -> Vec<&str> {
    map.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn principals_come_with_what_is_held_on_them() {
    let (mut db, added) = Place::new().add(&roles(Vec::new()), &directory()).await;
    let types: BTreeMap<_, wire::ResourceType> = messages(&mut db, "v1_resource_types").await;
    assert_eq!(keys(&types), ["group", "role", "user"]);
    let resources: BTreeMap<_, wire::Resource> = messages(&mut db, "v1_resources").await;
    assert_eq!(
        keys(&resources),
        ["group:eng", "group:ops", "role:writer", "user:ada", "user:bob", "user:eve"]
    );
    for (id, resource) in &resources {
        assert_eq!(names(&resource.annotations).contains(&"BatonID"), id != "role:writer", "{id}");
    }
    let entitlements: BTreeMap<_, wire::Entitlement> = messages(&mut db, "v1_entitlements").await;
    assert_eq!(keys(&entitlements), ["group:eng:member", "group:ops:member", "role:writer:assigned"]);
    assert_eq!(names(&entitlements["group:eng:member"].annotations), ["EntitlementImmutable"]);
    let grants = grants(&mut db).await;
    assert_eq!(
        keys(&grants),
        ["group:eng:member:group:ops", "group:eng:member:user:ada", "group:ops:member:user:bob"]
    );
    assert_eq!(names(&grants["group:eng:member:user:ada"].annotations), ["GrantImmutable"]);
    // An expansion goes along.
    assert_eq!(names(&grants["group:eng:member:group:ops"].annotations), ["GrantImmutable", "expansion"]);
    assert_eq!((added.resource_types, added.resources, added.entitlements, added.grants), (2, 5, 2, 3));
    assert_eq!((added.replaced, added.left_out), (0, 0));
}

/// The oracle is the generated code, which encodes known fields in the order
/// of their numbers.
#[tokio::test]
async fn all_else_keeps_its_bytes() {
    let (mut db, _) = Place::new().add(&roles(Vec::new()), &directory()).await;
    let rows: Vec<(String, Vec<u8>)> =
        sqlx::query_as("select external_id, data from v1_resources where resource_type_id <> 'role'")
            .fetch_all(db.connection())
            .await
            .unwrap();
    let site = directory();
    for (id, data) in rows {
        let resource = site.resources.iter().find(|r| r.id.to_string() == id).unwrap();
        let mut expected = resource.clone().with_annotation(&wire::BatonId {}).to_wire();
        // Traits stand before other annotations, as they were; sites are not carried over.
        if resource.id.resource_type() == "user" {
            expected.parent_resource_id = None;
        }
        assert_eq!(data, expected.encode_to_vec(), "{id}");
    }
}

/// The file that comes of it is one that a checker finds nothing wrong with.
#[tokio::test]
async fn the_file_is_sound() {
    let place = Place::new();
    let own =
        roles(vec![carrier(id("user", "?"), &all(TraitKind::User)), carrier(id("user", "x"), &by_id("ops"))]);
    let (mut db, _) = place.add(&own, &directory()).await;
    sqlx::query("drop table if exists work_external").execute(db.connection()).await.unwrap();
    let target = place.path("out.c1z");
    pack(db, &target).await.unwrap();
    let file = C1z::open(&target, &OpenOptions::default()).await.unwrap();
    let view = file.view(None).await.unwrap();
    assert_eq!(view.grants_pages(&Default::default()).next(100).await.unwrap().len(), 7);
    let report = verify::verify(&target, &VerifyOptions::default()).await.unwrap();
    assert!(report.errors.is_empty() && report.warnings.is_empty(), "{report:?}");
}

#[tokio::test]
async fn only_who_holds_the_entitlement_comes() {
    let place = Place::new();
    let mut options = place.external(&directory()).await;
    options.entitlement = Some("group:eng:member".to_owned());
    let own = roles(vec![carrier(id("user", "?"), &all(TraitKind::User))]);
    let (mut db, added) = place.add_as(&own, &options).await;
    let resources: BTreeMap<_, wire::Resource> = messages(&mut db, "v1_resources").await;
    assert_eq!(keys(&resources), ["group:ops", "role:writer", "user:ada"]);
    // eng did not come, so ops lies nowhere.
    assert_eq!(resources["group:ops"].parent_resource_id, None);
    // Bob is in ops and did not come.
    assert_eq!(keys(&grants(&mut db).await), ["role:writer:assigned:user:ada"]);
    assert_eq!((added.entitlements, added.grants, added.left_out), (1, 0, 1));
}

#[tokio::test]
async fn a_parent_that_comes_stays() {
    let (mut db, _) = Place::new().add(&roles(Vec::new()), &directory()).await;
    let parent: (String, String) = sqlx::query_as(
        "select parent_resource_type_id, parent_resource_id from v1_resources where external_id = 'group:ops'",
    )
    .fetch_one(db.connection())
    .await
    .unwrap();
    assert_eq!(parent, ("group".to_owned(), "eng".to_owned()));
}

#[tokio::test]
async fn what_is_to_be_skipped_is() {
    let copied = async |site: &Site| {
        let (mut db, _) = Place::new().add(&roles(Vec::new()), site).await;
        let entitlements: BTreeMap<_, wire::Entitlement> = messages(&mut db, "v1_entitlements").await;
        (entitlements.len() - 1, grants(&mut db).await.len())
    };
    assert_eq!(copied(&directory()).await, (2, 3));
    // Neither of a type.
    let mut site = directory();
    site.types[2] = site.types[2].clone().skip_entitlements_and_grants();
    assert_eq!(copied(&site).await, (0, 0));
    // Neither of one resource.
    let mut site = directory();
    site.resources[4] = site.resources[4].clone().with_annotation(&wire::SkipEntitlementsAndGrants {});
    assert_eq!(copied(&site).await, (1, 1));
    // No grants of one resource, as its own row or its entitlement's copy says.
    let mut site = directory();
    site.resources[4] = site.resources[4].clone().with_annotation(&wire::SkipGrants {});
    assert_eq!(copied(&site).await, (2, 1));
    let mut site = directory();
    site.entitlements[0].resource.annotations.append(&wire::SkipGrants {});
    assert_eq!(copied(&site).await, (2, 1));
}

#[tokio::test]
async fn the_external_row_of_one_id_wins_and_is_told() {
    let mut own = roles(vec![Grant::new(of(&member("eng")), id("user", "ada"))]);
    own.types.push(ResourceType::new("user", "Our users").with_trait(TraitKind::User));
    own.types.push(ResourceType::new("group", "Our groups").with_trait(TraitKind::Group));
    own.resources.push(Resource::user(id("user", "ada"), "Ours"));
    own.entitlements.push(member("eng").display_name("Ours"));
    let (mut db, added) = Place::new().add(&own, &directory()).await;
    let resources: BTreeMap<_, wire::Resource> = messages(&mut db, "v1_resources").await;
    assert_eq!(resources["user:ada"].display_name, "ada");
    let entitlements: BTreeMap<_, wire::Entitlement> = messages(&mut db, "v1_entitlements").await;
    assert_eq!(entitlements["group:eng:member"].display_name, "Member");
    assert_eq!(names(&grants(&mut db).await["group:eng:member:user:ada"].annotations), ["GrantImmutable"]);
    // What a type is, the connector says.
    let types: BTreeMap<_, wire::ResourceType> = messages(&mut db, "v1_resource_types").await;
    assert_eq!(types["user"].display_name, "Our users");
    assert_eq!(added.replaced, 3);
    assert_eq!(added.replaced_examples, ["user:ada", "group:eng:member", "group:eng:member:user:ada"]);
}

/// What older writers left in the message.
#[tokio::test]
async fn an_expansion_goes_to_its_column() {
    let place = Place::new();
    let options = place.external(&directory()).await;
    let file = place.path("old.c1z");
    let mut db = place.unpacked(&options.file).await;
    let nested = directory().grants[2].to_wire();
    sqlx::query("update v1_grants set data = ?, expansion = null, needs_expansion = 0 where external_id = ?")
        .bind(nested.encode_to_vec())
        .bind(&nested.id)
        .execute(db.connection())
        .await
        .unwrap();
    connector_store::envelope::pack(&db.close_for_packing().await.unwrap(), &file).await.unwrap();
    let options = crate::ExternalPrincipals { file, ..options };
    let (mut db, _) = place.add_as(&roles(Vec::new()), &options).await;
    let grant = &grants(&mut db).await[&nested.id];
    assert_eq!(names(&grant.annotations), ["GrantImmutable", "expansion"]);
    let expansion = wire::GrantExpandable::decode(&*grant.annotations[1].value).unwrap();
    assert_eq!(expansion.entitlement_ids, ["group:ops:member"]);
}
