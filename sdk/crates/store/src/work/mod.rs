//! The working database: one sync under way, in an ordinary SQLite file that becomes the content of the `.c1z`.
//!
//! There is one connection and it writes. Rows come in batches, each one transaction, which the engine shares for its
//! own tables ([`Batch::connection`]). At the seal ([`WorkDb::copy_kept_syncs`], [`WorkDb::build_indexes`],
//! [`WorkDb::finish`], [`WorkDb::close_for_packing`]) it becomes a plain file with nothing at its side.

mod adopt;
mod batch;
mod count;
mod grant_runs;
mod grants;
mod insert;
mod kept;
mod match_grants;
mod own_schema;
mod page;
mod scan;
mod seal;
mod secure_delete;
mod session_values;

use std::path::{Path, PathBuf};

use connector_model::{Error, ErrorKind, Result};
use jiff::Timestamp;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection,
    sqlite::SqliteConnectOptions,
};

use crate::{
    Connection, Kind, SyncId, SyncType,
    error::During as _,
    ledger, schema,
    sqlite::{HEAP_LIMIT, OPERATIONS_BETWEEN_LOOKS},
    time,
};

pub(crate) use insert::{Texts, chunk_len, leave_empty};

pub use batch::{Batch, Put, Stored};
pub use kept::{KeptSyncs, Retention};
pub use match_grants::MatchGrant;
pub use page::StoredResource;
pub use scan::{Column, Filter, ScannedRow};
pub use seal::Finish;

/// A sync that begins.
#[derive(Clone, Debug)]
pub struct NewSync {
    /// Its id.
    pub id: SyncId,
    /// What it covers.
    pub sync_type: SyncType,
    /// The sync it builds on, for a partial one.
    pub parent: Option<SyncId>,
    /// When it began.
    pub started_at: Timestamp,
}

impl NewSync {
    /// A full sync that begins now, under a new id. A clock beyond the calendar is taken for the end of time; see
    /// [`time::clock`].
    pub fn full() -> Self {
        let started_at = time::clock().unwrap_or(Timestamp::MAX);
        Self { id: SyncId::generate(), sync_type: SyncType::Full, parent: None, started_at }
    }
}

/// A working database with its one connection.
#[derive(Debug)]
pub struct WorkDb {
    path: PathBuf,
    conn: SqliteConnection,
    sync: SyncId,
    next_ids: [i64; Kind::ALL.len()],
    texts: Texts,
    /// Whether the unique index of grants is there: it is made at the seal.
    grants_are_unique: bool,
}

impl WorkDb {
    /// A new database for a sync. The file must not exist.
    pub async fn create(path: &Path, sync: &NewSync) -> Result<Self> {
        let mut conn = new_database(path).await?;
        let mut tx =
            Connection::of(&mut conn).begin().await.during("can't begin the working database", path)?;
        create_tables(&mut tx.connection(), path).await?;
        sqlx::query(
            "insert into v1_sync_runs (sync_id, started_at, sync_token, sync_type, parent_sync_id) \
             values (?, ?, '', ?, ?)",
        )
        .bind(sync.id.as_str())
        .bind(time::format(sync.started_at)?)
        .bind(sync.sync_type.as_str())
        .bind(sync.parent.as_ref().map_or("", SyncId::as_str))
        .execute(&mut tx.connection())
        .await
        .during("can't record the sync", path)?;
        tx.commit().await.during("can't create the working database", path)?;
        Self::with(path, conn, sync.id.clone()).await
    }

    /// Opens a database that this process made, or that comes from somewhere it can be believed: the sync that it was
    /// made for. One with triggers, views or virtual tables is refused all the same: [`ErrorKind::DataLoss`].
    pub async fn open(path: &Path) -> Result<Self> {
        let mut conn = connect(path).await?;
        own_schema::check_kinds(&mut Connection::of(&mut conn), path).await?;
        Self::open_checked(path, conn).await
    }

