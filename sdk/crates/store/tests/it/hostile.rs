//! Files that are cut, flipped, forged or far too large: a clear error, never a panic, a hang or unbounded memory.

use std::{io::Write as _, path::Path, sync::OnceLock};

use connector_model::{Error, ErrorKind, Result};
use connector_store::{
    C1z, NewSync, OpenOptions, ResourceRow, WorkDb,
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
        view.stats().await?;
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
        match read_all(&path).await {
            // A generated column is as good as a missing one: the table reads as rows without a message.
            Ok(rows) => assert!(sql.contains("zeroblob(1000000000)") && rows == 13, "{sql}: {rows}"),
            Err(error) => assert_eq!(error.kind(), kind, "{sql}: {error:?}"),
        }
        let report = verify(&path, &VerifyOptions::default()).await?;
        assert!(!report.is_sound(), "{sql}");
    }
    // Triggers and odd tables beside ours are of no effect on a reader.
    let odd =
        "create table other (a); create trigger t after insert on v1_grants begin delete from v1_grants; end";
    let path = after_sql(&dir, &db, odd).await;
    assert_eq!(read_all(&path).await?, 16);
    assert!(verify(&path, &VerifyOptions::default()).await?.is_sound());
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
    // Its first cell's child becomes the right-most one's.
    let right = [page[8], page[9], page[10], page[11]];
    let cell = usize::from(u16::from_be_bytes([page[12], page[13]]));
    page[cell..cell + 4].copy_from_slice(&right);
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
    let error = view.resources_page(&ResourceFilter::default(), 0, 10).await.expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::DataLoss, "{error}");
    Ok(())
}
