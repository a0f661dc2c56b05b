//! What a program gives its connector besides the configuration.

use std::time::Duration;

/// What a program gives its connector besides the configuration: how it
/// should call out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectContext {
    /// How long one HTTP request may take as a whole (`--http-timeout-seconds`).
    pub http_timeout: Duration,
    /// The `User-Agent` to send: `<program>/<version> baton-sdk/<version>`.
    pub user_agent: String,
    /// The most requests that may be in flight at once; `None` leaves it to
    /// the connector.
    pub max_in_flight: Option<usize>,
}

impl ConnectContext {
    /// A context with the timeout that flags default to, five minutes.
    pub fn new(user_agent: impl Into<String>) -> Self {
        Self { http_timeout: Duration::from_secs(300), user_agent: user_agent.into(), max_in_flight: None }
    }

    /// With another timeout of one request.
    #[must_use]
    pub fn http_timeout(mut self, timeout: Duration) -> Self {
        self.http_timeout = timeout;
        self
    }

    /// With a limit on requests in flight.
    #[must_use]
    pub fn max_in_flight(mut self, limit: usize) -> Self {
        self.max_in_flight = Some(limit);
        self
    }
}
