//! A connector as a program: flags, `BATON_*` variables, a config file, logs,
//! progress and exit codes around one sync.
//!
//! A connector becomes a program by a [`Program`], and [`run`] is its `main`:
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use connector_model::{Connector, Result, config::{Config, ConnectContext, Schema}};
//! # fn schema() -> Result<Schema> { Schema::builder("Team").build() }
//! # async fn connect(_: Config, _: ConnectContext) -> Result<Arc<dyn Connector>> { unreachable!() }
//! # fn describe() -> Result<Arc<dyn Connector>> { unreachable!() }
//! fn main() -> std::process::ExitCode {
//!     connector_runtime::run(connector_runtime::Program::new("baton-team", "0.1.0", schema, connect, describe))
//! }
//! ```
//!
//! A value is taken from the flag, else the variable, else the file, else the
//! default; an empty variable counts as not set. What is wrong is said in one
//! message on stderr, with the exit code 2; stdout is for data. Every flag of
//! the Go program parses: what means nothing here is said once, and what asks
//! for a part that is not built is refused before anything is done, with the
//! exit code 12.

mod artifacts;
mod command;
mod console;
mod flags;
mod interrupt;
mod load;
mod log;
mod one_shot;
mod program;
mod progress;
mod refuse;
mod run;
mod scope;
mod settings;
mod summary;
mod usage;
mod version;

/// The command line parser, for [commands of a program's own](Program::command).
pub use clap;
/// What a sync is told and what it tells.
pub use connector_sync::{
    CallStats, Completeness, Event, ExpansionSummary, ExternalPrincipals, ExternalSummary, LedgerLine,
    Observer, Phase, Retention, Scope, Silent, Summary, SyncOptions, Targets, Totals, Workers,
};
pub use console::{print, say};
pub use one_shot::sync_once;
pub use program::{CommandContext, Program};
pub use progress::Progress;
pub use run::run;
pub use summary::render_summary;
pub use version::{SDK_VERSION, user_agent};
