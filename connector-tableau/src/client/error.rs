//! Tableau's error codes, as errors that say what to do.

use connector_sdk::{
    Error, ErrorKind,
    http::{HttpFailure, StatusCode},
};
use serde::Deserialize;

use super::lenient;

/// A page past the end of a list, or below 1.
pub(crate) const PAGE_OUT_OF_RANGE: &str = "400006";
/// A wrong, expired or revoked token, or a site that is not there.
pub(crate) const SIGN_IN_REFUSED: &str = "401001";
/// A session that is over.
pub(crate) const SESSION_OVER: &str = "401002";
/// A group that does not exist.
pub(crate) const NO_SUCH_GROUP: &str = "404012";
/// A site that can't be switched to.
const SITE_SWITCH_REFUSED: &str = "401003";

/// `{"error": {"code": "404002", "summary": "…", "detail": "…"}}`
#[derive(Deserialize)]
struct Body {
    error: Said,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default, deserialize_with = "lenient::text")]
    code: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    summary: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    detail: Option<String>,
}

impl Said {
    fn of(failure: &HttpFailure) -> Option<(String, Self)> {
        let mut said = failure.json::<Body>()?.error;
        // Anything else is no code of Tableau's, and a text that is shown.
        let is_code = |code: &String| code.len() <= 16 && code.bytes().all(|b| b.is_ascii_alphanumeric());
        Some((said.code.take().filter(is_code)?, said))
    }
}

/// The error of an answer with a code of Tableau's. The kind follows the HTTP
/// status, which is more reliable than the code; the code refines it where
/// the caller can do something else. [`ErrorKind::NotFound`] is kept for the
/// one thing that was asked for.
pub(crate) fn classify(failure: &HttpFailure) -> Option<Error> {
    use ErrorKind as K;

    let by_status = failure.to_error();
    let Some((code, said)) = Said::of(failure) else {
        // Not Tableau said so, but what stands before it or in its place.
        let missing = failure.status() == StatusCode::NOT_FOUND;
        return missing.then(|| {
            Error::new(
                K::FailedPrecondition,
                format!("{}; this is no answer of Tableau's: check server-path", by_status.message()),
            )
        });
    };
    // A 404 with a code of something else does not say that what was asked for
    // is gone: it must not be taken for an empty answer.
    let unnamed = match by_status.kind() {
        K::NotFound => K::FailedPrecondition,
        kind => kind,
    };
    let (kind, meaning) = match code.as_str() {
        PAGE_OUT_OF_RANGE => (K::OutOfRange, "the page lies past the end of the list"),
        "400007" | "403014" => (K::Internal, "the size of the page is refused"),
        "400025" => (K::InvalidArgument, "the filter is refused"),
        SIGN_IN_REFUSED => (K::Unauthenticated, "the sign-in is refused"),
        "401000" | SESSION_OVER => (K::Unauthenticated, "the session is not, or no longer, valid"),
        "403004" => (
            K::PermissionDenied,
            "the account of the access token may not do this: its site role or license does not allow it",
        ),
        "403133" => (K::PermissionDenied, "the account of the access token may not read other users"),
        // Only what was asked for is "not found"; these make every request fail.
        "404000" => (K::FailedPrecondition, "the site does not exist"),
        "404001" | "404003" => (
            K::Unimplemented,
            "the server does not know this address in this version of its REST API; check server-path and \
             api-version",
        ),
        "404002" => (K::NotFound, "the user does not exist"),
        NO_SUCH_GROUP => (K::NotFound, "the group does not exist"),
        "409003" => (K::FailedPrecondition, "the user owns content"),
        "409004" | "409014" => (K::ResourceExhausted, "no seat of this license is left"),
        "429000" => (K::Unavailable, "too many requests were made"),
        _ => (unnamed, ""),
    };
    // A code under another status than its own digits say, such as 409000
    // under 404, does not mean what its table says.
    let fits = code.starts_with(failure.status().as_str());
    let (kind, meaning) = if fits { (kind, meaning) } else { (unnamed, "") };
    let mut message = if meaning.is_empty() {
        format!("Tableau answered {}", failure.status())
    } else {
        meaning.to_owned()
    };
    // Of an answer to a sign-in the client leaves the code alone.
    if let Some(said) = quote(&said) {
        message.push_str(": ");
        message.push_str(&said);
    }
    let mut error = Error::new(kind, message).with("code", code);
    if by_status.retry() != error.retry() {
        error = error.retry_as(by_status.retry());
    }
    Some(error)
}

/// The error of a list that can't be missing: it belongs to the site. "Not
/// found" is for single things that may be gone, and would be taken for that.
pub(crate) fn never_missing(error: Error) -> Error {
    if error.kind() != ErrorKind::NotFound {
        return error;
    }
    Error::new(ErrorKind::FailedPrecondition, "Tableau answered that a list of the site does not exist")
        .caused_by(error)
}

/// Whether an answer says that the session is over. A refused sign-in and a
/// refused switch of sites share the status but are final.
pub(crate) fn is_session_loss(failure: &HttpFailure) -> bool {
    failure.status() == StatusCode::UNAUTHORIZED
        && !Said::of(failure).is_some_and(|(code, _)| code == SIGN_IN_REFUSED || code == SITE_SWITCH_REFUSED)
}

/// Whether an error is an answer with this code of Tableau's.
pub(crate) fn has_code(error: &Error, code: &str) -> bool {
    error.get("code") == Some(code)
}

/// Whether an error is an answer with this status.
pub(crate) fn has_status(error: &Error, status: StatusCode) -> bool {
    error.get("status") == Some(status.as_str())
}

/// What Tableau said, as one short line.
fn quote(said: &Said) -> Option<String> {
    let parts: Vec<&str> = [&said.summary, &said.detail].into_iter().flatten().map(String::as_str).collect();
    if parts.is_empty() {
        return None;
    }
    let words: Vec<String> = parts
        .join(": ")
        .split_whitespace()
        .map(|word| word.chars().filter(|c| !c.is_control()).collect())
        .collect();
    let line = words.join(" ");
    let short: String = line.chars().take(300).collect();
    Some(if short.len() < line.len() { format!("{short}…") } else { short })
}
