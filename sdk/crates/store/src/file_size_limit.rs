//! The limit on the size of a process's files (`ulimit -f`).
//!
//! Who writes beyond it gets a signal, which ends a program that does not ask
//! for it. One that does gets an error of the write. SQLite makes of it that the
//! disk failed, so it is remembered that the signal came.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

static REACHED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Lets a write beyond the limit fail, where it would end the program. To be
/// called once, before anything is written.
#[cfg(unix)]
pub fn catch_file_size_limit() -> std::io::Result<()> {
    let reached = REACHED.get_or_init(Arc::default);
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::clone(reached)).map(|_| ())
}

/// Lets a write beyond the limit fail: here it does anyway.
#[cfg(not(unix))]
pub fn catch_file_size_limit() -> std::io::Result<()> {
    Ok(())
}

/// Whether a write met the limit since the program was started.
pub(crate) fn is_reached() -> bool {
    REACHED.get().is_some_and(|reached| reached.load(Ordering::SeqCst))
}
