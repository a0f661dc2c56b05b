//! What a finished sync was, for a person.

mod calls;
mod missing;
mod numbers;

use std::{collections::BTreeSet, fmt::Write as _};

use connector_model::text::one_line;
use connector_sync::{Completeness, ExpansionSummary, ExternalSummary, Summary};

pub(crate) use self::{
    calls::{costliest, slow},
    numbers::{grouped, rough},
};
use self::{
    missing::{incomplete, short, skipped},
    numbers::{duration, size},
};

/// What a finished sync was, for a person: what was read, how many of each,
/// how long it took, where the file is, and what to try next. What could not
/// be read stands at the top. `requests` is how often the system was called,
/// where somebody counted.
pub fn render_summary(summary: &Summary, requests: Option<u64>) -> String {
    let mut text = String::new();
    let file = summary.output.display().to_string();
    let is_incomplete = summary.completeness == Completeness::Incomplete;
    let _ = writeln!(
        text,
        "\nSynced {}into {file} ({}) in {}{}.\n",
        if is_incomplete { "IN PART " } else { "" },
        size(summary.bytes),
        duration(summary.elapsed),
        if summary.resumed { ", going on with an earlier run" } else { "" }
    );
    if is_incomplete {
        incomplete(&mut text, &summary.ledger);
    }
    short(&mut text, &summary.ledger);
    table(&mut text, summary);
    let effort = match requests {
        Some(requests) => format!("{} requests", grouped(requests)),
        None => format!("{} pages", grouped(summary.pages)),
    };
    let waited = match summary.waited.as_secs() {
        0 => String::new(),
        _ => format!(", {} of waiting for the rate limit", rough(summary.waited)),
    };
    let phases: Vec<String> = summary
        .phases
        .iter()
        .map(|(phase, took)| format!("{} {}", phase.as_str(), duration(*took)))
        .collect();
    let _ = writeln!(text, "\n{effort}{waited}; {}.", phases.join(", "));
    for sentence in [
        summary.external.as_ref().map(external),
        summary.expansion.as_ref().and_then(expansion),
        skipped(&summary.ledger),
    ]
    .into_iter()
    .flatten()
    {
        let _ = writeln!(text, "{sentence}");
    }
    if summary.kept_syncs > 0 {
        let _ = writeln!(text, "The file still holds earlier syncs: {}.", summary.kept_syncs);
    }
    for (sentence, times) in &summary.warnings {
        let times = if *times > 1 { format!(" ({} times)", grouped(*times)) } else { String::new() };
        let _ = writeln!(text, "warning: {}{times}", one_line(sentence));
    }
    for sentence in slow(&summary.calls) {
        let _ = writeln!(text, "warning: {sentence}");
    }
    if is_incomplete {
        text.push_str("\nThe sync is INCOMPLETE: what could not be read is named at the top.");
        return text;
    }
    let argument = argument(&file);
    let _ = write!(
        text,
        "\nTry next:\n  baton stats -f {argument}\n  baton resources -f {argument}\n  baton grants -f {argument}"
    );
    text
}

/// What the other file's principals came to.
fn external(of: &ExternalSummary) -> String {
    let unmatched = match of.unmatched {
        0 => String::new(),
        n => format!("; {} name nobody in it", grouped(n)),
    };
    format!(
        "Of the other file: {} resources; {} grants name one of them{unmatched}.",
        grouped(of.resources),
        grouped(of.matched)
    )
}

/// What expansion made of the grants; nothing to say where nothing expands.
fn expansion(of: &ExpansionSummary) -> Option<String> {
    if of.edges == 0 && of.missing_sources == 0 {
        return None;
    }
    let some = |n: u64, what: &str| if n == 0 { String::new() } else { format!("; {} {what}", grouped(n)) };
    Some(format!(
        "Expanded along {} pairs of entitlements: {} grants made, {} got further sources{}{}.",
        grouped(of.edges),
        grouped(of.created),
        grouped(of.updated),
        some(of.cycles, "cycles"),
        some(of.missing_sources, "sources that are not there")
    ))
}

/// One row a resource type, and their sum.
fn table(text: &mut String, summary: &Summary) {
    let counts = [&summary.resources, &summary.entitlements, &summary.grants];
    let types: BTreeSet<&String> = counts.iter().flat_map(|c| c.keys()).collect();
    let mut rows = vec![["".to_owned(), "resources".into(), "entitlements".into(), "grants".into()]];
    let row = |name: &str, of: &dyn Fn(usize) -> u64| {
        [name.to_owned(), grouped(of(0)), grouped(of(1)), grouped(of(2))]
    };
    for name in types {
        rows.push(row(name, &|i| counts[i].get(name).copied().unwrap_or_default()));
    }
    rows.push(row("all", &|i| counts[i].values().sum()));
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2), width(3)];
    for [name, resources, entitlements, grants] in &rows {
        let [a, b, c, d] = widths;
        let _ = writeln!(text, "  {name:<a$}  {resources:>b$}  {entitlements:>c$}  {grants:>d$}");
    }
}

/// A path as a shell takes it.
fn argument(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if !path.is_empty() && path.chars().all(plain) {
        path.to_owned()
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests;
