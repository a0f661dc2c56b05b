//! `baton-tableau`: reads who has access to what in a Tableau site.

#[cfg(feature = "demo")]
mod demo;
mod program;

use std::process::ExitCode;

fn main() -> ExitCode {
    let program = program::program();
    #[cfg(feature = "demo")]
    let program = program.command(demo::command(), |matches, context| async move {
        Box::pin(demo::run(&demo::Demo::from_matches(&matches), &context)).await
    });
    connector_sdk::runtime::run(program)
}
