//! Bodies, broken connections and redirects.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::Redirect,
    routing::{get, post},
};
use connector_http::{Credential, HeaderName};
use connector_model::{ErrorKind, Retry};
use flate2::{Compression, write::GzEncoder};
use futures::stream;
use serde_json::{Value, json};

use crate::server::{Then, client, raw, serve};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[tokio::test]
async fn json_goes_both_ways() {
    let echo = post(|headers: HeaderMap, Json(body): Json<Value>| async move {
        let sent = |name: &str| headers[name].to_str().expect("text").to_owned();
        Json(json!({
            "got": body,
            "agent": sent("user-agent"),
            "accept": sent("accept"),
            "type": sent("content-type"),
        }))
    });
    let url = serve(Router::new().route("/api/echo", echo)).await;
    let base = url.join("api").expect("a URL");
    let client = client(&base).user_agent("baton-test/1.2.3").build().expect("a client");
    let request = client.post("echo").json(&json!({"a": [1, "ü"]}));
    // On a task of its own: the future can move between threads.
    let task = tokio::spawn(async move { request.fetch_json::<Value>().await });
    let value = task.await.expect("no panic").expect("an echo");
    assert_eq!(
        value,
        json!({
            "got": {"a": [1, "ü"]},
            "agent": "baton-test/1.2.3",
            "accept": "application/json",
            "type": "application/json",
        })
    );
    let stats = client.stats();
    assert_eq!((stats.requests, stats.statuses.get(&200)), (1, Some(&1)));
}

#[tokio::test]
async fn gzip_is_unpacked_and_a_large_body_comes_whole() {
    let text = format!("[{}1]", "1234567,".repeat(100_000));
    let (packed, plain) = (gzip(text.as_bytes()), text.clone());
    let router = Router::new()
        .route("/gzip", get(move || async { ([(header::CONTENT_ENCODING, "gzip")], packed) }))
        .route("/plain", get(move || async { plain }));
    let client = client(&serve(router).await).build().expect("a client");
    for path in ["gzip", "plain"] {
        let response = client.get(path).send().await.expect(path);
        assert!(response.text() == text, "{path}");
    }
}

#[tokio::test]
async fn a_body_is_bounded_however_it_comes() {
    let sent = Arc::new(AtomicUsize::new(0));
    let endless = {
        let sent = Arc::clone(&sent);
        get(move || async move {
            Body::from_stream(stream::repeat_with(move || {
                sent.fetch_add(1, Ordering::SeqCst);
                Ok::<_, std::io::Error>(vec![b' '; 16 * 1024])
            }))
        })
    };
    let bomb = gzip(&vec![b' '; 8 * 1024 * 1024]);
    assert!(bomb.len() < 16 * 1024, "a bomb is small");
    let router = Router::new()
        .route("/endless", endless)
        .route("/long", get(|| async { vec![b' '; 100_001] }))
        .route("/fits", get(|| async { vec![b' '; 100_000] }))
        .route("/bomb", get(|| async { ([(header::CONTENT_ENCODING, "gzip")], bomb) }));
    let client = client(&serve(router).await).max_body_bytes(100_000).build().expect("a client");
    for path in ["endless", "long", "bomb"] {
        let error = client.get(path).send().await.expect_err(path);
        assert_eq!((error.kind(), error.retry()), (ErrorKind::ResourceExhausted, Retry::Never));
        assert!(error.message().contains("larger than the limit of 100000 bytes"), "{error}");
    }
    client.get("fits").send().await.expect("exactly the limit");
    // What the sockets' buffers hold is on top.
    assert!(sent.load(Ordering::SeqCst) < 2000, "the stream was read on");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_asked_for_again_and_then_said() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"users\":";
    let (url, requests) = raw("http", cut, Then::Close).await;
    let client = client(&url).build().expect("a client");
    let error = client.get("users").fetch_json::<Value>().await.expect_err("cut");
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Exhausted));
    assert_eq!(error.message(), "the answer of 127.0.0.1 broke off after 9 bytes");
    assert_eq!(requests.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_packed_body_that_breaks_off_or_is_none_is_told_apart() {
    let packed = gzip("[1234567]".repeat(1000).as_bytes());
    let half = packed[..packed.len() / 2].to_vec();
    let gzipped = [("content-encoding", "gzip")];
    let router = Router::new()
        .route("/half", get(move || async move { (gzipped, half) }))
        .route("/none", get(move || async move { (gzipped, "not gzip at all, but text") }));
    let client = client(&serve(router).await).build().expect("a client");
    let error = client.get("half").send().await.expect_err("half");
    assert!(error.message().contains("broke off"), "{}", error.report());
    let error = client.get("none").send().await.expect_err("none");
    assert_eq!(error.kind(), ErrorKind::DataLoss, "{}", error.report());
    assert!(error.message().contains("can't be decompressed"), "{error}");
}

#[tokio::test]
async fn a_connection_closed_without_an_answer() {
    let (url, requests) = raw("http", b"", Then::Close).await;
    let client = client(&url).build().expect("a client");
    let error = client.get("x").send().await.expect_err("closed");
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Exhausted));
    assert_eq!(error.message(), "127.0.0.1 closed the connection without an answer");
    assert_eq!(requests.swap(0, Ordering::SeqCst), 3);

    let error = client.post("x").send().await.expect_err("closed");
    assert_eq!(error.retry(), Retry::Backoff, "the caller may know more");
    assert_eq!(requests.load(Ordering::SeqCst), 1, "a write that may have worked");
}

