//! How a client is set up.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use connector_model::{Error, Result, SecretString};
use governor::Quota;
use url::{Host, Url};

use crate::{
    Authenticator, HttpClient, HttpFailure, RetryPolicy,
    client::{Classifier, Inner},
    gate::{Concurrency, RateGate},
    network::{Network, NetworkConfig},
    quota::FixedQuota,
    redact,
    secrets::Known,
    stats::Counters,
    transport::Transport,
};

/// Sets up an [`HttpClient`]; [`HttpClient::builder`] begins it.
#[must_use]
pub struct HttpClientBuilder {
    base_url: Url,
    allow_plaintext: bool,
    network: NetworkConfig,
    max_in_flight: usize,
    quota: Option<Quota>,
    retry: RetryPolicy,
    authenticator: Option<Arc<dyn Authenticator>>,
    classify: Option<Classifier>,
    known: Known,
}

impl HttpClientBuilder {
    pub(crate) fn new(base_url: Url) -> Self {
        Self {
            base_url,
            allow_plaintext: false,
            network: NetworkConfig::default(),
            max_in_flight: 8,
            quota: None,
            retry: RetryPolicy::default(),
            authenticator: None,
            classify: None,
            known: Known::default(),
        }
    }

    /// Allows plain http to a server that is not this machine. Everything,
    /// the credential too, then goes over the network readable to all.
    pub fn allow_plaintext(mut self, allow: bool) -> Self {
        self.allow_plaintext = allow;
        self
    }

    /// The `User-Agent`, such as `baton-tableau/0.1.0`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.network.user_agent = user_agent.into();
        self
    }

    /// The longest time for one try, from connecting to the end of the body.
    /// Default 300 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.network.timeout = timeout;
        self
    }

    /// The longest time until a connection stands. Default 30 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.network.connect_timeout = timeout;
        self
    }

    /// The longest silence of the server: until the answer's headers come, and
    /// between two pieces of its body. Default 60 s.
    pub fn silence_timeout(mut self, timeout: Duration) -> Self {
        self.network.silence_timeout = timeout;
        self
    }

    /// The largest body accepted, in bytes after decompression. Default
    /// 64 MiB.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.network.max_body_bytes = bytes;
        self
    }

    /// The most requests under way at once, at least 1. Default 8. An answer
    /// of 429 halves it; it grows back by one for each 20 answers without.
    pub fn max_in_flight(mut self, requests: usize) -> Self {
        self.max_in_flight = requests;
        self
    }

    /// A quota that the client keeps although the server does not state it.
    pub fn quota(mut self, quota: Option<Quota>) -> Self {
        self.quota = quota;
        self
    }

    /// How often a request is tried and how long is waited between.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Who signs in. Without one, requests are sent without a credential.
    pub fn auth(mut self, authenticator: Arc<dyn Authenticator>) -> Self {
        self.authenticator = Some(authenticator);
        self
    }

    /// Keeps a secret out of all errors and log events of the client, from the
    /// first request on: a server may know it from earlier. Credentials, and
    /// what a request [redacts](crate::RequestBuilder::redact), are kept out from
    /// when they are used.
    pub fn redact(self, secret: &SecretString) -> Self {
        self.known.add(secret);
        self
    }

    /// Maps answers that are no success to errors by the service's own codes.
    /// `None` leaves an answer to its status. The error's
    /// [`Retry`](connector_model::Retry) decides whether an idempotent request
    /// is tried again.
    pub fn classify(
        mut self,
        classify: impl Fn(&HttpFailure) -> Option<Error> + Send + Sync + 'static,
    ) -> Self {
        self.classify = Some(Arc::new(classify));
        self
    }

    /// Trusts the certificates in this PEM text, beside those the system
    /// trusts: for a company's own authority.
    pub fn add_root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.network.roots.push(pem.into());
        self
    }

    /// The client, if all that was set can work.
    pub fn build(mut self) -> Result<HttpClient> {
        self.check()?;
        self.network.direct = is_loopback(&self.base_url);
        self.network.plaintext = self.network.direct && self.base_url.scheme() == "http";
        let transport = Network::new(&self.network)?;
        Ok(self.assemble(Box::new(transport)))
    }

    fn check(&self) -> Result<()> {
        let url = &self.base_url;
        check_name(url)?;
        let shown = redact::address(url);
        let wrong = if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            format!("the address {shown} is not one of http or https")
        } else if !url.username().is_empty() || url.password().is_some() {
            format!("the address {shown} holds a user or password; give them as settings of their own")
        } else if url.scheme() == "http" && !self.allow_plaintext && !is_loopback(url) {
            format!(
                "the address {shown} is plain http, over which the credentials could be read by \
                 others; use https (plain http is for this machine only)"
            )
        } else {
            return Ok(());
        };
        Err(Error::invalid(wrong))
    }

    pub(crate) fn assemble(mut self, transport: Box<dyn Transport>) -> HttpClient {
        // Without the slash, joining a path would replace the last segment.
        if !self.base_url.path().ends_with('/') {
            let path = format!("{}/", self.base_url.path());
            self.base_url.set_path(&path);
        }
        self.base_url.set_query(None);
        self.base_url.set_fragment(None);
        let inner = Inner {
            base_url: self.base_url,
            transport,
            retry: self.retry,
            gate: RateGate::default(),
            concurrency: Concurrency::new(self.max_in_flight),
            quota: self.quota.map(FixedQuota::new),
            classify: self.classify,
            counters: Counters::default(),
            known: Arc::new(self.known),
        };
        HttpClient::assemble(inner, self.authenticator)
    }
}

/// Refuses a host name that no name server would take (RFC 1035 §2.3.4).
fn check_name(url: &Url) -> Result<()> {
    let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
    let labels = name.strip_suffix('.').unwrap_or(name);
    let why = if labels.split('.').any(|label| label.len() > 63) {
        "has a part of more than 63 characters"
    } else if labels.len() > 253 {
        "is longer than 253 characters"
    } else if labels.split('.').any(str::is_empty) {
        "has an empty part"
    } else {
        return Ok(());
    };
    let shown = match name.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    };
    Err(Error::invalid(format!("the host name {shown:?} in the address {why}; check how it is written")))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).to_canonical().is_loopback(),
        None => false,
    }
}

impl fmt::Debug for HttpClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientBuilder")
            .field("base_url", &redact::address(&self.base_url))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(url: &str) -> Result<HttpClient> {
        HttpClient::builder(url.parse().expect("a URL")).build()
    }

    #[test]
    fn plain_http_is_for_this_machine() {
        for url in ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/x", "https://a.example"] {
            assert!(build(url).is_ok(), "{url}");
        }
        for url in [
            "http://example.com/",
            "http://localhost.example.com/",
            "http://0.0.0.0/",
            "http://127.0.0.1.example/",
        ] {
            let error = build(url).expect_err(url).to_string();
            assert!(error.contains("plain http"), "{error}");
        }
        let insisted = HttpClient::builder("http://example.com/".parse().expect("a URL"));
        assert!(insisted.allow_plaintext(true).build().is_ok());
    }

    #[test]
    fn an_address_with_a_password_is_refused_and_not_shown() {
        let error = build("https://ada:hunter2@example.com/").expect_err("a password").report();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(build("ftp://example.com/").is_err());
    }

    #[test]
    fn a_base_without_a_slash_keeps_its_last_segment() {
        let client = build("https://example.com/api/3.24?x#y").expect("fine");
        assert_eq!(client.base_url().as_str(), "https://example.com/api/3.24/");
    }
}
