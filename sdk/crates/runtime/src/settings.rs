//! From the checked values to what the engine and the connector are told.

use std::{path::Path, time::Duration};

use connector_model::{
    Result,
    config::{Config, ConnectContext, Origin, Schema},
};
use connector_store::fs::check_output_name;
use connector_sync::{SyncOptions, Workers};

use crate::{
    Program,
    load::{self, Environment},
    scope,
    version::user_agent,
};

/// `--workers`: automatic where nobody said a number, and where the deprecated
/// alias is set beside a zero.
fn workers(config: &Config) -> Result<Workers> {
    let n = config.int("workers")?;
    let said = config.origin("workers").is_some_and(|o| !matches!(o, Origin::Default));
    Ok(Workers::from_flag(if !said || n == 0 && config.bool("parallel-sync")? { -1 } else { n }))
}

/// `--file`: a name that no file can have is a wrong command line.
fn output(config: &Config) -> Result<&Path> {
    let file = Path::new(config.string("file")?);
    check_output_name(file).map_err(|e| scope::wrong(config, "file", &e))?;
    Ok(file)
}

/// What the engine is told.
pub(crate) fn sync_options(
    program: &Program,
    own: &Schema,
    config: &Config,
    environment: &Environment,
) -> Result<SyncOptions> {
    let settings = config
        .plain_values()
        .filter(|(name, _)| own.field(name).is_some())
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Ok(SyncOptions {
        temp_dir: load::temp_dir(config, environment)?,
        workers: workers(config)?,
        overwrite: config.bool("overwrite")?,
        limits: load::limits(environment)?,
        keep_syncs: load::keep_syncs(environment)?,
        program: program.name.to_owned(),
        version: program.version.to_owned(),
        settings,
        scope: scope::scope(config)?,
        resource_types: scope::resource_types(config)?,
        external: scope::external(config)?,
        allow_incomplete: config.bool("allow-incomplete")?,
        time_limit: scope::run_duration(config)?,
        ..SyncOptions::new(output(config)?)
    })
}

/// What the connector is told besides its settings.
pub(crate) fn connect_context(program: &Program, config: &Config) -> Result<ConnectContext> {
    let seconds = u64::try_from(config.int("http-timeout-seconds")?).unwrap_or(300);
    let context = ConnectContext::new(user_agent(program.name, program.version))
        .http_timeout(Duration::from_secs(seconds));
    Ok(match workers(config)? {
        Workers::Auto => context,
        Workers::Fixed(n) => context.max_in_flight(n.get()),
    })
}

#[cfg(test)]
mod tests {
    use connector_sync::Scope;

    use super::*;
    use crate::flags;

    fn options(values: &[(&str, &str)]) -> SyncOptions {
        let own = Schema::builder("Team").build().expect("a schema");
        let program = Program::new(
            "baton-team",
            "0.1.0",
            || Schema::builder("Team").build(),
            |_, _| async { Err(connector_model::Error::internal("not made here")) },
            || Err(connector_model::Error::internal("not made here")),
        );
        let fields = flags::all().into_iter().map(|f| f.field).collect();
        let config = own.clone().behind(fields, Vec::new()).and_then(|s| s.config(values.iter().copied()));
        let config = config.expect("a configuration");
        sync_options(&program, &own, &config, &Environment::default()).expect("options")
    }

    #[test]
    fn nothing_given_is_a_full_sync_that_must_be_whole() {
        let options = options(&[]);
        assert_eq!(options.output.to_str(), Some("sync.c1z"));
        assert_eq!((options.scope, options.external, options.time_limit), (Scope::Full, None, None));
        assert!(options.resource_types.is_empty() && options.expand && !options.allow_incomplete);
    }

    #[test]
    fn every_flag_of_a_sync_arrives() {
        let options = options(&[
            ("file", "x.c1z"),
            ("sync-resources", "bid:r:user/1"),
            ("sync-resource-types", "user"),
            ("external-resource-c1z", "other.c1z"),
            ("allow-incomplete", "true"),
            ("run-duration", "30m"),
            ("overwrite", "true"),
            ("workers", "3"),
        ]);
        assert_eq!(options.output.to_str(), Some("x.c1z"));
        assert!(matches!(options.scope, Scope::Resources(_)), "{:?}", options.scope);
        assert_eq!(options.resource_types.len(), 1);
        assert!(options.external.is_some_and(|e| e.file.to_str() == Some("other.c1z")));
        assert!(options.allow_incomplete && options.overwrite);
        assert_eq!(options.time_limit, Some(Duration::from_secs(1800)));
        assert_eq!(options.workers.resolve(None), 3);
    }
}
