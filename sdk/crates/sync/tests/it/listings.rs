//! Pages that repeat, and lists that move while they are read.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use connector_model::{ErrorKind, Page};
use connector_store::Completeness;
use connector_sync::SyncOptions;
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Fake, Place, run, run_with},
    token, user, user_type,
};

/// A chain `1 → 2 → … → length → 1`, whose pages bring something new for ever.
fn ring(length: u32) -> Arc<Fake> {
    let pages = AtomicUsize::new(0);
    Arc::new(Fake::simple([user_type()], move |ask| {
        let at: u32 = ask.token.parse().unwrap_or(0);
        let next = at % length + 1;
        Ok(Page::of(vec![user(&format!("u{}", pages.fetch_add(1, Ordering::SeqCst)))])
            .with_next(Some(token(&next.to_string()))))
    }))
}

#[tokio::test]
async fn a_token_that_comes_again_is_an_error_whatever_the_length_of_the_cycle() {
    for length in [1, 2, 3, 7, 50] {
        let place = Place::new();
        let fake = ring(length);
        let ended = tokio::time::timeout(Duration::from_secs(60), run(&fake, &place.output(), 0)).await;
        let error = ended.expect("the cycle is found").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        assert!(
            error.to_string().starts_with("list resources of type user: a page token came again"),
            "{error}"
        );
        assert!(fake.asked().len() <= 4 * length as usize + 4, "{} pages", fake.asked().len());
        assert_eq!(place.files(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_page_that_is_named_twice_is_read_once() {
    let fake = Arc::new(Fake::simple([user_type()], |ask| {
        let mut page = Page::of(vec![user(&format!("u{}", ask.token))]);
        // Every page names all of them.
        page.also = ["1", "2", "3"].map(token).into();
        Ok(page)
    }));
    let place = Place::new();
    run(&fake, &place.output(), 0).await.unwrap();
    for page in ["", "1", "2", "3"] {
        assert_eq!(fake.times("list", "user", page), 1, "page {page:?}");
    }
}

/// Pages of two users; the user `gone` disappears after the first page was
/// read, for good or again and again.
fn moving(drifts: usize) -> Arc<Fake> {
    let readings = AtomicUsize::new(0);
    Arc::new(Fake::simple([user_type()], move |ask| {
        if ask.token.is_empty() {
            readings.fetch_add(1, Ordering::SeqCst);
        }
        let reading = readings.load(Ordering::SeqCst);
        // A user fewer on every reading, from its second page on.
        let gone = match (reading <= drifts, ask.token.is_empty()) {
            (true, true) => reading - 1,
            (true, false) => reading,
            (false, _) => drifts,
        };
        let users: Vec<_> = (gone..6).map(|n| user(&format!("u{n}"))).collect();
        let at: usize = ask.token.parse().unwrap_or(0);
        let page: Vec<_> = users.iter().skip(at).take(2).cloned().collect();
        let mut page = Page::of(page).with_total(users.len() as u64);
        if ask.token.is_empty() {
            page.also = (2..users.len()).step_by(2).map(|n| token(&n.to_string())).collect();
        }
        Ok(page)
    }))
}

#[tokio::test]
async fn a_list_that_moved_is_read_again_once() {
    let place = Place::new();
    let fake = moving(1);
    let summary = run(&fake, &place.output(), 1).await.unwrap();
    // u0 was on the first page before it went; the first reading missed u2,
    // which the second one brought.
    assert_eq!(summary.resources["user"], 6);
    assert_eq!(fake.times("list", "user", ""), 2);
    insta::assert_debug_snapshot!(summary.warnings, @r#"
    [
        (
            "list resources of type user: the source changed while it was read (5 rows came, 5 were announced); it was read again",
            1,
        ),
    ]
    "#);
}

#[tokio::test]
async fn a_list_that_never_stands_still_is_told() {
    let place = Place::new();
    let fake = moving(2);
    let summary = run(&fake, &place.output(), 1).await.unwrap();
    assert_eq!(fake.times("list", "user", ""), 2, "no third reading");
    assert_eq!(summary.warnings.len(), 2);
    assert!(summary.warnings.iter().any(|(w, _)| w.contains("twice")), "{:?}", summary.warnings);
}

#[tokio::test]
async fn a_row_that_comes_twice_means_that_one_is_missing() {
    let fake = Arc::new(Fake::simple([user_type()], |ask| {
        let names: &[&str] = if ask.token.is_empty() { &["a", "b"] } else { &["b", "c"] };
        let mut page = Page::of(names.iter().map(|n| user(n)).collect()).with_total(4);
        if ask.token.is_empty() {
            page.next = Some(token("2"));
        }
        Ok(page)
    }));
    let place = Place::new();
    let summary = run(&fake, &place.output(), 0).await.unwrap();
    assert_eq!(fake.times("list", "user", "2"), 2);
    assert_eq!(summary.resources["user"], 3);
    assert!(summary.warnings.iter().any(|(w, _)| w.contains("3 rows came, 4 were announced")));
}

/// A source that says it has rows and gives none is broken, not moving.
#[tokio::test]
async fn a_list_that_never_brings_what_it_announces_fails_the_sync() {
    let fake = Arc::new(Fake::simple([user_type()], |_| Ok(Page::empty().with_total(500))));
    let place = Place::new();
    let error = run(&fake, &place.output(), 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    insta::assert_snapshot!(error, @"list resources of type user: the source was read twice, and both times rows were missing: 0 rows came, 500 were announced");
    assert_eq!(fake.times("list", "user", ""), 2);
    assert_eq!(place.files(), Vec::<String>::new());
}

/// Pages of these users, by their number from 0; the list ends with the last.
fn pages(pages: &'static [&'static [&'static str]], total: Option<u64>) -> Arc<Fake> {
    Arc::new(Fake::simple([user_type()], move |ask| {
        let at: usize = ask.token.parse().unwrap_or(0);
        let mut page = Page::of(pages[at % pages.len()].iter().map(|name| user(name)).collect());
        page.total = total;
        page.next = (at + 1 < pages.len() || total == Some(0)).then(|| token(&(at + 1).to_string()));
        Ok(page)
    }))
}

/// A source that answers with the same pages for ever, under tokens that are
/// new each time.
fn endless(length: usize, total: Option<u64>) -> Arc<Fake> {
    Arc::new(Fake::simple([user_type()], move |ask| {
        let at: usize = ask.token.parse().unwrap_or(0);
        let rows = (0..20).map(|n| user(&format!("u{}-{n}", at % length)));
        let mut page = Page::of(rows.collect()).with_next(Some(token(&(at + 1).to_string())));
        page.total = total;
        Ok(page)
    }))
}

#[tokio::test]
async fn without_a_total_a_page_that_brings_nothing_new_and_names_another_is_an_error() {
    for length in [1, 2, 7] {
        let (place, fake) = (Place::new(), endless(length, None));
        let error = run(&fake, &place.output(), 0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataLoss, "{error}");
        assert!(
            error.to_string().starts_with(
                "list resources of type user: a page held nothing that was not on an earlier one and named a \
                 further page, so the list may have no end"
            ),
            "{error}"
        );
        assert_eq!(fake.asked().len(), length + 1);
        assert_eq!(place.files(), Vec::<String>::new(), "reading on would not mend it");
    }
    // What overlaps goes on, and so does what is empty or ends.
    const SOUND: [&[&[&str]]; 3] =
        [&[&["a", "b"], &["b", "c"], &["c", "d"]], &[&["a"], &[], &[], &["b"]], &[&["a", "b"], &["a", "b"]]];
    for all in SOUND {
        let (place, fake) = (Place::new(), pages(all, None));
        let summary = run(&fake, &place.output(), 0).await.unwrap();
        assert_eq!((fake.asked().len(), summary.warnings.len()), (all.len(), 0), "{all:?}");
    }
}

/// So it is for a run that goes on where an earlier one stopped.
#[tokio::test]
async fn what_earlier_runs_saw_is_nothing_new() {
    let (place, fake) = (Place::new(), endless(3, None));
    let options = SyncOptions {
        checkpoints: connector_sync::Checkpoints { rows: 1, every: Duration::from_secs(3600) },
        ..SyncOptions::new(place.output())
    };
    let cancel = CancellationToken::new();
    struct Stop(CancellationToken);
    impl connector_sync::Observer for Stop {
        fn event(&self, event: &connector_sync::Event) {
            if matches!(event, connector_sync::Event::Committed { totals } if totals.pages == 2) {
                self.0.cancel();
            }
        }
    }
    let registry = connector_model::Registry::new(fake.clone()).unwrap();
    let stopped = connector_sync::sync(&registry, &options, Arc::new(Stop(cancel.clone())), cancel).await;
    assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Cancelled);
    let error = run_with(&fake, &options, CancellationToken::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataLoss, "{error}");
    assert_eq!(
        (fake.times("list", "user", "3"), fake.times("list", "user", "4")),
        (1, 0),
        "{:?}",
        fake.questions()
    );
}

/// With a total, a list is read to its end; but not where most of what comes
/// was there before.
#[tokio::test]
async fn pages_that_mostly_repeat_are_an_error_with_a_total_too() {
    let (place, fake) = (Place::new(), endless(3, Some(1_000_000)));
    let error = run(&fake, &place.output(), 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataLoss, "{error}");
    assert!(
        error.to_string().starts_with(
            "list resources of type user: most rows came more than once (60 of 140 are different), so the list may \
             have no end"
        ),
        "{error}"
    );
    assert_eq!(fake.asked().len(), 7);
}

#[tokio::test]
async fn a_total_that_can_not_be_true_fails_before_further_pages_are_asked_for() {
    for (total, says) in [
        (100_000_001, "the source announced 100000001 rows, more than the 100000000 that a list may have"),
        (u64::MAX, "the source announced 18446744073709551615 rows, more than"),
        (5, "the source announced 5 rows, and one page held 20 already"),
    ] {
        let (place, fake) = (Place::new(), endless(1_000, Some(total)));
        let error = run(&fake, &place.output(), 0).await.unwrap_err();
        assert_eq!((error.kind(), fake.asked().len()), (ErrorKind::DataLoss, 1), "{error}");
        assert!(error.to_string().starts_with(&format!("list resources of type user: {says}")), "{error}");
    }
    // A count that lags behind by a few is no reason to fail.
    let (place, fake) = (Place::new(), pages(&[&["a", "b", "c"]], Some(2)));
    let summary = run(&fake, &place.output(), 0).await.unwrap();
    assert_eq!((summary.completeness, summary.resources["user"]), (Completeness::Whole, 3));
}

/// Each of these is a list that could not be read, where one may be incomplete.
#[tokio::test]
async fn lists_without_an_end_make_an_incomplete_sync_where_that_is_allowed() {
    for (fake, asked) in [(endless(3, None), 4), (endless(3, Some(1_000_000)), 7), (endless(9, Some(1)), 1)] {
        let place = Place::new();
        let other = user_type();
        let options = SyncOptions { allow_incomplete: true, ..SyncOptions::new(place.output()) };
        let summary = run_with(&fake, &options, CancellationToken::new()).await.unwrap();
        assert_eq!(
            (summary.completeness, fake.asked().len()),
            (Completeness::Incomplete, asked),
            "{other:?}"
        );
    }
}

/// Where a source says twice that there are more rows than came, the file says
/// so, with both numbers.
#[tokio::test]
async fn a_list_of_which_a_few_rows_are_missing_twice_is_short() {
    let fake = Arc::new(Fake::simple([user_type()], |_| {
        Ok(Page::of((0..990).map(|n| user(&format!("u{n}"))).collect()).with_total(1_000))
    }));
    let place = Place::new();
    let summary = run(&fake, &place.output(), 1).await.unwrap();
    assert_eq!(fake.asked().len(), 2, "it is read twice");
    assert_eq!(summary.completeness, Completeness::Short);
    let line = summary.ledger.iter().find(|line| line.resource_type == "user").unwrap();
    assert_eq!((line.state, line.rows, line.expected), (Completeness::Short, 990, Some(1_000)));
    let reason = line.reason.as_deref().unwrap();
    assert_eq!(reason, "list resources of type user: the source says 1000, and 990 came, twice");
    assert!(summary.warnings.iter().any(|(w, _)| w.contains("twice: 990 rows came, 1000 were announced")));
}
