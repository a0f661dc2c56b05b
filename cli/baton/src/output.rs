//! The two streams of the program.

use std::{
    io::{self, IsTerminal as _, Write as _},
    os::fd::AsFd as _,
};

use connector_model::{
    Error, Result,
    text::{json as json_text, lines},
};
use tokio::{fs::File, io::AsyncWriteExt as _};

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

/// Buffered stdout. It is written to on another thread, so that a signal ends the program though nobody reads on.
#[derive(Debug)]
pub(crate) struct Output {
    out: File,
    buffer: Vec<u8>,
    terminal: bool,
}

impl Output {
    pub(crate) fn stdout() -> Result<Self> {
        let stdout = io::stdout();
        let out = std::fs::File::from(stdout.as_fd().try_clone_to_owned().map_err(failed)?);
        Ok(Self { terminal: stdout.is_terminal(), out: File::from_std(out), buffer: Vec::new() })
    }

    /// Whether a person may be looking.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    pub(crate) async fn write(&mut self, text: &str) -> Result<()> {
        self.buffer.extend_from_slice(text.as_bytes());
        if self.buffer.len() >= BUFFER { self.pass_on().await } else { Ok(()) }
    }

    /// Writes out what is collected. To be called at the end.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        self.pass_on().await?;
        self.out.flush().await.map_err(failed)
    }

    async fn pass_on(&mut self) -> Result<()> {
        self.out.write_all(&self.buffer).await.map_err(failed)?;
        self.buffer.clear();
        Ok(())
    }
}

fn failed(error: io::Error) -> Error {
    Error::io("can't write the output", error)
}

/// Prints one text.
pub(crate) async fn text(text: &str) -> Result<()> {
    let mut out = Output::stdout()?;
    out.write(text).await?;
    out.flush().await
}

/// Prints one JSON document, on a line of its own.
pub(crate) async fn document(json: &str) -> Result<()> {
    text(&format!("{}\n", json_text(json))).await
}

/// Says something to the person, without what could steer a terminal. Where stderr is closed there is nobody to tell.
pub(crate) fn say(text: &str) {
    drop(writeln!(io::stderr().lock(), "{}", lines(text)));
}

/// Stderr for the log, whose lines may hold foreign text.
#[derive(Debug)]
pub(crate) struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        io::stderr().write_all(lines(&text).as_bytes()).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
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
