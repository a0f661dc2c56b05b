//! Tableau's errors: an HTTP status, a code, a summary and a detail.

use std::borrow::Cow;

use http::StatusCode;

use crate::render::{Doc, Format, Shape};

/// A refusal in Tableau's own shape. The first three digits of the code are the status, but
/// for a few that Tableau sends under another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) summary: &'static str,
    pub(crate) detail: Cow<'static, str>,
}

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        summary: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, code: Cow::Borrowed(code), summary, detail: detail.into() }
    }

    pub(crate) fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, "Bad Request", detail)
    }

    /// One text for a wrong, expired or revoked token and for a wrong or unknown site, so that
    /// a stranger learns nothing.
    pub(crate) fn sign_in_failed() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "401001", "Signin Error", "Error signing in to Tableau Server")
    }

    pub(crate) fn no_credentials() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "401000",
            "Unauthorized Access",
            "No authentication credentials were provided.",
        )
    }

    pub(crate) fn session_invalid() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "401002",
            "Unauthorized Access",
            "Invalid authentication credentials were provided.",
        )
    }

    pub(crate) fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "403004", "Forbidden", detail)
    }

    /// An unknown path, and an API version that this server does not have.
    pub(crate) fn unknown_resource(path: &str) -> Self {
        Self::not_found("404003", format!("'{path}' is not a resource of this server"))
    }

    pub(crate) fn not_found(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, "Resource Not Found", detail)
    }

    pub(crate) fn method_not_allowed() -> Self {
        let detail = "The simulator serves reading only; this method would change something.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "405000", "Invalid request method", detail)
    }

    pub(crate) fn too_many_requests() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "429000",
            "Too Many Requests",
            "Too many requests were made; try again later.",
        )
    }

    pub(crate) fn internal(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "500000", "Internal Server Error", detail)
    }

    pub(crate) fn body(&self, format: Format) -> String {
        let mut doc = Doc::new(format, Shape::default(), 0);
        doc.open("error");
        // JSON has the three side by side; XML has the code as an attribute of the element.
        doc.attr("code", &self.code);
        doc.text("summary", self.summary);
        doc.text("detail", &self.detail);
        doc.close("error");
        doc.finish()
    }
}
