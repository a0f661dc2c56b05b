//! What can go wrong between the program and its site: each ends in one
//! sentence and the right exit code, with the old file intact and nothing half
//! written.

use std::{io::Write as _, process::Command};

use tableau_simulator::Simulator;

use crate::support::{Ended, Room, site};

/// How a sync of a site with a fault ends, where an old file lies in place.
/// Gives the line for the snapshot.
async fn ends(what: &str, fault: &str, arguments: &[&str], change: impl FnOnce(&mut Command)) -> String {
    let (room, site) = (Room::new(), site(&[]).await);
    assert_eq!(room.sync(&site, &["--log-level=error"]).code, 0);
    let old = std::fs::read(room.path("sync.c1z")).unwrap();
    if !fault.is_empty() {
        site.set_faults([fault.parse().unwrap()]);
    }
    let mut command = room.sync_command(&site, &[&["--log-level=error"], arguments].concat());
    change(&mut command);
    let ended = Ended::of(command.output().unwrap());
    assert_ne!(ended.code, 0, "{what}: it must not pass");
    assert_eq!(std::fs::read(room.path("sync.c1z")).unwrap(), old, "{what}: the old file is intact");
    assert_eq!(room.names(), ["sync.c1z"], "{what}: nothing half written");
    sentence(what, &site, &ended)
}

/// The code and the sentence, without what differs from run to run.
fn sentence(what: &str, site: &Simulator, ended: &Ended) -> String {
    assert!(!ended.stderr.contains(&site.token_secret()), "{what}: a secret is shown: {}", ended.stderr);
    assert!(ended.stdout.is_empty(), "{what}: {}", ended.stdout);
    let errors: Vec<_> = ended.stderr.lines().filter(|l| l.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{what}: one sentence: {}", ended.stderr);
    let port = site.url().rsplit(':').next().unwrap().to_owned();
    let text = errors[0].replace(&port, "PORT");
    format!("{what}\n  {} {}\n", ended.code, &text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ends_in_one_sentence_and_the_old_file_stays() {
    let nothing = |_: &mut Command| {};
    let mut all = String::new();
    all += &ends("wrong token", "", &[], |c| {
        c.env("BATON_ACCESS_TOKEN_SECRET", "hunter2");
    })
    .await;
    all += &ends("revoked token", "revoked-token", &[], nothing).await;
    all += &ends("wrong site", "", &[], |c| {
        c.env("BATON_SITE_ID", "nowhere");
    })
    .await;
    all += &ends("a session that ends again and again", "expire=users@1+", &[], nothing).await;
    all += &ends("an account that is no administrator", "non-admin", &[], nothing).await;
    all += &ends("a 403 half way", "forbidden=group-members@2+", &[], nothing).await;
    all += &ends("HTML instead of JSON", "html=users@1+", &[], nothing).await;
    all += &ends("a 429 storm", "storm=500:0", &[], nothing).await;
    all += &ends("no TLS at the other end", "", &[], |c| {
        let url =
            c.get_envs().find(|(k, _)| *k == "BATON_SERVER_PATH").and_then(|(_, v)| v).unwrap().to_owned();
        c.env("BATON_SERVER_PATH", url.to_str().unwrap().replace("http://", "https://"));
    })
    .await;
    all += &ends("a name that does not exist", "", &[], |c| {
        c.env("BATON_SERVER_PATH", "no-such-host.invalid");
    })
    .await;
    all += &ends("plain http to another machine", "", &[], |c| {
        c.env("BATON_SERVER_PATH", "http://tableau.example.com");
    })
    .await;
    insta::with_settings!({filters => vec![
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "LUID"),
        (r"tried_for=[^,)]*", "tried_for=SOME TIME"),
    ]}, { insta::assert_snapshot!(all) });
}

/// Their tries take seconds, so they are apart and run beside the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_does_an_answer_that_breaks_off() {
    let said = ends("a truncated body", "truncate=users@1+", &[], |_| {}).await;
    assert!(said.contains("broke off") && said.contains("  14 "), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_does_a_page_that_hangs() {
    let said = ends("a hung page", "hang=users@1+", &["--http-timeout-seconds=1"], |_| {}).await;
    assert!(said.contains("  4 "), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_does_a_host_that_is_not_there() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = ends("a closed port", "", &[], |c| {
        c.env("BATON_SERVER_PATH", format!("http://{closed}"));
    })
    .await;
    assert!(said.contains("refused") && said.contains("  14 "), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_without_users_is_a_site() {
    let config = tableau_simulator::Config { users: 0, groups: 2, ..tableau_simulator::Config::default() };
    let (room, site) = (Room::new(), Simulator::start(config).await.unwrap());
    let ended = room.sync(&site, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("the sync is complete"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_on_the_same_output_makes_no_request() {
    let (room, first, second) = (Room::new(), site(&["hang=users@1+"]).await, site(&[]).await);
    let command = room.sync_command(&first, &["--log-format=console"]);
    let running = crate::support::Running::until_stderr(command, "reading resources");
    let ended = room.sync(&second, &[]);
    assert_eq!(ended.code, 9, "{}", ended.stderr);
    assert!(ended.stderr.contains("another run is writing this file"), "{}", ended.stderr);
    assert_eq!(second.requests().total, 0);
    running.stop("INT");
}

/// A disk that fills up, on a file system of its own; only root can make one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_and_a_read_only_folder_are_said() {
    let (room, site) = (Room::new(), site(&[]).await);
    let disk = room.path("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = |options: &str| {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&disk).status().is_ok_and(|s| s.success())
    };
    if !mount("size=1m") {
        let _ = writeln!(std::io::stderr(), "skipped: a file system of one's own can't be mounted here");
        return;
    }
    let full = room.sync(&site, &["--file=disk/sync.c1z"]);
    let names: Vec<_> = std::fs::read_dir(&disk).unwrap().collect();
    let remounted = mount("remount,ro");
    let read_only = room.sync(&site, &["--file=disk/sync.c1z"]);
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    assert_eq!(full.code, 8, "{}", full.stderr);
    assert!(full.stderr.contains("too little room"), "{}", full.stderr);
    assert!(names.is_empty(), "{names:?}");
    assert!(remounted);
    assert_eq!(read_only.code, 7, "{}", read_only.stderr);
    assert!(read_only.stderr.contains("can't be written to"), "{}", read_only.stderr);
    assert_eq!(site.requests().total, 0, "both are said before the first request");
}
