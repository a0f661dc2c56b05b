//! One session at a time, renewed when it is lost.

use std::sync::Arc;

use connector_sdk::{Connector, ErrorKind};
use tableau_simulator::{Config, Endpoint, Simulator};

use crate::walk::{Walk, connect, read};

fn several_pages() -> Config {
    Config { users: 4_200, groups: 4, members: 50, ..Config::default() }
}

#[tokio::test]
async fn a_session_lost_among_concurrent_pages_is_renewed_once() {
    // The second request for users is one of four that are under way at once.
    let walk = Walk::start(several_pages(), &["expire=users@2"]).await;
    let site = walk.read().await.unwrap();
    assert_eq!(site.of_type("user").count(), 4_200);
    let requests = walk.simulator.requests();
    assert_eq!(requests.of(Endpoint::SignIn), 2, "one sign-in, and one more");
    assert_eq!(walk.simulator.superseded_sessions(), 0);
    assert_eq!(walk.simulator.open_sessions(), 0);
}

#[tokio::test]
async fn sessions_that_end_again_and_again_are_renewed_each_time() {
    let walk =
        Walk::start(several_pages(), &["expire=users@2", "expire=group-members@2", "expire=groups@1"]).await;
    let site = walk.read().await.unwrap();
    assert_eq!(site.of_type("user").count(), 4_200);
    assert_eq!(walk.simulator.requests().of(Endpoint::SignIn), 4);
}

#[tokio::test]
async fn a_session_that_does_not_last_ends_the_read() {
    let walk = Walk::start(several_pages(), &["expire=users@2+"]).await;
    let error = walk.read().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error:?}");
    assert!(error.to_string().contains("another program"), "{error}");
}

#[tokio::test]
async fn another_program_with_the_same_token_costs_one_sign_in() {
    let walk = Walk::start(several_pages(), &[]).await;
    walk.connector.validate().await.unwrap();
    // The other program signs in, which ends our session.
    let other = connect(&walk.simulator, |_| {}).unwrap();
    other.validate().await.unwrap();
    let site = read(&walk.connector).await.unwrap();
    assert_eq!(site.of_type("user").count(), 4_200);
    assert_eq!(walk.simulator.requests().of(Endpoint::SignIn), 3);
}

#[tokio::test]
async fn a_session_that_is_over_at_the_end_is_no_error() {
    let simulator = Simulator::start(Config { users: 20, ..Config::default() }).await.unwrap();
    let connector = Arc::new(connect(&simulator, |_| {}).unwrap());
    connector.validate().await.unwrap();
    simulator.expire_sessions();
    connector.close().await.unwrap();
    // Without a session there is nothing to sign out of.
    connector.close().await.unwrap();
    assert_eq!(simulator.requests().of(Endpoint::SignOut), 1);
    assert_eq!(simulator.requests().of(Endpoint::SignIn), 1);
}

#[tokio::test]
async fn a_connector_reads_again_after_it_signed_out() {
    let walk = Walk::start(Config { users: 30, groups: 3, members: 5, ..Config::default() }, &[]).await;
    let before = walk.read().await.unwrap();
    let late = walk.simulator.add_user(tableau_simulator::Place::Last);
    let after = walk.read().await.unwrap();
    assert_eq!(after.of_type("user").count(), before.of_type("user").count() + 1);
    assert!(after.of_type("user").any(|u| u.id.id() == late.to_string()));
    // The version is known by now; the site is read afresh.
    assert_eq!(walk.simulator.requests().of(Endpoint::ServerInfo), 1);
    assert_eq!(walk.simulator.requests().of(Endpoint::Site), 2);
}
