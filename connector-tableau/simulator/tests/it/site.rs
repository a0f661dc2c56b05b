//! The site, and who may see what.

use tableau_simulator::{Config, Endpoint};

use crate::client::{Client, faults};

#[tokio::test]
async fn usage_counts_licences_by_role() {
    let client = Client::with(Config { users: 300, future_role: true, ..Config::default() }).await;
    let count = |roles: &[&str]| {
        client
            .simulator
            .seed()
            .users()
            .iter()
            .filter(|user| roles.contains(&user.site_role))
            .count()
            .to_string()
    };
    let plain = client.get(&format!("sites/{}", client.site)).await.json();
    assert!(plain["site"].get("usage").is_none());
    let site = client.get(&format!("sites/{}?includeUsage=true", client.site)).await.json();
    let usage = &site["site"]["usage"];
    assert_eq!(usage["numUsers"], "300");
    assert_eq!(usage["numCreators"], count(&["Creator", "SiteAdministratorCreator", "ServerAdministrator"]));
    let explorers = ["Explorer", "ExplorerCanPublish", "SiteAdministratorExplorer", "SiteAdministrator"];
    assert_eq!(usage["numExplorers"], count(&explorers));
    assert_eq!(usage["numViewers"], count(&["Viewer"]));
    for (capacity, used) in [
        ("tierCreatorCapacity", "numCreators"),
        ("tierExplorerCapacity", "numExplorers"),
        ("tierViewerCapacity", "numViewers"),
    ] {
        let number = |value: &serde_json::Value| value.as_str().unwrap().parse::<u32>().unwrap();
        assert!(number(&site["site"][capacity]) > number(&usage[used]), "{capacity}");
    }
}

#[tokio::test]
async fn a_site_is_found_by_name_and_content_url() {
    let client = Client::start(3, 0, 0, &[]).await;
    for path in ["sites/Simulated?key=name", "sites/simulated?key=contentUrl"] {
        assert_eq!(client.get(path).await.json()["site"]["id"], client.site, "{path}");
    }
    assert_eq!(client.get("sites/other-site?key=contentUrl").await.code(), (404, "404000".into()));
}

#[tokio::test]
async fn the_default_site_has_an_empty_content_url() {
    let client = Client::with(Config { users: 3, site: String::new(), ..Config::default() }).await;
    let site = client.get(&format!("sites/{}", client.site)).await.json();
    assert_eq!(site["site"]["contentUrl"], "");
}

#[tokio::test]
async fn sites_are_listed_for_server_administrators() {
    let client = Client::start(30, 0, 0, &[]).await;
    assert_eq!(client.get("sites").await.code(), (403, "403004".into()));
    client.simulator.set_faults(faults(&["server-admin"]));
    let answer = client.get("sites").await;
    assert_eq!(answer.column("sites", "id"), [client.site.as_str()]);
    let caller = client.simulator.seed().site().caller;
    assert_eq!(client.simulator.seed().user(caller).unwrap().site_role, "ServerAdministrator");
}

#[tokio::test]
async fn who_is_no_administrator_sees_little() {
    let client = Client::start(30, 3, 9, &["non-admin"]).await;
    let caller = client.simulator.seed().site().caller;
    assert_eq!(client.list(&format!("users/{caller}")).await.json()["user"]["siteRole"], "Viewer");
    let other = client.simulator.seed().users()[2].id;
    assert_eq!(client.list(&format!("users/{other}")).await.code(), (403, "403133".into()));
    assert_eq!(client.list("users").await.code(), (403, "403004".into()));
    let group = client.simulator.seed().groups()[1].id;
    assert_eq!(client.list(&format!("groups/{group}/users")).await.code(), (403, "403004".into()));
    assert!(client.list("projects").await.status.is_success());
}

#[tokio::test]
async fn requests_are_counted_by_endpoint() {
    let client = Client::start(30, 3, 9, &[]).await;
    client.list("users?pageSize=10").await;
    client.list("users?pageSize=10&pageNumber=2").await;
    client.get("serverInfo").await;
    client.list("nonsense").await;
    let counts = client.simulator.requests();
    assert_eq!((counts.total, counts.of(Endpoint::Users), counts.of(Endpoint::SignIn)), (5, 2, 1));
    let url = format!("{}/_sim/requests", client.simulator.url());
    let told: serde_json::Value = client.http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(told, serde_json::json!({"total": 5, "users": 2, "signin": 1, "serverinfo": 1, "other": 1}));
    client.http.delete(&url).send().await.unwrap().error_for_status().unwrap();
    assert_eq!(client.simulator.requests().total, 0);
}

#[tokio::test]
async fn the_truth_is_served_whole() {
    let client = Client::start(2_345, 4, 9, &[]).await;
    let url = format!("{}/_sim/seed", client.simulator.url());
    let told: serde_json::Value = client.http.get(&url).send().await.unwrap().json().await.unwrap();
    let seed = client.simulator.seed();
    assert_eq!(told["site"], serde_json::to_value(seed.site()).unwrap());
    assert_eq!(told["users"], serde_json::to_value(seed.users()).unwrap());
    assert_eq!(told["groups"].as_array().unwrap().len(), 5);
    for (row, group) in told["groups"].as_array().unwrap().iter().zip(seed.groups()) {
        assert_eq!(row["name"], group.name);
        assert_eq!(row["members"], serde_json::to_value(seed.members(group.id)).unwrap());
    }
    assert_eq!(client.simulator.requests().total, 1, "the truth is not counted");
}

#[tokio::test]
async fn faults_can_be_set_over_http() {
    let client = Client::start(30, 3, 9, &[]).await;
    let url = format!("{}/_sim/faults", client.simulator.url());
    let post = async |text: &'static str| client.http.post(&url).body(text).send().await.unwrap();
    assert!(post("forbidden=users\nnative-scalars\n").await.status().is_success());
    assert_eq!(client.list("users").await.code(), (403, "403004".into()));
    let refused = post("nonsense").await;
    assert_eq!(refused.status().as_u16(), 400);
    assert!(refused.text().await.unwrap().contains("is not a fault"));
}
