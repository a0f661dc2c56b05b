//! Databases as SQLite makes them, and the same with bytes changed by hand.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use super::*;

/// A database in a folder of its own.
struct Db {
    folder: TempDir,
    page: usize,
    bytes: Vec<u8>,
}

impl Db {
    /// Made by SQLite.
    async fn made(page: usize, sql: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let mut conn = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .page_size(u32::try_from(page).unwrap())
            .connect()
            .await
            .unwrap();
        for statement in sql {
            sqlx::raw_sql(AssertSqlSafe(*statement)).execute(&mut conn).await.unwrap();
        }
        conn.close().await.unwrap();
        let bytes = std::fs::read(&path).unwrap();
        Self { folder, page, bytes }
    }

    fn path(&self) -> PathBuf {
        let path = self.folder.path().join("db");
        std::fs::write(&path, &self.bytes).unwrap();
        path
    }

    /// Rows of each table by its name, or what is wrong.
    fn check(&self) -> Result<Vec<(String, u64)>> {
        let path = self.path();
        let mut structure = Structure::open(&path, &path, &CancellationToken::new())?;
        let mut counts = Vec::new();
        for entry in structure.schema()? {
            if let Kind::Table(rows) = structure.check(entry.root)? {
                counts.push((entry.name, rows));
            }
        }
        Ok(counts)
    }

    fn why(&self) -> String {
        self.check().unwrap_err().message().to_owned()
    }

    fn root(&self, name: &str) -> usize {
        let path = self.path();
        let mut structure = Structure::open(&path, &path, &CancellationToken::new()).unwrap();
        structure.schema().unwrap().into_iter().find(|e| e.name == name).unwrap().root as usize
    }

    /// The bytes of a page; pages count from 1.
    fn page(&mut self, number: usize) -> &mut [u8] {
        &mut self.bytes[(number - 1) * self.page..number * self.page]
    }
}

fn short(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]))
}

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// `n` rows with a text of `len` letters each.
fn rows(n: u32, len: u32) -> String {
    format!(
        "create table t (id integer primary key, a text); create index i on t (a); \
         with recursive n(i) as (select 1 union all select i + 1 from n limit {n}) \
         insert into t select i, hex(zeroblob({len} / 2)) || i from n"
    )
}

#[tokio::test]
async fn sound_databases_are_walked_whole() {
    for page in [512, 1024, 4096, 16_384, 65_536] {
        for (n, len) in [(0, 0), (1, 10), (3_000, 10), (40, 300_000), (700, 3_000)] {
            let ids = "create table keyed (k text primary key, v) without rowid; insert into keyed select a, 1 from t";
            let odd =
                "insert into t values (-5, 'x'), (9223372036854775807, 'y'), (-9223372036854775808, 'z')";
            // The free list, and pages with freed cells.
            let holes = "delete from t where id % 3 = 0; delete from keyed where rowid_less = 1";
            let holes = holes.split("; delete from keyed").next().unwrap();
            let db = Db::made(page, &[&rows(n, len), odd, ids, holes]).await;
            let left = u64::from(n - n / 3) + 3;
            assert_eq!(db.check().unwrap(), [("t".to_owned(), left)], "{page} {n} {len}");
        }
    }
}

#[tokio::test]
async fn the_schema_is_what_sqlite_says_of_it() {
    let long = format!(
        "create table long ({})",
        (0..900).map(|n| format!("column_{n} text")).collect::<Vec<_>>().join(", ")
    );
    let db =
        Db::made(512, &[&rows(1, 1), &long, "create view v as select 1", "create table u (a unique)"]).await;
    let path = db.path();
    let ours = Structure::open(&path, &path, &CancellationToken::new()).unwrap().schema().unwrap();
    let mut conn = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    type Row = (String, String, String, i64, Option<String>);
    let theirs: Vec<Row> = sqlx::query_as("select type, name, tbl_name, rootpage, sql from sqlite_schema")
        .fetch_all(&mut conn)
        .await
        .unwrap();
    let ours: Vec<Row> =
        ours.into_iter().map(|e| (e.kind, e.name, e.table, i64::from(e.root), e.sql)).collect();
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 6);
}

#[tokio::test]
async fn a_value_that_two_rows_share_is_refused() {
    let mut db = Db::made(
        4096,
        &[
            "create table t (id integer primary key, a blob)",
            "insert into t values (1, zeroblob(100000)), (2, zeroblob(100000))",
        ],
    )
    .await;
    let root = db.root("t");
    let page = db.page(root);
    // The last four bytes of a cell name the page where its value goes on: both name the same.
    let (first, second) = (short(page, 8), short(page, 10));
    let len = first - second;
    let from = page[first + len - 4..first + len].to_vec();
    page[second + len - 4..second + len].copy_from_slice(&from);
    assert!(db.why().contains("a page is reached twice"), "{}", db.why());
}

