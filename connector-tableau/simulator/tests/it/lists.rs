//! Fields, filters and orders of users, groups and members.

use std::collections::BTreeSet;

use serde_json::Value;
use tableau_simulator::{Config, User};

use crate::client::{Client, faults};

fn rows(body: &Value) -> Vec<Value> {
    body["users"]["user"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn default_fields_leave_out_email_and_full_name() {
    let client = Client::start(60, 1, 5, &[]).await;
    for query in ["", "?fields=_default_"] {
        let answer = client.list(&format!("users{query}")).await;
        assert!(!answer.text.contains("\"email\"") && !answer.text.contains("\"fullName\""), "{query}");
        assert!(answer.text.contains("\"lastLogin\"") && answer.text.contains("\"domain\""), "{query}");
    }
    for query in ["?fields=_all_", "?fields=_default_,email,fullName", "?fields=id,email,fullName"] {
        let answer = client.list(&format!("users{query}")).await;
        assert!(answer.text.contains("\"email\"") && answer.text.contains("\"fullName\""), "{query}");
    }
    let named = client.list("users?fields=name,siteRole").await.json();
    let keys: BTreeSet<_> = rows(&named)[0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["id", "name", "siteRole"].map(String::from).into());
}

#[tokio::test]
async fn some_sites_leave_out_last_login_or_send_more_than_asked() {
    let client = Client::start(60, 1, 5, &["omit-last-login", "extra-fields"]).await;
    assert!(!client.list("users").await.text.contains("lastLogin"));
    assert!(client.list("users?fields=lastLogin").await.text.contains("lastLogin"));
    assert!(client.list("users?fields=email").await.text.contains("siteRole"));
}

#[tokio::test]
async fn all_attributes_are_those_of_the_seed() {
    let client = Client::with(Config { users: 200, future_role: true, ..Config::default() }).await;
    let body = client.list("users?fields=_all_&pageSize=1000").await.json();
    let truth = client.simulator.seed().users();
    assert_eq!(rows(&body).len(), truth.len());
    for (row, user) in rows(&body).iter().zip(&truth) {
        let mut right = serde_json::Map::new();
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                right.insert(key.into(), value.into());
            }
        };
        put("id", Some(user.id.to_string()));
        put("name", Some(user.name.clone()));
        put("fullName", user.full_name.clone());
        put("email", user.email.clone());
        put("siteRole", Some(user.site_role.into()));
        put("lastLogin", user.last_login.clone());
        put("authSetting", user.auth_setting.map(Into::into));
        put("externalAuthUserId", Some(user.external_auth_user_id.clone()));
        put("locale", user.locale.map(Into::into));
        put("language", user.language.map(Into::into));
        put("idpConfigurationId", user.idp_configuration_id.map(|id| id.to_string()));
        right.insert("domain".into(), serde_json::json!({"name": user.domain}));
        assert_eq!(row, &Value::Object(right));
    }
}

#[tokio::test]
async fn never_signed_in_is_absent_or_empty() {
    let client = Client::start(400, 1, 5, &[]).await;
    let body = client.list("users?pageSize=1000").await.json();
    assert!(rows(&body).iter().any(|user| user.get("lastLogin").is_none()));
    assert!(rows(&body).iter().any(|user| user["lastLogin"] == ""));
    assert!(
        rows(&body).iter().any(|user| user["lastLogin"].as_str().is_some_and(|time| time.ends_with('Z')))
    );
}

#[tokio::test]
async fn every_site_role_occurs() {
    let client = Client::with(Config { users: 20, future_role: true, ..Config::default() }).await;
    let seen: BTreeSet<_> = client.list("users").await.column("users", "siteRole").into_iter().collect();
    for role in [
        "Creator",
        "Explorer",
        "ExplorerCanPublish",
        "SiteAdministratorCreator",
        "SiteAdministratorExplorer",
        "SiteAdministrator",
        "ServerAdministrator",
        "Viewer",
        "Unlicensed",
        "ReadOnly",
        "Guest",
        "SupportUser",
        "DataSteward",
    ] {
        assert!(seen.contains(role), "{role}");
    }
    let known = Client::start(2000, 0, 0, &[]).await;
    assert!(!known.list("users?pageSize=1000").await.text.contains("DataSteward"), "only when asked for");
}

#[tokio::test]
async fn members_have_no_email_or_full_name() {
    let client = Client::start(60, 1, 30, &[]).await;
    let group = client.simulator.seed().groups()[1].id;
    let answer = client.list(&format!("groups/{group}/users?fields=_all_")).await;
    assert_eq!(answer.total(), 30);
    assert!(!answer.text.contains("\"email\"") && !answer.text.contains("\"fullName\""));
    assert!(answer.text.contains("\"siteRole\""));
}

