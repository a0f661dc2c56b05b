//! One call of the connector, in a task of its own.

use connector_store::IdHash;
use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use connector_model::{
    BidResource, Call, Error, ErrorKind, Page, Registry, ResourceId, Result, SyncContext, TargetedSyncer,
};
use futures::FutureExt as _;
use tokio::time::Instant;

use crate::{
    fetch::{
        action::{Action, Operation, Subject},
        session::MAX_REMEMBERED,
    },
    ingest::{Ingested, Types, ingest, references::References},
};

/// What calls share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) registry: Registry,
    pub(crate) references: References,
    types: Types,
    /// How long a call may take.
    limit: Duration,
    /// Pages that were read and wait to be taken in, and their rows.
    waiting_pages: AtomicUsize,
    waiting_rows: AtomicUsize,
    memory: RwLock<Memory>,
}

/// What pages said to remember.
#[derive(Debug, Default)]
struct Memory {
    values: HashMap<String, Arc<[u8]>>,
    bytes: usize,
}

impl Shared {
    pub(crate) fn new(registry: Registry, types: Types, references: References, limit: Duration) -> Self {
        Self {
            registry,
            references,
            types,
            limit,
            waiting_pages: AtomicUsize::new(0),
            waiting_rows: AtomicUsize::new(0),
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
    pub(crate) fn remember(&self, key: String, value: Vec<u8>) -> Result<()> {
        let mut memory = self.memory.write().unwrap_or_else(PoisonError::into_inner);
        let (key_bytes, value_bytes) = (key.len(), value.len());
        memory.bytes += value_bytes;
        match memory.values.insert(key, value.into()) {
            Some(old) => memory.bytes -= old.len(),
            None => memory.bytes += key_bytes,
        }
        if memory.bytes <= MAX_REMEMBERED {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::ResourceExhausted,
            format!("the connector remembers more than {} MiB over its pages", MAX_REMEMBERED >> 20),
        ))
    }
}

impl SyncContext for Shared {
    fn is_known(&self, resource: &ResourceId) -> bool {
        self.references.has_resource(IdHash::resource(resource))
    }

    fn recall(&self, key: &str) -> Option<Arc<[u8]>> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner).values.get(key).cloned()
    }
}

/// A call that came back.
pub(crate) struct Called {
    pub(crate) action: Action,
    pub(crate) result: Result<Ingested>,
    /// How long the connector took.
    pub(crate) took: Duration,
}

/// Asks for the page that comes next in an action. A panic of the connector
/// becomes an error of the call, and so does a call that takes too long.
pub(crate) async fn call(shared: Arc<Shared>, action: Action) -> Called {
    let start = Instant::now();
    let asked = guarded_within(shared.limit, ask(&shared, &action)).await;
    let took = start.elapsed();
    let result =
        asked.and_then(|page| ingest(&shared.types, &action, page)).map_err(|e| e.during(action.describe()));
    shared.page_waits(result.as_ref().map_or(0, Ingested::rows));
    Called { action, result, took }
}

fn too_long(limit: Duration) -> Error {
    Error::new(
        ErrorKind::DeadlineExceeded,
        format!("the connector did not answer within {} s, and the call was given up", limit.as_secs_f64()),
    )
}

async fn ask(shared: &Shared, action: &Action) -> Result<Page> {
    if action.operation == Operation::Get && !shared.types.has(&action.resource_type) {
        return Err(Error::unimplemented("the sync does not read resources of this type"));
    }
    let syncer = shared.registry.syncer(&action.resource_type)?;
    let call = Call::new(action.token.as_ref(), shared);
    match (action.operation, &action.subject) {
        (Operation::List, Subject::Inside(parent)) => syncer.list(&call, parent.as_ref()).await,
        (Operation::Entitlements, Subject::Of(resource)) => syncer.entitlements(&call, resource).await,
        (Operation::Grants, Subject::Of(resource)) => syncer.grants(&call, resource).await,
        (Operation::Entitlements, Subject::Whole) => match syncer.type_scoped_entitlements() {
            Some(whole) => whole.entitlements_of_type(&call).await,
            None => Err(Error::unimplemented("the connector does not list entitlements of a whole type")),
        },
        (Operation::Grants, Subject::Whole) => match syncer.type_scoped_grants() {
            Some(whole) => whole.grants_of_type(&call).await,
            None => Err(Error::unimplemented("the connector does not list grants of a whole type")),
        },
        (Operation::Get, Subject::Named(named)) => match syncer.targeted() {
            Some(targeted) => get(targeted, named).await,
            None => Err(Error::unimplemented("the connector does not get single resources of this type")),
        },
        _ => Err(Error::internal("a question of the queue makes no sense")),
    }
}

/// Gets a single resource. Another one than was asked for would be taken for
/// it in the file.
async fn get(targeted: &dyn TargetedSyncer, named: &BidResource) -> Result<Page> {
    let resource = targeted.get(&named.id, named.parent.as_ref()).await?;
    if resource.id != named.id {
        return Err(Error::internal("the connector answered with another resource; this is a bug in it")
            .with("answer", &resource.id));
    }
    Ok(Page::of(vec![resource]))
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

/// Runs a call; a panic becomes its error, and so does the end of its time.
pub(crate) async fn guarded_within<T>(limit: Duration, call: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, guarded(call)).await.unwrap_or_else(|_| Err(too_long(limit)))
}

/// Runs a call; a panic becomes its error.
async fn guarded<T>(call: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(call).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic)))
}
