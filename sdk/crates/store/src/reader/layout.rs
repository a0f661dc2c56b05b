//! Which tables and columns a file has.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use connector_model::Result;
use sqlx::{AssertSqlSafe, Row as _, SqliteExecutor};

use crate::{
    error::During as _,
    ledger,
    schema::{TABLES, Table},
};

/// The largest value that is read, in bytes. A message that came over gRPC is smaller: 4 MiB at most, with all of its
/// page.
pub(crate) const MAX_VALUE: u32 = 4 << 20;

/// The longest joined id that is read, in bytes: an id of a grant joins five parts.
const MAX_ID: u32 = 16 << 10;

/// The longest part of an id that is read, in bytes, as the wire allows it; sync ids and times are far shorter.
const MAX_PART: u32 = 1 << 10;

/// The largest value that is read from a column, in bytes. Rows with longer ones could take any amount of memory.
pub(crate) fn largest(column: &str) -> u32 {
    match column {
        "data" | "expansion" | "value" | "sync_token" | "stats" => MAX_VALUE,
        "external_id" | "entitlement_id" | "key" => MAX_ID,
        _ => MAX_PART,
    }
}

/// The tables that are looked for: those of the format, and our own.
fn known() -> impl Iterator<Item = &'static Table> {
    TABLES.iter().chain([ledger::TABLE])
}

/// What stands for a table's name in the answer to [`Layout::query`], for an index.
const UNIQUE_GRANTS: &str = "unique index";
/// The same, for the key of the completeness ledger.
const LEDGER_KEY: &str = "ledger key";

/// The tables of the format that a file has, with their columns. Views, virtual tables and generated columns of the
/// same names don't count: what they answer is code of the file's writer.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    tables: HashMap<&'static str, HashSet<String>>,
    grants_are_unique: bool,
    ledger_is_keyed: bool,
}

impl Layout {
    /// Reads the layout of a database.
    pub(crate) async fn read<'c>(conn: impl SqliteExecutor<'c>, path: &Path) -> Result<Self> {
        let rows = sqlx::query(AssertSqlSafe(Self::query())).persistent(false).fetch_all(conn).await;
        let what = "can't read the schema of the database in the file";
        let mut layout = Self::default();
        for row in rows.during(what, path)? {
            let pair = row.try_get::<String, _>(0).and_then(|table| Ok((table, row.try_get(1)?)));
            let (table, column) = pair.during(what, path)?;
            layout.add(&table, column);
        }
        Ok(layout)
    }

    /// Asks for pairs of table and column; `table_info` leaves generated columns out, and a root page of zero marks a
    /// virtual table.
    fn query() -> String {
        let names: Vec<_> = known().map(|t| format!("'{}'", t.name)).collect();
        format!(
            "select t.name, c.name from sqlite_schema t, pragma_table_info(t.name) c \
             where t.type = 'table' and t.rootpage > 0 and t.name in ({}) \
             union all select '{UNIQUE_GRANTS}', i.name from pragma_index_list('v1_grants') i \
             where i.\"unique\" and not i.partial and 'external_id,sync_id' = \
             (select group_concat(name) from pragma_index_info(i.name)) \
             union all select '{LEDGER_KEY}', i.name from pragma_index_list('{}') i \
             where i.\"unique\" and not i.partial and '{}' = \
             (select group_concat(name) from pragma_index_xinfo(i.name) where key and coll = 'BINARY')",
            names.join(", "),
            ledger::TABLE.name,
            ledger::KEY
        )
    }

    fn add(&mut self, table: &str, column: String) {
        self.grants_are_unique |= table == UNIQUE_GRANTS;
        self.ledger_is_keyed |= table == LEDGER_KEY;
        if let Some(known) = known().find(|t| t.name == table) {
            self.tables.entry(known.name).or_default().insert(column);
        }
    }

    /// Whether a unique index keeps grants of one id apart.
    pub(crate) fn grants_are_unique(&self) -> bool {
        self.grants_are_unique
    }

    /// Whether the completeness ledger has its unique key.
    pub(crate) fn ledger_is_keyed(&self) -> bool {
        self.ledger_is_keyed
    }

    pub(crate) fn has_table(&self, table: &str) -> bool {
        self.tables.contains_key(table)
    }

    pub(crate) fn has(&self, table: &str, column: &str) -> bool {
        self.tables.get(table).is_some_and(|c| c.contains(column))
    }

    /// The expression that reads a column; its default where the file's writer did not know it yet.
    ///
    /// A value that is larger than [`largest`] allows, or null where the format has none, is read as a number, which no
    /// row type takes for a text or a message (the driver would take null for an empty one).
    pub(crate) fn expression(&self, table: &str, column: &str) -> String {
        let columns = TABLES.iter().find(|t| t.name == table).map_or(&[][..], |t| t.columns);
        let known = columns.iter().find(|c| c.name == column);
        if self.has(table, column) {
            let most = largest(column);
            return match known {
                Some(c) if c.nullable => format!("iif(octet_length({column}) > {most}, 0, {column})"),
                _ => format!("iif(octet_length({column}) <= {most}, {column}, 0)"),
            };
        }
        known.and_then(|c| c.default).unwrap_or("0").to_owned()
    }

    /// The expression that copies a column as it is; its default where the file's writer did not know it yet.
    pub(crate) fn copy_expression(&self, table: &str, column: &str) -> String {
        if self.has(table, column) {
            return column.to_owned();
        }
        let table = TABLES.iter().find(|t| t.name == table);
        let known = table.and_then(|t| t.columns.iter().find(|c| c.name == column));
        // A column that every writer has: null, which our table refuses.
        known.and_then(|c| c.default).unwrap_or("null").to_owned()
    }
}
