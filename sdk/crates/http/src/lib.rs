//! The HTTP client that a connector is given.
//!
//! ```no_run
//! # use connector_http::HttpClient;
//! # #[derive(serde::Deserialize)] struct Users { users: Vec<String> }
//! # async fn example() -> connector_model::Result<()> {
//! let client = HttpClient::builder("https://api.example.com/v1".parse().expect("a URL"))
//!     .user_agent("baton-example/0.1.0")
//!     .build()?;
//! let users: Users = client.get("users").query([("pageSize", 100)]).fetch_json().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A connector says what it wants; the client sees to the rest:
//!
//! - **Session.** An [`Authenticator`] signs in when the first request needs
//!   it, and once more when the session is lost, for all who wait.
//! - **Turn.** At most so many requests are under way; a 429 halves that. When
//!   the server asks for a pause, all requests of the client keep it, for they
//!   share the server's quota.
//! - **Retry.** In this one place. An error's
//!   [`Retry`](connector_model::Retry) says whether another try can help; the
//!   request must also be idempotent, or not have left this machine. Above the
//!   client nobody retries.
//! - **Errors.** Every failure is one [`Error`](connector_model::Error) whose
//!   sentence names the host and what to do. A connector that knows its
//!   service's codes [classifies](HttpClientBuilder::classify) them. The
//!   context has `request`, and where they apply `status`, `attempts` and
//!   `tried_for` (no more tries), and `wait` (what the server asks for).
//! - **Limits.** Times, and the size of a body after decompression.
//! - **Secrets.** Neither errors nor log events show a credential, a query's
//!   values (errors) or the values of secret parameters and headers (log). In
//!   what a server wrote, secrets are found in any usual encoding; an answer to
//!   a request that [holds a secret](RequestBuilder::redact) is not quoted at all.
//!
//! TLS 1.2 or later with the system's trust store; the system's proxies
//! (`HTTPS_PROXY`, `NO_PROXY`) except to this machine; HTTP/2 where the server
//! offers it. Redirects are followed for reads and within the server only.

mod auth;
mod builder;
mod client;
mod decode;
mod failure;
mod gate;
mod network;
mod network_error;
mod page_text;
#[cfg(test)]
mod pipeline_tests;
mod quota;
mod rate_limit;
mod redact;
mod request;
mod response;
mod retry;
mod secrets;
mod stats;
mod trace;
mod transport;
mod unquoted;

pub use auth::{Authenticator, Credential};
pub use builder::HttpClientBuilder;
pub use client::HttpClient;
pub use failure::HttpFailure;
pub use governor::Quota;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
pub use request::RequestBuilder;
pub use response::Response;
pub use retry::RetryPolicy;
pub use stats::Stats;
pub use url::Url;
