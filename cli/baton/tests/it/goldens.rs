//! What the program gave for every fixture when the goldens were made: it gives the same, byte for byte.

use std::{fmt::Write as _, fs, path::Path};

use connector_testkit::document;
use sha2::{Digest as _, Sha256};

use crate::program::{Run, run};

const COMMANDS: [&str; 6] = ["stats", "syncs", "resource-types", "resources", "entitlements", "grants"];

/// Names and outputs of all fixtures that the seed's folder has; `None` without that folder.
fn fixtures() -> Option<Vec<(String, Vec<u8>)>> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures");
    let mut files = Vec::new();
    for folder in ["", "v3", "hostile"] {
        for entry in fs::read_dir(shared.join(folder)).ok()? {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|e| e == "c1z") {
                let name = path.strip_prefix(&shared).expect("inside").to_string_lossy().into_owned();
                files.push((name, fs::read(&path).expect("a fixture")));
            }
        }
    }
    files.sort();
    Some(files)
}

fn code(run: &Run) -> String {
    run.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string())
}

fn short(text: &str) -> String {
    Sha256::digest(text).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

#[tokio::test]
async fn fixtures_are_shown_as_before() {
    let Some(fixtures) = fixtures() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let mut golden = String::new();
    for (name, bytes) in fixtures {
        fs::write(folder.path().join("in.c1z"), bytes).expect("a copy");
        writeln!(golden, "{name}").expect("text");
        for command in COMMANDS {
            let [table, json] =
                ["console", "json"].map(|f| run(folder.path(), &[command, "-f", "in.c1z", "-o", f]));
            writeln!(
                golden,
                "  {command}: exit {} and {}, table {}, json {}",
                code(&table),
                code(&json),
                short(&table.stdout),
                short(&json.stdout)
            )
            .expect("text");
        }
        let verified = run(folder.path(), &["verify", "in.c1z", "-o", "json"]);
        writeln!(golden, "  verify: exit {}", code(&verified)).expect("text");
        let expanded = run(folder.path(), &["expand", "in.c1z", "--out", "out.c1z"]);
        write!(golden, "  expand: exit {}", code(&expanded)).expect("text");
        let output = folder.path().join("out.c1z");
        if output.exists() {
            let content = document(&output).await.expect("a file of ours");
            write!(golden, ", content {}", &content.sha256[..16]).expect("text");
            fs::remove_file(output).expect("removed");
        }
        golden.push_str("\n\n");
    }
    insta::assert_snapshot!(golden);
}
