//! How many calls are in flight, and that their number and order leave no
//! trace in the file.

use std::sync::Arc;

use connector_model::{EntitlementRef, Grant, Page, Resource};
use connector_testkit::document;

use crate::{
    fake::{Ask, Fake, Place, run},
    id, plain, token, user, user_type,
};

const TEAMS: usize = 40;
const USERS: usize = 300;
const PAGE: usize = 20;

/// Users in pages that are all named at once, teams in a chain, members in
/// chains; every answer takes another number of turns, so pages overtake each
/// other.
fn organisation(salt: u64) -> Fake {
    Fake::new([plain("team"), user_type()], move |ask: Ask, _| {
        Box::pin(async move {
            let turns = ask
                .token
                .bytes()
                .chain(ask.of.bytes())
                .fold(salt, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)))
                % 17;
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            Ok(answer(&ask))
        })
    })
}

fn answer(ask: &Ask) -> Page {
    let at: usize = ask.token.parse().unwrap_or(0);
    match (ask.operation, ask.resource_type.as_str()) {
        ("list", "user") => {
            let mut page = Page::of((at..at + PAGE).map(|n| user(&format!("u{n}"))).collect());
            page.total = Some(USERS as u64);
            if ask.token.is_empty() {
                page.also = (1..USERS / PAGE).map(|n| token(&(n * PAGE).to_string())).collect();
            }
            page
        }
        ("list", "team") => {
            let teams = (at..at + 5).map(|n| Resource::new(id("team", &format!("t{n}")), format!("T{n}")));
            let next = (at + 5 < TEAMS).then(|| token(&(at + 5).to_string()));
            Page::of(teams.collect()).with_next(next)
        }
        ("entitlements", "team") => {
            let team = Resource::new(id("team", ask.of.trim_start_matches("team:")), "");
            Page::of_entitlements(vec![connector_model::Entitlement::assignment(&team, "member")])
        }
        ("grants", "team") => {
            let team = ask.of.trim_start_matches("team:");
            let n: usize = team.trim_start_matches('t').parse().unwrap();
            let member = EntitlementRef::canonical(&id("team", team), "member");
            let grants = (at..at + 7)
                .map(|k| Grant::new(member.clone(), id("user", &format!("u{}", (n * 13 + k) % USERS))));
            let next = (at + 7 < 28).then(|| token(&(at + 7).to_string()));
            Page::of_grants(grants.collect()).with_next(next)
        }
        other => panic!("not asked for: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_content_is_the_same_at_any_number_of_workers() {
    let mut digests = Vec::new();
    for (salt, workers) in [(1, 1), (2, 2), (3, 8), (4, 64), (5, 0)] {
        let place = Place::new();
        let summary = run(&Arc::new(organisation(salt)), &place.output(), workers).await.unwrap();
        assert_eq!(summary.resources.values().sum::<u64>(), (TEAMS + USERS) as u64);
        assert_eq!(summary.grants["team"], (TEAMS * 28) as u64);
        assert_eq!(summary.warnings, []);
        digests.push(document(&place.output()).await.unwrap().sha256);
    }
    digests.dedup();
    assert_eq!(digests.len(), 1, "{digests:?}");
}

#[tokio::test]
async fn no_more_calls_are_in_flight_than_workers() {
    for (workers, declared, most) in
        [(1, None, 1), (3, None, 3), (0, None, 8), (0, Some(2), 2), (0, Some(99), 8)]
    {
        let place = Place::new();
        let mut fake = organisation(7);
        if let Some(declared) = declared {
            fake = fake.declaring(declared);
        }
        let fake = Arc::new(fake);
        run(&fake, &place.output(), workers).await.unwrap();
        assert_eq!(fake.most_in_flight(), most, "workers {workers}, declared {declared:?}");
    }
}

/// More pages than are kept in memory wait in the queue.
#[tokio::test]
async fn pages_that_wait_in_the_queue_are_read_once() {
    const PAGES: usize = 9000;
    let fake = Arc::new(Fake::simple([user_type()], |ask| {
        let name = if ask.token.is_empty() { "first".to_owned() } else { ask.token.clone() };
        let mut page = Page::of(vec![user(&name)]);
        // As many as one page may name, and the last of them names the next.
        let named = ask.token.parse::<usize>().map_or(0, |n| n + 1);
        if named.is_multiple_of(1000) {
            page.also = (named..PAGES.min(named + 1000)).map(|n| token(&n.to_string())).collect();
        }
        Ok(page)
    }));
    let place = Place::new();
    let summary = run(&fake, &place.output(), 0).await.unwrap();
    assert_eq!(summary.resources["user"], PAGES as u64 + 1);
    let mut asked = fake.asked();
    assert_eq!(asked.len(), PAGES + 1);
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), PAGES + 1);
}

/// Listings whose pages name further ones come to their end one after the
/// other, though more of them wait than are kept in memory.
#[tokio::test]
async fn further_pages_come_before_other_listings() {
    const GROUPS: usize = 6000;
    let fake = Arc::new(Fake::simple([plain("group")], |ask| {
        Ok(match (ask.operation, ask.token.as_str()) {
            ("list", "") => {
                Page::of((0..GROUPS).map(|n| Resource::new(id("group", &n.to_string()), "G")).collect())
            }
            ("grants", "") => Page { also: ["a", "b"].map(token).into(), ..Page::empty() },
            _ => Page::empty(),
        })
    }));
    let place = Place::new();
    run(&fake, &place.output(), 4).await.unwrap();
    let (mut open, mut most, mut asked) = (std::collections::BTreeMap::new(), 0, 0);
    for ask in fake.asked().iter().filter(|ask| ask.operation == "grants") {
        let pages = open.entry(ask.of.clone()).or_insert(0);
        *pages += 1;
        asked += 1;
        if *pages == 3 {
            open.remove(&ask.of);
        }
        most = most.max(open.len());
    }
    assert_eq!((asked, open.len()), (3 * GROUPS, 0), "every page once");
    // One for each call under way, and as many again whose first page waits to
    // be taken in.
    assert!(most <= 100, "{most} listings were open at a time");
}
