//! A file against what is true of the site.

use std::path::Path;

use connector_store::{C1z, OpenOptions};
use connector_testkit::{Document, document};
use tableau_simulator::Simulator;

/// Reads a file and compares its newest sync with what is true of the site.
pub(crate) async fn true_document(file: &Path, site: &Simulator) -> Document {
    let document = document(file).await.unwrap();
    let truth = site.seed();
    let users: Vec<_> = truth.users();
    let read: Vec<_> = document.resources.keys().filter_map(|key| key.strip_prefix("user:")).collect();
    let mut ids: Vec<_> = users.iter().map(|user| user.id.to_string()).collect();
    ids.sort();
    assert_eq!(read, ids, "the users");
    let groups = truth.groups();
    assert_eq!(document.counts["resources of group"], groups.len() as u64);
    for group in groups {
        let held = document.grants.get(&format!("group:{}:member", group.id));
        let held: Vec<_> = held.into_iter().flatten().map(|(principal, _)| principal.clone()).collect();
        let mut members: Vec<_> =
            truth.members(group.id).into_iter().map(|id| format!("user:{id}")).collect();
        members.sort();
        assert_eq!(held, members, "the members of {}", group.name);
    }
    document
}

/// The ids of the syncs of a file, the newest first; each is finished.
pub(crate) async fn syncs(file: &Path) -> Vec<String> {
    let file = C1z::open(file, &OpenOptions::default()).await.unwrap();
    let syncs = file.syncs().await.unwrap();
    assert!(syncs.iter().all(|sync| sync.is_finished()), "{syncs:?}");
    syncs.into_iter().map(|sync| sync.id).collect()
}
