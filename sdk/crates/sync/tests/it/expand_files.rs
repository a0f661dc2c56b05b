//! Which files are expanded, and what becomes of those that are not.

use std::path::Path;

use connector_graph::{ExpandOptions, ExpandedFile, expand_file};
use connector_model::{Entitlement, EntitlementRef, ErrorKind, Expandable, Grant, Resource};
use connector_store::{
    C1z, EntitlementRow, Finish, GrantEncoder, NewSync, OpenOptions, SyncRun, WorkDb, envelope,
};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{fake::Place, id};

/// A sync of two groups, one in the other, that began so many hours ago, with its token; without one it is finished.
struct Sync {
    hours_ago: i64,
    token: Option<&'static str>,
}

/// Writes a file of some syncs. Each is kept by the next, as a connector's next run keeps them.
async fn write(to: &Path, syncs: &[Sync]) -> Vec<String> {
    let mut ids = Vec::new();
    let mut old = None;
    for Sync { hours_ago, token } in syncs {
        let started_at = Timestamp::now() - SignedDuration::from_hours(*hours_ago);
        let new = NewSync { started_at, ..NewSync::full() };
        let work = to.with_extension(format!("db{}", ids.len()));
        let mut db = WorkDb::create(&work, &new).await.unwrap();
        let mut batch = db.begin().await.unwrap();
        let groups = ["inner", "outer"].map(|name| Resource::group(id("group", name), name));
        let [inner, outer] = groups.each_ref().map(|g| EntitlementRef::canonical(&g.id, "member"));
        let entitlements: Vec<_> =
            groups.iter().map(|g| EntitlementRow::encode(&Entitlement::assignment(g, "member"))).collect();
        let _ = batch.put_entitlements(&entitlements).await.unwrap();
        let expandable = Expandable {
            entitlement_ids: vec![inner.id.to_string()],
            shallow: false,
            resource_type_ids: vec![],
        };
        let grants = [
            Grant::new(inner, id("user", "ada")),
            Grant::new(outer, groups[0].id.clone()).expanding(expandable),
        ];
        let mut encoder = GrantEncoder::default();
        let _ = batch.put_grants(&grants.map(|g| encoder.encode(&g))).await.unwrap();
        batch.commit().await.unwrap();
        if let Some(old) = old.replace(work.clone()) {
            let packed = old.with_extension("c1z");
            envelope::pack(&old, &packed).await.unwrap();
            let old = C1z::open(&packed, &OpenOptions::default()).await.unwrap();
            let _ = db.copy_kept_syncs(&old, connector_sync::Retention::All).await.unwrap();
        }
        db.build_indexes().await.unwrap();
        match token {
            Some(token) => {
                sqlx::query(
                    "update v1_sync_runs set sync_token = ?, grants_backfilled = 1 where sync_id = ?",
                )
                .bind(*token)
                .bind(new.id.as_str())
                .execute(db.connection())
                .await
                .unwrap();
            }
            None => {
                let stats = db.stats().await.unwrap();
                let ended_at = started_at + SignedDuration::from_mins(1);
                let end = Finish { ended_at, stats, supports_diff: false, completed_actions: 0 };
                db.finish(&end).await.unwrap();
            }
        }
        db.close_for_packing().await.unwrap();
        ids.push(new.id.to_string());
    }
    envelope::pack(&old.unwrap(), to).await.unwrap();
    for n in 0..syncs.len() {
        std::fs::remove_file(to.with_extension(format!("db{n}"))).unwrap();
    }
    ids
}

async fn expand(file: &Path, sync_id: Option<&str>) -> connector_model::Result<ExpandedFile> {
    let options = ExpandOptions { sync_id: sync_id.map(str::to_owned), ..ExpandOptions::default() };
    expand_file(file, file, &options, &|_| {}, CancellationToken::new()).await
}

async fn runs(file: &Path) -> Vec<SyncRun> {
    C1z::open(file, &OpenOptions::default()).await.unwrap().syncs().await.unwrap()
}

const ONLY_EXPANSION: &str =
    r#"{"actions_map":{"1":{"operation":"grant-expansion"}},"action_order":["1"],"version":1}"#;

