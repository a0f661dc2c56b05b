//! What the annotations of the format do to a sync: a test for each that does something.

use std::sync::Arc;

use connector_model::{
    Annotations, Entitlement, EntitlementRef, ErrorKind, Expandable, Grant, Page, PageToken, Registry,
    Resource, ResourceType, StaticEntitlement, wire,
};
use connector_sync::{Scope, SyncOptions, Targets};
use prost_types::Any;
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Fake, Place, run, run_with},
    id, plain,
    stored::Stored,
    token, user, user_type,
};

fn thing(name: &str) -> Resource {
    Resource::new(id("thing", name), name.to_owned())
}

/// Syncs, and gives what was asked and what is stored.
async fn synced(fake: Fake) -> (Vec<String>, Stored) {
    let (fake, place) = (Arc::new(fake), Place::new());
    run(&fake, &place.output(), 1).await.unwrap();
    (fake.questions(), Stored::read(&place.output()).await)
}

async fn refused(fake: Fake) -> String {
    let place = Place::new();
    let error = run(&Arc::new(fake), &place.output(), 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
    assert!(!place.output().exists());
    error.to_string()
}

fn has<M: prost::Name + prost::Message>(annotations: &[Any]) -> bool {
    annotations.iter().any(|a| a.type_url.ends_with(&format!("/{}", M::full_name())))
}

/// Lists these things, and nothing else.
fn things(list: Vec<Resource>) -> Fake {
    Fake::simple([plain("thing")], move |ask| {
        Ok(if ask.operation == "list" { Page::of(list.clone()) } else { Page::empty() })
    })
}

fn starting_with<'a>(questions: &'a [String], operation: &str) -> Vec<&'a str> {
    questions.iter().filter_map(|q| q.strip_prefix(operation)).map(str::trim).collect()
}

#[tokio::test]
async fn child_resource_type_lists_each_type_once_inside_each_parent() {
    // The same parent comes on two pages, and names a type twice.
    let fake = Fake::simple([plain("a"), plain("b"), plain("site")], |ask| {
        let site = |n: &str| Resource::new(id("site", n), n.to_owned()).with_child_type("a");
        Ok(match (ask.operation, ask.resource_type.as_str(), ask.token.as_str()) {
            ("list", "site", "") => Page::of(vec![site("1").with_child_type("a").with_child_type("b")])
                .with_next(Some(token("2"))),
            ("list", "site", _) => Page::of(vec![site("1"), site("2")]),
            ("list", "a", _) if ask.of == "site:2" => {
                Page::of(vec![Resource::new(id("a", "x"), "X").parent(id("site", "2"))])
            }
            _ => Page::empty(),
        })
    });
    let (questions, stored) = synced(fake).await;
    let mut lists = starting_with(&questions, "list");
    lists.sort_unstable();
    assert_eq!(lists, ["a", "b", "site", "site 2", "site:1", "site:1", "site:2"], "{questions:?}");
    assert_eq!(stored.resources["a:x"].parent_resource_id.as_ref().unwrap().resource, "2");
}

#[tokio::test]
async fn child_resource_type_is_dropped_by_a_filter_of_types() {
    let fake = Arc::new(Fake::simple([plain("a"), plain("site")], |ask| {
        let site = Resource::new(id("site", "1"), "S").with_child_type("a");
        Ok(if ask.operation == "list" && ask.of.is_empty() { Page::of(vec![site]) } else { Page::empty() })
    }));
    let place = Place::new();
    let mut options = SyncOptions::new(place.output());
    options.resource_types = vec!["site".into()];
    let summary = run_with(&fake, &options, CancellationToken::new()).await.unwrap();
    assert_eq!(fake.questions(), ["list site", "entitlements site:1", "grants site:1"]);
    assert_eq!(summary.warnings, []);
}

#[tokio::test]
async fn skip_entitlements_and_grants_on_a_resource_type() {
    let fake = Fake::simple([plain("thing").skip_entitlements_and_grants()], |ask| {
        Ok(if ask.operation == "list" { Page::of(vec![thing("t")]) } else { Page::empty() })
    });
    assert_eq!(synced(fake).await.0, ["list thing"]);
}

