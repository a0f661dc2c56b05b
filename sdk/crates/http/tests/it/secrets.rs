//! Planted secrets turn up in no error, no log event and no `Debug`.

use std::{
    collections::HashSet,
    fmt::Write as _,
    io,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::Redirect,
    routing::{get, post},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
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
        let answer = client.post("signin").json(&body).redact(&secret).send().await?;
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
        match request.fetch_json::<Vec<u8>>().await {
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

/// Secrets with what an encoding changes: `=`, `/`, `:`, `"`, `&`, a space.
const TOKEN: &str = "qlE1g9MMh9vbrjjg==:rZTHhPp/P2tUW1kfn4+tjg8";
const SESSION: &str = "T0k3n \"of\"&<session>/8fK2'xQ";

/// A text as a server may write it back.
type Encode = fn(&str) -> String;

fn percent(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02x}")).collect()
}

fn escaped(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect()
}

/// Every way in which a secret was seen to come back, and those beside them.
const ENCODINGS: [(&str, Encode); 16] = [
    ("raw", str::to_owned),
    ("JSON", |s| serde_json::to_string(s).expect("a text").trim_matches('"').to_owned()),
    ("JSON with slashes", |s| s.replace('\\', "\\\\").replace('"', "\\\"").replace('/', "\\/")),
    ("JSON units", escaped),
    ("JSON in JSON", |s| escaped(s).replace('\\', "\\\\")),
    ("decimal entities", |s| s.chars().map(|c| format!("&#{};", u32::from(c))).collect()),
    ("hexadecimal entities", |s| s.chars().map(|c| format!("&#x{:X};", u32::from(c))).collect()),
    ("named entities", |s| {
        s.replace('&', "&amp;").replace('<', "&lt;").replace('=', "&equals;").replace('"', "&quot;")
    }),
    ("percent", percent),
    ("percent twice", |s| percent(&percent(s))),
    ("a form", |s| url::form_urlencoded::byte_serialize(s.as_bytes()).collect()),
    ("base64 of Basic", |s| BASE64_STANDARD.encode(format!("ada:{s}"))),
    ("base64 for URLs", |s| BASE64_URL_SAFE_NO_PAD.encode(s)),
    ("hexadecimal", |s| s.bytes().map(|b| format!("{b:02X}")).collect()),
    ("split by spaces", |s| s.chars().map(|c| format!("{c} ")).collect()),
    ("the most of it", |s| s[..s.len() - 2].to_owned()),
];

/// What a text shows of a secret: as many of its characters in a row as nobody
/// could take for chance, as they are or in an encoding.
struct Leaks(Vec<(usize, HashSet<Vec<u8>>)>);

impl Leaks {
    fn of(secret: &str) -> Self {
        let mut forms: Vec<String> = ENCODINGS.iter().map(|(_, encode)| encode(secret)).collect();
        // Any offset within a longer text that is base64.
        forms.extend(["", "a", "ab"].map(|before| {
            let text = BASE64_STANDARD.encode(format!("{before}{secret}"));
            text[4..text.len() - 4].to_owned()
        }));
        // Encodings of single characters repeat their own marks: longer pieces.
        let pieces = |least: usize| {
            let forms = forms
                .iter()
                .map(|form| compact(form))
                .filter(|form| least == if form.len() > 2 * secret.len() { 36 } else { 12 });
            let pieces = forms.flat_map(|form| form.windows(least).map(<[u8]>::to_vec).collect::<Vec<_>>());
            (least, pieces.collect())
        };
        Self(vec![pieces(12), pieces(36)])
    }

    fn find(&self, text: &str) -> Option<String> {
        let text = compact(text);
        self.0.iter().find_map(|(least, pieces)| {
            let piece = text.windows(*least).find(|piece| pieces.contains(*piece))?;
            Some(String::from_utf8_lossy(piece).into_owned())
        })
    }
}

fn compact(text: &str) -> Vec<u8> {
    text.bytes().filter(|b| !b.is_ascii_whitespace()).map(|b| b.to_ascii_lowercase()).collect()
}

/// Answers that write a secret back in every encoding and in every place of
/// an answer.
#[tokio::test]
async fn a_secret_that_comes_back_encoded_is_not_shown() {
    struct Tokens;
    #[async_trait]
    impl Authenticator for Tokens {
        async fn authenticate(&self, client: &HttpClient) -> Result<Credential> {
            let secret = TOKEN.into();
            client.post("signin").json(&json!({"secret": TOKEN})).redact(&secret).send().await?;
            Credential::header(HeaderName::from_static("x-tableau-auth"), SESSION.into())
        }
    }
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    for (name, encode) in ENCODINGS {
        for secret in [TOKEN, SESSION] {
            let (text, leaks) = (encode(secret), Leaks::of(secret));
            let (location, header) = (
                format!("/at/{text}?x={text}"),
                HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("x/x")),
            );
            let html = [("content-type", "text/html")];
            let with = |body: String| get(move || async move { (StatusCode::FORBIDDEN, body) });
            let fine = |body: String| get(move || async move { body });
            let page = format!("<html><title>Dear {text} of</title>");
            let refused = page.clone();
            let away = (StatusCode::FOUND, [("location", location.replace('"', "%22").replace(' ', "%20"))]);
            let typed = header.clone();
            let router = Router::new()
                .route("/signin", post(|| async {}))
                .route("/message", with(format!(r#"{{"message": "no rights for {text} here"}}"#)))
                .route("/plain", with(format!(r#"{{"error": {{"summary": "{}"}}}}"#, text.replace('"', "'"))))
                .route("/page", get(move || async move { (StatusCode::BAD_REQUEST, html, refused) }))
                .route(
                    "/type",
                    get(move || async move { (StatusCode::BAD_REQUEST, [("content-type", typed)], "<x>") }),
                )
                .route("/header", get(move || async move { (StatusCode::BAD_REQUEST, [("x-said", header)]) }))
                .route("/away", get(move || async move { away }))
                .route("/fine-page", get(move || async move { (html, page) }))
                .route("/fine-type", fine(format!(r#"["{text}"]"#)))
                .route("/fine-variant", fine(format!(r#""{text}""#)))
                .route("/fine-field", fine(format!(r#"{{"{text}": 1}}"#)));
            let url = serve(router).await;
            let seen = Arc::new(Mutex::new(String::new()));
            let sees = Arc::clone(&seen);
            let client = client(&url).auth(Arc::new(Tokens)).classify(move |failure| {
                let said = (failure.text(), failure.json::<serde_json::Value>(), failure.header("x-said"));
                let _ = writeln!(sees.lock().expect("no panic"), "{failure:?} {said:?}");
                None
            });
            let client = client.build().expect("a client");
            for path in
                ["message", "plain", "page", "type", "header", "away", "fine-page", "fine-type", "fine-field"]
            {
                let error = client.get(path).fetch_json::<Vec<u8>>().await.expect_err(path);
                let shown = format!("{error} {error:?} {}", error.report());
                assert_eq!(leaks.find(&shown), None, "{name} in {path}: {shown}");
            }
            let seen = seen.lock().expect("no panic").clone();
            assert_eq!(leaks.find(&seen), None, "{name} to a classifier: {seen}");
            #[derive(Debug, serde::Deserialize)]
            #[serde(deny_unknown_fields, rename_all = "lowercase")]
            enum Known {
                One,
            }
            for path in ["fine-variant", "fine-field"] {
                let error = client.get(path).fetch_json::<Known>().await.expect_err(path);
                let shown = format!("{error} {error:?} {}", error.report());
                assert_eq!(leaks.find(&shown), None, "{name} in {path}: {shown}");
            }
        }
    }
    let log = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("UTF-8");
    for secret in [TOKEN, SESSION] {
        let leaks = Leaks::of(secret);
        let leak = log.lines().find_map(|line| leaks.find(line).map(|piece| (piece, line)));
        assert_eq!(leak, None, "in the log");
    }
}

/// Of an answer to a request that carried a secret in its body nothing is
/// quoted, not even what holds no secret that anybody could find.
#[tokio::test]
async fn an_answer_to_a_request_with_a_secret_in_its_body_is_not_quoted() {
    const WORD: &str = "quokka";
    let page = || format!("<html><title>{WORD}</title>");
    let said = || format!(r#"{{"message": "{WORD}", "error": {{"code": "401001", "summary": "{WORD}"}}}}"#);
    let html = [("content-type", "text/html; charset=quokka")];
    let router = Router::new()
        .route("/page", post(move || async move { (StatusCode::BAD_REQUEST, html, page()) }))
        .route("/said", post(move || async move { (StatusCode::UNAUTHORIZED, said()) }))
        .route("/away", post(|| async { Redirect::temporary("/quokka") }))
        .route("/elsewhere", post(|| async { Redirect::temporary("https://quokka.example/") }))
        .route(
            "/typed",
            post(|| async { (StatusCode::BAD_REQUEST, [("content-type", "a/quokka; x=quokka")], "<") }),
        )
        .route("/fine-page", post(move || async move { (html, page()) }))
        .route("/fine-said", post(move || async move { said() }))
        .route("/fine-array", post(|| async { r#"["quokka"]"# }))
        .route("/fine-text", post(|| async { "quokka" }));
    let seen = Arc::new(Mutex::new(String::new()));
    let (sees, url) = (Arc::clone(&seen), serve(router).await);
    let client = client(&url)
        .classify(move |failure| {
            let said: Option<serde_json::Value> = failure.json();
            let mut seen = sees.lock().expect("no panic");
            let _ =
                writeln!(seen, "{} {:?} {said:?}", failure.text(), String::from_utf8_lossy(failure.body()));
            None
        })
        .build()
        .expect("a client");
    for path in
        ["page", "said", "away", "elsewhere", "typed", "fine-page", "fine-said", "fine-array", "fine-text"]
    {
        let request = client.post(path).json(&json!({"secret": TOKEN})).redact(&TOKEN.into());
        let error = request.fetch_json::<Vec<u8>>().await.expect_err(path);
        let shown = format!("{error} {error:?} {}", error.report());
        assert!(!shown.contains(WORD), "{path}: {shown}");
        assert!(shown.contains("127.0.0.1 answered") || shown.contains("JSON"), "{path}: {shown}");
    }
    let seen = seen.lock().expect("no panic").clone();
    assert!(!seen.contains(WORD), "{seen}");
    assert!(seen.contains("401001"), "a typed code is left: {seen}");
}
