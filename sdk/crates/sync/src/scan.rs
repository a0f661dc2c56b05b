//! Many rows in one value.
//!
//! The driver takes longer to hand over a row than SQLite to read it, so a page of rows comes as one value that SQLite
//! joins: of each row its numbers, in decimal and each with a space behind it, then its texts and messages, each
//! behind its length in bytes, which is such a number.

use connector_model::{Error, ErrorKind, Result};
use connector_store::Connection;
use sqlx::AssertSqlSafe;

use crate::database_error;

/// Rows of a page. Ids have a greatest length (64 KiB in what is read from files), so a page has one.
const PAGE: u32 = 1024;

/// What is read of each row of a table.
pub(crate) struct Scan(String);

/// One row.
pub(crate) struct Row<'p, const COLUMNS: usize> {
    pub(crate) id: i64,
    pub(crate) columns: [&'p [u8]; COLUMNS],
}

impl<'p, const COLUMNS: usize> Row<'p, COLUMNS> {
    /// A value that must be a text.
    pub(crate) fn text(&self, at: usize) -> Result<&'p str> {
        std::str::from_utf8(self.columns[at])
            .map_err(|e| Error::new(ErrorKind::DataLoss, "a stored id is not UTF-8").caused_by(e))
    }
}

/// The SQL of a value behind its length. The value must not be null.
pub(crate) fn measured(value: &str) -> String {
    format!("octet_length({value}) || ' ' || {value}")
}

impl Scan {
    /// Reads the id and columns of the rows of a table of this sync that meet a condition; columns are given as
    /// [`measured`] makes them.
    pub(crate) fn of(table: &str, columns: &[String], condition: &str) -> Self {
        Self(format!(
            "select cast(group_concat(one, '') as blob), max(id) from (select id, id || ' ' || {} as one \
             from {table} where sync_id = ? and id > ? and {condition} order by id limit {PAGE})",
            columns.join(" || ")
        ))
    }

    /// Goes through all rows in the order of their ids.
    pub(crate) async fn each<const COLUMNS: usize>(
        &self,
        conn: &mut Connection<'_>,
        sync: &str,
        mut row: impl FnMut(Row<'_, COLUMNS>) -> Result<()>,
    ) -> Result<()> {
        let mut after = i64::MIN;
        loop {
            let (page, last): (Option<Vec<u8>>, Option<i64>) = sqlx::query_as(AssertSqlSafe(self.0.as_str()))
                .bind(sync)
                .bind(after)
                .fetch_one(&mut *conn)
                .await
                .map_err(database_error("read the stored rows"))?;
            let (Some(page), Some(last)) = (page, last) else { return Ok(()) };
            rows(&page, &mut row)?;
            after = last;
        }
    }
}

/// Takes joined rows apart.
pub(crate) fn rows<const COLUMNS: usize>(
    mut joined: &[u8],
    mut row: impl FnMut(Row<'_, COLUMNS>) -> Result<()>,
) -> Result<()> {
    while !joined.is_empty() {
        row(take(&mut joined).ok_or_else(|| Error::internal("joined rows don't come apart"))?)?;
    }
    Ok(())
}

fn take<'p, const COLUMNS: usize>(rest: &mut &'p [u8]) -> Option<Row<'p, COLUMNS>> {
    let id = decimal(rest)?;
    let mut columns = [&[][..]; COLUMNS];
    for column in &mut columns {
        let length = usize::try_from(decimal(rest)?).ok()?;
        (*column, *rest) = rest.split_at_checked(length)?;
    }
    Some(Row { id, columns })
}

/// A number and the space behind it.
fn decimal(rest: &mut &[u8]) -> Option<i64> {
    let end = rest.iter().position(|b| *b == b' ')?;
    let (digits, behind) = rest.split_at(end);
    *rest = behind.get(1..)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
