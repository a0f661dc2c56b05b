//! What all requests of a client share: the gate that a server shuts, and the
//! number of requests under way.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The longest that a server can shut the gate: a senseless moment in a header
/// must not stop a service for good.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Closed while the server has asked all clients to wait.
#[derive(Debug, Default)]
pub(crate) struct RateGate {
    opens: Mutex<Option<Instant>>,
    shut_millis: AtomicU64,
}

impl RateGate {
    /// Keeps everyone out for this long from now; a longer wait already
    /// standing stays.
    pub(crate) fn pause_for(&self, wait: Duration) {
        let now = Instant::now();
        let until = now + wait.min(LONGEST);
        let mut opens = lock(&self.opens);
        let from = opens.map_or(now, |at| at.max(now));
        if until > from {
            *opens = Some(until);
            let millis = u64::try_from((until - from).as_millis()).unwrap_or(u64::MAX);
            self.shut_millis.fetch_add(millis, Ordering::Relaxed);
        }
    }

    /// Waits until the gate is open, or gives what is left where that is more
    /// than the ceiling.
    pub(crate) async fn pass(&self, ceiling: Duration) -> Result<(), Duration> {
        loop {
            let Some(at) = *lock(&self.opens) else { return Ok(()) };
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            if left > ceiling {
                return Err(left);
            }
            tokio::time::sleep_until(at).await;
        }
    }

    /// How much longer the gate is shut.
    pub(crate) fn left(&self) -> Option<Duration> {
        let at = (*lock(&self.opens))?;
        Some(at.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    /// For how long in all the gate was, or is going to be, shut.
    pub(crate) fn total(&self) -> Duration {
        Duration::from_millis(self.shut_millis.load(Ordering::Relaxed))
    }
}

/// Answers in a row without 429 after which one more request may be under way.
const GROW_AFTER: usize = 20;

/// Bounds the requests under way: halved by a 429, and grown back one by one.
#[derive(Debug)]
pub(crate) struct Concurrency {
    permits: Arc<Semaphore>,
    max: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// Permits that are to be dropped rather than given back.
    deficit: usize,
    successes: usize,
    /// Counts the halvings, so that requests that were under way together
    /// halve once, not each.
    epoch: u64,
}

/// The right to have one request under way.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    of: &'a Concurrency,
    permit: Option<OwnedSemaphorePermit>,
    epoch: u64,
}

impl Concurrency {
    pub(crate) fn new(max: usize) -> Self {
        let max = max.clamp(1, Semaphore::MAX_PERMITS);
        let state = State { limit: max, deficit: 0, successes: 0, epoch: 0 };
        Self { permits: Arc::new(Semaphore::new(max)), max, state: Mutex::new(state) }
    }

    pub(crate) async fn acquire(&self) -> Permit<'_> {
        // The semaphore is never closed, so this is always a permit.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        Permit { of: self, permit, epoch: lock(&self.state).epoch }
    }

    /// How many requests may be under way now.
    pub(crate) fn limit(&self) -> usize {
        lock(&self.state).limit
    }
}

impl Permit<'_> {
    /// This request was answered with 429.
    pub(crate) fn throttled(&self) {
        let mut state = lock(&self.of.state);
        state.successes = 0;
        if state.epoch == self.epoch {
            state.epoch += 1;
            let limit = (state.limit / 2).max(1);
            let surplus = state.limit - limit;
            state.deficit += surplus - self.of.permits.forget_permits(surplus);
            state.limit = limit;
        }
    }

    /// This request was answered with something else.
    pub(crate) fn on_success(&self) {
        let mut state = lock(&self.of.state);
        state.successes += 1;
        if state.successes >= GROW_AFTER && state.limit < self.of.max {
            state.successes = 0;
            state.limit += 1;
            if state.deficit > 0 {
                state.deficit -= 1;
            } else {
                self.of.permits.add_permits(1);
            }
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.of.state);
        if state.deficit > 0
            && let Some(permit) = self.permit.take()
        {
            state.deficit -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_gate_keeps_the_longest_wait() {
        let gate = RateGate::default();
        let start = Instant::now();
        assert_eq!(gate.left(), None);
        gate.pause_for(Duration::from_secs(10));
        gate.pause_for(Duration::from_secs(3));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(gate.left(), Some(Duration::from_secs(6)));
        assert_eq!(gate.pass(Duration::from_secs(60)).await, Ok(()));
        assert_eq!(start.elapsed().as_secs(), 10);
        assert_eq!((gate.total(), gate.left()), (Duration::from_secs(10), None));
        assert_eq!(gate.pass(Duration::from_secs(60)).await, Ok(()));
        assert_eq!(start.elapsed().as_secs(), 10, "an open gate costs nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_beyond_the_ceiling_is_not_waited() {
        let gate = RateGate::default();
        gate.pause_for(Duration::from_secs(3600));
        let left = gate.pass(Duration::from_secs(900)).await;
        assert_eq!(left, Err(Duration::from_secs(3600)));
        gate.pause_for(Duration::MAX);
        assert_eq!(gate.pass(Duration::from_secs(900)).await, Err(LONGEST));
    }

    #[tokio::test]
    async fn requests_under_way_together_halve_once_and_the_limit_grows_back() {
        let limit = Concurrency::new(8);
        let mut permits = Vec::new();
        for _ in 0..8 {
            permits.push(limit.acquire().await);
        }
        for permit in &permits {
            permit.throttled();
        }
        assert_eq!(limit.limit(), 4);
        drop(permits);
        assert_eq!(limit.permits.available_permits(), 4, "half of the permits are gone");

        limit.acquire().await.throttled();
        assert_eq!((limit.limit(), limit.permits.available_permits()), (2, 2));
        for _ in 0..GROW_AFTER * 20 {
            limit.acquire().await.on_success();
        }
        assert_eq!((limit.limit(), limit.permits.available_permits()), (8, 8));
    }

    #[tokio::test]
    async fn one_request_always_may_go() {
        let limit = Concurrency::new(1);
        limit.acquire().await.throttled();
        assert_eq!((limit.limit(), limit.permits.available_permits()), (1, 1));
    }
}
