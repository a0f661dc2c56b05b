//! Counts of what a client did.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;

/// What a client did so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests sent: first tries, further tries, sign-ins and redirects.
    pub requests: u64,
    /// Tries after the first of a request.
    pub retries: u64,
    /// Times that the [`Authenticator`](crate::Authenticator) was asked.
    pub sign_ins: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Bytes of bodies received, after decompression.
    pub bytes: u64,
    /// For how long in all a server's rate limit kept this client's requests
    /// waiting.
    pub rate_limited: Duration,
    /// How many requests may be under way now: less than configured after a
    /// 429.
    pub in_flight_limit: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Stats>);

impl Counters {
    fn lock(&self) -> MutexGuard<'_, Stats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sent(&self) {
        self.lock().requests += 1;
    }

    pub(crate) fn retried(&self) {
        self.lock().retries += 1;
    }

    pub(crate) fn signed_in(&self) {
        self.lock().sign_ins += 1;
    }

    pub(crate) fn answered(&self, status: StatusCode, bytes: usize) {
        let mut stats = self.lock();
        *stats.statuses.entry(status.as_u16()).or_default() += 1;
        stats.bytes += bytes as u64;
    }

    /// Whether the server answered anything so far.
    pub(crate) fn has_answers(&self) -> bool {
        !self.lock().statuses.is_empty()
    }

    pub(crate) fn snapshot(&self) -> Stats {
        self.lock().clone()
    }
}