#[tokio::test]
async fn skip_entitlements_and_grants_on_a_resource() {
    let skipping = thing("t").with_annotation(&wire::SkipEntitlementsAndGrants {});
    assert_eq!(synced(things(vec![skipping])).await.0, ["list thing"]);
}

#[tokio::test]
async fn skip_entitlements_on_a_resource_type() {
    let mut of_type = plain("thing");
    of_type.annotations.append(&wire::SkipEntitlements {});
    let fake = Fake::simple([of_type], |ask| {
        Ok(if ask.operation == "list" { Page::of(vec![thing("t")]) } else { Page::empty() })
    });
    assert_eq!(synced(fake).await.0, ["list thing", "grants thing:t"]);
}

#[tokio::test]
async fn skip_entitlements_on_a_resource() {
    let skipping = thing("t").with_annotation(&wire::SkipEntitlements {});
    assert_eq!(synced(things(vec![skipping])).await.0, ["list thing", "grants thing:t"]);
}

#[tokio::test]
async fn skip_grants_on_a_resource() {
    let skipping = thing("t").with_annotation(&wire::SkipGrants {});
    assert_eq!(synced(things(vec![skipping])).await.0, ["list thing", "entitlements thing:t"]);
}

#[tokio::test]
async fn skip_grants_on_a_resource_type_is_not_looked_at() {
    let mut of_type = plain("thing");
    of_type.annotations.append(&wire::SkipGrants {});
    let fake = Fake::simple([of_type], |ask| {
        Ok(if ask.operation == "list" { Page::of(vec![thing("t")]) } else { Page::empty() })
    });
    assert_eq!(synced(fake).await.0, ["list thing", "entitlements thing:t", "grants thing:t"]);
}

/// Things `inner` and `outer`; members of the inner one are members of the outer one.
fn nested(expandable: Expandable) -> Fake {
    Fake::simple([plain("thing"), user_type()], move |ask| {
        let member = |n: &str| Entitlement::assignment(&thing(n), "member");
        Ok(match (ask.operation, ask.of.as_str()) {
            ("list", _) if ask.resource_type == "user" => Page::of(vec![user("ada")]),
            ("list", _) => Page::of(vec![thing("inner"), thing("outer")]),
            ("entitlements", "thing:inner") => Page::of_entitlements(vec![member("inner")]),
            ("entitlements", _) => Page::of_entitlements(vec![member("outer")]),
            ("grants", "thing:inner") => {
                Page::of_grants(vec![Grant::new((&member("inner")).into(), id("user", "ada"))])
            }
            _ => Page::of_grants(vec![
                Grant::new((&member("outer")).into(), id("thing", "inner")).expanding(expandable.clone()),
            ]),
        })
    })
}

fn whoever_is_in(entitlement: &str) -> Expandable {
    Expandable {
        entitlement_ids: vec![entitlement.to_owned()],
        shallow: true,
        resource_type_ids: vec!["user".to_owned()],
    }
}

const CARRIER: &str = "thing:outer:member:thing:inner";
const EXPANDED: &str = "thing:outer:member:user:ada";

#[tokio::test]
async fn grant_expandable_is_stored_beside_the_grant() {
    let (_, stored) = synced(nested(whoever_is_in("thing:inner:member"))).await;
    let row = &stored.grants[CARRIER];
    assert!(row.needs_expansion);
    let expansion: wire::GrantExpandable = prost::Message::decode(row.expansion.as_deref().unwrap()).unwrap();
    let expected = wire::GrantExpandable {
        entitlement_ids: vec!["thing:inner:member".to_owned()],
        shallow: true,
        resource_type_ids: vec!["user".to_owned()],
    };
    assert_eq!(expansion, expected);
    assert!(!has::<wire::GrantExpandable>(&stored.grant(CARRIER).annotations));
    let plain = &stored.grants["thing:inner:member:user:ada"];
    assert!(!plain.needs_expansion && plain.expansion.is_none());
    assert!(stored.run.supports_diff && stored.run.grants_backfilled);
}

