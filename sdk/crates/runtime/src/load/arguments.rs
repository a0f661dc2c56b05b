//! Values of the command line.

use clap::{ArgMatches, parser::ValueSource};
use connector_model::config::{Field, Kind, Raw};

/// What the command line gives a field: the last value, or for lists and maps
/// all of them.
pub(super) fn value(matches: &ArgMatches, field: &Field) -> Option<Raw> {
    if matches.value_source(&field.name) != Some(ValueSource::CommandLine) {
        return None;
    }
    let mut values = matches.get_many::<String>(&field.name)?;
    match field.kind {
        Kind::StringSlice(_) | Kind::StringMap(_) => {
            let lines: Vec<&str> = values.map(String::as_str).filter(|l| !l.is_empty()).collect();
            Some(Raw::Text(lines.join(",")))
        }
        _ => values.next_back().map(|text| Raw::Text(text.clone())),
    }
}
