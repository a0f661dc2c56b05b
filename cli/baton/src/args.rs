//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Arg, ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    error::{ContextKind, ContextValue, ErrorKind as Clap},
};
use connector_model::{Error, ErrorKind, Result};

use crate::output::{Format, say};

/// The file that is read where none is named; connectors write there too.
const DEFAULT_FILE: &str = "sync.c1z";

/// Commands of the Go tool that are not there yet.
const NOT_BUILT: &[&str] = &[
    "access",
    "diff",
    "dump-db",
    "explorer",
    "export",
    "optimize",
    "principals",
    "recalculate-stats",
    "rollback-expansion",
    "sanitize",
    "to-pebble",
];

/// Look into c1z files: what a connector found, as tables or as JSON
#[derive(Debug, Parser)]
#[command(name = "baton", version = concat!("version ", env!("CARGO_PKG_VERSION")), disable_version_flag = true)]
pub(crate) struct Cli {
    /// The file to read [default: sync.c1z]
    #[arg(short, long, global = true, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How to print: console (tables) or json (one line)
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "console")]
    output_format: String,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what a sync is and how many of each kind it holds
    Stats(WhichSync),
    /// List the syncs of the file
    Syncs,
    /// List the resource types
    ResourceTypes(WhichSync),
    /// List the resources with their parents
    Resources(OfType),
    /// List the entitlements with their resources
    Entitlements(OfType),
    /// List the grants: who has which entitlement of which resource
    Grants(GrantArgs),
    /// Make the grants that follow from others, such as those of groups inside groups, and finish the sync
    Expand(ExpandArgs),
    /// Check that the file keeps the format's rules; exits with 15 where it does not
    Verify(VerifyArgs),
    /// Print the completion script of a shell
    Completion {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// One sync of the file.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct WhichSync {
    /// The sync to read; else the newest finished full one (`baton syncs` lists them)
    #[arg(long, value_name = "ID")]
    pub(crate) sync_id: Option<String>,
}

/// Rows of one resource type, or all.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OfType {
    /// Only of resources of this type
    #[arg(short = 't', long, value_name = "TYPE")]
    pub(crate) resource_type: Option<String>,
    #[command(flatten)]
    pub(crate) sync: WhichSync,
}

/// Which grants.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct GrantArgs {
    #[command(flatten)]
    pub(crate) of: OfType,
    /// Only on this resource, by its id; needs --resource-type
    #[arg(short, long, value_name = "RESOURCE", requires = "resource_type", conflicts_with = "entitlement")]
    pub(crate) resource: Option<String>,
    /// Only of this entitlement, by its id
    #[arg(short, long, value_name = "ENTITLEMENT")]
    pub(crate) entitlement: Option<String>,
}

/// What to expand, and where to.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ExpandArgs {
    /// The file; the same as --file
    #[arg(value_name = "FILE", conflicts_with = "file")]
    path: Option<PathBuf>,
    /// The file to write; else the one that is read is replaced, as a whole and only when all went well
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The sync to expand; else the newest one: unfinished with only its expansion left, or finished and full
    #[arg(long, value_name = "ID")]
    pub(crate) sync_id: Option<String>,
}

/// What to check, and how strictly.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct VerifyArgs {
    /// The file; the same as --file
    #[arg(value_name = "FILE", conflicts_with = "file")]
    path: Option<PathBuf>,
    /// A file of an older or other writer: a write-ahead log header, missing tables and columns are warnings
    #[arg(long)]
    pub(crate) legacy: bool,
    /// References to rows that are not stored are warnings
    #[arg(long)]
    pub(crate) allow_dangling: bool,
    /// A sync without an end is a warning
    #[arg(long)]
    pub(crate) allow_unfinished: bool,
}

/// A command line that was understood.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A command to run.
    Command(Invocation),
    /// A text that was asked for: help or version.
    Text(String),
}

/// A command with what all commands have.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) file: PathBuf,
    pub(crate) format: Format,
    pub(crate) command: Command,
}

