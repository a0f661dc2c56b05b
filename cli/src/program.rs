//! The connector as a program.

use std::sync::Arc;

use connector_sdk::{
    Connector, Result,
    config::{Config, ConnectContext},
    runtime::Program,
};
use connector_tableau::{ClientSettings, Tableau, TableauConfig, schema};

/// The program, without the demo.
pub(crate) fn program() -> Program {
    Program::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), schema, connect, describe)
}

async fn connect(config: Config, context: ConnectContext) -> Result<Arc<dyn Connector>> {
    Ok(Arc::new(Tableau::connect(&config, &context)?))
}

/// For `capabilities`: nobody is called, so the values stand for none.
fn describe() -> Result<Arc<dyn Connector>> {
    let nowhere = TableauConfig::parse("none", "none".into(), "localhost", "", "")?;
    Ok(Arc::new(Tableau::new(&nowhere, &ClientSettings::default())?))
}
