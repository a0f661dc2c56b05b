//! Tests of all that waits, with a scripted transport under a paused clock.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use connector_model::{Error, ErrorKind, Result, Retry, SecretString};
use futures::future::join_all;
use http::{HeaderMap, HeaderName, StatusCode};
use tokio::time::Instant;

use crate::{
    Authenticator, Credential, HttpClient, HttpClientBuilder, HttpFailure, RetryPolicy,
    transport::{Fault, Incoming, Outgoing, Transport},
};

type Answer = Box<dyn Fn(&Outgoing) -> Result<Incoming, Fault> + Send + Sync>;

/// Answers from a script, then with the last answer of it for ever. Each
/// exchange takes 100 ms and says when it was begun.
struct Scripted {
    start: Instant,
    script: Mutex<VecDeque<Answer>>,
    seen: Arc<Mutex<Vec<(u64, Outgoing)>>>,
    under_way: AtomicUsize,
    most: Arc<AtomicUsize>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn exchange(&self, request: &Outgoing) -> Result<Incoming, Fault> {
        let millis = self.start.elapsed().as_millis() as u64;
        self.seen.lock().expect("no panic").push((millis, request.clone()));
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        let mut script = self.script.lock().expect("no panic");
        if script.len() > 1 {
            let answer = script.pop_front().expect("more than one");
            drop(script);
            answer(request)
        } else {
            script.front().expect("a script")(request)
        }
    }
}

/// What a test looks at afterwards.
struct Seen {
    client: HttpClient,
    exchanges: Arc<Mutex<Vec<(u64, Outgoing)>>>,
    most: Arc<AtomicUsize>,
}

impl Seen {
    /// When each exchange was begun, in ms.
    fn millis(&self) -> Vec<u64> {
        self.exchanges.lock().expect("no panic").iter().map(|(at, _)| *at).collect()
    }

    fn count(&self, path: &str) -> usize {
        let exchanges = self.exchanges.lock().expect("no panic");
        exchanges.iter().filter(|(_, request)| request.url.path() == path).count()
    }
}

fn scripted(
    set: impl FnOnce(HttpClientBuilder) -> HttpClientBuilder,
    script: impl IntoIterator<Item = Answer>,
) -> Seen {
    let exchanges = Arc::default();
    let most = Arc::default();
    let transport = Scripted {
        start: Instant::now(),
        script: Mutex::new(script.into_iter().collect()),
        seen: Arc::clone(&exchanges),
        under_way: AtomicUsize::new(0),
        most: Arc::clone(&most),
    };
    let builder = HttpClient::builder("https://h.example/".parse().expect("a URL"));
    let client = set(builder).assemble(Box::new(transport));
    Seen { client, exchanges, most }
}

fn answer(status: u16, headers: &[(&'static str, &str)], body: &'static str) -> Answer {
    let status = StatusCode::from_u16(status).expect("a status");
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().expect("a value"));
    }
    Box::new(move |_| {
        Ok(Incoming { status, headers: map.clone(), body: Bytes::from_static(body.as_bytes()) })
    })
}

fn status(status: u16) -> Answer {
    answer(status, &[], "{}")
}

fn fault(kind: ErrorKind, sent: bool) -> Answer {
    Box::new(move |_| Err(Fault { error: Error::new(kind, "no luck"), sent }))
}

fn same(builder: HttpClientBuilder) -> HttpClientBuilder {
    builder
}

