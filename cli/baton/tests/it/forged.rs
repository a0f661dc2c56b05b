//! Every command on files whose structure somebody changed: what is printed is all there is, or there is an error; and
//! nothing hangs, dies, takes the machine's memory or steers a terminal.

use std::{fs::File, path::Path, sync::mpsc, time::Duration};

use connector_fuzz::forged;
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::Value;
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};

use crate::program;

/// Files, where `BATON_FORGED` does not say how many.
const FILES: u64 = 40;
/// From the issue: any file under 100 MB.
const MOST_MEMORY: i64 = 512 << 20;
/// A command that takes this long hangs. Unoptimised, on a machine that does other things, what takes a second may take
/// some more.
const HANGS: Duration = Duration::from_secs(120);

const COMMANDS: [&[&str]; 8] = [
    &["stats", "-f"],
    &["syncs", "-f"],
    &["resource-types", "-f"],
    &["resources", "-f"],
    &["entitlements", "-f"],
    &["grants", "-f"],
    &["verify"],
    &["expand", "--out", "expanded.c1z", "-f"],
];

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs a command on the forged file.
fn run(folder: &Path, command: &[&str], format: &str) -> Ended {
    let mut args = command.to_vec();
    args.extend(["forged.c1z", "-o", format]);
    let file = |name: &str| File::create(folder.join(name)).expect("a file");
    let mut child = program::baton(folder, &args)
        .stdout(file("stdout"))
        .stderr(file("stderr"))
        .env("BATON_TMPDIR", folder)
        .spawn()
        .expect("the program starts");
    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || ended.send(child.wait()));
    let status =
        end.recv_timeout(HANGS).unwrap_or_else(|_| panic!("{args:?} hangs")).expect("a child of ours");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).expect("the program prints UTF-8");
    Ended { code: status.code(), stdout: text("stdout"), stderr: text("stderr") }
}

/// Whether lines may go to a terminal.
fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| connector_model::text::steers(c) && c != '\n')
}

/// Rows of a table in the sync that is shown, as SQLite counts them.
async fn count(database: &Path, table: &str, sync: &str) -> i64 {
    let mut conn =
        SqliteConnectOptions::new().filename(database).immutable(true).connect().await.expect("SQLite");
    let sql = format!("select count(*) from {table} not indexed where sync_id = ?");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(sync).fetch_one(&mut conn).await.expect("a count")
}

/// Holds every command to its promises. Returns how many lists were compared with the rows.
async fn hold(bytes: &[u8]) -> u64 {
    let mut compared = 0;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = forged(bytes, folder.path()).await;
    let database = folder.path().join("database");
    std::fs::write(&database, zstd::decode_all(&file[5..]).expect("decoded")).expect("written");
    std::fs::write(folder.path().join("forged.c1z"), file).expect("written");
    let about = |command: &[&str]| format!("{command:?} of \"{}\"", bytes.escape_ascii());
    for command in COMMANDS {
        for format in ["console", "json"] {
            let ended = run(folder.path(), command, format);
            let about = about(command);
            let Some(code) = ended.code else { panic!("{about}: a signal: {}", ended.stderr) };
            assert!(is_plain(&ended.stdout) && is_plain(&ended.stderr), "{about}: {:?}", ended.stderr);
            assert!(!ended.stderr.contains("panicked"), "{about}: {}", ended.stderr);
            assert!(code == 0 || ended.stderr.contains("error: "), "{about}: {code} without a sentence");
            assert!(![13, 101].contains(&code), "{about}: a bug: {}", ended.stderr);
            assert!(most_memory() < MOST_MEMORY, "{about}: {} bytes: {}", most_memory(), ended.stderr);
            if code == 0 && format == "json" {
                let document: Value = serde_json::from_str(&ended.stdout).expect("one document");
                if let Some(sync) = shown(folder.path()) {
                    is_whole(&document, command[0], &database, &sync, &about).await;
                    compared += 1;
                }
            }
        }
    }
    compared
}

/// The most memory that a child of this process has had.
fn most_memory() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("the children's usage").max_rss() * 1024
}

/// The sync that is shown where none is named: `stats` tells, and refuses some files that can be listed, such as one
/// with more than 10,000 resource types.
fn shown(folder: &Path) -> Option<String> {
    let ended = run(folder, &["stats", "-f"], "json");
    if ended.code != Some(0) {
        return None;
    }
    let document: Value = serde_json::from_str(&ended.stdout).expect("one document");
    Some(document["id"].as_str().expect("a sync").to_owned())
}

/// A list has as many elements as SQLite counts rows.
async fn is_whole(document: &Value, command: &str, database: &Path, sync: &str, about: &str) {
    let (field, table) = match command {
        "resource-types" => ("resourceTypes", "v1_resource_types"),
        "resources" => ("resources", "v1_resources"),
        "entitlements" => ("entitlements", "v1_entitlements"),
        "grants" => ("grants", "v1_grants"),
        _ => return,
    };
    let printed = document[field].as_array().map_or(0, Vec::len);
    assert_eq!(printed as i64, count(database, table, sync).await, "rows that are not shown: {about}");
}

/// What was found once, and decisions of all kinds.
#[tokio::test]
async fn every_command_holds() {
    let files = std::env::var("BATON_FORGED").ok().and_then(|n| n.parse().ok()).unwrap_or(FILES);
    let mut state = 0x5eed_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let mut compared = 0;
    for _ in 0..files {
        let bytes: Vec<u8> = (0..48).map(|_| random()).collect();
        compared += hold(&bytes).await;
    }
    // Most of the files are refused: a third as many lists as files is what is left.
    assert!(compared >= files / 4, "only {compared} lists of {files} files were compared with their rows");
}