/// An author may add it as any other annotation.
#[tokio::test]
async fn grant_expandable_among_the_annotations_is_no_other_than_one_that_is_named() {
    let with = |message: Any| {
        Fake::simple([plain("thing"), user_type()], move |ask| {
            let member = |n: &str| Entitlement::assignment(&thing(n), "member");
            let mut carrier = Grant::new((&member("outer")).into(), id("thing", "inner"));
            carrier.details.get_or_insert_default().annotations = [
                Any { type_url: "type.googleapis.com/c1.connector.v2.RawId".to_owned(), value: Vec::new() },
                message.clone(),
            ]
            .into_iter()
            .collect();
            Ok(match (ask.operation, ask.resource_type.as_str()) {
                ("list", "user") => Page::of(vec![user("ada")]),
                ("list", _) => Page {
                    entitlements: vec![member("inner"), member("outer")],
                    grants: vec![carrier, Grant::new((&member("inner")).into(), id("user", "ada"))],
                    ..Page::of(vec![thing("inner"), thing("outer")])
                },
                _ => Page::empty(),
            })
        })
    };
    let type_url = "type.googleapis.com/c1.connector.v2.GrantExpandable".to_owned();
    let value = b"\x0a\x12thing:inner:member".to_vec();
    let (_, stored) = synced(with(Any { type_url: type_url.clone(), value: value.clone() })).await;
    let row = &stored.grants[CARRIER];
    assert_eq!((row.needs_expansion, row.expansion.as_deref()), (true, Some(&value[..])));
    let left: Vec<_> = stored.grant(CARRIER).annotations.into_iter().map(|a| a.type_url).collect();
    assert_eq!(left, ["type.googleapis.com/c1.connector.v2.RawId"]);
    assert!(stored.grants.contains_key(EXPANDED));
    let broken = refused(with(Any { type_url, value: b"\x0a\xff".to_vec() })).await;
    insta::assert_snapshot!(broken, @"list resources of type thing: the expansion of a grant does not decode; this is a bug in the connector (grant=thing:outer:member:thing:inner)");
}

/// One that names nothing is none, as to the Go SDK.
#[tokio::test]
async fn grant_expandable_without_an_entitlement_is_none() {
    let nothing = Expandable { entitlement_ids: Vec::new(), shallow: false, resource_type_ids: Vec::new() };
    let (_, stored) = synced(nested(nothing)).await;
    assert!(!stored.grants[CARRIER].needs_expansion && stored.grants[CARRIER].expansion.is_none());
    assert!(!stored.grants.contains_key(EXPANDED));
}

#[tokio::test]
async fn grant_expandable_of_an_entitlement_on_another_resource_fails_with_the_grant_s_id() {
    let place = Place::new();
    let fake = Arc::new(nested(whoever_is_in("thing:outer:member")));
    let error = run(&fake, &place.output(), 1).await.unwrap_err();
    assert!(error.report().contains(CARRIER), "{}", error.report());
}

#[tokio::test]
async fn grant_immutable_is_on_every_expanded_grant_and_on_no_other() {
    let (_, stored) = synced(nested(whoever_is_in("thing:inner:member"))).await;
    let expanded = stored.grant(EXPANDED);
    assert!(has::<wire::GrantImmutable>(&expanded.annotations));
    let sources: Vec<_> = expanded.sources.unwrap().sources.into_iter().collect();
    assert_eq!(sources.len(), 1);
    assert_eq!((sources[0].0.as_str(), sources[0].1.is_direct), ("thing:inner:member", true));
    for other in [CARRIER, "thing:inner:member:user:ada"] {
        assert!(!has::<wire::GrantImmutable>(&stored.grant(other).annotations), "{other}");
    }
}

