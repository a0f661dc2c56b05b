//! A successful answer.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use connector_model::{Error, ErrorKind, Result, Retry};
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{page_text, redact, secrets::Known};

/// A successful answer (status 200–299) with its whole body, decompressed.
pub struct Response {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether an error may hold words of the server.
    pub(crate) quotable: bool,
    pub(crate) known: Arc<Known>,
}

impl Response {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body alone.
    pub fn into_bytes(self) -> Bytes {
        self.body
    }

    /// The body as text; what is not UTF-8 becomes U+FFFD.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body decoded from JSON.
    ///
    /// A page instead of JSON, a body that broke off, and JSON of another form
    /// are told apart. An answer that says that it is not the whole one, such
    /// as 206, is an error. Prefer [`RequestBuilder::fetch_json`], which also
    /// tries again where the body broke off.
    ///
    /// [`RequestBuilder::fetch_json`]: crate::RequestBuilder::fetch_json
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.decode(|body| serde_json::from_slice(body))
    }

    pub(crate) fn decode<T>(&self, decode: impl Fn(&[u8]) -> Result<T, serde_json::Error>) -> Result<T> {
        let decoded = match self.is_whole() {
            true => decode(&self.body).map_err(|error| self.not_json(error)),
            false => Err(self.not_whole()),
        };
        decoded.map_err(|error| {
            let error = error.with("request", redact::request(&self.method, &self.url));
            self.known.secrets().hide_in(error)
        })
    }

    /// Whether the status says that this is all that was asked for.
    fn is_whole(&self) -> bool {
        matches!(self.status.as_u16(), 200..=204)
    }

    fn not_whole(&self) -> Error {
        let host = self.url.host_str().unwrap_or("the server");
        let status = match self.status.canonical_reason() {
            Some(reason) => format!("{} {reason}", self.status.as_u16()),
            None => self.status.as_u16().to_string(),
        };
        Error::new(
            ErrorKind::DataLoss,
            format!(
                "{host} answered {status}, which is no whole answer; check the server, and any proxy before it"
            ),
        )
    }

    fn not_json(&self, error: serde_json::Error) -> Error {
        let host = self.url.host_str().unwrap_or("the server");
        let content_type = self.header("content-type");
        // Encodings that were asked for are undone by now, and the header gone.
        if let Some(encoding) = self.header("content-encoding").filter(|encoding| *encoding != "identity") {
            let encoding = match self.quotable {
                true => format!("{:?}", page_text::one_line(encoding)),
                false => "something".to_owned(),
            };
            return Error::new(
                ErrorKind::DataLoss,
                format!("the answer of {host} is encoded as {encoding}, which was not asked for"),
            );
        }
        if page_text::is_markup(content_type, &self.body) {
            let what = match self.quotable {
                // Before tags are taken out: that could cut a secret.
                true => {
                    let head = String::from_utf8_lossy(&self.body[..self.body.len().min(page_text::HEAD)]);
                    page_text::describe(content_type, self.known.secrets().redact(&head).as_bytes())
                }
                false => " with a page".into(),
            };
            return Error::new(
                ErrorKind::Unavailable,
                format!(
                    "{host} answered{what} instead of JSON; check that the address is the \
                     service's own and that no proxy or sign-in page stands before it"
                ),
            )
            .retry_as(Retry::Never);
        }
        let bytes = self.body.len();
        let error_at = match self.quotable {
            true => redact::quoted(&error.to_string()),
            false => format!("line {} column {}", error.line(), error.column()),
        };
        match error.classify() {
            _ if bytes == 0 => Error::new(
                ErrorKind::DataLoss,
                format!("{host} answered {} without a body where JSON was expected", self.status),
            ),
            serde_json::error::Category::Eof => Error::new(
                ErrorKind::Unavailable,
                format!("the answer of {host} broke off after {bytes} bytes, in the middle of its JSON"),
            ),
            serde_json::error::Category::Data => Error::new(
                ErrorKind::DataLoss,
                format!("the JSON that {host} answered does not have the expected form: {error_at}"),
            ),
            _ => Error::new(ErrorKind::DataLoss, format!("what {host} answered is not JSON: {error_at}")),
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("request", &redact::request(&self.method, &self.url))
            .field("status", &self.status)
            .field("headers", &redact::headers(&self.headers, &self.known.secrets()))
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
