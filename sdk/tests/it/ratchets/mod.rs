//! Rules that the code does not follow everywhere yet.
//!
//! Each rule counts its violations by place. The counts of today are listed in `exceptions.txt`; a new violation fails,
//! and so does a listed one that is gone, so that the list only shrinks. `RATCHETS=write` writes the list anew after
//! something was mended; it refuses to let a count grow.

mod imports;
mod sources;
mod words;

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use sources::{Source, sources};

/// Violations by rule and place.
type Counts = BTreeMap<(String, String), usize>;

const EXCEPTIONS: &str = "tests/it/ratchets/exceptions.txt";

/// Where tests get the programs from.
const PROGRAM: &str = "sdk/crates/testkit/src/program.rs";

/// What each rule is about.
const RULES: [(&str, &str); 6] = [
    ("v1", "tables of the file format are named in `store` alone"),
    ("work", "tables of the working database are named in `store` and in `sync/checkpoint` alone"),
    ("env", "the environment is read in `runtime` alone, and in `cli/baton` for itself"),
    ("cycle", "files of a crate import each other in one direction, a parent and its children aside"),
    ("word", "words of the vocabulary are used in identifiers, messages and documentation"),
    ("program", "tests run programs by way of `connector_testkit::program!`"),
];

fn found() -> Counts {
    let mut counts = Counts::new();
    let mut add = |rule: &str, place: &str, count: usize| {
        if count > 0 {
            *counts.entry((rule.to_owned(), place.to_owned())).or_default() += count;
        }
    };
    let sources = sources();
    assert!(sources.len() > 300, "the sources were found: {}", sources.len());
    for source in &sources {
        let path = source.path.as_str();
        let in_store = path.starts_with("sdk/crates/store/");
        if source.is_product() {
            let literals = |text: &str| source.literals.iter().filter(|l| l.contains(text)).count();
            if !in_store {
                add("v1", path, literals("v1_"));
            }
            if !in_store && !path.starts_with("sdk/crates/sync/src/checkpoint") {
                add("work", path, source.literals.iter().filter(|l| names_a_working_table(l)).count());
            }
            if !path.starts_with("sdk/crates/runtime/") && !path.starts_with("cli/baton/") && path != PROGRAM
            {
                add("env", path, source.reads_of_the_environment());
            }
        }
        if path != PROGRAM && !path.starts_with("sdk/tests/") {
            add("program", path, source.literals.iter().filter(|l| l.contains("CARGO_BIN_EXE_")).count());
        }
        for (word, count) in words::in_source(source) {
            add("word", &format!("{}:{word}", source.package()), count);
        }
    }
    for place in imports::cycles(&sources) {
        add("cycle", &place, 1);
    }
    counts
}

/// `work_` and the name of a table of the working database, as a word of its own.
fn names_a_working_table(literal: &str) -> bool {
    literal.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word.starts_with("work_"))
}

fn parse(text: &str) -> Counts {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parts = lines.map(|line| {
        let mut parts = line.split_whitespace();
        let mut next = || parts.next().unwrap_or_else(|| panic!("{EXCEPTIONS}: {line:?}"));
        let (rule, place, count) = (next(), next(), next());
        ((rule.to_owned(), place.to_owned()), count.parse().expect("a count"))
    });
    parts.collect()
}

fn write(counts: &Counts) -> String {
    let mut text = "# Violations that are left: rule, place, count. See `mod.rs`.\n".to_owned();
    for (rule, what) in RULES {
        let of_rule: Vec<_> = counts.iter().filter(|((r, _), _)| r == rule).collect();
        if !of_rule.is_empty() {
            write!(text, "\n# {what}\n").expect("text");
            for ((rule, place), count) in of_rule {
                writeln!(text, "{rule} {place} {count}").expect("text");
            }
        }
    }
    text
}

/// What differs between the list and the code, a line each: those that are worse, and those that are better.
fn differences(listed: &Counts, found: &Counts) -> (Vec<String>, Vec<String>) {
    let (mut worse, mut better) = (Vec::new(), Vec::new());
    for key in listed.keys().chain(found.keys().filter(|key| !listed.contains_key(*key))) {
        let of = |counts: &Counts| counts.get(key).copied().unwrap_or(0);
        let line = || format!("{} {}: {} listed, {} found", key.0, key.1, of(listed), of(found));
        match of(found).cmp(&of(listed)) {
            std::cmp::Ordering::Greater => worse.push(line()),
            std::cmp::Ordering::Less => better.push(line()),
            std::cmp::Ordering::Equal => {}
        }
    }
    (worse, better)
}

#[test]
fn violations_only_become_fewer() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join(EXCEPTIONS);
    let listed = parse(&fs::read_to_string(&list).unwrap_or_default());
    let found = found();
    let (worse, better) = differences(&listed, &found);
    let writes = std::env::var("RATCHETS");
    if writes.as_deref() == Ok("write") && (worse.is_empty() || listed.is_empty()) {
        fs::write(&list, write(&found)).expect("the list is written");
        return;
    }
    assert!(worse.is_empty(), "new violations of the rules in sdk/tests/it/ratchets:\n{}", worse.join("\n"));
    assert!(
        better.is_empty(),
        "violations are gone, which is good: run this test with RATCHETS=write to shorten the list\n{}",
        better.join("\n")
    );
}

/// The rules find what they are about.
#[test]
fn violations_are_noticed() {
    let source = |text: &str| Source::of("sdk/crates/http/src/a.rs", text);
    assert_eq!(source("fn f() { std::env::var(\"A\"); env::vars_os(); }").reads_of_the_environment(), 2);
    assert_eq!(source("fn f() { env::temp_dir(); }").reads_of_the_environment(), 0);
    assert!(names_a_working_table("select * from work_queue") && !names_a_working_table("network_error"));
    let text = "/// What was told.\nfn go_on() { warn!(\"the seal is whole\") } // told\n#[cfg(test)]\nmod t { fn seal() {} }";
    let words: Vec<_> =
        words::in_source(&source(text)).into_iter().map(|(w, n)| format!("{w} {n}")).collect();
    assert_eq!(words, ["go_on 1", "seal 1", "told 1", "whole 1"]);
    let file = |path: &str, text: &str| Source::of(&format!("sdk/crates/x/src/{path}"), text);
    let circle = [
        file("a/mod.rs", "use crate::b::{c::{Two, Three}, One};"),
        file("a/d.rs", "use super::Four;"),
        file("b/mod.rs", "mod c;"),
        file("b/c.rs", "use crate::a;"),
    ];
    assert_eq!(imports::cycles(&circle), ["sdk/crates/x:a", "sdk/crates/x:b::c"]);
    assert_eq!(imports::cycles(&circle[..3]), [""; 0]);
    let listed = parse("v1 a 2\nenv b 1\n");
    let (worse, better) = differences(&listed, &parse("v1 a 3\n"));
    assert_eq!((worse.len(), better.len()), (1, 1));
}
