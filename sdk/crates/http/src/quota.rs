//! A quota that the client keeps by itself.

use governor::{
    Quota, RateLimiter,
    clock::{Clock, Reference},
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use std::{fmt, time::Duration};
use tokio::time::Instant;

/// Tokio's clock, which tests can pause, as governor wants to see it.
#[derive(Clone, Copy)]
struct TokioClock {
    start: Instant,
}

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Lets so many requests through in a time, on the client's own account.
pub(crate) struct FixedQuota {
    clock: TokioClock,
    limiter: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>,
}

impl FixedQuota {
    pub(crate) fn new(quota: Quota) -> Self {
        let clock = TokioClock { start: Instant::now() };
        Self { clock, limiter: RateLimiter::direct_with_clock(quota, clock) }
    }

    pub(crate) async fn ready(&self) {
        while let Err(not_until) = self.limiter.check() {
            // Tokio's timer has a granularity of 1 ms and may be early within it.
            let wait = not_until.earliest_possible().duration_since(self.clock.now());
            tokio::time::sleep(Duration::from(wait).max(Duration::from_millis(1))).await;
        }
    }
}

impl fmt::Debug for FixedQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedQuota").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_the_rest_is_spread() {
        let burst = NonZeroU32::new(2).expect("not zero");
        let quota = FixedQuota::new(Quota::per_second(burst));
        let start = Instant::now();
        let mut millis = Vec::new();
        for _ in 0..4 {
            quota.ready().await;
            millis.push(start.elapsed().as_millis());
        }
        // GCRA: two at once, then one each half second.
        assert_eq!(millis, [0, 0, 500, 1000]);
    }
}
