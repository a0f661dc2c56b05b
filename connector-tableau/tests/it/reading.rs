//! What is read is what is there.

use std::collections::BTreeSet;

use connector_sdk::State;
use tableau_simulator::{Config, Luid, Simulator};

use crate::walk::{Site, Walk};

fn small() -> Config {
    Config { users: 60, groups: 6, members: 9, future_role: true, ..Config::default() }
}

/// Compares what was read with what is true. Members of the group who do not
/// exist are passed over.
fn assert_is(site: &Site, simulator: &Simulator) {
    let truth = simulator.seed();
    let site_id = truth.site().id.to_string();
    let ids = |luids: Vec<Luid>| luids.iter().map(Luid::to_string).collect::<BTreeSet<_>>();
    let users = truth.users();
    assert_eq!(
        site.of_type("user").map(|r| r.id.id().to_owned()).collect::<BTreeSet<_>>(),
        ids(users.iter().map(|u| u.id).collect())
    );
    for user in &users {
        let id = connector_sdk::ResourceId::new("user", user.id.to_string()).unwrap();
        let account = &site.resources[&id];
        let wire = account.user_trait().unwrap();
        let full_name = user.full_name.as_deref().unwrap_or(&user.name);
        assert_eq!(account.display_name, full_name);
        assert_eq!(account.parent.as_ref().unwrap().id(), site_id);
        assert_eq!(wire.login, *user.email.as_ref().unwrap_or(&user.name));
        let emails: Vec<_> = wire.emails.iter().map(|e| e.address.clone()).collect();
        assert_eq!(emails, user.email.clone().into_iter().collect::<Vec<_>>());
        let last_login = user.last_login.as_deref().filter(|t| !t.is_empty());
        assert_eq!(
            wire.last_login.as_ref().map(|t| t.seconds),
            last_login.map(|t| t.parse::<jiff::Timestamp>().unwrap().as_second())
        );
        let unlicensed = user.site_role == "Unlicensed";
        let state = if unlicensed { State::Disabled } else { State::Enabled };
        assert_eq!(account.status.as_ref().unwrap().state, state);
        let profile = account.profile.as_ref().unwrap();
        let external = Some(user.external_auth_user_id.as_str()).filter(|id| !id.is_empty());
        let idp = user.idp_configuration_id.map(|id| id.to_string());
        for (key, value) in [
            ("user_id", Some(id.id())),
            ("name", Some(user.name.as_str())),
            ("full_name", user.full_name.as_deref()),
            ("email", user.email.as_deref()),
            ("site_role", Some(user.site_role)),
            ("domain", Some(user.domain)),
            ("auth_setting", user.auth_setting),
            ("idp_configuration_id", idp.as_deref()),
            ("external_auth_user_id", external),
            ("last_login", last_login),
            ("locale", user.locale),
            ("language", user.language),
        ] {
            assert_eq!(profile.text(key), value, "{key} of {}", user.name);
        }
    }

    let groups = truth.groups();
    assert_eq!(
        site.of_type("group").map(|r| r.id.id().to_owned()).collect::<BTreeSet<_>>(),
        ids(groups.iter().map(|g| g.id).collect())
    );
    for group in &groups {
        let id = group.id.to_string();
        let members: Vec<Luid> =
            truth.members(group.id).into_iter().filter(|m| truth.user(*m).is_some()).collect();
        assert_eq!(site.holders(&format!("group:{id}:member")), ids(members), "{}", group.name);
        assert!(site.entitlements.contains_key(&format!("group:{id}:member")));
        let resource = &site.resources[&connector_sdk::ResourceId::new("group", id).unwrap()];
        assert_eq!(resource.display_name, group.name);
        let profile = resource.profile.as_ref().unwrap();
        assert_eq!(profile.text("domain"), Some(group.domain));
        assert_eq!(profile.text("minimum_site_role"), group.minimum_site_role);
        assert_eq!(profile.text("grant_license_mode"), group.license_mode);
        assert_eq!(profile.number("user_count"), Some(group.user_count as f64));
    }

    // Everybody has exactly one site role, and every entitlement is there.
    let roles: Vec<_> =
        site.grants.values().filter(|g| *g.entitlement.resource.resource_type() == "site").collect();
    assert_eq!(roles.len(), users.len());
    for grant in site.grants.values() {
        assert!(site.entitlements.contains_key(&*grant.entitlement.id), "{}", grant.id());
        assert!(site.resources.contains_key(&grant.principal), "{}", grant.id());
    }
}

#[tokio::test]
async fn a_site_is_read_in_full() {
    let walk = Walk::start(small(), &[]).await;
    let site = walk.read().await.unwrap();
    assert_is(&site, &walk.simulator);
    assert_eq!(site.of_type("license").count(), 4);
    assert_eq!(walk.simulator.open_sessions(), 0);
}

#[tokio::test]
async fn the_shape_of_the_json_makes_no_difference() {
    let plain = Walk::start(small(), &[]).await;
    let expected = plain.read().await.unwrap();
    for faults in [
        &["native-scalars"][..],
        &["single-object"],
        &["extra-fields"],
        &["omit-last-login"],
        &["native-scalars", "single-object", "extra-fields"],
    ] {
        let walk = Walk::start(small(), faults).await;
        let site = walk.read().await.unwrap();
        assert_eq!(site.resources, expected.resources, "{faults:?}");
        assert_eq!(site.grants, expected.grants, "{faults:?}");
    }
}

#[tokio::test]
async fn lists_of_one_may_be_objects() {
    for faults in [&["single-object"][..], &[]] {
        let walk = Walk::start(Config { users: 1, groups: 0, members: 0, ..Config::default() }, faults).await;
        let site = walk.read().await.unwrap();
        assert_is(&site, &walk.simulator);
    }
}

