//! Reading a sync's ledger, from a file of any writer.

use std::{collections::BTreeMap, fmt};

use connector_model::Result;
use futures::TryStreamExt as _;
use serde::Serialize;
use sqlx::{AssertSqlSafe, Row as _, Sqlite, SqliteExecutor, sqlite::SqliteRow};

use super::{
    Completeness, LedgerOperation, LedgerSummary,
    table::{self, MAX_REASON, SUMMARY},
};
use crate::{SyncView, WorkDb, error::During as _, reader::Layout};

/// The most types and operations of a ledger; beyond, a hostile file would fill the memory with them.
const MAX_TOTALS: usize = 10_000;

/// The ledger of a sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// All of it in one; it agrees with the rows.
    pub summary: LedgerSummary,
    /// By resource type and operation, in that order.
    pub totals: Vec<LedgerTotal>,
}

/// The ledger's rows of one resource type and operation, whatever their parents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerTotal {
    /// The resource type.
    pub resource_type: String,
    /// What was read.
    pub operation: LedgerOperation,
    /// How many rows of the ledger these are: one for each parent.
    pub lists: u64,
    /// Pages that were read.
    pub pages: u64,
    /// Rows that they held.
    pub rows: u64,
    /// Rows that there should be, where the source told it for every list that was not skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// Rows that were left out of the file.
    pub dropped: u64,
    /// How many lists are incomplete.
    pub incomplete: u64,
    /// How many lists are short of a few rows.
    pub short: u64,
    /// How many lists are skipped by intent.
    pub skipped: u64,
    /// The worst state of a list.
    pub state: Completeness,
    /// Reasons of the lists in that state, each after its parent, in some 1,000 bytes and a mark where there are more.
    pub reason: String,
}

/// Why it is unknown whether a sync is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The file has no ledger, or none of the sync.
    NoLedger,
    /// The sync's ledger was not closed.
    NotClosed,
    /// It breaks the rules of a ledger in this way.
    Malformed(String),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLedger => f.write_str("no ledger"),
            Self::NotClosed => f.write_str("the ledger has no summary"),
            Self::Malformed(how) => write!(f, "the ledger is malformed: {how}"),
        }
    }
}

/// What is known of a sync's completeness, in a few words: `complete`, `skipped: …`, `short: …`, `incomplete: …`, or `unknown (…)`.
pub fn describe_completeness(ledger: &Result<Ledger, Unknown>) -> String {
    match ledger {
        Ok(Ledger { summary, .. }) if summary.state == Completeness::Whole => "complete".to_owned(),
        Ok(Ledger { summary, .. }) if summary.reason.is_empty() => summary.state.to_string(),
        Ok(Ledger { summary, .. }) => format!("{}: {}", summary.state, summary.reason),
        Err(why) => format!("unknown ({why})"),
    }
}

impl SyncView<'_> {
    /// The sync's completeness ledger; `None` where it is unknown whether the sync is complete, for any reason.
    pub async fn ledger(&self) -> Result<Option<Ledger>> {
        Ok(self.ledger_or_why().await?.ok())
    }

    /// The sync's completeness ledger, or why there is none to go by. Fails only where the file can't be read.
    pub async fn ledger_or_why(&self) -> Result<Result<Ledger, Unknown>> {
        let file = self.file();
        read(file.conn(), file.layout(), "main", &self.run().id)
            .await
            .during("can't read the completeness ledger", file.path())
    }
}

impl WorkDb {
    /// The ledger of the sync, once it is [closed](WorkDb::finish_ledger).
    pub async fn ledger(&mut self) -> Result<Option<Ledger>> {
        let (sync, path) = (self.sync_id().to_string(), self.path().to_owned());
        let operation = "can't read the completeness ledger";
        let layout = Layout::read(self.connection(), &path).await?;
        Ok(read(self.connection(), &layout, "main", &sync).await.during(operation, &path)?.ok())
    }
}

/// Reads the ledger of a sync from a schema: `main`, or the name of an attached file.
pub(crate) async fn read<'c>(
    conn: impl SqliteExecutor<'c>,
    layout: &Layout,
    schema: &str,
    sync: &str,
) -> Result<Result<Ledger, Unknown>, sqlx::Error> {
    if !table::is_there(layout) {
        return Ok(Err(Unknown::NoLedger));
    }
    if let Some(column) = table::missing(layout) {
        return Ok(Err(Unknown::Malformed(format!("it has no column {column}"))));
    }
    if !table::is_readable(layout) {
        return Ok(Err(Unknown::Malformed(format!("it has no unique key {}", table::KEY))));
    }
    let sql = AssertSqlSafe(table::select(schema));
    let mut rows = sqlx::query::<Sqlite>(sql).bind(sync.to_owned()).persistent(false).fetch(conn);
    let mut sums = Sums::default();
    while let Some(row) = rows.try_next().await? {
        if let Err(how) = sums.add(&row) {
            return Ok(Err(Unknown::Malformed(how)));
        }
    }
    Ok(sums.finish())
}

