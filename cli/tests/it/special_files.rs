//! Files that are none, other names of files, and files of other users.

use std::{
    fs::Permissions,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
    process::Command,
};

use crate::support::{Ended, Room, Running, is_c1z, run_without_waiting, site};

fn fifo(room: &Room, name: &str) {
    assert!(Command::new("mkfifo").arg(room.path(name)).status().unwrap().success());
}

/// Whatever is a FIFO or names no file is told before the first request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_waits_for_the_other_end_of_a_fifo() {
    let site = site(&[]).await;
    for (name, arguments, code, says) in [
        ("out.c1z", &["--file=out.c1z"][..], 9, "the output is a FIFO"),
        ("pipe", &["--log-path=a.log,pipe"], 2, "the log file \"pipe\" (--log-path) can't be opened"),
        ("other.c1z", &["--external-resource-c1z=other.c1z"], 3, "check --external-resource-c1z"),
        (".sync.c1z.lock", &[], 9, "the lock file is a FIFO"),
        (".sync.c1z.work", &[], 9, "the working folder is a FIFO"),
        ("config.yaml", &[], 2, "the config file config.yaml: it can't be read"),
    ] {
        let room = Room::new();
        fifo(&room, name);
        let mut command = room.sync_command(&site, arguments);
        if name == "config.yaml" {
            command.env("BATON_CONFIG_PATH", name);
        }
        let ended = run_without_waiting(&mut command);
        assert_eq!(ended.code, code, "{name}: {}", ended.stderr);
        assert!(
            ended.stderr.contains(says) && ended.stderr.contains("is a FIFO"),
            "{name}: {}",
            ended.stderr
        );
        assert!(room.path(name).symlink_metadata().is_ok(), "{name}: it stays");
    }
    assert_eq!(site.requests().total, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_output_that_is_no_file_is_told_before_the_first_request() {
    let (room, site) = (Room::new(), site(&[]).await);
    for (file, code, says) in [
        ("", 2, "the flag --file: the name of the file to write is empty"),
        ("new/", 2, "the flag --file: this names a folder"),
        ("..", 2, "the flag --file: this names a folder"),
        ("/dev/stdout", 9, "only a regular file can be replaced"),
        ("/dev/null", 9, "only a regular file can be replaced"),
    ] {
        let ended = room.sync(&site, &["--file", file, "--overwrite"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{file}: {}", ended.stderr);
        assert!(ended.stderr.contains(says), "{file}: {}", ended.stderr);
    }
    assert_eq!(site.requests().total, 0);
    assert_eq!(room.names(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_linked_output_stays_a_link() {
    let (room, site) = (Room::new(), site(&[]).await);
    std::fs::create_dir(room.path("real")).unwrap();
    symlink("real/today.c1z", room.path("sync.c1z")).unwrap();
    for _ in 0..2 {
        let ended = room.sync(&site, &[]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(room.path("sync.c1z").is_symlink() && is_c1z(&room.path("real/today.c1z")));
        assert_eq!(room.names(), ["real", "sync.c1z"]);
        assert_eq!(std::fs::read_dir(room.path("real")).unwrap().count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_user_prepared_is_not_resumed() {
    let (room, site) = (Room::new(), site(&["hang=group-members@1+"]).await);
    std::fs::create_dir(room.path("shared")).unwrap();
    let arguments = ["--c1z-temp-dir=shared"];
    let running = Running::until_stderr(room.sync_command(&site, &arguments), "reading grants");
    assert_eq!(running.stop("TERM"), 143);
    let prepared = std::fs::read_dir(room.path("shared")).unwrap().next().unwrap().unwrap().path();
    if prepared.metadata().unwrap().uid() != 0 {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "skipped: only root can make files of another user");
        return;
    }
    chown(&prepared, Some(54_321), Some(54_321)).unwrap();
    site.set_faults([]);
    site.reset_requests();
    let ended = room.sync(&site, &arguments);
    assert_eq!(ended.code, 9, "{}", ended.stderr);
    assert!(ended.stderr.contains("belongs to another user (uid 54321)"), "{}", ended.stderr);
    assert_eq!(site.requests().total, 0);
    assert!(prepared.join("sync.db").exists(), "it is left alone");
}

/// That is how volumes of containers are made, so it is no error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_where_every_user_may_rename_is_warned_of() {
    let (room, site) = (Room::new(), site(&[]).await);
    std::fs::create_dir(room.path("shared")).unwrap();
    for (mode, warnings) in [(0o777, 1), (0o1777, 0), (0o775, 0)] {
        std::fs::set_permissions(room.path("shared"), Permissions::from_mode(mode)).unwrap();
        let ended = room.sync(&site, &["--c1z-temp-dir=shared"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(ended.stderr.matches("chmod +t").count(), warnings, "{mode:o}: {}", ended.stderr);
    }
}

/// Words and names of the streams, and nothing, work as they did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_go_to_the_streams_and_to_nowhere() {
    let (room, site) = (Room::new(), site(&[]).await);
    let done = "the sync is complete";
    let lines = |ended: &Ended| (ended.stdout.matches(done).count(), ended.stderr.matches(done).count());
    for (path, expected) in [
        ("stdout", (1, 0)),
        ("stderr", (0, 1)),
        ("/dev/stdout", (1, 0)),
        ("/dev/stderr", (0, 1)),
        ("/dev/null", (0, 0)),
    ] {
        let ended = room.sync(&site, &["--log-path", path]);
        assert_eq!((ended.code, lines(&ended)), (0, expected), "{path}: {}", ended.stderr);
    }
}

/// A time limit that no clock reaches is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_may_last_longer_than_clocks_do() {
    let (room, site) = (Room::new(), site(&[]).await);
    let ended = room.sync(&site, &["--run-duration=5000000000000000h"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}
