//! Signing in and out, and how sessions end.

use reqwest::StatusCode;
use serde_json::json;
use tableau_simulator::Config;

use crate::client::Client;

const DEAD: (u16, &str) = (401, "401002");

fn code(answer: &crate::client::Answer) -> (u16, String) {
    answer.code()
}

fn expected(code: (u16, &str)) -> (u16, String) {
    (code.0, code.1.to_owned())
}

#[tokio::test]
async fn server_info_needs_no_session_and_everything_else_does() {
    let client = Client::signed_out(Config { users: 3, ..Config::default() }).await;
    assert_eq!(client.get("serverinfo").await.json()["serverInfo"]["restApiVersion"], "3.27");
    assert_eq!(code(&client.get("sites/x/users").await), expected((401, "401000")));
}

#[tokio::test]
async fn the_same_token_carries_one_session() {
    let client = Client::start(3, 0, 0, &[]).await;
    assert_eq!(client.list("users").await.status, StatusCode::OK);
    assert_eq!(client.sign_in().await.status, StatusCode::OK);
    assert_eq!(code(&client.list("users").await), expected(DEAD));
    assert_eq!(client.simulator.superseded_sessions(), 1);
    assert_eq!(client.simulator.open_sessions(), 1);
}

#[tokio::test]
async fn signing_in_to_another_site_ends_the_session_too() {
    let client = Client::start(3, 0, 0, &[]).await;
    let other = client.token_credentials(client.simulator.other_site());
    assert_eq!(client.post("auth/signin", &other).await.status, StatusCode::OK);
    assert_eq!(code(&client.list("users").await), expected(DEAD));
}

#[tokio::test]
async fn passwords_carry_many_sessions() {
    let client = Client::start(3, 0, 0, &[]).await;
    let credentials = json!({"credentials": {
        "name": client.simulator.user_name(),
        "password": client.simulator.password(),
        "site": {"contentUrl": client.simulator.site()},
    }});
    for _ in 0..2 {
        assert_eq!(client.post("auth/signin", &credentials).await.status, StatusCode::OK);
    }
    assert_eq!(client.list("users").await.status, StatusCode::OK);
    assert_eq!(client.simulator.open_sessions(), 3);
}

#[tokio::test]
async fn every_failed_sign_in_reads_the_same() {
    let client = Client::signed_out(Config { users: 3, ..Config::default() }).await;
    let mut wrong_secret = client.token_credentials(client.simulator.site());
    wrong_secret["credentials"]["personalAccessTokenSecret"] = json!("guess");
    let first = client.post("auth/signin", &wrong_secret).await;
    assert_eq!(code(&first), expected((401, "401001")));
    let wrong_site = client.post("auth/signin", &client.token_credentials("nowhere")).await;
    assert_eq!(wrong_site, first);
    client.simulator.set_faults(crate::client::faults(&["revoked-token"]));
    assert_eq!(client.sign_in().await, first);
    assert_eq!(client.simulator.open_sessions(), 0);
}

#[tokio::test]
async fn credentials_that_are_not_simulated_are_refused_clearly() {
    let client = Client::signed_out(Config { users: 3, ..Config::default() }).await;
    for body in [json!({"credentials": {"jwt": "x"}}), json!({"credentials": {}}), json!({}), json!([])] {
        assert_eq!(code(&client.post("auth/signin", &body).await), expected((400, "400000")), "{body}");
    }
}

#[tokio::test]
async fn a_session_expires_in_the_middle_of_a_list() {
    let client = Client::start(30, 0, 0, &["expire=users@2"]).await;
    assert_eq!(client.list("users?pageSize=10").await.status, StatusCode::OK);
    let second = client.list("users?pageSize=10&pageNumber=2").await;
    assert_eq!(code(&second), expected(DEAD));
    assert_eq!(
        code(&client.list("users?pageSize=10&pageNumber=2").await),
        expected(DEAD),
        "it stays expired"
    );
}

#[tokio::test]
async fn a_session_ends_with_sign_out() {
    let client = Client::start(3, 0, 0, &[]).await;
    let answer = client.post("auth/signout", &json!({})).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(code(&client.list("users").await), expected(DEAD));
    assert_eq!(code(&client.post("auth/signout", &json!({})).await), expected(DEAD));
    assert_eq!(client.simulator.open_sessions(), 0);
}

#[tokio::test]
async fn all_sessions_can_be_ended_from_outside() {
    let client = Client::start(3, 0, 0, &[]).await;
    client.simulator.expire_sessions();
    assert_eq!(code(&client.list("users").await), expected(DEAD));
}

#[tokio::test]
async fn a_session_is_for_its_own_site() {
    let mut client = Client::start(3, 0, 0, &[]).await;
    let own = client.site.clone();
    let other = client.token_credentials(client.simulator.other_site());
    let body = client.post("auth/signin", &other).await.json();
    client.token = body["credentials"]["token"].as_str().unwrap().to_owned();
    let refused = client.list("users").await;
    assert_eq!(code(&refused), expected((403, "403004")));
    client.site = body["credentials"]["site"]["id"].as_str().unwrap().to_owned();
    assert!(refused.text.contains(&own) && refused.text.contains(&client.site), "{}", refused.text);
    assert_eq!(client.list("users").await.total(), 8);
    client.site = "9a8b7c6d-5e4f-4a2b-8c0d-9e8f7a6b5c4d".into();
    assert_eq!(code(&client.list("users").await), expected((404, "404000")));
}

#[tokio::test]
async fn switching_sites_gives_a_new_token_and_user() {
    let mut client = Client::start(3, 0, 0, &[]).await;
    let to = |content_url: &str| json!({"site": {"contentUrl": content_url}});
    let same = client.post("auth/switchSite", &to(client.simulator.site())).await;
    assert_eq!(code(&same), expected((403, "403070")));
    assert_eq!(code(&client.post("auth/switchSite", &to("nowhere")).await), expected((401, "401003")));
    let switched = client.post("auth/switchSite", &to(client.simulator.other_site())).await.json();
    let credentials = &switched["credentials"];
    assert_ne!(credentials["user"]["id"], client.simulator.seed().site().caller.to_string());
    client.token = credentials["token"].as_str().unwrap().to_owned();
    client.site = credentials["site"]["id"].as_str().unwrap().to_owned();
    assert_eq!(client.list("users").await.total(), 8);
}
