//! stdout for data, stderr for people; the bar and the log share stderr.

use std::{
    io::{self, Write as _},
    sync::LazyLock,
};

use connector_model::text::lines;
use indicatif::MultiProgress;

/// All bars; what else goes to stderr is written above them.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// All bars.
pub(crate) fn bars() -> &'static MultiProgress {
    &BARS
}

/// Writes bytes to stderr, above a bar.
pub(crate) fn write(bytes: &[u8]) -> io::Result<()> {
    BARS.suspend(|| io::stderr().write_all(bytes))
}

/// Writes lines for a person to stderr, above a progress bar, without what
/// could steer a terminal. Where nobody reads them, nothing is to be done.
pub fn say(text: &str) {
    let _ = write(format!("{}\n", lines(text)).as_bytes());
}

/// Writes data to stdout, as it is. A reader that went away is no error.
pub fn print(text: &str) -> connector_model::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(connector_model::Error::io("stdout can't be written to", e))
        }
        _ => Ok(()),
    }
}
