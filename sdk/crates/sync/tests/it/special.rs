//! Things in a file system that are no ordinary files.

use std::{
    os::unix::fs::{MetadataExt as _, chown},
    path::Path,
    process::Command,
    sync::mpsc,
    time::Duration,
};

/// A FIFO, which waits for its other end where it is opened carelessly.
pub(crate) fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Runs what must not wait for the other end of a FIFO. Should it wait all the
/// same, the test fails instead of hanging.
pub(crate) fn without_waiting<T: Send + 'static>(doing: impl Future<Output = T> + Send + 'static) -> T {
    let (done, waiting) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Nobody listens any more once the test has failed.
        let _ = done.send(runtime.block_on(doing));
    });
    waiting.recv_timeout(Duration::from_secs(60)).expect("it waits for the other end of a FIFO")
}

/// Gives files to another user, which only root can; elsewhere says so.
pub(crate) fn given_away(paths: &[&Path]) -> bool {
    let own = tempfile::tempdir().unwrap();
    if std::fs::metadata(own.path()).unwrap().uid() != 0 {
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), "skipped: only root can make files of another user");
        return false;
    }
    for path in paths {
        chown(path, Some(ANOTHER_USER), Some(ANOTHER_USER)).unwrap();
    }
    true
}

/// A user that nobody is.
pub(crate) const ANOTHER_USER: u32 = 54_321;
