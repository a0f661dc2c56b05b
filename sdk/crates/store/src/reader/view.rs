//! One sync of a file.

use std::collections::VecDeque;

use connector_model::Result;
use futures::{Stream, stream};
use sqlx::{AssertSqlSafe, Row as _};

use super::{
    C1z, EntitlementFilter, GrantFilter, Pages, Record, ResourceFilter, filter::Filter, record::Read,
};
use crate::{
    AssetRow, EntitlementRow, GrantRow, Kind, ResourceRow, ResourceTypeRow, SyncRun, error::During as _,
};

/// Rows of a page that a stream asks for.
const STREAM_PAGE: u32 = 2_000;

/// One sync of an open file.
#[derive(Clone, Debug)]
pub struct SyncView<'a> {
    file: &'a C1z,
    run: SyncRun,
}

macro_rules! kind {
    ($row:ty, $filter:ty, $stream:ident, $pages:ident, $what:literal) => {
        #[doc = concat!("Streams the ", $what, " in the order of their ids.")]
        pub fn $stream<'s>(
            &'s self,
            filter: &'s $filter,
        ) -> impl Stream<Item = Result<Record<$row>>> + Send + 's {
            self.stream::<$row, _>(filter)
        }

        #[doc = concat!("The ", $what, ", page by page.")]
        pub fn $pages<'s>(&'s self, filter: &'s $filter) -> Pages<'s, $row> {
            Pages::new(self, filter)
        }
    };
}

impl<'a> SyncView<'a> {
    pub(super) fn new(file: &'a C1z, run: SyncRun) -> Self {
        Self { file, run }
    }

    /// The sync.
    pub fn run(&self) -> &SyncRun {
        &self.run
    }

    /// The file it is in.
    pub fn file(&self) -> &'a C1z {
        self.file
    }

    kind!(ResourceTypeRow, (), resource_types, resource_types_pages, "resource types");
    kind!(ResourceRow, ResourceFilter, resources, resources_pages, "resources");
    kind!(EntitlementRow, EntitlementFilter, entitlements, entitlements_pages, "entitlements");
    kind!(GrantRow, GrantFilter, grants, grants_pages, "grants");
    kind!(AssetRow, (), assets, assets_pages, "assets");

    /// A resource type by its id.
    pub async fn resource_type(&self, id: &str) -> Result<Option<Record<ResourceTypeRow>>> {
        self.get(id).await
    }

    /// A resource by its type and id.
    pub async fn resource(&self, resource_type: &str, id: &str) -> Result<Option<Record<ResourceRow>>> {
        let found: Option<Record<ResourceRow>> = self.get(&format!("{resource_type}:{id}")).await?;
        // The joined key is lossy: another type may give the same one.
        Ok(found.filter(|r| &*r.row.resource_type_id == resource_type))
    }

    /// An entitlement by its id.
    pub async fn entitlement(&self, id: &str) -> Result<Option<Record<EntitlementRow>>> {
        self.get(id).await
    }

    /// A grant by its id.
    pub async fn grant(&self, id: &str) -> Result<Option<Record<GrantRow>>> {
        self.get(id).await
    }

    /// An asset by its id.
    pub async fn asset(&self, id: &str) -> Result<Option<Record<AssetRow>>> {
        self.get(id).await
    }

    /// Scans the table: see [`Conditions`](super::filter::Conditions).
    async fn get<R: Read>(&self, external_id: &str) -> Result<Option<Record<R>>> {
        if !self.file.layout().has_table(R::KIND.table()) {
            return Ok(None);
        }
        let sql = format!("{} where external_id = ? and sync_id = ? limit 1", self.select::<R>());
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(external_id.to_owned())
            .bind(self.run.id.clone())
            .fetch_optional(self.file.conn())
            .await;
        let found = row.and_then(|row| {
            let found = row.as_ref().map(|row| record::<R>(row, &self.run.id)).transpose()?;
            Ok(found.filter(|found| found.row.external_id() == external_id))
        });
        found.during(reading(R::KIND), self.file.path())
    }

    fn stream<'s, R, F>(&'s self, filter: &'s F) -> impl Stream<Item = Result<Record<R>>> + Send + 's
    where
        R: Read + Send + 's,
        F: Filter + Sync,
    {
        let pages = Pages::<R>::new(self, filter);
        stream::try_unfold((pages, VecDeque::new()), |(mut pages, mut rows)| async move {
            if rows.is_empty() {
                rows = VecDeque::from(pages.next(STREAM_PAGE).await?);
            }
            let row = rows.pop_front();
            Ok(row.map(|row| (row, (pages, rows))))
        })
    }

    /// Reads the columns of a row from its table, never from an index.
    pub(super) fn select<R: Read>(&self) -> String {
        format!("{} not indexed", self.select_by_index::<R>())
    }

    /// As [`Self::select`], through whatever index fits.
    pub(super) fn select_by_index<R: Read>(&self) -> String {
        let (layout, table) = (self.file.layout(), R::KIND.table());
        let mut sql = format!("select rowid, cast({} as text)", layout.expression(table, "discovered_at"));
        for column in R::COLUMNS.iter().chain([&"sync_id"]) {
            sql.push_str(", ");
            sql.push_str(&layout.expression(table, column));
        }
        sql + " from " + table
    }
}

/// A row of a sync, read from the columns of [`SyncView::select`]. That its sync is this one was a condition already;
/// but a comparison in the file's database may take for equal what is not.
pub(super) fn record<R: Read>(row: &sqlx::sqlite::SqliteRow, sync: &str) -> Result<Record<R>, sqlx::Error> {
    if row.try_get::<&str, _>(2 + R::COLUMNS.len())? != sync {
        return Err(sqlx::Error::Decode("a row of another sync".into()));
    }
    let discovered_at = row.try_get::<Option<String>, _>(1)?.unwrap_or_default();
    Ok(Record { id: row.try_get(0)?, discovered_at, row: R::read(row)? })
}

pub(super) fn reading(kind: Kind) -> &'static str {
    match kind {
        Kind::ResourceType => "can't read the resource types",
        Kind::Resource => "can't read the resources",
        Kind::Entitlement => "can't read the entitlements",
        Kind::Grant => "can't read the grants",
        Kind::Asset => "can't read the assets",
    }
}
