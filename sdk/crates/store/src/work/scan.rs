//! Scans of the rows of the sync: some columns of each, as they are stored.
//!
//! The driver takes longer to hand over a row than SQLite to read it, so a page of rows comes as one value that SQLite
//! joins: of each row its numbers, in decimal and each with a space behind it, then its texts and messages, each
//! behind its length in bytes, which is such a number.

use connector_model::{Error, ErrorKind, Result};
use sqlx::AssertSqlSafe;

use super::{Batch, WorkDb};
use crate::{Connection, Kind, database_error};

/// Rows of a page. Ids have a greatest length (16 KiB in what is read from files), and what SQLite joins is within its
/// heap limit, so a page has one.
const PAGE: u32 = 1024;

/// A column that a scan reads. Of a kind of rows that lacks it, the scan fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The row's own id.
    ExternalId,
    /// The resource type of the resource, or of the entitlement's resource.
    ResourceTypeId,
    /// The resource of an entitlement or a grant.
    ResourceId,
    /// A grant's entitlement.
    EntitlementId,
    /// The resource type of a grant's principal.
    PrincipalResourceTypeId,
    /// A grant's principal.
    PrincipalResourceId,
    /// A grant's expansion. Only of rows that [`Filter::Expandable`] lets through.
    Expansion,
    /// The encoded message.
    Data,
    /// The encoded message where it has this byte somewhere, else nothing: a field whose key it is can't be in one
    /// that does not have it.
    DataWithByte(u8),
}

/// The rows that a scan reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All of the kind.
    All,
    /// Grants that are still to be expanded.
    Expandable,
    /// Those whose message has this text somewhere. It must have no quote in it.
    Containing(&'static str),
}

/// One row of a scan.
#[derive(Debug)]
pub struct ScannedRow<'p, const COLUMNS: usize> {
    /// Its row id.
    pub id: i64,
    /// The columns that were asked for, in that order.
    pub columns: [&'p [u8]; COLUMNS],
}

impl<'p, const COLUMNS: usize> ScannedRow<'p, COLUMNS> {
    /// Returns a column that holds text. One that is not UTF-8 is [`ErrorKind::DataLoss`].
    pub fn text(&self, at: usize) -> Result<&'p str> {
        std::str::from_utf8(self.columns[at])
            .map_err(|e| Error::new(ErrorKind::DataLoss, "a stored id is not UTF-8").caused_by(e))
    }
}

impl Column {
    /// The SQL of its length, a space, and its value, which must not be null.
    fn measured(self) -> String {
        let name = match self {
            Self::ExternalId => "external_id",
            Self::ResourceTypeId => "resource_type_id",
            Self::ResourceId => "resource_id",
            Self::EntitlementId => "entitlement_id",
            Self::PrincipalResourceTypeId => "principal_resource_type_id",
            Self::PrincipalResourceId => "principal_resource_id",
            Self::Expansion => "expansion",
            Self::Data => "data",
            Self::DataWithByte(byte) => {
                return format!(
                    "case when instr(data, x'{byte:02x}') > 0 then {} else '0 ' end",
                    Self::Data.measured()
                );
            }
        };
        format!("octet_length({name}) || ' ' || {name}")
    }
}

impl Filter {
    fn sql(self) -> String {
        match self {
            Self::All => "true".to_owned(),
            Self::Expandable => "expansion is not null and needs_expansion = 1".to_owned(),
            Self::Containing(text) => format!("instr(data, cast('{text}' as blob)) > 0"),
        }
    }
}

impl WorkDb {
    /// Reads columns of the rows of a kind, in the order of their row ids.
    pub async fn scan<const COLUMNS: usize>(
        &mut self,
        kind: Kind,
        columns: [Column; COLUMNS],
        filter: Filter,
        row: impl FnMut(ScannedRow<'_, COLUMNS>) -> Result<()>,
    ) -> Result<()> {
        let sync = self.sync.to_string();
        scan(&mut self.connection(), &sync, kind, columns, filter, row).await
    }
}

async fn scan<const COLUMNS: usize>(
    conn: &mut Connection<'_>,
    sync: &str,
    kind: Kind,
    columns: [Column; COLUMNS],
    filter: Filter,
    mut row: impl FnMut(ScannedRow<'_, COLUMNS>) -> Result<()>,
) -> Result<()> {
    let sql = format!(
        "select cast(group_concat(one, '') as blob), max(id) from (select id, id || ' ' || {} as one \
         from {} where sync_id = ? and id > ? and {} order by id limit {PAGE})",
        columns.map(Column::measured).join(" || "),
        kind.table(),
        filter.sql()
    );
    let mut after = i64::MIN;
    loop {
        let (page, last): (Option<Vec<u8>>, Option<i64>) = sqlx::query_as(AssertSqlSafe(sql.as_str()))
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

impl Batch<'_> {
    /// Reads the messages of the grants of these row ids, in no order.
    pub async fn read_grants(
        &mut self,
        ids: impl Iterator<Item = i64>,
        mut grant: impl FnMut(i64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let ids: Vec<_> = ids.map(|id| id.to_string()).collect();
        let sql = format!(
            "select cast(group_concat(id || ' ' || {}, '') as blob) from v1_grants \
             where id in (select value from json_each(?))",
            Column::Data.measured()
        );
        let joined: Option<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(format!("[{}]", ids.join(",")))
            .fetch_one(self.connection())
            .await
            .map_err(database_error("read grants"))?;
        rows::<1>(&joined.unwrap_or_default(), |row| grant(row.id, row.columns[0]))
    }
}

/// Takes joined rows apart.
fn rows<const COLUMNS: usize>(
    mut joined: &[u8],
    mut row: impl FnMut(ScannedRow<'_, COLUMNS>) -> Result<()>,
) -> Result<()> {
    while !joined.is_empty() {
        row(take(&mut joined).ok_or_else(|| Error::internal("joined rows don't come apart"))?)?;
    }
    Ok(())
}

fn take<'p, const COLUMNS: usize>(rest: &mut &'p [u8]) -> Option<ScannedRow<'p, COLUMNS>> {
    let id = decimal(rest)?;
    let mut columns = [&[][..]; COLUMNS];
    for column in &mut columns {
        let length = usize::try_from(decimal(rest)?).ok()?;
        (*column, *rest) = rest.split_at_checked(length)?;
    }
    Some(ScannedRow { id, columns })
}

/// A number and the space behind it.
fn decimal(rest: &mut &[u8]) -> Option<i64> {
    let end = rest.iter().position(|b| *b == b' ')?;
    let (digits, behind) = rest.split_at(end);
    *rest = behind.get(1..)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
