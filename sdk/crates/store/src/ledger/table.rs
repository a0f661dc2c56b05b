//! The ledger's table.

use crate::{
    reader::Layout,
    schema::{Table, col, nullable},
};

/// Its name and columns. `incomplete` and `skipped` are how many rows are so, in the summary row alone.
pub(crate) const TABLE: &Table = &Table {
    name: "completeness_ledger",
    columns: &[
        col("sync_id"),
        col("resource_type"),
        col("parent_type"),
        col("parent_id"),
        col("operation"),
        col("pages"),
        col("rows"),
        nullable("expected"),
        col("dropped"),
        col("reason"),
        col("state"),
        nullable("incomplete"),
        nullable("skipped"),
    ],
};

/// Not `strict`: SQLite before 3.37 refuses a whole database with such a table in it, the other tables included.
pub(crate) const CREATE: &str = "create table completeness_ledger (sync_id text not null, \
     resource_type text not null, parent_type text not null, parent_id text not null, operation text not null, \
     pages integer not null, rows integer not null, expected integer, dropped integer not null, \
     reason text not null, state text not null, incomplete integer, skipped integer, \
     primary key (sync_id, resource_type, parent_type, parent_id, operation)) without rowid";

/// The word in the column `operation` of a sync's summary row, which is of no type and parent.
pub(super) const SUMMARY: &str = "summary";

/// The most bytes of a row's reasons.
pub(super) const MAX_REASON: usize = 1_000;
/// The most bytes of a text that is read: ids are at most 1,024 on the wire, reasons a little over 1,000.
const MAX_TEXT: usize = 4_096;

/// Whether a file has the table, with all of its columns.
pub(super) fn is_there(layout: &Layout) -> bool {
    layout.has_table(TABLE.name)
}

/// The first column that the table of a file lacks.
pub(super) fn missing(layout: &Layout) -> Option<&'static str> {
    TABLE.columns.iter().map(|c| c.name).find(|c| !layout.has(TABLE.name, c))
}

/// Reads the columns of a sync's rows after `sync_id`. A value that is too long or of another type is read as one of a
/// type that nothing takes it for.
pub(super) fn select(schema: &str) -> String {
    let text = |c: &str| format!("iif(typeof({c}) = 'text' and octet_length({c}) <= {MAX_TEXT}, {c}, 0)");
    let number = |c: &str| format!("iif(typeof({c}) = 'integer', {c}, '')");
    let optional = |c: &str| format!("iif(typeof({c}) in ('integer', 'null'), {c}, '')");
    let columns: Vec<_> = TABLE.columns[1..]
        .iter()
        .map(|c| match c.name {
            "pages" | "rows" | "dropped" => number(c.name),
            "expected" | "incomplete" | "skipped" => optional(c.name),
            name => text(name),
        })
        .collect();
    format!("select {} from {schema}.{} where sync_id = ?", columns.join(", "), TABLE.name)
}