#[tokio::test]
async fn cells_that_share_bytes_are_refused() {
    let mut db = Db::made(
        16_384,
        &[
            "create table t (id integer primary key, a blob)",
            "insert into t values (1, zeroblob(9000)), (2, zeroblob(5000))",
        ],
    )
    .await;
    let root = db.root("t");
    let page = db.page(root);
    let first = short(page, 8);
    // The second cell lies inside the first one's value: its length, its id and nothing but zeros.
    let inside = first + 100;
    page[inside..inside + 3].copy_from_slice(&[0x81 + 0x20, 0x00, 0x02]);
    page[10..12].copy_from_slice(&u16::try_from(inside).unwrap().to_be_bytes());
    assert!(db.check().is_ok(), "two cells with room for both");
    let page = db.page(root);
    page[inside..inside + 3].copy_from_slice(&[0x80 + 69, 0x00, 0x02]);
    assert!(db.why().contains("share bytes"), "{:?}", db.check());
}

/// SQLite reads seven bits of the ninth byte of a length where the format says eight.
#[tokio::test]
async fn a_length_in_more_bytes_than_it_needs_is_refused() {
    let sql = ["create table t (id integer primary key, a blob)", "insert into t values (1, zeroblob(3000))"];
    for zeros in [1, 3, 7] {
        let mut db = Db::made(4096, &sql).await;
        let root = db.root("t");
        let page = db.page(root);
        let first = short(page, 8);
        // 3,004 bytes of payload, as `97 3c`, behind digits that are zero.
        assert_eq!(page[first..first + 2], [0x97, 0x3c]);
        let cell = [&vec![0x80; zeros][..], &page[first..first + 3_007]].concat();
        let to = first - zeros;
        page[to..to + cell.len()].copy_from_slice(&cell);
        page[8..10].copy_from_slice(&u16::try_from(to).unwrap().to_be_bytes());
        match zeros {
            1 => assert!(db.check().is_ok(), "{}", db.why()),
            _ => assert!(db.why().contains("no writer has"), "{zeros}: {:?}", db.check()),
        }
    }
}

#[tokio::test]
async fn row_ids_that_do_not_ascend_are_refused() {
    let mut db = Db::made(
        4096,
        &[
            "create table t (id integer primary key, a text)",
            "insert into t values (1, 'a'), (2, 'b'), (3, 'c')",
        ],
    )
    .await;
    let root = db.root("t");
    // The places of two cells exchanged; then the same place twice.
    let sound = db.bytes.clone();
    let page = db.page(root);
    let (a, b) = ([page[8], page[9]], [page[10], page[11]]);
    page[8..10].copy_from_slice(&b);
    page[10..12].copy_from_slice(&a);
    assert!(db.why().contains("row ids do not ascend"));
    db.bytes = sound;
    let page = db.page(root);
    page[10..12].copy_from_slice(&a);
    assert!(db.why().contains("row ids do not ascend"));
}

#[tokio::test]
async fn inner_pages_with_wrong_bounds_are_refused() {
    let mut db = Db::made(512, &[&rows(200, 50)]).await;
    let root = db.root("t");
    let page = db.page(root);
    assert_eq!(page[0], 5, "an inner page");
    // A cell is a child and the greatest key in it: make that too small.
    let cell = short(page, 12);
    page[cell + 4] = 1;
    assert!(db.why().contains("row ids do not ascend"), "{}", db.why());
}

