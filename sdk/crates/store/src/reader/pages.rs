//! A list, page by page.

use std::marker::PhantomData;

use connector_model::{Error, ErrorKind, Result};
use futures::TryStreamExt as _;
use sqlx::AssertSqlSafe;

use super::{
    Record, SyncView,
    filter::{Conditions, Filter},
    record::Read,
    view::{reading, record},
};
use crate::error::During as _;

/// The most rows of one page.
const MAX_PAGE: u32 = 10_000;
/// A page ends early once its rows pass this many bytes.
const PAGE_BYTES: usize = 16 << 20;

/// The pages of a list, in the order of its rows' ids.
///
/// At the end of the list its rows are counted once more, by a scan that knows nothing of pages: a list that lacks a row
/// ends with [`ErrorKind::DataLoss`].
#[derive(Debug)]
pub struct Pages<'v, R> {
    view: &'v SyncView<'v>,
    conditions: Conditions<'v>,
    sql: String,
    next: Next,
    read: u64,
    rows: PhantomData<fn() -> R>,
}

/// Where the next page begins.
#[derive(Debug)]
enum Next {
    /// At the first id that is not below this one.
    From(i64),
    /// Nowhere: all ids were seen.
    End,
}

impl<'v, R: Read> Pages<'v, R> {
    pub(super) fn new(view: &'v SyncView<'v>, filter: &'v impl Filter) -> Self {
        let conditions = filter.conditions();
        let sql = format!(
            "{} where {} and rowid >= ? order by rowid limit ?",
            view.select::<R>(),
            conditions.sql()
        );
        let next =
            if view.file().layout().has_table(R::KIND.table()) { Next::From(i64::MIN) } else { Next::End };
        Self { view, conditions, sql, next, read: 0, rows: PhantomData }
    }

    /// The next page, of at most `limit` rows, and of at most 10,000; it may be shorter. Empty at the end.
    pub async fn next(&mut self, limit: u32) -> Result<Vec<Record<R>>> {
        let Next::From(first) = self.next else { return Ok(Vec::new()) };
        let page = self.page(first, limit.clamp(1, MAX_PAGE)).await?;
        self.read += page.len() as u64;
        self.next = match page.last() {
            Some(last) => last.id.checked_add(1).map_or(Next::End, Next::From),
            None => Next::End,
        };
        if let Next::End = self.next {
            self.count_again().await?;
        }
        Ok(page)
    }

    async fn page(&self, first: i64, limit: u32) -> Result<Vec<Record<R>>> {
        let file = self.view.file();
        let query = self.conditions.bind(sqlx::query(AssertSqlSafe(self.sql.as_str())), &self.view.run().id);
        let mut rows = query.bind(first).bind(limit).fetch(file.conn());
        let (mut page, mut bytes): (Vec<Record<R>>, _) = (Vec::new(), 0);
        while let Some(row) = rows.try_next().await.during(reading(R::KIND), file.path())? {
            let next = record::<R>(&row, &self.view.run().id).during(reading(R::KIND), file.path())?;
            if page.last().is_some_and(|last| next.id <= last.id) || next.id < first {
                return Err(corrupt::<R>("row ids do not ascend", file.path()));
            }
            bytes += next.row.weight();
            page.push(next);
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        Ok(page)
    }

    async fn count_again(&self) -> Result<()> {
        let file = self.view.file();
        // Not `count(*)`: SQLite counts that in one step, which nothing interrupts.
        let sql = format!(
            "select count(rowid) from {} not indexed where {}",
            R::KIND.table(),
            self.conditions.sql()
        );
        let query = self.conditions.bind(sqlx::query(AssertSqlSafe(sql)), &self.view.run().id);
        let row = query.fetch_one(file.conn()).await;
        let there: i64 =
            row.and_then(|row| sqlx::Row::try_get(&row, 0)).during(reading(R::KIND), file.path())?;
        if u64::try_from(there) == Ok(self.read) {
            return Ok(());
        }
        let error = corrupt::<R>("not every row could be read", file.path());
        Err(error.with("rows", there).with("read", self.read))
    }
}

fn corrupt<R: Read>(why: &str, path: &std::path::Path) -> Error {
    Error::new(ErrorKind::DataLoss, format!("{why}: the database is corrupt"))
        .with("file", path.display())
        .with("table", R::KIND.table())
}
