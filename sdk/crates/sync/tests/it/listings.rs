//! Pages that repeat, and lists that move while they are read.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use connector_model::{ErrorKind, Page};

use crate::{
    fake::{Fake, Place, run},
    token, user, user_type,
};

/// A chain `1 → 2 → … → length → 1`.
fn ring(length: u32) -> Arc<Fake> {
    Arc::new(Fake::simple([user_type()], move |ask| {
        let at: u32 = ask.token.parse().unwrap_or(0);
        let next = at % length + 1;
        Ok(Page::of(vec![user(&format!("u{at}"))]).with_next(Some(token(&next.to_string()))))
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