/// What the rows come to.
#[derive(Default)]
struct Sums {
    totals: BTreeMap<(String, LedgerOperation), LedgerTotal>,
    summary: Option<LedgerSummary>,
}

impl Sums {
    /// Columns come in the order of the table, after the sync's id.
    fn add(&mut self, row: &SqliteRow) -> Result<(), String> {
        let text = |at: usize, name: &str| {
            row.try_get::<&str, _>(at).map_err(|_| format!("a {name} is no text, or too long"))
        };
        let number = |at: usize, name: &str| {
            row.try_get::<Option<i64>, _>(at)
                .map_err(|_| format!("a value of {name} is no number"))?
                .map(|n| u64::try_from(n).map_err(|_| format!("a value of {name} is negative")))
                .transpose()
        };
        let count = |at, name| Ok::<_, String>(number(at, name)?.unwrap_or_default());
        let (resource_type, operation) = (text(0, "resource type")?, text(3, "operation")?);
        let (parent_type, parent_id) = (text(1, "parent's type")?, text(2, "parent's id")?);
        let (pages, rows) = (count(4, "pages")?, count(5, "rows")?);
        let (expected, dropped) = (number(6, "expected")?, count(7, "dropped")?);
        let (reason, state) = (text(8, "reason")?, text(9, "state")?);
        let state = Completeness::of(state).ok_or_else(|| format!("a state is unknown: {}", short(state)))?;
        if operation == SUMMARY {
            let (incomplete, skipped) = (count(10, "incomplete")?, count(11, "skipped")?);
            let reason = reason.to_owned();
            let summary =
                LedgerSummary { state, pages, rows, dropped, incomplete, short: 0, skipped, reason };
            return match self.summary.replace(summary) {
                None => Ok(()),
                Some(_) => Err("it has two summaries".to_owned()),
            };
        }
        let operation = LedgerOperation::of(operation)
            .ok_or_else(|| format!("an operation is unknown: {}", short(operation)))?;
        let key = (resource_type.to_owned(), operation);
        if self.totals.len() >= MAX_TOTALS && !self.totals.contains_key(&key) {
            return Err(format!("it has more than {MAX_TOTALS} types and operations"));
        }
        let one = LedgerTotal {
            resource_type: key.0.clone(),
            operation,
            lists: 1,
            pages,
            rows,
            expected,
            dropped,
            incomplete: u64::from(state == Completeness::Incomplete),
            short: u64::from(state == Completeness::Short),
            skipped: u64::from(state == Completeness::Skipped),
            state,
            reason: match reason {
                "" => String::new(),
                _ if parent_id.is_empty() => reason.to_owned(),
                _ => format!("{parent_type}:{parent_id}: {reason}"),
            },
        };
        match self.totals.get_mut(&key) {
            Some(total) => total.add(one),
            None => {
                self.totals.insert(key, one);
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Ledger, Unknown> {
        let Some(mut summary) = self.summary else {
            return Err(if self.totals.is_empty() { Unknown::NoLedger } else { Unknown::NotClosed });
        };
        let totals: Vec<_> = self.totals.into_values().collect();
        let sum = |of: fn(&LedgerTotal) -> u64| totals.iter().fold(0_u64, |sum, t| sum.saturating_add(of(t)));
        let agrees = totals.iter().map(|t| t.state).max() == Some(summary.state)
            && summary.pages == sum(|t| t.pages)
            && summary.rows == sum(|t| t.rows)
            && summary.dropped == sum(|t| t.dropped)
            && summary.incomplete == sum(|t| t.incomplete)
            && summary.skipped == sum(|t| t.skipped);
        summary.short = sum(|t| t.short);
        if agrees {
            return Ok(Ledger { summary, totals });
        }
        Err(Unknown::Malformed("its summary does not agree with its rows".to_owned()))
    }
}

impl LedgerTotal {
    fn add(&mut self, other: Self) {
        // A list that was skipped has nothing to be expected, and does not hide what others have.
        self.expected = match (self.expected, other.expected) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (one, None) if other.state == Completeness::Skipped => one,
            (None, one) if self.skipped == self.lists => one,
            _ => None,
        };
        for (sum, n) in [
            (&mut self.lists, other.lists),
            (&mut self.pages, other.pages),
            (&mut self.rows, other.rows),
            (&mut self.dropped, other.dropped),
            (&mut self.incomplete, other.incomplete),
            (&mut self.short, other.short),
            (&mut self.skipped, other.skipped),
        ] {
            *sum = sum.saturating_add(n);
        }
        if other.state > self.state || self.reason.is_empty() && other.state == self.state {
            self.reason = other.reason;
        } else if other.state == self.state && !other.reason.is_empty() && !self.reason.ends_with("; …") {
            let more =
                if self.reason.len() + other.reason.len() > MAX_REASON { "…" } else { &other.reason };
            self.reason = format!("{}; {more}", self.reason);
        }
        self.state = self.state.max(other.state);
    }
}

/// A foreign word, for a message.
fn short(word: &str) -> String {
    format!("{:?}", word.chars().take(40).collect::<String>())
}
