//! A request as a connector writes it.

use std::fmt;

use bytes::Bytes;
use connector_model::{Error, Result, SecretString};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use crate::{Credential, HttpClient, Response, redact, transport::Outgoing};

/// What is escaped in a segment of a path: the path percent-encode set of the
/// URL standard, and what would end the segment or be taken for an escape.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'/')
    .add(b'\\')
    .add(b'%');

/// Who a request is sent as.
pub(crate) enum Identity {
    /// The client's session; the first such request signs in.
    Session,
    /// Nobody.
    None,
    /// Somebody for this one request.
    Given(Credential),
}

/// A request ready for the pipeline.
pub(crate) struct Prepared {
    pub(crate) outgoing: Outgoing,
    pub(crate) identity: Identity,
    pub(crate) idempotent: bool,
    /// Whether the body holds a secret: then no answer is quoted.
    pub(crate) secret: bool,
}

/// A request in the making: [`HttpClient::get`] and its like begin it,
/// [`receive`](Self::fetch_json) or [`send`](Self::send) send it.
///
/// What can't work, such as a header value with a line break, is answered when
/// it is sent.
#[must_use = "a request does nothing until it is sent"]
pub struct RequestBuilder {
    client: HttpClient,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    identity: Identity,
    idempotent: bool,
    secret: bool,
    wrong: Option<Error>,
}

impl RequestBuilder {
    pub(crate) fn new(client: HttpClient, method: Method, path: &str) -> Self {
        let base = client.base_url().clone();
        let (url, wrong) = match resolve(&base, path) {
            Ok(url) => (url, None),
            Err(error) => (base, Some(error)),
        };
        let idempotent = matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
        let headers = HeaderMap::new();
        let identity = Identity::Session;
        Self { client, method, url, headers, body: None, identity, idempotent, secret: false, wrong }
    }

    fn fail(mut self, error: Error) -> Self {
        self.wrong.get_or_insert(error);
        self
    }

    /// Adds one segment to the path, with everything in it escaped: for ids
    /// and names that come from outside. `.` and `..` are refused.
    pub fn segment(mut self, segment: &str) -> Self {
        if matches!(segment, "" | "." | "..") {
            return self.fail(Error::invalid(format!("{segment:?} can't be part of a path")));
        }
        // Not by the library's own way, which takes tabs and newlines out.
        let path = self.url.path();
        let path = path.strip_suffix('/').unwrap_or(path);
        let path = format!("{path}/{}", utf8_percent_encode(segment, SEGMENT));
        self.url.set_path(&path);
        self
    }

    /// Adds parameters to the query.
    pub fn query<K: AsRef<str>, V: fmt::Display>(mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut pairs = pairs.into_iter().peekable();
        if pairs.peek().is_some() {
            let mut query = self.url.query_pairs_mut();
            for (name, value) in pairs {
                query.append_pair(name.as_ref(), &value.to_string());
            }
        }
        self
    }

    /// Sets a header. `Accept` is `application/json` where nothing else is set.
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        match HeaderValue::from_str(value) {
            Ok(value) => {
                self.headers.insert(name, value);
                self
            }
            Err(_) => {
                let why = format!("the value has a character that the header {name} can't carry");
                self.fail(Error::invalid(why))
            }
        }
    }

    /// Sets the body to JSON.
    pub fn json(self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body("application/json", bytes),
            // The cause may quote a value, which may be a secret.
            Err(_) => self.fail(Error::internal("the body can't be written as JSON")),
        }
    }

    /// Sets the body and its content type.
    pub fn body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = Some(body.into());
        self
    }

    /// Whether the request may be sent again when nobody knows whether the
    /// server acted on it. GET, HEAD and OPTIONS may unless told otherwise,
    /// the rest may not.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = idempotent;
        self
    }

    /// Says that the body holds this secret. An answer to such a request is
    /// never quoted: of a failure the error shows the status, and a
    /// [classifier](crate::HttpClientBuilder::classify) sees codes but no
    /// sentences. From here on, the secret is kept out of all errors of the
    /// client, as its credentials are.
    pub fn redact(mut self, secret: &SecretString) -> Self {
        self.client.known().add(secret);
        self.secret = true;
        self
    }

    /// Sends without a credential, and without signing in.
    pub fn without_auth(mut self) -> Self {
        self.identity = Identity::None;
        self
    }

    /// Sends with this credential instead of the client's session.
    pub fn credential(mut self, credential: &Credential) -> Self {
        self.client.known().add(credential.secret());
        self.identity = Identity::Given(credential.clone());
        self
    }

    /// Sends the request and gives the answer, if it is a successful one.
    pub async fn send(self) -> Result<Response> {
        let (client, prepared) = self.prepare()?;
        client.execute(&prepared, Ok).await
    }

    /// Sends the request and decodes the answer from JSON. One that breaks off
    /// is asked for again, as a broken connection is.
    pub async fn fetch_json<T: DeserializeOwned + Send>(self) -> Result<T> {
        self.fetch_with(|body| serde_json::from_slice(body)).await
    }

    /// The same with a decoder of one's own, for services whose JSON does not
    /// decode as it is.
    pub async fn fetch_with<T: Send>(
        self,
        decode: impl Fn(&[u8]) -> Result<T, serde_json::Error> + Send + Sync,
    ) -> Result<T> {
        let (client, prepared) = self.prepare()?;
        client.execute(&prepared, |response| response.decode(&decode)).await
    }

    fn prepare(mut self) -> Result<(HttpClient, Prepared)> {
        if let Some(error) = self.wrong {
            let error = error.with("request", redact::request(&self.method, &self.url));
            return Err(self.client.redact_error(error));
        }
        self.headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        let Self { client, method, url, headers, body, identity, idempotent, secret, .. } = self;
        let outgoing = Outgoing { method, url, headers, body };
        Ok((client, Prepared { outgoing, identity, idempotent, secret }))
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("request", &redact::request(&self.method, &self.url))
            .finish_non_exhaustive()
    }
}

/// The URL of a path under the base. Another server is refused: the
/// credential would go there.
fn resolve(base: &Url, path: &str) -> Result<Url> {
    let url =
        base.join(path).map_err(|error| Error::invalid("the path does not make a URL").caused_by(error))?;
    if url.origin() == base.origin() && url.username().is_empty() && url.password().is_none() {
        return Ok(url);
    }
    Err(Error::invalid(format!(
        "the request goes to {}, which is not the server this client is for",
        url.origin().ascii_serialization()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_base_and_stay_on_its_server() {
        let base: Url = "https://example.com/api/3.24/".parse().expect("a URL");
        let to = |path| resolve(&base, path).map(|url| url.to_string());
        assert_eq!(to("sites").expect("fine"), "https://example.com/api/3.24/sites");
        assert_eq!(to("/api/-/x").expect("fine"), "https://example.com/api/-/x");
        assert!(to("https://example.com/next?page=2").is_ok());
        for elsewhere in
            ["https://evil.example/x", "//evil.example/x", "http://example.com/x", "https://a:b@example.com/"]
        {
            assert!(to(elsewhere).is_err(), "{elsewhere}");
        }
    }
}
