//! Files that are cut, flipped, forged or far too large: a clear error, never a panic, a hang or unbounded memory.

use std::{io::Write as _, path::Path, sync::OnceLock};

use connector_model::{Error, ErrorKind, Result};
use connector_store::{
    C1z, Kind, NewSync, OpenOptions, ResourceRow, WorkDb,
    envelope::{self, FileKind, Limits, MAGIC_V1, MAGIC_V3},
    reader::{EntitlementFilter, GrantFilter, ResourceFilter},
    verify::{VerifyOptions, verify},
};
use futures::TryStreamExt as _;
use proptest::prelude::*;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::sample;

/// Reads all of a file, as a hurried program would.
async fn read_all(path: &Path) -> Result<usize> {
    let file = C1z::open(path, &OpenOptions::default()).await?;
    let mut rows = 0;
    for run in file.syncs().await? {
        let view = file.view(Some(&run.id)).await?;
        view.stored_stats().await?;
        view.counted_stats().await?;
        let _known_or_not = view.ledger_or_why().await?;
        rows += view.resource_types(&()).try_collect::<Vec<_>>().await?.len();
        rows += view.resources(&ResourceFilter::default()).try_collect::<Vec<_>>().await?.len();
        rows += view.entitlements(&EntitlementFilter::default()).try_collect::<Vec<_>>().await?.len();
        rows += view.grants(&GrantFilter::default()).try_collect::<Vec<_>>().await?.len();
    }
    Ok(rows)
}

struct Dir(tempfile::TempDir);

impl Dir {
    async fn with_sample() -> Result<(Self, Vec<u8>)> {
        static SAMPLE: OnceLock<Vec<u8>> = OnceLock::new();
        let dir = Self(tempfile::tempdir().expect("a temporary folder"));
        if SAMPLE.get().is_none() {
            sample::write(&dir.file(), dir.0.path()).await?;
            // Another test may have been first; theirs is as good.
            let _either = SAMPLE.set(std::fs::read(dir.file()).expect("the sample"));
        }
        let bytes = SAMPLE.get().cloned().unwrap_or_default();
        dir.put(&bytes);
        Ok((dir, bytes))
    }

    fn file(&self) -> std::path::PathBuf {
        self.0.path().join("it.c1z")
    }

    fn put(&self, bytes: &[u8]) -> std::path::PathBuf {
        std::fs::write(self.file(), bytes).expect("written");
        self.file()
    }
}

/// Packs a database as a v1 file, without any of our writer's care.
fn packed(db: &[u8]) -> Vec<u8> {
    [&MAGIC_V1[..], &zstd::bulk::compress(db, 1).expect("compressed")].concat()
}

fn decoded(file: &[u8]) -> Vec<u8> {
    zstd::decode_all(&file[MAGIC_V1.len()..]).expect("decoded")
}

#[tokio::test]
async fn every_truncation_is_an_error() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    assert_eq!(read_all(&dir.file()).await?, 16);
    for cut in (0..24).chain((24..bytes.len()).step_by(97)) {
        let path = dir.put(&bytes[..cut]);
        let error = read_all(&path).await.expect_err("truncated");
        let want: &[ErrorKind] = match cut {
            0 => &[ErrorKind::NotFound],
            1..5 => &[ErrorKind::InvalidArgument],
            _ => &[ErrorKind::DataLoss],
        };
        assert!(want.contains(&error.kind()), "{cut}: {error:?}");
        assert_eq!(error.get("file"), Some(&*path.display().to_string()), "the file is named");
    }
    let trailing = dir.put(&[&bytes[..], b"more"].concat());
    assert_eq!(read_all(&trailing).await.expect_err("bytes too many").kind(), ErrorKind::DataLoss);
    Ok(())
}

