//! Lists that change while they are read, through the engine, which counts
//! rows and reads such a list once more.

use std::{collections::BTreeSet, sync::Arc};

use connector_testkit::{Document, sync_document};
use tableau_simulator::{Config, Endpoint, Simulator};

use crate::walk::connect;

async fn sync(faults: &[&str]) -> (Document, Simulator) {
    let faults = faults.iter().map(|f| f.parse().unwrap()).collect();
    let config = Config { users: 2_050, groups: 3, members: 40, faults, ..Config::default() };
    let simulator = Simulator::start(config).await.unwrap();
    let document = sync_document(Arc::new(connect(&simulator, |_| {}).unwrap())).await.unwrap();
    (document, simulator)
}

/// Who is read, and who is there.
fn users(document: &Document, simulator: &Simulator) -> (BTreeSet<String>, BTreeSet<String>) {
    let read = document.resources.keys().filter(|id| id.starts_with("user:")).cloned().collect();
    let there = simulator.seed().users().iter().map(|u| format!("user:{}", u.id)).collect();
    (read, there)
}

#[tokio::test]
async fn nobody_is_missed_where_users_join_or_leave_between_two_pages() {
    for fault in ["insert-first=users@2:2", "delete-first=users@3:2"] {
        let (document, simulator) = sync(&[fault]).await;
        let (read, there) = users(&document, &simulator);
        let missed: Vec<_> = there.difference(&read).collect();
        assert!(missed.is_empty(), "{fault}: {missed:?}");
        assert_eq!(simulator.requests().of(Endpoint::Users), 6, "{fault}: read twice");
    }
}

#[tokio::test]
async fn a_last_page_that_vanishes_ends_the_list() {
    // 2,050 users lose 51, so that the third page is not there any more.
    let (document, simulator) = sync(&["delete-last=users#3:51"]).await;
    let (read, there) = users(&document, &simulator);
    assert!(there.is_subset(&read), "nobody is missed");
    assert_eq!(simulator.requests().of(Endpoint::Users), 3 + 2);
}

#[tokio::test]
async fn a_site_is_the_same_at_any_state_of_its_session() {
    let (plain, simulator) = sync(&[]).await;
    let (read, there) = users(&plain, &simulator);
    assert_eq!(read, there);
    assert_eq!(simulator.requests().of(Endpoint::Users), 3, "a list that stays is read once");
    let (interrupted, simulator) = sync(&["expire=users@3", "expire=group-members@1"]).await;
    assert_eq!(interrupted.sha256, plain.sha256);
    assert_eq!(simulator.requests().of(Endpoint::SignIn), 3);
}
