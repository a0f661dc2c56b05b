//! The program around the library.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use connector_testkit::{program, program::command};

#[tokio::test]
async fn the_program_tells_where_it_serves_and_ends_on_a_signal() {
    let mut child = command(program!("tableau-simulator"))
        .args([
            "--seed",
            "4",
            "--users",
            "7",
            "--groups",
            "2",
            "--members",
            "3",
            "--fault",
            "forbidden=groups",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    for key in ["url", "site", "token_name", "token_secret"] {
        assert!(ready[key].is_string(), "{ready}");
    }
    let url = format!("{}/_sim/seed", ready["url"].as_str().unwrap());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let seed: serde_json::Value = http.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(seed["users"].as_array().unwrap().len(), 7);
    drop(http);
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(child.wait().unwrap().success());
    assert!(lines.next().is_none(), "one line on stdout, no more");
}

#[test]
fn help_names_every_fault_and_mistakes_are_told() {
    let program = || command(program!("tableau-simulator"));
    let help = String::from_utf8(program().arg("--help").output().unwrap().stdout).unwrap();
    for fault in ["expire=WHEN", "rate-limit=WHEN", "ghost-members=K", "non-admin"] {
        assert!(help.contains(fault), "{fault}");
    }
    let refused = program().args(["--fault", "nonsense"]).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8(refused.stderr).unwrap().contains("is not a fault"));
}
