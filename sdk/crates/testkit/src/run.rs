//! A sync of a connector in process.

use std::{path::Path, sync::Arc};

use connector_model::{Connector, Error, Registry, Result};
use connector_sync::{Silent, Summary, SyncOptions};
use tokio_util::sync::CancellationToken;

use crate::{Document, document};

/// Syncs a connector into a file, with the default options, and closes it.
pub async fn sync_into(connector: Arc<dyn Connector>, output: &Path) -> Result<Summary> {
    let registry = Registry::new(connector.clone())?;
    let options = SyncOptions::new(output);
    let result = connector_sync::sync(&registry, &options, Arc::new(Silent), CancellationToken::new()).await;
    // As in a program, how closing ends does not change the result.
    let _ = connector.close().await;
    result
}

/// Syncs a connector into a temporary file and gives what is in it.
pub async fn sync_document(connector: Arc<dyn Connector>) -> Result<Document> {
    let folder = tempfile::tempdir().map_err(|e| Error::io("a temporary folder can't be made", e))?;
    let output = folder.path().join("sync.c1z");
    sync_into(connector, &output).await?;
    document(&output).await
}
