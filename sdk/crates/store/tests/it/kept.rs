//! Old syncs that a new file carries on.

use std::path::Path;

use connector_model::{ErrorKind, Result};
use connector_store::{
    C1z, Finish, NewSync, OpenOptions, Retention, SyncId, SyncRun, WorkDb,
    envelope::{self, Limits},
    reader::{GrantFilter, ResourceFilter},
};
use futures::TryStreamExt as _;

use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::{fixtures, sample, write::resource};

/// Writes a new sync of ten resources over `target`, keeping what is to be kept of it.
async fn sync_over(
    target: &Path,
    work: &Path,
    retention: Retention,
) -> Result<(SyncId, Vec<SyncRun>, Vec<SyncRun>)> {
    let mut db = WorkDb::create(&work.join("work.db"), &NewSync::full()).await?;
    let id = db.sync_id().clone();
    let mut batch = db.begin().await?;
    let rows: Vec<_> = (0..10).map(resource).collect();
    assert!(batch.put_resources(&rows).await?.conflicts.is_empty());
    batch.commit().await?;
    let stats = db.stats().await?;
    let old = C1z::open(target, &OpenOptions::default()).await?;
    let done = db.copy_kept_syncs(&old, retention).await?;
    // A run that was killed after this step takes it again.
    assert_eq!(db.copy_kept_syncs(&old, retention).await?, done);
    db.build_indexes().await?;
    db.finish(&Finish {
        ended_at: jiff::Timestamp::now(),
        stats,
        supports_diff: false,
        completed_actions: 0,
    })
    .await?;
    let path = db.close_for_packing().await?;
    envelope::pack(&path, target).await?;
    std::fs::remove_file(path).expect("the working file");
    Ok((id, done.kept, done.dropped))
}

#[tokio::test]
async fn our_own_syncs_are_kept_up_to_the_count() -> Result<()> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let target = dir.path().join("out.c1z");
    let mut db = WorkDb::create(&dir.path().join("first.db"), &NewSync::full()).await?;
    db.build_indexes().await?;
    let finish = Finish {
        ended_at: jiff::Timestamp::now(),
        stats: db.stats().await?,
        supports_diff: false,
        completed_actions: 0,
    };
    db.finish(&finish).await?;
    let first = db.sync_id().to_string();
    envelope::pack(&db.close_for_packing().await?, &target).await?;

    let (second, kept, dropped) = sync_over(&target, dir.path(), Retention::Newest(2)).await?;
    assert_eq!((kept.len(), dropped.len()), (1, 0));
    assert_eq!(kept[0].id, first);
    let (third, kept, dropped) = sync_over(&target, dir.path(), Retention::Newest(2)).await?;
    assert_eq!(kept.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), [second.as_str()]);
    assert_eq!(dropped.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), [first.as_str()]);

    let file = C1z::open(&target, &OpenOptions::default()).await?;
    let syncs = file.syncs().await?;
    assert_eq!(syncs.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), [third.as_str(), second.as_str()]);
    for run in &syncs {
        assert!(run.grants_backfilled && file.stored_stats(run).await?.is_some());
        assert_eq!(file.sync_token(run).await?, r#"{"version":1}"#);
        let view = file.view(Some(&run.id)).await?;
        assert_eq!(view.counted_stats().await?.resources, 10, "an old sync keeps its rows");
    }
    Ok(())
}

