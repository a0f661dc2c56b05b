//! What the file says of its own completeness.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use connector_model::{
    BidResource, Entitlement, Error, ErrorKind, Expandable, Grant, Page, Resource, Result, StaticEntitlement,
    TraitKind, wire,
};
use connector_store::{Completeness, LedgerTotal};
use connector_sync::{
    Checkpoints, Event, ExternalPrincipals, LedgerLine, Observer, Scope, Summary, SyncOptions, Targets,
};
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Ask, Fake, Place, run, run_with},
    id, plain,
    stored::Stored,
    token, user, user_type,
};

fn group(name: &str) -> Resource {
    Resource::new(id("group", name), name.to_owned())
}

fn member(name: &str) -> Entitlement {
    Entitlement::assignment(&group(name), "member")
}

/// Four users on two pages, with their total; two groups, one of which has a room inside; members on two pages.
fn answer(ask: &Ask) -> Page {
    let of = ask.of.split_once(':').map(|(_, id)| id).unwrap_or_default();
    match (ask.operation, ask.resource_type.as_str(), ask.token.as_str()) {
        ("list", "user", "") => {
            Page::of(["u1", "u2"].map(user).into()).with_total(4).with_next(Some(token("2")))
        }
        ("list", "user", _) => Page::of(["u3", "u4"].map(user).into()).with_total(4),
        ("list", "group", _) => Page::of(vec![group("g").with_child_type("room"), group("h")]),
        ("list", "room", _) if !of.is_empty() => Page::of(vec![Resource::new(id("room", "r"), "R")]),
        ("entitlements", "group", _) => Page::of_entitlements(vec![member(of)]),
        ("grants", "group", "") => {
            let inner = Expandable {
                entitlement_ids: vec!["group:h:member".to_owned()],
                shallow: false,
                resource_type_ids: Vec::new(),
            };
            let mut grants = vec![Grant::new((&member(of)).into(), id("user", "u1"))];
            if of == "g" {
                grants.push(Grant::new((&member("g")).into(), id("group", "h")).expanding(inner));
            }
            Page::of_grants(grants).with_next(Some(token("m")))
        }
        ("grants", "group", _) if of == "h" => {
            Page::of_grants(vec![Grant::new((&member("h")).into(), id("user", "u2"))])
        }
        _ => Page::empty(),
    }
}

fn types() -> [connector_model::ResourceType; 3] {
    [user_type(), plain("group"), plain("room")]
}

fn declared() -> Vec<StaticEntitlement> {
    vec![StaticEntitlement::permission("see")]
}

fn site() -> Fake {
    Fake::simple(types(), |ask| Ok(answer(ask))).with_static("group", declared())
}

async fn synced(fake: Fake, change: impl FnOnce(&mut SyncOptions)) -> (Summary, Stored) {
    let place = Place::new();
    let mut options = SyncOptions::new(place.output());
    change(&mut options);
    let summary = run_with(&Arc::new(fake), &options, CancellationToken::new()).await.unwrap();
    let stored = Stored::read(&place.output()).await;
    agree(&summary, &stored);
    (summary, stored)
}

/// The summary says what the file says.
fn agree(summary: &Summary, stored: &Stored) {
    let line = |t: &LedgerTotal| LedgerLine {
        resource_type: t.resource_type.clone(),
        operation: t.operation.as_str().to_owned(),
        pages: t.pages,
        rows: t.rows,
        expected: t.expected,
        dropped: t.dropped,
        state: t.state,
        reason: Some(t.reason.clone()).filter(|r| !r.is_empty()),
    };
    let lines: Vec<_> = stored.ledger.totals.iter().map(line).collect();
    assert_eq!(summary.ledger, lines);
    assert_eq!(summary.completeness, stored.ledger.summary.state);
    assert_eq!(summary.pages, stored.ledger.summary.pages - static_pages(stored));
}

/// Declarations are no pages of the connector to the summary.
fn static_pages(stored: &Stored) -> u64 {
    let of = |t: &&LedgerTotal| t.operation == connector_store::LedgerOperation::ListStaticEntitlements;
    stored.ledger.totals.iter().filter(of).map(|t| t.pages).sum()
}

