//! Lists that change while they are read, through the engine, which counts
//! rows and reads such a list once more.

use std::{collections::BTreeSet, sync::Arc};

use connector_sdk::{Call, Connector, Page, Registry, Resource, ResourceTypeId};
use connector_testkit::{Document, sync_document};
use tableau_simulator::{Config, Endpoint, Place, Simulator};

use crate::walk::{Walk, connect};

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
        // So is the page of groups that tells who is everyone: with that of
        // the first reading, All Users would be a group like others.
        assert_eq!(simulator.requests().of(Endpoint::Groups), 2, "{fault}");
        assert_eq!(simulator.requests().of(Endpoint::GroupMembers), 2, "{fault}");
        let everyone = &document.grants[&format!("group:{}:member", simulator.seed().groups()[0].id)];
        assert!(there.iter().all(|user| everyone.contains_key(user)), "{fault}");
    }
}

#[tokio::test]
async fn who_asks_again_for_the_first_page_of_groups_gets_a_new_one() {
    let config = Config { users: 40, groups: 3, members: 5, ..Config::default() };
    let walk = Walk::start(config, &[]).await;
    let registry = Registry::new(Arc::clone(&walk.connector) as Arc<dyn Connector>).unwrap();
    let first = async |name: &str, parent: Option<&Resource>| -> Page {
        let syncer = registry.syncer(&ResourceTypeId::new(name).unwrap()).unwrap();
        syncer.list(&Call::detached(None), parent.map(|p| &p.id)).await.unwrap()
    };
    let of_everyone = |users: &Page| {
        users.grants.iter().filter(|g| *g.entitlement.resource.resource_type() == "group").count()
    };
    let size = |groups: &Page| groups.resources[0].profile.as_ref().unwrap().number("user_count");
    let asked = || walk.simulator.requests().of(Endpoint::Groups);

    walk.connector.validate().await.unwrap();
    let site = first("site", None).await.resources.remove(0);
    // The two at once are one request, as in a sync.
    let (users, groups) = tokio::join!(first("user", Some(&site)), first("group", Some(&site)));
    assert_eq!((of_everyone(&users), size(&groups), asked()), (40, Some(40.0), 1));

    walk.simulator.add_user(Place::First);
    let groups = first("group", Some(&site)).await;
    assert_eq!((size(&groups), asked()), (Some(41.0), 2));
    walk.simulator.add_user(Place::Last);
    let users = first("user", Some(&site)).await;
    assert_eq!((of_everyone(&users), asked()), (42, 3));

    // Another sync shares again.
    walk.connector.validate().await.unwrap();
    let groups = first("group", Some(&site)).await;
    let users = first("user", Some(&site)).await;
    assert_eq!((of_everyone(&users), size(&groups), asked()), (42, Some(42.0), 4));
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
