//! How many requests reading costs.

use tableau_simulator::{Config, Endpoint};

use crate::walk::Walk;

#[tokio::test]
async fn ten_thousand_users_in_two_hundred_groups_cost_220_requests_at_most() {
    let config = Config { users: 10_000, groups: 200, members: 200, ..Config::default() };
    let walk = Walk::start(config, &[]).await;
    let site = walk.read().await.unwrap();
    assert_eq!(site.of_type("user").count(), 10_000);
    let requests = walk.simulator.requests();
    for once in [Endpoint::ServerInfo, Endpoint::SignIn, Endpoint::User, Endpoint::Site, Endpoint::SignOut] {
        assert_eq!(requests.of(once), 1, "{once}");
    }
    assert_eq!(requests.of(Endpoint::Users), 10);
    // One list of all groups, one question for the groups that everyone is in.
    assert_eq!(requests.of(Endpoint::Groups), 2);
    assert!(requests.total <= 220, "{requests:?}");
    assert_eq!(walk.stats().requests, requests.total);
}