#[tokio::test]
async fn a_bomb_is_stopped() -> Result<()> {
    let dir = Dir(tempfile::tempdir().expect("a temporary folder"));
    let limits = Limits { decoded: 1 << 20, ..Limits::default() };
    let mut zeros = b"SQLite format 3\0".to_vec();
    zeros.resize(64 << 20, 0);
    // Declared: told before anything is decoded.
    let path = dir.put(&packed(&zeros));
    let error = envelope::unpack(&path, dir.0.path(), &limits).await.expect_err("a bomb");
    assert_eq!((error.kind(), error.get("declared_bytes")), (ErrorKind::ResourceExhausted, Some("67108864")));
    // Declared, and the declaration not trusted; then not declared at all: cut at the limit.
    let blind = Limits { trust_declared: false, ..limits };
    let mut undeclared = zstd::Encoder::new(MAGIC_V1.to_vec(), 1).expect("an encoder");
    undeclared.include_contentsize(false).expect("a setting");
    undeclared.write_all(&zeros).expect("encoded");
    let undeclared = undeclared.finish().expect("encoded");
    for (bytes, limits) in [(packed(&zeros), blind), (undeclared, limits)] {
        let path = dir.put(&bytes);
        let error = envelope::unpack(&path, dir.0.path(), &limits).await.expect_err("a bomb");
        assert_eq!((error.kind(), error.get("declared_bytes")), (ErrorKind::ResourceExhausted, None));
        assert!(error.message().contains("BATON_DECODER_MAX_DECODED_SIZE_MB"));
        assert_eq!(std::fs::read_dir(dir.0.path()).expect("the folder").count(), 1, "nothing decoded stays");
    }
    Ok(())
}

#[tokio::test]
async fn a_window_that_is_too_large_is_refused() -> Result<()> {
    let dir = Dir(tempfile::tempdir().expect("a temporary folder"));
    let mut encoder = zstd::Encoder::new(MAGIC_V1.to_vec(), 1).expect("an encoder");
    encoder.include_contentsize(false).expect("a setting");
    encoder.window_log(28).expect("a setting");
    encoder.write_all(b"SQLite format 3\0").expect("encoded");
    let path = dir.put(&encoder.finish().expect("encoded"));
    let error = envelope::unpack(&path, dir.0.path(), &Limits::default()).await.expect_err("256 MiB");
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    assert!(error.message().contains("BATON_DECODER_MAX_MEMORY_MB"), "{error}");
    let raised = Limits { window: 256 << 20, ..Limits::default() };
    envelope::unpack(&path, dir.0.path(), &raised).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_no_c1z_file_is_told() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    for (content, kind) in [
        (&b"SQLite format 3\0 and so on"[..], ErrorKind::InvalidArgument),
        (b"{}", ErrorKind::InvalidArgument),
        (b"C1Z", ErrorKind::InvalidArgument),
        (&packed(b"no database at all, but long enough"), ErrorKind::DataLoss),
        (&packed(b""), ErrorKind::DataLoss),
        (&[&MAGIC_V3[..], b"\0\0"].concat(), ErrorKind::DataLoss),
        (&[&MAGIC_V3[..], b"\xff\xff\xff\xff"].concat(), ErrorKind::DataLoss),
        (&[&MAGIC_V3[..], b"\0\0\0\x05abc"].concat(), ErrorKind::DataLoss),
        (&[&MAGIC_V3[..], b"\0\0\0\x02\xff\xff"].concat(), ErrorKind::DataLoss),
        (&[&MAGIC_V3[..], b"\0\0\0\0"].concat(), ErrorKind::FailedPrecondition),
    ] {
        let path = dir.put(content);
        let error = read_all(&path).await.expect_err("no c1z");
        assert_eq!(error.kind(), kind, "{}: {error:?}", content.escape_ascii());
    }
    let missing = dir.0.path().join("none.c1z");
    assert_eq!(read_all(&missing).await.expect_err("missing").kind(), ErrorKind::NotFound);
    assert_eq!(read_all(dir.0.path()).await.expect_err("a folder").kind(), ErrorKind::InvalidArgument);

    // What may be replaced, and what not without insisting.
    assert_eq!(envelope::check_target(&missing, false)?, FileKind::Missing);
    assert_eq!(envelope::check_target(&dir.put(b""), false)?, FileKind::Empty);
    assert_eq!(envelope::check_target(&dir.put(&bytes), false)?, FileKind::V1);
    for content in [&b"my thesis"[..], &[&MAGIC_V3[..], b"\0\0\0\0"].concat()] {
        let path = dir.put(content);
        let error = envelope::check_target(&path, false).expect_err("somebody's");
        assert!(error.kind().code() == 9 && error.message().contains("--overwrite"), "{error:?}");
        assert!(envelope::check_target(&path, true).is_ok());
    }
    Ok(())
}

