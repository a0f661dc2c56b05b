//! The two streams of the program.

use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write as _};

use connector_model::{Error, Result};

/// Bytes that are collected before they are written.
const BUFFER: usize = 256 << 10;

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Tables for people.
    Console,
    /// One line of JSON.
    Json,
}

/// Buffered stdout.
#[derive(Debug)]
pub(crate) struct Output {
    out: BufWriter<StdoutLock<'static>>,
    terminal: bool,
}

impl Output {
    pub(crate) fn stdout() -> Self {
        let out = io::stdout().lock();
        let terminal = out.is_terminal();
        Self { out: BufWriter::with_capacity(BUFFER, out), terminal }
    }

    /// Whether a person may be looking.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    pub(crate) fn write(&mut self, text: &str) -> Result<()> {
        self.out.write_all(text.as_bytes()).map_err(failed)
    }

    /// Writes out what is collected. To be called at the end: a buffer that is dropped hides a full disk.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(failed)
    }
}

fn failed(error: io::Error) -> Error {
    Error::io("can't write the output", error)
}

/// Prints one text.
pub(crate) fn text(text: &str) -> Result<()> {
    let mut out = Output::stdout();
    out.write(text)?;
    out.flush()
}

/// Says something to the person. Where stderr is closed there is nobody to tell.
pub(crate) fn say(line: &str) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// Whether it failed because whoever reads stdout has had enough, such as `head`.
pub(crate) fn is_closed(error: &Error) -> bool {
    std::error::Error::source(error)
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_closed_pipe_is_quiet() {
        assert!(is_closed(&failed(io::ErrorKind::BrokenPipe.into())));
        assert!(!is_closed(&failed(io::ErrorKind::StorageFull.into())));
        assert!(!is_closed(&Error::internal("no cause")));
    }
}