/// The whole command, as parsed and as completion scripts are made from.
pub(crate) fn command() -> clap::Command {
    let version = Arg::new("version").short('v').long("version").action(ArgAction::Version);
    Cli::command().arg(version.help("Print version"))
}

/// Reads a command line, the program's name first.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Parsed> {
    let args: Vec<OsString> = args.into_iter().collect();
    let parsed = command().try_get_matches_from(&args).and_then(|m| Cli::from_arg_matches(&m));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(e) if matches!(e.kind(), Clap::DisplayHelp | Clap::DisplayVersion) => {
            return Ok(Parsed::Text(e.render().to_string()));
        }
        Err(e) => return Err(refusal(&e, &args)),
    };
    let Some(chosen) = cli.command else {
        return Ok(Parsed::Text(command().render_help().to_string()));
    };
    let named = match &chosen {
        Command::Expand(args) => args.path.clone().or(cli.file),
        Command::Verify(args) => args.path.clone().or(cli.file),
        _ => cli.file,
    };
    Ok(Parsed::Command(Invocation {
        file: named.unwrap_or_else(|| DEFAULT_FILE.into()),
        format: format(&cli.output_format),
        command: chosen,
    }))
}

/// Any other word means tables, as in the Go tool, whose users' scripts may pass one.
fn format(word: &str) -> Format {
    match word {
        "json" => Format::Json,
        "console" => Format::Console,
        other => {
            say(&format!(
                "warning: there is no output format {other:?}; it is console or json, and console is taken"
            ));
            Format::Console
        }
    }
}

/// The parser's complaint as one sentence, without the usage. What was typed where nothing of that kind belongs is not
/// shown: it may be a secret.
fn refusal(error: &clap::Error, args: &[OsString]) -> Error {
    let typed = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let command = typed(ContextKind::InvalidSubcommand);
    if error.kind() == Clap::InvalidSubcommand && NOT_BUILT.contains(&command) {
        return Error::unimplemented(format!(
            "`baton {command}` is not built yet; the Go tool of the same name has it"
        ));
    }
    let argument = typed(ContextKind::InvalidArg);
    let text = match error.kind() {
        Clap::InvalidSubcommand => format!("{} is no command{}", place(args, command), meant(error)),
        Clap::UnknownArgument if argument.starts_with('-') => {
            format!("{} is an unknown flag{}", place(args, argument), meant(error))
        }
        Clap::UnknownArgument => format!("{} is not expected here", place(args, argument)),
        Clap::TooManyValues => format!("{argument} takes no value"),
        Clap::InvalidValue if typed(ContextKind::InvalidValue).is_empty() => {
            format!("{argument} needs a value")
        }
        Clap::InvalidValue => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(values)) => format!("{argument} must be one of {}", values.join(", ")),
            _ => format!("{argument} has a value that does not read"),
        },
        Clap::ValueValidation => format!("{argument} has a value that does not read"),
        _ => rendered(error),
    };
    Error::new(ErrorKind::Unknown, format!("{text}; `baton --help` tells what there is"))
}

/// What the parser says, in one line.
fn rendered(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let text = text.split("\n\nUsage:").next().unwrap_or_default();
    let text = text.split("\n\nFor more information").next().unwrap_or_default();
    let text = text.strip_prefix("error: ").unwrap_or(text).replace("\n\n", "; ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where on the command line something stands: `argument 2`.
fn place(args: &[OsString], what: &str) -> String {
    let is_it = |arg: &OsString| {
        let arg = arg.to_string_lossy();
        arg == what || arg.strip_prefix(what).is_some_and(|rest| rest.starts_with('='))
    };
    match args.iter().skip(1).position(is_it) {
        Some(at) => format!("argument {}", at + 1),
        None => "an argument".to_owned(),
    }
}

/// What may have been meant.
fn meant(error: &clap::Error) -> String {
    let suggested = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg];
    match suggested.into_iter().find_map(|kind| error.get(kind)) {
        Some(ContextValue::String(text)) => format!(", did you mean {text}?"),
        Some(ContextValue::Strings(texts)) => format!(", did you mean {}?", texts.join(", ")),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_sound() {
        command().debug_assert();
    }
}
