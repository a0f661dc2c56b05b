//! What is asked for and not built, and what is said and means nothing.

use connector_model::{
    Error, Result,
    config::{Config, Field, Raw, Value},
};

use crate::flags::{Flag, Use};

/// Refuses a task that is not built, before anything is done.
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

#[cfg(test)]
mod tests {
    use connector_model::{
        ErrorKind,
        config::{Kind, Schema},
    };

    use super::*;
    use crate::flags;

    fn config(values: &[(&str, &str)]) -> Config {
        let fields = flags::all().into_iter().map(|f| f.field).collect();
        let schema = Schema::builder("Team").build().and_then(|s| s.behind(fields, Vec::new()));
        schema.and_then(|s| s.config(values.iter().copied())).expect("a configuration")
    }

    fn something(flag: &Flag) -> &'static str {
        match flag.field.kind {
            Kind::Bool(_) => "true",
            Kind::Int(_) => "7",
            _ => "x",
        }
    }

    #[test]
    fn nothing_given_is_nothing_said() {
        let flags = flags::all();
        refuse(&config(&[]), &flags).expect("a plain sync");
        assert_eq!(ignored(&config(&[]), &flags), [""; 0]);
    }

    #[test]
    fn every_flag_that_is_not_built_is_refused_by_name() {
        let flags = flags::all();
        let unbuilt: Vec<&Flag> = flags.iter().filter(|f| matches!(f.usage, Use::Unbuilt(_))).collect();
        for name in ["client-id", "grant-entitlement", "create-account-email", "diff-syncs"] {
            assert!(unbuilt.iter().any(|f| f.field.name == name), "{name}");
        }
        for flag in unbuilt {
            let error = refuse(&config(&[(&flag.field.name, something(flag))]), &flags).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::Unimplemented);
            assert!(error.to_string().contains("is not built yet"), "{error}");
            assert!(error.to_string().contains(&flag.field.variable()), "{error}");
        }
    }

    #[test]
    fn every_flag_without_effect_is_said_once() {
        let flags = flags::all();
        for flag in flags.iter().filter(|f| matches!(f.usage, Use::Ignored(_))) {
            let config = config(&[(&flag.field.name, something(flag))]);
            refuse(&config, &flags).expect("accepted");
            let sentences = ignored(&config, &flags);
            assert!(
                matches!(&sentences[..], [one] if one.contains(&flag.field.variable()) && one.contains("has no effect")),
                "{sentences:?}"
            );
        }
    }

    #[test]
    fn another_storage_engine_and_the_old_alias_are_said() {
        let flags = flags::all();
        let said = |name, value| ignored(&config(&[(name, value)]), &flags).join("\n");
        assert!(said("storage-engine", "pebble").contains("c1z v1"));
        assert_eq!(said("storage-engine", "sqlite"), "");
        assert!(said("parallel-sync", "true").contains("deprecated"));
    }

    #[test]
    fn an_event_feed_that_is_switched_off_is_a_sync() {
        let flags = flags::all();
        refuse(&config(&[("event-feed", "false")]), &flags).expect("a plain sync");
        assert!(refuse(&config(&[("event-feed", "true")]), &flags).is_err());
    }
}
