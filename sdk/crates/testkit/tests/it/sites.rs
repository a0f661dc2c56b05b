//! Sites without faults: the engine reads every page once and the file holds
//! the truth, whatever the number of workers; and a file that does not is
//! told.

use std::{panic::AssertUnwindSafe, sync::Arc};

use connector_graph::{ExpandOptions, expand_file};
use connector_model::{BidResource, Entitlement, ErrorKind, Grant, Registry, Resource, ResourceType};
use connector_sync::{Scope, Silent, SyncOptions, Targets};
use connector_testkit::scripted::{
    At, Fault, Operation, Outcome, Paging, Scenario, Schedule, Scripted, Sizes, Truth, When, assert_holds,
    assert_holds_truth,
};
use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

use crate::{assert_collected, id, run};

/// What was asked, `validate` aside, in order of identity.
fn asked(connector: &Scripted) -> Vec<(At, usize)> {
    let asked = connector.journal().asked().into_iter().map(|ask| (ask.at, ask.page));
    let mut asked: Vec<_> = asked.filter(|(at, _)| at.operation != Operation::Validate).collect();
    asked.sort();
    asked
}

fn expected(scenario: &Scenario) -> Vec<(At, usize)> {
    let mut asks = scenario.asks();
    asks.sort();
    asks
}

#[tokio::test]
async fn the_small_site_comes_whole_at_any_number_of_workers() {
    let scenario = Scenario::small();
    for workers in [1, 2, 8] {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("sync.c1z");
        let connector = Scripted::new(scenario.clone());
        let summary = run(&connector, &output, workers).await.unwrap();
        assert_collected(&output, &scenario).await;
        assert_eq!(asked(&connector), expected(&scenario));
        assert_eq!(connector.journal().asked_again(), []);
        assert!(connector.journal().most_in_flight() <= workers.unsigned_abs() as usize);
        let warnings: Vec<_> = summary.warnings.iter().map(|(text, n)| format!("{n} × {text}")).collect();
        insta::assert_debug_snapshot!("warnings_of_the_small_site", warnings);
    }
}

