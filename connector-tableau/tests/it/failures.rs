//! Each failure ends in one clear sentence and the right kind.

use connector_sdk::{Connector, Error, ErrorKind, http::Url};
use connector_tableau::TableauConfig;
use tableau_simulator::{Config, Endpoint, Simulator};

use crate::walk::{Walk, connect};

fn small() -> Config {
    Config { users: 40, groups: 4, members: 6, ..Config::default() }
}

async fn refused(faults: &[&str], change: impl FnOnce(&mut TableauConfig)) -> (Error, Simulator) {
    let faults = faults.iter().map(|f| f.parse().unwrap()).collect();
    let simulator = Simulator::start(Config { faults, ..small() }).await.unwrap();
    let connector = connect(&simulator, change).unwrap();
    (connector.validate().await.unwrap_err(), simulator)
}

#[tokio::test]
async fn a_refused_token_names_all_that_may_be_wrong_and_no_secret() {
    let secret = "not-the-secret";
    for (faults, change) in [
        (
            &[][..],
            Box::new(|c: &mut TableauConfig| c.access_token_secret = secret.into())
                as Box<dyn FnOnce(&mut _)>,
        ),
        (&[], Box::new(|c: &mut TableauConfig| c.access_token_name = "other".into())),
        (&[], Box::new(|c: &mut TableauConfig| c.site_id = "elsewhere".into())),
        (&["revoked-token"], Box::new(|_: &mut TableauConfig| {})),
    ] {
        let (error, simulator) = refused(faults, change).await;
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error:?}");
        let text = error.report();
        for part in ["sign in to Tableau: Tableau refused the access token", "expired", "revoked", "no site"]
        {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains(secret) && !text.contains(&simulator.token_secret()), "{text}");
        assert_eq!(simulator.requests().of(Endpoint::SignIn), 1, "a refusal is final");
    }
}

#[tokio::test]
async fn who_is_no_administrator_is_told_so() {
    let (error, _) = refused(&["non-admin"], |_| {}).await;
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let text = error.to_string();
    assert!(text.contains("site role Viewer") && text.contains("SiteAdministratorExplorer"), "{text}");
}

#[tokio::test]
async fn a_server_that_is_too_old_is_told_so() {
    let simulator = Simulator::start(Config { api_version: (2, 8), ..small() }).await.unwrap();
    let error = connect(&simulator, |_| {}).unwrap().validate().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error:?}");
    assert!(error.to_string().contains("3.6 (Tableau Server 2019.4)"), "{error}");
    assert_eq!(simulator.requests().of(Endpoint::SignIn), 0);
}

#[tokio::test]
async fn a_version_that_the_server_does_not_have_is_told_so() {
    let simulator = Simulator::start(Config { api_version: (3, 20), ..small() }).await.unwrap();
    let too_new = connect(&simulator, |c| c.api_version = Some("3.27".parse().unwrap())).unwrap();
    let error = too_new.validate().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    assert!(error.to_string().contains("3.27") && error.to_string().contains("api-version"), "{error}");

    let fits = connect(&simulator, |c| c.api_version = Some("3.20".parse().unwrap())).unwrap();
    fits.validate().await.unwrap();
    assert_eq!(simulator.requests().of(Endpoint::ServerInfo), 0, "nothing to ask");
}

#[tokio::test]
async fn nobody_at_the_address_is_unavailable() {
    let simulator = Simulator::start(small()).await.unwrap();
    let nowhere: Url = simulator.url().parse().unwrap();
    let connector = connect(&simulator, |c| c.server = nowhere).unwrap();
    simulator.shutdown().await.unwrap();
    let error = connector.validate().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}

#[tokio::test]
async fn what_fails_half_way_fails_the_read() {
    for (fault, kind, says) in [
        ("forbidden=group-members@2", ErrorKind::PermissionDenied, "list the members of a group"),
        ("forbidden=site@1", ErrorKind::PermissionDenied, "read the site"),
        ("forbidden=groups@1", ErrorKind::PermissionDenied, "groups"),
        ("html=users@1", ErrorKind::Unavailable, "instead of JSON"),
        ("cut-body=users@1+", ErrorKind::Unavailable, "broke off"),
        ("unavailable=groups@1+", ErrorKind::Unavailable, "503"),
        ("hex-error=groups@2", ErrorKind::InvalidArgument, "0x5CE10192"),
        ("error=users@1:404:404003", ErrorKind::NotFound, "list users"),
        ("error=groups@1:409:409000", ErrorKind::AlreadyExists, "groups"),
    ] {
        let walk = Walk::start(small(), &[fault]).await;
        let error = walk.read().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fault}: {error:?}");
        assert!(error.report().contains(says), "{fault}: {error:?}");
    }
}

#[tokio::test]
async fn what_passes_is_waited_out() {
    for fault in [
        "rate-limit=users@1x2",
        "unavailable=group-members@1x2",
        "reset=users@1",
        "truncate=groups@1",
        "cut-body=users@1",
        "unavailable=signin@1",
        "bare-401=users@1",
    ] {
        let walk = Walk::start(small(), &[fault]).await;
        let site = walk.read().await.unwrap_or_else(|e| panic!("{fault}: {e:?}"));
        assert_eq!(site.of_type("user").count(), 40, "{fault}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_filter_by_size_has_the_members_read() {
    // The first request for groups is the question for the groups of everyone.
    let walk = Walk::start(small(), &["error=groups@2:400:400025"]).await;
    let site = walk.read().await.unwrap();
    let groups = walk.simulator.seed().groups();
    let full = groups.iter().filter(|g| g.user_count > 0).count();
    assert_eq!(walk.simulator.requests().of(Endpoint::GroupMembers) as usize, full);
    let everyone = groups.iter().find(|g| g.user_count == 40).unwrap();
    assert_eq!(site.holders(&format!("group:{}:member", everyone.id)).len(), 40);
}

#[tokio::test]
async fn a_list_that_got_shorter_is_a_warning_and_no_failure() {
    let config = Config { users: 2_001, groups: 1, members: 3, ..Config::default() };
    let walk = Walk::start(config, &["delete-last=users#3:1"]).await;
    let site = walk.read().await.unwrap();
    assert!(site.warnings.iter().any(|w| w.contains("users got shorter")), "{:?}", site.warnings);
    assert_eq!(site.of_type("user").count(), 2_000);
}

#[tokio::test]
async fn a_site_without_users_or_groups_is_no_failure() {
    // The caller is always there, so nothing less than one user can be had.
    let walk = Walk::start(Config { users: 1, groups: 0, members: 0, ..Config::default() }, &[]).await;
    let site = walk.read().await.unwrap();
    assert_eq!((site.of_type("user").count(), site.of_type("group").count()), (1, 1));
}