    /// Opens a database that an earlier run left. It must hold what our own statements make and nothing else, those of
    /// the engine's tables (`engine`) among them: [`ErrorKind::DataLoss`] where it does not.
    pub async fn resume(path: &Path, engine: &[&'static str]) -> Result<Self> {
        let mut conn = connect(path).await?;
        own_schema::check(&mut Connection::of(&mut conn), path, engine).await?;
        Self::open_checked(path, conn).await
    }

    async fn open_checked(path: &Path, mut conn: SqliteConnection) -> Result<Self> {
        prepare(&mut Connection::of(&mut conn), path).await?;
        let id: Option<String> = sqlx::query_scalar("select sync_id from v1_sync_runs order by id limit 1")
            .fetch_optional(Connection::of(&mut conn))
            .await
            .during("can't read the working database", path)?;
        let id = id.ok_or_else(|| {
            Error::new(ErrorKind::DataLoss, "the working database holds no sync; delete it and start again")
                .with("file", path.display())
        })?;
        Self::with(path, conn, SyncId::new(id)?).await
    }

    async fn with(path: &Path, conn: SqliteConnection, sync: SyncId) -> Result<Self> {
        let mut db = Self {
            path: path.to_owned(),
            conn,
            sync,
            next_ids: [1; Kind::ALL.len()],
            texts: Texts::default(),
            grants_are_unique: false,
        };
        // Packing took it away, and was not gone through with.
        let made =
            sqlx::query(ledger::CREATE_WORK).persistent(false).execute(Connection::of(&mut db.conn)).await;
        made.during("can't create the tables", &db.path)?;
        db.grants_are_unique = sqlx::query_scalar(
            "select exists (select 1 from sqlite_schema where type = 'index' and name = ?)",
        )
        .bind(schema::GRANT_IDS_NAME)
        .fetch_one(Connection::of(&mut db.conn))
        .await
        .during("can't read the working database", &db.path)?;
        db.read_next_ids().await?;
        Ok(db)
    }

    async fn read_next_ids(&mut self) -> Result<()> {
        for (kind, next) in Kind::ALL.into_iter().zip(&mut self.next_ids) {
            let sql = AssertSqlSafe(format!("select coalesce(max(id), 0) + 1 from {}", kind.table()));
            *next = sqlx::query_scalar(sql)
                .fetch_one(Connection::of(&mut self.conn))
                .await
                .during("can't read the working database", &self.path)?;
        }
        Ok(())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The sync that it is for.
    pub fn sync_id(&self) -> &SyncId {
        &self.sync
    }

    /// The connection, for the engine's own tables outside a batch.
    pub fn connection(&mut self) -> Connection<'_> {
        Connection::of(&mut self.conn)
    }

    /// Begins a transaction whose rows are discovered now. Dropped without [`Batch::commit`], it is rolled back.
    pub async fn begin(&mut self) -> Result<Batch<'_>> {
        self.begin_at(time::now()?).await
    }