/// What the small site is made of, so that nobody takes a piece away unseen.
#[test]
fn the_small_site_is_small_and_complete() {
    let scenario = Scenario::small();
    let truth = scenario.truth();
    let asks = scenario.asks();
    assert!(asks.len() <= 60, "{} pages", asks.len());
    let mut text = String::new();
    for (at, _) in asks.iter().filter(|(_, page)| *page == 0) {
        text.push_str(&format!("{at}: {}\n", scenario.pages(at)));
    }
    for rows in [&truth.resources, &truth.entitlements, &truth.grants] {
        text.push_str(&format!("\n{}\n", rows.keys().cloned().collect::<Vec<_>>().join("\n")));
    }
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn generated_sites_come_whole() {
    for seed in 0..4 {
        let sizes = Sizes { page: 1 + seed as usize * 3, ..Sizes::default() };
        let scenario = Scenario::generated(seed, &sizes);
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("sync.c1z");
        // Every page takes another number of turns, so pages overtake each other.
        let turns = Schedule::new((0..3).map(|page| {
            When::every(Operation::List)
                .page(page)
                .fault(Fault::Delay((seed as u32 * 7 + page as u32 * 5) % 11))
        }));
        let connector = Scripted::new(scenario.clone()).with_schedule(&turns);
        run(&connector, &output, 1 + seed as i64 % 4).await.unwrap();
        assert_collected(&output, &scenario).await;
        assert_eq!(asked(&connector), expected(&scenario), "seed {seed}");
        turns.finish();
    }
}

#[test]
fn a_seed_always_gives_the_same_site_and_another_one_another() {
    let of = |seed| Scenario::generated(seed, &Sizes::default()).truth();
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
    let none = Sizes { users: 0, groups: 0, members: 0, nested: 0, projects: 0, page: 0 };
    assert_eq!(Scenario::generated(1, &none).truth().resources.len(), 0);
}

/// One violation of each kind is planted, and each is told.
#[tokio::test]
async fn a_file_that_does_not_hold_the_truth_is_told() {
    let room = |name: &str| Resource::new(id("room", "1"), name.to_owned());
    let mut scenario = Scenario::new([ResourceType::new("room", "Room")]);
    let enter = Entitlement::permission(&room("Blue"), "enter");
    scenario.grant(Grant::new((&enter).into(), id("room", "1")));
    scenario.resource(room("Blue")).entitlement(enter.clone());
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("sync.c1z");
    run(&Scripted::new(scenario.clone()), &output, 1).await.unwrap();
    assert_collected(&output, &scenario).await;

    let truth = scenario.truth();
    let mut missing = truth.clone();
    missing.put(Resource::new(id("room", "2"), "Red"));
    let mut extra = truth.clone();
    extra.grants.clear();
    let mut other = truth.clone();
    other.put(room("Green"));
    let mut expansion = truth.clone();
    expansion.put(Grant::new((&enter).into(), id("room", "1")).expanding(connector_model::Expandable {
        entitlement_ids: vec!["room:1:enter".to_owned()],
        shallow: false,
        resource_type_ids: Vec::new(),
    }));
    let mut resource_type = truth;
    resource_type.resource_types.clear();
    for (truth, sentence) in [
        (missing, "missing resource room:2"),
        (extra, "extra grant room:1:enter:room:1"),
        (other, "other resource room:1"),
        (expansion, "other grant room:1:enter:room:1"),
        (resource_type, "extra resource type room"),
    ] {
        assert!(
            truth.differences(&Truth::held(&output).await.unwrap())[0].starts_with(sentence),
            "{sentence}"
        );
        let failed = AssertUnwindSafe(assert_holds(&output, &truth)).catch_unwind().await.unwrap_err();
        let text = failed.downcast_ref::<String>().unwrap();
        assert!(text.contains("1 rows differ") && text.contains(sentence), "{text}");
    }
}

/// Expansion of the real engine against the naive one.
#[tokio::test]
async fn expanded_grants_are_those_of_the_truth() {
    let mut scenarios = vec![Scenario::small()];
    scenarios.extend((0..4).map(|seed| Scenario::generated(seed, &Sizes { nested: 20, ..Sizes::default() })));
    for scenario in scenarios {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("sync.c1z");
        run(&Scripted::new(scenario.clone()), &output, 8).await.unwrap();
        let options = ExpandOptions::default();
        expand_file(&output, &output, &options, &|_| {}, CancellationToken::new()).await.unwrap();
        assert_holds_truth(&output, &scenario).await.unwrap();
        assert!(scenario.truth().grants.len() > scenario.collected().grants.len());
    }
}

/// A single resource is as the last page of its list has it.
#[tokio::test]
async fn single_resources_are_asked_for_by_their_id() {
    let connector = Scripted::new(Scenario::small());
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("sync.c1z");
    run(&connector, &output, 8).await.unwrap();
    let targets = ["2", "ghost"].map(|user| BidResource { id: id("user", user), parent: None });
    let mut options = SyncOptions::new(&output);
    options.scope = Scope::Resources(Targets { resources: targets.into(), ..Targets::default() });
    let partial = connector.again();
    let registry = Registry::new(Arc::new(partial.clone())).unwrap();
    let cancel = CancellationToken::new();
    let summary = connector_sync::sync(&registry, &options, Arc::new(Silent), cancel).await.unwrap();
    assert_eq!(summary.resources["user"], 1);
    let entries = partial.journal().entries();
    let outcome = |user: &str| {
        let mut of = entries.iter().filter(|e| e.ask.at == At::get(&id("user", user)));
        (of.next().unwrap().outcome, of.count())
    };
    assert_eq!(outcome("2"), (Outcome::Answered, 0));
    assert_eq!(outcome("ghost"), (Outcome::Failed(ErrorKind::NotFound), 0));
    let users = registry.syncer(&"user".into()).unwrap();
    let found = users.targeted().unwrap().get(&id("user", "2"), None).await.unwrap();
    assert_eq!(found.display_name, "User 2, renamed");
}

/// Rows under ids of their own, on pages of any size, with everything told
/// ahead and not: a page size never changes the truth.
#[tokio::test]
async fn the_size_of_a_page_does_not_change_the_truth() {
    for size in [1, 2, 3, 7] {
        let mut scenario = Scenario::small();
        let before = scenario.truth();
        scenario.paging(Operation::List, "user", Paging::of(size).named_ahead());
        scenario.paging(Operation::Grants, "group", Paging::of(size).with_totals());
        assert_eq!(scenario.truth(), before);
    }
}
