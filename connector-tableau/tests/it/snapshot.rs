//! A small site as a document that a person can review: every site role, a
//! group with a minimum role, one of a directory, an empty one, and the group
//! that everyone is in.

use std::sync::Arc;

use connector_sdk::Result;
use connector_tableau::{ClientSettings, Tableau, TableauConfig};
use connector_testkit::sync_document;
use tableau_simulator::{Config, Simulator};

#[tokio::test]
async fn a_small_site() -> Result<()> {
    let config = Config { users: 14, groups: 5, members: 3, future_role: true, ..Config::default() };
    let site = Simulator::start(config).await.unwrap();
    let config =
        TableauConfig::parse(site.token_name(), site.token_secret().into(), site.url(), site.site(), "")?;
    let tableau = Tableau::new(&config, &ClientSettings::default())?;
    let document = sync_document(Arc::new(tableau)).await?;

    // The truth that the snapshot is reviewed against.
    let truth = site.seed();
    assert_eq!(document.counts["resources of user"], truth.user_count() as u64);
    for group in truth.groups() {
        let held = document.grants.get(&format!("group:{}:member", group.id));
        let members: Vec<_> = truth.members(group.id).into_iter().map(|id| format!("user:{id}")).collect();
        assert_eq!(held.map_or(0, |h| h.len()), members.len(), "{}", group.name);
        assert!(members.iter().all(|m| held.is_some_and(|h| h.contains_key(m))), "{}", group.name);
    }
    insta::assert_snapshot!(document.to_string());
    Ok(())
}
