//! What must hold over all rows together.

use std::sync::Arc;

use connector_model::{
    Entitlement, EntitlementRef, ErrorKind, Grant, Page, Resource, ResourceId, StaticEntitlement, wire,
};

use crate::{
    fake::{Fake, Place, run},
    id, plain,
};

fn in_group(on: &ResourceId, slug: &str, group: &str, is_default: bool) -> Entitlement {
    let mut entitlement = Entitlement::permission(&Resource::new(on.clone(), "R"), slug);
    entitlement.annotations.append(&wire::EntitlementExclusionGroup {
        exclusion_group_id: group.to_owned(),
        is_default,
        ..Default::default()
    });
    entitlement
}

/// A site of two types with a resource each, and these entitlements.
async fn sync(entitlements: Vec<Entitlement>) -> Result<(), String> {
    let fake = Fake::simple([plain("a"), plain("b")], move |ask| {
        let mut page = Page::empty();
        match ask.operation {
            "list" => page
                .resources
                .push(Resource::new(id(if ask.resource_type == "a" { "a" } else { "b" }, "1"), "R")),
            "entitlements" if ask.resource_type == "a" => page.entitlements.clone_from(&entitlements),
            _ => {}
        }
        Ok(page)
    });
    let place = Place::new();
    let result = run(&Arc::new(fake), &place.output(), 0).await;
    if let Err(e) = &result {
        assert_eq!(e.kind(), ErrorKind::Internal);
        // A page that breaks a rule is not stored; rows that do are not gone on
        // with.
        let left = if e.to_string().contains("in two exclusion groups") { ".sync.c1z.work" } else { "" };
        assert_eq!(place.files().concat(), left);
    }
    result.map(drop).map_err(|e| e.to_string())
}

#[tokio::test]
async fn exclusion_groups_have_one_type_one_default_and_few_members() {
    let (a, b) = (id("a", "1"), id("b", "1"));
    let many = |n: u32| (0..n).map(|n| in_group(&a, &n.to_string(), "g", n == 0)).collect::<Vec<_>>();
    assert_eq!(sync(many(50)).await, Ok(()));
    let refused = async |entitlements, why: &str| {
        let error = sync(entitlements).await.unwrap_err();
        assert!(error.contains(why), "{error}");
    };
    refused(many(51), "more than 50 members").await;
    refused(vec![in_group(&a, "x", "g", false), in_group(&b, "y", "g", false)], "resource types a and b")
        .await;
    refused(vec![in_group(&a, "x", "g", true), in_group(&a, "y", "g", true)], "two defaults").await;
    let mut two = in_group(&a, "x", "g", false);
    two.annotations.append(&wire::EntitlementExclusionGroup::default());
    refused(vec![two], "in two exclusion groups").await;
    // Two groups are two.
    assert_eq!(sync(vec![in_group(&a, "x", "g", true), in_group(&b, "y", "h", true)]).await, Ok(()));
}

/// A declared group that is scoped to the resource is another one on each.
#[tokio::test]
async fn a_group_that_is_scoped_to_the_resource_has_a_default_on_each() {
    for (scope_to_resource, passes) in [(true, true), (false, false)] {
        let mut declared = StaticEntitlement::permission("owner");
        declared.annotations.append(&wire::EntitlementExclusionGroup {
            exclusion_group_id: "g".to_owned(),
            is_default: true,
            scope_to_resource,
            ..Default::default()
        });
        let fake = Fake::simple([plain("a")], |ask| {
            Ok(match ask.operation {
                "list" => Page::of(["1", "2"].map(|n| Resource::new(id("a", n), "A")).into()),
                _ => Page::empty(),
            })
        });
        let place = Place::new();
        let fake = Arc::new(fake.with_static("a", vec![declared]));
        assert_eq!(run(&fake, &place.output(), 0).await.is_ok(), passes, "scoped: {scope_to_resource}");
    }
}

/// What rows refer to and nobody read is told with a count and examples, and
/// does not fail the sync.
#[tokio::test]
async fn references_to_nothing_are_told() {
    let fake = Fake::simple([plain("a"), plain("b")], |ask| {
        let mut page = Page::empty();
        match (ask.operation, ask.resource_type.as_str()) {
            ("list", "a") => page.resources.push(Resource::new(id("a", "1"), "A")),
            ("entitlements", "a") => {
                page.entitlements.push(Entitlement::permission(&Resource::new(id("b", "gone"), "B"), "use"));
            }
            ("grants", "a") => {
                let use_it = EntitlementRef::canonical(&id("b", "lost"), "use");
                page.grants.push(Grant::new(use_it, id("a", "nobody")));
            }
            _ => {}
        }
        Ok(page)
    });
    let place = Place::new();
    let summary = run(&Arc::new(fake), &place.output(), 0).await.unwrap();
    insta::assert_snapshot!(summary.warnings.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join("\n"), @"
    entitlements of grants that are not among what was read: 1, such as b:lost:use
    principals of grants that are not among what was read: 1, such as a:nobody
    resources of entitlements and grants that are not among what was read: 2, such as b:gone, b:lost
    ");
}
