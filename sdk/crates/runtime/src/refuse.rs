//! What is asked for and not built, and what is said and means nothing.

use connector_model::{
    Error, Result,
    config::{Config, Field, Raw, Value},
};

use crate::flags::{Flag, Use};

/// Refuses a task or filter that is not built, before anything is done.
pub(crate) fn refuse(config: &Config, flags: &[Flag]) -> Result<()> {
    for flag in flags {
        let Use::Unbuilt(what) = flag.usage else { continue };
        let name = &flag.field.name;
        if !config.is_given(name) || is_false(config, name) {
            continue;
        }
        let place = config.origin(name).map(|o| o.describe(name)).unwrap_or_default();
        return Err(Error::unimplemented(format!(
            "{what} is not built yet ({place} asks for it); without it, a full sync is made"
        )));
    }
    Ok(())
}

/// A text flag that is read as a bool, `--event-feed false`.
fn is_false(config: &Config, name: &str) -> bool {
    let text = config.string(name).unwrap_or_default().to_owned();
    let bool = Field::bool("x").erase().kind;
    name == "event-feed" && bool.parse(&Raw::Text(text)).is_ok_and(|v| v == Value::Bool(false))
}

/// What is accepted and means nothing here, a sentence each.
pub(crate) fn ignored(config: &Config, flags: &[Flag]) -> Vec<String> {
    let mut sentences = Vec::new();
    for flag in flags {
        let name = &flag.field.name;
        if let Use::Ignored(why) = flag.usage
            && config.is_given(name)
            && let Some(origin) = config.origin(name)
        {
            sentences.push(format!("{} has no effect: {why}", origin.describe(name)));
        }
    }
    if config.string("storage-engine").is_ok_and(|engine| engine == "pebble") {
        sentences.push(
            "--storage-engine=pebble has no effect: the file is written as c1z v1, with SQLite".to_owned(),
        );
    }
    if config.is_given("parallel-sync") {
        sentences.push("--parallel-sync is deprecated: use --workers".to_owned());
    }
    sentences
}