#[tokio::test]
async fn a_disk_that_is_too_small_is_told_before_decoding() -> Result<()> {
    let dir = Dir(tempfile::tempdir().expect("a temporary folder"));
    // RFC 8878 §3.1.1.1: a descriptor for 8 bytes of content size in a single segment, then that size, 2^60.
    let head =
        [&MAGIC_V1[..], &0xFD2F_B528_u32.to_le_bytes(), &[0xe0], &(1_u64 << 60).to_le_bytes()].concat();
    let path = dir.put(&head);
    let any = Limits { decoded: u64::MAX, ..Limits::default() };
    let error = envelope::unpack(&path, dir.0.path(), &any).await.expect_err("an exbibyte");
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    assert!(error.message().contains("BATON_TMPDIR"), "{error}");
    Ok(())
}

async fn after_sql(dir: &Dir, db: &[u8], sql: &str) -> std::path::PathBuf {
    let path = dir.0.path().join("forged.db");
    std::fs::write(&path, db).expect("written");
    let mut conn = SqliteConnectOptions::new().filename(&path).connect().await.expect("opened");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.expect(sql);
    conn.close().await.expect("closed");
    dir.put(&packed(&std::fs::read(path).expect("the forged database")))
}

#[tokio::test]
async fn a_schema_that_runs_code_is_refused() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    let db = decoded(&bytes);
    for (sql, kind) in [
        ("alter table v1_grants rename to g; create view v1_grants as select * from g", ErrorKind::DataLoss),
        (
            "drop table v1_grants; create view v1_grants as with recursive n(i) as (select 1 union all select i + 1 from n) select i as id from n",
            ErrorKind::DataLoss,
        ),
        (
            "drop table v1_grants; create virtual table v1_grants using fts5(sync_id, data)",
            ErrorKind::DataLoss,
        ),
        (
            "alter table v1_resource_types rename to t; create table v1_resource_types (id integer primary key, external_id text, sync_id text, discovered_at text, data blob as (zeroblob(1000000000)))",
            ErrorKind::DataLoss,
        ),
        ("update v1_grants set data = zeroblob(20000000) where id = 2", ErrorKind::DataLoss),
        ("update v1_grants set external_id = hex(zeroblob(10000000)) where id = 2", ErrorKind::DataLoss),
        ("update v1_grants set principal_resource_id = x'ff00' where id = 2", ErrorKind::DataLoss),
        ("drop table v1_sync_runs", ErrorKind::DataLoss),
        ("alter table v1_resources drop column data", ErrorKind::DataLoss),
    ] {
        let path = after_sql(&dir, &db, sql).await;
        let error = read_all(&path).await.expect_err(sql);
        assert_eq!(error.kind(), kind, "{sql}: {error:?}");
        let report = verify(&path, &VerifyOptions::default()).await?;
        assert!(!report.is_sound(), "{sql}");
    }
    // Tables beside ours are of no effect on a reader, unless there is code in them: SQLite's integrity check would
    // evaluate it.
    let path = after_sql(&dir, &db, "create table other (a)").await;
    assert_eq!(read_all(&path).await?, 16);
    assert!(verify(&path, &VerifyOptions::default()).await?.is_sound());
    for odd in [
        "create trigger t after insert on v1_grants begin delete from v1_grants; end",
        "create view other as select 1",
        "create virtual table other using fts5(a)",
        "create table evil (a, g as (length(replace(hex(zeroblob(150000000)), '0', 'abc'))) not null)",
        "create table evil (a check (a <> 1))",
        "create index evil on v1_grants (length(data))",
        "create index evil on v1_grants (sync_id) where length(data) > 1",
        "create table evil (a, b default (1 + 1))",
    ] {
        let path = after_sql(&dir, &db, odd).await;
        let error = read_all(&path).await.expect_err(odd);
        assert_eq!(error.kind(), ErrorKind::DataLoss, "{odd}: {error:?}");
        assert!(error.message().contains("which no c1z file has"), "{odd}: {error}");
        assert!(!verify(&path, &VerifyOptions::default()).await?.is_sound(), "{odd}");
    }
    Ok(())
}