#[tokio::test]
async fn entitlement_exclusion_group_that_is_scoped_names_the_resource_of_a_static_entitlement() {
    let group = |scope_to_resource| wire::EntitlementExclusionGroup {
        exclusion_group_id: "tier".to_owned(),
        order: 3,
        is_default: true,
        scope_to_resource,
    };
    for (scoped, of_a, of_b) in [(true, "tier-a", "tier-b"), (false, "tier", "tier")] {
        let mut declared = StaticEntitlement::assignment("member");
        declared.annotations.append(&group(scoped));
        let mut plain_one = StaticEntitlement::assignment("guest");
        plain_one.annotations.append(&wire::EntitlementImmutable::default());
        // Two groups of one id on several resources are no error as long as they hold one default each.
        let list = if scoped { vec![thing("a"), thing("b")] } else { vec![thing("a")] };
        let (_, stored) = synced(things(list).with_static("thing", vec![declared, plain_one])).await;
        let of = |entitlement: &str| {
            let annotations: Annotations = stored.entitlements[entitlement].annotations.clone().into();
            annotations.get::<wire::EntitlementExclusionGroup>().unwrap()
        };
        let named =
            |id: &str| wire::EntitlementExclusionGroup { exclusion_group_id: id.to_owned(), ..group(scoped) };
        assert_eq!(of("thing:a:member"), named(of_a));
        if scoped {
            assert_eq!(of("thing:b:member"), named(of_b));
        }
        assert!(has::<wire::EntitlementImmutable>(&stored.entitlements["thing:a:guest"].annotations));
    }
}

#[tokio::test]
async fn entitlement_exclusion_group_twice_on_an_entitlement_is_refused() {
    let fake = Fake::simple([plain("thing")], |ask| {
        let group = |name: &str| wire::EntitlementExclusionGroup {
            exclusion_group_id: name.to_owned(),
            ..Default::default()
        };
        let member = Entitlement::assignment(&thing("t"), "member");
        Ok(match ask.operation {
            "list" => Page::of(vec![thing("t")]),
            "entitlements" => {
                Page::of_entitlements(vec![member.with_annotation(&group("a")).with_annotation(&group("b"))])
            }
            _ => Page::empty(),
        })
    });
    insta::assert_snapshot!(refused(fake).await, @"list entitlements of thing:t: an entitlement is in two exclusion groups; it can be in one only (entitlement=thing:t:member)");
}

#[tokio::test]
async fn baton_id_of_a_connector_is_refused() {
    let marked = thing("t").with_annotation(&wire::BatonId {});
    insta::assert_snapshot!(refused(things(vec![marked])).await, @"list resources of type thing: a resource carries BatonID, which marks what another file supplies; a connector must not set it (resource=thing:t)");
}

fn marked(mut of_type: ResourceType, annotate: impl Fn(&mut Annotations)) -> ResourceType {
    annotate(&mut of_type.annotations);
    of_type
}

/// Two things that say that they are to be skipped, and a type that lists for all of them.
fn whole_type(skips_type: bool) -> Fake {
    let of_type = marked(plain("thing"), |a| {
        a.append(&wire::TypeScopedEntitlements {});
        a.append(&wire::TypeScopedGrants {});
        if skips_type {
            a.append(&wire::SkipEntitlementsAndGrants {});
        }
    });
    let fake = Fake::simple([of_type, user_type()], |ask| {
        let member = |n: &str| Entitlement::assignment(&thing(n), "member");
        let holds = |n: &str| Grant::new((&member(n)).into(), id("user", "ada"));
        let next = |page: Page| if ask.token.is_empty() { page.with_next(Some(token("b"))) } else { page };
        Ok(match ask.operation {
            "list" if ask.resource_type == "user" => Page::of(vec![user("ada")]),
            "list" => Page::of(
                ["a", "b"].map(|n| thing(n).with_annotation(&wire::SkipEntitlementsAndGrants {})).into(),
            ),
            "whole entitlements" => {
                next(Page::of_entitlements(vec![member(if ask.token.is_empty() { "a" } else { "b" })]))
            }
            "whole grants" => {
                next(Page::of_grants(vec![holds(if ask.token.is_empty() { "a" } else { "b" })]))
            }
            other => panic!("{other} was asked"),
        })
    });
    fake.with_whole_entitlements("thing").with_whole_grants("thing")
}

