//! What a finished sync was, for a person.

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use connector_sync::Summary;

/// What a finished sync was, for a person: what was read, how many of each,
/// how long it took, where the file is, and what to try next. `requests` is
/// how often the system was called, where somebody counted.
pub fn render_summary(summary: &Summary, requests: Option<u64>) -> String {
    let mut text = String::new();
    let file = summary.output.display().to_string();
    let _ =
        writeln!(text, "\nSynced into {file} ({}) in {}.\n", size(summary.bytes), duration(summary.elapsed));
    table(&mut text, summary);
    let effort = match requests {
        Some(requests) => format!("{} requests", grouped(requests)),
        None => format!("{} pages", grouped(summary.pages)),
    };
    let phases: Vec<String> = summary
        .phases
        .iter()
        .map(|(phase, took)| format!("{} {}", phase.as_str(), duration(*took)))
        .collect();
    let _ = writeln!(text, "\n{effort}; {}.", phases.join(", "));
    if summary.kept_syncs > 0 {
        let _ = writeln!(text, "The file still holds earlier syncs: {}.", summary.kept_syncs);
    }
    for (sentence, times) in &summary.warnings {
        let times = if *times > 1 { format!(" ({} times)", grouped(*times)) } else { String::new() };
        let _ = writeln!(text, "warning: {sentence}{times}");
    }
    let argument = argument(&file);
    let _ = write!(
        text,
        "\nTry next:\n  baton stats -f {argument}\n  baton resources -f {argument}\n  baton grants -f {argument}"
    );
    text
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

/// `1,234,567`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `35.2 KiB`.
fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

/// `1.25 s`, `2 min 5 s`.
fn duration(took: Duration) -> String {
    match took.as_secs() {
        0..60 => format!("{:.2} s", took.as_secs_f64()),
        s => format!("{} min {} s", s / 60, s % 60),
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
mod tests {
    use std::collections::BTreeMap;

    use connector_sync::Phase;

    use super::*;

    #[test]
    fn a_summary_a_person_can_read() {
        let map = |pairs: &[(&str, u64)]| -> BTreeMap<String, u64> {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect()
        };
        let summary = Summary {
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
        };
        insta::assert_snapshot!(render_summary(&summary, Some(61)));
    }

    #[test]
    fn digits_are_grouped() {
        for (n, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (12_345, "12,345"), (1_000_000, "1,000,000")]
        {
            assert_eq!(grouped(n), text);
        }
    }
}
