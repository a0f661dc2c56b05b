//! Answers that are none, late or broken.

use std::time::{Duration, SystemTime};

use tableau_simulator::{Config, Endpoint};

use crate::client::{Client, faults};

#[tokio::test]
async fn rate_limits_say_when_to_come_back_or_not() {
    let client =
        Client::start(5, 0, 0, &["rate-limit=users@1", "rate-limit=users@2:7", "rate-limit=users@3:date30"])
            .await;
    let answers = [client.list("users").await, client.list("users").await, client.list("users").await];
    for answer in &answers {
        assert_eq!(answer.code(), (429, "429000".into()));
    }
    assert_eq!(answers[0].retry_after, None);
    assert_eq!(answers[1].retry_after.as_deref(), Some("7"));
    let date = httpdate::parse_http_date(answers[2].retry_after.as_deref().unwrap()).unwrap();
    assert!(date > SystemTime::now() && date <= SystemTime::now() + Duration::from_secs(30));
    assert!(client.list("users").await.status.is_success());
}

#[tokio::test]
async fn a_storm_hits_every_endpoint_for_a_while() {
    let client = Client::start(5, 0, 0, &[]).await;
    client.simulator.set_faults(faults(&["storm=3:1"]));
    for path in ["users", "groups", "users"] {
        assert_eq!(client.list(path).await.code(), (429, "429000".into()), "{path}");
    }
    assert!(client.list("users").await.status.is_success());
}

#[tokio::test]
async fn a_quota_ends_with_the_hour() {
    let client = Client::start(5, 0, 0, &[]).await;
    client.simulator.set_faults(faults(&["quota=2"]));
    let statuses =
        async || [client.list("users").await.status.as_u16(), client.list("groups").await.status.as_u16()];
    assert_eq!(statuses().await, [200, 200]);
    assert_eq!(statuses().await, [429, 429]);
    client.simulator.roll_hour();
    assert_eq!(statuses().await, [200, 200]);
}

#[tokio::test]
async fn other_layers_answer_with_html() {
    let client = Client::start(5, 0, 0, &["unavailable=users@1", "html=users@2"]).await;
    for status in [503, 200] {
        let answer = client.list("users").await;
        assert_eq!(answer.status.as_u16(), status);
        assert!(answer.text.contains("<html>"), "{}", answer.text);
    }
}

#[tokio::test]
async fn errors_can_have_odd_codes_or_no_body() {
    let client = Client::start(
        5,
        0,
        0,
        &["hex-error=users@1", "bare-401=users@2", "error=users@3:409:409017", "forbidden=users@4"],
    )
    .await;
    assert_eq!(client.list("users").await.code(), (400, "0x5CE10192".into()));
    let bare = client.list("users").await;
    assert_eq!((bare.status.as_u16(), bare.text.as_str()), (401, ""));
    assert_eq!(client.list("users").await.code(), (409, "409017".into()));
    assert_eq!(client.list("users").await.code(), (403, "403004".into()));
}

#[tokio::test]
async fn bodies_break_off() {
    let client = Client::start(50, 0, 0, &["truncate=users@1", "cut-body=users@2"]).await;
    let path = client.of_site("users");
    let error = client.try_get(&path).await.unwrap_err();
    assert!(error.is_body() || error.is_decode(), "{error:?}");
    let cut = client.list("users").await;
    assert!(cut.status.is_success() && serde_json::from_str::<serde_json::Value>(&cut.text).is_err());
    assert_eq!(client.list("users").await.total(), 50);
}

#[tokio::test]
async fn connections_are_reset() {
    let client = Client::start(5, 0, 0, &["reset=users@2"]).await;
    let path = client.of_site("users");
    assert!(client.list("users").await.status.is_success());
    let error = client.try_get(&path).await.unwrap_err();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let kind = cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    assert_eq!(kind, Some(std::io::ErrorKind::ConnectionReset), "{error:?}");
    assert!(client.list("users").await.status.is_success());
}

#[tokio::test]
async fn a_hung_page_holds_up_nobody_else_and_ends_with_the_simulator() {
    let client = Client::start(50, 0, 0, &["hang=users#2"]).await;
    let hung = client.request(reqwest::Method::GET, &client.of_site("users?pageSize=10&pageNumber=2")).send();
    let mut hung = tokio::spawn(hung);
    for page in [1, 3] {
        let answer = client.list(&format!("users?pageSize=10&pageNumber={page}")).await;
        assert!(answer.status.is_success());
    }
    while client.simulator.requests().of(Endpoint::Users) < 3 {
        tokio::task::yield_now().await;
    }
    client.list("groups").await;
    assert!(futures::poll!(&mut hung).is_pending());
    client.simulator.shutdown().await.unwrap();
    assert!(hung.await.unwrap().is_err());
}

#[tokio::test]
async fn slow_answers_come_in_the_end() {
    let client = Client::with(Config {
        users: 5,
        latency: Duration::from_millis(1),
        faults: faults(&["slow=users:5ms"]),
        ..Config::default()
    })
    .await;
    assert_eq!(client.list("users").await.total(), 5);
}

#[tokio::test]
async fn after_shutdown_nobody_answers() {
    let client = Client::start(5, 0, 0, &[]).await;
    let url = client.simulator.url().to_owned();
    client.simulator.shutdown().await.unwrap();
    assert!(client.http.get(url).send().await.unwrap_err().is_connect());
}
