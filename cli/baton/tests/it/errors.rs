//! What bad input gets: one sentence, nothing on stdout, and the code of its kind.

use connector_model::Result;
use insta::assert_snapshot;

use crate::{program, sample};

#[tokio::test]
async fn each_error_is_one_sentence() -> Result<()> {
    let folder = sample::folder().await?;
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file");
    let whole = std::fs::read(folder.path().join("sync.c1z")).expect("the sample");
    write("half.c1z", &whole[..whole.len() / 2]);
    write("empty.c1z", b"");
    write("notes.txt", b"not a c1z file");
    for (name, args) in [
        ("missing-file", &["stats", "-f", "nowhere.c1z"][..]),
        ("folder", &["stats", "-f", "."]),
        ("empty-file", &["grants", "-f", "empty.c1z"]),
        ("foreign-file", &["syncs", "-f", "notes.txt"]),
        ("truncated-file", &["syncs", "-f", "half.c1z"]),
        ("verify-truncated-file", &["verify", "half.c1z"]),
        ("unknown-sync", &["resources", "--sync-id", "nope"]),
        ("unknown-flag", &["stats", "--nope"]),
        ("unknown-command", &["statz"]),
        ("resource-without-type", &["grants", "-r", "all"]),
        ("resource-and-entitlement", &["grants", "-t", "team", "-r", "all", "-e", "x"]),
        ("two-files", &["verify", "sync.c1z", "-f", "sync.c1z"]),
        ("unknown-shell", &["completion", "tcsh"]),
        ("not-built", &["access", "-t", "user", "-r", "ada"]),
    ] {
        let run = program::run(folder.path(), args);
        assert_eq!(run.stdout, "", "{name}");
        assert_snapshot!(format!("error-{name}"), run);
    }
    Ok(())
}

/// It may be a secret; and it is where nobody looks for one.
#[test]
fn what_was_typed_in_a_wrong_place_is_not_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for args in [
        &["hunter2"][..],
        &["stats", "hunter2"],
        &["-f", "sync.c1z", "hunter2"],
        &["verify", "sync.c1z", "hunter2"],
        &["completion", "hunter2"],
        &["--hunter2"],
        &["stats", "--hunter2=hunter2"],
        &["stats", "--nope", "hunter2"],
        &["stats", "-xhunter2"],
        &["verify", "--legacy=hunter2"],
        &["stats", "--", "hunter2"],
    ] {
        let run = program::run(folder.path(), args);
        assert_eq!((run.code, run.stderr.lines().count()), (Some(2), 1), "{args:?}: {}", run.stderr);
        assert!(!run.stderr.contains("hunter2"), "{args:?}: {}", run.stderr);
    }
}

/// The other commands of the Go tool, `sdk-runtime` facts §7.
#[test]
fn what_is_not_built_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for command in [
        "access",
        "principals",
        "diff",
        "export",
        "explorer",
        "recalculate-stats",
        "to-pebble",
        "sanitize",
        "rollback-expansion",
        "dump-db",
        "optimize",
    ] {
        let run = program::run(folder.path(), &[command, "--out", "x"]);
        assert_eq!(run.code, Some(12), "{command}");
        assert!(
            run.stderr.starts_with(&format!("error: `baton {command}` is not built yet")),
            "{}",
            run.stderr
        );
        assert_eq!(run.stderr.lines().count(), 1);
    }
}

#[tokio::test]
async fn another_format_is_console_and_said() -> Result<()> {
    let folder = sample::folder().await?;
    let run = program::run(folder.path(), &["syncs", "-o", "yaml"]);
    assert_eq!(run.code, Some(0));
    assert_eq!(run.stdout, program::run(folder.path(), &["syncs"]).stdout);
    assert!(run.stderr.contains("\"yaml\""), "{}", run.stderr);
    Ok(())
}

#[tokio::test]
async fn a_row_that_does_not_decode_is_named() -> Result<()> {
    let folder = sample::folder().await?;
    sample::write_rows(folder.path(), "broken.c1z", &[sample::broken_grant()?]).await?;
    let run = program::run(folder.path(), &["grants", "-f", "broken.c1z", "-o", "json"]);
    assert_eq!(run.code, Some(15));
    assert!(run.stderr.contains("id=team:core:member:user:ada"), "{}", run.stderr);
    Ok(())
}