/// Inner pages that all have the same two children each: 20 levels of it would be a million leaves from 20 pages.
#[tokio::test]
async fn a_tree_that_folds_into_itself_is_refused() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    let mut db = decoded(&bytes);
    let path = after_sql(&dir, &db, "create table z as with recursive n(i) as (select 1 union all select i + 1 from n limit 3000) select i, hex(zeroblob(200)) from n").await;
    assert_eq!(read_all(&path).await?, 16, "it is sound before");
    db = decoded(&std::fs::read(&path).expect("the file"));
    let root = {
        let path = dir.0.path().join("forged.db");
        let mut conn = SqliteConnectOptions::new().filename(&path).connect().await.expect("opened");
        let root: i64 = sqlx::query_scalar("select rootpage from sqlite_schema where name = 'z'")
            .fetch_one(&mut conn)
            .await
            .expect("the root");
        conn.close().await.expect("closed");
        root as usize
    };
    let page = &mut db[(root - 1) * 16_384..root * 16_384];
    assert_eq!(page[0], 5, "an inner page");
    // Its second cell's child becomes the first one's, and its key too.
    let cell = |n: usize| usize::from(u16::from_be_bytes([page[12 + 2 * n], page[13 + 2 * n]]));
    let (first, second) = (cell(0), cell(1));
    page.copy_within(first..first + 4, second);
    let path = dir.put(&packed(&db));
    let error = read_all(&path).await.expect_err("it folds");
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    assert!(error.message().contains("reached twice"), "{error}");
    let report = verify(&path, &VerifyOptions::default()).await?;
    assert!(!report.is_sound());
    Ok(())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Every byte counts: a flip is an error, or changes nothing that is read.
    #[test]
    fn flips_in_the_packed_file(flips in proptest::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..4)) {
        block_on(async {
            let (dir, bytes) = Dir::with_sample().await?;
            let mut broken = bytes.clone();
            for (at, flip) in &flips {
                broken[at.index(bytes.len())] ^= flip;
            }
            let path = dir.put(&broken);
            if let Ok(rows) = read_all(&path).await {
                assert_eq!(rows, 16);
            }
            Ok::<_, Error>(())
        }).expect("the sample");
    }

    /// Past the envelope nothing guards the bytes: reading ends, well or with an error that names the file.
    #[test]
    fn flips_in_the_database(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..12),
        heads in any::<bool>(),
    ) {
        block_on(async {
            let (dir, bytes) = Dir::with_sample().await?;
            let mut db = decoded(&bytes);
            for (at, flip) in &flips {
                // Half of the time where pages keep their structure, not in their free middle.
                let at = at.index(db.len());
                let at = if heads { at / 16_384 * 16_384 + at % 64 } else { at };
                db[at] ^= flip;
            }
            let path = dir.put(&packed(&db));
            if let Err(error) = read_all(&path).await {
                assert!(error.get("file").is_some(), "{error:?}");
            }
            let _either = verify(&path, &VerifyOptions::default()).await;
            Ok::<_, Error>(())
        }).expect("the sample");
    }
}

