//! How many requests reading costs.

use connector_sdk::Connector;
use tableau_simulator::{Config, Endpoint};

use crate::walk::{Walk, read};

#[tokio::test]
async fn ten_thousand_users_in_two_hundred_groups_cost_215_requests_at_most() {
    let config = Config { users: 10_000, groups: 200, members: 200, ..Config::default() };
    let walk = Walk::start(config, &[]).await;
    let site = walk.read().await.unwrap();
    assert_eq!(site.of_type("user").count(), 10_000);
    let requests = walk.simulator.requests();
    for once in [Endpoint::ServerInfo, Endpoint::SignIn, Endpoint::User, Endpoint::Site, Endpoint::SignOut] {
        assert_eq!(requests.of(once), 1, "{once}");
    }
    assert_eq!(requests.of(Endpoint::Users), 10);
    // One page tells all groups, and which of them everyone is in.
    assert_eq!(requests.of(Endpoint::Groups), 1);
    assert!(requests.total <= 215, "{requests:?}");
    assert_eq!(walk.stats().requests, requests.total);
}

#[tokio::test]
async fn the_site_is_read_beside_the_permissions() {
    let walk = Walk::start(Config { users: 40, groups: 3, members: 5, ..Config::default() }, &[]).await;
    walk.connector.validate().await.unwrap();
    assert_eq!(walk.simulator.requests().of(Endpoint::Site), 1);
    read(&walk.connector).await.unwrap();
    assert_eq!(walk.simulator.requests().of(Endpoint::Site), 1);
}

#[tokio::test]
async fn more_groups_than_a_page_cost_one_question_for_those_of_everyone() {
    let config = Config { users: 40, groups: 1_050, members: 0, ..Config::default() };
    let walk = Walk::start(config, &[]).await;
    let site = walk.read().await.unwrap();
    assert_eq!(site.of_type("group").count(), 1_051);
    assert_eq!(walk.simulator.requests().of(Endpoint::Groups), 2 + 1);
    let everyone = &walk.simulator.seed().groups()[0];
    assert_eq!(site.holders(&format!("group:{}:member", everyone.id)).len(), 40);
    assert_eq!(walk.simulator.requests().of(Endpoint::GroupMembers), 0);
}
