//! Page sizes and numbers.

use std::collections::BTreeSet;

use crate::client::Client;

#[tokio::test]
async fn pages_out_of_range_have_their_codes() {
    let client = Client::start(250, 3, 5, &[]).await;
    let group = client.simulator.seed().groups()[1].id;
    for list in
        ["users".to_owned(), "groups".to_owned(), format!("groups/{group}/users"), "projects".to_owned()]
    {
        for (query, status, code) in [
            ("pageSize=0", 400, "400007"),
            ("pageSize=-1", 400, "400007"),
            ("pageSize=abc", 400, "400007"),
            ("pageSize=", 400, "400007"),
            ("pageSize=1001", 403, "403014"),
            ("pageNumber=0", 400, "400006"),
            ("pageNumber=-1", 400, "400006"),
            ("pageNumber=abc", 400, "400006"),
            ("pageNumber=4", 400, "400006"),
            ("pageNumber=99999999999999999999", 400, "400006"),
        ] {
            let answer = client.list(&format!("{list}?{query}")).await;
            assert_eq!(answer.code(), (status, code.to_owned()), "{list}?{query}");
        }
        assert!(client.list(&format!("{list}?pageSize=1000")).await.status.is_success());
    }
}

#[tokio::test]
async fn the_default_page_has_a_hundred_rows() {
    let client = Client::start(250, 0, 0, &[]).await;
    let lengths = async |query: &str| client.list(&format!("users{query}")).await.column("users", "id").len();
    assert_eq!(lengths("").await, 100);
    assert_eq!(lengths("?pageNumber=3").await, 50);
    assert_eq!(lengths("?pageSize=1000").await, 250);
    assert_eq!(client.list("users").await.json()["pagination"]["pageSize"], "100");
}

#[tokio::test]
async fn pages_add_up_to_the_seed() {
    let client = Client::start(57, 4, 23, &[]).await;
    let mut seen = Vec::new();
    for page in 1..=6 {
        seen.extend(client.list(&format!("users?pageSize=10&pageNumber={page}")).await.column("users", "id"));
    }
    let truth: Vec<_> = client.simulator.seed().users().iter().map(|user| user.id.to_string()).collect();
    assert_eq!(seen, truth);
    for group in client.simulator.seed().groups() {
        let mut seen = BTreeSet::new();
        for page in 1..=group.user_count.div_ceil(10).max(1) {
            let path = format!("groups/{}/users?pageSize=10&pageNumber={page}", group.id);
            seen.extend(client.list(&path).await.column("users", "id"));
        }
        let members: BTreeSet<_> =
            client.simulator.seed().members(group.id).iter().map(ToString::to_string).collect();
        assert_eq!(seen, members, "{}", group.name);
        assert_eq!(members.len(), group.user_count);
    }
}

#[tokio::test]
async fn a_site_without_users_has_one_empty_page() {
    let client = Client::start(0, 2, 5, &[]).await;
    assert_eq!(client.list("users").await.total(), 0);
    assert_eq!(client.list("users?pageNumber=2").await.code(), (400, "400006".into()));
    let caller = client.simulator.seed().site().caller;
    assert!(client.list(&format!("users/{caller}")).await.status.is_success());
}

#[tokio::test]
async fn a_hundred_thousand_users_are_served_by_page_and_by_id() {
    let client = Client::start(100_000, 1, 1, &[]).await;
    let last = client.list("users?pageSize=1000&pageNumber=100&fields=_all_").await;
    assert_eq!((last.total(), last.column("users", "id").len()), (100_000, 1000));
    for (id, name) in last.column("users", "id").iter().zip(last.column("users", "name")).skip(998) {
        assert_eq!(client.list(&format!("users/{id}")).await.json()["user"]["name"], name);
    }
}