/// A page of rows with ids of megabytes could take any amount of memory.
#[tokio::test]
async fn an_id_that_no_connector_would_make_is_refused() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut db = WorkDb::create(&folder.path().join("db"), &NewSync::full()).await?;
    let mut batch = db.begin().await?;
    let row = ResourceRow {
        resource_type_id: "user".into(),
        external_id: format!("user:{}", "x".repeat(70_000)),
        parent: None,
        data: Vec::new(),
    };
    assert!(batch.put_resources(&[row]).await?.conflicts.is_empty());
    batch.commit().await?;
    db.build_indexes().await?;
    let file = folder.path().join("sync.c1z");
    envelope::pack(&db.close_for_packing().await?, &file).await?;
    let file = C1z::open(&file, &OpenOptions::default()).await?;
    let run = file.syncs().await?.remove(0);
    let view = file.view(Some(&run.id)).await?;
    let filter = ResourceFilter::default();
    let error = view.resources_pages(&filter).next(10).await.expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::DataLoss, "{error}");
    Ok(())
}

/// A column type that is not UTF-8 makes the driver's thread die, and a stream that ends looks complete.
#[tokio::test]
async fn a_schema_that_is_not_text_is_refused() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    let mut db = decoded(&bytes);
    let statement = b"create table v1_grants";
    let at =
        db.windows(statement.len()).position(|w| w.eq_ignore_ascii_case(statement)).expect("the statement");
    let word = at + db[at..].windows(4).position(|w| w == b"text").expect("a type");
    db[word] = 0xff;
    let path = dir.put(&packed(&db));
    let error = read_all(&path).await.expect_err("not UTF-8");
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    assert!(error.message().contains("a row of its schema can't be read"), "{error}");
    assert!(!verify(&path, &VerifyOptions::default()).await?.is_sound());
    Ok(())
}

/// Row ids as no writer makes them: below zero, the least and the greatest, and ids that are no row ids.
#[tokio::test]
async fn rows_of_any_id_are_read() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    let db = decoded(&bytes);
    for sql in [
        "update v1_grants set id = -id; update v1_resources set id = -id - 1000000",
        "update v1_grants set id = 0 where id = 1",
        "update v1_grants set id = -9223372036854775808 where id = 1; \
         update v1_grants set id = 9223372036854775807 where id = 2",
        "create table g (id integer, resource_type_id text, resource_id text, entitlement_id text, \
         principal_resource_type_id text, principal_resource_id text, external_id text, expansion blob, \
         needs_expansion integer, data blob, sync_id text, discovered_at datetime); \
         insert into g select null, resource_type_id, resource_id, entitlement_id, principal_resource_type_id, \
         principal_resource_id, external_id, expansion, needs_expansion, data, sync_id, discovered_at from v1_grants; \
         drop table v1_grants; alter table g rename to v1_grants; \
         create unique index idx_grants_external_sync_v1 on v1_grants (external_id, sync_id)",
    ] {
        let path = after_sql(&dir, &db, sql).await;
        assert_eq!(read_all(&path).await?, 16, "{sql}");
        let report = verify(&path, &VerifyOptions::default()).await?;
        assert_eq!((report.syncs[0].resources, report.syncs[0].grants), (6, 5), "{sql}");
        assert!(report.is_sound(), "{sql}: {report:?}");
    }
    Ok(())
}

