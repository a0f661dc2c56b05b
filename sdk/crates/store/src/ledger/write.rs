//! Adding to the ledger. The database adds up, so that a run that was killed goes on counting.
//!
//! Rows are only appended, to a table beside the ledger, and added up at the end in the order of the ledger's key. Ids
//! of parents come in no order, so that a row added where it belongs rewrites a page of its own: for 100,000 lists in
//! transactions of 100 that was measured to take twelve times as long.

use std::{fmt::Write as _, sync::Arc};

use sqlx::AssertSqlSafe;

use super::{LedgerRow, table::MAX_REASON};
use crate::{
    Connection,
    work::{Texts, chunk_len, leave_empty},
};

/// Columns that each row binds.
const BOUND: usize = 10;

/// Adds rows to what the ledger has.
pub(crate) async fn add(
    conn: &mut Connection<'_>,
    texts: &mut Texts,
    sync: &Arc<str>,
    rows: &[LedgerRow],
) -> Result<(), sqlx::Error> {
    let mut rest = rows;
    while !rest.is_empty() {
        let (chunk, places) = chunk_len(rest.len());
        let (these, after) = rest.split_at(chunk);
        rest = after;
        let mut query = sqlx::query(AssertSqlSafe(texts.ledger(places)));
        for row in these {
            let (parent_type, parent_id) = row.parent.as_ref().map_or(("", ""), |(t, id)| (t, id));
            query = query
                .bind(row.resource_type.as_str())
                .bind(parent_type)
                .bind(parent_id)
                .bind(row.operation.as_str())
                .bind(number(row.pages))
                .bind(number(row.rows))
                .bind(row.expected.map(number))
                .bind(number(row.dropped))
                .bind(&row.reason[..row.reason.floor_char_boundary(MAX_REASON)])
                .bind(row.state.as_str());
        }
        leave_empty(query, (places - chunk) * BOUND).bind(sync.clone()).execute(&mut *conn).await?;
    }
    Ok(())
}

/// SQLite has no larger numbers.
fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The statement for this many rows; places whose first column is null are without one.
pub(crate) fn text(places: usize) -> String {
    let mut sql = "insert into work_ledger (sync_id, resource_type, parent_type, parent_id, operation, \
         pages, rows, expected, dropped, reason, state) select sync"
        .to_owned();
    for column in 1..=BOUND {
        let _ = write!(sql, ", column{column}");
    }
    sql.push_str(" from (values ");
    for place in 0..places {
        sql.push_str(if place == 0 { "(?" } else { ",(?" });
        sql.push_str(&",?".repeat(BOUND - 1));
        sql.push(')');
    }
    sql.push_str("), (select ? as sync) where column1 is not null");
    sql
}

/// The expression that appends a reason to others, where it is new.
pub(super) fn joined_reasons(reason: &str, more: &str) -> String {
    format!(
        "case when {reason} = '' then {more} \
         when {more} = '' or substr({reason}, -3) = '; …' \
         or instr('; ' || {reason} || '; ', '; ' || {more} || '; ') > 0 then {reason} \
         when octet_length({reason}) + octet_length({more}) + 2 > {MAX_REASON} then {reason} || '; …' \
         else {reason} || '; ' || {more} end"
    )
}

/// Adds up what was appended, in the order of the key and then as it was appended.
///
/// The worst state is the first by the alphabet. Reasons are whole or not there; `; …` at the end stands for those that
/// found no room.
pub(super) async fn add_up(conn: &mut Connection<'_>) -> Result<(), sqlx::Error> {
    let sql = format!(
        "insert into completeness_ledger (sync_id, resource_type, parent_type, parent_id, operation, \
         pages, rows, expected, dropped, reason, state) \
         select sync_id, resource_type, parent_type, parent_id, operation, \
         pages, rows, expected, dropped, reason, state from work_ledger where true \
         order by sync_id, resource_type, parent_type, parent_id, operation, id \
         on conflict (sync_id, resource_type, parent_type, parent_id, operation) do update set \
         pages = pages + excluded.pages, rows = rows + excluded.rows, dropped = dropped + excluded.dropped, \
         expected = coalesce(expected + excluded.expected, expected, excluded.expected), \
         state = min(state, excluded.state), reason = {}",
        joined_reasons("reason", "excluded.reason")
    );
    sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(&mut *conn).await?;
    sqlx::query("delete from work_ledger").persistent(false).execute(conn).await?;
    Ok(())
}
