//! Where log lines go.

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use connector_model::{Error, ErrorKind, Result};
use connector_store::fs::open_log;
use tracing_subscriber::fmt::MakeWriter;

use super::file::LogFile;
use crate::console;

/// Where log lines go.
#[derive(Clone)]
pub(super) enum Sink {
    /// To stderr, beside the progress bar.
    Stderr,
    /// To all of these.
    Many(Vec<Target>),
}

#[derive(Clone)]
pub(super) enum Target {
    Stderr,
    Stdout,
    File(Arc<LogFile>),
}

impl Sink {
    /// The targets of `--log-path`, which replace stderr; `stderr` and
    /// `stdout` are what they say. What is no file, terminal or `/dev/null` is
    /// refused: a FIFO would wait for its reader.
    pub(super) fn open(paths: &[String]) -> Result<Self> {
        if paths.is_empty() {
            return Ok(Self::Stderr);
        }
        let open = |path: &String| match path.as_str() {
            "stderr" | "/dev/stderr" => Ok(Target::Stderr),
            "stdout" | "/dev/stdout" => Ok(Target::Stdout),
            path => open_log(Path::new(path))
                .map(|file| Target::File(Arc::new(LogFile::new(path, file))))
                .map_err(|e| {
                    Error::new(
                        ErrorKind::Unknown,
                        format!("the log file {path:?} (--log-path) can't be opened"),
                    )
                    .caused_by(e)
                }),
        };
        paths.iter().map(open).collect::<Result<_>>().map(Self::Many)
    }
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stderr => console::write(line)?,
            Self::Many(targets) => {
                for target in targets {
                    match target {
                        Target::Stderr => console::write(line)?,
                        Target::Stdout => io::stdout().write_all(line)?,
                        Target::File(file) => file.write(line),
                    }
                }
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Sink {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
