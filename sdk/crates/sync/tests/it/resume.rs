//! A run that is stopped anywhere is gone on with: every page is read once,
//! none is lost, and the file is that of an uninterrupted run.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use connector_model::{
    Entitlement, EntitlementRef, ErrorKind, Expandable, Grant, Page, Registry, Resource, Result,
    StaticEntitlement,
};
use connector_sync::{Checkpoints, Event, Observer, Summary, SyncOptions, Workers};
use connector_testkit::{Document, document};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Ask, Fake, Place, run},
    id, plain, token, user, user_type,
};

/// Cancels the run at a checkpoint or at a step of the seal, and knows how many pages were safe then.
pub(crate) struct StopAt {
    cancel: CancellationToken,
    at: u64,
    step: Option<&'static str>,
    seen: AtomicU64,
    pages: AtomicU64,
    /// What was said of an earlier run.
    said: Mutex<Vec<String>>,
}

impl StopAt {
    pub(crate) fn new(at: u64, step: Option<&'static str>) -> Arc<Self> {
        Arc::new(Self {
            cancel: CancellationToken::new(),
            at,
            step,
            seen: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            said: Mutex::default(),
        })
    }

    pub(crate) fn checkpoint(at: u64) -> Arc<Self> {
        Self::new(at, None)
    }

    pub(crate) fn never() -> Arc<Self> {
        Self::checkpoint(u64::MAX)
    }

    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

impl Observer for StopAt {
    fn event(&self, event: &Event) {
        match event {
            Event::Committed { totals } => {
                self.pages.store(totals.pages, Ordering::SeqCst);
                if self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
                    self.cancel.cancel();
                }
            }
            Event::SealStep { step } if Some(*step) == self.step => self.cancel.cancel(),
            Event::Resumed { phase, totals, .. } => {
                self.said.lock().unwrap().push(format!(
                    "goes on in {} after {} pages",
                    phase.as_str(),
                    totals.pages
                ));
            }
            Event::StartedAgain { reason } => {
                self.said.lock().unwrap().push(format!("starts again: {reason}"));
            }
            _ => {}
        }
    }
}

/// Pages of the site: lists of users (4), groups (3), roles (1, and 2 in each
/// of the 3 groups); entitlements of the groups (1 each) and of the 6 roles (2
/// each); grants of the groups (2 each) and of the roles (1 each).
const PAGES: usize = 4 + 3 + 1 + 3 * 2 + 3 + 6 * 2 + 3 * 2 + 6;

/// A small site with everything that a checkpoint must hold: pages with and
/// without totals, pages named ahead, children, values that are remembered,
/// declared entitlements, an id that comes twice, and references to what comes
/// later or never.
pub(crate) fn site() -> Arc<Fake> {
    Arc::new(new_site())
}

fn new_site() -> Fake {
    new_site_with(|| {})
}

/// The site, with something that is done before each answer.
pub(crate) fn new_site_with(before: impl Fn() + Send + Sync + 'static) -> Fake {
    let fake = Fake::new([user_type(), plain("group"), plain("role")], move |ask, call| {
        before();
        let known = call.is_known(&id("user", "u1"));
        let remembered = call.recall("groups").map(|v| v.to_vec());
        Box::pin(async move { Ok(answer(&ask, known, remembered)) })
    });
    fake.with_static("group", vec![StaticEntitlement::assignment("member")])
}

fn group(n: &str) -> Resource {
    Resource::new(id("group", n), format!("Group {n}")).with_child_type("role")
}

