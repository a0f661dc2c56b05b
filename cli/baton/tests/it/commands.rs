//! Every command, in both formats.

use connector_model::Result;
use insta::{assert_json_snapshot, assert_snapshot};

use crate::{program, sample};

#[tokio::test]
async fn tables() -> Result<()> {
    let folder = sample::folder().await?;
    for (name, args) in [
        ("stats", &["stats"][..]),
        ("syncs", &["syncs"]),
        ("resource-types", &["resource-types"]),
        ("resources", &["resources"]),
        ("resources-of-type", &["resources", "-t", "team"]),
        ("entitlements", &["entitlements"]),
        ("grants", &["grants"]),
        ("grants-of-resource", &["grants", "-t", "team", "-r", "core"]),
        ("grants-of-entitlement", &["grants", "-e", "team:all:member"]),
        ("verify", &["verify", "--allow-dangling"]),
        ("verify-strict", &["verify", "sync.c1z"]),
    ] {
        assert_snapshot!(format!("console-{name}"), program::run(folder.path(), args));
    }
    Ok(())
}

#[tokio::test]
async fn documents() -> Result<()> {
    let folder = sample::folder().await?;
    for (name, args) in [
        ("stats", &["stats"][..]),
        ("syncs", &["syncs"]),
        ("resource-types", &["resource-types"]),
        ("resources", &["resources"]),
        ("entitlements", &["entitlements"]),
        ("grants", &["grants"]),
        ("verify", &["verify", "--allow-dangling"]),
    ] {
        let json = program::json(folder.path(), args);
        assert_json_snapshot!(format!("json-{name}"), json, { ".bytes" => "[bytes]" });
    }
    Ok(())
}

#[tokio::test]
async fn filters_say_what_is_not_there() -> Result<()> {
    let folder = sample::folder().await?;
    for (args, missing) in [
        (&["resources", "-t", "usr"][..], "resource type \"usr\""),
        (&["entitlements", "-t", "usr"], "resource type \"usr\""),
        (&["grants", "-t", "usr"], "resource type \"usr\""),
        (&["grants", "-t", "team", "-r", "none"], "resource \"team:none\""),
        (&["grants", "-e", "team:none:member"], "entitlement \"team:none:member\""),
    ] {
        let mut args = args.to_vec();
        args.extend(["-o", "json"]);
        let run = program::run(folder.path(), &args);
        assert_eq!((run.code, run.stdout.as_str()), (Some(0), "{}\n"), "{args:?}");
        assert!(run.stderr.starts_with("note: ") && run.stderr.contains(missing), "{}", run.stderr);
    }
    // A type that has none is no mistake.
    let run = program::run(folder.path(), &["grants", "-t", "user", "-o", "json"]);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("{}\n", ""));
    Ok(())
}

#[tokio::test]
async fn a_sync_is_named_and_the_file_too() -> Result<()> {
    let folder = sample::folder().await?;
    let odd = folder.path().join("größe 東京.c1z");
    std::fs::rename(folder.path().join("sync.c1z"), &odd).expect("a new name");
    let by_default = program::json(folder.path(), &["grants", "-f", "größe 東京.c1z"]);
    let named = ["-f", odd.to_str().expect("UTF-8"), "grants", "--sync-id", sample::SYNC];
    assert_eq!(program::json(folder.path(), &named), by_default);
    Ok(())
}

#[test]
fn words_about_itself() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |args: &[&str]| program::run(folder.path(), args);
    assert_snapshot!("help", run(&["--help"]));
    assert_snapshot!("help-grants", run(&["grants", "--help"]));
    assert_eq!(run(&[]).to_string(), run(&["--help"]).to_string(), "no command asks for help");
    assert_eq!(run(&["-v"]).stdout, format!("baton version {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(run(&["--version"]).stdout, run(&["-v"]).stdout);
    for shell in ["bash", "fish", "powershell", "zsh"] {
        let run = run(&["completion", shell]);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains("resource-types") && !run.stdout.contains("sanitize"), "{shell}");
    }
}