/// An index that lacks rows, as a writer of bytes can make it: what is asked for by a filter is there all the same.
#[tokio::test]
async fn an_index_that_lacks_rows_hides_none() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    let db = decoded(&bytes);
    let path = dir.0.path().join("forged.db");
    std::fs::write(&path, &db).expect("written");
    let mut conn = SqliteConnectOptions::new().filename(&path).connect().await.expect("opened");
    // The trees of indexes emptied: a leaf page (10) with no cells.
    let indexes = "select rootpage from sqlite_schema where type = 'index' and tbl_name = ?";
    let mut forged = db.clone();
    for table in ["v1_grants", "v1_resources", "v1_entitlements"] {
        let roots: Vec<i64> =
            sqlx::query_scalar(indexes).bind(table).fetch_all(&mut conn).await.expect("the indexes");
        for root in roots {
            let at = (usize::try_from(root).expect("a page") - 1) * 16_384;
            forged[at..at + 16_384].fill(0);
            forged[at] = 10;
            // The cells begin at the end of the page.
            forged[at + 5..at + 7].copy_from_slice(&16_384_u16.to_be_bytes());
        }
    }
    conn.close().await.expect("closed");
    let path = dir.put(&packed(&forged));
    assert_eq!(read_all(&path).await?, 16);
    let file = C1z::open(&path, &OpenOptions::default()).await?;
    let view = file.view(None).await?;
    let of_u1 = GrantFilter { principal: Some(("user".into(), "u1".into())), ..GrantFilter::default() };
    assert_eq!(view.grants(&of_u1).try_collect::<Vec<_>>().await?.len(), 2);
    let of_all = GrantFilter { entitlement: Some("group:all:member".into()), ..GrantFilter::default() };
    assert_eq!(view.grants(&of_all).try_collect::<Vec<_>>().await?.len(), 3);
    let users = ResourceFilter { resource_type: Some("user".into()), parent: None };
    assert_eq!(view.resources(&users).try_collect::<Vec<_>>().await?.len(), 3);
    assert!(view.resource("user", "u2").await?.is_some());
    assert!(view.entitlement("group:few:member").await?.is_some());
    assert_eq!(view.counted_stats().await?.grants, 5);
    // What goes through an index says so when it finds nothing.
    let ids = ["user:u2".to_owned()];
    assert_eq!(view.resources_by_ids(&ids).try_collect::<Vec<_>>().await?.len(), 0);
    let error = view.check_index(Kind::Resource).await.expect_err("an empty index");
    assert_eq!(error.kind(), ErrorKind::DataLoss, "{error}");
    assert!(!verify(&path, &VerifyOptions::default()).await?.is_sound());
    // A sound file's are sound.
    let path = dir.put(&bytes);
    let file = C1z::open(&path, &OpenOptions::default()).await?;
    file.view(None).await?.check_index(Kind::Resource).await
}

/// 300 syncs with four megabytes of state each: a list of syncs does not hold them.
#[tokio::test]
async fn the_states_of_many_syncs_are_read_one_at_a_time() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    let db = decoded(&bytes);
    let sql = "with recursive n(i) as (select 1 union all select i + 1 from n limit 30) \
               insert into v1_sync_runs (sync_id, started_at, ended_at, sync_token) \
               select 'sync' || i, '2026-01-01 00:00:00', '2026-01-02 00:00:00', hex(zeroblob(2000000)) from n";
    let path = after_sql(&dir, &db, sql).await;
    let file = C1z::open(&path, &OpenOptions::default()).await?;
    let syncs = file.syncs().await?;
    assert_eq!(syncs.len(), 31);
    for sync in &syncs {
        let token = file.sync_token(sync).await?;
        assert!(if sync.id.starts_with("sync") { token.len() == 4_000_000 } else { token.len() < 100 });
    }
    let error = {
        let sql = "update v1_sync_runs set sync_token = hex(zeroblob(3000000))";
        let path = after_sql(&dir, &db, sql).await;
        let file = C1z::open(&path, &OpenOptions::default()).await?;
        let sync = file.syncs().await?.remove(0);
        file.sync_token(&sync).await.expect_err("too large")
    };
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    // More than anybody keeps are not cut off silently.
    let sql = "with recursive n(i) as (select 1 union all select i + 1 from n limit 10000) \
               insert into v1_sync_runs (sync_id, started_at, sync_token) select 'sync' || i, 'x', '' from n";
    let path = after_sql(&dir, &db, sql).await;
    let file = C1z::open(&path, &OpenOptions::default()).await?;
    assert_eq!(file.syncs().await.expect_err("too many").kind(), ErrorKind::DataLoss);
    Ok(())
}

