//! One sync of a simulated site.

use serde_json::Value;
use tableau_simulator::{Endpoint, Simulator};

use crate::support::{Ended, Room, is_c1z, site};

/// Simulated sites answer on other threads than the one that waits.
macro_rules! at_a_site {
    ($($(#[$meta:meta])* async fn $name:ident() $body:block)*) => {
        $($(#[$meta])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() $body)*
    };
}

fn log(stderr: &str) -> Vec<Value> {
    stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

at_a_site! {
    async fn a_sync_writes_the_file_and_logs_to_stderr() {
        let (room, site) = (Room::new(), site(&[]).await);
        let ended = room.sync(&site, &["--log-level=debug"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
        assert_eq!(room.names(), ["sync.c1z"]);
        assert!(is_c1z(&room.path("sync.c1z")));

        let lines = log(&ended.stderr);
        assert_eq!(lines.len(), ended.stderr.lines().count(), "every line is JSON: {}", ended.stderr);
        for line in &lines {
            let keys: Vec<&String> = line.as_object().unwrap().keys().take(4).collect();
            assert_eq!(keys, ["level", "ts", "caller", "msg"], "{line}");
        }
        let last = lines.iter().find(|l| l["msg"] == "the sync is complete").unwrap();
        // 40 users, 3 groups and All Users, 4 licenses, the site.
        assert_eq!(last["resources"], 49);
        assert!(!ended.stderr.contains(&site.token_secret()), "a secret is logged");
        assert_eq!(site.requests().of(Endpoint::SignOut), 1);
        assert_eq!(site.open_sessions(), 0);
    }

    async fn values_come_from_the_file_too() {
        let (room, site) = (Room::new(), site(&[]).await);
        let text = format!(
            "server-path: {}\nsite-id: {}\nAccess-Token-Name: {}\naccess-token-secret: {:?}\nfile: mine.c1z\nnope: 1\n",
            site.url(), site.site(), site.token_name(), site.token_secret()
        );
        std::fs::write(room.path(".baton.yaml"), text).unwrap();
        let ended = room.run(&[]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(is_c1z(&room.path("mine.c1z")));
        assert!(ended.stderr.contains("has keys that mean nothing here: nope"), "{}", ended.stderr);
        // The flag wins.
        assert_eq!(room.run(&["-f", "other.c1z"]).code, 0);
        assert!(is_c1z(&room.path("other.c1z")));
    }

    async fn what_means_nothing_is_said_once_and_the_sync_is_made() {
        let (room, site) = (Room::new(), site(&[]).await);
        let flags = ["--storage-engine=pebble", "-p", "--parallel-sync", "--keep-previous-sync-c1z"];
        let ended = room.sync(&site, &[&flags[..], &["--log-level=loud", "--log-format=xml"]].concat());
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(is_c1z(&room.path("sync.c1z")), "a v1 file, whatever is asked");
        for name in ["storage-engine", "provisioning", "parallel-sync", "keep-previous-sync-c1z", "log-level", "log-format"] {
            let said = log(&ended.stderr).iter().filter(|l| l["level"] == "warn" && l["msg"].as_str().unwrap().contains(name)).count();
            assert_eq!(said, 1, "{name}: {}", ended.stderr);
        }
    }

    async fn logs_go_where_they_are_sent() {
        let (room, site) = (Room::new(), site(&[]).await);
        let ended = room.sync(&site, &["--log-path=a.log,b.log", "--log-format=console"]);
        assert_eq!((ended.code, ended.stderr.as_str(), ended.stdout.as_str()), (0, "", ""));
        let a = std::fs::read_to_string(room.path("a.log")).unwrap();
        assert!(a.contains("\tINFO\t") && a.contains("\tthe sync is complete\t{"), "{a}");
        assert_eq!(a, std::fs::read_to_string(room.path("b.log")).unwrap());
        let ended = room.sync(&site, &["--log-path=not/there.log"]);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains("the log file \"not/there.log\" (--log-path) can't be opened"), "{}", ended.stderr);
    }

    async fn resources_only() {
        let (room, site) = (Room::new(), site(&[]).await);
        let ended = room.sync(&site, &["--skip-entitlements-and-grants"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let lines = log(&ended.stderr);
        let last = lines.iter().find(|l| l["msg"] == "the sync is complete").unwrap();
        assert_eq!((&last["entitlements"], &last["grants"]), (&0.into(), &0.into()));
    }

    async fn bad_credentials_exit_with_16() {
        let (room, site) = (Room::new(), site(&[]).await);
        let output = room.sync_command(&site, &[]).env("BATON_ACCESS_TOKEN_SECRET", "hunter2").output();
        let ended = Ended::of(output.unwrap());
        assert_eq!(ended.code, 16, "{}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        assert_eq!(room.names(), [""; 0]);
    }

    async fn a_target_that_can_not_be_written_is_noticed_before_the_first_request() {
        let (room, site) = (Room::new(), site(&[]).await);
        std::fs::create_dir(room.path("folder")).unwrap();
        std::fs::write(room.path("foreign.c1z"), "hello").unwrap();
        std::fs::write(room.path("go.c1z"), b"C1Z3\0\0\0\0\0").unwrap();
        for (file, code) in [("not/there.c1z", 5), ("folder", 3), ("foreign.c1z", 9), ("go.c1z", 9)] {
            let ended = room.sync(&site, &["--file", file]);
            assert_eq!(ended.code, code, "{file}: {}", ended.stderr);
        }
        assert_eq!(site.requests().total, 0);
        assert_eq!(std::fs::read(room.path("foreign.c1z")).unwrap(), b"hello");
        let ended = room.sync(&site, &["--file=go.c1z", "--overwrite"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(is_c1z(&room.path("go.c1z")));
    }
}

#[cfg(unix)]
mod interrupted {
    use super::*;
    use crate::support::Running;

    /// A run that waits for a list of users that never comes.
    fn hanging(room: &Room, site: &Simulator) -> Running {
        std::fs::write(room.path("other.txt"), "mine").unwrap();
        Running::until_stderr(room.sync_command(site, &[]), "reading resources")
    }

    at_a_site! {
        async fn a_signal_leaves_the_old_file_and_what_the_next_run_goes_on_from() {
            for (signal, code) in [("INT", 1), ("TERM", 143)] {
                let (room, quick) = (Room::new(), site(&[]).await);
                assert_eq!(room.sync(&quick, &[]).code, 0);
                let old = std::fs::read(room.path("sync.c1z")).unwrap();

                // Users and groups are read, and made safe with the phase.
                let site = site(&["hang=group-members@1+"]).await;
                std::fs::write(room.path("other.txt"), "mine").unwrap();
                let running = Running::until_stderr(room.sync_command(&site, &[]), "reading grants");
                assert_eq!(running.stop(signal), code, "SIG{signal}");
                assert_eq!(room.names(), [".sync.c1z.work", "other.txt", "sync.c1z"]);
                assert!(std::fs::read(room.path("sync.c1z")).unwrap() == old, "the old file is as it was");
                assert_eq!(site.open_sessions(), 0, "it signed out");

                site.set_faults([]);
                site.reset_requests();
                let ended = room.sync(&site, &[]);
                assert_eq!(ended.code, 0, "{}", ended.stderr);
                assert_eq!(room.names(), ["other.txt", "sync.c1z"]);
                assert_eq!(site.requests().of(Endpoint::Users), 0, "no page is asked for again");
            }
        }

        async fn a_second_run_on_one_file_is_refused_before_any_request() {
            let (room, slow, quick) = (Room::new(), site(&["hang=users@1+"]).await, site(&[]).await);
            let running = hanging(&room, &slow);
            let ended = room.sync(&quick, &[]);
            assert_eq!(ended.code, 9, "{}", ended.stderr);
            assert_eq!(quick.requests().total, 0);
            assert_eq!(running.stop("TERM"), 143);
        }
    }
}
