//! Adding to the ledger. The database adds up, so that a run that was killed goes on counting.

use std::{fmt::Write as _, sync::Arc};

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{LedgerRow, table::MAX_REASON};
use crate::work::{Texts, chunk_len, leave_empty};

/// Columns that each row binds.
const BOUND: usize = 10;

/// Adds rows to what the ledger has.
pub(crate) async fn add(
    conn: &mut SqliteConnection,
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
        query = leave_empty(query, (places - chunk) * BOUND);
        query.bind(sync.clone()).execute(&mut *conn).await?;
    }
    Ok(())
}

/// SQLite has no larger numbers.
pub(super) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The statement for this many rows; places whose first column is null are without one.
pub(crate) fn text(places: usize) -> String {
    let mut sql =
        "insert into completeness_ledger (sync_id, resource_type, parent_type, parent_id, operation, \
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
    // The worst state is the first by the alphabet. Reasons are whole or not there; `; …` at the end stands for those
    // that found no room.
    let _ = write!(
        sql,
        "), (select ? as sync) where column1 is not null \
         on conflict (sync_id, resource_type, parent_type, parent_id, operation) do update set \
         pages = pages + excluded.pages, rows = rows + excluded.rows, dropped = dropped + excluded.dropped, \
         expected = coalesce(expected + excluded.expected, expected, excluded.expected), \
         state = min(state, excluded.state), \
         reason = case when reason = '' then excluded.reason \
         when excluded.reason = '' or substr(reason, -3) = '; …' \
         or instr('; ' || reason || '; ', '; ' || excluded.reason || '; ') > 0 then reason \
         when octet_length(reason) + octet_length(excluded.reason) + 2 > {MAX_REASON} then reason || '; …' \
         else reason || '; ' || excluded.reason end"
    );
    sql
}
