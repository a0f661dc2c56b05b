//! A client just clever enough for the tests.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tableau_simulator::{Config, Fault, Simulator};

/// A simulator and a session on it.
pub(crate) struct Client {
    pub(crate) simulator: Simulator,
    pub(crate) http: reqwest::Client,
    pub(crate) version: &'static str,
    pub(crate) token: String,
    pub(crate) site: String,
}

/// An answer, read as far as it can be.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The HTTP status and Tableau's code.
    pub(crate) fn code(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    }

    /// One attribute of every row of the list in `wrapper`.
    pub(crate) fn column(&self, wrapper: &str, attribute: &str) -> Vec<String> {
        let body = self.json();
        let item = wrapper.strip_suffix('s').unwrap();
        let rows = body[wrapper][item].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row[attribute].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub(crate) fn total(&self) -> usize {
        self.json()["pagination"]["totalAvailable"].as_str().unwrap().parse().unwrap()
    }
}

pub(crate) fn faults(texts: &[&str]) -> Vec<Fault> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

impl Client {
    /// Starts a site with faults and signs in.
    pub(crate) async fn start(users: u32, groups: u32, members: u32, texts: &[&str]) -> Self {
        Self::with(Config { users, groups, members, faults: faults(texts), ..Config::default() }).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let mut client = Self::signed_out(config).await;
        let answer = client.sign_in().await;
        let body = answer.json();
        client.token = body["credentials"]["token"].as_str().unwrap().to_owned();
        client.site = body["credentials"]["site"]["id"].as_str().unwrap().to_owned();
        client
    }

    pub(crate) async fn signed_out(config: Config) -> Self {
        Self {
            simulator: Simulator::start(config).await.unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            version: "3.27",
            token: String::new(),
            site: String::new(),
        }
    }

    pub(crate) fn token_credentials(&self, content_url: &str) -> Value {
        json!({"credentials": {
            "personalAccessTokenName": self.simulator.token_name(),
            "personalAccessTokenSecret": self.simulator.token_secret(),
            "site": {"contentUrl": content_url},
        }})
    }

    pub(crate) async fn sign_in(&self) -> Answer {
        self.post("auth/signin", &self.token_credentials(self.simulator.site())).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header("accept", "application/json").json(body);
        read(request.send().await.unwrap()).await
    }

    /// A GET with JSON.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap()
    }

    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        let response = self.request(Method::GET, path).header("accept", "application/json").send().await?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        Ok(Answer { status, retry_after, text: response.text().await? })
    }

    /// A GET of something of the site.
    pub(crate) async fn list(&self, path: &str) -> Answer {
        self.get(&self.of_site(path)).await
    }

    /// A GET with XML.
    pub(crate) async fn get_xml(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path).header("accept", "*/*");
        read(request.send().await.unwrap()).await
    }

    pub(crate) fn of_site(&self, path: &str) -> String {
        format!("sites/{}/{path}", self.site)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/api/{}/{path}", self.simulator.url(), self.version);
        let request = self.http.request(method, url);
        if self.token.is_empty() { request } else { request.header("X-Tableau-Auth", &self.token) }
    }
}

fn retry_after(response: &reqwest::Response) -> Option<String> {
    response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned())
}

pub(crate) async fn read(response: reqwest::Response) -> Answer {
    let (status, retry_after) = (response.status(), retry_after(&response));
    Answer { status, retry_after, text: response.text().await.unwrap() }
}