#[tokio::test]
async fn every_site_role_has_an_entitlement_and_its_license() {
    let walk = Walk::start(small(), &[]).await;
    let site = walk.read().await.unwrap();
    let site_id = walk.simulator.seed().site().id;
    for user in walk.simulator.seed().users() {
        let (slug, license) = match user.site_role {
            "SiteAdministratorCreator" => ("site administrator creator", Some("creator")),
            "ServerAdministrator" => ("server administrator", Some("creator")),
            "Creator" => ("creator", Some("creator")),
            "SiteAdministratorExplorer" => ("site administrator explorer", Some("explorer")),
            "SiteAdministrator" => ("site administrator", Some("explorer")),
            "ExplorerCanPublish" => ("explorer can publish", Some("explorer")),
            "Explorer" => ("explorer", Some("explorer")),
            "ReadOnly" => ("readonly", Some("explorer")),
            "Viewer" => ("viewer", Some("viewer")),
            "Unlicensed" => ("unlicensed", Some("unlicensed")),
            "Guest" => ("guest", None),
            "SupportUser" => ("support user", None),
            "DataSteward" => ("data steward", None),
            other => panic!("a role that this test does not know: {other}"),
        };
        let id = user.id.to_string();
        assert!(site.holders(&format!("site:{site_id}:{slug}")).contains(&id), "{slug}");
        for kind in ["creator", "explorer", "viewer", "unlicensed"] {
            let holds = site.holders(&format!("license:{kind}:member")).contains(&id);
            assert_eq!(holds, license == Some(kind), "{slug} {kind}");
        }
    }
    // The unknown role came with its holder, under the site's name.
    let unknown = &site.entitlements[&format!("site:{site_id}:data steward")];
    assert_eq!(unknown.display_name, format!("{} Site data steward", unknown.resource.display_name));
    for role in ["Guest", "SupportUser", "DataSteward"] {
        assert!(site.warnings.iter().any(|w| w.contains(role)), "{:?}", site.warnings);
    }
}

#[tokio::test]
async fn seats_are_those_of_the_site() {
    let walk = Walk::start(small(), &[]).await;
    let site = walk.read().await.unwrap();
    let truth = walk.simulator.seed().site();
    let seats = |kind: &str| {
        let license = site.of_type("license").find(|r| r.id.id() == kind).unwrap();
        license.traits.iter().find_map(|t| match t {
            connector_sdk::Trait::LicenseProfile(p) => Some((p.purchased_seats, p.consumed_seats)),
            _ => None,
        })
    };
    let (capacity, usage) = (truth.capacity, truth.usage);
    assert_eq!(seats("creator"), Some((capacity.creators as i64, usage.creators as i64)));
    assert_eq!(seats("explorer"), Some((capacity.explorers as i64, usage.explorers as i64)));
    assert_eq!(seats("viewer"), Some((capacity.viewers as i64, usage.viewers as i64)));
    assert_eq!(seats("unlicensed"), None);
}

#[tokio::test]
async fn all_users_is_derived_and_immutable_under_any_name() {
    use connector_sdk::wire::GrantImmutable;

    for (faults, immutable) in
        [(&[][..], true), (&["localised-all-users"][..], false), (&["decoy-all-users"][..], true)]
    {
        let walk = Walk::start(small(), faults).await;
        let site = walk.read().await.unwrap();
        assert_is(&site, &walk.simulator);
        let groups = walk.simulator.seed().groups();
        let everyone: Vec<_> = groups.iter().filter(|g| g.user_count == 60).collect();
        assert_eq!(everyone.len(), 1);
        let not_read = groups.iter().filter(|g| g.user_count == 60 || g.user_count == 0).count();
        let reads = walk.simulator.requests().of(tableau_simulator::Endpoint::GroupMembers);
        assert_eq!(reads, (groups.len() - not_read) as u64, "{faults:?}");
        for grant in site.grants.values().filter(|g| *g.entitlement.resource.resource_type() == "group") {
            let is_everyone = grant.entitlement.resource.id() == everyone[0].id.to_string();
            let details = grant.details.as_ref();
            let marked = details.is_some_and(|d| d.annotations.has::<GrantImmutable>());
            assert_eq!(marked, is_everyone && immutable, "{faults:?} {}", grant.id());
        }
    }
}

#[tokio::test]
async fn members_who_are_in_no_list_are_asked_for_once() {
    let walk = Walk::start(small(), &["hide-users=3"]).await;
    let site = walk.read().await.unwrap();
    assert_is(&site, &walk.simulator);
    // Three hidden members in several groups, and the connector's own user.
    assert_eq!(walk.simulator.requests().of(tableau_simulator::Endpoint::User), 3 + 1);
}

#[tokio::test]
async fn members_who_do_not_exist_are_left_out_with_a_warning() {
    let walk = Walk::start(small(), &["ghost-members=2"]).await;
    let site = walk.read().await.unwrap();
    assert_is(&site, &walk.simulator);
    assert!(site.warnings.iter().any(|w| w.contains("does not exist")), "{:?}", site.warnings);
}

#[tokio::test]
async fn a_site_with_many_pages_is_read_once() {
    let config = Config { users: 2_500, groups: 3, members: 2_100, ..Config::default() };
    let walk = Walk::start(config, &[]).await;
    let site = walk.read().await.unwrap();
    assert_is(&site, &walk.simulator);
    let requests = walk.simulator.requests();
    assert_eq!(requests.of(tableau_simulator::Endpoint::Users), 3);
    // Groups 1 and 2 have three pages each; 3 is empty, and All Users is derived.
    assert_eq!(requests.of(tableau_simulator::Endpoint::GroupMembers), 6);
}
