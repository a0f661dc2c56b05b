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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use connector_model::{
        Call, ConnectorMetadata, Page, Resource, ResourceId, ResourceSyncer, ResourceType, Validation,
    };
    use connector_sync::Silent;

    use super::*;

    /// A connector of one resource, which ends well or not.
    #[derive(Default)]
    struct Stub {
        types: usize,
        valid: Option<ErrorKind>,
        close: Close,
        closed: Arc<AtomicUsize>,
    }

    #[derive(Clone, Copy, Default)]
    enum Close {
        #[default]
        Well,
        Failing,
        Panicking,
        Never,
    }

    struct Things;

    #[async_trait]
    impl Connector for Stub {
        fn metadata(&self) -> ConnectorMetadata {
            ConnectorMetadata::new("Stub", "")
        }

        async fn validate(&self) -> Result<Validation> {
            match self.valid {
                None => Ok(Validation::default()),
                Some(kind) => Err(Error::new(kind, "the token is wrong")),
            }
        }

        fn resource_syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
            (0..self.types).map(|_| Arc::new(Things) as Arc<dyn ResourceSyncer>).collect()
        }

        async fn close(&self) -> Result<()> {
            self.closed.fetch_add(1, Ordering::SeqCst);
            match self.close {
                Close::Well => Ok(()),
                Close::Failing => Err(Error::internal("no session to end")),
                Close::Panicking => panic!("a bug of the connector"),
                Close::Never => std::future::pending().await,
            }
        }
    }

    #[async_trait]
    impl ResourceSyncer for Things {
        fn resource_type(&self) -> ResourceType {
            ResourceType::new("thing", "Thing")
        }

        async fn list(&self, _: &Call<'_>, _: Option<&ResourceId>) -> Result<Page> {
            Ok(Page::of(vec![Resource::new(self.resource_type().id.resource("one")?, "One")]))
        }
    }

    async fn run(stub: Stub, cancel: CancellationToken) -> (Result<Summary>, bool) {
        let folder = tempfile::tempdir().expect("a folder");
        let output = folder.path().join("sync.c1z");
        let closed = stub.closed.clone();
        let result = sync_once(Arc::new(stub), &SyncOptions::new(&output), Arc::new(Silent), cancel).await;
        assert_eq!(closed.load(Ordering::SeqCst), 1, "closed once, whatever the outcome");
        (result, output.exists())
    }

    #[tokio::test]
    async fn how_closing_ends_does_not_change_the_result() {
        for close in [Close::Well, Close::Failing, Close::Panicking] {
            let stub = Stub { types: 1, close, ..Stub::default() };
            let (result, written) = run(stub, CancellationToken::new()).await;
            assert_eq!(result.expect("a sync").resources["thing"], 1);
            assert!(written);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn closing_that_never_ends_is_given_up() {
        let stub = Stub { close: Close::Never, ..Stub::default() };
        let (result, _) = run(stub, CancellationToken::new()).await;
        assert!(result.is_err(), "there is no resource type");
    }

    #[tokio::test]
    async fn a_failed_sync_is_closed_too_and_leaves_no_file() {
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        let wrong = ErrorKind::Unauthenticated;
        for (types, valid, cancel, kind) in [
            (0, None, CancellationToken::new(), ErrorKind::FailedPrecondition),
            (2, None, CancellationToken::new(), ErrorKind::FailedPrecondition),
            (1, Some(wrong), CancellationToken::new(), wrong),
            (1, None, cancelled, ErrorKind::Cancelled),
        ] {
            let (result, written) = run(Stub { types, valid, ..Stub::default() }, cancel).await;
            assert_eq!(result.expect_err("an error").kind(), kind);
            assert!(!written);
        }
    }

    #[tokio::test]
    async fn a_panic_while_the_connector_is_made_is_an_internal_error() {
        let making = async { panic!("a bug of the connector") };
        let error = connect(Box::pin(making), &CancellationToken::new()).await.err().expect("an error");
        assert_eq!(error.kind(), ErrorKind::Internal);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_connector_that_is_not_wanted() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let error = connect(Box::pin(std::future::pending()), &cancel).await.err().expect("an error");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    }
}
