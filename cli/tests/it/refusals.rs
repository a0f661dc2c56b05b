//! A command line or configuration that is wrong: one message on stderr, the
//! exit code, and nothing done.

use std::fmt::Write as _;

use crate::support::{Ended, Room};

const SETTINGS: [(&str, &str); 3] = [
    ("BATON_ACCESS_TOKEN_NAME", "name"),
    ("BATON_ACCESS_TOKEN_SECRET", "hunter2"),
    // Nobody listens there, and nobody is to be asked.
    ("BATON_SERVER_PATH", "http://127.0.0.1:9"),
];

/// Runs in an empty folder, in which nothing may appear.
fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let room = Room::new();
    let ended = Ended::of(room.command(arguments).envs(environment.iter().copied()).output().unwrap());
    assert_eq!(room.names(), [""; 0], "{arguments:?}");
    assert_eq!(ended.stdout, "", "{arguments:?}");
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    ended
}

#[test]
fn what_is_wrong_is_said_in_one_message() {
    let mut text = String::new();
    let none: &[(&str, &str)] = &[];
    let mut with = |arguments: &[&str], environment: &[(&str, &str)]| {
        let ended = refused(arguments, environment);
        let _ = writeln!(
            text,
            "$ baton-tableau {}\n{}[exit {}]\n",
            arguments.join(" "),
            ended.stderr,
            ended.code
        );
    };
    // The command line.
    with(&[], none);
    with(&["--bogus"], none);
    with(&["--access-token-secre", "hunter2"], none);
    with(&["bogus"], none);
    with(&["capabilitys"], none);
    with(&["completion"], none);
    with(&["completion", "tcsh"], none);
    with(&["--file"], none);
    with(&["--workers=many"], none);
    with(&["--provisioning=maybe"], none);
    with(&["health-check"], none);
    // Values.
    with(&["--http-timeout-seconds=0", "--workers=-2", "--storage-engine=rocks"], &SETTINGS);
    with(&["--client-id=x"], &SETTINGS);
    with(&["--revoke-grant=g", "--get-ticket", "--ticket-id=t"], &SETTINGS);
    with(&["--skip-grants"], &SETTINGS);
    with(&["--c1z-temp-dir=/not/there"], &SETTINGS);
    with(&["--sync-resources=bid:r:user/1,bid:r:site/acme/user"], &SETTINGS);
    with(&["--sync-resources=bid:e:group/1:member"], &SETTINGS);
    with(&["--sync-resources=bid:r:user/1"], &SETTINGS);
    with(&["--external-resource-c1z=x.c1z", "--external-resource-traits=app,robot"], &SETTINGS);
    with(&["--run-duration=soon"], &SETTINGS);
    // What is not built.
    with(&["--client-id=x", "--client-secret=hunter2"], &SETTINGS);
    with(&["--create-account-email=a@example.com"], &SETTINGS);
    insta::assert_snapshot!(text);
}

/// It may be a secret that a flag was forgotten for, or misspelled.
#[test]
fn what_was_typed_in_a_wrong_place_is_not_shown() {
    for arguments in [
        &["hunter2"][..],
        &["--workers=3", "hunter2"],
        &["capabilities", "hunter2"],
        &["completion", "hunter2"],
        &["completion", "bash", "hunter2"],
        &["health-check", "--endpoint", "hunter2"],
        &["demo", "hunter2"],
        &["demo", "--users", "hunter2"],
        &["--hunter2"],
        &["--hunter2=hunter2"],
        &["--acess-token-secret=hunter2"],
        &["--acess-token-secret", "hunter2"],
        &["-xhunter2"],
        &["-x", "hunter2"],
        &["-p", "hunter2"],
        &["--", "hunter2"],
    ] {
        let ended = refused(arguments, &[]);
        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn every_task_that_is_not_built_exits_with_12() {
    for arguments in [
        &["--client-id=x", "--client-secret=y"][..],
        &["--grant-entitlement=e", "--grant-principal=p", "--grant-principal-type=user"],
        &["--revoke-grant=g"],
        &["--event-feed=true"],
        &["--create-account-profile={}"],
        &["--create-account-login=l"],
        &["--create-account-email=e"],
        &["--invoke-action=a"],
        &["--list-action-schemas"],
        &["--delete-resource=r", "--delete-resource-type=user"],
        &["--rotate-credentials=r", "--rotate-credentials-type=user"],
        &["--create-ticket", "--ticket-template-path=p"],
        &["--bulk-create-ticket", "--bulk-ticket-template-path=p"],
        &["--list-ticket-schemas"],
        &["--get-ticket", "--ticket-id=t"],
        &["--diff-syncs", "--base-sync-id=a", "--applied-sync-id=b"],
        &["--compact-syncs", "--compact-sync-ids=a", "--compact-file-paths=b", "--compact-output-path=c"],
    ] {
        let ended = refused(arguments, &SETTINGS);
        assert_eq!(ended.code, 12, "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("not built yet"), "{arguments:?}: {}", ended.stderr);
    }
}

#[test]
fn a_config_file_that_does_not_read_is_said() {
    let room = Room::new();
    std::fs::write(room.path("broken.yaml"), "access-token-secret: hunter2\nserver-path: [").unwrap();
    std::fs::write(room.path("good.toml"), "").unwrap();
    for (path, says) in [
        ("broken.yaml", "broken.yaml: it does not parse: line "),
        ("gone.yaml", "gone.yaml: it can't be read"),
        ("good.toml", "must name a .yaml or .yml file"),
    ] {
        let ended = Ended::of(room.command(&[]).env("BATON_CONFIG_PATH", room.path(path)).output().unwrap());
        assert_eq!(ended.code, 2, "{path}");
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_said() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    let room = Room::new();
    let ended =
        Ended::of(room.command(&[]).env("BATON_SITE_ID", OsStr::from_bytes(b"\xff")).output().unwrap());
    assert_eq!(ended.code, 2);
    assert_eq!(ended.stderr, "error: the variable BATON_SITE_ID holds bytes that are not UTF-8\n");
}
