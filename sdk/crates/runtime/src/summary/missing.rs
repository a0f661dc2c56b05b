//! What is not in the file: what could not be read, and what was not to be.

use std::{collections::BTreeMap, fmt::Write as _};

use connector_sync::{Completeness, LedgerLine};

use super::numbers::grouped;

/// How many lines of the ledger are named; the file has them all.
const NAMED: usize = 8;

/// What could not be read, so that nobody takes it for access that is gone.
pub(super) fn incomplete(text: &mut String, ledger: &[LedgerLine]) {
    text.push_str("INCOMPLETE: something could not be read. What is missing here may still be there.\n");
    lines(text, ledger, Completeness::Incomplete);
}

/// Lists of which the source told of a few rows more than came, twice.
pub(super) fn short(text: &mut String, ledger: &[LedgerLine]) {
    if ledger.iter().any(|l| l.state == Completeness::Short) {
        text.push_str("SHORT: the source twice told of a few rows more than came, and may count others than it lists.\n");
        lines(text, ledger, Completeness::Short);
    }
}

/// The lines of the ledger in a state, as far as there is room.
fn lines(text: &mut String, ledger: &[LedgerLine], state: Completeness) {
    let lines: Vec<_> = ledger.iter().filter(|l| l.state == state).collect();
    for line in lines.iter().take(NAMED) {
        let of = line.expected.map(|n| format!(" of {}", grouped(n))).unwrap_or_default();
        let dropped = match line.dropped {
            0 => String::new(),
            n => format!(", {} dropped", grouped(n)),
        };
        let reason = line.reason.as_deref().unwrap_or("no reason is known");
        let _ = writeln!(
            text,
            "  {} of {}: {}{of} rows{dropped}: {reason}",
            kind(&line.operation),
            line.resource_type,
            grouped(line.rows)
        );
    }
    if lines.len() > NAMED {
        let _ = writeln!(text, "  and {} more", grouped((lines.len() - NAMED) as u64));
    }
    text.push('\n');
}

/// What was not to be read.
pub(super) fn skipped(ledger: &[LedgerLine]) -> Option<String> {
    let mut by_operation: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in ledger.iter().filter(|l| l.state == Completeness::Skipped) {
        by_operation.entry(kind(&line.operation)).or_default().push(&line.resource_type);
    }
    let parts: Vec<String> = by_operation
        .iter()
        .map(|(operation, types)| match types.len() {
            0..=NAMED => format!("{operation} of {}", types.join(", ")),
            n => format!("{operation} of {n} types"),
        })
        .collect();
    (!parts.is_empty()).then(|| format!("Left out, as was asked: {}.", parts.join("; ")))
}

/// What an operation reads.
fn kind(operation: &str) -> &str {
    match operation {
        "list-resources" | "targeted-resource-sync" => "resources",
        "list-static-entitlements" => "declared entitlements",
        "list-entitlements" => "entitlements",
        "list-grants" => "grants",
        other => other,
    }
}
