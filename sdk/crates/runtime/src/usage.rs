//! A command line that does not parse: one sentence, no usage.

use clap::error::{ContextKind, ContextValue, ErrorKind as Clap};
use connector_model::{Error, ErrorKind};

/// Whether clap's "error" is an answer that a person asked for.
pub(crate) fn is_answer(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        Clap::DisplayHelp | Clap::DisplayVersion | Clap::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// The sentence for a command line that does not parse.
pub(crate) fn sentence(error: &clap::Error, program: &str) -> Error {
    let what = text(error, ContextKind::InvalidArg);
    let value = text(error, ContextKind::InvalidValue);
    let message = match error.kind() {
        Clap::UnknownArgument if what.starts_with('-') => {
            format!("unknown flag {what}{}", suggestion(error, ContextKind::SuggestedArg))
        }
        Clap::UnknownArgument => format!("unknown command {what:?}"),
        Clap::InvalidSubcommand => format!(
            "unknown command {:?}{}",
            text(error, ContextKind::InvalidSubcommand),
            suggestion(error, ContextKind::SuggestedSubcommand)
        ),
        // A value may be a secret: it is named only where the choice is ours.
        Clap::InvalidValue if value.is_empty() => format!("{what} needs a value"),
        Clap::InvalidValue => {
            format!("{what} can't be {value:?}; it is one of {}", text(error, ContextKind::ValidValue))
        }
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