fn answer(ask: &Ask, u1_is_known: bool, remembered: Option<Vec<u8>>) -> Page {
    let of = ask.of.split_once(':').map(|(_, id)| id).unwrap_or_default();
    match (ask.operation, ask.resource_type.as_str(), ask.token.as_str()) {
        // Four pages, three of which the first one names; a total.
        ("list", "user", "") => {
            let mut page = Page::of(vec![user("u1"), user("u2")]).with_total(7);
            page.also = ["2", "3", "4"].map(token).into();
            page.grants.push(Grant::new(member("g1"), id("user", "u1")));
            page
        }
        ("list", "user", "2") => Page::of(vec![user("u3"), user("u4")]).with_total(7),
        ("list", "user", "3") => Page::of(vec![user("u5"), user("u6")]).with_total(7),
        ("list", "user", "4") => Page::of(vec![user("u7")]).with_total(7),
        // A chain, whose pages remember something.
        ("list", "group", "") => {
            let mut page = Page::of(vec![group("g1")]).with_next(Some(token("b")));
            page.remember.push(("groups".to_owned(), b"three".to_vec()));
            page
        }
        ("list", "group", "b") => {
            Page::of(vec![group("g2"), Resource::new(id("group", "g1"), "Renamed").with_child_type("role")])
                .with_next(Some(token("c")))
        }
        ("list", "group", "c") => Page::of(vec![group("g3")]),
        ("list", "role", "") if !of.is_empty() => {
            Page::of(vec![Resource::new(id("role", &format!("{of}-r")), "Role").parent(id("group", of))])
                .with_next(Some(token("r2")))
        }
        ("list", "role", "r2") => {
            Page::of(vec![Resource::new(id("role", &format!("{of}-s")), "Role").parent(id("group", of))])
        }
        ("entitlements", "role", "") => {
            let role = Resource::new(id("role", of), "Role");
            Page::of_entitlements(vec![Entitlement::permission(&role, "use")]).with_next(Some(token("e2")))
        }
        ("entitlements", "role", "e2") => {
            let role = Resource::new(id("role", of), "Role");
            Page::of_entitlements(vec![Entitlement::permission(&role, "see")])
        }
        ("grants", "group", "") => {
            let mut grants =
                vec![Grant::new(member(of), id("user", "u2")), Grant::new(member(of), id("user", "ghost"))];
            if of == "g2" {
                grants.push(Grant::new(member(of), id("user", "u7")));
            }
            if remembered.as_deref() == Some(b"three") && u1_is_known {
                grants.push(Grant::new(member(of), id("user", "u1")));
            }
            if of == "g1" {
                let inner = Expandable {
                    entitlement_ids: vec!["group:g2:member".to_owned()],
                    shallow: false,
                    resource_type_ids: Vec::new(),
                };
                grants.push(Grant::new(member(of), id("group", "g2")).expanding(inner));
            }
            Page::of_grants(grants).with_next(Some(token("m2")))
        }
        ("grants", "group", "m2") => {
            // One of an id that came before, with more to it.
            Page::of_grants(vec![Grant::new(member(of), id("user", "u2")).immutable()])
        }
        ("grants", "role", "") => Page::of_grants(vec![Grant::new(
            EntitlementRef::canonical(&id("role", of), "use"),
            id("user", "u5"),
        )]),
        _ => Page::empty(),
    }
}

fn member(group: &str) -> EntitlementRef {
    EntitlementRef::canonical(&id("group", group), "member")
}

pub(crate) fn a_checkpoint_a_page(output: &Path, workers: i64) -> SyncOptions {
    let mut options = SyncOptions::new(output);
    options.workers = Workers::from_flag(workers);
    options.checkpoints = Checkpoints { rows: 1, ..Checkpoints::default() };
    options
}

pub(crate) async fn run_until(
    fake: &Arc<Fake>,
    output: &Path,
    workers: i64,
    stop: &Arc<StopAt>,
) -> Result<Summary> {
    run_as(fake, &a_checkpoint_a_page(output, workers), stop).await
}

pub(crate) async fn run_as(fake: &Arc<Fake>, options: &SyncOptions, stop: &Arc<StopAt>) -> Result<Summary> {
    let registry = Registry::new(fake.clone())?;
    connector_sync::sync(&registry, options, stop.clone(), stop.cancel.clone()).await
}

/// What a file and its summary tell, without ids and times of the run.
pub(crate) async fn told(output: &Path, summary: &Summary) -> (Document, Value) {
    let summary = serde_json::json!({
        "resources": summary.resources,
        "entitlements": summary.entitlements,
        "grants": summary.grants,
        "pages": summary.pages,
        "warnings": summary.warnings,
    });
    (document(output).await.unwrap(), summary)
}

