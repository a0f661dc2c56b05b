//! Why the network gave no answer, in a sentence for each cause.

use std::{error::Error as StdError, io};

use connector_model::{Error, ErrorKind, Retry};
use rustls::{CertificateError, Error as TlsError};

use crate::transport::Fault;

/// How far an exchange had come.
#[derive(Clone, Copy)]
pub(crate) enum Phase {
    /// No answer yet.
    Headers,
    /// In the body, after so many bytes.
    Body(usize),
}

pub(crate) fn fault(host: &str, error: reqwest::Error, phase: Phase) -> Fault {
    let sent = !error.is_connect();
    let explained = match phase {
        _ if error.is_builder() || error.is_request() && find::<http::Error>(&error).is_some() => {
            Error::invalid(format!("the request to {host} can't be sent as it is"))
        }
        Phase::Headers if error.is_connect() => unconnected(host, &error),
        Phase::Headers if error.is_timeout() => Error::new(
            ErrorKind::DeadlineExceeded,
            format!("{host} took the request and did not answer in time"),
        ),
        Phase::Headers => broken_head(host, &chain(&error)).unwrap_or_else(|| {
            Error::new(ErrorKind::Unavailable, format!("{host} closed the connection without an answer"))
        }),
        Phase::Body(bytes) if error.is_timeout() => Error::new(
            ErrorKind::DeadlineExceeded,
            format!("the answer of {host} stopped coming after {bytes} bytes"),
        ),
        Phase::Body(bytes) if is_garbage(&error) && chain(&error).contains("chunk") => Error::new(
            ErrorKind::DataLoss,
            format!("the answer of {host} is not in valid chunks after {bytes} bytes"),
        ),
        Phase::Body(bytes) if is_garbage(&error) => Error::new(
            ErrorKind::DataLoss,
            format!("the answer of {host} can't be decompressed after {bytes} bytes"),
        ),
        Phase::Body(bytes) => {
            Error::new(ErrorKind::Unavailable, format!("the answer of {host} broke off after {bytes} bytes"))
        }
    };
    // The URL, which reqwest adds to its sentences, may hold secrets.
    Fault { error: explained.caused_by(error.without_url()), sent }
}

/// Why the head of an answer is none. The HTTP library has no types for it;
/// its words are pinned by tests that write such heads.
fn broken_head(host: &str, text: &str) -> Option<Error> {
    let has = |words: &str| text.contains(words);
    let said = if has("message head is too large") {
        "has too many headers, or too long ones"
    } else if has("invalid content-length") {
        "has a content-length that is no length, or several that differ"
    } else if has("invalid HTTP header") || has("invalid transfer-encoding") {
        "has headers that are no HTTP"
    } else if has("invalid HTTP status-code") {
        "has no valid status"
    } else if has("invalid HTTP version") {
        return Some(Error::new(
            ErrorKind::FailedPrecondition,
            format!("{host} does not speak HTTP on this port; check the address and port"),
        ));
    } else {
        return None;
    };
    Some(Error::new(
        ErrorKind::DataLoss,
        format!("the answer of {host} {said}; check the server, and any proxy before it"),
    ))
}

/// No connection: nothing was sent.
fn unconnected(host: &str, error: &reqwest::Error) -> Error {
    if let Some(tls) = find::<TlsError>(error) {
        return untrusted(host, tls);
    }
    let text = chain(error);
    if text.contains("failed to lookup address") || text.contains("dns error") {
        return unresolved(host, &text);
    }
    if text.contains("proxy") || text.contains("tunnel") {
        return Error::new(
            ErrorKind::Unavailable,
            format!(
                "the proxy did not connect to {host}; check HTTPS_PROXY and NO_PROXY, and that \
                 the proxy lets this host through"
            ),
        );
    }
    if error.is_timeout() {
        return Error::new(
            ErrorKind::Unavailable,
            format!("{host} could not be reached in time; check the address and the firewall"),
        );
    }
    let message = match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            format!("{host} refused the connection; check the port and that the server is running")
        }
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            format!("there is no way to {host} from this network")
        }
        _ => format!("no connection to {host} came to stand"),
    };
    Error::new(ErrorKind::Unavailable, message)
}

