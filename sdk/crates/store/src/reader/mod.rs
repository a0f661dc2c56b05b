//! Reading files, ours and those of other writers.
//!
//! A file is decoded into a private copy and read by keyset pages, so memory does not grow with it. Nothing in it is
//! trusted: tables must be plain tables, values have a greatest size, and row ids must ascend.

mod filter;
mod layout;
mod lookup;
mod record;
mod shape;
mod slim;
mod stats;
mod view;

use std::path::{Path, PathBuf};

use connector_model::{Error, ErrorKind, Result};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Row as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteRow},
};

use crate::{
    SyncRun, SyncType,
    envelope::{self, Limits, Unpacked},
    error::Doing as _,
};
pub(crate) use layout::{Layout, largest};
use shape::Shape;

pub use filter::{EntitlementFilter, GrantFilter, ResourceFilter};
pub use record::Record;
pub use view::SyncView;

/// How to open a file.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// Where the decoded copy goes: else `BATON_TMPDIR`, else the system's temporary folder.
    pub temp_dir: Option<PathBuf>,
    /// Limits on decoding: else those of the environment.
    pub limits: Option<Limits>,
}

impl OpenOptions {
    /// The folder that the decoded copy goes to.
    pub fn temp_dir(&self) -> PathBuf {
        let var = || std::env::var_os("BATON_TMPDIR").filter(|v| !v.is_empty()).map(PathBuf::from);
        self.temp_dir.clone().or_else(var).unwrap_or_else(std::env::temp_dir)
    }

    /// The limits that hold.
    pub fn limits(&self) -> Limits {
        self.limits.unwrap_or_else(Limits::from_env)
    }
}

/// An open file. The decoded copy is removed when this is dropped.
#[derive(Debug)]
pub struct C1z {
    path: PathBuf,
    pool: SqlitePool,
    layout: Layout,
    unpacked: Unpacked,
}

impl C1z {
    /// Decodes a file and looks at its tables.
    pub async fn open(path: &Path, options: &OpenOptions) -> Result<Self> {
        let unpacked = envelope::unpack(path, &options.temp_dir(), &options.limits()).await?;
        Self::of(path, unpacked).await
    }

    /// Opens what is decoded already; `path` is for messages.
    pub async fn of(path: &Path, unpacked: Unpacked) -> Result<Self> {
        let file = Self::of_any(path, unpacked).await?;
        for table in ["v1_sync_runs", "v1_resource_types", "v1_resources", "v1_entitlements", "v1_grants"] {
            if !file.layout.has_table(table) {
                return Err(Error::new(
                    ErrorKind::DataLoss,
                    "the database in the file lacks a table of the format; was it written by a connector?",
                )
                .with("file", path.display())
                .with("table", table));
            }
        }
        let roots: Vec<i64> = sqlx::query_scalar("select rootpage from sqlite_schema where rootpage > 1")
            .fetch_all(&file.pool)
            .await
            .doing("can't read the schema of the database in the file", path)?;
        check_trees(file.unpacked.db(), path.to_owned(), roots).await?;
        Ok(file)
    }

    /// Reads all of the database and fails where SQLite finds it damaged.
    pub async fn check(&self) -> Result<()> {
        let found: String = sqlx::query_scalar("pragma quick_check(1)")
            .fetch_one(&self.pool)
            .await
            .doing("can't check the database in the file", &self.path)?;
        if found == "ok" {
            return Ok(());
        }
        Err(Error::new(ErrorKind::DataLoss, format!("the database in the file is damaged: {found}"))
            .with("file", self.path.display()))
    }

