//! The scripted connector, driven by the real engine.

#![expect(clippy::unwrap_used, reason = "tests")]

mod faults;
mod goldens;
mod sites;

use std::{path::Path, sync::Arc};

use connector_model::{Registry, Resource, ResourceId, Result};
use connector_sync::{Silent, Summary, SyncOptions, Workers};
use connector_testkit::scripted::{Scenario, Scripted, assert_holds};
use tokio_util::sync::CancellationToken;

fn id(resource_type: &'static str, id: &str) -> ResourceId {
    ResourceId::new(resource_type, id).unwrap()
}

fn user(name: &str) -> Resource {
    Resource::user(id("user", name), name)
}

/// Fails where a file of [`run`] does not hold the truth.
async fn assert_collected(output: &Path, scenario: &Scenario) {
    assert_holds(output, &scenario.collected()).await.unwrap();
}

/// Syncs with a number of workers; grants are not expanded.
async fn run(connector: &Scripted, output: &Path, workers: i64) -> Result<Summary> {
    let mut options = SyncOptions::new(output);
    options.workers = Workers::from_flag(workers);
    options.expand = false;
    let registry = Registry::new(Arc::new(connector.clone()))?;
    connector_sync::sync(&registry, &options, Arc::new(Silent), CancellationToken::new()).await
}
