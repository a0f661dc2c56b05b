//! Each kind of fault happens to a real sync, and is seen by it.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use connector_model::{ErrorKind, Registry, ResourceType, TraitKind};
use connector_sync::{Silent, SyncOptions};
use connector_testkit::scripted::{
    At, Drift, Fault, Gate, Operation, Outcome, Paging, Rule, Scenario, Schedule, Scripted, Truth, When,
    assert_holds,
};
use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

use crate::{assert_collected, id, run, user};

/// Accounts u0 to u8 in pages of three.
fn accounts(paging: Paging) -> Scenario {
    let user_type =
        ResourceType::new("user", "User").with_trait(TraitKind::User).skip_entitlements_and_grants();
    let mut site = Scenario::new([user_type]);
    site.paging(Operation::List, "user", paging);
    for n in 0..9 {
        site.resource(user(&format!("u{n}")));
    }
    site
}

/// A sync that fails, and one after it that goes through; gives the sentence.
async fn fails_once(rule: Rule) -> (ErrorKind, String, Vec<Outcome>) {
    let scenario = Scenario::small();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("sync.c1z");
    let schedule = Schedule::new([rule.times(1)]);
    let first = Scripted::new(scenario.clone()).with_schedule(&schedule);
    let second = first.again();
    let error = run(&first, &output, 8).await.unwrap_err();
    assert!(!output.exists());
    run(&second, &output, 8).await.unwrap();
    assert_collected(&output, &scenario).await;
    schedule.finish();
    let of_run_1 = second.journal().entries().into_iter().filter(|e| e.run == 1);
    let bad = of_run_1.map(|e| e.outcome).filter(|o| !matches!(o, Outcome::Answered | Outcome::Open));
    (error.kind(), error.to_string(), bad.collect())
}

#[tokio::test]
async fn calls_fail_panic_and_lose_their_answer() {
    let group = id("group", "1");
    let (kind, text, outcomes) = fails_once(
        At::list("user").page(2).attempt(1).fault(Fault::fail(ErrorKind::Unavailable, "no route")),
    )
    .await;
    assert_eq!((kind, &*text), (ErrorKind::Unavailable, "list resources of type user: no route"));
    assert_eq!(outcomes, [Outcome::Failed(ErrorKind::Unavailable)]);

    let (kind, text, outcomes) =
        fails_once(At::entitlements(&group).page(1).attempt(1).fault(Fault::panic("index out of range")))
            .await;
    assert_eq!(kind, ErrorKind::Internal);
    assert!(text.contains("panicked") && text.contains("index out of range"), "{text}");
    assert_eq!(outcomes, [Outcome::Panicked]);

    let (kind, text, outcomes) = fails_once(
        At::grants(&group)
            .page(0)
            .attempt(1)
            .fault(Fault::lost_answer(ErrorKind::DeadlineExceeded, "too late")),
    )
    .await;
    assert_eq!((kind, &*text), (ErrorKind::DeadlineExceeded, "list grants of group:1: too late"));
    assert_eq!(outcomes, [Outcome::Lost(ErrorKind::DeadlineExceeded)]);

    let (kind, ..) =
        fails_once(At::validate().attempt(1).fault(Fault::fail(ErrorKind::Unauthenticated, "expired"))).await;
    assert_eq!(kind, ErrorKind::Unauthenticated);
    let statics = At::static_entitlements("project").attempt(1);
    let (_, text, _) = fails_once(statics.fault(Fault::fail(ErrorKind::Internal, "odd"))).await;
    assert_eq!(text, "list static entitlements of type project: odd");
}

#[tokio::test]
async fn a_page_that_leads_back_is_seen_whatever_the_period() {
    for period in [1, 2, 3, 99] {
        let schedule = Schedule::new([At::list("user").page(2).fault(Fault::Loop(period))]);
        let connector = Scripted::new(accounts(Paging::of(2))).with_schedule(&schedule);
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("sync.c1z");
        let sync = tokio::time::timeout(Duration::from_secs(60), run(&connector, &output, 1));
        let error = sync.await.unwrap().unwrap_err();
        // The rows of a page come again before its token does.
        let says =
            if period == 1 { "a page token came again" } else { "nothing that was not on an earlier one" };
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(connector.journal().times(&At::list("user"), 3), 0, "it never gets past the loop");
        schedule.finish();
    }
}

