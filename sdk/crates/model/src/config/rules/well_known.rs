//! Forms of text that have a name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A form of text that has a name (`c1.config.v1.WellKnownString`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WellKnown {
    /// An e-mail address without a display name (RFC 5321 §4.1.2, unquoted).
    Email,
    /// A host name (RFC 1123 §2.1).
    Hostname,
    /// An IP address of either version.
    Ip,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An absolute URI, or a path that begins with `/`.
    Uri,
    /// A host name or an IP address.
    Address,
    /// A UUID (RFC 9562 §4).
    Uuid,
}

impl WellKnown {
    /// What it must be, with its article.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Email => "an e-mail address",
            Self::Hostname => "a host name",
            Self::Ip => "an IP address",
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Uri => "an absolute URI or a path that begins with a slash",
            Self::Address => "a host name or an IP address",
            Self::Uuid => "a UUID",
        }
    }

    /// Whether a text has the form.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::Email => is_email(text),
            Self::Hostname => is_hostname(text),
            Self::Ip => text.parse::<IpAddr>().is_ok(),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Uri => is_uri(text),
            Self::Address => is_hostname(text) || text.parse::<IpAddr>().is_ok(),
            Self::Uuid => is_uuid(text),
        }
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let special = |c: char| c.is_whitespace() || c.is_control() || "()<>[]:;@\\,\"".contains(c);
    (1..=64).contains(&local.len())
        && !local.contains(special)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && is_hostname(domain)
}

fn is_hostname(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

fn is_uri(text: &str) -> bool {
    let printable = !text.contains(|c: char| c.is_whitespace() || c.is_control());
    printable && (text.starts_with('/') || url::Url::parse(text).is_ok())
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|g| g.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|g| g.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        use WellKnown::*;
        let long_label = "a".repeat(64);
        let table: &[(WellKnown, &[&str], &[&str])] = &[
            (
                Email,
                &["a@example.com", "a.b+c@x.io"],
                &["a", "a@", "@b", "a b@c.d", "<a@b.c>", "a@b@c", "a..b@c"],
            ),
            (
                Hostname,
                &["localhost", "a-b.example.com", "1.example."],
                &["", "-a.b", "a_b", "a..b", &long_label],
            ),
            (Ip, &["127.0.0.1", "::1"], &["127.0.0.256", "localhost"]),
            (Ipv4, &["127.0.0.1"], &["::1", "127.1"]),
            (Ipv6, &["::1", "fe80::1"], &["127.0.0.1"]),
            (Uri, &["https://x/y?z", "/path", "urn:a:b"], &["x/y", "", "https://", "http://a b"]),
            (Address, &["10.0.0.1", "::1", "host.example"], &["a b", ""]),
            (
                Uuid,
                &["01234567-89ab-CDEF-0123-456789abcdef"],
                &["0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdeg", ""],
            ),
        ];
        for (form, good, bad) in table {
            for text in *good {
                assert!(form.fits(text), "{form:?} {text:?}");
            }
            for text in *bad {
                assert!(!form.fits(text), "{form:?} {text:?}");
            }
        }
    }
}
