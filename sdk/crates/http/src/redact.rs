//! What may be shown of a URL, a header or a body.

use std::{borrow::Cow, fmt::Write as _};

use http::{HeaderMap, Method};
use url::Url;

use crate::secrets::{HIDDEN, Secrets};

/// Parts of the name of a query parameter or header whose value is a secret.
const SECRET_NAMES: &[&str] = &[
    "api-key",
    "api_key",
    "apikey",
    "assertion",
    "auth",
    "code",
    "cookie",
    "credential",
    "jwt",
    "key",
    "pass",
    "secret",
    "session",
    "sig",
    "token",
    "x-forwarded-for",
    "x-forwarded-proto",
];

/// Names that hold a word of [`SECRET_NAMES`] and no secret.
const PLAIN_NAMES: &[&str] = &["www-authenticate", "pagetoken", "page_token"];

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !PLAIN_NAMES.contains(&name.as_str()) && SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// The method and address without user, password, query and fragment.
pub(crate) fn request(method: &Method, url: &Url) -> String {
    format!("{method} {}", address(url))
}

/// The address without user, password, query and fragment.
pub(crate) fn address(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// The query for a log line, with the values of secret parameters hidden.
pub(crate) fn query(url: &Url) -> String {
    let mut text = String::new();
    for (name, value) in url.query_pairs() {
        if !text.is_empty() {
            text.push('&');
        }
        let value = if is_secret(&name) { Cow::Borrowed(HIDDEN) } else { value };
        let _ = write!(text, "{name}={value}");
    }
    text
}

/// Headers for a log line, with the values of secret ones hidden, and the
/// secrets in others.
pub(crate) fn headers(headers: &HeaderMap, secrets: &Secrets) -> String {
    let mut text = String::new();
    for (name, value) in headers {
        if !text.is_empty() {
            text.push_str(", ");
        }
        let value = match (value.to_str(), name.as_str()) {
            (_, name) if value.is_sensitive() || is_secret(name) => HIDDEN,
            // URLs may hold secrets in too many places.
            (_, "location" | "content-location" | "link" | "refresh") => HIDDEN,
            (Ok(value), _) => &secrets.redact(value),
            (Err(_), _) => "[not text]",
        };
        let _ = write!(text, "{}: {value}", secrets.redact(name.as_str()));
    }
    text
}

/// A sentence of serde without the values that it quotes: they may be secrets
/// that a server sent back in the wrong place.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    let mut escaped = false;
    for c in text.chars() {
        match c {
            '\\' if inside && !escaped => escaped = true,
            '"' if !escaped => {
                out.push_str(if inside { "…\"" } else { "\"" });
                inside = !inside;
            }
            _ => {
                escaped = false;
                if !inside {
                    out.push(c);
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_no_user_and_no_query() {
        let url = "https://ada:pw@example.com:8443/a/b?token=x#y".parse().expect("a URL");
        assert_eq!(request(&Method::GET, &url), "GET https://example.com:8443/a/b");
    }

    #[test]
    fn secret_parameters_are_hidden_and_others_stay() {
        let url = "https://h/?pageSize=10&Access_Token=abc&filter=a:eq:b".parse().expect("a URL");
        assert_eq!(query(&url), "pageSize=10&Access_Token=[redacted]&filter=a:eq:b");
    }

    #[test]
    fn secret_headers_are_hidden() {
        let mut map = HeaderMap::new();
        map.insert("set-cookie", "sid=abc".parse().expect("a value"));
        map.insert("x-tableau-auth", "abc".parse().expect("a value"));
        map.insert("server", "nginx".parse().expect("a value"));
        let shown = headers(&map, &Secrets::default());
        assert!(!shown.contains("abc"), "{shown}");
        assert!(shown.contains("server: nginx"), "{shown}");
    }

    #[test]
    fn quoted_values_are_cut() {
        assert_eq!(
            quoted(r#"invalid type: string "a\"b c", expected u64 at line 1"#),
            r#"invalid type: string "…", expected u64 at line 1"#
        );
    }
}
