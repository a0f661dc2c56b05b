//! Every row of a table: its message and its columns.

use connector_model::{ErrorKind, Result};
use connector_proto::c1::connector::v2::{Entitlement, Resource, ResourceId, ResourceType};
use prost::{Message, Name};
use prost_reflect::MessageDescriptor;
use sqlx::{AssertSqlSafe, Row as _, sqlite::SqliteRow};

use super::{
    Check, Level,
    canonical::{self, Flaw},
    counts::{ASSETS, ENTITLEMENTS, RESOURCE_TYPES, RESOURCES},
    key,
};
use crate::{
    error::During as _,
    message::{MOST_ELEMENTS, has_too_many_elements},
    reader::Layout,
    time,
};

/// Rows of a page.
const PAGE: u32 = 2_000;
/// Bytes of rows after which a page ends early.
const PAGE_BYTES: usize = 2 << 20;

/// A row with its message decoded.
pub(super) struct Row<M> {
    pub(super) sync: String,
    pub(super) external_id: String,
    pub(super) message: M,
    columns: SqliteRow,
}

impl<M> Row<M> {
    /// The text of one of the columns that were asked for; empty for null.
    pub(super) fn text(&self, at: usize) -> &str {
        self.columns.try_get::<Option<&str>, _>(FIXED + at).ok().flatten().unwrap_or_default()
    }

    pub(super) fn bytes(&self, at: usize) -> Option<&[u8]> {
        self.columns.try_get::<Option<&[u8]>, _>(FIXED + at).ok().flatten()
    }

    pub(super) fn number(&self, at: usize) -> i64 {
        self.columns.try_get::<Option<i64>, _>(FIXED + at).ok().flatten().unwrap_or_default()
    }
}

/// Bytes of a row's texts and messages, and of what the driver keeps for each of its columns, about.
fn weight(row: &SqliteRow) -> usize {
    // Not of a number: to look at its bytes would make it a text.
    let bytes = |at| row.try_get::<&[u8], _>(at).map_or(0, <[u8]>::len);
    (0..row.len()).map(|at| 64 + bytes(at)).sum()
}

/// Columns before those that are asked for.
const FIXED: usize = 5;

/// A table that is read page by page, whatever syncs its rows are of.
pub(super) struct Pages<M> {
    table: &'static str,
    /// What its rows are counted as, by the first of the columns that are asked for where there is one.
    kind: &'static str,
    by_type: bool,
    sql: String,
    descriptor: Option<MessageDescriptor>,
    /// The id that the next page begins at; none behind the last.
    next: Option<i64>,
    read: u64,
    of: std::marker::PhantomData<M>,
}

impl<M: Message + Name + Default> Pages<M> {
    pub(super) fn new(layout: &Layout, table: &'static str, kind: &'static str, columns: &[&str]) -> Self {
        let mut sql = "select rowid".to_owned();
        for column in ["sync_id", "external_id", "data", "discovered_at"].iter().chain(columns) {
            sql.push_str(", ");
            sql.push_str(&layout.expression(table, column));
        }
        sql.push_str(&format!(" from {table} not indexed where rowid >= ? order by rowid limit {PAGE}"));
        let descriptor = connector_proto::json::descriptor_pool().get_message_by_name(&M::full_name());
        Self {
            table,
            kind,
            by_type: !columns.is_empty(),
            sql,
            descriptor,
            next: Some(i64::MIN),
            read: 0,
            of: std::marker::PhantomData,
        }
    }
}

