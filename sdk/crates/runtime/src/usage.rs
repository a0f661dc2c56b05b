//! A command line that does not parse: one sentence, no usage.
//!
//! What was typed where nothing of that kind belongs may be a secret whose flag
//! was forgotten or misspelled. So it is not shown: its place is.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind as Clap};
use connector_model::{Error, ErrorKind};

/// Whether clap's "error" is an answer that a person asked for.
pub(crate) fn is_answer(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        Clap::DisplayHelp | Clap::DisplayVersion | Clap::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// The sentence for a command line that does not parse; its arguments begin
/// with the name of the program.
pub(crate) fn sentence(error: &clap::Error, program: &str, arguments: &[OsString]) -> Error {
    let what = text(error, ContextKind::InvalidArg);
    let value = text(error, ContextKind::InvalidValue);
    let message = match error.kind() {
        Clap::UnknownArgument if what.starts_with('-') => format!(
            "{} is an unknown flag{}",
            place(arguments, &what),
            suggestion(error, ContextKind::SuggestedArg)
        ),
        Clap::UnknownArgument => {
            format!("{} is no command, and no flag takes it as its value", place(arguments, &what))
        }
        Clap::InvalidSubcommand => format!(
            "{} is no command{}",
            place(arguments, &text(error, ContextKind::InvalidSubcommand)),
            suggestion(error, ContextKind::SuggestedSubcommand)
        ),
        Clap::InvalidValue if value.is_empty() => format!("{what} needs a value"),
        Clap::InvalidValue => format!("{what} must be one of {}", text(error, ContextKind::ValidValue)),
        Clap::NoEquals => format!("{what} takes its value behind an equals sign"),
        Clap::MissingRequiredArgument => format!("{what} must be given"),
        Clap::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        Clap::TooManyValues | Clap::TooFewValues | Clap::WrongNumberOfValues => {
            format!("{what} has the wrong number of values")
        }
        Clap::ValueValidation => format!("{what} has a value that does not read"),
        Clap::ArgumentConflict => format!("{what} can't be given here"),
        _ => "the command line does not parse".to_owned(),
    };
    Error::new(ErrorKind::Unknown, format!("{message}; see {program} --help"))
}

/// Where on the command line something stands: `argument 2`.
fn place(arguments: &[OsString], what: &str) -> String {
    let is_it = |argument: &OsString| {
        let argument = argument.to_string_lossy();
        // A flag stands before its value, or among several letters.
        argument == what
            || argument.strip_prefix(what).is_some_and(|rest| rest.starts_with('='))
            || what.len() == 2
                && what.starts_with('-')
                && argument.starts_with('-')
                && argument.contains(&what[1..])
    };
    match arguments.iter().skip(1).position(is_it) {
        Some(at) => format!("argument {}", at + 1),
        None => "an argument".to_owned(),
    }
}

fn suggestion(error: &clap::Error, kind: ContextKind) -> String {
    match text(error, kind) {
        text if text.is_empty() => text,
        text => format!(", did you mean {text}?"),
    }
}

/// What clap knows, the flag without the name of its value.
fn text(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text
            .split_once(" <")
            .or_else(|| text.split_once("[="))
            .map_or(text.as_str(), |(t, _)| t)
            .to_owned(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}
