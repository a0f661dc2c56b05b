//! From the checked values to what the engine and the connector are told.

use std::time::Duration;

use connector_model::{
    Result,
    config::{Config, ConnectContext, Origin, Schema},
};
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
        keep_syncs: load::keep_syncs(environment)?,
        program: program.name.to_owned(),
        version: program.version.to_owned(),
        settings,
        scope: scope::scope(config)?,
        resource_types: scope::resource_types(config)?,
        external: scope::external(config)?,
        allow_incomplete: config.bool("allow-incomplete")?,
        time_limit: scope::run_duration(config)?,
        ..SyncOptions::new(config.string("file")?)
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
