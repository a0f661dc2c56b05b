//! ctrl-C and SIGTERM: the first asks, the second ends.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use tokio_util::sync::CancellationToken;

use crate::console;

/// The exit code of a program that was told to stop by SIGTERM, as shells
/// give it: 128 + 15.
pub(crate) const TERMINATED: u8 = 143;

/// What a shell gives for a program that ctrl-C ended: 128 + 2.
const KILLED_BY_INTERRUPT: u8 = 130;

/// Watches for the signals that ask a program to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    token: CancellationToken,
    terminated: Arc<AtomicU8>,
}

impl Interrupt {
    /// Begins to watch. Must be called within a runtime.
    pub(crate) fn watch() -> Self {
        let this = Self::default();
        let watcher = this.clone();
        tokio::spawn(async move {
            let code = next_signal().await;
            if code == TERMINATED {
                watcher.terminated.store(1, Ordering::SeqCst);
            }
            console::say("stopping (a second signal stops at once)");
            watcher.token.cancel();
            let code = next_signal().await;
            #[expect(clippy::exit, reason = "the second signal means at once")]
            std::process::exit(i32::from(code));
        });
        this
    }

    /// Cancelled by the first signal.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Whether it was SIGTERM.
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.load(Ordering::SeqCst) == 1
    }
}

#[cfg(unix)]
async fn next_signal() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut term) => tokio::select! {
            _ = tokio::signal::ctrl_c() => KILLED_BY_INTERRUPT,
            _ = term.recv() => TERMINATED,
        },
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
            KILLED_BY_INTERRUPT
        }
    }
}

#[cfg(not(unix))]
async fn next_signal() -> u8 {
    let _ = tokio::signal::ctrl_c().await;
    KILLED_BY_INTERRUPT
}