    /// Begins a transaction whose rows carry this `discovered_at`, a text of [`time::format`].
    pub async fn begin_at(&mut self, discovered_at: String) -> Result<Batch<'_>> {
        Batch::begin(self, discovered_at).await
    }

    /// Whether the sync has its end: nothing is left to do but to pack the file.
    pub async fn is_finished(&mut self) -> Result<bool> {
        sqlx::query_scalar("select ended_at is not null from v1_sync_runs where sync_id = ?")
            .bind(self.sync.as_str())
            .fetch_one(Connection::of(&mut self.conn))
            .await
            .during("can't read the working database", &self.path)
    }

    /// Looks whether the file is whole: after a power loss it may not be. Reads all of it.
    pub async fn check(&mut self) -> Result<()> {
        let answer = pragma(&mut Connection::of(&mut self.conn), &self.path, "pragma quick_check(1)").await?;
        match answer.as_deref() {
            Some("ok") => Ok(()),
            said => Err(Error::new(ErrorKind::DataLoss, "the working database is damaged")
                .with("file", self.path.display())
                .with("sqlite", said.unwrap_or("nothing"))),
        }
    }

    /// From here on a statement that is under way stops with [`ErrorKind::Cancelled`] once this says so: an index of
    /// millions of rows takes seconds.
    pub async fn stop_when(&mut self, told: impl FnMut() -> bool + Send + 'static) -> Result<()> {
        self.stop_when_asked(OPERATIONS_BETWEEN_LOOKS, told).await
    }

    /// As [`WorkDb::stop_when`], asked each time that SQLite's virtual machine has done so many operations.
    pub async fn stop_when_asked(
        &mut self,
        operations: i32,
        mut told: impl FnMut() -> bool + Send + 'static,
    ) -> Result<()> {
        let mut handle =
            self.conn.lock_handle().await.during("can't use the working database", &self.path)?;
        handle.set_progress_handler(operations, move || !told());
        Ok(())
    }

    /// From here on the file grows to at most so many bytes, in whole pages; what would make it larger fails with
    /// [`ErrorKind::ResourceExhausted`]. A limit below its present size is that size. It ends with the connection.
    pub async fn limit_size(&mut self, bytes: u64) -> Result<()> {
        // More is more than SQLite can have (https://www.sqlite.org/limits.html).
        let pages = (bytes / u64::from(schema::PAGE_SIZE)).clamp(1, 0xffff_fffe);
        pragma(&mut Connection::of(&mut self.conn), &self.path, &format!("pragma max_page_count = {pages}"))
            .await?;
        Ok(())
    }

    /// Closes the connection; the file stays, to be gone on with.
    pub async fn close(self) -> Result<()> {
        self.conn.close().await.during("can't close the working database", &self.path)
    }
}

/// A new, empty file that nobody else can read.
async fn new_database(path: &Path) -> Result<SqliteConnection> {
    // Made here rather than by SQLite, so that nobody else can read it at any moment.
    crate::envelope::create_private(path)?;
    let mut conn = connect(path).await?;
    prepare(&mut Connection::of(&mut conn), path).await?;
    Ok(conn)
}

async fn create_tables(conn: &mut Connection<'_>, path: &Path) -> Result<()> {
    for statement in schema::CREATE.iter().chain([&ledger::CREATE]) {
        sqlx::query(*statement).execute(&mut *conn).await.during("can't create the tables", path)?;
    }
    Ok(())
}

async fn connect(path: &Path) -> Result<SqliteConnection> {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(false)
        .disable_statement_logging()
        .connect()
        .await
        .during("can't open the working database", path)
}

async fn prepare(conn: &mut Connection<'_>, path: &Path) -> Result<()> {
    let page_size = schema::PAGE_SIZE;
    pragma(conn, path, &format!("pragma page_size = {page_size}")).await?;
    // Where a file system has no shared memory (network volumes) SQLite answers with the mode that stays.
    let journal = pragma(conn, path, "pragma journal_mode = wal").await?;
    if journal.as_deref() != Some("wal") {
        tracing::info!(file = %path.display(), ?journal, "no write-ahead log here, using a rollback journal");
    }
    for setting in [
        "pragma synchronous = normal",
        "pragma trusted_schema = off",
        "pragma temp_store = file",
        "pragma cache_size = -4000",
        "pragma wal_autocheckpoint = 8192",
    ] {
        pragma(conn, path, setting).await?;
    }
    pragma(conn, path, &format!("pragma hard_heap_limit = {HEAP_LIMIT}")).await?;
    if let Some(folder) = path.parent().and_then(Path::to_str).filter(|f| !f.is_empty() && !f.contains('\''))
    {
        // Sorting for an index needs as much room as the index: beside the database, not in a small /tmp.
        pragma(conn, path, &format!("pragma temp_store_directory = '{folder}'")).await?;
    }
    Ok(())
}

/// Runs a pragma and gives its answer's first column as text.
async fn pragma(conn: &mut Connection<'_>, path: &Path, sql: &str) -> Result<Option<String>> {
    let row = sqlx::query(AssertSqlSafe(sql))
        .persistent(false)
        .fetch_optional(conn)
        .await
        .during("can't prepare the working database", path)?;
    Ok(row.and_then(|r| r.try_get::<String, _>(0).ok()))
}