#[tokio::test]
async fn what_was_read_as_a_whole() {
    let (summary, stored) = synced(site(), |_| {}).await;
    insta::assert_debug_snapshot!(stored.lines(), @r#"
    [
        "grant-expansion : 1 lists, 0 pages, 1 rows, whole",
        "list-resources group: 1 lists, 1 pages, 2 rows, whole",
        "list-static-entitlements group: 1 lists, 1 pages, 2 rows, whole",
        "list-entitlements group: 1 lists, 2 pages, 2 rows, whole",
        "list-grants group: 1 lists, 4 pages, 4 rows, whole",
        "list-resources room: 2 lists, 2 pages, 1 rows, whole",
        "list-entitlements room: 1 lists, 1 pages, 0 rows, whole",
        "list-grants room: 1 lists, 1 pages, 0 rows, whole",
        "list-resources user: 1 lists, 2 pages, 4 of 4 rows, whole",
    ]
    "#);
    assert_eq!((summary.completeness, summary.warnings.len()), (Completeness::Whole, 0));
}

#[tokio::test]
async fn what_was_not_to_be_expanded_is_skipped() {
    let (summary, stored) = synced(site(), |o| o.expand = false).await;
    let line = "grant-expansion : 1 lists, 0 pages, 0 rows, skipped: grants were not to be expanded";
    assert!(stored.lines().contains(&line.to_owned()), "{:?}", stored.lines());
    assert_eq!(summary.completeness, Completeness::Skipped);
    assert_eq!(stored.ledger.summary.reason, "grant-expansion: grants were not to be expanded");
    assert!(!stored.run.supports_diff && stored.grants.len() == 4);
}

/// What a narrower sync does not read, in the words of the ledger.
#[tokio::test]
async fn what_a_scope_leaves_out_is_skipped() {
    let some = |skip_grants| {
        let resources = vec![BidResource { id: id("group", "h"), parent: None }];
        Scope::Resources(Targets { resources, skip_grants, ..Targets::default() })
    };
    let mut told = String::new();
    for (name, scope) in [
        ("resources only", Scope::ResourcesOnly),
        ("some", some(false)),
        ("some, no grants", some(true)),
        ("nothing", Scope::Nothing),
    ] {
        let get = |ask: &Ask| if ask.operation == "get" { Page::of(vec![group("h")]) } else { answer(ask) };
        let fake = Fake::simple(types(), move |ask| Ok(get(ask))).targeting("group");
        let (summary, stored) = synced(fake, |o| o.scope = scope).await;
        assert_eq!(summary.completeness, Completeness::Skipped);
        told.push_str(&format!("{name}:\n  {}\n", stored.lines().join("\n  ")));
    }
    insta::assert_snapshot!(told, @r#"
    resources only:
      list-resources group: 1 lists, 1 pages, 2 rows, whole
      list-entitlements group: 1 lists, 0 pages, 0 rows, skipped: entitlements were not to be read
      list-grants group: 1 lists, 0 pages, 0 rows, skipped: grants were not to be read
      list-resources room: 2 lists, 2 pages, 1 rows, whole
      list-entitlements room: 1 lists, 0 pages, 0 rows, skipped: entitlements were not to be read
      list-grants room: 1 lists, 0 pages, 0 rows, skipped: grants were not to be read
      list-resources user: 1 lists, 2 pages, 4 of 4 rows, whole
      list-entitlements user: 1 lists, 0 pages, 0 rows, skipped: entitlements were not to be read
      list-grants user: 1 lists, 0 pages, 0 rows, skipped: grants were not to be read
    some:
      grant-expansion : 1 lists, 0 pages, 0 rows, skipped: only some resources were to be read
      list-resources group: 1 lists, 0 pages, 0 rows, skipped: only some resources were to be read
      list-entitlements group: 1 lists, 1 pages, 1 rows, whole
      list-grants group: 1 lists, 2 pages, 2 rows, whole
      targeted-resource-sync group: 1 lists, 1 pages, 1 rows, whole
      list-resources room: 1 lists, 0 pages, 0 rows, skipped: only some resources were to be read
      list-resources user: 1 lists, 0 pages, 0 rows, skipped: only some resources were to be read
    some, no grants:
      list-resources group: 1 lists, 0 pages, 0 rows, skipped: only some resources were to be read
      list-entitlements group: 1 lists, 1 pages, 1 rows, whole
      list-grants group: 1 lists, 0 pages, 0 rows, skipped: grants were not to be read
      targeted-resource-sync group: 1 lists, 1 pages, 1 rows, whole
      list-resources room: 1 lists, 0 pages, 0 rows, skipped: only some resources were to be read
      list-grants room: 1 lists, 0 pages, 0 rows, skipped: grants were not to be read
      list-resources user: 1 lists, 0 pages, 0 rows, skipped: only some resources were to be read
      list-grants user: 1 lists, 0 pages, 0 rows, skipped: grants were not to be read
    nothing:
      list-resources group: 1 lists, 0 pages, 0 rows, skipped: nothing was to be read
      list-resources room: 1 lists, 0 pages, 0 rows, skipped: nothing was to be read
      list-resources user: 1 lists, 0 pages, 0 rows, skipped: nothing was to be read
    "#);
}

#[tokio::test]
async fn external_principals_have_a_row() {
    let directory = Place::new();
    run(
        &Arc::new(Fake::simple([user_type()], |_| Ok(Page::of(["zoe", "yan"].map(user).into())))),
        &directory.output(),
        0,
    )
    .await
    .unwrap();
    let fake = Fake::simple([plain("group")], |ask| {
        let carrier = |n: &str| {
            let meant = wire::ExternalResourceMatchId { id: n.to_owned() };
            Grant::new((&member("g")).into(), id("user", n)).with_annotation(&meant)
        };
        Ok(match ask.operation {
            "list" => Page { entitlements: vec![member("g")], ..Page::of(vec![group("g")]) },
            "grants" => Page::of_grants(vec![carrier("zoe"), carrier("nobody")]),
            _ => Page::empty(),
        })
    });
    let external =
        ExternalPrincipals { file: directory.output(), entitlement: None, traits: vec![TraitKind::User] };
    let (_, stored) = synced(fake, |o| o.external = Some(external)).await;
    // Two accounts, and the grant to one of them.
    let line = "list-external-resources : 1 lists, 0 pages, 3 rows, whole";
    assert!(stored.lines().contains(&line.to_owned()), "{:?}", stored.lines());
}

#[tokio::test]
async fn a_list_has_a_row_for_each_parent() {
    let fake = Fake::simple([plain("site"), plain("room")], |ask| {
        let site = |n: &str| Resource::new(id("site", n), n.to_owned()).with_child_type("room");
        Ok(match (ask.operation, ask.resource_type.as_str(), ask.of.as_str()) {
            ("list", "site", _) => Page::of(["a", "b"].map(site).into()),
            ("list", "room", "site:a") => Page::of(vec![Resource::new(id("room", "1"), "R")]).with_total(1),
            ("list", "room", "site:b") => return Err(Error::new(ErrorKind::Unavailable, "no answer")),
            _ => Page::empty(),
        })
    });
    let (_, stored) = synced(fake, |o| o.allow_incomplete = true).await;
    let rooms = stored.lines().into_iter().find(|l| l.starts_with("list-resources room")).unwrap();
    insta::assert_snapshot!(rooms, @"list-resources room: 3 lists, 2 pages, 1 rows, incomplete: site:b: list resources of site:b: no answer");
}

/// A read that fails: which one, and how.
#[derive(Clone, Copy, Debug)]
enum Broken {
    Error(ErrorKind),
    Panic,
    Hangs,
}

/// The site, one of whose answers is broken.
fn broken(operation: &'static str, of: &'static str, at: &'static str, how: Broken) -> Fake {
    Fake::new(types(), move |ask, _| {
        Box::pin(async move {
            let about = if ask.of.is_empty() { &ask.resource_type } else { &ask.of };
            if (ask.operation, about.as_str(), ask.token.as_str()) != (operation, of, at) {
                return Ok(answer(&ask));
            }
            match how {
                Broken::Error(kind) => Err(Error::new(kind, "the source is broken")),
                Broken::Panic => panic!("index out of range"),
                Broken::Hangs => std::future::pending().await,
            }
        })
    })
    .with_static("group", declared())
}

const UNAVAILABLE: Broken = Broken::Error(ErrorKind::Unavailable);

/// Whichever read fails, the file is written and says which, and is not written where nobody allowed it.
#[tokio::test]
async fn a_read_that_fails_makes_an_incomplete_sync_or_none() {
    let mut lines = String::new();
    for (operation, of, at, how) in [
        ("list", "user", "", UNAVAILABLE),
        ("list", "user", "2", UNAVAILABLE),
        ("list", "group", "", Broken::Error(ErrorKind::NotFound)),
        ("list", "group:g", "", Broken::Error(ErrorKind::PermissionDenied)),
        ("entitlements", "group:g", "", UNAVAILABLE),
        ("grants", "group:g", "", UNAVAILABLE),
        ("grants", "group:g", "m", Broken::Error(ErrorKind::NotFound)),
        ("grants", "group:h", "", Broken::Panic),
        ("grants", "group:h", "m", Broken::Hangs),
    ] {
        let fail = || broken(operation, of, at, how);
        lines.push_str(&check_incomplete(&format!("{operation} {of} {at} {how:?}"), fail).await);
    }
    insta::assert_snapshot!(lines, @r#"
    list-resources user: 1 lists, 0 pages, 0 rows, incomplete: list resources of type user: the source is broken
    list-resources user: 1 lists, 1 pages, 2 of 4 rows, incomplete: list resources of type user: the source is broken
    list-resources group: 1 lists, 0 pages, 0 rows, incomplete: list resources of type group: the source is broken
    list-resources room: 2 lists, 1 pages, 0 rows, incomplete: group:g: list resources of group:g: the source is broken
    list-entitlements group: 1 lists, 1 pages, 1 rows, incomplete: list entitlements of group:g: the source is broken
    list-grants group: 1 lists, 2 pages, 2 rows, incomplete: list grants of group:g: the source is broken
    list-grants group: 1 lists, 3 pages, 4 rows, incomplete: list grants of group:g: the source is broken
    list-grants group: 1 lists, 2 pages, 2 rows, incomplete: list grants of group:h: the connector panicked, which is a bug in it: index out of range
    list-grants group: 1 lists, 3 pages, 3 rows, incomplete: list grants of group:h: the connector did not answer within 0.2 s, and the call was given up
    "#);
}

/// Runs a broken site both ways, and gives what the ledger says of it.
async fn check_incomplete(what: &str, fake: impl Fn() -> Fake) -> String {
    let place = Place::new();
    let mut options = SyncOptions::new(place.output());
    options.call_limit = Duration::from_millis(200);
    let error = run_with(&Arc::new(fake()), &options, CancellationToken::new()).await.unwrap_err();
    assert!(!place.output().exists(), "{what}: nothing is written");
    let place = Place::new();
    let mut options = SyncOptions { allow_incomplete: true, ..SyncOptions::new(place.output()) };
    options.call_limit = Duration::from_millis(200);
    let summary = run_with(&Arc::new(fake()), &options, CancellationToken::new()).await.unwrap();
    let stored = Stored::read(&place.output()).await;
    agree(&summary, &stored);
    assert_eq!(summary.completeness, Completeness::Incomplete, "{what}");
    let warned = summary
        .warnings
        .iter()
        .any(|(w, _)| *w == format!("not read, and the sync is incomplete without it: {error}"));
    assert!(warned, "{what}: {:?}", summary.warnings);
    let incomplete: Vec<_> = stored.lines().into_iter().filter(|l| l.contains("incomplete")).collect();
    assert_eq!(incomplete.len(), 1, "{what}: {incomplete:?}");
    assert!(incomplete[0].contains(&error.to_string()), "{what}: {error} is not in {incomplete:?}");
    format!("{}\n", incomplete[0])
}

#[tokio::test]
async fn a_declaration_that_fails_makes_an_incomplete_sync_or_none() {
    let mut lines = String::new();
    for how in [UNAVAILABLE, Broken::Panic, Broken::Hangs] {
        let fail = || {
            site().with_statics("group", move || {
                Box::pin(async move {
                    match how {
                        Broken::Error(kind) => Err(Error::new(kind, "the source is broken")),
                        Broken::Panic => panic!("index out of range"),
                        Broken::Hangs => std::future::pending().await,
                    }
                })
            })
        };
        lines.push_str(&check_incomplete(&format!("{how:?}"), fail).await);
    }
    insta::assert_snapshot!(lines, @r#"
    list-static-entitlements group: 1 lists, 0 pages, 0 rows, incomplete: list static entitlements of type group: the source is broken
    list-static-entitlements group: 1 lists, 0 pages, 0 rows, incomplete: list static entitlements of type group: the connector panicked, which is a bug in it: index out of range
    list-static-entitlements group: 1 lists, 0 pages, 0 rows, incomplete: list static entitlements of type group: the connector did not answer within 0.2 s, and the call was given up
    "#);
}

/// A list that announces a hundred users and brings three, whenever it is read.
#[tokio::test]
async fn a_list_that_drifts_twice_with_many_missing_makes_an_incomplete_sync_or_none() {
    let fake =
        || Fake::simple([user_type()], |_| Ok(Page::of(["a", "b", "c"].map(user).into()).with_total(100)));
    let place = Place::new();
    let error = run(&Arc::new(fake()), &place.output(), 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    let (_, stored) = synced(fake(), |o| o.allow_incomplete = true).await;
    insta::assert_debug_snapshot!(stored.lines(), @r#"
    [
        "grant-expansion : 1 lists, 0 pages, 0 rows, whole",
        "list-resources user: 1 lists, 2 pages, 3 of 100 rows, incomplete: list resources of type user: the source was read twice, and both times rows were missing: 3 rows came, 100 were announced",
    ]
    "#);
}

/// A few rows that are missing twice may be a count that lags: a warning, and a state of its own.
#[tokio::test]
async fn a_list_that_drifts_a_little_is_short_and_tells_its_numbers() {
    let fake = Fake::simple([user_type()], |_| Ok(Page::of(["a", "b", "c"].map(user).into()).with_total(4)));
    let (summary, stored) = synced(fake, |_| {}).await;
    let line = "list-resources user: 1 lists, 2 pages, 3 of 4 rows, short: list resources of type user: the source \
                says 4, and 3 came, twice";
    assert_eq!(stored.lines()[1..], [line]);
    assert_eq!((summary.completeness, summary.warnings.len()), (Completeness::Short, 2));
}

/// What a page leaves out on purpose is expected and not there.
#[tokio::test]
async fn rows_that_are_left_out_are_expected() {
    let fake = Fake::simple([user_type()], |_| {
        Ok(Page { left_out: 1, ..Page::of(["a", "b", "c"].map(user).into()).with_total(4) })
    });
    let (summary, stored) = synced(fake, |_| {}).await;
    assert_eq!(stored.lines()[1..], ["list-resources user: 1 lists, 1 pages, 3 of 4 rows, whole"]);
    assert_eq!(summary.warnings, []);
}

/// A list that lost a page is not read again because rows are missing: they are those of the page.
#[tokio::test]
async fn a_list_that_lost_a_page_is_read_once() {
    for lost in ["1", "2", "3"] {
        let fake = Arc::new(Fake::simple([user_type()], move |ask| {
            if ask.token == lost {
                return Err(Error::new(ErrorKind::Unavailable, "no answer"));
            }
            let mut page = Page::of(vec![user(&format!("u{}", ask.token))]).with_total(4);
            if ask.token.is_empty() {
                page.also = ["1", "2", "3"].map(token).into();
            }
            Ok(page)
        }));
        let place = Place::new();
        let options = SyncOptions { allow_incomplete: true, ..SyncOptions::new(place.output()) };
        let summary = run_with(&fake, &options, CancellationToken::new()).await.unwrap();
        assert_eq!(fake.asked().len(), 4, "{:?}", fake.questions());
        let line = &summary.ledger[1];
        assert_eq!((line.pages, line.rows, line.expected), (3, 3, Some(4)));
        assert_eq!((line.state, summary.warnings.len()), (Completeness::Incomplete, 1));
    }
}

/// A chain of pages that leads back into itself is a read that fails, too.
#[tokio::test]
async fn a_list_that_never_ends_makes_an_incomplete_sync() {
    let pages = AtomicUsize::new(0);
    let fake = Fake::simple([user_type()], move |ask| {
        let next = if ask.token == "1" { "2" } else { "1" };
        let row = user(&format!("u{}", pages.fetch_add(1, Ordering::SeqCst)));
        Ok(Page::of(vec![row]).with_next(Some(token(next))))
    });
    let (_, stored) = synced(fake, |o| o.allow_incomplete = true).await;
    assert_eq!(stored.resources.len(), 4);
    insta::assert_snapshot!(stored.lines()[1], @"list-resources user: 1 lists, 4 pages, 4 rows, incomplete: list resources of type user: a page token came again, so the listing would never end; this is a bug in the connector (page=4, token=2)");
}

/// Many resources that are gone are not gone: something is wrong with the source.
#[tokio::test]
async fn many_that_are_gone_are_missing() {
    let fake = Fake::simple([plain("group")], |ask| match ask.operation {
        "list" => Ok(Page::of((0..30).map(|n| group(&format!("{n:02}"))).collect())),
        "grants" => Err(Error::new(ErrorKind::NotFound, "no such group")),
        _ => Ok(Page::empty()),
    });
    let (summary, stored) = synced(fake, |o| o.allow_incomplete = true).await;
    assert_eq!(summary.completeness, Completeness::Incomplete);
    let grants = stored.lines().into_iter().find(|l| l.starts_with("list-grants")).unwrap();
    assert!(grants.contains("incomplete: list grants of group:"), "{grants}");
    let gone =
        summary.warnings.iter().filter(|(w, _)| w.ends_with("it was gone when it was asked for")).count();
    // The list and thirty questions for entitlements were answered, so ten are always gone and no tenth more.
    assert_eq!((gone, summary.warnings.len()), (10, 30));
}

#[tokio::test]
async fn one_that_is_gone_leaves_the_sync_whole() {
    for (operation, of) in [("entitlements", "group:g"), ("grants", "group:g"), ("list", "group:g")] {
        let fake = broken(operation, of, "", Broken::Error(ErrorKind::NotFound));
        let (summary, _) = synced(fake, |_| {}).await;
        assert_eq!(summary.completeness, Completeness::Whole, "{operation} {of}");
        let gone = |w: &str| w.contains("of group:g: it was gone when it was asked for");
        assert!(summary.warnings.iter().any(|(w, _)| gone(w)), "{:?}", summary.warnings);
    }
}

/// Where nothing can be read there is nothing to write, whatever is allowed.
#[tokio::test]
async fn a_sync_that_read_nothing_fails_even_if_it_may_be_incomplete() {
    let place = Place::new();
    run(&Arc::new(site()), &place.output(), 1).await.unwrap();
    let before = std::fs::read(place.output()).unwrap();
    let fake = Fake::simple(types(), |_| Err(Error::new(ErrorKind::Unauthenticated, "token expired")));
    let options = SyncOptions { allow_incomplete: true, ..SyncOptions::new(place.output()) };
    let error = run_with(&Arc::new(fake), &options, CancellationToken::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    insta::assert_snapshot!(error.report(), @r#"
    nothing at all could be read, so there is nothing to write; the old file is untouched
      because: list resources of type group: token expired
    "#);
    assert_eq!(std::fs::read(place.output()).unwrap(), before);
    assert_eq!(place.files(), ["sync.c1z"]);
    // One page is enough.
    let fake = broken("list", "user", "", Broken::Error(ErrorKind::Unauthenticated));
    let (summary, _) = synced(fake, |o| o.allow_incomplete = true).await;
    assert_eq!(summary.completeness, Completeness::Incomplete);
}

/// Cancels a run at one of its checkpoints.
struct StopAt(CancellationToken, AtomicUsize);

impl Observer for StopAt {
    fn event(&self, event: &Event) {
        if matches!(event, Event::Committed { .. }) && self.1.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.cancel();
        }
    }
}

/// A run from which page on it fails, in a site that is incomplete besides and has rows to drop.
async fn stopped_at(place: &Place, checkpoint: usize) -> Result<Summary> {
    let fake = Fake::simple(types(), |ask| match (ask.operation, ask.of.as_str()) {
        ("entitlements", "group:h") => Err(Error::new(ErrorKind::Unavailable, "no answer")),
        _ => Ok(answer(ask)),
    });
    let mut options = SyncOptions { allow_incomplete: true, ..SyncOptions::new(place.output()) };
    options.workers = connector_sync::Workers::from_flag(1);
    options.resource_types = vec!["group".into(), "room".into()];
    options.checkpoints = Checkpoints { rows: 1, every: Duration::from_secs(3600) };
    let registry = connector_model::Registry::new(Arc::new(fake.with_static("group", declared()))).unwrap();
    let cancel = CancellationToken::new();
    let stop = Arc::new(StopAt(cancel.clone(), AtomicUsize::new(checkpoint)));
    connector_sync::sync(&registry, &options, stop, cancel).await
}

#[tokio::test]
async fn a_run_that_is_gone_on_with_has_the_ledger_of_one_that_was_not() {
    let place = Place::new();
    let summary = stopped_at(&place, usize::MAX).await.unwrap();
    let whole = Stored::read(&place.output()).await;
    agree(&summary, &whole);
    let (dropped, incomplete) = (whole.ledger.summary.dropped, whole.ledger.summary.incomplete);
    assert_eq!((dropped, incomplete), (3, 1), "{:?}", whole.lines());
    let mut resumed = BTreeSet::new();
    for checkpoint in (1..).step_by(3) {
        let place = Place::new();
        if stopped_at(&place, checkpoint).await.is_ok() {
            break;
        }
        let summary = stopped_at(&place, usize::MAX).await.unwrap();
        resumed.insert(summary.resumed);
        let stored = Stored::read(&place.output()).await;
        agree(&summary, &stored);
        assert_eq!(stored.ledger, whole.ledger, "checkpoint {checkpoint}");
    }
    assert!(resumed.contains(&true), "some were gone on with");
}
