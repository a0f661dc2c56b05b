//! The completeness ledger: added up, summed up, read back, carried over, and forged.

use std::{collections::BTreeMap, path::Path};

use connector_model::Result;
use connector_store::{
    C1z, Completeness, Finish, Ledger, LedgerOperation, LedgerRow, LedgerTotal, NewSync, OpenOptions,
    Retention, SyncStats, Unknown, WorkDb,
    envelope::{self, Limits},
    verify::{VerifyOptions, verify},
};
use proptest::prelude::*;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use Completeness::{Incomplete, Short, Skipped, Whole};
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
        short: 0,
        skipped: 0,
        state: Whole,
        reason: String::new(),
    }
}

/// Of two lists, and of two readings of one, the worse state counts, whichever came first.
#[tokio::test]
async fn of_any_two_states_the_worse_counts() -> Result<()> {
    let rank = |state| match state {
        Whole => 0,
        Skipped => 1,
        Short => 2,
        Incomplete => 3,
    };
    for one in Completeness::ALL {
        for other in Completeness::ALL {
            let worse = if rank(one) > rank(other) { one } else { other };
            let of = |state| LedgerRow { state, ..row("user", ListResources, 1) };
            let dir = tempfile::tempdir().expect("a temporary folder");
            let same_list =
                read(&file_of(dir.path(), &[of(one), of(other)]).await?).await?.expect("a ledger");
            let dir = tempfile::tempdir().expect("a temporary folder");
            let lists = [inside("a", of(one)), inside("b", of(other))];
            let two_lists = read(&file_of(dir.path(), &lists).await?).await?.expect("a ledger");
            for ledger in [&same_list, &two_lists] {
                let states = (ledger.summary.state, ledger.totals[0].state);
                assert_eq!(states, (worse, worse), "{one} and {other}");
            }
            let short = [one, other].iter().filter(|state| **state == Short).count() as u64;
            assert_eq!((two_lists.summary.short, two_lists.totals[0].short), (short, short));
        }
    }
    Ok(())
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

/// Added up by hand, list by list.
#[derive(Clone, Debug, PartialEq)]
struct Naive {
    pages: u64,
    rows: u64,
    expected: Option<u64>,
    dropped: u64,
    state: Completeness,
    reasons: Vec<String>,
}

fn any_row() -> impl Strategy<Value = LedgerRow> {
    let parent = prop::option::of(("[ab]", "[0-3]"));
    let of = ("[tu]", parent, prop::sample::select(&LedgerOperation::ALL[..3]));
    let counts = (0..9_u64, 0..900_u64, prop::option::of(0..900_u64), 0..5_u64);
    let why = (prop::sample::select(vec!["", "x", "y", "x y"]), prop::sample::select(&Completeness::ALL[..]));
    (of, counts, why).prop_map(
        |((t, parent, operation), (pages, rows, expected, dropped), (reason, state))| {
            let (resource_type, reason) = (t, reason.to_owned());
            LedgerRow { resource_type, parent, operation, pages, rows, expected, dropped, reason, state }
        },
    )
}

type List = (String, String, String, String);

async fn stored(db: &mut WorkDb) -> BTreeMap<List, Naive> {
    type Columns = (String, String, String, String, i64, i64, Option<i64>, i64, String, String);
    let rows: Vec<Columns> = sqlx::query_as(
        "select resource_type, parent_type, parent_id, operation, pages, rows, expected, dropped, reason, state \
         from completeness_ledger where operation <> 'summary'",
    )
    .fetch_all(db.connection())
    .await
    .expect("the table");
    let naive = |(t, pt, pi, op, pages, rows, expected, dropped, reason, state): Columns| {
        let state = Completeness::ALL.into_iter().find(|s| s.as_str() == state).expect("a state");
        let reasons = reason.split("; ").filter(|r| !r.is_empty()).map(str::to_owned).collect();
        let [pages, rows, dropped] = [pages, rows, dropped].map(i64::unsigned_abs);
        let expected = expected.map(i64::unsigned_abs);
        ((t, pt, pi, op), Naive { pages, rows, expected, dropped, state, reasons })
    };
    rows.into_iter().map(naive).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However rows are parted into calls, and summed up in between or not, the table holds what adding them one by one gives.
    #[test]
    fn the_table_holds_the_sums(
        calls in prop::collection::vec(prop::collection::vec(any_row(), 0..90), 1..4),
        half in any::<bool>(),
    ) {
        let mut want = BTreeMap::<List, Naive>::new();
        for row in calls.iter().flatten() {
            let (parent_type, parent_id) = row.parent.clone().unwrap_or_default();
            let key = (row.resource_type.clone(), parent_type, parent_id, row.operation.to_string());
            let none = Naive { pages: 0, rows: 0, expected: None, dropped: 0, state: Whole, reasons: Vec::new() };
            let sum = want.entry(key).or_insert(none);
            sum.pages += row.pages;
            sum.rows += row.rows;
            sum.dropped += row.dropped;
            if let Some(n) = row.expected {
                sum.expected = Some(sum.expected.unwrap_or(0) + n);
            }
            if row.state as u8 > sum.state as u8 {
                sum.state = row.state;
            }
            if !row.reason.is_empty() && !sum.reasons.contains(&row.reason) {
                sum.reasons.push(row.reason.clone());
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let got = runtime.block_on(async {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let mut db = WorkDb::create(&dir.path().join("work.db"), &NewSync::full()).await.expect("a database");
            for call in &calls {
                add(&mut db, call).await.expect("added");
                if half {
                    db.finish_ledger().await.expect("a summary");
                }
            }
            db.finish_ledger().await.expect("a summary");
            stored(&mut db).await
        });
        prop_assert_eq!(got, want);
    }
}

#[tokio::test]
async fn reasons_are_kept_whole_up_to_a_length() -> Result<()> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut db = WorkDb::create(&dir.path().join("work.db"), &NewSync::full()).await?;
    // 40 reasons of 50 bytes, of which 19 fit with what divides them; in the middle one that would still fit.
    let long: Vec<_> = (0..40).map(|n| format!("{n:02} {}", "é".repeat(23) + "x")).collect();
    assert_eq!(long[0].len(), 50);
    let mut reasons = long.clone();
    reasons.insert(25, "short".to_owned());
    for reason in &reasons {
        add(&mut db, &[failed(reason, row("user", ListGrants, 0))]).await?;
    }
    db.finish_ledger().await?;
    let kept = stored(&mut db).await.into_values().next().expect("a row").reasons;
    assert_eq!(kept[..19], long[..19]);
    assert_eq!(kept[19..], ["…"], "the first, and that there were more");
    // One that alone is too long is cut, between characters.
    add(&mut db, &[failed(&"é".repeat(2_000), row("group", ListGrants, 0))]).await?;
    let summary = db.finish_ledger().await?.expect("a summary");
    let kept = stored(&mut db).await.into_values().next().expect("a row").reasons;
    assert_eq!(kept, ["é".repeat(500)]);
    assert_eq!(
        summary.reason,
        format!(
            "list-grants group: {}…; list-grants user: {}…",
            "é".repeat(100),
            first_bytes(&long.join("; "), 200)
        )
    );
    Ok(())
}

fn first_bytes(text: &str, most: usize) -> &str {
    let end = (0..=most).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(0);
    &text[..end]
}

#[tokio::test]
async fn what_a_list_expects_is_known_where_each_tells_it() -> Result<()> {
    for (lists, want) in [
        (vec![(Some(3), Whole), (Some(4), Whole)], Some(7)),
        (vec![(Some(3), Whole), (None, Whole), (Some(4), Whole)], None),
        (vec![(None, Skipped), (Some(3), Whole), (None, Skipped)], Some(3)),
        (vec![(None, Incomplete), (Some(3), Whole)], None),
    ] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let rows: Vec<_> = lists
            .iter()
            .enumerate()
            .map(|(n, (expected, state))| LedgerRow {
                expected: *expected,
                state: *state,
                ..inside(&n.to_string(), row("group", ListGrants, 1))
            })
            .collect();
        let ledger = read(&file_of(dir.path(), &rows).await?).await?.expect("a ledger");
        assert_eq!(ledger.totals[0].expected, want, "{lists:?}");
    }
    Ok(())
}

#[tokio::test]
async fn without_rows_nothing_is_claimed() -> Result<()> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut db = WorkDb::create(&dir.path().join("work.db"), &NewSync::full()).await?;
    assert_eq!(db.finish_ledger().await?, None);
    let target = dir.path().join("out.c1z");
    pack(db, &target).await?;
    assert_eq!(read(&target).await?, Err(Unknown::NoLedger));

    // Rows that nobody summed up are no claim either.
    let mut db = WorkDb::create(&dir.path().join("work.db"), &NewSync::full()).await?;
    add(&mut db, &[row("user", ListResources, 3)]).await?;
    pack(db, &target).await?;
    assert_eq!(read(&target).await?, Err(Unknown::NoLedger));
    let unpacked = envelope::unpack(&target, dir.path(), &Limits::default()).await?;
    let mut db = SqliteConnectOptions::new().filename(unpacked.db()).connect().await.expect("the database");
    let working: i64 = sqlx::query_scalar("select count(*) from sqlite_schema where name like 'work%'")
        .fetch_one(&mut db)
        .await
        .expect("the schema");
    assert_eq!(working, 0, "what they were kept in is gone");
    Ok(())
}

