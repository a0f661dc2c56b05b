//! One full sync, then the end.

use std::{sync::Arc, time::Duration};

use connector_model::{Connector, Error, ErrorKind, Registry, Result};
use connector_sync::{Observer, Summary, SyncOptions};
use tokio_util::sync::CancellationToken;

/// How long signing out may take, at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Syncs all that a connector has into a file, and closes the connector
/// whatever the outcome. That closing failed is logged, and never hides the
/// result.
pub async fn sync_once(
    connector: Arc<dyn Connector>,
    options: &SyncOptions,
    observer: Arc<dyn Observer>,
    cancel: CancellationToken,
) -> Result<Summary> {
    let result = match Registry::new(connector.clone()) {
        Ok(registry) => Box::pin(connector_sync::sync(&registry, options, observer, cancel)).await,
        Err(e) => Err(e),
    };
    // In a task of its own, so that a panic stays there.
    let close = tokio::spawn(async move { connector.close().await });
    let abort = close.abort_handle();
    match tokio::time::timeout(CLOSE_TIMEOUT, close).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(e))) => tracing::warn!(error = %e.report(), "signing out failed"),
        Ok(Err(_)) => tracing::warn!("the connector panicked while signing out"),
        Err(_) => {
            abort.abort();
            tracing::warn!("signing out took longer than {} s and was given up", CLOSE_TIMEOUT.as_secs());
        }
    }
    result
}

/// Makes the connector. A panic in it becomes an internal error, and a person
/// who gives up need not wait for it.
pub(crate) async fn connect(
    making: futures::future::BoxFuture<'static, Result<Arc<dyn Connector>>>,
    cancel: &CancellationToken,
) -> Result<Arc<dyn Connector>> {
    let task = tokio::spawn(making);
    let abort = task.abort_handle();
    tokio::select! {
        biased;
        () = cancel.cancelled() => {
            abort.abort();
            Err(Error::new(ErrorKind::Cancelled, "it was stopped before the connector was made"))
        }
        made = task => match made {
            Ok(result) => result,
            Err(_) => Err(Error::internal("the connector panicked while it was made; this is a bug of the connector")),
        },
    }
}
