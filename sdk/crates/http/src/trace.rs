//! One log event for each try of a request.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::{redact, transport::Outgoing};

pub(crate) fn answered(
    request: &Outgoing,
    attempt: u32,
    status: StatusCode,
    headers: &HeaderMap,
    bytes: usize,
    took: Duration,
) {
    let method = request.method.as_str();
    let host = request.url.host_str().unwrap_or_default();
    let path = request.url.path();
    let status_code = status.as_u16();
    let millis = took.as_secs_f64() * 1e3;
    if status.is_success() {
        if tracing::enabled!(tracing::Level::DEBUG) {
            let query = redact::query(&request.url);
            tracing::debug!(method, host, path, query, attempt, status_code, millis, bytes, "answer");
        }
    } else if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        let query = redact::query(&request.url);
        tracing::warn!(method, host, path, query, attempt, status_code, millis, "request refused");
    } else {
        // The caller gets an error, and may have expected it: no reason to warn.
        let query = redact::query(&request.url);
        tracing::debug!(method, host, path, query, attempt, status_code, millis, "request refused");
    }
    if !status.is_success() {
        tracing::debug!(headers = redact::headers(headers), "headers of the refusal");
    }
}

pub(crate) fn failed(request: &Outgoing, attempt: u32, error: &connector_model::Error, took: Duration) {
    tracing::warn!(
        method = request.method.as_str(),
        host = request.url.host_str().unwrap_or_default(),
        path = request.url.path(),
        query = redact::query(&request.url),
        attempt,
        millis = took.as_secs_f64() * 1e3,
        error = %error.report(),
        "no answer"
    );
}
