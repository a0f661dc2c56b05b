//! The transport that uses the network: reqwest, rustls, the system's proxies.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use connector_model::{Error, ErrorKind, Result, Retry};

use crate::{
    network_error::{self, Phase},
    transport::{Fault, Incoming, Outgoing, Transport},
};

/// The most that is read of the body of an answer that is no success.
const ERROR_BODY: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct NetworkConfig {
    pub(crate) user_agent: String,
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) silence_timeout: Duration,
    pub(crate) max_body_bytes: usize,
    pub(crate) roots: Vec<Vec<u8>>,
    /// Past the system's proxies: they can't reach this machine's loopback.
    pub(crate) direct: bool,
    /// The server is spoken to without TLS, and no other is ever.
    pub(crate) plaintext: bool,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            user_agent: concat!("connector-http/", env!("CARGO_PKG_VERSION")).into(),
            timeout: Duration::from_secs(300),
            connect_timeout: Duration::from_secs(30),
            silence_timeout: Duration::from_secs(60),
            max_body_bytes: 64 * 1024 * 1024,
            roots: Vec::new(),
            direct: false,
            plaintext: false,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Network {
    client: reqwest::Client,
    max_body_bytes: usize,
}

impl Network {
    pub(crate) fn new(config: &NetworkConfig) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .user_agent(&config.user_agent)
            .timeout(config.timeout)
            .connect_timeout(config.connect_timeout)
            // Also counts until the headers come.
            .read_timeout(config.silence_timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .tcp_keepalive(Duration::from_secs(30))
            .http2_keep_alive_interval(Duration::from_secs(15))
            .http2_keep_alive_timeout(Duration::from_secs(15))
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            // The pipeline follows those that it may.
            .redirect(reqwest::redirect::Policy::none());
        if config.direct {
            builder = builder.no_proxy();
        }
        if config.plaintext {
            // Reading the system's trust store takes longer than a request.
            builder = builder.tls_certs_only([]);
        }
        if !config.roots.is_empty() {
            let mut roots = Vec::new();
            for pem in &config.roots {
                let bundle = reqwest::Certificate::from_pem_bundle(pem).map_err(not_pem)?;
                if bundle.is_empty() {
                    return Err(Error::invalid(
                        "the text given as root certificates holds no PEM certificate",
                    ));
                }
                roots.extend(bundle);
            }
            builder = builder.tls_certs_merge(roots);
        }
        let client = builder.build().map_err(|error| {
            Error::invalid("the HTTP client can't be set up with these settings")
                .caused_by(error.without_url())
        })?;
        Ok(Self { client, max_body_bytes: config.max_body_bytes })
    }
}

fn not_pem(error: reqwest::Error) -> Error {
    Error::invalid("the root certificates are not PEM text").caused_by(error.without_url())
}

#[async_trait]
impl Transport for Network {
    async fn exchange(&self, request: &Outgoing) -> Result<Incoming, Fault> {
        let host = request.url.host_str().unwrap_or("the server");
        let mut builder =
            self.client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let mut answer = match builder.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(network_error::fault(host, error, Phase::Headers)),
        };
        let status = answer.status();
        let headers = std::mem::take(answer.headers_mut());
        let body =
            if status.is_success() { self.body(host, answer).await? } else { error_body(answer).await };
        Ok(Incoming { status, headers, body })
    }
}

impl Network {
    /// The body, which is not copied where it came in one piece.
    async fn body(&self, host: &str, mut answer: reqwest::Response) -> Result<Bytes, Fault> {
        let too_large = || Fault {
            error: Error::new(
                ErrorKind::ResourceExhausted,
                format!("the answer of {host} is larger than the limit of {} bytes", self.max_body_bytes),
            )
            .retry_as(Retry::Never),
            sent: true,
        };
        // The length of a compressed body is not known here, and is no bound.
        let expected = answer.content_length().and_then(|n| usize::try_from(n).ok());
        if expected.is_some_and(|n| n > self.max_body_bytes) {
            return Err(too_large());
        }
        let mut first: Option<Bytes> = None;
        let mut rest = BytesMut::new();
        loop {
            let received = first.as_ref().map_or(0, Bytes::len).max(rest.len());
            let chunk = match answer.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => return Err(network_error::fault(host, error, Phase::Body(received))),
            };
            if received + chunk.len() > self.max_body_bytes {
                return Err(too_large());
            }
            match &first {
                None => first = Some(chunk),
                Some(head) => {
                    if rest.is_empty() {
                        // What a server says about the length is no reason to
                        // set much memory aside.
                        rest.reserve(expected.unwrap_or(0).min(1024 * 1024).max(head.len() * 2));
                        rest.extend_from_slice(head);
                    }
                    rest.extend_from_slice(&chunk);
                }
            }
        }
        Ok(if rest.is_empty() { first.unwrap_or_default() } else { rest.freeze() })
    }
}

/// The start of the body of an answer that is no success: the status counts,
/// so a body that breaks off is as good as it came.
async fn error_body(mut answer: reqwest::Response) -> Bytes {
    let mut body = BytesMut::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        body.extend_from_slice(&chunk[..chunk.len().min(ERROR_BODY - body.len())]);
        if body.len() == ERROR_BODY {
            break;
        }
    }
    body.freeze()
}
