//! What a connector may not exceed, and how long anything may take.

use std::{sync::Arc, time::Duration};

use connector_model::{Error, ErrorKind, Page, Resource};
use connector_sync::SyncOptions;
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Fake, Place, run, run_with},
    id, plain, token, user, user_type,
};

const MAX_KEY: usize = 512;
const MAX_VALUE: usize = 4_132_864;

/// A site whose pages remember these keys and values, one a page.
fn remembering(values: Vec<(String, Vec<u8>)>) -> Arc<Fake> {
    Arc::new(Fake::simple([user_type()], move |ask| {
        let at: usize = ask.token.parse().unwrap_or(0);
        let next = (at + 1 < values.len()).then(|| token(&(at + 1).to_string()));
        Ok(Page {
            remember: vec![values[at].clone()],
            ..Page::of(vec![user(&at.to_string())]).with_next(next)
        })
    }))
}

#[tokio::test]
async fn keys_and_values_that_are_remembered_have_the_limits_of_the_session_store() {
    let of = |key: usize, value: usize| remembering(vec![("k".repeat(key), vec![0; value])]);
    run(&of(MAX_KEY, MAX_VALUE), &Place::new().output(), 1).await.unwrap();
    run(&of(1, 0), &Place::new().output(), 1).await.unwrap();
    let mut refusals = String::new();
    for (key, value) in [(MAX_KEY + 1, 1), (0, 1), (1, MAX_VALUE + 1)] {
        let error = run(&of(key, value), &Place::new().output(), 1).await.unwrap_err();
        refusals.push_str(&format!("[{}] {error}\n", error.kind()));
    }
    insta::assert_snapshot!(refusals, @r#"
    [resource exhausted] list resources of type user: a key to be remembered has 513 bytes, 512 are allowed; this is a bug in the connector
    [internal] list resources of type user: a key to be remembered is empty; this is a bug in the connector
    [resource exhausted] list resources of type user: a value to be remembered has 4132865 bytes, 4132864 are allowed; this is a bug in the connector (key=k)
    "#);
}

/// 64 MiB in all; a value that replaces another counts alone.
#[tokio::test]
async fn what_is_remembered_in_all_has_a_limit() {
    let distinct: Vec<_> = (0..17).map(|i| (format!("{i:02}"), vec![0; 4_000_000])).collect();
    let error = run(&remembering(distinct), &Place::new().output(), 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    insta::assert_snapshot!(error, @"the connector remembers more than 64 MiB over its pages");
    let replaced: Vec<_> = (0..17).map(|_| ("same".to_owned(), vec![0; 4_000_000])).collect();
    run(&remembering(replaced), &Place::new().output(), 1).await.unwrap();
}

/// A site in which something never answers.
fn hanging(operation: &'static str) -> Fake {
    Fake::new([user_type(), plain("group")], move |ask, _| {
        Box::pin(async move {
            if ask.operation == operation && ask.of == "group:g" {
                std::future::pending::<()>().await;
            }
            Ok(match (ask.operation, ask.resource_type.as_str()) {
                ("list", "user") => Page::of(vec![user("ada")]),
                ("list", "group") => Page::of(vec![Resource::new(id("group", "g"), "G")]),
                _ => Page::empty(),
            })
        })
    })
}

fn hanging_declaration() -> Fake {
    hanging("").with_statics("group", || Box::pin(std::future::pending()))
}

#[tokio::test]
async fn a_call_has_a_time_limit() {
    let mut sentences = String::new();
    for fake in [hanging("entitlements"), hanging("grants"), hanging_declaration()] {
        let place = Place::new();
        let mut options = SyncOptions::new(place.output());
        options.call_limit = Duration::from_millis(100);
        let ended = run_with(&Arc::new(fake), &options, CancellationToken::new()).await;
        let error = ended.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
        sentences.push_str(&format!("{error}\n"));
        assert_eq!(place.files(), [".sync.c1z.work"], "what was read is not lost");
    }
    insta::assert_snapshot!(sentences, @r#"
    list entitlements of group:g: the connector did not answer within 0.1 s, and the call was given up
    list grants of group:g: the connector did not answer within 0.1 s, and the call was given up
    list static entitlements of type group: the connector did not answer within 0.1 s, and the call was given up
    "#);
}

#[tokio::test]
async fn signing_in_has_the_limit_of_a_call() {
    let (fake, place) = (Arc::new(hanging("").never_signing_in()), Place::new());
    let mut options = SyncOptions::new(place.output());
    options.call_limit = Duration::from_millis(100);
    let sync = run_with(&fake, &options, CancellationToken::new());
    let ended = tokio::time::timeout(Duration::from_secs(60), sync).await;
    let error = ended.expect("it ends").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    insta::assert_snapshot!(error, @"validate the connector: the connector did not answer within 0.1 s, and the call was given up");
    assert_eq!((fake.questions().len(), place.files().len()), (0, 0));
}

/// The limit of a run holds wherever it is.
#[tokio::test]
async fn a_run_has_a_time_limit() {
    for fake in [hanging("entitlements"), hanging("grants"), hanging_declaration()] {
        let place = Place::new();
        let mut options = SyncOptions::new(place.output());
        options.time_limit = Some(Duration::from_millis(300));
        // Not even an incomplete sync is written then.
        options.allow_incomplete = true;
        let fake = Arc::new(fake);
        let sync = run_with(&fake, &options, CancellationToken::new());
        let ended = tokio::time::timeout(Duration::from_secs(60), sync).await;
        let error = ended.expect("it ends").unwrap_err();
        assert_eq!((error.kind(), error.kind().code()), (ErrorKind::Aborted, 10));
        assert_eq!(
            error.to_string(),
            "the sync is not complete: it may run for 0.3 s; the old file is untouched"
        );
        assert!(!place.output().exists());
    }
}

/// Groups of which some are gone when they are asked for; these are asked for last.
fn gone(groups: usize, gone: usize) -> Arc<Fake> {
    Arc::new(Fake::simple([plain("group")], move |ask| {
        let at: usize = ask.of.trim_start_matches("group:").parse().unwrap_or(0);
        match ask.operation {
            "list" => Ok(Page::of(
                (0..groups).map(|n| Resource::new(id("group", &format!("{n:04}")), "G")).collect(),
            )),
            "grants" if at >= groups - gone => Err(Error::new(ErrorKind::NotFound, "no such group")),
            _ => Ok(Page::empty()),
        }
    }))
}

/// More than ten, and more than a tenth of what was asked: the list, the entitlements of all groups, and the grants
/// of those before.
#[tokio::test]
async fn too_many_that_are_gone_end_the_run_and_keep_what_was_read() {
    // When the eleventh of n groups is gone, 1 + n + (n - 11) + 10 = 2 n questions were answered: 11 are a tenth of
    // 110, and more of 108.
    for (groups, lost, fails) in [(10, 10, false), (55, 11, false), (54, 11, true)] {
        let place = Place::new();
        let ended = run(&gone(groups, lost), &place.output(), 1).await;
        if !fails {
            assert_eq!(ended.unwrap().warnings.len(), lost, "{lost} of {groups}");
            continue;
        }
        let error = ended.unwrap_err();
        assert_eq!((error.kind(), error.kind().code()), (ErrorKind::Aborted, 10));
        insta::assert_snapshot!(error.report(), @r#"
        11 resources were not found when they were asked for, of 109 that were asked: it is not they that are missing
          because: list grants of group:0053: no such group
        "#);
        assert_eq!(place.files(), [".sync.c1z.work"]);
        // Those that were gone are not forgotten: the next run has no ten of its own.
        let again = run(&gone(groups, lost), &place.output(), 1).await.unwrap_err();
        assert_eq!(again.report(), error.report());
        let summary = run(&gone(groups, 0), &place.output(), 1).await.unwrap();
        assert!(summary.resumed);
        assert_eq!(summary.warnings.len(), 10);
    }
}

/// Pages that were there when another failed are taken in, and nothing is asked or counted twice.
#[tokio::test]
async fn what_was_answered_before_a_failure_is_not_asked_again() {
    let fake = |fails: bool| {
        Arc::new(Fake::simple([plain("group")], move |ask| match (ask.operation, ask.of.as_str()) {
            ("list", _) => {
                Ok(Page::of((0..8).map(|n| Resource::new(id("group", &n.to_string()), "G")).collect()))
            }
            ("grants", "group:6") if fails => Err(Error::new(ErrorKind::Unavailable, "no answer")),
            ("grants", "group:2" | "group:4") => Err(Error::new(ErrorKind::NotFound, "no such group")),
            _ => Ok(Page::empty()),
        }))
    };
    let place = Place::new();
    run(&fake(true), &place.output(), 8).await.unwrap_err();
    let second = fake(false);
    let summary = run(&second, &place.output(), 1).await.unwrap();
    assert!(summary.resumed);
    let gone = |n| (format!("list grants of group:{n}: it was gone when it was asked for"), 1);
    assert_eq!(summary.warnings, [gone(2), gone(4)]);
    let asked = second.questions();
    assert!(asked.contains(&"grants group:6".to_owned()), "{asked:?}");
    assert!(!asked.contains(&"grants group:0".to_owned()), "{asked:?}");
}
