//! A site that changes while it is read.

use std::collections::BTreeSet;

use tableau_simulator::Place;

use crate::client::{Client, faults};

/// The names on three pages of ten.
async fn three_pages(client: &Client) -> (Vec<String>, Vec<usize>) {
    let (mut names, mut totals) = (Vec::new(), Vec::new());
    for page in 1..=3 {
        let answer = client.list(&format!("users?sort=name:asc&pageSize=10&pageNumber={page}")).await;
        names.extend(answer.column("users", "name"));
        totals.push(answer.total());
    }
    (names, totals)
}

#[tokio::test]
async fn a_deletion_on_a_page_already_read_hides_a_row() {
    let client = Client::start(30, 0, 0, &["delete-first=users@2:1"]).await;
    let before: Vec<_> = client.simulator.seed().users().iter().map(|user| user.name.clone()).collect();
    let (seen, totals) = three_pages(&client).await;
    assert_eq!(totals, [30, 29, 29]);
    let missed: Vec<_> = before.iter().filter(|name| !seen.contains(name)).collect();
    assert_eq!(missed, [&before[10]], "the row that moved up over the page's edge");
}

#[tokio::test]
async fn an_insertion_on_a_page_already_read_repeats_a_row() {
    let client = Client::start(30, 0, 0, &["insert-first=users@2:1"]).await;
    let (seen, totals) = three_pages(&client).await;
    assert_eq!(totals, [30, 31, 31]);
    assert_eq!(seen.len(), 30);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 29);
    assert_eq!(seen[9], seen[10]);
}

#[tokio::test]
async fn the_last_page_can_vanish() {
    let client = Client::start(21, 0, 0, &["delete-last=users@3:1"]).await;
    for page in 1..=2 {
        assert_eq!(client.list(&format!("users?pageSize=10&pageNumber={page}")).await.total(), 21);
    }
    assert_eq!(client.list("users?pageSize=10&pageNumber=3").await.code(), (400, "400006".into()));
    assert_eq!(client.simulator.seed().user_count(), 20);
}

#[tokio::test]
async fn the_list_can_grow_at_its_end() {
    let client = Client::start(10, 0, 0, &["insert-last=users@2:3"]).await;
    assert_eq!(client.list("users?pageSize=10").await.total(), 10);
    assert_eq!(client.list("users?pageSize=10&pageNumber=2").await.column("users", "name").len(), 3);
}

#[tokio::test]
async fn users_and_memberships_change_on_request() {
    let client = Client::start(30, 4, 9, &[]).await;
    let group = client.simulator.seed().groups()[1].clone();
    let members = async |client: &Client| {
        client.list(&format!("groups/{}/users", group.id)).await.column("users", "id")
    };
    let (first, last) = (client.simulator.add_user(Place::First), client.simulator.add_user(Place::Last));
    let listed = client.list("users").await.column("users", "id");
    assert_eq!((listed.first(), listed.last()), (Some(&first.to_string()), Some(&last.to_string())));
    assert!(client.simulator.add_member(group.id, first));
    assert!(members(&client).await.contains(&first.to_string()));
    assert!(client.simulator.remove_member(group.id, first));
    assert!(!members(&client).await.contains(&first.to_string()));

    let member = client.simulator.seed().members(group.id)[0];
    assert!(client.simulator.remove_user(member));
    assert!(!client.simulator.remove_user(member), "nobody can leave twice");
    assert_eq!(members(&client).await.len(), 8);
    assert_eq!(client.list(&format!("users/{member}")).await.code(), (404, "404002".into()));
}

#[tokio::test]
async fn the_search_index_lags_behind() {
    let client = Client::start(10, 0, 0, &["index-lag=2"]).await;
    let added = client.simulator.add_user(Place::Last);
    assert!(client.list(&format!("users/{added}")).await.status.is_success());
    for total in [10, 10, 11, 11] {
        assert_eq!(client.list("users").await.total(), total);
    }
}

#[tokio::test]
async fn a_member_can_be_missing_from_the_list_of_users() {
    let client = Client::start(40, 4, 9, &["hide-users=2"]).await;
    let group = client.simulator.seed().groups()[1].id;
    let listed: BTreeSet<_> = client.list("users").await.column("users", "id").into_iter().collect();
    let members = client.list(&format!("groups/{group}/users")).await.column("users", "id");
    let hidden: Vec<_> = members.iter().filter(|id| !listed.contains(*id)).collect();
    assert_eq!((listed.len(), hidden.len()), (38, 2));
    for id in hidden {
        assert!(client.list(&format!("users/{id}")).await.status.is_success());
    }
    client.simulator.set_faults(faults(&[]));
    assert_eq!(client.list("users").await.total(), 40);
}

#[tokio::test]
async fn a_member_can_be_nobody() {
    let client = Client::start(40, 4, 9, &["ghost-members=1"]).await;
    let group = client.simulator.seed().groups()[1].id;
    let listed: BTreeSet<_> = client.list("users").await.column("users", "id").into_iter().collect();
    let members = client.list(&format!("groups/{group}/users")).await.column("users", "id");
    let ghosts: Vec<_> = members.iter().filter(|id| !listed.contains(*id)).collect();
    assert_eq!((listed.len(), members.len(), ghosts.len()), (39, 9, 1));
    assert_eq!(client.list(&format!("users/{}", ghosts[0])).await.code(), (404, "404002".into()));
    client.simulator.set_faults(faults(&[]));
    assert_eq!(client.list("users").await.total(), 40);
}
