//! A program from its start to its exit code.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::ArgMatches;
use connector_model::{
    Error, ErrorKind, Result,
    config::{ConnectContext, Schema},
};
use connector_sync::{Completeness, Summary};

use crate::{
    CommandContext, Program, Progress, artifacts, command, console,
    flags::{self, Flag},
    interrupt::{Interrupt, TERMINATED},
    load::{self, Environment},
    log::Logging,
    one_shot, refuse, settings,
    summary::{costliest, render_summary, slow},
    usage,
    version::user_agent,
};

/// Runs a program: reads its command line, does what it says, and says how it
/// ended. An error is one message on stderr, and its
/// [kind](ErrorKind::code) is the exit code.
pub fn run(program: Program) -> ExitCode {
    // Where that can't be had the program ends as it does without it.
    let _ = connector_store::catch_file_size_limit();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return ending(&Error::io("the program can't start its threads", e), false),
    };
    let code = runtime.block_on(async {
        let interrupt = Interrupt::watch();
        let arguments: Vec<OsString> = std::env::args_os().collect();
        let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let inputs = Inputs { arguments, environment: Environment::of_process(), folder };
        match Box::pin(execute(&program, &inputs, &interrupt)).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => ending(&e, interrupt.is_terminated()),
        }
    });
    // What a connector left running must not hold up the end.
    runtime.shutdown_background();
    code
}

/// The error for a person, and the code for the shell.
fn ending(error: &Error, terminated: bool) -> ExitCode {
    console::say(&format!("error: {}", error.report()));
    match error.kind() {
        ErrorKind::Cancelled if terminated => ExitCode::from(TERMINATED),
        kind => ExitCode::from(kind.code()),
    }
}

/// All that comes from outside.
struct Inputs {
    arguments: Vec<OsString>,
    environment: Environment,
    folder: PathBuf,
}

async fn execute(program: &Program, inputs: &Inputs, interrupt: &Interrupt) -> Result<()> {
    let own = (program.schema)()?;
    let flags = flags::all();
    let schema = own.clone().behind(flags.iter().map(|f| f.field.clone()).collect(), flags::constraints())?;
    let command = command::build(program, &own, &flags);
    let matches = match command.clone().try_get_matches_from(&inputs.arguments) {
        Ok(matches) => matches,
        Err(e) if usage::is_answer(&e) => return console::print(&e.render().to_string()),
        Err(e) => return Err(usage::sentence(&e, program.name, &inputs.arguments)),
    };
    match matches.subcommand() {
        None => {
            let whole = Whole { program, own: &own, schema: &schema, flags: &flags };
            one_sync(&whole, &matches, &inputs.environment, &inputs.folder, interrupt).await
        }
        Some(("config", _)) => console::print(&artifacts::config(own, &flags)?),
        Some(("capabilities", _)) => console::print(&artifacts::capabilities((program.describe)()?)?),
        Some(("completion", sub)) => {
            let shell = sub.get_one::<String>("shell").map_or("", String::as_str);
            console::print(&artifacts::completion(command, shell)?)
        }
        Some(("health-check", _)) => Err(Error::unimplemented(
            "the health server is not built yet, for it belongs to service mode; \
             without service mode there is nothing to ask",
        )),
        Some((name, sub)) => extra(program, name, sub, interrupt).await,
    }
}

/// What a program can be told, in parts and as a whole.
struct Whole<'a> {
    program: &'a Program,
    own: &'a Schema,
    schema: &'a Schema,
    flags: &'a [Flag],
}

async fn one_sync(
    whole: &Whole<'_>,
    matches: &ArgMatches,
    environment: &Environment,
    folder: &Path,
    interrupt: &Interrupt,
) -> Result<()> {
    let Whole { program, own, schema, flags } = *whole;
    let loaded = load::load(schema, matches, environment, folder)?;
    let config = loaded.config;
    refuse::refuse(&config, flags)?;
    let options = settings::sync_options(program, own, &config, environment)?;
    let context = settings::connect_context(program, &config)?;
    Logging::from_config(&config)?.start();
    for sentence in loaded.warnings.into_iter().chain(refuse::ignored(&config, flags)) {
        tracing::warn!("{sentence}");
    }

    let cancel = interrupt.token();
    let connector = one_shot::connect((program.connect)(config, context), &cancel).await?;
    let progress = Arc::new(Progress::of_sync(connector.clone()));
    let result = one_shot::sync_once(connector, &options, progress.clone(), cancel).await;
    progress.finish();
    let summary = result.inspect_err(|_| progress.say_what_is_kept())?;
    log_end(&summary);
    if std::io::stderr().is_terminal() {
        console::say(&render_summary(&summary, None));
    }
    Ok(())
}

/// What a finished sync was, for the log.
fn log_end(summary: &Summary) {
    let total = |of: &BTreeMap<String, u64>| of.values().sum::<u64>();
    let steps: Vec<String> = summary
        .phases
        .iter()
        .map(|(phase, took)| format!("{} {:.2} s", phase.as_str(), took.as_secs_f64()))
        .collect();
    tracing::info!(
        file = %summary.output.display(),
        sync_id = summary.sync_id,
        bytes = summary.bytes,
        resources = total(&summary.resources),
        entitlements = total(&summary.entitlements),
        grants = total(&summary.grants),
        seconds = summary.elapsed.as_secs_f64(),
        waited_seconds = summary.waited.as_secs_f64(),
        resumed = summary.resumed,
        completeness = summary.completeness.as_str(),
        warnings = summary.warnings.len(),
        steps = steps.join(", "),
        calls = costliest(&summary.calls),
        "{}",
        match summary.completeness {
            Completeness::Incomplete => "the sync is done, in part",
            Completeness::Short => "the sync is done, a few rows short",
            Completeness::Whole | Completeness::Skipped => "the sync is complete",
        }
    );
    for sentence in slow(&summary.calls) {
        tracing::warn!("{sentence}");
    }
    for line in &summary.ledger {
        let what = match line.state {
            Completeness::Incomplete => "not everything could be read",
            Completeness::Short => "the source told of a few rows more than came",
            Completeness::Whole | Completeness::Skipped => continue,
        };
        tracing::warn!(
            operation = line.operation,
            resource_type = line.resource_type,
            pages = line.pages,
            rows = line.rows,
            expected = line.expected,
            dropped = line.dropped,
            reason = line.reason,
            "{what}"
        );
    }
    if summary.completeness == Completeness::Incomplete {
        tracing::warn!("the file is INCOMPLETE: what is missing in it may still be there");
    }
}

/// A command of the program's own.
async fn extra(program: &Program, name: &str, matches: &ArgMatches, interrupt: &Interrupt) -> Result<()> {
    let Some(extra) = program.commands.iter().find(|extra| extra.command.get_name() == name) else {
        return Err(Error::internal(format!("the command {name:?} has no handler")));
    };
    let asked = matches.get_many::<String>("log-level").and_then(|mut all| all.next_back());
    Logging::for_people(asked.map(String::as_str)).start();
    let context = CommandContext {
        cancel: interrupt.token(),
        connect: ConnectContext::new(user_agent(program.name, program.version)),
    };
    (extra.handler)(matches.clone(), context).await
}
