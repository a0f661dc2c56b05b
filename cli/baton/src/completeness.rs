//! What a sync's ledger says, for people and for programs.

use connector_store::{Completeness, Ledger, LedgerTotal, Unknown, describe_completeness};
use serde_json::{Value, json};

use crate::{cell::cell, table::Pages};

const HEADER: &[&str] =
    &["Operation", "Resource Type", "Lists", "Pages", "Rows", "Expected", "Dropped", "State", "Reason"];

/// A line, and a table where there is a ledger.
pub(crate) fn shown(ledger: &Result<Ledger, Unknown>, terminal: bool) -> String {
    let mut text = format!("completeness: {}\n", cell(&describe_completeness(ledger)));
    if let Ok(ledger) = ledger {
        let mut table = Pages::new(HEADER, terminal);
        for total in &ledger.totals {
            table.push(&row(total));
        }
        text.push('\n');
        text.push_str(&table.take());
    }
    text
}

/// The lists of one type by one operation in a line.
pub(crate) fn line(total: &LedgerTotal) -> String {
    let LedgerTotal { operation, resource_type, lists, pages, rows, dropped, .. } = total;
    let mut line = format!(
        "{operation} {resource_type}: {}, lists: {lists}, pages: {pages}, rows: {rows}",
        state(total)
    );
    if let Some(expected) = total.expected {
        line.push_str(&format!(", expected: {expected}"));
    }
    if *dropped > 0 {
        line.push_str(&format!(", dropped: {dropped}"));
    }
    if !total.reason.is_empty() {
        line.push_str(&format!(", reason: {}", total.reason));
    }
    line
}

/// The worst state, and how many lists are in it where there are others.
fn state(total: &LedgerTotal) -> String {
    let so = match total.state {
        Completeness::Whole => total.lists,
        Completeness::Skipped => total.skipped,
        Completeness::Short => total.short,
        Completeness::Incomplete => total.incomplete,
    };
    if so == total.lists {
        total.state.to_string()
    } else {
        format!("{} ({so} of {})", total.state, total.lists)
    }
}

fn row(total: &LedgerTotal) -> [String; 9] {
    [
        total.operation.to_string(),
        total.resource_type.clone(),
        total.lists.to_string(),
        total.pages.to_string(),
        total.rows.to_string(),
        total.expected.map_or_else(|| "-".to_owned(), |n| n.to_string()),
        total.dropped.to_string(),
        state(total),
        total.reason.clone(),
    ]
}

/// The same as JSON, in the manner of the document that it is added to: keys in camel case, counts as texts, and what
/// is empty left out.
pub(crate) fn json(ledger: &Ledger) -> Value {
    let Ledger { summary, totals } = ledger;
    let lists: Vec<_> = totals
        .iter()
        .map(|t| {
            object(
                &[
                    ("operation", t.operation.as_str()),
                    ("resourceType", &t.resource_type),
                    ("state", t.state.as_str()),
                    ("reason", &t.reason),
                ],
                &[
                    ("lists", Some(t.lists)),
                    ("pages", Some(t.pages)),
                    ("rows", Some(t.rows)),
                    ("expected", t.expected),
                    ("dropped", Some(t.dropped)),
                    ("incomplete", Some(t.incomplete)),
                    ("short", Some(t.short)),
                    ("skipped", Some(t.skipped)),
                ],
            )
        })
        .collect();
    let mut all = object(
        &[("state", summary.state.as_str()), ("reason", &summary.reason)],
        &[
            ("pages", Some(summary.pages)),
            ("rows", Some(summary.rows)),
            ("dropped", Some(summary.dropped)),
            ("incomplete", Some(summary.incomplete)),
            ("short", Some(summary.short)),
            ("skipped", Some(summary.skipped)),
        ],
    );
    all["lists"] = json!(lists);
    all
}

fn object(texts: &[(&str, &str)], counts: &[(&str, Option<u64>)]) -> Value {
    let texts = texts.iter().filter(|(_, t)| !t.is_empty()).map(|(k, t)| ((*k).to_owned(), json!(t)));
    // A count that is told and is zero says something, unlike one that is not told.
    let counts = counts.iter().filter_map(|(k, n)| Some(((*k).to_owned(), json!(n.as_ref()?.to_string()))));
    Value::Object(texts.chain(counts).collect())
}
