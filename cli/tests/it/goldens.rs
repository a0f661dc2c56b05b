//! What syncs of simulated sites gave when the goldens were made: content, requests and warnings.

use std::fmt::Write as _;

use connector_testkit::document;
use tableau_simulator::{Config, Simulator};

use crate::support::Room;

/// Of each site: content and ledger of the file, requests by endpoint, lines of warnings, and the exit code.
async fn golden(config: Config, arguments: &[&str]) -> String {
    let room = Room::new();
    let site = Simulator::start(config).await.unwrap();
    let mut all = vec!["--file", "sync.c1z"];
    all.extend(arguments);
    let ended = tokio::task::block_in_place(|| room.sync(&site, &all));
    let mut text = format!("exit {}\n", ended.code);
    let warnings = ended.stderr.lines().filter(|line| line.to_lowercase().contains("warn")).count();
    writeln!(text, "warnings: {warnings}").unwrap();
    let requests = site.requests();
    writeln!(text, "requests: {}", requests.total).unwrap();
    for (endpoint, count) in requests.by_endpoint {
        writeln!(text, "{endpoint}: {count}").unwrap();
    }
    if ended.code == 0 {
        let content = document(&room.path("sync.c1z")).await.unwrap();
        writeln!(text, "content: {}", content.sha256).unwrap();
        for (rows, count) in content.counts {
            writeln!(text, "{rows}: {count}").unwrap();
        }
    }
    text
}

/// Small sites, as they are and with faults that a sync gets over.
#[tokio::test(flavor = "multi_thread")]
async fn small_sites() {
    let plain = Config { users: 230, groups: 9, members: 40, ..Config::default() };
    for (name, config, arguments) in [
        ("plain", plain.clone(), &[][..]),
        ("seed", Config { seed: 7, ..plain.clone() }, &[][..]),
        ("default_site", Config { site: String::new(), ..plain.clone() }, &["--site-id="][..]),
        ("future_role", Config { future_role: true, ..plain.clone() }, &[][..]),
        ("old_server", Config { api_version: (3, 4), ..plain.clone() }, &[][..]),
        ("one_worker", plain.clone(), &["--workers=1"][..]),
        ("unknown_members", faulty(&plain, &["ghost-members=3"]), &[][..]),
        // One at a time: how many requests are under way when one fails is chance.
        ("forbidden_groups", faulty(&plain, &["forbidden=groups"]), &["--workers=1"][..]),
    ] {
        insta::assert_snapshot!(format!("site_{name}"), golden(config, arguments).await);
    }
}

fn faulty(config: &Config, faults: &[&str]) -> Config {
    Config { faults: faults.iter().map(|f| f.parse().unwrap()).collect(), ..config.clone() }
}

/// The site of the demo.
#[tokio::test(flavor = "multi_thread")]
async fn demo() {
    let room = Room::new();
    let ended = tokio::task::block_in_place(|| room.run(&["demo"]));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let content = document(&room.path("demo.c1z")).await.unwrap();
    insta::assert_snapshot!("site_demo", format!("{}\n{:#?}", content.sha256, content.counts));
}

/// The large site of the benchmark. It takes a release build, so it runs where one is named: see `.ci/goldens`.
#[tokio::test(flavor = "multi_thread")]
async fn large_site() {
    if std::env::var_os(connector_testkit::program::BUILD).is_none() {
        return;
    }
    let config = Config { users: 100_000, groups: 1_000, members: 500, ..Config::default() };
    insta::assert_snapshot!("site_large", golden(config, &[]).await);
}
