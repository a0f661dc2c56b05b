//! What a sync covers: everything, resources only, types, some resources, nothing.

use std::sync::Arc;

use connector_model::{
    BidResource, Entitlement, EntitlementRef, Error, ErrorKind, Expandable, Grant, Page, Resource,
    StaticEntitlement, wire,
};
use connector_store::{C1z, Completeness, OpenOptions, SyncType};
use connector_sync::{ExternalPrincipals, Scope, Summary, SyncOptions, Targets};
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Ask, Fake, Place, run, run_with},
    id, plain,
    stored::Stored,
    user, user_type,
};

fn group(name: &str) -> Resource {
    Resource::new(id("group", name), name.to_owned())
}

fn member(name: &str) -> Entitlement {
    Entitlement::assignment(&group(name), "member")
}

/// Whoever is in the group `inner` is in the group `g`.
fn nested() -> Grant {
    Grant::new((&member("g")).into(), id("group", "inner")).expanding(Expandable {
        entitlement_ids: vec!["group:inner:member".to_owned()],
        shallow: false,
        resource_type_ids: Vec::new(),
    })
}

/// Users, groups with rooms inside them, a site with grants of its own, and badges that are listed as a whole. All
/// but rooms can be asked for by their ids; whom nobody knows is gone.
fn answer(ask: &Ask) -> connector_model::Result<Page> {
    let of = ask.of.split_once(':').map(|(_, id)| id).unwrap_or_default();
    let admin = EntitlementRef::canonical(&id("site", "s"), "admin");
    Ok(match (ask.operation, ask.resource_type.as_str(), of) {
        ("list", "user", _) => Page::of(["ada", "bob", "eve"].map(user).into()),
        ("list", "group", _) => Page::of(["g", "inner"].map(|n| group(n).with_child_type("room")).into()),
        ("list", "room", "g") => Page::of(vec![Resource::new(id("room", "r"), "R").parent(id("group", "g"))]),
        ("list", "site", _) => Page::of(vec![Resource::new(id("site", "s"), "S")]),
        ("get", "user", "ada" | "bob") => Page::of(vec![user(of).with_child_type("room")]),
        ("get", "group", "g" | "inner") => Page::of(vec![group(of).with_child_type("room")]),
        ("get", "site", "s") => Page::of(vec![Resource::new(id("site", "s"), "S").with_child_type("group")]),
        ("get", ..) => return Err(Error::new(ErrorKind::NotFound, "unknown id")),
        ("entitlements", "group", _) => Page::of_entitlements(vec![member(of)]),
        ("grants", "group", "inner") => {
            Page::of_grants(vec![Grant::new((&member("inner")).into(), id("user", "eve"))])
        }
        ("grants", "group", _) => Page::of_grants(vec![
            Grant::new((&member("g")).into(), id("user", "ada")),
            Grant::new((&member("g")).into(), id("user", "bob")),
            Grant::new((&member("g")).into(), id("user", "ghost")),
            Grant::new(admin, id("user", "ada")),
            nested(),
        ]),
        _ => Page::empty(),
    })
}

fn fake() -> Arc<Fake> {
    let mut badge = plain("badge");
    badge.annotations.append(&wire::TypeScopedGrants {});
    let fake = Fake::simple([user_type(), plain("group"), plain("room"), plain("site"), badge], answer)
        .with_whole_grants("badge")
        .with_static("group", vec![StaticEntitlement::permission("see")]);
    Arc::new(fake.targeting("user").targeting("group").targeting("site"))
}

fn named(resource_type: &'static str, name: &str) -> BidResource {
    BidResource { id: id(resource_type, name), parent: None }
}

async fn scoped(fake: &Arc<Fake>, place: &Place, scope: Scope) -> (Summary, Stored) {
    let options = SyncOptions { scope, ..SyncOptions::new(place.output()) };
    let summary = run_with(fake, &options, CancellationToken::new()).await.unwrap();
    let stored = Stored::of(&place.output(), Some(&summary.sync_id)).await;
    (summary, stored)
}

