//! Files of the Go SDK, and what the Go tool prints for them. They lie outside the repository: without them these
//! tests say so and pass.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::program;

fn fixtures(test: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    if folder.is_dir() {
        return Some(folder);
    }
    // Not by a macro, whose output the test harness keeps to itself.
    drop(writeln!(std::io::stderr(), "skipped {test}: no folder {}", folder.display()));
    None
}

fn printed_by_go(folder: &Path, name: &str) -> Value {
    let text = std::fs::read_to_string(folder.join("baton-json").join(name)).expect("a fixture");
    serde_json::from_str(&text).expect("JSON")
}

/// As the host that wrote the files has it: UTC.
fn ours(folder: &Path, args: &[&str]) -> Value {
    let mut command = program::baton(folder, args);
    let done = command.args(["-f", "tableau-2025-01.c1z", "-o", "json"]).env("TZ", "UTC").output();
    let done = done.expect("the program starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("JSON")
}

#[test]
fn the_same_documents_as_the_go_tool() {
    let Some(folder) = fixtures("the_same_documents_as_the_go_tool") else { return };
    for (name, args) in [
        ("stats.json", &["stats"][..]),
        ("syncs.json", &["syncs"]),
        ("resource-types.json", &["resource-types"]),
        ("resources-site.json", &["resources", "-t", "site"]),
        ("resources-license.json", &["resources", "-t", "license"]),
        ("entitlements-license.json", &["entitlements", "-t", "license"]),
    ] {
        assert_eq!(ours(&folder, args), printed_by_go(&folder, name), "{name}");
    }
    let mut grants = ours(&folder, &["grants", "-e", "license:viewer:member"]);
    grants["grants"].as_array_mut().expect("a list").truncate(2);
    assert_eq!(grants, printed_by_go(&folder, "grants-license-viewer-first-2.json"));
}

#[test]
fn a_stored_time_is_of_this_hosts_clock() {
    let Some(folder) = fixtures("a_stored_time_is_of_this_hosts_clock") else { return };
    // 2026-11-24 05:57:40.836403695, five hours behind UTC.
    let mut command = program::baton(&folder, &["syncs", "-o", "json", "-f", "tableau-2025-01.c1z"]);
    let done = command.env("TZ", "EST5").output().expect("the program starts");
    let json: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(json["syncs"][0]["startedAt"], "2026-11-24T10:57:40.836403695Z");
}

#[test]
fn every_v1_file_is_listed_in_full() {
    let Some(folder) = fixtures("every_v1_file_is_listed_in_full") else { return };
    // Counts of the fixtures' own description.
    for (file, resources, entitlements, grants) in [
        ("small-expanded.c1z", 1_221, 342, 14_981),
        ("sdk-0.25-sqlite.c1z", 1_100, 100, 10_000),
        ("tableau-2025-01.c1z", 115, 24, 299),
    ] {
        let count = |command: &str| {
            let json = program::json(&folder, &[command, "-f", file]);
            json[command].as_array().map_or(0, Vec::len)
        };
        assert_eq!(count("resources"), resources, "{file}");
        assert_eq!(count("entitlements"), entitlements, "{file}");
        if grants < 5_000 {
            assert_eq!(count("grants"), grants, "{file}");
        }
        let stats = program::json(&folder, &["stats", "-f", file]);
        assert_eq!(stats["stats"]["grants"], grants.to_string(), "{file}");
    }
}

#[test]
fn an_older_sync_is_read_by_its_id() {
    let Some(folder) = fixtures("an_older_sync_is_read_by_its_id") else { return };
    let file = "tableau-two-syncs.c1z";
    let syncs = program::json(&folder, &["syncs", "-f", file]);
    let id = |n: usize| syncs["syncs"][n]["id"].as_str().expect("an id").to_owned();
    for (n, users) in [(0, 102), (1, 100)] {
        let json = program::json(&folder, &["resources", "-t", "user", "-f", file, "--sync-id", &id(n)]);
        assert_eq!(json["resources"].as_array().map(Vec::len), Some(users));
    }
}

#[test]
fn an_unfinished_sync_is_read_and_said() {
    let Some(folder) = fixtures("an_unfinished_sync_is_read_and_said") else { return };
    let run = program::run(&folder, &["stats", "-f", "small-unexpanded.c1z"]);
    assert_eq!(run.code, Some(0));
    assert!(run.stderr.starts_with("note: ") && run.stderr.contains("not finished"), "{}", run.stderr);
}

#[test]
fn a_v3_file_is_refused_with_what_it_holds() {
    let Some(folder) = fixtures("a_v3_file_is_refused_with_what_it_holds") else { return };
    for command in ["stats", "grants", "verify"] {
        let run = program::run(&folder, &[command, "-f", "sdk-0.25-pebble-v3.c1z"]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(9), ""), "{command}");
        assert!(run.stderr.contains("1100 resources, 100 entitlements, 10000 grants"), "{}", run.stderr);
    }
}
