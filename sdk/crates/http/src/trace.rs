//! One log event for each try of a request.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::{redact, secrets::Known, transport::Outgoing};

pub(crate) fn answered(
    request: &Outgoing,
    attempt: u32,
    status: StatusCode,
    headers: &HeaderMap,
    bytes: usize,
    took: Duration,
    known: &Known,
) {
    let debug = tracing::enabled!(tracing::Level::DEBUG);
    if status.is_success() && !debug {
        return;
    }
    let secrets = known.secrets();
    let method = request.method.as_str();
    let host = request.url.host_str().unwrap_or_default();
    // Ids in a path, and a path after a redirect, come from the server.
    let path = &*secrets.redact(request.url.path());
    let query = redact::query(&request.url);
    let query = &*secrets.redact(&query);
    let status_code = status.as_u16();
    let millis = took.as_secs_f64() * 1e3;
    if status.is_success() {
        tracing::debug!(method, host, path, query, attempt, status_code, millis, bytes, "answer");
    } else if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        tracing::warn!(method, host, path, query, attempt, status_code, millis, "request refused");
    } else {
        // The caller gets an error, and may have expected it: no reason to warn.
        tracing::debug!(method, host, path, query, attempt, status_code, millis, "request refused");
    }
    if !status.is_success() && debug {
        tracing::debug!(headers = redact::headers(headers, &secrets), "headers of the refusal");
    }
}

pub(crate) fn failed(
    request: &Outgoing,
    attempt: u32,
    error: &connector_model::Error,
    took: Duration,
    known: &Known,
) {
    let secrets = known.secrets();
    tracing::warn!(
        method = request.method.as_str(),
        host = request.url.host_str().unwrap_or_default(),
        path = &*secrets.redact(request.url.path()),
        query = &*secrets.redact(&redact::query(&request.url)),
        attempt,
        millis = took.as_secs_f64() * 1e3,
        error = %error.report(),
        "no answer"
    );
}
