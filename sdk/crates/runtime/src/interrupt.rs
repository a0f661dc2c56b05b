//! ctrl-C and SIGTERM: the first asks, the second ends.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::sync::CancellationToken;

use crate::console;

/// The exit code of a program that was told to stop by SIGTERM, as shells
/// give it: 128 + 15.
pub(crate) const TERMINATED: u8 = 143;

/// What a shell gives for a program that ctrl-C ended: 128 + 2.
const INTERRUPTED: u8 = 130;

/// Watches for the signals that ask a program to stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    token: CancellationToken,
    terminated: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to watch. Must be called within a runtime.
    pub(crate) fn watch() -> Self {
        let this = Self::default();
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            // Then a signal ends the program as it does without us.
            Err(_) => return this,
        };
        let watcher = this.clone();
        tokio::spawn(async move {
            let code = signals.next().await;
            watcher.terminated.store(code == TERMINATED, Ordering::SeqCst);
            console::say("stopping (a second signal stops at once)");
            watcher.token.cancel();
            let code = signals.next().await;
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
        self.terminated.load(Ordering::SeqCst)
    }
}

/// The signals, heard from the moment on that this exists.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The exit code that belongs to the next signal.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => INTERRUPTED,
            _ = self.terminate.recv() => TERMINATED,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> u8 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        INTERRUPTED
    }
}
