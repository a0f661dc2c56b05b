//! Multi-row inserts.
//!
//! The driver runs SQLite on a thread of its own, so a statement costs a round trip and fewer, bigger ones win. Texts
//! are few, so that the driver's statement cache keeps them: for each table the full chunk and powers of two below it.
//! A statement may have more places than rows; those that are left are null and inserted nowhere.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use futures::future::join;
use sqlx::{
    AssertSqlSafe,
    query::Query,
    sqlite::{Sqlite, SqliteArguments},
};

use crate::{AssetRow, Connection, EntitlementRow, GrantRow, Kind, ResourceRow, ResourceTypeRow, ledger};

pub(crate) type Bound<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Rows of a full statement.
pub(super) const CHUNK: usize = 512;

/// A row that can be bound, column by column.
pub(crate) trait Insert {
    const KIND: Kind;
    /// Its columns beside `id`, `sync_id` and `discovered_at`.
    const COLUMNS: &'static [&'static str];
    fn bind<'q>(&self, query: Bound<'q>) -> Bound<'q>;
}

/// The statement texts made so far.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    by_kind: HashMap<(Kind, usize), Arc<str>>,
    runs: HashMap<usize, Arc<str>>,
    ledger: HashMap<usize, Arc<str>>,
}

impl Texts {
    fn insert<R: Insert>(&mut self, rows: usize) -> Arc<str> {
        self.by_kind
            .entry((R::KIND, rows))
            .or_insert_with(|| insert_text(R::KIND, R::COLUMNS, rows).into())
            .clone()
    }

    /// The text for a run of grants.
    pub(super) fn run(&mut self, rows: usize, make: fn(usize) -> String) -> Arc<str> {
        self.runs.entry(rows).or_insert_with(|| make(rows).into()).clone()
    }

    /// The text for rows of the ledger.
    pub(crate) fn ledger(&mut self, rows: usize) -> Arc<str> {
        self.ledger.entry(rows).or_insert_with(|| ledger::text(rows).into()).clone()
    }
}

/// All parameters are anonymous (the driver looks a numbered one up by name, which is quadratic), hence the one-row
/// subquery with what all rows share at the end.
fn insert_text(kind: Kind, columns: &[&str], rows: usize) -> String {
    let mut sql = format!("insert into {} (id, sync_id, discovered_at", kind.table());
    for column in columns {
        let _ = write!(sql, ", {column}");
    }
    sql.push_str(") select first + column1, sync, at");
    for i in 0..columns.len() {
        let _ = write!(sql, ", column{}", i + 2);
    }
    sql.push_str(" from (values ");
    for row in 0..rows {
        let _ = write!(sql, "{}({row}", if row == 0 { "" } else { "," });
        for _ in columns {
            sql.push_str(",?");
        }
        sql.push(')');
    }
    // The first column of every table may not be null, so null is a place without a row.
    sql.push_str(
        "), (select ? as first, ? as sync, ? as at) where column2 is not null on conflict do nothing",
    );
    sql
}

/// Inserts rows under the ids from `first` on, and gives the positions of those that were refused, because a row of
/// the same external id is there already.
pub(crate) async fn insert<R: Insert>(
    conn: &mut Connection<'_>,
    texts: &mut Texts,
    first: i64,
    sync: &Arc<str>,
    at: &Arc<str>,
    rows: &[R],
) -> Result<Vec<usize>, sqlx::Error> {
    let mut refused = Vec::new();
    let mut done = 0;
    let mut bind = |done: usize| {
        let (chunk, places) = (done < rows.len()).then(|| chunk_len(rows.len() - done))?;
        let first = first + done as i64;
        Some((chunk, bind_rows(texts, places, first, sync, at, &rows[done..done + chunk])))
    };
    let mut next = bind(done);
    while let Some((chunk, query)) = next {
        let (result, following) = join(query.execute(&mut *conn), async { bind(done + chunk) }).await;
        next = following;
        if result?.rows_affected() < chunk as u64 {
            let first = first + done as i64;
            let last = first + chunk as i64 - 1;
            let sql = AssertSqlSafe(format!("select id from {} where id between ? and ?", R::KIND.table()));
            let there: Vec<i64> =
                sqlx::query_scalar(sql).bind(first).bind(last).fetch_all(&mut *conn).await?;
            let mut there = there.into_iter().peekable();
            refused.extend(
                (first..=last).enumerate().filter_map(|(i, id)| {
                    if there.next_if_eq(&id).is_some() { None } else { Some(done + i) }
                }),
            );
        }
        done += chunk;
    }
    Ok(refused)
}

/// A statement with `places` for rows, of which these take the first ones.
pub(super) fn bind_rows<'q, R: Insert>(
    texts: &mut Texts,
    places: usize,
    first: i64,
    sync: &Arc<str>,
    at: &Arc<str>,
    rows: &[R],
) -> Bound<'q> {
    let mut query = sqlx::query(AssertSqlSafe(texts.insert::<R>(places)));
    for row in rows {
        query = row.bind(query);
    }
    leave_empty(query, (places - rows.len()) * R::COLUMNS.len())
        .bind(first)
        .bind(sync.clone())
        .bind(at.clone())
}