async fn carried_over(old: &Path, dir: &Path) -> Result<Vec<Result<Ledger, Unknown>>> {
    let mut db = WorkDb::create(&dir.join("work.db"), &NewSync::full()).await?;
    add(&mut db, &[row("site", ListResources, 1)]).await?;
    let old = C1z::open(old, &OpenOptions::default()).await?;
    db.copy_kept_syncs(&old, Retention::default()).await?;
    db.copy_kept_syncs(&old, Retention::default()).await?;
    let summary = db.finish_ledger().await?.expect("a summary");
    assert_eq!((summary.rows, summary.state), (1, Whole), "of the new sync alone");
    let target = dir.join("new.c1z");
    pack(db, &target).await?;
    let report = verify(&target, &VerifyOptions::default()).await?;
    // These syncs have a ledger and no rows.
    let kinds: Vec<_> = report.errors.iter().map(|p| p.kind.as_str()).collect();
    assert_eq!(kinds, ["the completeness ledger counts more rows than there are"], "{report:?}");
    let file = C1z::open(&target, &OpenOptions::default()).await?;
    let mut all = Vec::new();
    for sync in file.syncs().await? {
        all.push(file.view(Some(&sync.id)).await?.ledger_or_why().await?);
    }
    Ok(all)
}

#[tokio::test]
async fn an_old_sync_keeps_its_ledger() -> Result<()> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let rows = [
        inside("a", row("user", ListResources, 5)),
        failed("timed out", inside("b", row("user", ListResources, 2))),
        skipped("not wanted", row("license", ListGrants, 0)),
    ];
    let old = file_of(dir.path(), &rows).await?;
    let before = read(&old).await?.expect("a ledger");
    assert_eq!(before.summary.state, Incomplete);
    let syncs = carried_over(&old, dir.path()).await?;
    assert_eq!(syncs.len(), 2);
    assert!(syncs[0].as_ref().is_ok_and(|l| l.summary.state == Whole));
    assert_eq!(syncs[1].as_ref(), Ok(&before));
    Ok(())
}

