//! How often a request is tried, and how long is waited between.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// How often a request is tried and how long is waited between two tries.
///
/// *Whether* it is tried again is the error's business: its
/// [`Retry`](connector_model::Retry) must allow it, and the request must be
/// idempotent or must not have left this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, the first included; 0 counts as 1. Default 5.
    ///
    /// Less often is tried what takes long or is seldom passing: a request
    /// that was answered with 500 twice; one that was not answered in time,
    /// and one for a server that can't be reached and never was, three times.
    pub attempts: u32,
    /// The wait after the first failure; it doubles with each further one, and
    /// up to as much again is added by chance. Default 1 s.
    pub base: Duration,
    /// What the doubling ends at. Default 60 s.
    pub cap: Duration,
    /// The longest wait asked for by the server that is waited out. A longer
    /// one fails with [`Retry::After`](connector_model::Retry::After).
    /// Default 15 min.
    pub ceiling: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            base: Duration::from_secs(1),
            cap: Duration::from_secs(60),
            ceiling: Duration::from_secs(15 * 60),
        }
    }
}

impl RetryPolicy {
    /// One try and no more.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// The waits between the tries of one request.
    pub(crate) fn delays(&self) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.base)
            .with_max_delay(self.cap)
            .with_factor(2.0)
            .with_max_times(self.attempts.saturating_sub(1) as usize)
            .with_jitter()
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_with_at_most_as_much_jitter() {
        let policy = RetryPolicy { attempts: 8, cap: Duration::from_secs(10), ..Default::default() };
        let waits: Vec<f64> = policy.delays().map(|d| d.as_secs_f64()).collect();
        assert_eq!(waits.len(), 7);
        for (wait, base) in waits.iter().zip([1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]) {
            assert!((base..=2.0 * base).contains(wait), "{waits:?}");
        }
        assert_eq!(RetryPolicy::never().delays().count(), 0);
    }
}
