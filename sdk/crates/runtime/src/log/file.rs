//! A file of log lines.

use std::{
    fs::File,
    io::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::console;

/// A file of log lines. A line that can't be written is lost, for a log is no
/// reason to end a sync; that it is so is said once.
pub(super) struct LogFile {
    name: String,
    file: Mutex<File>,
    has_failed: AtomicBool,
}

impl LogFile {
    pub(super) fn new(name: &str, file: File) -> Self {
        Self { name: name.to_owned(), file: Mutex::new(file), has_failed: AtomicBool::new(false) }
    }

    pub(super) fn write(&self, line: &[u8]) {
        if let Some(warning) = self.try_write(line) {
            console::say(&warning);
        }
    }

    /// Writes a line, and gives what is to be said where that fails for the
    /// first time.
    fn try_write(&self, line: &[u8]) -> Option<String> {
        let written = self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line);
        let error = written.err()?;
        if self.has_failed.swap(true, Ordering::SeqCst) {
            return None;
        }
        Some(format!(
            "warning: the log file {:?} (--log-path) can't be written to, and its lines are lost: {error}",
            self.name
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_can_not_be_written_are_told_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("sync.log");
        std::fs::write(&path, "").expect("a file");
        // Opened for reading: each write fails.
        let file = LogFile::new("sync.log", File::open(&path).expect("the file"));
        let said = file.try_write(b"line\n").expect("a warning");
        assert!(
            said.starts_with("warning: the log file \"sync.log\" (--log-path) can't be written to"),
            "{said}"
        );
        assert_eq!(file.try_write(b"line\n"), None);
        let file = LogFile::new("sync.log", File::create(&path).expect("the file"));
        assert_eq!(file.try_write(b"line\n"), None);
        assert_eq!(std::fs::read_to_string(&path).expect("the file"), "line\n");
    }
}
