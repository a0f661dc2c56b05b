//! Planted secrets turn up in no error, no log event and no `Debug`.

use std::{
    fmt::Write as _,
    io,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    response::Redirect,
    routing::{get, post},
};
use connector_http::{Authenticator, Credential, HeaderName, HttpClient};
use connector_model::Result;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::server::{Then, client, raw, serve};

/// Every secret holds this.
const MARK: &str = "hunter2";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

struct SignIn;

#[async_trait]
impl Authenticator for SignIn {
    async fn authenticate(&self, client: &HttpClient) -> Result<Credential> {
        let body = json!({"secret": "pat-hunter2"});
        let secret = "pat-hunter2".into();
        let answer = client.post("signin").json(&body).hide(&secret).send().await?;
        let token = answer.text().into_owned().into();
        Credential::header(HeaderName::from_static("x-tableau-auth"), token)
    }
}

#[tokio::test]
async fn no_secret_is_shown_anywhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    // A server that echoes what it should not.
    let echo = |headers: HeaderMap| async move {
        let token = headers.get("x-tableau-auth").map_or("", |v| v.to_str().expect("text"));
        let cookie = [("set-cookie", "sid=hunter2"), ("x-api-key", "hunter2")];
        (StatusCode::FORBIDDEN, cookie, format!(r#"{{"message": "no rights for {token}"}}"#))
    };
    let router = Router::new()
        .route("/signin", post(|| async { "session-hunter2" }))
        .route("/ok", get(|| async { "[]" }))
        .route("/wrong", get(|| async { r#"{"token": "hunter2"}"# }))
        .route("/forbidden", get(echo))
        .route("/lost", get(|| async { StatusCode::UNAUTHORIZED }))
        .route("/away", get(|| async { Redirect::temporary("https://a:hunter2@x.example/?t=hunter2") }));
    let server = client(&serve(router).await).auth(Arc::new(SignIn)).build().expect("a client");
    let (cut, _) = raw("http", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[", Then::Close).await;
    let (closed, _) = raw("http", b"", Then::Close).await;
    let (listener, refused) = crate::server::listen("http").await;
    drop(listener);
    let key = Credential::bearer("key-hunter2".into()).expect("fine");
    let others =
        [cut, closed, refused].map(|url| client(&url).auth(Arc::new(key.clone())).build().expect("a client"));

    let mut shown = format!("{key:?} {server:?}\n");
    let mut failures = 0;
    let requests = ["ok", "wrong", "forbidden", "lost", "away", "missing"]
        .map(|path| server.get(path))
        .into_iter()
        .chain(others.iter().map(|client| client.get("x")));
    for request in requests {
        let request = request.query([("access_token", "q-hunter2"), ("page", "1")]);
        writeln!(shown, "{request:?}").expect("memory");
        match request.receive::<Vec<u8>>().await {
            Ok(_) => {}
            Err(error) => {
                failures += 1;
                writeln!(shown, "{error} {error:?} {}", error.report()).expect("memory");
            }
        }
    }
    let response = server.get("ok").send().await.expect("fine");
    writeln!(shown, "{response:?} {server:?}").expect("memory");

    assert_eq!(failures, 8, "{shown}");
    let log = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("UTF-8");
    for needed in ["request refused", "no answer", "access_token=[redacted]", "page=1"] {
        assert!(log.contains(needed), "{needed} is not in the log:\n{log}");
    }
    assert!(shown.contains("no rights for [redacted]"), "{shown}");
    for (name, text) in [("error", &shown), ("log", &log)] {
        let leak = text.lines().find(|line| line.contains(MARK));
        assert_eq!(leak, None, "a secret in an {name}");
    }
}