#[tokio::test]
async fn trees_that_lead_astray_are_refused() {
    let sound = Db::made(512, &[&rows(2_000, 50)]).await;
    let root = sound.root("t");
    let child = {
        let mut db = Db { folder: tempfile::tempdir().unwrap(), page: 512, bytes: sound.bytes.clone() };
        let page = db.page(root);
        word(page, short(page, 12))
    };
    for (target, why) in [
        (0_u32, "beyond the end"),
        (u32::MAX, "beyond the end"),
        (u32::try_from(root).unwrap(), "reached twice"),
        (1, "reached twice"),
        (u32::try_from(sound.root("i")).unwrap(), "of a table and of an index"),
    ] {
        let mut db = Db { folder: tempfile::tempdir().unwrap(), page: 512, bytes: sound.bytes.clone() };
        let page = db.page(root);
        let cell = short(page, 12);
        page[cell..cell + 4].copy_from_slice(&target.to_be_bytes());
        assert!(db.why().contains(why), "{target}: {}", db.why());
    }
    for (byte, why) in [(0, "none of a tree"), (7, "none of a tree")] {
        let mut db = Db { folder: tempfile::tempdir().unwrap(), page: 512, bytes: sound.bytes.clone() };
        db.page(child)[0] = byte;
        assert!(db.why().contains(why), "{}", db.why());
    }
    // More cells than a page has room for.
    let mut db = Db { folder: tempfile::tempdir().unwrap(), page: 512, bytes: sound.bytes.clone() };
    db.page(child)[3..5].copy_from_slice(&[0xff, 0xff]);
    assert!(db.check().is_err());
    // Cut in the middle of a page.
    let mut db = Db { folder: tempfile::tempdir().unwrap(), page: 512, bytes: sound.bytes };
    db.bytes.truncate(512 * child - 100);
    assert!(db.why().contains("beyond the end"), "{}", db.why());
}

#[tokio::test]
async fn a_row_that_is_too_large_is_refused() {
    let sql =
        ["create table t (id integer primary key, a blob)", "insert into t values (1, zeroblob(16700000))"];
    let fits = Db::made(65_536, &sql).await;
    assert!(fits.check().is_ok());
    let db = Db::made(65_536, &[sql[0], "insert into t values (1, zeroblob(16800000))"]).await;
    assert!(db.why().contains("larger than 16 MiB"), "{}", db.why());
}

#[tokio::test]
async fn a_schema_without_end_is_refused() {
    let many = |n: u32| (0..n).map(|i| format!("create table t{i} (a);")).collect::<String>();
    assert_eq!(Db::made(4096, &[&many(1_000)]).await.check().unwrap().len(), 1_000);
    assert!(Db::made(4096, &[&many(1_001)]).await.why().contains("more than 1,000 tables"));
    let long = format!("create table t (a, b default '{}')", "x".repeat(1 << 20));
    assert!(Db::made(4096, &[&long]).await.why().contains("larger than 1 MiB"));
}

#[tokio::test]
async fn the_header_is_checked() {
    let utf16 = Db::made(4096, &["pragma encoding = 'UTF-16le'", &rows(1, 1)]).await;
    assert!(utf16.why().contains("UTF-16"), "{}", utf16.why());
    for (at, value, why) in
        [(16, 3_u8, "page size"), (20, 200, "reserve more"), (56, 1, "UTF-16"), (59, 3, "UTF-16")]
    {
        let mut db = Db::made(512, &[&rows(1, 1)]).await;
        db.bytes[at] = value;
        assert!(db.why().contains(why), "{at}: {}", db.why());
    }
    let auto_vacuum = Db::made(1024, &["pragma auto_vacuum = full; vacuum", &rows(500, 4_000)]).await;
    assert!(auto_vacuum.why().contains("vacuums itself"), "{}", auto_vacuum.why());
    let mut db = Db::made(512, &[&rows(1, 1)]).await;
    db.bytes[47] = 5;
    assert!(db.why().contains("format"), "{}", db.why());
    let mut db = Db::made(512, &[&rows(1, 1)]).await;
    db.bytes.truncate(99);
    assert!(db.why().contains("shorter than a header"));
}

#[tokio::test]
async fn a_walk_can_be_cancelled() {
    let db = Db::made(512, &[&rows(100, 100)]).await;
    let path = db.path();
    let cancel = CancellationToken::new();
    let mut structure = Structure::open(&path, &path, &cancel).unwrap();
    cancel.cancel();
    assert_eq!(structure.schema().unwrap_err().kind(), ErrorKind::Cancelled);
}

/// Whatever is changed: an answer, and never more rows than the file has bytes for.
#[tokio::test]
async fn no_flip_breaks_it() {
    let sound = Db::made(512, &[&rows(300, 80), "insert into t values (1000, zeroblob(5000))"]).await;
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    let mut refused = 0;
    for _ in 0..3_000 {
        let mut db = Db { folder: tempfile::tempdir().unwrap(), page: 512, bytes: sound.bytes.clone() };
        for _ in 0..=random(3) {
            let page = random(db.bytes.len() / 512) * 512;
            let at = page + if random(2) == 0 { random(40) } else { random(512) };
            db.bytes[at] = u8::try_from(random(256)).unwrap();
        }
        match db.check() {
            Ok(counts) => assert!(counts.iter().all(|(_, n)| *n < 30_000), "{counts:?}"),
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::DataLoss);
                refused += 1;
            }
        }
    }
    assert!(refused > 500, "{refused}");
}