/// Rows go, and rows come, between the first and the second page.
#[tokio::test]
async fn a_list_that_drifts_is_read_again() {
    let scenario = accounts(Paging::of(3).with_totals());
    let mut without_u4 = scenario.truth();
    without_u4.resources.remove("user:u4");
    let mut with_a_new_one = scenario.truth();
    with_a_new_one.put(user("new"));
    for (drift, truth) in [
        // u0 stood on the first page before it went; u4 stood on none.
        (Drift::removing(["user:u0", "user:u4"]), without_u4),
        (Drift::inserting([user("new")]), with_a_new_one),
    ] {
        let schedule = Schedule::new([At::list("user").page(1).fault(Fault::Drift(drift))]);
        let connector = Scripted::new(scenario.clone()).with_schedule(&schedule);
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("sync.c1z");
        let summary = run(&connector, &output, 1).await.unwrap();
        assert_holds(&output, &truth).await.unwrap();
        assert_eq!(connector.journal().times(&At::list("user"), 0), 2);
        assert!(
            summary.warnings.iter().any(|(w, _)| w.contains("it was read again")),
            "{:?}",
            summary.warnings
        );
        schedule.finish();
    }
}

/// The same pages drift whatever order they are asked in.
#[tokio::test]
async fn what_drifts_does_not_depend_on_the_order_of_tasks() {
    let mut held = Vec::new();
    for (workers, late) in [(1, 0), (8, 0), (8, 1), (8, 2)] {
        let schedule = Schedule::new([
            At::list("user").page(2).fault(Fault::Drift(Drift::removing(["user:u0", "user:u7"]))),
            At::list("user").page(late).fault(Fault::Delay(50)),
        ]);
        let site = accounts(Paging::of(3).with_totals().named_ahead());
        let connector = Scripted::new(site).with_schedule(&schedule);
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("sync.c1z");
        run(&connector, &output, workers).await.unwrap();
        held.push(Truth::held(&output).await.unwrap());
        schedule.finish();
    }
    held.dedup();
    assert_eq!(held.len(), 1);
}

#[tokio::test]
async fn a_row_under_an_id_that_came_before_wins_by_its_page() {
    let scenario = accounts(Paging::of(3).named_ahead());
    let mut truth = scenario.truth();
    truth.put(user("u1").disabled("left"));
    for late in 0..3 {
        let schedule = Schedule::new([
            At::list("user").page(2).fault(Fault::extra(user("u1").disabled("left"))),
            At::list("user").page(late).fault(Fault::Delay(50)),
        ]);
        let connector = Scripted::new(scenario.clone()).with_schedule(&schedule);
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("sync.c1z");
        let summary = run(&connector, &output, 8).await.unwrap();
        assert_holds(&output, &truth).await.unwrap();
        assert!(summary.warnings.iter().any(|(w, _)| w.starts_with("an id came twice")));
        schedule.finish();
    }
}

#[tokio::test]
async fn rows_that_are_missing_on_one_reading_come_with_the_next() {
    let scenario = accounts(Paging::of(3).with_totals());
    let schedule = Schedule::new([At::list("user").page(1).attempt(1).fault(Fault::DropRows(2)).times(1)]);
    let connector = Scripted::new(scenario.clone()).with_schedule(&schedule);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("sync.c1z");
    let summary = run(&connector, &output, 1).await.unwrap();
    assert_collected(&output, &scenario).await;
    assert!(summary.warnings[0].0.contains("7 rows came, 9 were announced"), "{:?}", summary.warnings);
    schedule.finish();

    // Without a total nobody can know.
    let schedule = Schedule::new([At::list("user").page(1).fault(Fault::DropRows(2))]);
    let connector = Scripted::new(accounts(Paging::of(3))).with_schedule(&schedule);
    run(&connector, &output, 1).await.unwrap();
    assert_eq!(Truth::held(&output).await.unwrap().resources.len(), 7);
    schedule.finish();
}

/// Waits for a call to hang; a test whose call never does would wait for ever.
async fn reached(gate: &Gate) {
    tokio::time::timeout(Duration::from_secs(60), gate.reached()).await.unwrap();
}