/// The names that a filter lets through, and those that a rule over the seed does.
async fn check(client: &Client, filter: &str, rule: impl Fn(&User) -> bool) {
    let seen = client.list(&format!("users?pageSize=1000&filter={filter}")).await.column("users", "name");
    let truth = client.simulator.seed().users();
    let right: Vec<_> = truth.iter().filter(|user| rule(user)).map(|user| user.name.clone()).collect();
    assert!(!right.is_empty(), "{filter} lets nobody through");
    assert_eq!(seen, right, "{filter}");
}

#[tokio::test]
async fn users_are_filtered() {
    let client = Client::start(300, 1, 5, &[]).await;
    check(&client, "name:eq:user-0000003@example.com", |user| user.name == "user-0000003@example.com").await;
    check(&client, "name%3Acieq%3AUSER-0000003%40EXAMPLE.COM", |user| {
        user.name == "user-0000003@example.com"
    })
    .await;
    check(&client, "siteRole:eq:Viewer", |user| user.site_role == "Viewer").await;
    check(&client, "siteRole:in:[Creator,Unlicensed]", |user| {
        ["Creator", "Unlicensed"].contains(&user.site_role)
    })
    .await;
    check(&client, "siteRole:in:%5BCreator%2CUnlicensed%5D,domainName:eq:local", |user| {
        ["Creator", "Unlicensed"].contains(&user.site_role) && user.domain == "local"
    })
    .await;
    check(&client, "lastLogin:gte:2025-01-01T00:00:00Z,lastLogin:lt:2025-07-01T00:00:00Z", |user| {
        user.last_login.as_deref().is_some_and(|time| ("2025-01-01".."2025-07-01").contains(&time))
    })
    .await;
    check(&client, "isLocal:eq:false", |user| user.domain != "local").await;
    check(&client, "email:eq:sam.case@example.com", |user| {
        user.email.as_deref() == Some("sam.case@example.com")
    })
    .await;
    check(&client, "email:cieq:sam.case@example.com", |user| {
        user.email.as_deref().is_some_and(|email| email.eq_ignore_ascii_case("sam.case@example.com"))
    })
    .await;
}

#[tokio::test]
async fn a_plus_sign_is_a_space_unless_encoded() {
    let client = Client::start(30, 1, 5, &[]).await;
    // User 19 has a plus sign, an apostrophe and an ampersand in the name.
    check(&client, "name:eq:user-0000019%2Bo'brien%26co@example.com", |user| {
        user.name.contains("+o'brien&co")
    })
    .await;
    assert_eq!(client.list("users?filter=name:eq:user-0000019+o'brien%26co@example.com").await.total(), 0);
    let full_name = client.simulator.seed().users()[2].full_name.clone().unwrap();
    let filter = format!("friendlyName:eq:{}", full_name.replace(' ', "+"));
    check(&client, &filter, |user| user.full_name.as_ref() == Some(&full_name)).await;
}

#[tokio::test]
async fn filters_that_tableau_cannot_do_fail_as_there() {
    let client = Client::start(30, 1, 5, &[]).await;
    for (filter, status, code) in [
        ("lastLogin:eq:null", 400, "400025"),
        ("lastLogin:eq:", 400, "400025"),
        ("name:eq:Smith, John", 400, "400025"),
        ("name:between:x", 400, "400025"),
        ("shoeSize:eq:44", 400, "400025"),
        ("siteRole:gt:Viewer", 400, "400025"),
        ("siteRole:in:Viewer", 400, "400025"),
        ("siteRole:eq:SiteAdministrator", 500, "500000"),
        ("siteRole:in:[Viewer,ReadOnly]", 500, "500000"),
    ] {
        let answer = client.list(&format!("users?filter={filter}")).await;
        assert_eq!(answer.code(), (status, code.to_owned()), "{filter}");
    }
}

#[tokio::test]
async fn users_are_sorted() {
    let client = Client::start(60, 1, 5, &[]).await;
    let column = async |sort: &str, attribute: &str| {
        client.list(&format!("users?fields=_all_&sort={sort}")).await.column("users", attribute)
    };
    let names = column("name:asc", "name").await;
    assert!(names.is_sorted() && names.len() == 60);
    assert!(column("name:desc", "name").await.iter().rev().is_sorted());
    assert!(column("lastLogin:asc", "lastLogin").await.is_sorted());
    let (roles, names) =
        (column("siteRole:asc,name:desc", "siteRole").await, column("siteRole:asc,name:desc", "name").await);
    assert!(roles.is_sorted());
    assert!(
        roles.windows(2).zip(names.windows(2)).all(|(role, name)| role[0] != role[1] || name[0] > name[1])
    );
    assert_eq!(client.list("users?sort=shoeSize:asc").await.status.as_u16(), 400);
}

