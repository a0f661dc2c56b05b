//! What it costs, in steps of SQLite and not in time.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use connector_model::{Grant, Resource, TraitKind};
use tokio_util::sync::CancellationToken;

use super::{Place, Site, add_external, by_id, by_key, carrier, directory, id, member, of, roles};

/// Hundreds of instructions of SQLite's machine for a directory of `n` people
/// and as many carriers, each with a key of its own.
async fn steps(n: usize) -> u64 {
    let mut site: Site = directory();
    let user = |n: usize| {
        let key = format!("key{n}");
        Resource::user(id("user", &format!("u{n}")), "u")
            .email(format!("U{n}@example.com"))
            .profile([(key, "v")])
    };
    site.resources.extend((0..n).map(user));
    site.grants.extend((0..n).map(|n| Grant::new(of(&member("eng")), id("user", &format!("u{n}")))));
    let carrier = |at: usize| {
        let to = id("user", &format!("p{at}"));
        match at % 3 {
            0 => carrier(to, &by_id(&format!("u{at}"))),
            1 => carrier(to, &by_key(TraitKind::User, "email", &format!("u{at}@EXAMPLE.com"))),
            _ => carrier(to, &by_key(TraitKind::User, &format!("key{at}"), "V")),
        }
    };
    let place = Place::new();
    let external = place.open(&place.external(&site).await).await.unwrap();
    let mut db = place.own(&roles((0..n).map(carrier).collect())).await;
    let steps = Arc::new(AtomicU64::new(0));
    let count = steps.clone();
    let counted = move || {
        count.fetch_add(1, Ordering::Relaxed);
        false
    };
    db.stop_when_asked(100, counted).await.unwrap();
    let added = add_external(&mut db, &external, &CancellationToken::new()).await.unwrap();
    assert_eq!((added.matched, added.unmatched), (n as u64, 0));
    steps.load(Ordering::Relaxed)
}

#[tokio::test]
async fn twice_as_much_costs_twice_as_much() {
    let (one, two, four) = (steps(700).await, steps(1_400).await, steps(2_800).await);
    for (less, more) in [(one, two), (two, four)] {
        assert!(more * 10 < less * 23, "{one} {two} {four}");
    }
}
