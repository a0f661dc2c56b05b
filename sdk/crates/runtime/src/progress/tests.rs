//! What is said of made-up events at made-up times.

use std::sync::atomic::{AtomicU64, Ordering};

use connector_model::{ConnectorMetadata, ResourceSyncer, Result, Validation};

use super::*;

/// A sync whose clock is set by hand.
struct Watched {
    board: Board,
    start: Instant,
    seconds: u64,
    totals: Totals,
}

impl Watched {
    fn new(phase: Phase) -> Self {
        let start = Instant::now();
        let mut board = Board::new(start);
        board.event(&Event::PhaseStarted { phase }, start);
        Self { board, start, seconds: 0, totals: Totals::default() }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_secs(self.seconds)
    }

    fn page(&mut self, of: &str, rows: u64, done: u64, known: u64, expected: Option<u64>) {
        self.totals.pages += 1;
        let phase = self.board.phase().expect("a phase");
        if phase == Phase::Resources {
            self.totals.resources += rows;
            // Who is listed has a role, and that comes along.
            self.totals.grants += 3 * rows;
        } else {
            self.totals.grants += rows;
        }
        let event =
            Event::Page { phase, resource_type: of.to_owned(), totals: self.totals, done, known, expected };
        let now = self.now();
        self.board.event(&event, now);
    }

    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.seconds += 1;
            self.board.sample(self.now());
        }
    }

    fn line(&self) -> String {
        self.line_while(Waits::default())
    }

    fn line_while(&self, waits: Waits) -> String {
        self.board.line(waits, self.now()).expect("a line")
    }
}

#[test]
fn a_line_has_each_type_with_its_rate() {
    let mut sync = Watched::new(Phase::Grants);
    for n in 1..=5 {
        sync.page("group", 3000, n, 400, None);
        sync.page("project", 70, n, 400, None);
        sync.pass(1);
    }
    assert_eq!(
        sync.line(),
        "grants: 5 of 400 listings, group 15,000 (3,000/s), project 350 (70/s)",
        "five seconds are too few for an estimate"
    );
    sync.pass(60);
    assert_eq!(sync.line(), "grants: 5 of 400 listings", "what does not grow has no rate");
}

#[test]
fn slow_is_said_by_the_minute() {
    let mut sync = Watched::new(Phase::Grants);
    sync.page("group", 3, 0, 4, None);
    sync.pass(10);
    assert_eq!(sync.line(), "grants: 0 of 4 listings, group 3 (18/min)");
}

#[test]
fn a_told_total_is_shown_and_estimated_by() {
    let mut sync = Watched::new(Phase::Resources);
    // One listing is open, and its total is known.
    for _ in 0..20 {
        sync.page("user", 100, 3, 4, Some(20_000));
        sync.pass(1);
    }
    // 2,000 in 20 s, so 18,000 in 180 s.
    assert_eq!(sync.line(), "resources: 3 of 4 listings, user 2,000 of 20,000 (100/s), about 3 min left");
    // Another is open, of which nobody knows how much it has.
    sync.page("user", 0, 3, 5, None);
    assert_eq!(sync.line(), "resources: 3 of 5 listings, user 2,000 of 20,000 (100/s)");
}

#[test]
fn totals_of_several_listings_are_none_of_the_type() {
    let mut sync = Watched::new(Phase::Grants);
    for n in 0..20 {
        sync.page("group", 10, 3, 4, Some(5000 + n % 2));
        sync.pass(1);
    }
    assert_eq!(sync.line(), "grants: 3 of 4 listings, group 200 (10/s)");
}

#[test]
fn actions_are_estimated_by_only_when_no_more_become_known() {
    let mut sync = Watched::new(Phase::Grants);
    for n in 1..=30 {
        sync.page("group", 1, n, 1000 + n, None);
        sync.pass(1);
    }
    assert_eq!(sync.line(), "grants: 30 of 1,030 listings, group 30 (1/s)");
    for n in 31..=41 {
        sync.page("group", 1, n, 1030, None);
        sync.pass(1);
    }
    // 40 in 41 s since the first, and 989 to go: 1,014 s.
    assert_eq!(sync.line(), "grants: 41 of 1,030 listings, group 41 (1/s), about 17 min left");
}

