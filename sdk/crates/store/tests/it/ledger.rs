//! The completeness ledger: added up, summed up, read back, carried over, and forged.

use std::{collections::BTreeMap, path::Path};

use connector_model::{ErrorKind, Result};
use connector_store::{
    C1z, Completeness, Finish, Ledger, LedgerOperation, LedgerRow, LedgerTotal, NewSync, OpenOptions,
    Retention, SyncStats, Unknown, WorkDb,
    envelope::{self, Limits},
    verify::{VerifyOptions, verify},
};
use proptest::prelude::*;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use Completeness::{Incomplete, Skipped, Whole};
use LedgerOperation::{ListEntitlements, ListGrants, ListResources};

fn row(resource_type: &str, operation: LedgerOperation, rows: u64) -> LedgerRow {
    LedgerRow {
        resource_type: resource_type.to_owned(),
        parent: None,
        operation,
        pages: 1,
        rows,
        expected: None,
        dropped: 0,
        reason: String::new(),
        state: Whole,
    }
}

fn inside(parent: &str, of: LedgerRow) -> LedgerRow {
    LedgerRow { parent: Some(("group".to_owned(), parent.to_owned())), ..of }
}

fn failed(reason: &str, of: LedgerRow) -> LedgerRow {
    LedgerRow { state: Incomplete, reason: reason.to_owned(), ..of }
}

fn skipped(reason: &str, of: LedgerRow) -> LedgerRow {
    LedgerRow { state: Skipped, reason: reason.to_owned(), ..of }
}

async fn add(db: &mut WorkDb, rows: &[LedgerRow]) -> Result<()> {
    let mut batch = db.begin().await?;
    batch.add_to_ledger(rows).await?;
    batch.commit().await
}

async fn pack(mut db: WorkDb, target: &Path) -> Result<()> {
    db.build_indexes().await?;
    let stats = SyncStats::default();
    db.finish(&Finish { ended_at: jiff::Timestamp::now(), stats, supports_diff: true, completed_actions: 1 })
        .await?;
    let path = db.close_for_packing().await?;
    envelope::pack(&path, target).await?;
    std::fs::remove_file(path).expect("the working file");
    Ok(())
}

/// A file with one sync and this ledger, closed.
async fn file_of(dir: &Path, rows: &[LedgerRow]) -> Result<std::path::PathBuf> {
    let mut db = WorkDb::create(&dir.join("work.db"), &NewSync::full()).await?;
    add(&mut db, rows).await?;
    db.finish_ledger().await?;
    let target = dir.join("out.c1z");
    pack(db, &target).await?;
    Ok(target)
}

async fn read(file: &Path) -> Result<Result<Ledger, Unknown>> {
    let file = C1z::open(file, &OpenOptions::default()).await?;
    file.view(None).await?.ledger_or_why().await
}

fn total(resource_type: &str, operation: LedgerOperation) -> LedgerTotal {
    LedgerTotal {
        resource_type: resource_type.to_owned(),
        operation,
        lists: 1,
        pages: 1,
        rows: 0,
        expected: None,
        dropped: 0,
        incomplete: 0,
        skipped: 0,
        state: Whole,
        reason: String::new(),
    }
}

#[tokio::test]
async fn what_is_added_adds_up_and_a_killed_run_goes_on() -> Result<()> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (work, target) = (dir.path().join("work.db"), dir.path().join("out.c1z"));
    let mut db = WorkDb::create(&work, &NewSync::full()).await?;
    let users = row("user", ListResources, 100);
    let of_a = inside("a", row("group", ListGrants, 7));
    // Twice in one call, and once more in another.
    let expecting = LedgerRow { expected: Some(250), ..users.clone() };
    add(
        &mut db,
        &[users.clone(), of_a, expecting, failed("timed out", inside("b", row("group", ListGrants, 0)))],
    )
    .await?;
    // What is not committed does not count.
    let mut batch = db.begin().await?;
    batch.add_to_ledger(&[row("user", ListResources, 1_000)]).await?;
    drop(batch);
    drop(db); // not closed: the log still lies beside the file

    let mut db = WorkDb::open(&work).await?;
    let rest = LedgerRow { dropped: 3, reason: "3 have no id".to_owned(), rows: 50, ..users };
    add(&mut db, &[rest, skipped("not wanted", row("license", ListEntitlements, 0))]).await?;
    let summary = db.finish_ledger().await?.expect("a summary");
    assert_eq!((summary.state, summary.incomplete, summary.skipped), (Incomplete, 1, 1));
    assert_eq!((summary.pages, summary.rows, summary.dropped), (6, 257, 3));
    assert_eq!(summary.reason, "list-grants group: timed out");
    assert_eq!(db.finish_ledger().await?.as_ref(), Some(&summary), "it counts itself out");
    pack(db, &target).await?;

    let ledger = read(&target).await?.expect("a ledger");
    assert_eq!(ledger.summary, summary);
    let want = [
        LedgerTotal {
            lists: 2,
            pages: 2,
            rows: 7,
            incomplete: 1,
            state: Incomplete,
            reason: "group:b: timed out".to_owned(),
            ..total("group", ListGrants)
        },
        LedgerTotal {
            skipped: 1,
            state: Skipped,
            reason: "not wanted".to_owned(),
            ..total("license", ListEntitlements)
        },
        LedgerTotal {
            pages: 3,
            rows: 250,
            expected: Some(250),
            dropped: 3,
            reason: "3 have no id".to_owned(),
            ..total("user", ListResources)
        },
    ];
    assert_eq!(ledger.totals, want);
    Ok(())
}
