//! The system's proxies. Variables of a process can't be set safely while it
//! runs, so the client runs in a child: this test binary once more.

use std::{env, process::Stdio, sync::atomic::Ordering};

use tokio::process::Command;

use crate::server::{Then, client, raw};

/// Set for the child only; holds the address to ask.
const TARGET: &str = "CONNECTOR_HTTP_TEST_TARGET";

#[tokio::test]
async fn the_client_of_the_child() {
    let Ok(target) = env::var(TARGET) else { return };
    let url = target.parse().expect("a URL");
    let outcome = client(&url).build().expect("a client").get("x").send().await;
    let error = outcome.expect_err("nothing answers");
    assert!(error.message().contains(&env::var("EXPECTED").expect("words")), "{}", error.report());
}

async fn child_is_told(target: &str, proxy: &str, expected: &str) {
    let output = Command::new(env::current_exe().expect("a path"))
        .args(["--exact", "proxy::the_client_of_the_child"])
        .env(TARGET, target)
        .env("EXPECTED", expected)
        .envs(["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].map(|name| (name, proxy)))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .stdin(Stdio::null())
        .output()
        .await
        .expect("a child");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
async fn a_proxy_is_used_and_named_when_it_refuses() {
    let refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
    let (proxy, requests) = raw("http", refusal, Then::Close).await;
    child_is_told("https://tableau.invalid/", proxy.as_str(), "the proxy did not connect").await;
    assert_eq!(requests.swap(0, Ordering::SeqCst), 3);

    // This machine is reached directly.
    let (listener, here) = crate::server::listen("http").await;
    drop(listener);
    child_is_told(here.as_str(), proxy.as_str(), "refused the connection").await;
    assert_eq!(requests.load(Ordering::SeqCst), 0);
}
