use std::{collections::BTreeMap, time::Duration};

use connector_sync::{CallStats, LedgerLine, Phase};

use super::*;

fn map(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect()
}

fn line(operation: &str, resource_type: &str, state: Completeness) -> LedgerLine {
    LedgerLine {
        resource_type: resource_type.to_owned(),
        operation: operation.to_owned(),
        pages: 0,
        rows: 0,
        expected: None,
        dropped: 0,
        state,
        reason: None,
    }
}

fn summary() -> Summary {
    Summary {
        sync_id: "2pJ".to_owned(),
        output: "my folder/demo.c1z".into(),
        bytes: 36_045,
        resources: map(&[("user", 10_500), ("group", 20), ("license", 4), ("site", 1)]),
        entitlements: map(&[("group", 20), ("license", 4), ("site", 10)]),
        grants: map(&[("group", 1_234_567), ("license", 500), ("site", 500)]),
        pages: 45,
        phases: vec![
            (Phase::Resources, Duration::from_millis(1250)),
            (Phase::Seal, Duration::from_secs(125)),
        ],
        elapsed: Duration::from_millis(126_250),
        warnings: vec![("a member is not in the user list".to_owned(), 1200)],
        kept_syncs: 1,
        calls: BTreeMap::from([(
            "grants:group".to_owned(),
            CallStats { count: 200, total: Duration::from_secs(90), max: Duration::from_secs(2) },
        )]),
        waited: Duration::from_millis(300),
        resumed: false,
        ledger: vec![line("list-resources", "user", Completeness::Whole)],
        completeness: Completeness::Whole,
        expansion: None,
        external: None,
    }
}

#[test]
fn a_summary_a_person_can_read() {
    insta::assert_snapshot!(render_summary(&summary(), Some(61)));
}

#[test]
fn all_there_is_to_say() {
    let mut eventful = summary();
    eventful.resumed = true;
    eventful.waited = Duration::from_secs(130);
    eventful.expansion =
        Some(ExpansionSummary { edges: 20, created: 1000, updated: 234, cycles: 2, missing_sources: 0 });
    eventful.external =
        Some(ExternalSummary { resources: 800, matched: 120, unmatched: 3, ..ExternalSummary::default() });
    eventful.ledger.extend([
        line("list-grants", "site", Completeness::Skipped),
        line("list-entitlements", "group", Completeness::Skipped),
        line("list-grants", "group", Completeness::Skipped),
    ]);
    eventful.completeness = Completeness::Skipped;
    if let Some(calls) = eventful.calls.get_mut("grants:group") {
        calls.max = Duration::from_secs(75);
    }
    insta::assert_snapshot!(render_summary(&eventful, None));
}

#[test]
fn what_is_incomplete_can_not_be_missed() {
    let mut incomplete = summary();
    incomplete.completeness = Completeness::Incomplete;
    incomplete.ledger.push(LedgerLine {
        pages: 12,
        rows: 11_000,
        expected: Some(12_000),
        dropped: 3,
        reason: Some("the server can't be reached".to_owned()),
        ..line("list-grants", "group", Completeness::Incomplete)
    });
    incomplete.ledger.push(line("list-resources", "project", Completeness::Incomplete));
    let text = render_summary(&incomplete, None);
    assert!(text.lines().take(4).any(|l| l.starts_with("INCOMPLETE")), "at the top: {text}");
    assert!(text.lines().next_back().is_some_and(|l| l.contains("INCOMPLETE")), "and at the end: {text}");
    insta::assert_snapshot!(text);
    incomplete.ledger.extend(vec![line("list-grants", "role", Completeness::Incomplete); 20]);
    let text = render_summary(&incomplete, None);
    assert!(text.contains("  and 14 more\n"), "{text}");
    assert!(text.lines().count() < 40, "{text}");
}

/// A sync that is a few rows short succeeded, and is not called complete.
#[test]
fn what_is_short_is_shown_with_both_numbers() {
    let mut short = summary();
    short.completeness = Completeness::Short;
    short.ledger.push(LedgerLine {
        rows: 10_990,
        expected: Some(11_000),
        reason: Some("list resources of site:s1: the source says 11000, and 10990 came, twice".to_owned()),
        ..line("list-resources", "user", Completeness::Short)
    });
    let text = render_summary(&short, None);
    assert!(text.lines().take(4).any(|l| l.starts_with("SHORT")), "at the top: {text}");
    assert!(text.contains("10,990 of 11,000 rows"), "{text}");
    assert!(!text.contains("INCOMPLETE"), "{text}");
    insta::assert_snapshot!(text);
    // Beside what is missing altogether it is named too.
    short.completeness = Completeness::Incomplete;
    short.ledger.push(line("list-resources", "project", Completeness::Incomplete));
    let text = render_summary(&short, None);
    assert!(text.contains("INCOMPLETE") && text.contains("SHORT"), "{text}");
}

#[test]
fn expansion_without_edges_is_nothing_to_say() {
    assert_eq!(expansion(&ExpansionSummary::default()), None);
}