#[tokio::test(start_paused = true)]
async fn what_may_be_tried_again_and_what_not() {
    // (answer, tries of a GET, tries of a POST, tries of an idempotent POST)
    type Row = (fn() -> Answer, usize, usize, usize);
    let table: [Row; 12] = [
        (|| status(502), 5, 1, 5),
        (|| status(503), 5, 1, 5),
        (|| status(504), 5, 1, 5),
        (|| status(408), 5, 1, 5),
        (|| status(429), 5, 1, 5),
        (|| status(500), 2, 1, 2),
        (|| status(501), 1, 1, 1),
        (|| status(400), 1, 1, 1),
        (|| status(403), 1, 1, 1),
        (|| fault(ErrorKind::Unavailable, false), 3, 3, 3),
        (|| fault(ErrorKind::Unavailable, true), 5, 1, 5),
        (|| fault(ErrorKind::DeadlineExceeded, true), 3, 1, 3),
    ];
    for (row, (make, get, post, idempotent)) in table.into_iter().enumerate() {
        let tries = async |request: fn(&HttpClient) -> crate::RequestBuilder| {
            let seen = scripted(same, [make()]);
            request(&seen.client).send().await.expect_err("it always fails");
            seen.millis().len()
        };
        assert_eq!(tries(|c| c.get("x")).await, get, "GET, row {row}");
        assert_eq!(tries(|c| c.post("x")).await, post, "POST, row {row}");
        assert_eq!(tries(|c| c.post("x").idempotent(true)).await, idempotent, "row {row}");
        assert_eq!(tries(|c| c.get("x").idempotent(false)).await, post, "row {row}");
    }
    let seen = scripted(same, [fault(ErrorKind::DataLoss, true)]);
    seen.client.get("x").send().await.expect_err("it fails");
    assert_eq!(seen.millis().len(), 1, "an error that says never is believed");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answered_before_is_waited_for_longer() {
    for (before, tries) in [(None, 3), (Some(200), 5), (Some(404), 5)] {
        let gone = fault(ErrorKind::Unavailable, false);
        let seen = scripted(same, before.map(status).into_iter().chain([gone]));
        if before.is_some() {
            let _ = seen.client.get("before").send().await;
        }
        seen.client.get("x").send().await.expect_err("nobody there");
        assert_eq!(seen.count("/x"), tries, "{before:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn backoff_doubles_and_a_later_success_is_a_success() {
    let seen = scripted(same, [status(503), status(503), status(503), status(200)]);
    seen.client.get("x").send().await.expect("the fourth try");
    let at = seen.millis();
    for (i, low) in [1000, 2000, 4000].into_iter().enumerate() {
        let wait = at[i + 1] - at[i] - 100;
        assert!((low..=2 * low + 2).contains(&wait), "wait {i}: {at:?}");
    }
    let stats = seen.client.stats();
    assert_eq!((stats.requests, stats.retries), (4, 3));
    assert_eq!(stats.statuses.into_iter().collect::<Vec<_>>(), [(200, 1), (503, 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_storm_ends_and_says_how_long_it_was_borne() {
    let policy = RetryPolicy { attempts: 3, ..RetryPolicy::default() };
    let storm = answer(429, &[("retry-after", "20")], "");
    let seen = scripted(|b| b.retry(policy), [storm]);
    let error = seen.client.get("users").send().await.expect_err("a storm");
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Exhausted));
    // 3 tries of 100 ms, 2 waits of 20 s.
    assert_eq!(
        error.to_string(),
        "h.example answered 429 Too Many Requests (status=429, request=GET \
         https://h.example/users, attempts=3, tried_for=40.3 s)"
    );
    // The third answer shut the gate as well, for whoever comes next.
    assert_eq!(seen.client.stats().rate_limited, Duration::from_millis(60_000));
    let waits = seen.client.waits();
    assert_eq!((waits.total.as_secs(), waits.left.map(|l| l.as_secs())), (40, Some(20)));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_kept_in_both_forms() {
    let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    for headers in [
        &[("retry-after", "10")][..],
        &[date, ("retry-after", "Sun, 06 Nov 1994 08:49:47 GMT")],
        &[("x-ratelimit-reset", "10"), ("x-ratelimit-remaining", "0")],
    ] {
        let seen = scripted(same, [answer(429, headers, ""), status(200)]);
        seen.client.get("x").send().await.expect("the second try");
        assert_eq!(seen.millis(), [0, 10_100], "{headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_ceiling_fails_at_once_for_everyone() {
    let seen = scripted(same, [answer(429, &[("retry-after", "3600")], "")]);
    let hour = Retry::After(Duration::from_secs(3600));
    let error = seen.client.get("x").send().await.expect_err("an hour");
    assert_eq!(error.retry(), hour, "{error}");
    assert!(error.to_string().contains("wait=60 min 0 s"), "{error}");
    let error = seen.client.get("y").send().await.expect_err("still an hour");
    assert!(matches!(error.retry(), Retry::After(left) if left > Duration::from_secs(3500)));
    assert_eq!(seen.millis(), [0], "the second request was not sent");
}

#[tokio::test(start_paused = true)]
async fn a_write_told_to_wait_is_not_sent_again_but_says_when() {
    let seen = scripted(same, [answer(429, &[("retry-after", "7")], "")]);
    let error = seen.client.post("x").send().await.expect_err("a 429");
    assert_eq!(error.retry(), Retry::After(Duration::from_secs(7)));
    assert_eq!(seen.millis(), [0]);
}

#[tokio::test(start_paused = true)]
async fn the_gate_stops_all_requests_of_the_client() {
    let seen = scripted(same, [answer(429, &[("retry-after", "30")], ""), status(200)]);
    let other = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        seen.client.clone().get("other").send().await
    };
    let (first, other) = tokio::join!(seen.client.get("first").send(), other);
    first.expect("the second try");
    other.expect("the first try");
    assert_eq!(seen.millis(), [0, 30_100, 30_100]);
    assert_eq!(seen.client.stats().rate_limited, Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_429_without_a_time_stops_all_for_the_backoff() {
    let seen = scripted(|b| b.max_in_flight(1), [status(429), status(200)]);
    let (x, y) = tokio::join!(seen.client.get("x").send(), seen.client.get("y").send());
    x.expect("the second try");
    y.expect("the first try");
    let at = seen.millis();
    assert_eq!(at.len(), 3);
    assert!((1100..=2102).contains(&at[1]), "nobody is sent before the backoff is over: {at:?}");
}

#[tokio::test(start_paused = true)]
async fn a_success_that_says_nothing_remains_shuts_the_gate() {
    let spent = [("ratelimit-remaining", "0"), ("ratelimit-reset", "12")];
    let seen = scripted(same, [answer(200, &spent, ""), status(200)]);
    seen.client.get("x").send().await.expect("fine");
    seen.client.get("y").send().await.expect("fine");
    assert_eq!(seen.millis(), [0, 12_100]);

    // A senseless reset does not stop the client for a year.
    let absurd = [("ratelimit-remaining", "0"), ("ratelimit-reset", "31536000")];
    for code in [200, 404] {
        let seen = scripted(same, [answer(code, &absurd, ""), status(200)]);
        let first = seen.client.get("x").send().await;
        assert_eq!(first.is_ok(), code == 200);
        seen.client.get("y").send().await.expect("fine");
        assert_eq!(seen.millis(), [0, 100]);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_are_bounded_and_halved_by_a_429() {
    let seen = scripted(|b| b.max_in_flight(6), [status(200)]);
    join_all((0..30).map(|_| seen.client.get("x").send())).await;
    assert_eq!(seen.most.load(Ordering::SeqCst), 6);

    let storm = (0..6).map(|_| answer(429, &[("retry-after", "1")], ""));
    let seen = scripted(|b| b.max_in_flight(6), storm.chain([status(200)]));
    join_all((0..6).map(|_| seen.client.get("x").send())).await;
    assert_eq!(seen.client.stats().in_flight_limit, 3);
    seen.most.store(0, Ordering::SeqCst);
    join_all((0..9).map(|_| seen.client.get("x").send())).await;
    assert_eq!(seen.most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn json_that_breaks_off_is_asked_for_again() {
    let cut = || answer(200, &[], r#"{"users": [1, 2"#);
    let whole = answer(200, &[], r#"{"users": [1, 2]}"#);
    let seen = scripted(same, [cut(), whole]);
    let value: serde_json::Value = seen.client.get("x").fetch_json().await.expect("the second try");
    assert_eq!(value["users"][1], 2);

    let seen = scripted(same, [cut()]);
    let error = seen.client.get("x").fetch_json::<serde_json::Value>().await.expect_err("cut");
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Exhausted));
    assert!(error.message().contains("broke off after 15 bytes"), "{error}");
    assert_eq!(seen.millis().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_expected_json_is_said_without_its_values() {
    #[derive(serde::Deserialize, Debug)]
    struct Page {
        #[expect(dead_code, reason = "only its type counts")]
        total: u64,
    }
    for (content_type, body, words) in [
        ("text/html", "<html><title>Log in</title>", "text/html that begins \"Log in\" instead of JSON"),
        (
            "application/json",
            r#"{"total": "hunter2"}"#,
            "does not have the expected form: invalid type: string \"…\"",
        ),
        ("application/json", "{}", "missing field `total`"),
        ("application/json", "{oops}", "is not JSON"),
        ("application/json", "", "without a body"),
    ] {
        let seen = scripted(same, [answer(200, &[("content-type", content_type)], body)]);
        let error = seen.client.get("x").fetch_json::<Page>().await.expect_err(body);
        assert!(error.message().contains(words), "{error}");
        assert!(!error.report().contains("hunter2"), "{}", error.report());
        assert_eq!(seen.millis().len(), 1, "{body}: another try would not help");
    }
}

#[tokio::test(start_paused = true)]
async fn a_classifier_knows_better_than_the_status() {
    let classify = |failure: &HttpFailure| {
        let code = failure.json::<serde_json::Value>()?.get("code")?.as_str()?.to_owned();
        (code == "busy").then(|| Error::new(ErrorKind::Unavailable, "the site is busy"))
    };
    let busy = || answer(400, &[], r#"{"code": "busy"}"#);
    let seen = scripted(|b| b.classify(classify), [busy(), status(200)]);
    seen.client.get("x").send().await.expect("a busy site is tried again");
    let seen = scripted(|b| b.classify(classify), [busy()]);
    let error = seen.client.get("x").send().await.expect_err("always busy");
    assert_eq!((error.message(), error.get("status")), ("the site is busy", Some("400")));
}

#[tokio::test(start_paused = true)]
async fn redirects_of_reads_stay_on_the_server() {
    let to = |target: &str| answer(302, &[("location", target)], "");
    let seen = scripted(same, [to("/there"), status(200)]);
    seen.client.get("here").send().await.expect("it is there");
    assert_eq!(seen.count("/there"), 1);

    for target in ["https://evil.example/?t=hunter2", "http://h.example/x", "//evil.example"] {
        let seen = scripted(same, [to(target)]);
        let error = seen.client.get("x").send().await.expect_err(target).report();
        assert!(error.contains("a redirect to http"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(seen.millis().len(), 1);
    }
    let seen = scripted(same, [to("/there")]);
    seen.client.post("x").send().await.expect_err("a write is not redirected");
    assert_eq!(seen.count("/there"), 0);
    let seen = scripted(same, [to("/again")]);
    seen.client.get("x").send().await.expect_err("a circle ends");
    assert_eq!(seen.millis().len(), 2, "as soon as it is one");
}

/// Signs in at `/signin`, whose answer is the token.
struct PatSignIn {
    sign_outs: AtomicU64,
}

#[async_trait]
impl Authenticator for PatSignIn {
    async fn authenticate(&self, client: &HttpClient) -> Result<Credential> {
        let answer = client.post("signin").idempotent(true).send().await?;
        let token = SecretString::from(answer.text().into_owned());
        Credential::header(HeaderName::from_static("x-auth"), token)
    }

    fn is_session_loss(&self, failure: &HttpFailure) -> bool {
        failure.status() == StatusCode::UNAUTHORIZED && failure.text() == "401002"
    }

    async fn sign_out(&self, client: &HttpClient, credential: &Credential) -> Result<()> {
        self.sign_outs.fetch_add(1, Ordering::SeqCst);
        client.post("signout").credential(credential).send().await.map(drop)
    }
}

/// A server whose sessions end: the token of the last sign-in is good, until
/// it is struck out.
#[derive(Default)]
struct Sessions {
    count: AtomicU64,
    /// Requests answered until the session ends; 0 is for ever.
    ends_after: u64,
    served: AtomicU64,
    refuse_sign_in: bool,
}

impl Sessions {
    fn answer(self) -> Answer {
        let json = |status: u16, body: String| {
            Ok(Incoming {
                status: StatusCode::from_u16(status).expect("a status"),
                headers: HeaderMap::new(),
                body: body.into(),
            })
        };
        Box::new(move |request| {
            if request.url.path() == "/signin" {
                assert!(!request.headers.contains_key("x-auth"), "a sign-in with a credential");
                if self.refuse_sign_in {
                    return json(401, r#"{"message": "wrong token"}"#.into());
                }
                return json(200, format!("token{}", self.count.fetch_add(1, Ordering::SeqCst) + 1));
            }
            let valid = format!("token{}", self.count.load(Ordering::SeqCst));
            let token = request.headers.get("x-auth").expect("a credential");
            let served = self.served.fetch_add(1, Ordering::SeqCst);
            if served == self.ends_after && self.ends_after > 0 {
                self.count.fetch_add(1, Ordering::SeqCst); // somebody else signed in
                return json(401, "401002".into());
            }
            if token == valid.as_str() { json(200, "{}".into()) } else { json(401, "401002".into()) }
        })
    }
}

fn with_sign_in(builder: HttpClientBuilder) -> HttpClientBuilder {
    builder.auth(Arc::new(PatSignIn { sign_outs: AtomicU64::new(0) })).max_in_flight(20)
}

#[tokio::test(start_paused = true)]
async fn twenty_requests_make_one_sign_in_and_after_a_loss_one_more() {
    let seen = scripted(with_sign_in, [Sessions { ends_after: 25, ..Sessions::default() }.answer()]);
    let all = join_all((0..20).map(|_| seen.client.get("x").send())).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(seen.count("/signin"), 1);

    let all = join_all((0..20).map(|_| seen.client.get("x").send())).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(seen.count("/signin"), 2);
    assert_eq!(seen.client.stats().sign_ins, 2);
    // 40 requests, and one replay for each of the 15 that met the loss.
    assert_eq!(seen.count("/x"), 40 + 15);
}

#[tokio::test(start_paused = true)]
async fn a_session_lost_again_is_an_error() {
    let always = |request: &Outgoing| {
        let signs_in = request.url.path() == "/signin";
        Ok(Incoming {
            status: if signs_in { StatusCode::OK } else { StatusCode::UNAUTHORIZED },
            headers: HeaderMap::new(),
            body: Bytes::from_static(if signs_in { b"t0ken" } else { b"401002" }),
        })
    };
    let seen = scripted(with_sign_in, [Box::new(always) as Answer]);
    let error = seen.client.get("x").send().await.expect_err("lost twice");
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Unauthenticated, Retry::Never));
    assert_eq!((seen.count("/signin"), seen.count("/x")), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_replay_is_no_further_try() {
    // An internal error is tried again once, though it meets the second sending.
    let token = || answer(200, &[], "t0ken");
    let script = [token(), answer(401, &[], "401002"), token(), status(500), status(200)];
    let seen = scripted(with_sign_in, script);
    seen.client.get("x").send().await.expect("the last answer");
    assert_eq!((seen.count("/signin"), seen.count("/x"), seen.client.stats().retries), (2, 3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_fails_is_shared_by_all_who_wait() {
    let seen = scripted(with_sign_in, [Sessions { refuse_sign_in: true, ..Sessions::default() }.answer()]);
    let all = join_all((0..20).map(|_| seen.client.get("x").send())).await;
    for result in all {
        let error = result.expect_err("no sign-in");
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(error.to_string().contains("wrong token"), "{error}");
        assert!(!error.report().contains("because"), "the cause says nothing new: {}", error.report());
    }
    assert_eq!((seen.count("/signin"), seen.count("/x")), (1, 0));
    // Whoever comes later may try for himself.
    seen.client.sign_in().await.expect_err("still wrong");
    assert_eq!(seen.count("/signin"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_to_an_old_session_replays_without_a_sign_in() {
    // The slow request was sent with the first token and is answered after the
    // second sign-in.
    let sessions = Sessions { ends_after: 1, ..Sessions::default() };
    let seen = scripted(with_sign_in, [sessions.answer()]);
    seen.client.get("x").send().await.expect("the first");
    let late = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        seen.client.get("late").send().await
    };
    let (x, late) = tokio::join!(seen.client.get("x").send(), late);
    x.expect("a replay");
    late.expect("a replay");
    assert_eq!((seen.count("/signin"), seen.count("/late")), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_sign_in_leaves_the_way_free() {
    let seen = scripted(with_sign_in, [Sessions::default().answer()]);
    let cut = tokio::time::timeout(Duration::from_millis(50), seen.client.get("x").send());
    assert!(cut.await.is_err());
    seen.client.get("x").send().await.expect("a sign-in of its own");
}

#[tokio::test(start_paused = true)]
async fn signing_out_ends_a_session_that_is_there() {
    let seen = scripted(with_sign_in, [Sessions::default().answer()]);
    seen.client.sign_out().await.expect("nothing to do");
    assert_eq!(seen.millis().len(), 0);
    seen.client.sign_in().await.expect("a session");
    seen.client.sign_in().await.expect("the same");
    seen.client.sign_out().await.expect("a sign-out");
    assert_eq!((seen.count("/signin"), seen.count("/signout")), (1, 1));
    seen.client.get("x").send().await.expect("a new session");
    assert_eq!(seen.count("/signin"), 2);
}

#[tokio::test(start_paused = true)]
async fn paths_from_outside_are_escaped() {
    let seen = scripted(same, [status(200)]);
    let request = seen.client.get("sites").segment("a/../b?c#d").segment("users");
    request.query([("filter", "name:eq:a&b")]).send().await.expect("fine");
    let (_, request) = seen.exchanges.lock().expect("no panic").remove(0);
    assert_eq!(request.url.path(), "/sites/a%2F..%2Fb%3Fc%23d/users");
    assert_eq!(request.url.query(), Some("filter=name%3Aeq%3Aa%26b"));
    assert_eq!(request.headers["accept"], "application/json");
    seen.client.get("sites").segment("..").send().await.expect_err("out of the path");
}

/// What the URL standard takes out of an address is part of an id all the same.
#[tokio::test(start_paused = true)]
async fn tabs_and_newlines_of_ids_stay() {
    let seen = scripted(same, [status(200)]);
    for (id, path) in [
        ("a\tb\nc\rd", "/x/a%09b%0Ac%0Dd"),
        (" a ", "/x/%20a%20"),
        (".\t.", "/x/.%09."),
        ("\n", "/x/%0A"),
        ("%09", "/x/%2509"),
        ("%2e%2E", "/x/%252e%252E"),
        ("a\\b", "/x/a%5Cb"),
        ("é;=+@:,$&'()*!~-_", "/x/%C3%A9;=+@:,$&'()*!~-_"),
    ] {
        let request = seen.client.get("x").segment(id).query([("filter", id)]);
        request.send().await.expect("fine");
        let (_, request) = seen.exchanges.lock().expect("no panic").remove(0);
        assert_eq!(request.url.path(), path, "{id:?}");
        let query: Vec<_> = request.url.query_pairs().map(|(_, value)| value.into_owned()).collect();
        assert_eq!(query, [id], "{id:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_a_body_is_kept_out_of_answers_to_all_requests() {
    let said = || answer(400, &[], r#"{"message": "hunter2-hunter2 is \u0068unter2-hunter2"}"#);
    let shown = "h.example answered 400 Bad Request: [redacted] is [redacted]";
    let seen = scripted(same, [said()]);
    let error = seen.client.post("x").redact(&"hunter2-hunter2".into()).send().await.expect_err("a 400");
    assert_eq!(error.message(), "h.example answered 400 Bad Request", "no word of it");
    let error = seen.client.get("y").send().await.expect_err("a 400");
    assert_eq!(error.message(), shown, "the server remembers it");

    let seen = scripted(|b| b.redact(&"hunter2-hunter2".into()), [said()]);
    let error = seen.client.get("y").send().await.expect_err("a 400");
    assert_eq!(error.message(), shown, "also before it was sent");
    assert_eq!(seen.client.redact("a %68unter2-hunter2"), "a [redacted]");
}

/// What a connector makes of an answer passes the client once more.
#[tokio::test(start_paused = true)]
async fn a_classifier_can_not_bring_a_secret_back() {
    let classify = |failure: &HttpFailure| {
        let said: serde_json::Value = failure.json()?;
        let cause = Error::internal(format!("why: {}", said["message"].as_str()?));
        Some(Error::internal("a bad day").with("said", &said["message"]).caused_by(cause))
    };
    let said = answer(400, &[], r#"{"message": "it is \u0068unter2-hunter2"}"#);
    let seen = scripted(|b| b.redact(&"hunter2-hunter2".into()).classify(classify), [said]);
    let error = seen.client.get("y").send().await.expect_err("a 400").report();
    assert!(!error.contains("unter2"), "{error}");
    assert!(error.contains("because: why: it is [redacted]"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_fixed_quota_spreads_the_requests() {
    let quota = crate::Quota::per_minute(std::num::NonZeroU32::MIN);
    let seen = scripted(|b| b.quota(Some(quota)), [status(200)]);
    join_all((0..3).map(|_| seen.client.get("x").send())).await;
    assert_eq!(seen.millis(), [0, 60_000, 120_000]);
}

#[tokio::test(start_paused = true)]
async fn a_credential_can_be_a_plain_key() {
    let key = Credential::bearer("k3y".into()).expect("fine");
    let seen = scripted(|b| b.auth(Arc::new(key)), [status(401)]);
    let error = seen.client.get("x").send().await.expect_err("a 401");
    assert_eq!((error.kind(), seen.millis().len()), (ErrorKind::Unauthenticated, 1));
    let sent = seen.exchanges.lock().expect("no panic").remove(0).1;
    assert_eq!(sent.headers["authorization"], "Bearer k3y");
    assert!(!format!("{:?}", sent.headers).contains("k3y"));

    let bad = Credential::bearer("k3y\n".into()).expect_err("a line break");
    assert!(!bad.report().contains("k3y"));
}