/// Executes statements in their order. The next one is bound while SQLite, on its own thread, executes the one before:
/// binding copies every value.
pub(super) async fn execute_all<'q>(
    conn: &mut Connection<'_>,
    mut statements: impl Iterator<Item = Bound<'q>>,
) -> Result<(), sqlx::Error> {
    let mut next = statements.next();
    while let Some(statement) = next {
        // Polled first, so SQLite has the statement before the next one is bound.
        let (done, following) = join(statement.execute(&mut *conn), async { statements.next() }).await;
        done?;
        next = following;
    }
    Ok(())
}

/// How many rows the next statement takes, and how many places it has for them: the next power of two where at most a
/// third would stay empty, else the one below.
pub(crate) fn chunk_len(left: usize) -> (usize, usize) {
    if left >= CHUNK {
        return (CHUNK, CHUNK);
    }
    let above = left.next_power_of_two();
    if (above - left) * 3 <= left { (left, above) } else { (above / 2, above / 2) }
}

/// Binds null to the parameters of places without a row.
pub(crate) fn leave_empty(query: Bound<'_>, parameters: usize) -> Bound<'_> {
    (0..parameters).fold(query, |query, _| query.bind(None::<i64>))
}

/// Replaces all columns of the row with an id.
pub(crate) async fn replace<R: Insert>(
    conn: &mut Connection<'_>,
    id: i64,
    at: &Arc<str>,
    row: &R,
) -> Result<bool, sqlx::Error> {
    let mut sql = format!("update {} set ", R::KIND.table());
    for column in R::COLUMNS {
        let _ = write!(sql, "{column} = ?, ");
    }
    sql.push_str("discovered_at = ? where id = ?");
    let query = row.bind(sqlx::query(AssertSqlSafe(sql)));
    let result = query.bind(at.clone()).bind(id).execute(conn).await?;
    Ok(result.rows_affected() == 1)
}

impl Insert for ResourceTypeRow {
    const KIND: Kind = Kind::ResourceType;
    const COLUMNS: &'static [&'static str] = &["external_id", "data"];

    fn bind<'q>(&self, query: Bound<'q>) -> Bound<'q> {
        query.bind(self.external_id.clone()).bind(self.data.as_slice())
    }
}

impl Insert for ResourceRow {
    const KIND: Kind = Kind::Resource;
    const COLUMNS: &'static [&'static str] =
        &["resource_type_id", "external_id", "parent_resource_type_id", "parent_resource_id", "data"];

    fn bind<'q>(&self, query: Bound<'q>) -> Bound<'q> {
        let (parent_type, parent_id) = self.parent.clone().unzip();
        query
            .bind(self.resource_type_id.clone())
            .bind(self.external_id.as_str())
            .bind(parent_type)
            .bind(parent_id)
            .bind(self.data.as_slice())
    }
}

impl Insert for EntitlementRow {
    const KIND: Kind = Kind::Entitlement;
    const COLUMNS: &'static [&'static str] = &["resource_type_id", "resource_id", "external_id", "data"];

    fn bind<'q>(&self, query: Bound<'q>) -> Bound<'q> {
        query
            .bind(self.resource_type_id.clone())
            .bind(self.resource_id.clone())
            .bind(self.external_id.clone())
            .bind(self.data.as_slice())
    }
}

impl Insert for GrantRow {
    const KIND: Kind = Kind::Grant;
    const COLUMNS: &'static [&'static str] = &[
        "resource_type_id",
        "resource_id",
        "entitlement_id",
        "principal_resource_type_id",
        "principal_resource_id",
        "external_id",
        "expansion",
        "needs_expansion",
        "data",
    ];

    fn bind<'q>(&self, query: Bound<'q>) -> Bound<'q> {
        query
            .bind(self.resource_type_id.clone())
            .bind(self.resource_id.clone())
            .bind(self.entitlement_id.clone())
            .bind(self.principal_resource_type_id.clone())
            .bind(self.principal_resource_id.clone())
            .bind(self.external_id.as_str())
            .bind(self.expansion.as_deref())
            .bind(i32::from(self.needs_expansion))
            .bind(self.data.as_slice())
    }
}

impl Insert for AssetRow {
    const KIND: Kind = Kind::Asset;
    const COLUMNS: &'static [&'static str] = &["external_id", "content_type", "data"];

    fn bind<'q>(&self, query: Bound<'q>) -> Bound<'q> {
        query.bind(self.external_id.clone()).bind(self.content_type.clone()).bind(self.data.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_rows_is_taken_in_few_statements() {
        for rows in 1..3 * CHUNK {
            let (mut left, mut statements) = (rows, 0);
            while left > 0 {
                let (taken, places) = chunk_len(left);
                assert!(taken > 0 && taken <= left && taken <= places && places <= CHUNK, "{rows} {left}");
                left -= taken;
                statements += 1;
            }
            assert!(statements <= rows / CHUNK + 5, "{rows} rows take {statements} statements");
        }
    }
}
