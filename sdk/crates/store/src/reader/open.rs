//! Opening a decoded file: everything that can be checked is, before SQLite reads any of it.

use std::{collections::HashMap, path::Path};

use connector_model::{Error, ErrorKind, Result};
use sqlx::{
    ConnectOptions as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio_util::sync::CancellationToken;

use super::Layout;
use crate::{
    btree::{Kind, Structure},
    envelope::{Limits, Unpacked},
    error::During as _,
    schema::{TABLES, Table, refusal},
    sqlite::{HEAP_LIMIT, OPERATIONS_BETWEEN_LOOKS},
};

/// Rows that the driver reads ahead.
const ROWS_AHEAD: usize = 16;

/// How many rows each table of the format has.
pub(super) type RowCounts = HashMap<&'static str, u64>;

/// Checks the structure and the schema of a decoded database. `path` is for messages.
pub(super) async fn check(
    path: &Path,
    unpacked: &Unpacked,
    limits: &Limits,
    cancel: &CancellationToken,
) -> Result<Checked> {
    let (path, db) = (path.to_owned(), unpacked.db());
    let most = limits.most_rows(unpacked.packed_bytes);
    let cancel = cancel.clone();
    tokio::task::spawn_blocking(move || check_blocking(&path, &db, most, &cancel))
        .await
        .map_err(|e| Error::internal("looking at the database stopped").caused_by(e))?
}

fn check_blocking(path: &Path, db: &Path, most: u64, cancel: &CancellationToken) -> Result<Checked> {
    let mut structure = Structure::open(db, path, cancel)?;
    let schema = structure.schema()?;
    let known = |name: &str| TABLES.iter().map(|t| t.name).find(|known| known.eq_ignore_ascii_case(name));
    for entry in &schema {
        if let Some(why) = refusal(entry) {
            return Err(structure.refuse(why));
        }
    }
    let (mut counts, mut rows, mut entries) = (RowCounts::new(), 0_u64, 0_u64);
    for entry in &schema {
        let kind = structure.check(entry.root)?;
        match (entry.kind.as_str(), kind) {
            ("table", Kind::Table(n)) => {
                rows += n;
                counts.extend(known(&entry.name).map(|table| (table, n)));
                if entry.name.starts_with("sqlite_stat") && n > MOST_STATISTICS {
                    return Err(
                        structure.refuse(format_args!("{} has more rows than SQLite makes", entry.name))
                    );
                }
            }
            // A table without row ids is a tree of an index.
            ("table", Kind::Index(n)) if known(&entry.name).is_none() => rows += n,
            ("index", Kind::Index(n)) => entries += n,
            _ => return Err(structure.refuse(format_args!("{:?} has a tree of another kind", entry.name))),
        }
        if rows > most || entries > most.saturating_mul(MOST_INDEXES) {
            return Err(too_many_rows(path, most));
        }
    }
    if entries > rows.saturating_mul(MOST_INDEXES) {
        return Err(structure.refuse("its indexes have more entries than its tables have rows for"));
    }
    Ok(Checked { counts, content_bytes: structure.content_bytes() })
}

/// Rows of a table of SQLite's statistics: some 24 for each index. All of it is read where a database is opened.
const MOST_STATISTICS: u64 = 5_000;

/// Indexes that a row is in. The format has seven on grants, and fewer on others.
const MOST_INDEXES: u64 = 12;

/// What the check found.
pub(super) struct Checked {
    pub(super) counts: RowCounts,
    /// Bytes of pages that belong to a tree.
    pub(super) content_bytes: u64,
}

/// What is known of each row while a file is read takes memory. A file that holds many more rows than its size is worth
/// is none that a connector wrote.
fn too_many_rows(path: &Path, most: u64) -> Error {
    Error::new(
        ErrorKind::ResourceExhausted,
        "the file holds more rows than a file of its size can; if you trust it, raise BATON_DECODER_MAX_ROWS",
    )
    .with("file", path.display())
    .with("limit_rows", most)
}

/// Connections that only read.
pub(super) async fn connect(
    path: &Path,
    unpacked: &Unpacked,
    cancel: &CancellationToken,
) -> Result<SqlitePool> {
    let connect = SqliteConnectOptions::new()
        .filename(unpacked.db())
        .read_only(true)
        .immutable(true)
        .foreign_keys(false)
        .row_buffer_size(ROWS_AHEAD)
        .pragma("trusted_schema", "off")
        .pragma("cell_size_check", "on")
        .pragma("query_only", "on")
        .pragma("ignore_check_constraints", "on")
        .pragma("cache_size", "-8000")
        .pragma("hard_heap_limit", HEAP_LIMIT)
        .disable_statement_logging();
    let cancel = cancel.clone();
    SqlitePoolOptions::new()
        .max_connections(2)
        .after_connect(move |conn, _| {
            let cancel = cancel.clone();
            Box::pin(async move {
                let mut handle = conn.lock_handle().await?;
                handle.set_progress_handler(OPERATIONS_BETWEEN_LOOKS, move || !cancel.is_cancelled());
                Ok(())
            })
        })
        .connect_with(connect)
        .await
        .during("can't open the database in the file", path)
}

/// The tables that a file must have to be read.
const NEEDED: [&str; 5] =
    ["v1_sync_runs", "v1_resource_types", "v1_resources", "v1_entitlements", "v1_grants"];

/// A table that the format has always had and a file lacks, or a column of one that it has.
pub(super) fn missing(layout: &Layout) -> Option<String> {
    let missing = |table: &Table| {
        if !layout.has_table(table.name) {
            return NEEDED.contains(&table.name).then(|| table.name.to_owned());
        }
        let column = table.columns.iter().find(|c| c.default.is_none() && !layout.has(table.name, c.name));
        column.map(|column| format!("{}.{}", table.name, column.name))
    };
    TABLES.iter().find_map(missing)
}