fn some(resources: Vec<BidResource>) -> Scope {
    Scope::Resources(Targets { resources, ..Targets::default() })
}

#[tokio::test]
async fn a_full_sync_reads_everything() {
    let (fake, place) = (fake(), Place::new());
    let (summary, stored) = scoped(&fake, &place, Scope::Full).await;
    let mut questions = fake.questions();
    questions.sort();
    insta::assert_debug_snapshot!(questions, @r#"
    [
        "entitlements group:g",
        "entitlements group:inner",
        "entitlements room:r",
        "entitlements site:s",
        "grants group:g",
        "grants group:inner",
        "grants room:r",
        "grants site:s",
        "list badge",
        "list group",
        "list group:g",
        "list group:inner",
        "list room",
        "list site",
        "list user",
        "whole grants badge",
    ]
    "#);
    assert_eq!((stored.run.sync_type, summary.completeness), (SyncType::Full, Completeness::Whole));
    assert_eq!(stored.entitlements.len(), 4, "two listed and two declared");
    assert!(stored.grants.contains_key("group:g:member:user:eve"), "expanded");
}

#[tokio::test]
async fn resources_only_reads_lists_and_nothing_else() {
    let (fake, place) = (fake(), Place::new());
    let (summary, stored) = scoped(&fake, &place, Scope::ResourcesOnly).await;
    assert!(fake.questions().iter().all(|q| q.starts_with("list ")), "{:?}", fake.questions());
    assert_eq!(
        stored.resource_ids(),
        ["group:g", "group:inner", "room:r", "site:s", "user:ada", "user:bob", "user:eve"]
    );
    assert!(stored.entitlements.is_empty() && stored.grants.is_empty());
    assert_eq!(
        (stored.run.sync_type, summary.completeness),
        (SyncType::ResourcesOnly, Completeness::Skipped)
    );
    assert!(!stored.run.supports_diff);
}

/// Entitlements and grants on a page of resources are not taken in either.
#[tokio::test]
async fn resources_only_leaves_out_what_a_list_brings_besides() {
    let fake = Arc::new(Fake::simple([plain("group")], |_| {
        Ok(Page {
            entitlements: vec![member("g")],
            grants: vec![Grant::new((&member("g")).into(), id("group", "g"))],
            ..Page::of(vec![group("g")])
        })
    }));
    let (summary, stored) = scoped(&fake, &Place::new(), Scope::ResourcesOnly).await;
    assert!(stored.entitlements.is_empty() && stored.grants.is_empty());
    assert_eq!(summary.warnings, []);
}

#[tokio::test]
async fn some_resources_are_read_with_what_they_are_related_to() {
    let (fake, place) = (fake(), Place::new());
    let (full, _) = scoped(&fake, &place, Scope::Full).await;
    // A later sync that is not full does not become the parent.
    scoped(&fake, &place, Scope::ResourcesOnly).await;
    let before = fake.questions().len();
    let (summary, stored) = scoped(&fake, &place, some(vec![named("group", "g"), named("group", "g")])).await;
    assert_eq!(
        fake.questions()[before..],
        [
            "get group:g",
            "list group:g",
            "entitlements group:g",
            "grants group:g",
            "get user:ada",
            "get user:bob",
            "get user:ghost",
            "get group:inner",
            "get site:s",
        ],
    );
    assert_eq!(stored.run.sync_type, SyncType::Partial);
    assert_eq!(stored.run.parent_sync_id, full.sync_id);
    assert_eq!(stored.resource_ids(), ["group:g", "group:inner", "room:r", "site:s", "user:ada", "user:bob"]);
    assert_eq!(stored.entitlement_ids(), ["group:g:member", "group:g:see"]);
    assert_eq!(stored.grants.len(), 5, "nobody looked into the related group");
    assert!(stored.grants.contains_key("group:g:member:group:inner"));
    assert!(!stored.run.supports_diff && summary.expansion.is_none());
    let gone = "get the resource user:ghost: it was gone when it was asked for".to_owned();
    assert!(summary.warnings.contains(&(gone, 1)), "{:?}", summary.warnings);
    assert_eq!(summary.completeness, Completeness::Skipped);
}

#[tokio::test]
async fn a_sync_of_some_resources_has_no_parent_where_there_is_no_full_one() {
    let place = Place::new();
    let (_, stored) = scoped(&fake(), &place, some(vec![named("user", "ada")])).await;
    assert_eq!((stored.run.parent_sync_id.as_str(), stored.resource_ids()), ("", vec!["user:ada"]));
}

#[tokio::test]
async fn targets_that_can_not_be_had_are_warnings() {
    let targets = vec![named("group", "none"), named("planet", "x"), named("user", "ada")];
    let (summary, stored) = scoped(&fake(), &Place::new(), some(targets)).await;
    insta::assert_debug_snapshot!(summary.warnings, @r#"
    [
        (
            "get the resource group:none: it was gone when it was asked for",
            1,
        ),
        (
            "get the resource planet:x: the sync does not read resources of this type",
            1,
        ),
    ]
    "#);
    assert_eq!(stored.resource_ids(), ["user:ada"]);
}

/// Before anybody signs in: it would be work for nothing, and end in a file that looks like an empty source.
#[tokio::test]
async fn targets_that_the_connector_can_not_get_are_refused() {
    let none = || Arc::new(Fake::simple([user_type(), plain("room")], answer));
    for (fake, targets, says) in [
        (fake(), vec![named("user", "ada"), named("room", "r")], "single resources of the type room"),
        (none(), vec![named("user", "ada")], "single resources of the type user"),
        (none(), vec![named("planet", "x")], "single resources of any type"),
    ] {
        let place = Place::new();
        let options = SyncOptions { scope: some(targets), ..SyncOptions::new(place.output()) };
        let error = run_with(&fake, &options, CancellationToken::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unimplemented, "{error}");
        assert!(error.message().contains(says), "{error}");
        assert_eq!((fake.validated(), fake.asked().len()), (0, 0));
        assert_eq!(place.files(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn targets_of_types_that_are_left_out_are_warnings() {
    let (fake, place) = (fake(), Place::new());
    let mut options = SyncOptions::new(place.output());
    options.scope = some(vec![named("group", "g"), named("user", "ada")]);
    options.resource_types = vec!["user".into()];
    let summary = run_with(&fake, &options, CancellationToken::new()).await.unwrap();
    assert_eq!(fake.questions(), ["get user:ada"]);
    insta::assert_debug_snapshot!(summary.warnings, @r#"
    [
        (
            "get the resource group:g: the sync does not read resources of this type",
            1,
        ),
    ]
    "#);
}

#[tokio::test]
async fn a_target_s_entitlements_and_grants_can_be_left_out() {
    for (neither, no_grants, expected) in [
        (true, false, &["get group:g", "list group:g"][..]),
        (true, true, &["get group:g", "list group:g"][..]),
        (false, true, &["get group:g", "list group:g", "entitlements group:g"]),
    ] {
        let fake = fake();
        let targets = Targets {
            resources: vec![named("group", "g")],
            skip_entitlements_and_grants: neither,
            skip_grants: no_grants,
        };
        let (_, stored) = scoped(&fake, &Place::new(), Scope::Resources(targets)).await;
        assert_eq!(fake.questions(), expected);
        let entitlements: &[_] = if neither { &[] } else { &["group:g:member", "group:g:see"] };
        assert_eq!(stored.entitlement_ids(), entitlements);
        assert_eq!(stored.run.sync_type, SyncType::Partial);
    }
}

#[tokio::test]
async fn another_resource_than_was_asked_for_is_refused() {
    for other in ["bob", "ADA"] {
        let fake = Fake::simple([user_type()], move |_| Ok(Page::of(vec![user(other)]))).targeting("user");
        let place = Place::new();
        let mut options = SyncOptions::new(place.output());
        options.scope = some(vec![named("user", "ada")]);
        let error = run_with(&Arc::new(fake), &options, CancellationToken::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        let text =
            "get the resource user:ada: the connector answered with another resource; this is a bug in it";
        assert_eq!(error.to_string(), format!("{text} (answer=user:{other})"));
        assert_eq!(place.files(), Vec::<String>::new());
    }
}

/// A file with one account and a full sync.
async fn a_directory(place: &Place) -> ExternalPrincipals {
    let directory = Fake::simple([user_type()], |_| Ok(Page::of(vec![user("zoe")])));
    run(&Arc::new(directory), &place.output(), 0).await.unwrap();
    ExternalPrincipals { file: place.output(), entitlement: None, traits: Vec::new() }
}

#[tokio::test]
async fn only_a_full_sync_takes_external_principals() {
    let directory = Place::new();
    let external = a_directory(&directory).await;
    for (scope, there) in [
        (Scope::Full, true),
        (Scope::ResourcesOnly, false),
        (some(vec![named("user", "ada")]), false),
        (Scope::Nothing, false),
    ] {
        let place = Place::new();
        let mut options = SyncOptions::new(place.output());
        (options.scope, options.external) = (scope.clone(), Some(external.clone()));
        let summary = run_with(&fake(), &options, CancellationToken::new()).await.unwrap();
        let stored = Stored::of(&place.output(), Some(&summary.sync_id)).await;
        assert_eq!(stored.resources.contains_key("user:zoe"), there, "{scope:?}");
        assert_eq!(summary.external.is_some(), there, "{scope:?}");
    }
}

#[tokio::test]
async fn nothing_is_an_empty_full_sync_of_a_valid_connector() {
    let (fake, place) = (fake(), Place::new());
    let (summary, stored) = scoped(&fake, &place, Scope::Nothing).await;
    assert_eq!((fake.validated(), fake.questions().len()), (1, 0));
    assert_eq!((stored.run.sync_type.clone(), stored.run.is_finished()), (SyncType::Full, true));
    let rows =
        (stored.resource_types.len(), stored.resources.len(), stored.entitlements.len(), stored.grants.len());
    assert_eq!(rows, (0, 0, 0, 0));
    assert_eq!(summary.completeness, Completeness::Skipped);
    assert_eq!(stored.ledger.summary.state, Completeness::Skipped);
    assert_eq!(stored.lines().len(), 5);
    assert!(
        stored.lines().iter().all(|l| l.ends_with("skipped: nothing was to be read")),
        "{:?}",
        stored.lines()
    );
}

fn of_types(place: &Place, types: &[&'static str]) -> SyncOptions {
    let resource_types = types.iter().map(|t| (*t).into()).collect();
    SyncOptions { resource_types, ..SyncOptions::new(place.output()) }
}

/// A list of groups that brings users, what can be held on both, and who holds it.
fn mixed(expandable: Vec<&'static str>) -> Arc<Fake> {
    Arc::new(Fake::simple([plain("user"), plain("group"), plain("bot")], move |ask| {
        if (ask.operation, ask.resource_type.as_str()) != ("list", "group") {
            return Ok(Page::empty());
        }
        let ada = Resource::new(id("user", "ada"), "Ada");
        let friend = Entitlement::assignment(&ada, "friend");
        let expandable = Expandable {
            entitlement_ids: vec!["group:inner:member".to_owned()],
            shallow: false,
            resource_type_ids: expandable.iter().map(ToString::to_string).collect(),
        };
        Ok(Page {
            entitlements: vec![member("g"), member("inner"), friend.clone()],
            grants: vec![
                Grant::new((&friend).into(), id("group", "g")),
                Grant::new((&member("g")).into(), id("user", "ada")),
                Grant::new((&member("g")).into(), id("user", "bob")),
                Grant::new((&member("g")).into(), id("group", "inner")).expanding(expandable),
            ],
            ..Page::of(vec![group("g"), ada, group("inner")]).with_total(2)
        })
    }))
}

#[tokio::test]
async fn rows_of_types_that_are_left_out_are_left_out_of_mixed_pages() {
    let (fake, place) = (mixed(Vec::new()), Place::new());
    let summary = run_with(&fake, &of_types(&place, &["group"]), CancellationToken::new()).await.unwrap();
    let stored = Stored::read(&place.output()).await;
    assert!(fake.questions().iter().all(|q| q.contains("group")), "{:?}", fake.questions());
    assert_eq!(stored.resource_types.keys().collect::<Vec<_>>(), ["group"]);
    assert_eq!(stored.resource_ids(), ["group:g", "group:inner"]);
    assert_eq!(stored.entitlement_ids(), ["group:g:member", "group:inner:member"]);
    assert_eq!(stored.grant_ids(), ["group:g:member:group:inner"]);
    insta::assert_debug_snapshot!(summary.warnings, @r#"
    [
        (
            "left out: entitlements on resources of type user, which this sync does not read",
            1,
        ),
        (
            "left out: grants on resources of type user, which this sync does not read",
            1,
        ),
        (
            "left out: grants to principals of type user, which this sync does not read",
            1,
        ),
    ]
    "#);
    insta::assert_debug_snapshot!(stored.lines(), @r#"
    [
        "grant-expansion : 1 lists, 0 pages, 0 rows, whole",
        "list-resources bot: 1 lists, 0 pages, 0 rows, skipped: the type was not among those to be read",
        "list-resources group: 1 lists, 1 pages, 2 of 2 rows, 4 dropped, whole: left out: entitlements on resources of type user, which this sync does not read; left out: grants to principals of type user, which this sync does not read; left out: grants on resources of type user, which this sync does not read",
        "list-entitlements group: 1 lists, 2 pages, 0 rows, whole",
        "list-grants group: 1 lists, 2 pages, 0 rows, whole",
        "list-resources user: 1 lists, 0 pages, 0 rows, skipped: the type was not among those to be read",
    ]
    "#);
    assert_eq!(summary.completeness, Completeness::Skipped);
}

#[tokio::test]
async fn expansions_are_narrowed_to_the_types_that_are_read() {
    for (types, read, expected) in [
        (vec!["user", "bot"], &["group", "user", "bot"][..], Some(vec!["user", "bot"])),
        (vec!["user", "bot"], &["group", "user"], Some(vec!["user"])),
        // An empty list would mean every type.
        (vec!["bot"], &["group", "user"], None),
        (vec![], &["group", "user"], Some(vec![])),
    ] {
        let place = Place::new();
        let options = of_types(&place, read);
        run_with(&mixed(types.clone()), &options, CancellationToken::new()).await.unwrap();
        let stored = Stored::read(&place.output()).await;
        let row = &stored.grants["group:g:member:group:inner"];
        let expansion = row.expansion.as_deref().map(|e| wire::GrantExpandable::decode(e).unwrap());
        let left = expansion.map(|e| e.resource_type_ids);
        let expected = expected.map(|types| types.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(left, expected, "{types:?} {read:?}");
        assert_eq!(row.needs_expansion, expected.is_some());
    }
}

#[tokio::test]
async fn a_type_that_nobody_registered_is_refused_before_any_call() {
    let (fake, place) = (fake(), Place::new());
    let options = of_types(&place, &["group", "planet"]);
    let error = run_with(&fake, &options, CancellationToken::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    insta::assert_snapshot!(error, @r#"choose resource types: the connector has no resource type "planet"; it has badge, group, room, site, user"#);
    assert_eq!((fake.validated(), fake.questions().len(), place.files().len()), (0, 0, 0));
}

/// The type of a sync of some resources does not count as a full one: the last of these stays.
#[tokio::test]
async fn syncs_that_are_not_full_keep_the_full_one() {
    let (fake, place) = (fake(), Place::new());
    let (full, _) = scoped(&fake, &place, Scope::Full).await;
    for _ in 0..3 {
        scoped(&fake, &place, some(vec![named("user", "ada")])).await;
        let file = C1z::open(&place.output(), &OpenOptions::default()).await.unwrap();
        assert_eq!(file.default_sync().await.unwrap().unwrap().id, full.sync_id);
    }
}
