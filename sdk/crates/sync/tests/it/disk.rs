//! No room: a database that may not grow, at every size that is too small. The
//! old file stays, what was read is kept, and a run with room has all of it.

use std::{path::PathBuf, sync::Arc};

use connector_model::{Entitlement, EntitlementRef, ErrorKind, Grant, Page, Registry, Resource};
use connector_sync::{Checkpoints, Event, Observer, SyncOptions};
use connector_testkit::{Document, document};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Ask, Fake, Place, run},
    id, plain,
    resume::{StopAt, run_as, told},
    token, user, user_type,
};

/// A page of the database.
const PAGE: u64 = 16 << 10;

const EVERY_PAGE: Checkpoints = Checkpoints { rows: 1, every: std::time::Duration::ZERO };

/// Users a page, and pages of them.
const USERS: u64 = 5;
const PAGES: u64 = 4;

/// A site whose rows take some pages of the database, before and after the
/// indexes are made: long ids.
fn site() -> Arc<Fake> {
    Arc::new(Fake::simple([user_type(), plain("group")], |ask| Ok(answer(ask))))
}

fn name(n: u64) -> String {
    format!("{n:0>1000}")
}

fn answer(ask: &Ask) -> Page {
    let page: u64 = ask.token.parse().unwrap_or_default();
    let of = ask.of.split_once(':').map(|(_, id)| id).unwrap_or_default();
    let users = (page * USERS..(page + 1) * USERS).map(name);
    let answer = match (ask.operation, ask.resource_type.as_str()) {
        ("list", "user") => Page::of(users.map(|name| user(&name)).collect()),
        ("list", "group") => return Page::of(["a", "b"].map(|g| Resource::new(id("group", g), g)).into()),
        ("entitlements", "group") => {
            let group = Resource::new(id("group", of), of);
            return Page::of_entitlements(vec![Entitlement::permission(&group, "member")]);
        }
        ("grants", "group") => {
            let member = EntitlementRef::canonical(&id("group", of), "member");
            Page::of_grants(users.map(|name| Grant::new(member.clone(), id("user", &name))).collect())
        }
        _ => return Page::empty(),
    };
    answer.with_next((page + 1 < PAGES).then(|| token(&(page + 1).to_string())))
}

/// Runs with a limit, and gives whether there was room.
async fn has_room(place: &Place, bytes: u64) -> bool {
    let options = SyncOptions {
        max_database_bytes: Some(bytes),
        checkpoints: EVERY_PAGE,
        ..SyncOptions::new(place.output())
    };
    match run_as(&site(), &options, &StopAt::never()).await {
        Ok(_) => true,
        Err(e) => {
            assert_eq!(e.kind(), ErrorKind::ResourceExhausted, "{bytes}: {}", e.report());
            let sentence = format!(
                "the working database needs more than the {bytes} bytes that it may have; allow more and run it again"
            );
            assert_eq!(e.message(), sentence, "{}", e.report());
            false
        }
    }
}

/// An old file, and what a sync makes of it.
async fn old_and_expected() -> (Vec<u8>, (Document, Value)) {
    let place = Place::new();
    run(&site(), &place.output(), 1).await.unwrap();
    let old = std::fs::read(place.output()).unwrap();
    let summary = run(&site(), &place.output(), 1).await.unwrap();
    (old, told(&place.output(), &summary).await)
}

#[tokio::test]
async fn at_every_size_that_is_too_small_the_old_file_stays_and_the_next_run_has_all() {
    let (old, expected) = old_and_expected().await;
    let (mut too_small, mut gone_on_with) = (0, 0);
    for pages in 1.. {
        let place = Place::new();
        std::fs::write(place.output(), &old).unwrap();
        if has_room(&place, pages * PAGE).await {
            break;
        }
        assert!(std::fs::read(place.output()).unwrap() == old, "{pages} pages: the old file is as it was");
        let summary = run(&site(), &place.output(), 1).await.unwrap();
        gone_on_with += u32::from(summary.resumed);
        assert_eq!(told(&place.output(), &summary).await, expected, "{pages} pages");
        assert_eq!(place.files(), ["sync.c1z"], "{pages} pages: nothing is left");
        too_small += 1;
    }
    assert!(gone_on_with > 20 && gone_on_with < too_small, "{gone_on_with} of {too_small}");
}

/// Each run comes a little further than the one before.
#[tokio::test]
async fn a_limit_that_is_raised_again_and_again_is_enough_in_the_end() {
    let (old, expected) = old_and_expected().await;
    let place = Place::new();
    std::fs::write(place.output(), &old).unwrap();
    for pages in 1.. {
        if has_room(&place, pages * PAGE).await {
            break;
        }
        assert!(std::fs::read(place.output()).unwrap() == old, "{pages} pages: the old file is as it was");
    }
    assert_eq!(document(&place.output()).await.unwrap(), expected.0);
    assert_eq!(place.files(), ["sync.c1z"], "nothing is left");
}

/// Stands in the way of the packer, from the moment at which it is its turn.
struct InTheWay(PathBuf);

impl Observer for InTheWay {
    fn event(&self, event: &Event) {
        if matches!(event, Event::SealStep { step: "pack" }) {
            std::fs::create_dir(&self.0).unwrap();
        }
    }
}

#[tokio::test]
async fn what_could_not_be_packed_is_packed_by_the_next_run() {
    let (old, expected) = old_and_expected().await;
    let place = Place::new();
    std::fs::write(place.output(), &old).unwrap();
    let in_the_way = place.output().with_file_name(".sync.c1z.tmp");
    let registry = Registry::new(site()).unwrap();
    let options = SyncOptions::new(place.output());
    let observer = Arc::new(InTheWay(in_the_way.clone()));
    let failed = connector_sync::sync(&registry, &options, observer, CancellationToken::new()).await;
    let error = failed.unwrap_err();
    assert!(error.to_string().contains("can't remove what an interrupted run left"), "{}", error.report());
    assert!(std::fs::read(place.output()).unwrap() == old, "the old file is as it was");
    assert_eq!(place.files(), [".sync.c1z.tmp", ".sync.c1z.work", "sync.c1z"]);

    std::fs::remove_dir(in_the_way).unwrap();
    let fake = site();
    let summary = run(&fake, &place.output(), 1).await.unwrap();
    assert_eq!((summary.resumed, fake.asked().len()), (true, 0), "it only had to be packed");
    assert_eq!(told(&place.output(), &summary).await, expected);
    assert_eq!(place.files(), ["sync.c1z"]);
}