    /// As [`C1z::of`], with whatever tables there are.
    pub(crate) async fn of_any(path: &Path, unpacked: Unpacked) -> Result<Self> {
        // Before SQLite reads the schema from it.
        Shape::open(&unpacked.db(), path)?.check(1)?;
        let connect = SqliteConnectOptions::new()
            .filename(unpacked.db())
            .read_only(true)
            .immutable(true)
            .foreign_keys(false)
            .pragma("trusted_schema", "off")
            .pragma("cell_size_check", "on")
            .pragma("query_only", "on")
            .pragma("cache_size", "-8000")
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .max_connections(2)
            .connect_with(connect)
            .await
            .doing("can't open the database in the file", path)?;
        let layout = Layout::read(&pool, "main", path).await?;
        Ok(Self { path: path.to_owned(), pool, layout, unpacked })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What decoding told.
    pub fn unpacked(&self) -> &Unpacked {
        &self.unpacked
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The syncs of the file: finished ones first, newest end first, then unfinished ones, newest start first.
    pub async fn syncs(&self) -> Result<Vec<SyncRun>> {
        sync_runs(&self.pool, &self.layout, "main").await.doing("can't read the sync runs", &self.path)
    }

    /// The sync that is read when none is named: the newest finished full one, else the newest unfinished one (as other
    /// readers do), else the newest of any type.
    pub async fn default_sync(&self) -> Result<Option<SyncRun>> {
        let syncs = self.syncs().await?;
        let full = syncs.iter().find(|s| s.is_finished() && s.sync_type == SyncType::Full);
        let chosen = full.or_else(|| syncs.iter().find(|s| !s.is_finished())).or_else(|| syncs.first());
        Ok(chosen.cloned())
    }

    /// A view of one sync: of the id, or of [`C1z::default_sync`].
    pub async fn view(&self, sync_id: Option<&str>) -> Result<SyncView<'_>> {
        let run = match sync_id {
            Some(id) => self.syncs().await?.into_iter().find(|s| s.id == id),
            None => self.default_sync().await?,
        };
        let run = run.ok_or_else(|| {
            let error = match sync_id {
                Some(id) => {
                    Error::new(ErrorKind::NotFound, "the file has no such sync; `baton syncs` lists them")
                        .with("sync", id.chars().take(40).collect::<String>())
                }
                None => Error::new(ErrorKind::NotFound, "the file holds no sync; run the connector first"),
            };
            error.with("file", self.path.display())
        })?;
        Ok(SyncView::new(self, run))
    }
}

/// Walks the trees of a decoded database: the schema's own and those of its root pages. `path` is for messages.
pub(crate) async fn check_trees(db: PathBuf, path: PathBuf, roots: Vec<i64>) -> Result<()> {
    let walk = move || {
        let mut shape = Shape::open(&db, &path)?;
        shape.check(1)?;
        roots.into_iter().try_for_each(|root| shape.check(root))
    };
    let stopped = |e| Error::internal("looking at the database stopped").caused_by(e);
    tokio::task::spawn_blocking(walk).await.map_err(stopped)?
}

/// Reads the sync runs of a schema (`main`, or the name of an attached file) in the order of [`C1z::syncs`].
pub(crate) async fn sync_runs<'c, E>(
    conn: E,
    layout: &Layout,
    schema: &str,
) -> Result<Vec<SyncRun>, sqlx::Error>
where
    E: sqlx::Executor<'c, Database = sqlx::Sqlite>,
{
    let columns = [
        "sync_id",
        "started_at",
        "ended_at",
        "sync_token",
        "sync_type",
        "parent_sync_id",
        "linked_sync_id",
        "supports_diff",
        "grants_backfilled",
        "stats",
    ]
    .map(|c| layout.expression("v1_sync_runs", c));
    // A hostile file may claim a million syncs; nobody keeps a thousand.
    let sql = format!(
        "select {} from {schema}.v1_sync_runs order by ended_at is null or ended_at = '', ended_at desc, \
         started_at desc, sync_id desc limit 10000",
        columns.join(", ")
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(conn).await?;
    let mut runs = rows.iter().map(sync_run).collect::<Result<Vec<_>, _>>()?;
    runs.sort_by(|a, b| {
        (b.is_finished(), &b.ended_at).cmp(&(a.is_finished(), &a.ended_at)).then_with(|| {
            match a.is_finished() {
                true => b.id.cmp(&a.id),
                false => (&b.started_at, &b.id).cmp(&(&a.started_at, &a.id)),
            }
        })
    });
    Ok(runs)
}

fn sync_run(row: &SqliteRow) -> Result<SyncRun, sqlx::Error> {
    let text = |i: usize| row.try_get::<Option<String>, _>(i).map(Option::unwrap_or_default);
    let ended_at = row.try_get::<Option<String>, _>(2)?.filter(|t| !t.is_empty());
    let stats = row.try_get::<Option<String>, _>(9)?;
    Ok(SyncRun {
        id: text(0)?,
        started_at: text(1)?,
        ended_at,
        sync_token: text(3)?,
        sync_type: SyncType::from(text(4)?.as_str()),
        parent_sync_id: text(5)?,
        linked_sync_id: text(6)?,
        supports_diff: row.try_get::<i64, _>(7)? != 0,
        grants_backfilled: row.try_get::<i64, _>(8)? != 0,
        stats: stats.and_then(|json| serde_json::from_str(&json).ok()),
    })
}
