//! One sync of a file, page by page.

use std::collections::VecDeque;

use connector_model::{Error, ErrorKind, Result};
use futures::{Stream, TryStreamExt as _, stream};
use sqlx::{AssertSqlSafe, Row as _};

use super::{C1z, EntitlementFilter, GrantFilter, Record, ResourceFilter, filter::Filter, record::Read};
use crate::{
    AssetRow, EntitlementRow, GrantRow, Kind, ResourceRow, ResourceTypeRow, SyncRun, error::Doing as _,
};

/// Rows of a page that a stream asks for.
const STREAM_PAGE: u32 = 2_000;
/// The most rows of one page.
const MAX_PAGE: u32 = 10_000;
/// A page ends early once its messages pass this many bytes.
const PAGE_BYTES: usize = 16 << 20;

/// One sync of an open file.
///
/// Pages go by row id: ask for what comes after the last row's [`Record::id`], 0 at first, until a page is empty. A
/// page may be shorter than asked for.
#[derive(Clone, Debug)]
pub struct SyncView<'a> {
    file: &'a C1z,
    run: SyncRun,
}

macro_rules! kind {
    ($row:ty, $filter:ty, $stream:ident, $page:ident, $what:literal) => {
        #[doc = concat!("Streams the ", $what, " in the order they were stored.")]
        pub fn $stream<'s>(
            &'s self,
            filter: &'s $filter,
        ) -> impl Stream<Item = Result<Record<$row>>> + Send + 's {
            self.stream::<$row, _>(filter)
        }

        #[doc = concat!("A page of ", $what, ", at most `limit` of at most 10,000.")]
        pub async fn $page(&self, filter: &$filter, after: i64, limit: u32) -> Result<Vec<Record<$row>>> {
            self.page::<$row, _>(filter, after, limit).await
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

    kind!(ResourceTypeRow, (), resource_types, resource_types_page, "resource types");
    kind!(ResourceRow, ResourceFilter, resources, resources_page, "resources");
    kind!(EntitlementRow, EntitlementFilter, entitlements, entitlements_page, "entitlements");
    kind!(GrantRow, GrantFilter, grants, grants_page, "grants");
    kind!(AssetRow, (), assets, assets_page, "assets");

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

    async fn get<R: Read>(&self, external_id: &str) -> Result<Option<Record<R>>> {
        if !self.file.layout().has_table(R::KIND.table()) {
            return Ok(None);
        }
        let sql = format!("{} where external_id = ? and sync_id = ? limit 1", self.select::<R>());
        let row = sqlx::query(AssertSqlSafe(sql))
            .bind(external_id)
            .bind(self.run.id.as_str())
            .fetch_optional(self.file.pool())
            .await;
        row.and_then(|row| row.as_ref().map(record).transpose()).doing(reading(R::KIND), self.file.path())
    }

    fn stream<'s, R, F>(&'s self, filter: &'s F) -> impl Stream<Item = Result<Record<R>>> + Send + 's
    where
        R: Read + Send + 's,
        F: Filter + Sync,
    {
        stream::try_unfold((0, VecDeque::new()), move |(mut after, mut rows)| async move {
            if rows.is_empty() {
                rows = VecDeque::from(self.page::<R, F>(filter, after, STREAM_PAGE).await?);
            }
            let Some(row) = rows.pop_front() else { return Ok(None) };
            after = row.id;
            Ok(Some((row, (after, rows))))
        })
    }

    async fn page<R: Read, F: Filter>(&self, filter: &F, after: i64, limit: u32) -> Result<Vec<Record<R>>> {
        if !self.file.layout().has_table(R::KIND.table()) {
            return Ok(Vec::new());
        }
        let conditions = filter.conditions();
        let sql = format!(
            "{} where {} order by id limit ?",
            self.select::<R>(),
            conditions.sql(filter.sync_id_finds())
        );
        let query = conditions
            .bind(sqlx::query(AssertSqlSafe(sql)))
            .bind(self.run.id.as_str())
            .bind(after)
            .bind(limit.min(MAX_PAGE));
        let mut rows = query.fetch(self.file.pool());
        let mut page: Vec<Record<R>> = Vec::new();
        let (mut last, mut bytes) = (after, 0);
        while let Some(row) = rows.try_next().await.doing(reading(R::KIND), self.file.path())? {
            let next = record::<R>(&row).doing(reading(R::KIND), self.file.path())?;
            if next.id <= last {
                return Err(Error::new(
                    ErrorKind::DataLoss,
                    "row ids do not ascend: the database is corrupt",
                )
                .with("file", self.file.path().display())
                .with("table", R::KIND.table()));
            }
            last = next.id;
            bytes += next.row.weight();
            page.push(next);
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        Ok(page)
    }

    pub(super) fn select<R: Read>(&self) -> String {
        let (layout, table) = (self.file.layout(), R::KIND.table());
        let mut sql = format!("select id, cast({} as text)", layout.expression(table, "discovered_at"));
        for column in R::COLUMNS {
            sql.push_str(", ");
            sql.push_str(&layout.expression(table, column));
        }
        sql + " from " + table
    }
}

pub(super) fn record<R: Read>(row: &sqlx::sqlite::SqliteRow) -> Result<Record<R>, sqlx::Error> {
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