fn unresolved(host: &str, text: &str) -> Error {
    // The resolver's codes don't survive the standard library, its words do:
    // EAI_AGAIN of glibc, musl and the BSDs.
    if ["emporary failure", "ry again"].iter().any(|words| text.contains(words)) {
        return Error::new(
            ErrorKind::Unavailable,
            format!("the name server gave no answer for {host}; check this machine's DNS"),
        );
    }
    Error::invalid(format!("there is no host named {host}; check how the address is written"))
}

fn untrusted(host: &str, error: &TlsError) -> Error {
    let (kind, message) = match error {
        TlsError::InvalidCertificate(why) => (
            ErrorKind::FailedPrecondition,
            match why {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
                    "the certificate of {host} has expired; the server needs a new one, or this \
                     machine's clock is wrong"
                ),
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    format!("the certificate of {host} is for another name; check the address")
                }
                CertificateError::Revoked => format!("the certificate of {host} was revoked"),
                _ => format!(
                    "the certificate of {host} is not trusted by this machine; if it comes from \
                     your company's own authority, install that authority's certificate in the \
                     system's trust store"
                ),
            },
        ),
        TlsError::InvalidMessage(_) => (
            ErrorKind::FailedPrecondition,
            format!("{host} does not speak TLS on this port; check the address and port"),
        ),
        TlsError::PeerIncompatible(_) | TlsError::AlertReceived(_) => (
            ErrorKind::FailedPrecondition,
            format!("{host} and this program have no TLS settings in common; TLS 1.2 is needed"),
        ),
        _ => (ErrorKind::Unavailable, format!("no TLS connection to {host} came to stand")),
    };
    let retry = if kind.is_retryable() { Retry::Backoff } else { Retry::Never };
    Error::new(kind, message).retry_as(retry)
}

/// Whether a body is no valid gzip, rather than cut off.
fn is_garbage(error: &reqwest::Error) -> bool {
    error.is_decode()
        && find::<io::Error>(error)
            .is_some_and(|e| matches!(e.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput))
}

/// The first cause of a type, also where an I/O error carries it.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        // An I/O error's source is that of the error within, not that itself.
        let within = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match within {
            Some(within) => Some(within as &(dyn StdError + 'static)),
            None => cause.source(),
        };
    }
    None
}

fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&cause.to_string());
        text.push('\n');
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_exist_is_told_from_a_silent_resolver() {
        // What getaddrinfo says through std on glibc, musl and macOS.
        for text in [
            "failed to lookup address information: Name or service not known",
            "failed to lookup address information: Name does not resolve",
            "failed to lookup address information: nodename nor servname provided, or not known",
        ] {
            let error = unresolved("tabelau.example", text);
            assert_eq!((error.kind(), error.retry()), (ErrorKind::InvalidArgument, Retry::Never));
        }
        for text in [
            "failed to lookup address information: Temporary failure in name resolution",
            "failed to lookup address information: Try again",
        ] {
            let error = unresolved("tableau.example", text);
            assert_eq!((error.kind(), error.retry()), (ErrorKind::Unavailable, Retry::Backoff));
        }
    }

    #[test]
    fn each_trouble_with_a_certificate_has_its_sentence() {
        let said = |e: CertificateError| untrusted("h", &TlsError::InvalidCertificate(e));
        for (error, words) in [
            (CertificateError::Expired, "has expired"),
            (CertificateError::NotValidForName, "for another name"),
            (CertificateError::Revoked, "revoked"),
            (CertificateError::UnknownIssuer, "trust store"),
        ] {
            let error = said(error);
            assert!(error.message().contains(words), "{error}");
            assert_eq!(error.retry(), Retry::Never);
        }
    }
}