#[tokio::test]
async fn groups_have_counts_and_minimum_roles_when_asked() {
    let client = Client::start(60, 6, 9, &[]).await;
    let plain = client.list("groups").await;
    assert!(!plain.text.contains("userCount") && !plain.text.contains("minimumSiteRole"));
    let body = client.list("groups?fields=_default_,userCount,minimumSiteRole").await.json();
    let groups = body["groups"]["group"].as_array().unwrap();
    let truth = client.simulator.seed().groups();
    assert_eq!(groups.len(), 7);
    for (row, group) in groups.iter().zip(&truth) {
        assert_eq!(row["id"], group.id.to_string());
        assert_eq!(row["name"], group.name);
        assert_eq!(row["userCount"], group.user_count.to_string());
        assert_eq!(row["domain"]["name"], group.domain);
        assert_eq!(row["minimumSiteRole"].as_str(), group.minimum_site_role);
        assert_eq!(row["import"]["siteRole"].as_str(), group.minimum_site_role);
        assert_eq!(row["import"]["grantLicenseMode"].as_str(), group.license_mode);
    }
    assert!(truth.iter().any(|group| group.license_mode == Some("onLogin")));
    assert!(truth.iter().any(|group| group.domain != "local"));
    assert!(truth.iter().any(|group| group.user_count == 0));
}

#[tokio::test]
async fn groups_are_filtered() {
    let client = Client::start(60, 12, 9, &[]).await;
    let names =
        async |filter: &str| client.list(&format!("groups?filter={filter}")).await.column("groups", "name");
    assert_eq!(names("name:eq:All Users").await, ["All Users"]);
    assert_eq!(names("name:cieq:all users").await, ["All Users"]);
    assert_eq!(names("userCount:gt:9").await, ["All Users"]);
    assert_eq!(names("userCount:lte:0").await.len(), 1);
    assert_eq!(names("userCount:gte:1,name:like:group*").await.len(), 11);
    assert_eq!(names("minimumSiteRole:eq:Explorer").await.len(), 1);
    assert!(names("domainName:eq:corp.example.com").await.len() >= 2);
    assert_eq!(client.list("groups?filter=colour:eq:red").await.code(), (400, "400025".into()));
}

#[tokio::test]
async fn all_users_has_everyone_new_users_too() {
    let client = Client::start(30, 3, 9, &[]).await;
    let group = client.simulator.seed().groups()[0].clone();
    assert_eq!((group.name.as_str(), group.domain, group.user_count), ("All Users", "local", 30));
    let added = client.simulator.add_user(tableau_simulator::Place::Last);
    let path = format!("groups/{}/users?pageSize=1000", group.id);
    let members = client.list(&path).await.column("users", "id");
    assert!(members.contains(&added.to_string()));
    assert_eq!(members, client.list("users?pageSize=1000").await.column("users", "id"));
    let count =
        client.list("groups?fields=userCount&filter=name:eq:All Users").await.column("groups", "userCount");
    assert_eq!(count, ["31"]);
}

#[tokio::test]
async fn all_users_can_have_a_namesake_or_another_name() {
    let client = Client::start(30, 5, 9, &["decoy-all-users"]).await;
    let body = client.list("groups?fields=_all_").await;
    assert_eq!(body.column("groups", "name")[..2], ["All Users", "All Users"]);
    assert_eq!(body.column("groups", "userCount")[..2], ["30", "9"]);
    client.simulator.set_faults(faults(&["localised-all-users"]));
    assert_eq!(client.list("groups").await.column("groups", "name")[0], "Alle Benutzer");
}

#[tokio::test]
async fn missing_users_and_groups_have_their_own_codes() {
    let client = Client::start(30, 3, 9, &[]).await;
    let nobody = "9a8b7c6d-5e4f-4a2b-8c0d-9e8f7a6b5c4d";
    assert_eq!(client.list(&format!("users/{nobody}")).await.code(), (404, "404002".into()));
    assert_eq!(client.list("users/x").await.code(), (404, "404002".into()));
    assert_eq!(client.list(&format!("groups/{nobody}/users")).await.code(), (404, "404012".into()));
}
