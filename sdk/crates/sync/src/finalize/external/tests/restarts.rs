//! Killed at any moment, and run again.

use std::collections::BTreeMap;

use connector_model::{ErrorKind, Grant, TraitKind, wire};
use connector_store::WorkDb;
use tokio_util::sync::CancellationToken;

use super::{Place, Site, add_external, all, by_id, carrier, directory, grants, id, roles};

fn own() -> Site {
    roles(vec![
        carrier(id("user", "?"), &all(TraitKind::User)),
        carrier(id("user", "x"), &by_id("ops")),
        carrier(id("user", "y"), &by_id("nobody")),
    ])
}

async fn content(db: &mut WorkDb) -> (BTreeMap<String, wire::Grant>, i64, i64) {
    let stats = db.stats().await.unwrap();
    (grants(db).await, stats.resources, stats.entitlements)
}

#[tokio::test]
async fn what_was_done_is_not_done_again() {
    let place = Place::new();
    let (mut db, first) = place.add(&own(), &directory()).await;
    let expected = content(&mut db).await;
    let options = crate::ExternalPrincipals {
        file: place.path("directory.c1z"),
        entitlement: None,
        traits: Vec::new(),
    };
    let temporary: i64 = sqlx::query_scalar("select count(*) from sqlite_temp_schema")
        .fetch_one(db.connection())
        .await
        .unwrap();
    assert_eq!(temporary, 0);
    // The process that did it may be another one.
    db.close().await.unwrap();
    let mut db = WorkDb::open(&place.database("sync")).await.unwrap();
    let external = place.open(&options).await.unwrap();
    let again = add_external(&mut db, &external, &CancellationToken::new()).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(content(&mut db).await, expected);
}

#[tokio::test]
async fn a_cancelled_run_leaves_all_as_it_was() {
    let place = Place::new();
    let external = place.open(&place.external(&directory()).await).await.unwrap();
    let mut db = place.own(&own()).await;
    let before = content(&mut db).await;
    let cancel = CancellationToken::new();
    cancel.cancel();
    let error = add_external(&mut db, &external, &cancel).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(content(&mut db).await, before);
    // The same connection goes on.
    let added = add_external(&mut db, &external, &CancellationToken::new()).await.unwrap();
    assert_eq!((added.carriers, added.matched, added.unmatched), (3, 4, 1));
}

/// SQLite is stopped after every number of its steps, which is every moment
/// at which a process can be killed but for those inside SQLite.
#[tokio::test]
async fn stopped_at_any_step_it_is_as_before_or_done() {
    let place = Place::new();
    let external = place.open(&place.external(&directory()).await).await.unwrap();
    let mut db = place.own(&own()).await;
    let before = content(&mut db).await;
    db.close().await.unwrap();
    let (mut stopped, mut steps) = (0, 1_u32);
    let (mut db, added) = loop {
        let mut db = WorkDb::open(&place.database("sync")).await.unwrap();
        let mut left = steps;
        let at_the_last = move || {
            left = left.saturating_sub(1);
            left == 0
        };
        db.stop_when_asked(20, at_the_last).await.unwrap();
        let done = add_external(&mut db, &external, &CancellationToken::new()).await;
        db.stop_when(|| false).await.unwrap();
        match done {
            Ok(added) => break (db, added),
            // Not closed: nobody tidies up after a process that was killed.
            Err(_) => drop(db),
        }
        let mut db = WorkDb::open(&place.database("sync")).await.unwrap();
        assert_eq!(content(&mut db).await, before, "after {steps} steps");
        stopped += 1;
        steps += 1 + steps / 10;
    };
    assert!(stopped > 20, "{stopped}");
    assert_eq!((added.carriers, added.matched, added.unmatched), (3, 4, 1));
    let expected = content(&mut Place::new().add(&own(), &directory()).await.0).await;
    assert_eq!(content(&mut db).await, expected);
}

/// A full disk, at every size.
#[tokio::test]
async fn a_full_disk_leaves_all_as_it_was() {
    let place = Place::new();
    let external = place.open(&place.external(&directory()).await).await.unwrap();
    let mut many = own();
    many.grants.extend((0..40).map(|n| -> Grant { carrier(id("user", &format!("c{n}")), &by_id("eve")) }));
    let mut db = place.own(&many).await;
    let before = content(&mut db).await;
    let pages: i64 = sqlx::query_scalar("pragma page_count").fetch_one(db.connection()).await.unwrap();
    let mut refused = 0;
    for most in pages.. {
        let pragma = sqlx::AssertSqlSafe(format!("pragma max_page_count = {most}"));
        sqlx::raw_sql(pragma).execute(db.connection()).await.unwrap();
        match add_external(&mut db, &external, &CancellationToken::new()).await {
            Ok(added) => {
                assert_eq!(added.carriers, 43);
                break;
            }
            Err(e) => assert_eq!(e.kind(), ErrorKind::ResourceExhausted, "{e:?}"),
        }
        assert_eq!(content(&mut db).await, before);
        refused += 1;
    }
    assert!(refused > 0);
}