#[tokio::test]
async fn the_newest_sync_that_can_be_expanded_is() {
    let finished = |hours_ago| Sync { hours_ago, token: None };
    let unfinished = |hours_ago, token| Sync { hours_ago, token: Some(token) };
    let old_and_pending = unfinished(900, r#"{"version":9}"#);
    for (syncs, chosen) in [
        (vec![finished(3)], 0),
        (vec![finished(3), finished(2)], 1),
        // However old it is.
        (vec![finished(1_000), unfinished(900, ONLY_EXPANSION)], 1),
        // A later full sync stands for it.
        (vec![old_and_pending, finished(2)], 1),
    ] {
        let place = Place::new();
        let ids = write(&place.output(), &syncs).await;
        let before = runs(&place.output()).await;
        let done = expand(&place.output(), None).await.unwrap();
        assert_eq!(done.sync_id, ids[chosen]);
        assert_eq!(done.expanded.created.values().sum::<u64>(), 1, "{:?}", done.expanded);
        for run in runs(&place.output()).await {
            let old = before.iter().find(|b| b.id == run.id).unwrap();
            if run.id == done.sync_id {
                assert!(run.is_finished() && run.supports_diff);
                let file = C1z::open(&place.output(), &OpenOptions::default()).await.unwrap();
                assert_eq!(file.sync_token(&run).await.unwrap(), r#"{"version":1}"#);
                assert!(old.ended_at.is_none() || old.ended_at == run.ended_at);
                let stats = file.stored_stats(&run).await.unwrap().unwrap();
                assert_eq!((stats.grants, &run.started_at), (3, &old.started_at));
            } else {
                assert_eq!(&run, old);
            }
        }
        assert_eq!(place.files(), ["sync.c1z"]);
    }
}

#[tokio::test]
async fn a_sync_that_is_not_read_to_its_end_is_refused_and_the_file_stays() {
    for (token, says) in [
        (
            r#"{"actions_map":{"1":{"operation":"list-grants"}},"action_order":["1"],"version":2}"#,
            "left: list-grants)",
        ),
        (
            r#"{"actions_map":{"1":{"operation":"list-external-resources"}},"version":1}"#,
            "list-external-resources",
        ),
        (r#"{"version":3}"#, "newer than this one"),
        ("{", "no known form"),
        ("", "left: init)"),
    ] {
        let place = Place::new();
        let syncs = [Sync { hours_ago: 5, token: None }, Sync { hours_ago: 2, token: Some(token) }];
        let ids = write(&place.output(), &syncs).await;
        let before = std::fs::read(place.output()).unwrap();
        for named in [None, Some(ids[1].as_str())] {
            let error = expand(&place.output(), named).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
            assert!(error.to_string().contains(says), "{says} in: {error}");
            assert!(
                error.to_string().contains(&ids[1]) && error.to_string().contains("--sync-id"),
                "{error}"
            );
        }
        assert_eq!(std::fs::read(place.output()).unwrap(), before);
        assert_eq!(place.files(), ["sync.c1z"]);
        // The way out that it names.
        assert_eq!(expand(&place.output(), Some(&ids[0])).await.unwrap().sync_id, ids[0]);
    }
}

#[tokio::test]
async fn whatever_step_it_is_stopped_at_the_file_stays() {
    let place = Place::new();
    let _ids = write(&place.output(), &[Sync { hours_ago: 1, token: Some(ONLY_EXPANSION) }]).await;
    let before = std::fs::read(place.output()).unwrap();
    // What a killed run left is in nobody's way, and what a sync left to go on with stays.
    for left in [".sync.c1z.expand", ".sync.c1z.work"] {
        std::fs::create_dir(place.output().with_file_name(left)).unwrap();
        std::fs::write(place.output().with_file_name(left).join("left"), "x").unwrap();
    }
    for step in ["copy the sync", "expand grants", "keep the other syncs", "build indexes", "pack"] {
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let report = |reported| {
            if reported == step {
                stop.cancel();
            }
        };
        let output = place.output();
        let error =
            expand_file(&output, &output, &ExpandOptions::default(), &report, cancel).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{step}: {error}");
        assert_eq!(std::fs::read(&output).unwrap(), before, "{step}");
        assert_eq!(place.files(), [".sync.c1z.work", "sync.c1z"], "{step}");
    }
}

/// A sync that was not to be expanded says so; once it is expanded it says
/// that.
#[tokio::test]
async fn the_ledger_says_that_it_was_made_up_for() {
    let place = Place::new();
    let mut options = connector_sync::SyncOptions::new(place.output());
    options.expand = false;
    let site = crate::resume::site();
    let summary = crate::fake::run_with(&site, &options, CancellationToken::new());
    assert_eq!(summary.await.unwrap().completeness, connector_sync::Completeness::Skipped);
    let expanded = expand(&place.output(), None).await.unwrap();
    let created = expanded.expanded.created.values().sum::<u64>();
    assert!(created > 0);
    // Again, and nothing is made again.
    expand(&place.output(), None).await.unwrap();
    let file = C1z::open(&place.output(), &OpenOptions::default()).await.unwrap();
    let ledger = file.view(None).await.unwrap().ledger().await.unwrap().unwrap();
    assert_eq!(ledger.summary.state, connector_sync::Completeness::Whole);
    let line = ledger.totals.iter().find(|t| t.operation.as_str() == "grant-expansion").unwrap();
    assert_eq!((line.rows, line.state), (created, connector_sync::Completeness::Whole));
}
