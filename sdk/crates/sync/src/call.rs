//! One call of the connector, in a task of its own.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use connector_model::{Call, Error, Page, Registry, ResourceId, Result, SyncContext};
use futures::FutureExt as _;

use crate::{
    action::{Action, Operation, Subject},
    ingest::{Ingested, ingest},
    references::{IdHash, References},
};

/// What calls share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) registry: Registry,
    pub(crate) references: References,
    /// Pages that were read and wait to be taken in, and their rows.
    waiting_pages: AtomicUsize,
    waiting_rows: AtomicUsize,
    /// Whether entitlements and grants that come along are left out.
    resources_only: bool,
    memory: RwLock<HashMap<String, Arc<[u8]>>>,
}

impl Shared {
    pub(crate) fn new(registry: Registry, resources_only: bool) -> Self {
        Self {
            registry,
            references: References::default(),
            waiting_pages: AtomicUsize::new(0),
            waiting_rows: AtomicUsize::new(0),
            resources_only,
            memory: RwLock::default(),
        }
    }

    fn page_waits(&self, rows: usize) {
        self.waiting_pages.fetch_add(1, Ordering::AcqRel);
        self.waiting_rows.fetch_add(rows, Ordering::AcqRel);
    }

    /// A page does not wait any more.
    pub(crate) fn page_taken(&self, rows: usize) {
        self.waiting_pages.fetch_sub(1, Ordering::AcqRel);
        self.waiting_rows.fetch_sub(rows, Ordering::AcqRel);
    }

    /// Pages that wait to be taken in, and their rows.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.waiting_pages.load(Ordering::Acquire), self.waiting_rows.load(Ordering::Acquire))
    }

    /// Keeps what a page said to remember.
    pub(crate) fn remember(&self, key: String, value: Vec<u8>) {
        self.memory.write().unwrap_or_else(PoisonError::into_inner).insert(key, value.into());
    }
}

impl SyncContext for Shared {
    fn is_known(&self, resource: &ResourceId) -> bool {
        self.references.has_resource(IdHash::resource(resource))
    }

    fn recall(&self, key: &str) -> Option<Arc<[u8]>> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}

/// Asks for the page that comes next in an action. A panic of the connector
/// becomes an error of the call.
pub(crate) async fn call(shared: Arc<Shared>, action: Action) -> (Action, Result<Ingested>) {
    let result = guarded(ask(&shared, &action))
        .await
        .and_then(|mut page| {
            if shared.resources_only {
                page.entitlements.clear();
                page.grants.clear();
            }
            ingest(&shared.registry, &action, page)
        })
        .map_err(|e| e.during(action.describe()));
    shared.page_waits(result.as_ref().map_or(0, Ingested::rows));
    (action, result)
}

async fn ask(shared: &Shared, action: &Action) -> Result<Page> {
    let syncer = shared.registry.syncer(&action.resource_type)?;
    let call = Call::new(action.token.as_ref(), shared);
    match (action.operation, &action.subject) {
        (Operation::List, subject) => syncer.list(&call, subject.id()).await,
        (Operation::Entitlements, Subject::Of(resource)) => syncer.entitlements(&call, resource).await,
        (Operation::Grants, Subject::Of(resource)) => syncer.grants(&call, resource).await,
        (_, Subject::Inside(_)) => Err(Error::internal("a question about a resource names none")),
    }
}

/// What a panic said, as an error.
fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it said nothing".to_owned());
    Error::internal(format!("the connector panicked, which is a bug in it: {text}"))
}

/// Runs a call; a panic becomes its error.
pub(crate) async fn guarded<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic)))
}