#[tokio::test]
async fn syncs_of_older_writers_keep_their_bytes() -> Result<()> {
    let Some(folder) = fixtures::folder() else { return Ok(()) };
    for name in ["tableau-2025-01", "sdk-0.25-sqlite", "tableau-two-syncs", "small-unexpanded"] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let target = dir.path().join("out.c1z");
        let source = folder.join(format!("{name}.c1z"));
        std::fs::copy(&source, &target).expect("a copy");
        let (_, kept, dropped) = sync_over(&target, dir.path(), Retention::default()).await?;
        let old = C1z::open(&source, &OpenOptions::default()).await?;
        let new = C1z::open(&target, &OpenOptions::default()).await?;
        if name == "small-unexpanded" {
            assert_eq!((kept.len(), dropped.len()), (0, 1), "it has no end");
            continue;
        }
        assert_eq!(kept, old.syncs().await?[..1], "{name}");
        assert_eq!(new.syncs().await?.last(), kept.first(), "{name}");
        let (old, new) = (old.view(Some(&kept[0].id)).await?, new.view(Some(&kept[0].id)).await?);
        let (all, resources) = (GrantFilter::default(), ResourceFilter::default());
        let a: Vec<_> = old.grants(&all).map_ok(|g| (g.discovered_at, g.row)).try_collect().await?;
        let b: Vec<_> = new.grants(&all).map_ok(|g| (g.discovered_at, g.row)).try_collect().await?;
        assert!(!a.is_empty() && a == b, "{name}");
        let a: Vec<_> = old.resources(&resources).map_ok(|g| (g.discovered_at, g.row)).try_collect().await?;
        let b: Vec<_> = new.resources(&resources).map_ok(|g| (g.discovered_at, g.row)).try_collect().await?;
        assert!(!a.is_empty() && a == b, "{name}");
    }
    Ok(())
}

/// A database as a file, opened.
async fn packed(db: &Path) -> Result<C1z> {
    let file = db.with_extension("c1z");
    envelope::pack(db, &file).await?;
    C1z::open(&file, &OpenOptions::default()).await
}

#[tokio::test]
async fn a_broken_old_file_is_an_error_and_leaves_nothing() -> Result<()> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let target = dir.path().join("out.c1z");
    sample::write(&target, dir.path()).await?;
    let old = envelope::unpack(&target, dir.path(), &Limits::default()).await?;
    let mut db = SqliteConnectOptions::new().filename(old.db()).connect().await.expect("the database");
    let sql = "create table g as select * from v1_grants; drop table v1_grants; alter table g rename to v1_grants; \
               update v1_grants set data = null where id = 3";
    sqlx::raw_sql(sql).execute(&mut db).await.expect("the SQL");
    db.close().await.expect("closed");

    // The same file with a grant twice instead, which no unique index forbids: the first is taken.
    let twice =
        "update v1_grants set data = x'00' where id = 3; update v1_grants set external_id = 'of its own'";
    let copy = dir.path().join("twice.db");
    std::fs::copy(old.db(), &copy).expect("a copy");
    let mut db = SqliteConnectOptions::new().filename(&copy).connect().await.expect("the database");
    sqlx::raw_sql(twice).execute(&mut db).await.expect("the SQL");
    db.close().await.expect("closed");
    let mut new = WorkDb::create(&dir.path().join("once.db"), &NewSync::full()).await?;
    let doubled = packed(&copy).await?;
    doubled.check_kept_syncs(Retention::default()).await?;
    new.copy_kept_syncs(&doubled, Retention::default()).await?;
    new.build_indexes().await?;
    let grants: i64 = sqlx::query_scalar("select count(*) from v1_grants")
        .fetch_one(new.connection())
        .await
        .expect("a count");
    assert_eq!(grants, 1);

    let mut new = WorkDb::create(&dir.path().join("new.db"), &NewSync::full()).await?;
    let old = packed(&old.db()).await?;
    let early = old.check_kept_syncs(Retention::default()).await.expect_err("a message is missing");
    assert_eq!((early.kind(), early.get("table")), (ErrorKind::DataLoss, Some("v1_grants")), "{early:?}");
    let error = new.copy_kept_syncs(&old, Retention::default()).await.expect_err("a message is missing");
    assert_eq!(error.kind(), ErrorKind::DataLoss, "{error:?}");
    let stats = new.stats().await?;
    assert_eq!((stats.resources, stats.grants), (0, 0), "none of it is copied");
    let mut batch = new.begin().await?;
    assert!(batch.put_resources(&[resource(1)]).await?.conflicts.is_empty(), "and work can go on");
    batch.commit().await
}
