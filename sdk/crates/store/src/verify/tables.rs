//! The envelope, the SQLite file, and its tables and indexes.

use std::{fs::File, io::Read as _};

use connector_model::{ErrorKind, Result};
use sqlx::Row as _;

use super::{CORRUPT, Level, Reporter, VerifyOptions};
use crate::{C1z, envelope::Unpacked, error::During as _, schema::TABLES};

/// The largest zstd window that readers of the old SDK take.
const OLD_WINDOW: u64 = 32 << 20;

pub(super) fn envelope(unpacked: &Unpacked, reporter: &mut Reporter, options: &VerifyOptions) -> Result<()> {
    if !unpacked.declares_size {
        reporter.add(
            Level::Warning,
            "the envelope does not declare its content's size",
            "the first zstd frame",
        );
    }
    if let Some(window) = unpacked.window.filter(|w| *w > OLD_WINDOW) {
        let example = format!("{} MiB", window >> 20);
        reporter.add(Level::Warning, "the zstd window is larger than old readers take", &example);
    }
    for warning in &unpacked.warnings {
        reporter.add(Level::Warning, warning, "");
    }
    let mut head = Vec::new();
    let db = unpacked.db();
    File::open(&db)
        .and_then(|f| f.take(100).read_to_end(&mut head))
        .during("can't read the decoded file", &db)?;
    // The SQLite database file format, §1.3.3: file format write and read version.
    if head.get(18..20) != Some(&[1, 1]) {
        let example = head.get(18..20).map(|v| format!("{:02x}{:02x}", v[0], v[1])).unwrap_or_default();
        reporter.add(options.ours(), "the database is left in write-ahead mode", &example);
    }
    Ok(())
}

/// SQLite's own check; one line is enough.
pub(super) async fn integrity(file: &C1z, reporter: &mut Reporter) -> Result<bool> {
    let answer: Result<String, _> =
        sqlx::query_scalar("pragma integrity_check(1)").fetch_one(file.conn()).await;
    let broken = match answer.during("can't check the database in the file", file.path()) {
        Ok(answer) if answer == "ok" => return Ok(true),
        Ok(answer) => answer,
        Err(e) if matches!(e.kind(), ErrorKind::Cancelled | ErrorKind::ResourceExhausted) => return Err(e),
        Err(e) => e.report(),
    };
    reporter.add(Level::Error, CORRUPT, &broken);
    Ok(false)
}

pub(super) async fn schema(file: &C1z, reporter: &mut Reporter, options: &VerifyOptions) -> Result<()> {
    for table in TABLES {
        if !file.layout().has_table(table.name) {
            reporter.add(options.ours(), "a table is missing", table.name);
            continue;
        }
        // Later columns that only the Go engine's own checks use are nobody's business.
        for column in table.columns.iter().filter(|c| !c.name.starts_with("ingest_invariant_")) {
            if !file.layout().has(table.name, column.name) {
                reporter.add(
                    options.ours(),
                    "a column is missing",
                    &format!("{}.{}", table.name, column.name),
                );
            }
        }
        let want = match table.name {
            "v1_sync_runs" => &["sync_id"][..],
            "v1_connector_sessions" => &["sync_id", "key"],
            _ => &["external_id", "sync_id"],
        };
        if !has_unique_index(file, table.name, want).await? {
            let example = format!("{} ({})", table.name, want.join(", "));
            reporter.add(Level::Error, "a unique index is missing", &example);
        }
    }
    Ok(())
}

async fn has_unique_index(file: &C1z, table: &str, want: &[&str]) -> Result<bool> {
    let what = "can't read the indexes of the database in the file";
    // A partial index (a fifth column that is not 0) does not keep all rows apart.
    let sql = "select name from pragma_index_list(?) where \"unique\" and not partial";
    let names: Vec<String> =
        sqlx::query_scalar(sql).bind(table).fetch_all(file.conn()).await.during(what, file.path())?;
    for name in names {
        let sql = "select name from pragma_index_info(?) order by seqno";
        let rows = sqlx::query(sql).bind(name).fetch_all(file.conn()).await.during(what, file.path())?;
        let columns: Vec<_> = rows
            .iter()
            .map(|r| r.try_get::<Option<String>, _>(0).ok().flatten().unwrap_or_default())
            .collect();
        if columns == want {
            return Ok(true);
        }
    }
    Ok(false)
}