#[tokio::test]
async fn a_call_that_hangs_goes_on_when_it_is_let() {
    let scenario = Scenario::small();
    let gate = Gate::new();
    let schedule = Schedule::new([At::grants(&id("role", "admin")).page(0).fault(Fault::Hang(gate.clone()))]);
    let connector = Scripted::new(scenario.clone()).with_schedule(&schedule);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("sync.c1z");
    let (result, ()) = tokio::join!(run(&connector, &output, 1), async {
        reached(&gate).await;
        let last = connector.journal().entries().pop().unwrap();
        assert_eq!((last.ask.at, last.outcome), (At::grants(&id("role", "admin")), Outcome::Open));
        gate.open();
    });
    result.unwrap();
    assert_collected(&output, &scenario).await;
    schedule.finish();
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up_with_the_sync() {
    let gate = Gate::new();
    let schedule = Schedule::new([At::list("user").page(1).fault(Fault::Hang(gate.clone()))]);
    let connector = Scripted::new(accounts(Paging::of(3))).with_schedule(&schedule);
    let folder = tempfile::tempdir().unwrap();
    let options = SyncOptions::new(folder.path().join("sync.c1z"));
    let registry = Registry::new(Arc::new(connector.clone())).unwrap();
    let cancel = CancellationToken::new();
    let sync = connector_sync::sync(&registry, &options, Arc::new(Silent), cancel.clone());
    let (result, ()) = tokio::join!(sync, async {
        reached(&gate).await;
        cancel.cancel();
    });
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(connector.journal().entries().pop().unwrap().outcome, Outcome::Open);
    schedule.finish();
}

/// Journal and attempts go on over two connectors.
#[tokio::test]
async fn a_journal_tells_which_pages_were_asked_again() {
    let fault = Fault::fail(ErrorKind::Unavailable, "no route");
    let schedule = Schedule::new([At::list("user").page(2).attempt(1).fault(fault)]);
    let first = Scripted::new(accounts(Paging::of(3))).with_schedule(&schedule);
    let second = first.again();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("sync.c1z");
    run(&first, &output, 1).await.unwrap_err();
    assert_eq!(first.journal().asked_again(), []);
    run(&second, &output, 1).await.unwrap();
    schedule.finish();
    // A page that failed may be asked again; one that was answered stands here.
    let again: Vec<_> = first.journal().asked_again().iter().map(ToString::to_string).collect();
    let pages: Vec<_> = again.iter().filter(|a| a.starts_with("list")).map(String::as_str).collect();
    assert!(!pages.contains(&"list user page 2 attempt 2"), "{again:?}");
    let entries = first.journal().entries();
    let third = entries.iter().filter(|e| e.ask.at == At::list("user") && e.ask.page == 2);
    let third: Vec<_> = third.map(ToString::to_string).collect();
    let then = [
        "list user page 2 attempt 1 in run 1: Failed(Unavailable)",
        "list user page 2 attempt 2 in run 2: Answered",
    ];
    assert_eq!(third, then);
}

/// A fault that did not happen fails the test: by `finish`, and by being
/// dropped.
#[tokio::test]
async fn a_fault_that_did_not_happen_fails_the_test() {
    let never = || At::list("user").page(77).fault(Fault::panic("never"));
    let twice = || When::every(Operation::List).page(0).fault(Fault::Delay(1)).times(2);
    let sync = |schedule: &Schedule| {
        let connector = Scripted::new(accounts(Paging::of(3))).with_schedule(schedule);
        async move {
            let folder = tempfile::tempdir().unwrap();
            run(&connector, &folder.path().join("sync.c1z"), 1).await.unwrap();
        }
    };
    let schedule = Schedule::new([never(), twice(), At::list("user").page(1).fault(Fault::Delay(1))]);
    sync(&schedule).await;
    insta::assert_snapshot!(schedule.unmet().join("\n"), @r#"
    list user page 77: Panic("never") fired 0 times and must at least once
    every list page 0: Delay(1) fired 1 times and must 2 times
    "#);
    let failed = std::panic::catch_unwind(AssertUnwindSafe(|| schedule.finish())).unwrap_err();
    assert!(failed.downcast_ref::<String>().unwrap().contains("list user page 77"));

    let schedule = Schedule::new([never()]);
    let dropped = AssertUnwindSafe(async move {
        sync(&schedule).await;
    });
    assert!(dropped.catch_unwind().await.is_err());
}

/// The first and the last page agree against the one between them, which
/// comes last.
#[tokio::test]
async fn a_row_that_comes_back_as_it_was_wins_over_what_lies_between() {
    let scenario = accounts(Paging::of(3).named_ahead());
    for late in 0..3 {
        let schedule = Schedule::new([
            At::list("user").page(1).fault(Fault::extra(user("u1").disabled("left"))),
            At::list("user").page(2).fault(Fault::extra(user("u1"))),
            At::list("user").page(late).fault(Fault::Delay(50)),
        ]);
        let connector = Scripted::new(scenario.clone()).with_schedule(&schedule);
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("sync.c1z");
        run(&connector, &output, 8).await.unwrap();
        assert_collected(&output, &scenario).await;
        schedule.finish();
    }
}