#[tokio::test]
async fn more_resource_types_than_can_be_counted_are_an_error() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    let db = decoded(&bytes);
    for (sql, why) in [
        ("select 'type' || i, 'type' || i || ':x'", "more than 10,000 resource types"),
        ("select hex(zeroblob(1000)), 'x' || i", "can't count the rows"),
    ] {
        let sql = format!(
            "with recursive n(i) as (select 1 union all select i + 1 from n limit 10000) \
             insert into v1_resources (resource_type_id, external_id, data, sync_id, discovered_at) \
             {sql}, x'', '{}', '2026-11-24 06:13:53' from n",
            sample::SYNC
        );
        let path = after_sql(&dir, &db, &sql).await;
        let file = C1z::open(&path, &OpenOptions::default()).await?;
        let error = file.view(None).await?.counted_stats().await.expect_err(why);
        assert_eq!(error.kind(), ErrorKind::DataLoss);
        assert!(error.message().contains(why), "{error}");
        let report = verify(&path, &VerifyOptions::default()).await?;
        assert!(!report.is_sound());
        assert!(report.syncs[0].detail.len() < 10_010);
    }
    Ok(())
}

#[tokio::test]
async fn more_rows_than_a_file_can_hold_are_refused() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    let path = dir.put(&bytes);
    let limited = |rows| OpenOptions {
        limits: Limits { rows: Some(rows), ..Limits::default() },
        ..OpenOptions::default()
    };
    assert!(C1z::open(&path, &limited(25)).await.is_ok());
    let error = C1z::open(&path, &limited(24)).await.expect_err("one row too many");
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    assert!(error.message().contains("BATON_DECODER_MAX_ROWS"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_database_in_utf_16_is_refused() -> Result<()> {
    let dir = Dir(tempfile::tempdir().expect("a temporary folder"));
    let path = dir.0.path().join("utf16.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut conn = options.pragma("encoding", "'UTF-16le'").connect().await.expect("opened");
    sqlx::query("create table v1_sync_runs (id integer primary key)")
        .execute(&mut conn)
        .await
        .expect("a table");
    conn.close().await.expect("closed");
    let path = dir.put(&packed(&std::fs::read(path).expect("the database")));
    let error = read_all(&path).await.expect_err("UTF-16");
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    assert!(error.message().contains("UTF-16"), "{error}");
    Ok(())
}

/// What is cancelled ends, whatever it is doing.
#[tokio::test]
async fn a_cancelled_reader_reads_no_further() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    let path = dir.put(&bytes);
    let open = OpenOptions::default();
    let file = C1z::open(&path, &open).await?;
    open.cancel.cancel();
    let error = C1z::open(&path, &open).await.expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    let options = VerifyOptions { open, ..VerifyOptions::default() };
    assert_eq!(verify(&path, &options).await.expect_err("cancelled").kind(), ErrorKind::Cancelled);
    drop(file);
    Ok(())
}

/// A statement that would take minutes ends soon after it is cancelled; the connection looks every 100,000 operations.
#[tokio::test]
async fn a_statement_that_is_cancelled_ends() -> Result<()> {
    let (dir, bytes) = Dir::with_sample().await?;
    // A scan of a million rows, again and again by the filter of each page, is long enough to be cut short.
    let db = decoded(&bytes);
    let sql = "with recursive n(i) as (select 1 union all select i + 1 from n limit 200000) \
               insert into v1_assets (external_id, content_type, data, sync_id, discovered_at) \
               select i, 'x', x'', 'other', 'x' from n";
    let path = after_sql(&dir, &db, sql).await;
    let open = OpenOptions::default();
    let file = C1z::open(&path, &open).await?;
    let view = file.view(None).await?;
    open.cancel.cancel();
    let error = view.assets(&()).try_collect::<Vec<_>>().await.expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
    Ok(())
}