impl Check<'_> {
    /// The next page; empty at the end, or where the table can't be read, which is told.
    pub(super) async fn page<M: Message + Name + Default>(
        &mut self,
        pages: &mut Pages<M>,
    ) -> Result<Vec<Row<M>>> {
        if !self.file.layout().has_table(pages.table) {
            return Ok(Vec::new());
        }
        loop {
            let page = self.raw_page(pages).await;
            let page = match page.during("can't read rows", self.file.path()) {
                Ok(page) => page,
                Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
                Err(e) => {
                    let kind = format!("{}: rows can't be read", pages.table);
                    self.reporter.add(Level::Error, &kind, &e.report());
                    return Ok(Vec::new());
                }
            };
            if page.is_empty() {
                self.all_were_read(pages);
                return Ok(Vec::new());
            }
            let rows: Vec<_> = page.into_iter().filter_map(|row| self.decode(pages, row)).collect();
            // A page of nothing but broken rows is not the end.
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
    }

    /// The walk over the file's pages counted the rows too.
    fn all_were_read<M>(&mut self, pages: &Pages<M>) {
        let there = self.file.rows(pages.table);
        if pages.read != there {
            let kind = format!("{}: not every row could be read", pages.table);
            self.reporter.add(Level::Error, &kind, &format!("{} of {there}", pages.read));
        }
    }

    async fn raw_page<M>(&mut self, pages: &mut Pages<M>) -> Result<Vec<SqliteRow>, sqlx::Error> {
        use futures::TryStreamExt as _;
        let Some(first) = pages.next else { return Ok(Vec::new()) };
        let mut rows = sqlx::query(AssertSqlSafe(pages.sql.as_str())).bind(first).fetch(self.file.conn());
        let (mut page, mut bytes, mut last) = (Vec::new(), 0, None);
        while let Some(row) = rows.try_next().await? {
            let id: i64 = row.try_get(0)?;
            if last.is_some_and(|last| id <= last) || id < first {
                return Err(sqlx::Error::Protocol("row ids do not ascend".to_owned()));
            }
            last = Some(id);
            bytes += weight(&row);
            page.push(row);
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        pages.read += page.len() as u64;
        pages.next = last.and_then(|last| last.checked_add(1));
        Ok(page)
    }

    fn decode<M: Message + Default>(&mut self, pages: &Pages<M>, columns: SqliteRow) -> Option<Row<M>> {
        let table = pages.table;
        let read = |at| columns.try_get::<String, _>(at);
        let (sync, external_id, data) = match (read(1), read(2), columns.try_get::<&[u8], _>(3)) {
            (Ok(sync), Ok(external_id), Ok(data)) => (sync, external_id, data),
            (sync, external_id, data) => {
                let why = sync
                    .err()
                    .or(external_id.err())
                    .or(data.err())
                    .map(|e| e.to_string())
                    .unwrap_or_default();
                self.reporter.add(
                    Level::Error,
                    &format!("{table}: a value is missing, too large or of another type"),
                    &why,
                );
                return None;
            }
        };
        // Whatever is wrong with the message: the row is there.
        let of = if pages.by_type { columns.try_get::<&str, _>(FIXED).unwrap_or_default() } else { "" };
        self.counts.add(&sync, pages.kind, of);
        if has_too_many_elements(data) {
            let kind = format!("{table}: a message has more than {MOST_ELEMENTS} elements");
            self.reporter.add(Level::Error, &kind, &external_id);
            return None;
        }
        let flaw = pages.descriptor.as_ref().map_or(Flaw::Broken, |d| canonical::check(d, data));
        let decoded = if flaw == Flaw::Broken { None } else { M::decode(data).ok() };
        let Some(message) = decoded else {
            self.reporter.add(Level::Error, &format!("{table}: a message does not decode"), &external_id);
            return None;
        };
        match flaw {
            Flaw::None | Flaw::Broken => {}
            Flaw::NotDeterministic => {
                let kind = format!("{table}: a message is not the deterministic encoding");
                self.reporter.add(Level::Error, &kind, &external_id);
            }
            Flaw::UnknownField => {
                self.reporter.add(
                    Level::Error,
                    &format!("{table}: a message has an unknown field"),
                    &external_id,
                );
            }
        }
        let discovered_at = read(4).unwrap_or_default();
        if !time::is_plain(&discovered_at) {
            let kind = format!("{table}: discovered_at is not a plain timestamp");
            self.reporter.add(Level::Error, &kind, &discovered_at);
        } else if discovered_at > self.tomorrow {
            let kind = format!("{table}: discovered_at is more than a day from now");
            self.reporter.add(Level::Warning, &kind, &discovered_at);
        }
        Some(Row { sync, external_id, message, columns })
    }

    /// Says it where a column and the message differ.
    pub(super) fn same(&mut self, table: &str, column: &str, stored: &str, message: &str, of: &str) {
        if stored != message {
            let kind = format!("{table}: column {column} differs from the message");
            self.reporter.add(Level::Error, &kind, &format!("{of}: {stored:?}, the message has {message:?}"));
        }
    }

    /// Counts the assets of each sync.
    pub(super) async fn assets(&mut self) -> Result<()> {
        use futures::TryStreamExt as _;
        const TABLE: &str = "v1_assets";
        let layout = self.file.layout();
        if !layout.has_table(TABLE) {
            return Ok(());
        }
        let sql = format!("select {} from {TABLE} not indexed", layout.expression(TABLE, "sync_id"));
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(self.file.conn());
        loop {
            match rows.try_next().await.during("can't read rows", self.file.path()) {
                Ok(Some(row)) => {
                    if let Ok(sync) = row.try_get::<&str, _>(0) {
                        self.counts.add(sync, ASSETS, "");
                    }
                }
                Ok(None) => return Ok(()),
                Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
                Err(e) => {
                    let kind = format!("{TABLE}: rows can't be read");
                    self.reporter.add(Level::Error, &kind, &e.report());
                    return Ok(());
                }
            }
        }
    }

    pub(super) async fn resource_types(&mut self) -> Result<()> {
        const TABLE: &str = "v1_resource_types";
        let mut pages = Pages::<ResourceType>::new(self.file.layout(), TABLE, RESOURCE_TYPES, &[]);
        loop {
            let page = self.page(&mut pages).await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in page {
                self.same(TABLE, "external_id", &row.external_id, &row.message.id, &row.external_id);
                self.ids.types.insert(key(&row.sync, &[&row.message.id]), enforced_of(&row.message));
            }
        }
    }

    pub(super) async fn resources(&mut self) -> Result<()> {
        const TABLE: &str = "v1_resources";
        self.collect_resource_ids().await?;
        let columns = ["resource_type_id", "parent_resource_type_id", "parent_resource_id"];
        let mut pages = Pages::<Resource>::new(self.file.layout(), TABLE, RESOURCES, &columns);
        loop {
            let page = self.page(&mut pages).await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in &page {
                self.resource(TABLE, row);
            }
        }
    }

    fn resource(&mut self, table: &str, row: &Row<Resource>) {
        let none = ResourceId::default();
        let id = row.message.id.as_ref().unwrap_or(&none);
        let parent = row.message.parent_resource_id.as_ref().unwrap_or(&none);
        let of = &row.external_id;
        self.same(table, "external_id", of, &format!("{}:{}", id.resource_type, id.resource), of);
        self.same(table, "resource_type_id", row.text(0), &id.resource_type, of);
        self.same(table, "parent_resource_type_id", row.text(1), &parent.resource_type, of);
        self.same(table, "parent_resource_id", row.text(2), &parent.resource, of);
        match self.ids.types.get(&key(&row.sync, &[row.text(0)])) {
            None => self.reporter.add(Level::Error, "a resource is of a type that is not stored", of),
            Some(traits) => {
                for name in
                    ENFORCED.iter().enumerate().filter(|(at, _)| traits & (1 << at) != 0).map(|(_, n)| *n)
                {
                    let has = |a: &prost_types::Any| a.type_url.rsplit('/').next() == Some(name);
                    if !row.message.annotations.iter().any(has) {
                        let short = name.rsplit('.').next().unwrap_or(name);
                        let kind = "a resource lacks a trait that its type declares";
                        self.reporter.add(Level::Error, kind, &format!("{of}: {short}"));
                    }
                }
            }
        }
        let (parent_type, parent_id) = (row.text(1), row.text(2));
        if !parent_id.is_empty()
            && !self.ids.resources.contains(&key(&row.sync, &[&format!("{parent_type}:{parent_id}")]))
        {
            self.reporter.add(self.options.dangling(), "a resource's parent is not stored", of);
        }
    }

    /// Ids alone, before all else: a parent may come after its children. What can't be read is told when the rows are.
    async fn collect_resource_ids(&mut self) -> Result<()> {
        use futures::TryStreamExt as _;
        let layout = self.file.layout();
        if !layout.has_table("v1_resources") {
            return Ok(());
        }
        let sql = format!(
            "select {}, {} from v1_resources not indexed",
            layout.expression("v1_resources", "sync_id"),
            layout.expression("v1_resources", "external_id")
        );
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(self.file.conn());
        loop {
            match rows.try_next().await.during("can't read the resources", self.file.path()) {
                Ok(Some(row)) => {
                    if let (Ok(sync), Ok(id)) = (row.try_get::<&str, _>(0), row.try_get::<&str, _>(1)) {
                        self.ids.resources.insert(key(sync, &[id]));
                    }
                }
                Err(e) if e.kind() == ErrorKind::Cancelled => return Err(e),
                Ok(None) | Err(_) => return Ok(()),
            }
        }
    }

    pub(super) fn has_resource(&self, sync: &str, resource_type: &str, id: &str) -> bool {
        self.ids.resources.contains(&key(sync, &[&[resource_type, ":", id].concat()]))
    }

    pub(super) async fn entitlements(&mut self) -> Result<()> {
        const TABLE: &str = "v1_entitlements";
        let columns = ["resource_type_id", "resource_id"];
        let mut pages = Pages::<Entitlement>::new(self.file.layout(), TABLE, ENTITLEMENTS, &columns);
        loop {
            let page = self.page(&mut pages).await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in &page {
                let none = ResourceId::default();
                let resource = row.message.resource.as_ref().and_then(|r| r.id.as_ref()).unwrap_or(&none);
                let of = &row.external_id;
                self.same(TABLE, "external_id", of, &row.message.id, of);
                self.same(TABLE, "resource_type_id", row.text(0), &resource.resource_type, of);
                self.same(TABLE, "resource_id", row.text(1), &resource.resource, of);
                if !self.has_resource(&row.sync, row.text(0), row.text(1)) {
                    self.reporter.add(self.options.dangling(), "an entitlement's resource is not stored", of);
                }
                if row.message.slug.is_empty() || row.message.display_name.is_empty() {
                    self.reporter.add(Level::Error, "an entitlement has no slug or no display name", of);
                }
                self.ids.entitlements.insert(key(&row.sync, &[of]));
            }
        }
    }
}

/// The trait messages that a resource must carry where its type declares a number of
/// `c1.connector.v2.ResourceType.Trait`, in the order of the numbers, from 1. Others are not enforced.
const ENFORCED: [&str; 5] = [
    "c1.connector.v2.UserTrait",
    "c1.connector.v2.GroupTrait",
    "c1.connector.v2.RoleTrait",
    "c1.connector.v2.AppTrait",
    "c1.connector.v2.SecretTrait",
];

/// Which of [`ENFORCED`] a type declares: a bit each.
fn enforced_of(resource_type: &ResourceType) -> u8 {
    let declares = |number: usize| resource_type.traits.iter().any(|t| usize::try_from(*t) == Ok(number));
    (0..ENFORCED.len()).filter(|at| declares(at + 1)).map(|at| 1 << at).sum()
}
