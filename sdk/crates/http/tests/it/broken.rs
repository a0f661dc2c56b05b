//! Answers that break the rules of HTTP, written byte by byte: each is told
//! for what it is, and is not asked for again where that can't help.

use std::sync::atomic::Ordering;

use connector_http::{HttpClient, Url};
use connector_model::{
    ErrorKind::{self, DataLoss, FailedPrecondition, Unavailable},
    Retry,
};
use serde_json::Value;

use crate::server::{Then, client, raw};

/// What a server writes, how often it is asked, and what is said of it.
type Row = (String, usize, ErrorKind, &'static str);

fn with_head(head: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n[]")
}

fn with_body(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}")
}

#[tokio::test]
async fn each_broken_answer_is_told_for_what_it_is() {
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("x: {}", "y".repeat(1024 * 1024));
    let too_many = "the answer of 127.0.0.1 has too many headers, or too long ones";
    let length = "the answer of 127.0.0.1 has a content-length that is no length, or several";
    let no_header = "the answer of 127.0.0.1 has headers that are no HTTP";
    let chunks = "the answer of 127.0.0.1 is not in valid chunks after";
    let no_http = "127.0.0.1 does not speak HTTP on this port; check the address and port";
    let table: Vec<Row> = vec![
        (with_head(&(many + "content-length: 2")), 1, DataLoss, too_many),
        (with_head(&long), 1, DataLoss, too_many),
        (with_head("content-length: 2\r\ncontent-length: 3"), 1, DataLoss, length),
        (with_head("content-length: -2"), 1, DataLoss, length),
        (with_head("content-length: two"), 1, DataLoss, length),
        (with_head("content-length: 99999999999999999999999"), 1, DataLoss, length),
        (with_head("content-length: 9"), 3, Unavailable, "the answer of 127.0.0.1 broke off after 2 bytes"),
        (with_head("no colon"), 1, DataLoss, no_header),
        (with_head("x: \u{1}"), 1, DataLoss, no_header),
        (with_body("zz\r\n[]\r\n0\r\n\r\n"), 1, DataLoss, chunks),
        (with_body("-2\r\n[]\r\n0\r\n\r\n"), 1, DataLoss, chunks),
        (with_body("fffffffffffffffff\r\n[]\r\n0\r\n\r\n"), 1, DataLoss, chunks),
        (with_body("1\r\n[]\r\n0\r\n\r\n"), 1, DataLoss, chunks),
        (with_body("2\r\n[]"), 3, Unavailable, "the answer of 127.0.0.1 broke off after 2 bytes"),
        ("HTTP/1.1 2000 OK\r\n\r\n".into(), 1, DataLoss, "the answer of 127.0.0.1 has no valid status"),
        ("HTTP/3.1 200 OK\r\n\r\n".into(), 1, FailedPrecondition, no_http),
        ("SSH-2.0-OpenSSH_9.2p1\r\n".into(), 1, FailedPrecondition, no_http),
        (
            "HTTP/1.1 304 Not Modified\r\n\r\n".into(),
            1,
            FailedPrecondition,
            "127.0.0.1 answered 304 Not Modified, though the request set no condition; a cache before the \
             server may be broken",
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: /x\r\n\r\n".into(),
            1,
            FailedPrecondition,
            "127.0.0.1 redirects in a circle, from /x to /x; check the configured address",
        ),
        (
            "HTTP/1.1 205 Reset Content\r\ncontent-length: 2\r\n\r\n[]".into(),
            1,
            DataLoss,
            "127.0.0.1 answered 205 Reset Content, which is no whole answer",
        ),
        (
            "HTTP/1.1 206 Partial Content\r\ncontent-length: 2\r\n\r\n[]".into(),
            1,
            DataLoss,
            "127.0.0.1 answered 206 Partial Content, which is no whole answer",
        ),
        (
            "HTTP/1.1 299 Odd\r\ncontent-length: 2\r\n\r\n[]".into(),
            1,
            DataLoss,
            "127.0.0.1 answered 299, which is no whole answer",
        ),
        (
            with_head("content-encoding: br\r\ncontent-length: 2").replace("[]", "\u{b}\u{1}"),
            1,
            DataLoss,
            "the answer of 127.0.0.1 is encoded as \"br\", which was not asked for",
        ),
    ];
    for (bytes, asked, kind, says) in table {
        let shown = bytes.chars().take(80).collect::<String>();
        let (url, requests) = raw("http", bytes.leak().as_bytes(), Then::Close).await;
        let client = client(&url).build().expect("a client");
        let error = client.get("x").fetch_json::<Value>().await.expect_err("broken");
        assert!(error.message().starts_with(says), "{shown}: {}", error.report());
        assert_eq!((error.kind(), requests.load(Ordering::SeqCst)), (kind, asked), "{shown}: {error}");
        let retry = if asked > 1 { Retry::Exhausted } else { Retry::Never };
        assert_eq!(error.retry(), retry, "{shown}");
    }
}

#[tokio::test]
async fn what_says_that_it_is_a_whole_answer_is_taken() {
    for status in ["200 OK", "201 Created", "202 Accepted", "203 Non-Authoritative Information"] {
        let bytes = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n[]");
        let (url, _) = raw("http", bytes.leak().as_bytes(), Then::Close).await;
        let client = client(&url).build().expect("a client");
        assert_eq!(client.get("x").fetch_json::<Value>().await.expect(status), Value::Array(Vec::new()));
    }
}

#[tokio::test]
async fn redirects_that_lead_on_and_on_end() {
    use axum::{Router, extract::Path, response::Redirect, routing::get};
    let on = get(|Path(n): Path<u32>| async move { Redirect::temporary(&format!("/{}", n + 1)) });
    let url = crate::server::serve(Router::new().route("/{n}", on)).await;
    let error = client(&url).build().expect("a client").get("0").send().await.expect_err("no end");
    assert_eq!(error.kind(), FailedPrecondition);
    let says =
        "127.0.0.1 redirected the request 5 times in a row, and again to /6; check the configured address";
    assert_eq!(error.message(), says);
}

#[test]
fn a_host_name_that_no_name_server_takes_is_refused() {
    let label = |length| "a".repeat(length);
    let dots = |count: usize| vec![label(49); count].join(".");
    for (host, says) in [
        (format!("{}.example", label(64)), "has a part of more than 63 characters"),
        (dots(6), "is longer than 253 characters"),
        ("tableau..example".into(), "has an empty part"),
        // 60 letters, which the name server is asked for as more.
        (format!("{}.example", "ü".repeat(60)), "has a part of more than 63 characters"),
    ] {
        let url: Url = format!("https://{host}/").parse().expect("a URL");
        let error = HttpClient::builder(url).build().expect_err(says);
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        let says = format!("the host name \"{}\" in the address {says}", shown(&host));
        assert!(error.message().starts_with(&says), "{error}");
    }
    for host in [format!("{}.example", label(63)), dots(5), "tableau.example.".into(), "[::1]".into()] {
        let url: Url = format!("https://{host}/").parse().expect("a URL");
        HttpClient::builder(url).build().expect("a name that may be there");
    }
}

/// A name as it is shown: what the name server is asked for, and no more of it
/// than is needed to know it.
fn shown(host: &str) -> String {
    let url: Url = format!("https://{host}/").parse().expect("a URL");
    let host = url.host_str().expect("a host");
    if host.len() > 40 { format!("{}…", &host[..40]) } else { host.to_owned() }
}