#[tokio::test]
async fn every_cut_is_gone_on_with() {
    let whole = Place::new();
    let fake = site();
    let summary = run(&fake, &whole.output(), 1).await.unwrap();
    let expected = told(&whole.output(), &summary).await;
    let mut pages = fake.asked();
    pages.sort();
    assert!(pages.windows(2).all(|w| w[0] != w[1]), "each once");
    assert_eq!(pages.len(), PAGES);

    let mut cuts = 0;
    for cut in 1.. {
        let mut finished = true;
        for workers in [1, 4] {
            let place = Place::new();
            let (first, stop) = (site(), StopAt::checkpoint(cut));
            let ended = run_until(&first, &place.output(), 1, &stop).await;
            let safe = usize::try_from(stop.pages.load(Ordering::SeqCst)).unwrap();
            let summary = match ended {
                Ok(summary) => summary,
                Err(e) => {
                    finished = false;
                    assert_eq!(e.kind(), ErrorKind::Cancelled, "cut {cut}: {}", e.report());
                    assert!(!place.output().exists(), "cut {cut}: nothing half written");
                    let second = site();
                    let never = StopAt::never();
                    let summary = run_until(&second, &place.output(), workers, &never).await;
                    let summary = summary.unwrap_or_else(|e| panic!("cut {cut}: {}", e.report()));
                    // With one worker pages are made safe in the order in which
                    // they are asked for.
                    let before: BTreeSet<_> = first.asked().into_iter().take(safe).collect();
                    let mut all: Vec<_> = before.into_iter().chain(second.asked()).collect();
                    all.sort();
                    assert_eq!(all, pages, "cut {cut}: every page once");
                    summary
                }
            };
            assert_eq!(told(&place.output(), &summary).await, expected, "cut {cut}, {workers} workers");
            assert_eq!(place.files(), ["sync.c1z"], "cut {cut}: nothing is left");
        }
        if finished {
            break;
        }
        cuts = cut;
    }
    assert!(cuts as usize > pages.len(), "{cuts} cuts: every page and the states of the seal");
}

#[tokio::test]
async fn a_run_that_is_stopped_again_and_again_comes_to_its_end() {
    let whole = Place::new();
    let summary = run(&site(), &whole.output(), 1).await.unwrap();
    let expected = told(&whole.output(), &summary).await;
    let place = Place::new();
    for runs in 1.. {
        let stop = StopAt::checkpoint(3);
        if let Ok(summary) = run_until(&site(), &place.output(), 1 + runs % 4, &stop).await {
            assert!(runs > 5, "it was stopped");
            assert_eq!(told(&place.output(), &summary).await, expected);
            break;
        }
        assert!(runs < 200, "it makes no way");
    }
}

/// Rows of one id are settled at the seal: counts and warnings are the same
/// wherever that is stopped.
#[tokio::test]
async fn settling_ids_can_be_stopped_anywhere() {
    let twins = || {
        Arc::new(Fake::simple([user_type(), plain("group")], |ask| {
            Ok(match (ask.operation, ask.resource_type.as_str(), ask.token.as_str()) {
                ("list", "user", _) => Page::of(vec![user("ada")]),
                ("list", "group", _) => Page::of(vec![Resource::new(id("group", "g"), "G")]),
                ("grants", _, "") => Page::of_grants(vec![Grant::new(member("g"), id("user", "ada"))])
                    .with_next(Some(token("2"))),
                ("grants", ..) => {
                    Page::of_grants(vec![Grant::new(member("g"), id("user", "ada")).immutable()])
                }
                _ => Page::empty(),
            })
        }))
    };
    let whole = Place::new();
    let summary = run(&twins(), &whole.output(), 1).await.unwrap();
    assert_eq!(summary.grants["group"], 1);
    let expected = (told(&whole.output(), &summary).await, stats(&whole.output()).await);
    for cut in 1.. {
        let place = Place::new();
        let first = run_until(&twins(), &place.output(), 1, &StopAt::checkpoint(cut)).await;
        let finished = first.is_ok();
        let summary = match first {
            Ok(summary) => summary,
            Err(_) => run_until(&twins(), &place.output(), 1, &StopAt::never()).await.unwrap(),
        };
        let told = (told(&place.output(), &summary).await, stats(&place.output()).await);
        assert_eq!(told, expected, "cut {cut}");
        if finished {
            break;
        }
    }
}