/// SQL on the old file's database; none of it may become a claim or a failed sync.
#[tokio::test]
async fn an_old_ledger_that_can_not_be_trusted_is_left_behind() -> Result<()> {
    for sql in [
        "drop table completeness_ledger",
        "update completeness_ledger set state = 'fine'",
        "update completeness_ledger set rows = 'many'",
        "update completeness_ledger set reason = hex(zeroblob(5000000)) where operation <> 'summary'",
        "delete from completeness_ledger where operation = 'summary'",
        "update completeness_ledger set state = 'whole', incomplete = 0 where operation = 'summary'",
        "alter table completeness_ledger drop column state",
        "create table l as select * from completeness_ledger; drop table completeness_ledger; \
         insert into l select * from l; alter table l rename to completeness_ledger",
        "drop table completeness_ledger; create table completeness_ledger (a integer primary key, b blob)",
    ] {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let rows = [row("user", ListResources, 5), failed("timed out", row("group", ListGrants, 2))];
        let old = file_of(dir.path(), &rows).await?;
        let unpacked = envelope::unpack(&old, dir.path(), &Limits::default()).await?;
        let options = SqliteConnectOptions::new().filename(unpacked.db());
        let mut db = options.connect().await.expect("the database");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut db).await.expect(sql);
        db.close().await.expect("closed");
        envelope::pack(&unpacked.db(), &old).await?;
        let syncs = carried_over(&old, dir.path()).await?;
        assert_eq!(syncs.len(), 2, "{sql}");
        assert_eq!(syncs[1], Err(Unknown::NoLedger), "{sql}");
        // Nor does the old file itself count as anything.
        assert!(read(&old).await?.is_err(), "{sql}");
    }
    Ok(())
}