#[test]
fn what_an_earlier_run_did_makes_no_rate() {
    let mut sync = Watched::new(Phase::Grants);
    let there = Totals { pages: 9000, resources: 0, entitlements: 0, grants: 1_000_000 };
    let resumed = Event::Resumed { phase: Phase::Grants, totals: there, age: Duration::from_secs(600) };
    let now = sync.now();
    sync.board.event(&resumed, now);
    sync.totals = there;
    for n in 1..=20 {
        sync.page("group", 5, 5000 + n, 5100, None);
        sync.pass(1);
    }
    // 19 in 20 s since the first, and 80 to go: 84 s.
    assert_eq!(sync.line(), "grants: 5,020 of 5,100 listings, group 100 (5/s), about 2 min left");
    assert_eq!(
        line(&resumed).as_deref(),
        Some(
            "going on with the run that ended 10 min ago, in the phase grants: \
             0 resources, 0 entitlements, 1,000,000 grants are there"
        )
    );
    assert_eq!(
        sync.board.kept.as_ref().and_then(kept_line).as_deref(),
        Some("kept for the next run: 0 resources, 0 entitlements, 1,000,000 grants")
    );
}

#[test]
fn a_wait_is_shown_as_such() {
    let mut sync = Watched::new(Phase::Grants);
    for n in 1..=20 {
        sync.page("group", 5, n, 30, None);
        sync.pass(1);
    }
    let waits = Waits { total: Duration::from_secs(5), left: Some(Duration::from_secs(130)) };
    assert_eq!(
        sync.line_while(waits),
        "grants: 20 of 30 listings, waiting for the rate limit, 2 min 10 s more, group 100 (5/s), about 3 min left",
        "no less is left than is waited"
    );
}

#[test]
fn a_phase_without_listings_is_alive_too() {
    let mut sync = Watched::new(Phase::Seal);
    let now = sync.now();
    sync.board.event(&Event::SealStep { step: "pack" }, now);
    sync.pass(25);
    assert_eq!(sync.line(), "seal: for 25 s so far, pack");
    let board = Board::new(Instant::now());
    assert_eq!(board.line(Waits::default(), Instant::now()), None, "nothing began");
}

#[test]
fn what_is_safe_is_what_was_committed_last() {
    let mut sync = Watched::new(Phase::Grants);
    sync.page("group", 5, 1, 2, None);
    assert_eq!(sync.board.kept, None);
    let now = sync.now();
    sync.board.event(&Event::Committed { totals: sync.totals }, now);
    sync.page("group", 5, 2, 2, None);
    assert_eq!(sync.board.kept.map(|k| k.grants), Some(5));
    assert_eq!(kept_line(&Totals::default()), None);
}

#[test]
fn estimates_are_no_more_precise_than_they_are() {
    for (seconds, text) in [
        (0, "less than a minute left"),
        (60, "less than a minute left"),
        (61, "about 2 min left"),
        (3540, "about 59 min left"),
        (3541, "about 1 h 0 min left"),
        (7810, "about 2 h 11 min left"),
    ] {
        assert_eq!(estimate::render(Duration::from_secs(seconds)), text);
    }
}

#[test]
fn phases_are_said_when_they_begin() {
    let said = |phase| line(&Event::PhaseStarted { phase }).unwrap_or_default();
    assert_eq!(said(Phase::Grants), "reading grants");
    assert_eq!(said(Phase::Expansion), "expanding grants");
    assert_eq!(said(Phase::External), "matching principals of the other file");
    assert_eq!(said(Phase::Seal), "making the file");
    let again = Event::StartedAgain { reason: "the settings changed".to_owned() };
    assert!(line(&again).unwrap_or_default().ends_with("read again: the settings changed"));
}

/// Counts how often it is asked what it waits for.
#[derive(Default)]
struct Asked(AtomicU64);

#[async_trait::async_trait]
impl Connector for Asked {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata::new("Asked", "")
    }

    async fn validate(&self) -> Result<Validation> {
        Ok(Validation::default())
    }

    fn resource_syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        Vec::new()
    }

    fn waits(&self) -> Waits {
        self.0.fetch_add(1, Ordering::SeqCst);
        Waits::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_is_asked_every_second_until_the_end() {
    let connector = Arc::new(Asked::default());
    let progress = Progress::of_sync(connector.clone());
    tokio::time::sleep(Duration::from_millis(5500)).await;
    assert_eq!(connector.0.load(Ordering::SeqCst), 6, "at once, and after each of five seconds");
    drop(progress);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(connector.0.load(Ordering::SeqCst), 6);
    assert_eq!(Arc::strong_count(&connector), 1, "and is not kept");
}
