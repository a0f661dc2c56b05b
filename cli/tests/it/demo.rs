//! `baton-tableau demo`.

use crate::support::{Ended, Room, is_c1z};

#[test]
fn the_demo_says_what_it_did_and_can_be_run_again() {
    let room = Room::new();
    // What is set for real runs is of no account.
    std::fs::write(room.path(".baton.yaml"), "- broken").unwrap();
    for _ in 0..2 {
        let arguments = ["demo", "--users", "40", "--groups", "3"];
        let ended = Ended::of(room.command(&arguments).env("BATON_WORKERS", "x").output().unwrap());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(room.names(), [".baton.yaml", "demo.c1z"]);
        assert!(is_c1z(&room.path("demo.c1z")));
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"\d+\.\d+ KiB", "[size]");
        settings.add_filter(r"\d+\.\d\d s", "[time]");
        settings.add_filter(r"127\.0\.0\.1:\d+", "127.0.0.1:[port]");
        settings.bind(|| {
            insta::assert_snapshot!("demo_stdout", ended.stdout);
            insta::assert_snapshot!("demo_stderr", ended.stderr);
        });
    }
}

#[test]
fn what_can_not_be_simulated_is_refused() {
    let room = Room::new();
    for arguments in [&["demo", "--users=none"][..], &["demo", "--groups=0"]] {
        let ended = room.run(arguments);
        assert_eq!(ended.code, 2, "{arguments:?}");
        assert!(ended.stderr.contains(arguments[1].split_once('=').unwrap().0), "{}", ended.stderr);
        assert_eq!(room.names(), [""; 0]);
    }
}

#[cfg(unix)]
#[test]
fn the_site_goes_on_and_can_be_synced_by_hand() {
    use crate::support::Running;

    let room = Room::new();
    let demo = ["demo", "--users=40", "--groups=3", "--keep-serving", "--file=first.c1z"];
    let (running, seen) = Running::until_stdout(room.command(&demo), "baton-tableau --file sync.c1z");
    let exports = seen.lines().filter_map(|line| line.trim().strip_prefix("export ")?.split_once('='));
    let ended = Ended::of(room.command(&[]).envs(exports).output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(is_c1z(&room.path("first.c1z")) && is_c1z(&room.path("sync.c1z")));
    assert_eq!(running.stop("INT"), 0);
}
