//! The seam between the pipeline and the network.
//!
//! Everything that waits (retry, gate, quota, session) stands above this
//! trait, so that its tests run under a paused clock with a scripted
//! transport; what touches sockets stands below it.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use connector_model::Error;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

/// One request, ready to be sent any number of times.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

/// One answer with its whole body.
pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no answer.
pub(crate) struct Fault {
    /// For the caller, with its kind and whether a second try is worth it.
    pub(crate) error: Error,
    /// Whether the server may have seen the request.
    pub(crate) sent: bool,
}

/// Sends one request once.
#[async_trait]
pub(crate) trait Transport: fmt::Debug + Send + Sync {
    async fn exchange(&self, request: &Outgoing) -> Result<Incoming, Fault>;
}