#[tokio::test]
async fn type_scoped_entitlements_and_grants_are_one_listing_a_type_whatever_is_to_be_skipped() {
    for skips_type in [false, true] {
        let (questions, stored) = synced(whole_type(skips_type)).await;
        assert_eq!(
            questions,
            [
                "list thing",
                "list user",
                "whole entitlements thing",
                "whole entitlements thing b",
                "whole grants thing",
                "whole grants thing b",
            ]
        );
        assert_eq!(stored.entitlement_ids(), ["thing:a:member", "thing:b:member"]);
        assert_eq!(stored.grant_ids(), ["thing:a:member:user:ada", "thing:b:member:user:ada"]);
    }
}

/// One of the two is listed for the whole type, the other for each resource.
#[tokio::test]
async fn type_scoped_grants_leave_entitlements_to_the_resources() {
    let of_type = marked(plain("thing"), |a| a.append(&wire::TypeScopedGrants {}));
    let fake = Fake::simple([of_type], |ask| {
        Ok(if ask.operation == "list" { Page::of(vec![thing("t")]) } else { Page::empty() })
    });
    let (questions, _) = synced(fake.with_whole_grants("thing")).await;
    assert_eq!(questions, ["list thing", "entitlements thing:t", "whole grants thing"]);
}

/// A single resource of a type that is listed as a whole is not asked by itself.
#[tokio::test]
async fn type_scoped_grants_are_not_asked_in_a_sync_of_some_resources() {
    let of_type = marked(plain("thing"), |a| a.append(&wire::TypeScopedGrants {}));
    let fake = Fake::simple([of_type], |ask| {
        Ok(if ask.operation == "get" { Page::of(vec![thing("t")]) } else { Page::empty() })
    });
    let (fake, place) = (Arc::new(fake.with_whole_grants("thing").targeting("thing")), Place::new());
    let mut options = SyncOptions::new(place.output());
    let resources = vec![connector_model::BidResource { id: id("thing", "t"), parent: None }];
    options.scope = Scope::Resources(Targets { resources, ..Targets::default() });
    run_with(&fake, &options, CancellationToken::new()).await.unwrap();
    assert_eq!(fake.questions(), ["get thing:t", "entitlements thing:t"]);
}

