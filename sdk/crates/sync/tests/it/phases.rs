//! What is asked, and when.

use std::sync::Arc;

use connector_model::{
    Entitlement, EntitlementRef, Error, ErrorKind, Grant, Page, Resource, StaticEntitlement, wire,
};
use connector_testkit::document;

use crate::{
    fake::{Fake, Place, run},
    id, plain, user, user_type,
};

#[tokio::test]
async fn lists_then_entitlements_then_grants_and_children_inside_parents() {
    let fake = Arc::new(Fake::simple([plain("site"), plain("group"), user_type()], |ask| {
        Ok(match (ask.operation, ask.resource_type.as_str(), ask.of.as_str()) {
            ("list", "site", "") => Page::of(vec![
                Resource::new(id("site", "s"), "S").with_child_type("group").with_child_type("user"),
            ]),
            ("list", "group", "site:s") => Page::of(vec![Resource::new(id("group", "g"), "G")]),
            ("list", "user", "site:s") => Page::of(vec![user("ada")]),
            ("entitlements", "group", _) => Page::of_entitlements(vec![Entitlement::assignment(
                &Resource::new(id("group", "g"), "G"),
                "member",
            )]),
            ("grants", "group", _) => {
                let member = EntitlementRef::canonical(&id("group", "g"), "member");
                Page::of_grants(vec![Grant::new(member, id("user", "ada"))])
            }
            _ => Page::empty(),
        })
    }));
    let place = Place::new();
    let summary = run(&fake, &place.output(), 1).await.unwrap();
    assert_eq!(summary.warnings, []);
    let order: Vec<_> =
        fake.asked().into_iter().map(|a| format!("{} {} {}", a.operation, a.resource_type, a.of)).collect();
    insta::assert_debug_snapshot!(order, @r#"
    [
        "list group ",
        "list site ",
        "list user ",
        "list group site:s",
        "list user site:s",
        "entitlements group group:g",
        "entitlements site site:s",
        "grants group group:g",
        "grants site site:s",
    ]
    "#);
}

#[tokio::test]
async fn a_list_may_bring_rows_of_every_kind() {
    let fake = Arc::new(Fake::simple([plain("role"), user_type()], |ask| {
        let role = Resource::new(id("role", "admin"), "Admin");
        let holds = Entitlement::permission(&role, "holds");
        Ok(match (ask.operation, ask.resource_type.as_str()) {
            ("list", "user") => Page {
                resources: vec![user("ada"), role],
                grants: vec![Grant::new(EntitlementRef::from(&holds), id("user", "ada"))],
                entitlements: vec![holds],
                ..Page::default()
            },
            _ => Page::empty(),
        })
    }));
    let place = Place::new();
    run(&fake, &place.output(), 0).await.unwrap();
    let document = document(&place.output()).await.unwrap();
    assert!(document.grants["role:admin:holds"].contains_key("user:ada"));
}

#[tokio::test]
async fn static_entitlements_are_made_for_each_resource() {
    let fake = Fake::simple([plain("group")], |ask| {
        let groups = ["a", "b"].map(|n| Resource::new(id("group", n), n.to_uppercase()));
        Ok(if ask.operation == "list" { Page::of(groups.into()) } else { Page::empty() })
    })
    .with_static("group", vec![StaticEntitlement::assignment("member")]);
    let place = Place::new();
    run(&Arc::new(fake), &place.output(), 0).await.unwrap();
    let document = document(&place.output()).await.unwrap();
    let ids: Vec<_> = document.entitlements.keys().map(String::as_str).collect();
    assert_eq!(ids, ["group:a:member", "group:b:member"]);
    assert_eq!(document.entitlements["group:b:member"]["displayName"], "B");
}

#[tokio::test]
async fn skip_annotations_spare_calls() {
    let resource = |name: &str| Resource::new(id("thing", name), name.to_owned());
    let fake = Arc::new(Fake::simple([plain("thing")], move |ask| {
        Ok(match ask.operation {
            "list" => Page::of(vec![
                resource("all"),
                resource("neither").with_annotation(&wire::SkipEntitlementsAndGrants {}),
                resource("no-entitlements").with_annotation(&wire::SkipEntitlements {}),
                resource("no-grants").with_annotation(&wire::SkipGrants {}),
            ]),
            _ => Page::empty(),
        })
    }));
    let place = Place::new();
    run(&fake, &place.output(), 1).await.unwrap();
    let asked = |operation: &str| -> Vec<String> {
        fake.asked().into_iter().filter(|a| a.operation == operation).map(|a| a.of).collect()
    };
    assert_eq!(asked("entitlements"), ["thing:all", "thing:no-grants"]);
    assert_eq!(asked("grants"), ["thing:all", "thing:no-entitlements"]);
}

#[tokio::test]
async fn what_a_list_remembers_a_later_phase_recalls() {
    let fake = Fake::new([plain("group"), user_type()], |ask, call| {
        Box::pin(async move {
            Ok(match (ask.operation, ask.resource_type.as_str()) {
                ("list", "user") => Page {
                    remember: vec![("everyone".to_owned(), b"g1".to_vec())],
                    ..Page::of(vec![user("ada")])
                },
                ("list", "group") => Page::of(vec![Resource::new(id("group", "g1"), "G1")]),
                ("grants", "group") => {
                    assert_eq!(call.recall("everyone").as_deref(), Some(&b"g1"[..]));
                    assert_eq!(call.recall("nothing"), None);
                    assert!(call.is_known(&id("user", "ada")));
                    assert!(!call.is_known(&id("user", "bob")));
                    Page::empty()
                }
                _ => Page::empty(),
            })
        })
    });
    let place = Place::new();
    run(&Arc::new(fake), &place.output(), 0).await.unwrap();
}

#[tokio::test]
async fn a_resource_that_is_gone_meanwhile_is_a_warning_and_any_other_failure_is_not() {
    let fake = |kind: ErrorKind| {
        Arc::new(Fake::simple([plain("group")], move |ask| match ask.operation {
            "list" => Ok(Page::of(vec![Resource::new(id("group", "g"), "G")])),
            "grants" => Err(Error::new(kind, "no such group")),
            _ => Ok(Page::empty()),
        }))
    };
    let place = Place::new();
    let summary = run(&fake(ErrorKind::NotFound), &place.output(), 0).await.unwrap();
    let warning = "list grants of group:g: it was gone when it was asked for".to_owned();
    assert_eq!(summary.warnings, [(warning, 1)]);
    let error = run(&fake(ErrorKind::PermissionDenied), &place.output(), 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(error.to_string(), "list grants of group:g: no such group");
}

#[tokio::test]
async fn grants_to_nobody_are_told() {
    let fake = Fake::simple([plain("group"), user_type()], |ask| {
        let member = EntitlementRef::canonical(&id("group", "g"), "member");
        Ok(match ask.operation {
            "list" if ask.resource_type == "user" => Page::empty(),
            "list" => Page::of(vec![Resource::new(id("group", "g"), "G")]),
            "grants" => Page::of_grants(vec![Grant::new(member, id("user", "ghost"))]),
            _ => Page::empty(),
        })
    });
    let place = Place::new();
    let summary = run(&Arc::new(fake), &place.output(), 0).await.unwrap();
    let warnings: Vec<_> = summary.warnings.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(
        warnings,
        [
            "entitlements of grants that are not among what was read: 1, such as group:g:member",
            "principals of grants that are not among what was read: 1, such as user:ghost",
        ]
    );
}

/// One missing resource is gone; when all are missing, it is not they.
#[tokio::test]
async fn many_resources_that_are_gone_fail_the_sync() {
    let fake = |gone: usize| {
        Arc::new(Fake::simple([plain("group")], move |ask| match ask.operation {
            "list" => {
                Ok(Page::of((0..200).map(|n| Resource::new(id("group", &n.to_string()), "G")).collect()))
            }
            "grants" if ask.of.trim_start_matches("group:").parse::<usize>().unwrap() < gone => {
                Err(Error::new(ErrorKind::NotFound, "no such group"))
            }
            _ => Ok(Page::empty()),
        }))
    };
    let place = Place::new();
    let summary = run(&fake(10), &place.output(), 1).await.unwrap();
    assert_eq!(summary.warnings.len(), 10);
    let error = run(&fake(200), &place.output(), 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Aborted, "{error}");
}

#[tokio::test]
async fn a_resource_that_goes_while_it_is_read_fails_the_sync() {
    let fake = Fake::simple([plain("group")], |ask| match (ask.operation, ask.token.as_str()) {
        ("list", _) => Ok(Page::of(vec![Resource::new(id("group", "g"), "G")])),
        ("grants", "") => Ok(Page::empty().with_next(Some(crate::token("2")))),
        ("grants", _) => Err(Error::new(ErrorKind::NotFound, "no such group")),
        _ => Ok(Page::empty()),
    });
    let place = Place::new();
    let error = run(&Arc::new(fake), &place.output(), 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

/// A resource that grants bring along is stored and not asked about, however
/// many workers there are.
#[tokio::test]
async fn resources_of_a_later_phase_are_not_asked_about() {
    for workers in [1, 2, 8, 32] {
        let fake = Arc::new(Fake::new([plain("group")], |ask, _| {
            Box::pin(async move {
                let group = |n: &str| Resource::new(id("group", n), "G");
                Ok(match (ask.operation, ask.of.as_str()) {
                    ("list", _) => Page::of((0..10).map(|n| group(&n.to_string())).collect()),
                    ("grants", "group:3") => {
                        for _ in 0..20 {
                            tokio::task::yield_now().await;
                        }
                        Page::of(vec![group("late")])
                    }
                    _ => Page::empty(),
                })
            })
        }));
        let place = Place::new();
        let summary = run(&fake, &place.output(), workers).await.unwrap();
        assert_eq!(summary.resources["group"], 11);
        assert!(fake.asked().iter().all(|a| a.of != "group:late"), "{workers} workers");
    }
}
