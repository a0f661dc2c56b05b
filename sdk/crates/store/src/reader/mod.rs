//! Reading files, ours and those of other writers.
//!
//! A file is decoded into a private copy and read page by page, so memory does not grow with it. Nothing in it is
//! trusted: its structure is walked and its schema is checked before SQLite opens it, values have a greatest size, rows
//! are read in the order of their ids and never through an index of the file, and where a list ends they are counted
//! again.

mod filter;
mod layout;
mod lookup;
mod open;
mod pages;
mod record;
mod runs;
mod slim;
mod stats;
mod view;

use std::path::{Path, PathBuf};

use connector_model::{Error, ErrorKind, Result};
use sqlx::SqlitePool;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{
    Checked, Kind, SyncRun, SyncType,
    envelope::{self, Limits, Unpacked},
    error::During as _,
};
pub(crate) use layout::{Layout, largest};
use open::RowCounts;

pub use filter::{EntitlementFilter, GrantFilter, ResourceFilter};
pub use pages::Pages;
pub use record::Record;
pub use view::SyncView;

/// How to open a file.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// Where the decoded copy goes: else the system's temporary folder.
    pub temp_dir: Option<PathBuf>,
    /// Limits on decoding.
    pub limits: Limits,
    /// Ends what is under way, also a statement of SQLite's, with [`ErrorKind::Cancelled`].
    pub cancel: CancellationToken,
}

impl OpenOptions {
    /// The folder that the decoded copy goes to.
    pub fn temp_dir(&self) -> PathBuf {
        self.temp_dir.clone().unwrap_or_else(std::env::temp_dir)
    }
}

/// An open file. The decoded copy is removed when this is dropped.
#[derive(Debug)]
pub struct C1z {
    path: PathBuf,
    pool: SqlitePool,
    layout: Layout,
    rows: RowCounts,
    content_bytes: u64,
    checked_indexes: [OnceCell<()>; Kind::ALL.len()],
    cancel: CancellationToken,
    unpacked: Unpacked,
}

impl C1z {
    /// Decodes a file and checks its structure and its tables.
    pub async fn open(path: &Path, options: &OpenOptions) -> Result<Self> {
        let limits = options.limits;
        let unpacked = envelope::unpack_until(path, &options.temp_dir(), &limits, &options.cancel).await?;
        let file = Self::of(path, unpacked, options).await?;
        match open::missing(&file.layout) {
            None => Ok(file),
            Some(what) => Err(Error::new(
                ErrorKind::DataLoss,
                "the database in the file lacks a table or column of the format; was it written by a connector?",
            )
            .with("file", path.display())
            .with("missing", what)),
        }
    }

    /// As [`C1z::open`], of what is decoded already and with whatever tables there are.
    pub(crate) async fn of(path: &Path, unpacked: Unpacked, options: &OpenOptions) -> Result<Self> {
        let checked = open::check(path, &unpacked, &options.limits, &options.cancel).await?;
        let pool = open::connect(path, &unpacked, &options.cancel).await?;
        let layout = Layout::read(Checked(&pool), path).await?;
        Ok(Self {
            path: path.to_owned(),
            pool,
            layout,
            rows: checked.counts,
            content_bytes: checked.content_bytes,
            checked_indexes: Default::default(),
            cancel: options.cancel.clone(),
            unpacked,
        })
    }

    /// Reads all of the database and fails where SQLite finds it damaged.
    pub async fn check(&self) -> Result<()> {
        let found: String = sqlx::query_scalar("pragma quick_check(1)")
            .fetch_one(Checked(&self.pool))
            .await
            .during("can't check the database in the file", &self.path)?;
        if found == "ok" {
            return Ok(());
        }
        Err(Error::new(ErrorKind::DataLoss, format!("the database in the file is damaged: {found}"))
            .with("file", self.path.display()))
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What decoding told.
    pub fn unpacked(&self) -> &Unpacked {
        &self.unpacked
    }

    /// What ends the reading of it.
    pub(crate) fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Bytes of the pages of the database that hold something: what belongs to no table and no index does not count.
    pub fn content_bytes(&self) -> u64 {
        self.content_bytes
    }

    pub(crate) fn conn(&self) -> Checked<&SqlitePool> {
        Checked(&self.pool)
    }

    /// Filled once the indexes of a kind's table are known to fit its rows.
    fn checked_index(&self, kind: Kind) -> &OnceCell<()> {
        &self.checked_indexes[kind as usize]
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How many rows a table has, of all syncs; none where the file lacks it.
    pub(crate) fn rows(&self, table: &str) -> u64 {
        self.rows.get(table).copied().unwrap_or_default()
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