#[test]
fn type_scoped_without_a_method_and_a_method_without_it_are_not_registered() {
    let nothing = |of_type: ResourceType| Fake::simple([of_type], |_| Ok(Page::empty()));
    let entitlements = marked(plain("thing"), |a| a.append(&wire::TypeScopedEntitlements {}));
    let grants = marked(plain("thing"), |a| a.append(&wire::TypeScopedGrants {}));
    let mut refusals = String::new();
    for fake in [
        nothing(entitlements.clone()),
        nothing(grants.clone()),
        nothing(plain("thing")).with_whole_entitlements("thing"),
        nothing(plain("thing")).with_whole_grants("thing"),
        // The one does not stand for the other.
        nothing(entitlements.clone()).with_whole_grants("thing"),
    ] {
        let error = Registry::new(Arc::new(fake)).unwrap_err();
        refusals.push_str(&format!("[{}] {error}\n", error.kind()));
    }
    insta::assert_snapshot!(refusals, @r#"
    [failed precondition] register the connector: the resource type "thing" carries TypeScopedEntitlements, and its syncer does not list for the whole type (connector=Fake)
    [failed precondition] register the connector: the resource type "thing" carries TypeScopedGrants, and its syncer does not list for the whole type (connector=Fake)
    [failed precondition] register the connector: the resource type "thing" lists for the whole type and does not carry TypeScopedEntitlements (connector=Fake)
    [failed precondition] register the connector: the resource type "thing" lists for the whole type and does not carry TypeScopedGrants (connector=Fake)
    [failed precondition] register the connector: the resource type "thing" carries TypeScopedEntitlements, and its syncer does not list for the whole type (connector=Fake)
    "#);
    for fake in
        [nothing(entitlements).with_whole_entitlements("thing"), nothing(grants).with_whole_grants("thing")]
    {
        Registry::new(Arc::new(fake)).unwrap();
    }
}

/// A list that names these further pages on its first one.
fn naming(also: Vec<PageToken>, next: Option<PageToken>) -> Fake {
    Fake::simple([plain("thing").skip_entitlements_and_grants()], move |ask| {
        if !ask.token.is_empty() {
            return Ok(Page::empty());
        }
        let mut page = Page::of(vec![thing("t")]).with_next(next.clone());
        page.also = also.clone();
        Ok(page)
    })
}

fn numbered(count: usize) -> Vec<PageToken> {
    (0..count).map(|n| token(&n.to_string())).collect()
}

/// Tokens of a megabyte, the last of which may be longer.
fn megabytes(count: usize, more: usize) -> Vec<PageToken> {
    let text = |n: usize, len: usize| token(&format!("{}{n:08}", "x".repeat(len - 8)));
    let mut tokens: Vec<_> = (1..count).map(|n| text(n, 1 << 20)).collect();
    tokens.push(text(count, (1 << 20) - 8 + more));
    tokens.push(text(count + 1, 8));
    tokens
}

#[tokio::test]
async fn enqueue_page_tokens_takes_1024_tokens_and_16_mib() {
    let (questions, _) = synced(naming(numbered(1024), None)).await;
    assert_eq!(questions.len(), 1025);
    insta::assert_snapshot!(refused(naming(numbered(1025), None)).await, @"list resources of type thing: a page names 1025 further pages with 2990 bytes of tokens; 1024 and 16777216 bytes are allowed: let further pages name the rest");
    let (questions, _) = synced(naming(megabytes(16, 0), None)).await;
    assert_eq!(questions.len(), 18);
    insta::assert_snapshot!(refused(naming(megabytes(16, 1), None)).await, @"list resources of type thing: a page names 17 further pages with 16777217 bytes of tokens; 1024 and 16777216 bytes are allowed: let further pages name the rest");
}

#[test]
fn enqueue_page_tokens_have_1_byte_to_1_mib() {
    assert!(PageToken::from_raw("").is_err());
    assert!(PageToken::from_raw("x".repeat(1 << 20)).is_ok());
    assert!(PageToken::from_raw("x".repeat((1 << 20) + 1)).is_err());
}

#[tokio::test]
async fn enqueue_page_tokens_refuses_one_that_a_page_names_twice() {
    let twice = vec![token("a"), token("b"), token("a")];
    insta::assert_snapshot!(refused(naming(twice, None)).await, @"list resources of type thing: a page names the same further page twice; this is a bug in the connector (token=a)");
    insta::assert_snapshot!(refused(naming(vec![token("a")], Some(token("a")))).await, @"list resources of type thing: a page names the same further page twice; this is a bug in the connector (token=a)");
}

/// Resources come with a page of grants as rows of their own.
#[tokio::test]
async fn insert_resource_grants_stores_the_resources_of_a_page_of_grants() {
    let fake = Fake::simple([plain("thing"), plain("scope")], |ask| {
        let scope = Resource::new(id("scope", "s"), "Scope").parent(id("thing", "t"));
        let holds = Entitlement::permission(&scope, "holds");
        Ok(match (ask.operation, ask.resource_type.as_str()) {
            ("list", "thing") => Page::of(vec![thing("t")]),
            ("grants", "thing") => Page {
                resources: vec![scope],
                grants: vec![
                    Grant::new(EntitlementRef::from(&holds), id("thing", "t"))
                        .with_annotation(&wire::InsertResourceGrants {}),
                ],
                entitlements: vec![holds],
                ..Page::default()
            },
            _ => Page::empty(),
        })
    });
    let (questions, stored) = synced(fake).await;
    assert_eq!(questions, ["list scope", "list thing", "entitlements thing:t", "grants thing:t"]);
    assert_eq!(stored.resource_ids(), ["scope:s", "thing:t"]);
    let grant = stored.grant("scope:s:holds:thing:t");
    assert!(has::<wire::InsertResourceGrants>(&grant.annotations));
}
