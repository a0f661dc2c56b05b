//! Each failure ends in one clear sentence and the right kind.

use std::{sync::Arc, time::Duration};

use connector_sdk::{Connector, Error, ErrorKind, http::Url};
use connector_tableau::TableauConfig;
use tableau_simulator::{Config, Endpoint, Simulator};

use crate::walk::{Walk, connect, connect_with, read};

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

/// Name and secret are easily mixed up.
#[tokio::test]
async fn a_secret_that_was_given_as_the_name_is_not_shown() {
    let secret = "qlE1g9MMh9vbrjjg==:rZTHhPpP2tUW1kfn4tjg8KQp2DlzwO7x";
    let (error, _) = refused(&[], |c| c.access_token_name = secret.to_owned()).await;
    let text = error.report();
    assert!(!text.contains("qlE1g9MMh9vbrjjg"), "{text}");
    assert!(text.contains("the name that was given looks like a secret"), "{text}");
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
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error:?}");
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
        ("hex-error=groups@1", ErrorKind::InvalidArgument, "0x5CE10192"),
        ("error=users@1:404:404003", ErrorKind::Unimplemented, "list users"),
        ("error=groups@1:409:409000", ErrorKind::AlreadyExists, "groups"),
    ] {
        let walk = Walk::start(small(), &[fault]).await;
        let error = walk.read().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{fault}: {error:?}");
        assert!(error.report().contains(says), "{fault}: {error:?}");
    }
}

#[tokio::test]
async fn the_kind_of_an_error_follows_the_status_and_then_the_code() {
    use ErrorKind as K;
    for (status, code, kind) in [
        (400, "400000", K::InvalidArgument),
        (400, "400006", K::OutOfRange),
        (400, "400007", K::Internal),
        (400, "400025", K::InvalidArgument),
        (401, "401000", K::Unauthenticated),
        (401, "401001", K::Unauthenticated),
        (401, "401002", K::Unauthenticated),
        (401, "401003", K::Unauthenticated),
        (403, "403004", K::PermissionDenied),
        (403, "403014", K::Internal),
        (403, "403133", K::PermissionDenied),
        (404, "404000", K::FailedPrecondition),
        // A list of the site is never what is missing, or it would be taken
        // for an empty one.
        (404, "404002", K::FailedPrecondition),
        (404, "404003", K::Unimplemented),
        (404, "404012", K::FailedPrecondition),
        (405, "405000", K::InvalidArgument),
        (409, "409000", K::AlreadyExists),
        (409, "409003", K::FailedPrecondition),
        (409, "409014", K::ResourceExhausted),
        (429, "429000", K::Unavailable),
        (500, "500000", K::Unavailable),
        (503, "503000", K::Unavailable),
        // A 404 is "not found" only where it says what was not found.
        (404, "404999", K::FailedPrecondition),
        // Codes under a status that is not theirs mean what the status says.
        (404, "409003", K::FailedPrecondition),
        (403, "409014", K::PermissionDenied),
        (403, "400006", K::PermissionDenied),
        (400, "0x5CE10192", K::InvalidArgument),
    ] {
        let walk = Walk::start(small(), &[&format!("error=users@1+:{status}:{code}")]).await;
        let error = walk.read().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status} {code}: {error:?}");
        assert!(error.report().contains(code), "{status} {code}: {error:?}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_fields_by_name_is_asked_for_all() {
    let config = Config { users: 2_100, groups: 1, members: 3, ..Config::default() };
    let walk = Walk::start(config, &["error=users@1:400:400000"]).await;
    let site = walk.read().await.unwrap();
    assert_eq!(site.of_type("user").filter(|u| u.user_trait().unwrap().emails.is_empty()).count(), {
        walk.simulator.seed().users().iter().filter(|u| u.email.is_none()).count()
    });
    assert_eq!(walk.simulator.requests().of(Endpoint::Users), 1 + 3);
}

#[tokio::test]
async fn what_passes_is_waited_out() {
    for fault in [
        "rate-limit=users@1x2",
        "storm=4",
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
async fn a_page_that_never_comes_ends_at_the_time_limit() {
    let walk = Walk::start(small(), &["hang=users@1+"]).await;
    let connector = Arc::new(
        connect_with(
            &walk.simulator,
            |_| {},
            |s| {
                s.timeout = Duration::from_millis(100);
                s.retry.attempts = 2;
            },
        )
        .unwrap(),
    );
    let error = read(&connector).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded, "{error:?}");
    assert!(error.to_string().contains("list users"), "{error}");
    assert_eq!(walk.simulator.requests().of(Endpoint::Users), 2);
}

#[tokio::test]
async fn a_server_that_does_not_filter_by_size_has_the_members_read() {
    // More groups than a page: the second request for groups is the question
    // for those of everyone, which the list of groups follows.
    let config = Config { groups: 1_050, members: 0, ..small() };
    let walk = Walk::start(config, &["error=groups@2:400:400025"]).await;
    let site = walk.read().await.unwrap();
    let groups = walk.simulator.seed().groups();
    assert_eq!(walk.simulator.requests().of(Endpoint::Groups), 3);
    let full = groups.iter().filter(|g| g.user_count > 0).count();
    assert_eq!(walk.simulator.requests().of(Endpoint::GroupMembers), full as u64);
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
