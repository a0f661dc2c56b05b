//! An answer that is no success, and what it means.

use std::{borrow::Cow, fmt, sync::Arc};

use bytes::Bytes;
use connector_model::{Error, ErrorKind, Retry};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    page_text, redact,
    secrets::{HIDDEN, Secrets},
    unquoted,
};

/// Bytes of an error's body that are shown as text.
const SHOWN: usize = 4 * 1024;

/// An answer whose status is not in 200–299, for a connector that knows its
/// service's error codes.
pub struct HttpFailure {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Bytes,
    /// Whether the error may hold words of the server.
    quotable: bool,
    secrets: Arc<Secrets>,
}

impl HttpFailure {
    /// An answer put together by hand, for the tests of a classifier.
    pub fn new(method: Method, url: Url, status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { method, url, status, headers, body, quotable: true, secrets: Arc::default() }
    }

    /// Without secrets that the server wrote back. What a classifier makes of
    /// the answer is looked through once more.
    pub(crate) fn redact(mut self, secrets: Arc<Secrets>) -> Self {
        self.body = secrets.redact_body(self.body);
        for value in self.headers.values_mut() {
            if let Cow::Owned(hidden) = secrets.redact(&String::from_utf8_lossy(value.as_bytes())) {
                *value = HeaderValue::from_str(&hidden).unwrap_or(HeaderValue::from_static(HIDDEN));
            }
        }
        self.secrets = secrets;
        self
    }

    /// The answer to a request whose body held a secret: nothing is left of it
    /// but the status, the type of the content, and codes.
    pub(crate) fn unquotable(mut self) -> Self {
        self.body = unquoted::body(&self.body);
        self.headers = unquoted::headers(&self.headers);
        self.quotable = false;
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The method of the request.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path of the request.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// A header of the answer, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body, at most 64 KiB of it. Where the request [held a
    /// secret](crate::RequestBuilder::redact), that is its JSON with all texts
    /// emptied but short codes.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The start of the body as text, at most 4 KiB of it.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body[..self.body.len().min(SHOWN)])
    }

    /// The body decoded from JSON, where it is that.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The error that this answer is where nobody knows better, to start from
    /// in a [classifier](crate::HttpClientBuilder::classify).
    ///
    /// The kind follows the status: 400 invalid argument, 401 unauthenticated,
    /// 403 permission denied, 404 not found, 408 deadline exceeded, 409
    /// already exists, 429 and 5xx unavailable, 501 unimplemented, other 4xx
    /// invalid argument, anything else unknown.
    pub fn to_error(&self) -> Error {
        let host = self.url.host_str().unwrap_or("the server");
        if self.status == StatusCode::NOT_MODIFIED {
            return Error::new(
                ErrorKind::FailedPrecondition,
                format!(
                    "{host} answered 304 Not Modified, though the request set no condition; a cache before the \
                     server may be broken"
                ),
            );
        }
        let mut message = format!("{host} answered {}", self.status);
        if self.status.is_redirection() {
            message.push_str(&self.redirection());
        } else if !self.quotable {
            if let Some(content_type) = self.header("content-type") {
                message.push_str(&format!(" with {content_type}"));
            }
        } else if page_text::is_markup(self.header("content-type"), &self.body) {
            message.push_str(&page_text::describe(self.header("content-type"), &self.body));
        } else if let Some(said) = self.service_message() {
            message.push_str(": ");
            message.push_str(&page_text::one_line(&said));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            message.push_str(
                "; it does not take this method here, as happens where the configured address is \
                 not the service's own (http for https, an old name, a proxy's page)",
            );
        }
        let error = Error::new(kind(self.status), message);
        // 501 is the one answer of its class that another try cannot change.
        if self.status == StatusCode::NOT_IMPLEMENTED { error.retry_as(Retry::Never) } else { error }
    }

    fn redirection(&self) -> String {
        let target = self
            .header(header::LOCATION.as_str())
            .and_then(|location| self.url.join(location).ok())
            .map(|url| redact::address(&url));
        match target {
            _ if !self.quotable => ", a redirect, which is not followed; check the configured address".into(),
            Some(target) => format!(
                ", a redirect to {target}, which is not followed because that is another server \
                 or the request is not a read; if it is the right one, configure that address"
            ),
            None => ", a redirect to nowhere".into(),
        }
    }

    /// The sentence that the service gives, under the names usual in JSON
    /// errors.
    fn service_message(&self) -> Option<String> {
        const NAMES: [&str; 6] = ["message", "error_description", "detail", "summary", "title", "error"];
        let value: serde_json::Value = self.json()?;
        let find = |value: &serde_json::Value| {
            NAMES.iter().find_map(|name| value.get(name)?.as_str().map(str::to_owned))
        };
        find(&value).or_else(|| find(value.get("error")?))
    }
}

impl fmt::Debug for HttpFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFailure")
            .field("request", &self.secrets.redact(&redact::request(&self.method, &self.url)))
            .field("status", &self.status)
            .field("headers", &redact::headers(&self.headers, &self.secrets))
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

fn kind(status: StatusCode) -> ErrorKind {
    match status.as_u16() {
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        408 => ErrorKind::DeadlineExceeded,
        409 => ErrorKind::AlreadyExists,
        429 => ErrorKind::Unavailable,
        501 => ErrorKind::Unimplemented,
        400..=499 => ErrorKind::InvalidArgument,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, content_type: &str, body: &'static str) -> HttpFailure {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", content_type.parse().expect("a value"));
        HttpFailure::new(
            Method::GET,
            "https://example.com/users?token=hunter2".parse().expect("a URL"),
            StatusCode::from_u16(status).expect("a status"),
            headers,
            Bytes::from_static(body.as_bytes()),
        )
        .redact(Arc::new(Secrets::of(["hunter2"])))
    }

    #[test]
    fn the_kind_follows_the_status() {
        use ErrorKind as K;
        for (status, expected, retry) in [
            (400, K::InvalidArgument, Retry::Never),
            (401, K::Unauthenticated, Retry::Never),
            (403, K::PermissionDenied, Retry::Never),
            (404, K::NotFound, Retry::Never),
            (408, K::DeadlineExceeded, Retry::Backoff),
            (409, K::AlreadyExists, Retry::Never),
            (422, K::InvalidArgument, Retry::Never),
            (429, K::Unavailable, Retry::Backoff),
            (500, K::Unavailable, Retry::Backoff),
            (501, K::Unimplemented, Retry::Never),
            (502, K::Unavailable, Retry::Backoff),
            (503, K::Unavailable, Retry::Backoff),
            (504, K::Unavailable, Retry::Backoff),
            (599, K::Unavailable, Retry::Backoff),
            (302, K::Unknown, Retry::Never),
        ] {
            let error = failure(status, "text/plain", "").to_error();
            assert_eq!((error.kind(), error.retry()), (expected, retry), "{status}");
        }
    }

    #[test]
    fn the_services_own_sentence_is_shown_and_the_credential_is_not() {
        let body = r#"{"error":{"summary":"Bad token","detail":"token hunter2 is unknown"}}"#;
        let failure = failure(401, "application/json", body);
        let shown = format!("{} {failure:?} {}", failure.to_error(), failure.text());
        assert!(shown.contains("example.com answered 401 Unauthorized: token [redacted] is unknown"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_page_is_named_as_one() {
        let page = "<html><head><title>Down for\n maintenance</title></head></html>";
        let text = failure(503, "text/html; charset=utf-8", page).to_error().to_string();
        assert_eq!(
            text,
            "example.com answered 503 Service Unavailable with text/html; charset=utf-8 that \
             begins \"Down for maintenance\""
        );
    }
}
