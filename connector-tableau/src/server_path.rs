//! The server's address as people type it: `server-path`.

use std::net::IpAddr;

use connector_sdk::{Error, Result, http::Url};
use url::Host;

/// The address of a server, from what is typed or pasted: a host with or
/// without scheme and port. What a browser shows, such as
/// `https://host/#/site/acme/home`, is taken where its site is the configured
/// one; so is the path `/api`.
///
/// Without a scheme it is https. Plain http is for this machine only, because
/// the token would go over the network readable to all.
pub(crate) fn parse(text: &str, site_id: &str) -> Result<Url> {
    let text = text.trim();
    if text.is_empty() {
        return Err(wrong(
            "is empty; it is the address of the Tableau server, such as 10ay.online.tableau.com",
        ));
    }
    let url = match text.split_once("://") {
        Some(_) => Url::parse(text),
        None => Url::parse(&format!("https://{text}")),
    };
    // The cause may quote a password.
    let mut url = url.map_err(|e| wrong(format!("is no address: {e}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!("has the scheme {}; Tableau is reached by https", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user or password; the connector signs in with the access token alone"));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(wrong(
            "is plain http, over which others could read the access token; use https (plain http is for \
             this machine only)",
        ));
    }
    if url.query().is_some() {
        return Err(wrong("has a query (what follows ?); leave it out"));
    }
    match url.fragment().map(site_of_page) {
        Some(Some(site)) if site != site_id => {
            return Err(wrong(format!(
                "is the address of a page of the site {site:?}, but site-id is {site_id:?}; set site-id to the \
                 site and leave out what follows the host"
            )));
        }
        _ => url.set_fragment(None),
    }
    let mut segments = url.path().split('/').filter(|s| !s.is_empty());
    if segments.next().is_some_and(|first| !first.eq_ignore_ascii_case("api")) {
        return Err(wrong(format!(
            "has the path {}; leave out what follows the host, for the REST API is always under /api",
            url.path()
        )));
    }
    url.set_path("/");
    Ok(url)
}

/// The site in what follows `#` in the address of a page: `/site/acme/home`.
/// Pages of the default site have none.
fn site_of_page(fragment: &str) -> Option<String> {
    let mut parts = fragment.split('/').filter(|s| !s.is_empty());
    (parts.next() == Some("site")).then(|| parts.next()).flatten().map(str::to_owned)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).to_canonical().is_loopback(),
        None => false,
    }
}

fn wrong(why: impl std::fmt::Display) -> Error {
    Error::invalid(format!("server-path {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_understood() {
        for (typed, meant) in [
            ("10ay.online.tableau.com", "https://10ay.online.tableau.com/"),
            ("  SampleServer\n", "https://sampleserver/"),
            ("https://tableau.example.com", "https://tableau.example.com/"),
            ("HTTPS://Tableau.Example.com///", "https://tableau.example.com/"),
            ("tableau.example.com/", "https://tableau.example.com/"),
            ("tableau.example.com:8443/api/3.27/", "https://tableau.example.com:8443/"),
            ("https://tableau.example.com/API", "https://tableau.example.com/"),
            ("https://tableau.example.com/#/site/acme/workbooks", "https://tableau.example.com/"),
            ("tableau.example.com/#/home", "https://tableau.example.com/"),
            ("localhost:8080", "https://localhost:8080/"),
            ("127.0.0.1:1234", "https://127.0.0.1:1234/"),
            ("http://127.0.0.1:1234", "http://127.0.0.1:1234/"),
            ("http://localhost:1234/", "http://localhost:1234/"),
            ("http://[::1]:1234", "http://[::1]:1234/"),
            ("[2001:db8::7]:443", "https://[2001:db8::7]/"),
            ("bücher.example", "https://xn--bcher-kva.example/"),
        ] {
            let url = parse(typed, "acme");
            assert_eq!(url.as_ref().map(Url::as_str).ok(), Some(meant), "{typed}: {url:?}");
        }
    }

    #[test]
    fn what_can_not_work_is_refused_with_the_reason() {
        for (typed, says) in [
            ("", "is empty"),
            (" \t", "is empty"),
            ("https://", "is no address"),
            ("https:// host", "is no address"),
            ("tableau.example.com:port", "is no address"),
            ("ftp://tableau.example.com", "scheme ftp"),
            ("http://tableau.example.com", "plain http"),
            ("http://localhost.example.com", "plain http"),
            ("http://10.0.0.1", "plain http"),
            ("https://ada:hunter2@tableau.example.com", "user or password"),
            ("ada@tableau.example.com", "user or password"),
            ("https://tableau.example.com?x=1", "query"),
            ("https://tableau.example.com/portal/tableau", "/portal/tableau"),
            ("https://tableau.example.com/#/site/other/home", "\"other\""),
        ] {
            let error = parse(typed, "acme").expect_err(typed).to_string();
            assert!(error.contains(says) && error.contains("server-path"), "{typed}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_page_of_a_site_does_not_choose_the_default_site() {
        let error = parse("https://tableau.example.com/#/site/acme/home", "").expect_err("two sites");
        assert!(error.to_string().contains("set site-id"), "{error}");
        assert!(parse("https://tableau.example.com/#/home", "").is_ok());
    }
}
