//! Answers, and the ways to spoil them.

use std::time::{Duration, SystemTime};

use axum::{
    body::{Body, Bytes},
    response::Response,
};
use futures::StreamExt;
use http::{HeaderValue, StatusCode, header};

use crate::{
    errors::ApiError,
    faults::{Effect, RetryAfter},
    render::{Doc, Format},
};

/// A successful answer.
#[derive(Debug)]
pub(super) struct Reply(Option<String>);

impl Reply {
    pub(super) fn document(doc: Doc) -> Self {
        Self(Some(doc.finish()))
    }

    /// 204.
    pub(super) fn no_content() -> Self {
        Self(None)
    }

    pub(super) fn into_response(self, format: Format) -> Response {
        match self.0 {
            Some(body) => with_body(StatusCode::OK, format.content_type(), body),
            None => empty(StatusCode::NO_CONTENT),
        }
    }
}

pub(super) fn error(error: &ApiError, format: Format) -> Response {
    with_body(error.status, format.content_type(), error.body(format))
}

pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn with_body(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The answer that an effect gives instead of the right one, if it is of that kind.
pub(super) fn struck(effect: &Effect, format: Format) -> Option<Response> {
    let html = "text/html;charset=UTF-8";
    Some(match effect {
        Effect::RateLimit(retry_after) => {
            let mut response = error(&ApiError::too_many_requests(), format);
            if let Some(value) = retry_after_value(*retry_after) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
            response
        }
        Effect::Unavailable => with_body(
            StatusCode::SERVICE_UNAVAILABLE,
            html,
            "<html><head><title>503 Service Unavailable</title></head><body><h1>Tableau is unavailable</h1></body></html>"
                .to_owned(),
        ),
        Effect::HexError => {
            error(&ApiError::new(StatusCode::BAD_REQUEST, "0x5CE10192", "Bad Request", "Something went wrong on the site"), format)
        }
        Effect::Forbidden => error(&ApiError::forbidden("The user may not read this resource"), format),
        Effect::Html => with_body(
            StatusCode::OK,
            html,
            "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action=\"/login\"></form></body></html>"
                .to_owned(),
        ),
        Effect::Bare401 => empty(StatusCode::UNAUTHORIZED),
        Effect::Error { status, code } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let refusal = ApiError {
                status,
                code: code.clone().into(),
                summary: status.canonical_reason().unwrap_or("Error"),
                detail: "This request was made to fail".into(),
            };
            error(&refusal, format)
        }
        _ => return None,
    })
}

fn retry_after_value(retry_after: RetryAfter) -> Option<HeaderValue> {
    let text = match retry_after {
        RetryAfter::Absent => return None,
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(seconds) => {
            let soon = SystemTime::now().checked_add(Duration::from_secs(seconds))?;
            httpdate::fmt_http_date(soon)
        }
    };
    HeaderValue::from_str(&text).ok()
}

/// Cuts the body of an answer where an effect says so.
pub(super) async fn strike_after(response: Response, effects: &[Effect]) -> Response {
    let truncate = effects.contains(&Effect::Truncate);
    if !truncate && !effects.contains(&Effect::CutBody) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(whole) = axum::body::to_bytes(body, usize::MAX).await else {
        return empty(StatusCode::INTERNAL_SERVER_ERROR);
    };
    let half = whole.slice(..whole.len() / 2);
    if !truncate {
        return Response::from_parts(parts, Body::from(half));
    }
    // The length promises the whole body; the error makes the server close the connection.
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half = futures::stream::once(async move { Ok(half) });
    let end = futures::stream::once(async {
        // Once idle, so that what came before is sent before the connection closes.
        tokio::task::yield_now().await;
        Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionAborted))
    });
    Response::from_parts(parts, Body::from_stream(half.chain(end)))
}