/// The counts that readers take from a file.
async fn stats(file: &Path) -> Option<String> {
    let file = connector_store::C1z::open(file, &connector_store::OpenOptions::default()).await.unwrap();
    let newest = file.syncs().await.unwrap().remove(0);
    file.stored_stats(&newest).await.unwrap().map(|stats| format!("{stats:?}"))
}

/// Stops a run after some pages, and gives what the next one says of it.
pub(crate) async fn left_after(pages: u64, place: &Place) {
    let ended = run_until(&site(), &place.output(), 1, &StopAt::checkpoint(pages)).await;
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(place.files(), [".sync.c1z.work"]);
}

#[tokio::test]
async fn a_sealed_file_is_packed_without_a_call() {
    let place = Place::new();
    let first = StopAt::new(u64::MAX, Some("pack"));
    run_until(&site(), &place.output(), 1, &first).await.unwrap_err();
    let (fake, second) = (site(), StopAt::never());
    let summary = run_until(&fake, &place.output(), 1, &second).await.unwrap();
    assert_eq!((fake.validated(), fake.asked().len()), (0, 0));
    assert_eq!((summary.resources["user"], summary.resumed), (7, true));
    assert_eq!(second.said(), [format!("goes on in seal after {PAGES} pages")]);
}

#[tokio::test]
async fn another_configuration_starts_again() {
    let place = Place::new();
    left_after(5, &place).await;
    let mut options = a_checkpoint_a_page(&place.output(), 1);
    options.settings.push(("site-id".to_owned(), "other".to_owned()));
    let (fake, stop) = (site(), StopAt::never());
    assert!(!run_as(&fake, &options, &stop).await.unwrap().resumed);
    assert_eq!(stop.said(), ["starts again: the configuration is another one now"]);
    assert_eq!(fake.asked().len(), PAGES);
}

#[tokio::test]
async fn what_another_account_saw_is_not_gone_on_with() {
    let place = Place::new();
    left_after(5, &place).await;
    let (fake, stop) = (Arc::new(new_site().signed_in_as("eve")), StopAt::never());
    assert!(!run_until(&fake, &place.output(), 1, &stop).await.unwrap().resumed);
    assert_eq!(stop.said()[1..], ["starts again: another account is signed in now"]);
    assert_eq!(fake.asked().len(), PAGES);
}

/// Changes the record that lies beside the working database.
pub(crate) fn change_record(place: &Place, change: impl FnOnce(&mut Value)) {
    let record = place.output().with_file_name(".sync.c1z.work").join("record.json");
    let mut json = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    change(&mut json);
    std::fs::write(&record, json.to_string()).unwrap();
}

#[tokio::test]
async fn what_is_older_than_seven_days_is_read_again() {
    const DAY: i64 = 24 * 60 * 60;
    for (days, goes_on) in [(6, true), (8, false)] {
        let place = Place::new();
        left_after(5, &place).await;
        change_record(&place, |json| {
            json["started"] = (json["started"].as_i64().unwrap() - days * DAY).into();
        });
        let stop = StopAt::never();
        let summary = run_until(&site(), &place.output(), 1, &stop).await.unwrap();
        assert_eq!(summary.resumed, goes_on, "{days} days: {:?}", stop.said());
    }
}

