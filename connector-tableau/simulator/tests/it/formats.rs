//! XML and JSON, paths and versions.

use reqwest::{Method, StatusCode};

use crate::{
    client::{Client, read},
    tree,
};

#[tokio::test]
async fn both_formats_say_the_same() {
    let client = Client::start(60, 6, 9, &[]).await;
    let groups = client.list("groups").await.column("groups", "id");
    let users = client.list("users").await.column("users", "id");
    let mut paths = vec![
        "serverinfo".to_owned(),
        format!("sites/{}?includeUsage=true", client.site),
        client.of_site("users?fields=_all_&pageSize=1000"),
        client.of_site("users"),
        client.of_site("users?filter=name:eq:nobody"),
        client.of_site("users?filter=name:eq:user-0000002@example.com"),
        client.of_site("groups?fields=_all_"),
        client.of_site("groups"),
        client.of_site("groupsets"),
        client.of_site("projects"),
        client.of_site("users?pageSize=1001"),
        client.of_site("users?pageNumber=0"),
        client.of_site("nothing<&>here"),
    ];
    paths.extend(groups.iter().map(|group| client.of_site(&format!("groups/{group}/users"))));
    paths.extend(users.iter().map(|user| client.of_site(&format!("users/{user}"))));
    for path in paths {
        let (xml, json) = (client.get_xml(&path).await, client.get(&path).await);
        assert_eq!(xml.status, json.status, "{path}");
        assert_eq!(tree::from_xml(&xml.text), tree::from_json(&json.text), "{path}");
    }
}

#[tokio::test]
async fn json_needs_to_be_asked_for() {
    let client = Client::start(3, 0, 0, &[]).await;
    for (accept, xml) in [("*/*", true), ("application/xml", true), ("application/json", false)] {
        let request = client.request(Method::GET, "serverInfo").header("accept", accept);
        let response = request.send().await.unwrap();
        let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(content_type.contains("xml"), xml, "{accept}: {content_type}");
        assert_eq!(response.text().await.unwrap().starts_with("<?xml "), xml, "{accept}");
    }
}

#[tokio::test]
async fn sign_in_is_understood_in_xml() {
    let client = Client::start(3, 0, 0, &[]).await;
    let body = format!(
        "<tsRequest><credentials personalAccessTokenName='{}' personalAccessTokenSecret=\"{}\">\
         <site contentUrl='{}'/></credentials></tsRequest>",
        client.simulator.token_name(),
        client.simulator.token_secret(),
        client.simulator.site()
    );
    let request = client.request(Method::POST, "auth/signin").header("content-type", "text/xml").body(body);
    let answer = read(request.send().await.unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains(&format!("id=\"{}\"", client.site)), "{}", answer.text);
}

#[tokio::test]
async fn paths_ignore_case() {
    let client = Client::start(3, 0, 0, &[]).await;
    let path = format!("Sites/{}/USERS", client.site.to_uppercase());
    assert_eq!(client.get(&path).await.total(), 3);
}

#[tokio::test]
async fn versions_up_to_the_servers_are_served() {
    let mut client = Client::start(3, 0, 0, &[]).await;
    for version in ["2.0", "2.4", "3.0", "3.9", "3.27"] {
        client.version = version;
        assert_eq!(client.list("users").await.total(), 3, "{version}");
    }
    for version in ["3.28", "4.0", "1.0", "latest", "3"] {
        client.version = version;
        assert_eq!(client.list("users").await.code(), (404, "404003".into()), "{version}");
    }
}

#[tokio::test]
async fn resources_exist_since_the_version_that_brought_them() {
    let mut client = Client::start(30, 0, 0, &[]).await;
    for (version, group_sets, capacity, provider) in [
        ("3.6", false, false, false),
        ("3.7", false, true, false),
        ("3.22", true, true, false),
        ("3.24", true, true, true),
    ] {
        client.version = version;
        let answer = client.list("groupsets").await;
        assert_eq!(answer.status.is_success(), group_sets, "{version}");
        let site = client.get(&format!("sites/{}", client.site)).await.json();
        assert_eq!(site["site"]["tierCreatorCapacity"].is_string(), capacity, "{version}");
        let users = client.list("users?fields=_all_").await;
        assert_eq!(users.text.contains("idpConfigurationId"), provider, "{version}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused() {
    let client = Client::start(3, 0, 0, &[]).await;
    assert_eq!(client.list("nonsense").await.code(), (404, "404003".into()));
    assert_eq!(
        client.post(&client.of_site("users"), &serde_json::json!({})).await.code(),
        (405, "405000".into())
    );
}

#[tokio::test]
async fn scalars_are_strings_unless_native() {
    let client = Client::start(3, 0, 0, &[]).await;
    let path = format!("sites/{}?includeUsage=true", client.site);
    let quoted = client.get(&path).await.json();
    assert_eq!(quoted["site"]["usage"]["numUsers"], "3");
    assert_eq!(quoted["site"]["disableSubscriptions"], "false");
    client.simulator.set_faults(crate::client::faults(&["native-scalars"]));
    let native = client.get(&path).await.json();
    assert_eq!(native["site"]["usage"]["numUsers"], 3);
    assert_eq!(native["site"]["disableSubscriptions"], false);
    assert_eq!(client.list("users").await.json()["pagination"]["totalAvailable"], 3);
}

#[tokio::test]
async fn empty_and_single_lists_have_their_shapes() {
    let client = Client::start(3, 0, 0, &[]).await;
    let none = client.list("users?filter=name:eq:nobody").await.json();
    assert_eq!(none["users"], serde_json::json!({}));
    assert_eq!(none["pagination"]["totalAvailable"], "0");
    assert!(client.get_xml(&client.of_site("users?filter=name:eq:nobody")).await.text.contains("<users/>"));
    assert!(client.list("groups").await.json()["groups"]["group"].is_array());
    client.simulator.set_faults(crate::client::faults(&["single-object"]));
    assert_eq!(client.list("groups").await.json()["groups"]["group"]["name"], "All Users");
    assert!(client.list("users").await.json()["users"]["user"].is_array());
}
