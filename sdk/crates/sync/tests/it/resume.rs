//! A run that is stopped anywhere is gone on with: every page is read once,
//! none is lost, and the file is that of an uninterrupted run.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use connector_model::{
    Entitlement, EntitlementRef, ErrorKind, Expandable, Grant, Page, Registry, Resource, StaticEntitlement,
};
use connector_sync::{Checkpoints, Event, Observer, Summary, SyncOptions, Workers};
use connector_testkit::{Document, document};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Ask, Fake, Place, run},
    id, plain, token, user, user_type,
};

/// Cancels the run at a checkpoint, and knows how many pages were safe then.
struct StopAt {
    cancel: CancellationToken,
    at: u64,
    seen: AtomicU64,
    pages: AtomicU64,
}

impl StopAt {
    fn checkpoint(at: u64) -> Arc<Self> {
        Arc::new(Self {
            cancel: CancellationToken::new(),
            at,
            seen: AtomicU64::new(0),
            pages: AtomicU64::new(0),
        })
    }
}

impl Observer for StopAt {
    fn event(&self, event: &Event) {
        if let Event::Committed { totals } = event {
            self.pages.store(totals.pages, Ordering::SeqCst);
            if self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
                self.cancel.cancel();
            }
        }
    }
}

/// A small site with everything that a checkpoint must hold: pages with and
/// without totals, pages named ahead, children, values that are remembered,
/// declared entitlements, an id that comes twice, and references to what comes
/// later or never.
fn site() -> Arc<Fake> {
    let fake = Fake::new([user_type(), plain("group"), plain("role")], |ask, call| {
        let known = call.is_known(&id("user", "u1"));
        let remembered = call.recall("groups").map(|v| v.to_vec());
        Box::pin(async move { Ok(answer(&ask, known, remembered)) })
    });
    Arc::new(fake.with_static("group", vec![StaticEntitlement::assignment("member")]))
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

async fn run_until(
    fake: &Arc<Fake>,
    output: &Path,
    workers: i64,
    stop: &Arc<StopAt>,
) -> connector_model::Result<Summary> {
    let mut options = SyncOptions::new(output);
    options.workers = Workers::from_flag(workers);
    options.checkpoints = Checkpoints { rows: 1, ..Checkpoints::default() };
    let registry = Registry::new(fake.clone())?;
    connector_sync::sync(&registry, &options, stop.clone(), stop.cancel.clone()).await
}

/// What a file and its summary tell, without ids and times of the run.
async fn told(output: &Path, summary: &Summary) -> (Document, Value) {
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
    assert!(pages.len() <= 60 && pages.windows(2).all(|w| w[0] != w[1]), "{} pages, each once", pages.len());

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
                    let never = StopAt::checkpoint(u64::MAX);
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
