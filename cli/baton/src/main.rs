//! `baton`: looks into `.c1z` files, and expands their grants.
//!
//! What is found goes to stdout, as tables or as the JSON of `baton.v1` messages; everything said about it goes to
//! stderr. Both are written while the file is read, so memory does not grow with it. The exit code is that of the
//! error ([`connector_model::ErrorKind`]).

mod args;
mod cache;
mod cell;
mod commands;
mod completeness;
mod environment;
mod grant_json;
mod joins;
mod json_list;
mod list;
mod message;
mod moment;
mod output;
mod table;

use std::{process::ExitCode, time::Duration};

use connector_model::{Error, ErrorKind, Result};
use tokio::signal::unix::{SignalKind, signal};

use args::Parsed;

/// How long threads that decode the file or write to stdout are waited for after a signal.
const GRACE: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(|| output::Log)
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .init();
    // Where that can't be had the program ends as it does without it.
    let _ = connector_store::catch_file_size_limit();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => {
            let done = runtime.block_on(until_stopped());
            runtime.shutdown_timeout(GRACE);
            done
        }
        Err(e) => Err(Error::io("can't start", e)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::say(&format!("error: {}", error.report()));
            ExitCode::from(error.kind().code())
        }
    }
}

/// Runs the command; an interrupt drops it, and with it the decoded copy of the file.
async fn until_stopped() -> Result<()> {
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|e| Error::io("can't listen for the signal to stop", e))?;
    tokio::select! {
        done = Box::pin(run()) => done,
        _ = tokio::signal::ctrl_c() => Err(stopped()),
        _ = terminate.recv() => Err(stopped()),
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Cancelled, "stopped by a signal; what is printed is not all")
}

async fn run() -> Result<()> {
    match args::parse(std::env::args_os())? {
        Parsed::Command(command) => commands::run(command).await,
        Parsed::Text(text) => output::text(&text).await,
    }
}
