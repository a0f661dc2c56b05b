//! The summary row that closes a sync's ledger.

use connector_model::{Error, Result};
use serde::Serialize;
use sqlx::AssertSqlSafe;

use super::{
    Completeness, LedgerOperation, LedgerRow,
    table::{MAX_REASON, SUMMARY},
    write,
};
use crate::{Connection, WorkDb, error::During as _};

/// The most bytes of one reason, so that several find room.
const MAX_PART: usize = 200;

/// All rows of a sync's ledger in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerSummary {
    /// The worst state.
    pub state: Completeness,
    /// Pages that were read.
    pub pages: u64,
    /// Rows that they held.
    pub rows: u64,
    /// Rows that were left out of the file.
    pub dropped: u64,
    /// Rows of the ledger that are incomplete.
    pub incomplete: u64,
    /// Rows of the ledger that are short. The file does not hold the number: it is counted.
    pub short: u64,
    /// Rows of the ledger that are skipped by intent.
    pub skipped: u64,
    /// What is not whole and why: the operations and types of the worst state with a reason each, in at most 1,000
    /// bytes and a mark where there are more. Empty where all is whole.
    pub reason: String,
}

impl WorkDb {
    /// Adds a row of an operation that was made up for, and sums the ledger up again: that it was skipped or incomplete
    /// is not true any more. Does nothing where the sync has no ledger, for one row would not make it known.
    pub async fn amend_ledger(&mut self, row: &LedgerRow) -> Result<()> {
        let (sync, path) = (self.sync_id().to_string(), self.path().to_owned());
        let what = "can't change the completeness ledger";
        let mut batch = self.begin().await?;
        let there: bool =
            sqlx::query_scalar("select exists (select 1 from completeness_ledger where sync_id = ?)")
                .bind(&sync)
                .fetch_one(batch.connection())
                .await
                .during(what, &path)?;
        if !there {
            return Ok(());
        }
        sqlx::query("delete from completeness_ledger where sync_id = ? and operation = ? and state <> ?")
            .bind(&sync)
            .bind(row.operation.as_str())
            .bind(Completeness::Whole.as_str())
            .execute(batch.connection())
            .await
            .during(what, &path)?;
        batch.add_to_ledger(std::slice::from_ref(row)).await?;
        batch.commit().await?;
        self.finish_ledger().await.map(drop)
    }

    /// Notes rows that the lists of a type held and the file does not, in the first row of these lists in the closed
    /// ledger. The summary is to be made again ([`WorkDb::finish_ledger`]).
    pub async fn add_dropped_to_ledger(
        &mut self,
        resource_type: &str,
        operation: LedgerOperation,
        rows: u64,
        reason: &str,
    ) -> Result<()> {
        let (sync, path) = (self.sync_id().to_string(), self.path().to_owned());
        let sql = format!(
            "update completeness_ledger set dropped = dropped + ?1, reason = {} \
             where sync_id = ?3 and resource_type = ?4 and operation = ?5 and (parent_type, parent_id) = \
             (select parent_type, parent_id from completeness_ledger \
             where sync_id = ?3 and resource_type = ?4 and operation = ?5 order by 1, 2 limit 1)",
            write::joined_reasons("reason", "?2")
        );
        let noted = sqlx::query(AssertSqlSafe(sql))
            .bind(i64::try_from(rows).unwrap_or(i64::MAX))
            .bind(&reason[..reason.floor_char_boundary(MAX_REASON)])
            .bind(sync)
            .bind(resource_type)
            .bind(operation.as_str())
            .execute(self.connection())
            .await;
        match noted.during("can't change the completeness ledger", &path)?.rows_affected() {
            1 => Ok(()),
            _ => Err(Error::internal("the completeness ledger has no such list").with("type", resource_type)),
        }
    }

    /// Adds up the sync's rows and writes the summary row: at the seal, best before [`WorkDb::build_indexes`], which
    /// takes the room that becomes free; and again where it is sealed again. Without rows there is nothing to sum up:
    /// no summary is written, which reads as unknown.
    pub async fn finish_ledger(&mut self) -> Result<Option<LedgerSummary>> {
        let sync = self.sync_id().to_string();
        let path = self.path().to_owned();
        finish(self.connection(), &sync).await.during("can't sum up the completeness ledger", &path)
    }
}

async fn finish(conn: Connection<'_>, sync: &str) -> Result<Option<LedgerSummary>, sqlx::Error> {
    let mut tx = conn.begin().await?;
    write::add_up(&mut tx.connection()).await?;
    sqlx::query("delete from completeness_ledger where sync_id = ? and operation = ?")
        .bind(sync)
        .bind(SUMMARY)
        .execute(&mut tx.connection())
        .await?;
    type Sums = (Option<String>, i64, i64, i64, i64, i64, i64);
    let (worst, pages, rows, dropped, incomplete, short, skipped): Sums = sqlx::query_as(
        "select min(state), coalesce(sum(pages), 0), coalesce(sum(rows), 0), coalesce(sum(dropped), 0), \
         count(*) filter (where state = 'incomplete'), count(*) filter (where state = 'short'), \
         count(*) filter (where state = 'skipped') \
         from completeness_ledger where sync_id = ?",
    )
    .bind(sync)
    .fetch_one(&mut tx.connection())
    .await?;
    let summary = match worst.as_deref().and_then(Completeness::of) {
        None => None,
        Some(state) => {
            let reason = reason(&mut tx.connection(), sync, state).await?;
            sqlx::query(
                "insert into completeness_ledger values (?, '', '', '', ?, ?, ?, null, ?, ?, ?, ?, ?)",
            )
            .bind(sync)
            .bind(SUMMARY)
            .bind(pages)
            .bind(rows)
            .bind(dropped)
            .bind(&reason)
            .bind(state.as_str())
            .bind(incomplete)
            .bind(skipped)
            .execute(&mut tx.connection())
            .await?;
            let [pages, rows, dropped, incomplete, short, skipped] =
                [pages, rows, dropped, incomplete, short, skipped].map(i64::unsigned_abs);
            Some(LedgerSummary { state, pages, rows, dropped, incomplete, short, skipped, reason })
        }
    };
    tx.commit().await?;
    Ok(summary)
}

/// One reason for each operation and type of the worst state. Of many the first by the alphabet, so that it does not
/// depend on which list was read first.
async fn reason(conn: &mut Connection<'_>, sync: &str, state: Completeness) -> Result<String, sqlx::Error> {
    if state == Completeness::Whole {
        return Ok(String::new());
    }
    let groups: Vec<(String, String, i64, Option<String>)> = sqlx::query_as(
        "select operation, resource_type, count(*), min(nullif(reason, '')) from completeness_ledger \
         where sync_id = ? and state = ? group by 1, 2 order by 1, 2 limit 100",
    )
    .bind(sync)
    .bind(state.as_str())
    .fetch_all(conn)
    .await?;
    let mut text = String::new();
    for (operation, resource_type, lists, reason) in groups {
        let mut part = format!("{operation} {resource_type}").trim_end().to_owned();
        if lists > 1 {
            part.push_str(&format!(" ({lists} lists)"));
        }
        if let Some(reason) = reason {
            let cut = reason.floor_char_boundary(MAX_PART);
            part.push_str(&format!(": {}{}", &reason[..cut], if cut < reason.len() { "…" } else { "" }));
        }
        if text.is_empty() {
            text = part;
        } else if text.len() + part.len() + 2 > MAX_REASON {
            text.push_str("; …");
            break;
        } else {
            text = format!("{text}; {part}");
        }
    }
    Ok(text)
}