/// After a power loss the database is looked at before it is trusted.
#[tokio::test]
async fn a_damaged_working_database_is_never_trusted() {
    let whole = Place::new();
    let summary = run(&site(), &whole.output(), 1).await.unwrap();
    let expected = told(&whole.output(), &summary).await;
    for damage in [true, false] {
        let place = Place::new();
        left_after(9, &place).await;
        change_record(&place, |json| json["boot"] = "another start of the machine".into());
        if damage {
            // Whole pages of nonsense in the middle; the head is intact.
            let database = place.output().with_file_name(".sync.c1z.work").join("sync.db");
            let mut bytes = std::fs::read(&database).unwrap();
            let page = 16 << 10;
            assert!(bytes.len() > 8 * page, "{} bytes", bytes.len());
            bytes[2 * page..].fill(0x5a);
            std::fs::write(&database, bytes).unwrap();
        }
        let (fake, stop) = (site(), StopAt::never());
        let summary = run_until(&fake, &place.output(), 1, &stop).await.unwrap();
        assert_eq!(summary.resumed, !damage);
        assert_eq!(told(&place.output(), &summary).await, expected);
        if damage {
            assert!(
                stop.said()[0].starts_with("starts again: its working database can't be trusted"),
                "{:?}",
                stop.said()
            );
        }
    }
}

#[tokio::test]
async fn files_that_make_no_sense_are_not_gone_on_with() {
    for nonsense in ["", "{}", "[1]", "\u{0}\u{1}"] {
        let place = Place::new();
        left_after(5, &place).await;
        let record = place.output().with_file_name(".sync.c1z.work").join("record.json");
        std::fs::write(record, nonsense).unwrap();
        let stop = StopAt::never();
        assert!(!run_until(&site(), &place.output(), 1, &stop).await.unwrap().resumed);
        assert_eq!(stop.said(), ["starts again: its record is damaged"]);
    }
}

/// A limit ends the run as not complete; the next one goes on.
#[tokio::test]
async fn a_run_that_is_out_of_time_is_not_complete() {
    let place = Place::new();
    run(&site(), &place.output(), 1).await.unwrap();
    let before = std::fs::read(place.output()).unwrap();
    // One group's members never come.
    let slow = Arc::new(Fake::new([user_type(), plain("group"), plain("role")], |ask, call| {
        let known = call.is_known(&id("user", "u1"));
        let remembered = call.recall("groups").map(|v| v.to_vec());
        Box::pin(async move {
            if ask.operation == "grants" && ask.of == "group:g3" {
                std::future::pending::<()>().await;
            }
            Ok(answer(&ask, known, remembered))
        })
    }));
    let mut options = a_checkpoint_a_page(&place.output(), 1);
    options.time_limit = Some(std::time::Duration::from_secs(2));
    let error = run_as(&slow, &options, &StopAt::never()).await.unwrap_err();
    assert_eq!((error.kind(), error.kind().code()), (ErrorKind::Aborted, 10));
    assert!(error.to_string().contains("not complete"), "{error}");
    assert_eq!(std::fs::read(place.output()).unwrap(), before, "the old file is untouched");
    let stop = StopAt::never();
    assert!(run_until(&site(), &place.output(), 1, &stop).await.unwrap().resumed);
}

/// Killed between the rename and the end: the file is there, and what was read
/// for it is not taken for news. The same where another run wrote the output.
#[tokio::test]
async fn what_was_sealed_for_another_file_is_read_again() {
    for (step, again) in
        [("pack", true), ("build indexes", true), ("keep earlier syncs", true), ("settle ids", false)]
    {
        let place = Place::new();
        run(&site(), &place.output(), 1).await.unwrap();
        let stop = StopAt::new(u64::MAX, Some(step));
        run_until(&site(), &place.output(), 1, &stop).await.unwrap_err();
        let other = Place::new();
        run(&site(), &other.output(), 1).await.unwrap();
        std::fs::rename(other.output(), place.output()).unwrap();
        let (fake, stop) = (site(), StopAt::never());
        let summary = run_until(&fake, &place.output(), 1, &stop).await.unwrap();
        assert_eq!(summary.resumed, !again, "{step}: {:?}", stop.said());
        assert_eq!(fake.asked().len(), if again { PAGES } else { 0 }, "{step}");
        if again {
            assert_eq!(stop.said(), ["starts again: the output was replaced since then"]);
        }
        assert_eq!(summary.kept_syncs, 1, "{step}");
    }
}