#[tokio::test]
async fn a_hung_page_ends() {
    let (url, _) = raw("http", b"", Then::Hang).await;
    let (halfway, _) = raw("http", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1", Then::Hang).await;
    for (url, words) in
        [(url, "took the request and did not answer in time"), (halfway, "stopped coming after 2 bytes")]
    {
        let client = client(&url).silence_timeout(Duration::from_millis(50)).build();
        let error = client.expect("a client").get("x").send().await.expect_err("hung");
        assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
        assert!(error.message().contains(words), "{error}");
        assert_eq!(error.get("attempts"), Some("3"));
    }
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_for_any_method() {
    let (listener, url) = crate::server::listen("http").await;
    drop(listener);
    let client = client(&url).build().expect("a client");
    let error = client.post("x").send().await.expect_err("nobody there");
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Exhausted));
    assert!(error.message().starts_with("127.0.0.1 refused the connection"), "{error}");
    assert_eq!(error.get("attempts"), Some("3"));
}

#[tokio::test]
async fn a_redirect_to_another_server_gets_nothing() {
    let visits = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&visits);
    let other = serve(Router::new().fallback(move || async move {
        count.fetch_add(1, Ordering::SeqCst);
    }))
    .await;
    let away = get(move || async move { Redirect::temporary(other.as_str()) });
    let router = Router::new()
        .route("/away", away)
        .route("/near", get(|| async { Redirect::permanent("/here") }))
        .route(
            "/here",
            get(|headers: HeaderMap| async move { headers["x-auth"].to_str().expect("text").to_owned() }),
        );
    let key = Credential::header(HeaderName::from_static("x-auth"), "s3cret".into());
    let client = client(&serve(router).await).auth(Arc::new(key.expect("fine")));
    let client = client.build().expect("a client");
    let error = client.get("away").send().await.expect_err("not followed");
    assert!(error.message().contains("307 Temporary Redirect, a redirect to http"), "{error}");
    assert_eq!(visits.load(Ordering::SeqCst), 0);
    assert_eq!(client.get("near").send().await.expect("followed").text(), "s3cret");
}

#[tokio::test]
async fn an_error_page_of_any_length_is_read_as_far_as_is_useful() {
    let page = format!("<html><h1>Gateway\n\ttrouble</h1>{}", "x".repeat(1024 * 1024));
    let html = [(header::CONTENT_TYPE, "text/html")];
    let router = Router::new().route("/x", get(move || async move { (StatusCode::BAD_GATEWAY, html, page) }));
    let client = client(&serve(router).await)
        .classify(|failure| {
            assert_eq!(failure.body().len(), 64 * 1024);
            assert_eq!(failure.text().len(), 4 * 1024);
            None
        })
        .build()
        .expect("a client");
    let error = client.get("x").send().await.expect_err("a 502");
    assert_eq!(
        error.message(),
        "127.0.0.1 answered 502 Bad Gateway with text/html that begins \"Gateway trouble\""
    );
}
