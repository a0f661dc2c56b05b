//! The command line, made from the fields.

use clap::{Arg, ArgAction, Command, builder::ValueHint};
use connector_model::config::{Field, Kind, Schema, Value};

use crate::{
    Program,
    flags::{Flag, Use},
};

/// The widest that help gets.
const HELP_WIDTH: usize = 100;

/// The command line of a program: the connector's own settings, the flags
/// that every program has, and the commands.
pub(crate) fn build(program: &Program, own: &Schema, flags: &[Flag]) -> Command {
    let about = format!("Reads who has access to what in {} into a .c1z file.", own.display_name);
    let mut by_usage: Vec<&Flag> = flags.iter().collect();
    by_usage.sort_by_key(|flag| heading_order(flag.usage));
    let by_usage = by_usage.into_iter();
    Command::new(program.name)
        .about(about)
        // clap prints the name before it.
        .version(format!("version {}", program.version))
        .disable_version_flag(true)
        .arg(
            Arg::new("version")
                .long("version")
                .short('v')
                .action(ArgAction::Version)
                .help("print the version"),
        )
        .max_term_width(HELP_WIDTH)
        .args_conflicts_with_subcommands(false)
        .subcommand_precedence_over_arg(true)
        .args(own.fields().iter().map(|f| argument(f).help_heading(format!("{} settings", own.display_name))))
        .args(by_usage.map(|f| argument(&f.field).help_heading(heading(f.usage)).global(true)))
        .subcommand(
            Command::new("capabilities").about("Print what the connector can do, as JSON; needs no settings"),
        )
        .subcommand(Command::new("config").about("Print what can be set, as JSON; needs no settings"))
        .subcommand(Command::new("completion").about("Print the completions of a shell").arg(
            Arg::new("shell").required(true).help("the shell").value_parser([
                "bash",
                "fish",
                "powershell",
                "zsh",
            ]),
        ))
        .subcommand(
            Command::new("health-check")
                .about("Ask the health server of a program in service mode (not built yet)")
                .arg(
                    Arg::new("endpoint")
                        .long("endpoint")
                        .default_value("health")
                        .help("what to ask")
                        .value_parser(["health", "ready", "live"]),
                )
                .arg(
                    Arg::new("timeout")
                        .long("timeout")
                        .default_value("5")
                        .help("how long to wait, in seconds"),
                ),
        )
        .subcommands(program.commands.iter().map(|extra| extra.command.clone()))
}

const fn heading(usage: Use) -> &'static str {
    match usage {
        Use::Works => "Program settings",
        Use::Unbuilt(_) => "Not built yet",
        Use::Ignored(_) => "Accepted, without effect on a sync",
    }
}

const fn heading_order(usage: Use) -> u8 {
    match usage {
        Use::Works => 0,
        Use::Unbuilt(_) => 1,
        Use::Ignored(_) => 2,
    }
}

fn argument(field: &Field) -> Arg {
    let arg = Arg::new(field.name.clone())
        .long(field.name.clone())
        .help(help(field))
        .hide(field.hidden)
        // The last one wins; lists take them all.
        .action(ArgAction::Append);
    let arg = match field.short {
        Some(letter) => arg.short(letter),
        None => arg,
    };
    match &field.kind {
        Kind::Bool(_) => {
            arg.value_name("BOOL").num_args(0..=1).require_equals(true).default_missing_value("true")
        }
        kind => {
            let name = match kind {
                Kind::Int(_) => "NUMBER",
                Kind::StringSlice(_) => "LIST",
                Kind::StringMap(_) => "KEY=VALUE,...",
                _ => "TEXT",
            };
            let hint = if field.name == "file" { ValueHint::FilePath } else { ValueHint::Unknown };
            arg.value_name(name).allow_hyphen_values(true).value_hint(hint)
        }
    }
}

/// `required: where the server is [default: …] ($BATON_SERVER_PATH)`.
fn help(field: &Field) -> String {
    let required = if field.required { "required: " } else { "" };
    let default = match field.kind.default_value() {
        value if value.is_zero() => String::new(),
        Value::String(text) => format!(" [default: {text}]"),
        value => format!(" [default: {value}]"),
    };
    format!("{required}{}{default} (${})", field.description, field.variable())
}
