//! A connector whose answers are closures.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use connector_model::{
    Call, Connector, ConnectorMetadata, Error, Page, Registry, Resource, ResourceId, ResourceSyncer,
    ResourceType, Result, StaticEntitlement, TargetedSyncer, TypeScopedEntitlements, TypeScopedGrants,
    Validation,
};
use connector_sync::{Silent, Summary, SyncOptions, Workers};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// What is asked: the operation, on what, and which page (its raw token).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ask {
    pub(crate) operation: &'static str,
    pub(crate) resource_type: String,
    pub(crate) of: String,
    pub(crate) token: String,
}

type Answer = dyn for<'a> Fn(Ask, &'a Call<'a>) -> BoxFuture<'a, Result<Page>> + Send + Sync;

type Statics = dyn Fn() -> BoxFuture<'static, Result<Vec<StaticEntitlement>>> + Send + Sync;

/// A connector with closures for answers, that counts what it is asked.
pub(crate) struct Fake {
    types: Vec<ResourceType>,
    statics: BTreeMap<String, Arc<Statics>>,
    targeted: BTreeSet<String>,
    whole_entitlements: BTreeSet<String>,
    whole_grants: BTreeSet<String>,
    answer: Arc<Answer>,
    parallel: Option<usize>,
    identity: Option<String>,
    never_signs_in: bool,
    secret: Option<&'static str>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    asked: Mutex<Vec<Ask>>,
    validated: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Fake {
    pub(crate) fn new(
        types: impl IntoIterator<Item = ResourceType>,
        answer: impl for<'a> Fn(Ask, &'a Call<'a>) -> BoxFuture<'a, Result<Page>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            types: types.into_iter().collect(),
            statics: BTreeMap::new(),
            targeted: BTreeSet::new(),
            whole_entitlements: BTreeSet::new(),
            whole_grants: BTreeSet::new(),
            answer: Arc::new(answer),
            parallel: None,
            identity: None,
            never_signs_in: false,
            secret: None,
            state: Arc::default(),
        }
    }

    /// Answers that need no waiting.
    pub(crate) fn simple(
        types: impl IntoIterator<Item = ResourceType>,
        answer: impl Fn(&Ask) -> Result<Page> + Send + Sync + 'static,
    ) -> Self {
        Self::new(types, move |ask, _| {
            let page = answer(&ask);
            Box::pin(async move { page })
        })
    }

    pub(crate) fn declaring(mut self, parallel: usize) -> Self {
        self.parallel = Some(parallel);
        self
    }

    pub(crate) fn signed_in_as(mut self, identity: &str) -> Self {
        self.identity = Some(identity.to_owned());
        self
    }

    pub(crate) fn never_signing_in(mut self) -> Self {
        self.never_signs_in = true;
        self
    }

    /// This word is a secret.
    pub(crate) fn redacting(mut self, secret: &'static str) -> Self {
        self.secret = Some(secret);
        self
    }

    pub(crate) fn with_static(self, resource_type: &str, list: Vec<StaticEntitlement>) -> Self {
        self.with_statics(resource_type, move || {
            let list = list.clone();
            Box::pin(async move { Ok(list) })
        })
    }

    /// What becomes of the question for a type's declaration.
    pub(crate) fn with_statics(
        mut self,
        resource_type: &str,
        statics: impl Fn() -> BoxFuture<'static, Result<Vec<StaticEntitlement>>> + Send + Sync + 'static,
    ) -> Self {
        self.statics.insert(resource_type.to_owned(), Arc::new(statics));
        self
    }

    /// Single resources of a type can be asked for: the operation `get`, whose page holds the resource.
    pub(crate) fn targeting(mut self, resource_type: &str) -> Self {
        self.targeted.insert(resource_type.to_owned());
        self
    }

    /// Entitlements are listed for the whole type: the operation `whole entitlements`.
    pub(crate) fn with_whole_entitlements(mut self, resource_type: &str) -> Self {
        self.whole_entitlements.insert(resource_type.to_owned());
        self
    }

    /// Grants are listed for the whole type: the operation `whole grants`.
    pub(crate) fn with_whole_grants(mut self, resource_type: &str) -> Self {
        self.whole_grants.insert(resource_type.to_owned());
        self
    }

    /// What was asked, as `operation of` where it was of something, else `operation type`; in order.
    pub(crate) fn questions(&self) -> Vec<String> {
        let question = |a: Ask| {
            let about = if a.of.is_empty() { &a.resource_type } else { &a.of };
            format!("{} {about} {}", a.operation, a.token).trim_end().to_owned()
        };
        self.asked().into_iter().map(question).collect()
    }

    pub(crate) fn asked(&self) -> Vec<Ask> {
        self.state.asked.lock().expect("no panic while held").clone()
    }

    /// How often a page was asked for.
    pub(crate) fn times(&self, operation: &str, resource_type: &str, token: &str) -> usize {
        let asked = self.asked();
        let same =
            |a: &&Ask| a.operation == operation && a.resource_type == resource_type && a.token == token;
        asked.iter().filter(same).count()
    }

    pub(crate) fn validated(&self) -> usize {
        self.state.validated.load(Ordering::SeqCst)
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.state.most.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Connector for Fake {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata::new("Fake", "Answers by script")
    }

    async fn validate(&self) -> Result<Validation> {
        self.state.validated.fetch_add(1, Ordering::SeqCst);
        if self.never_signs_in {
            std::future::pending::<()>().await;
        }
        Ok(Validation { identity: self.identity.clone() })
    }

    fn resource_syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        let syncer = |t: &ResourceType| -> Arc<dyn ResourceSyncer> {
            Arc::new(Syncer {
                resource_type: t.clone(),
                statics: self.statics.get(t.id.as_str()).cloned(),
                targeted: self.targeted.contains(t.id.as_str()),
                whole_entitlements: self.whole_entitlements.contains(t.id.as_str()),
                whole_grants: self.whole_grants.contains(t.id.as_str()),
                answer: self.answer.clone(),
                state: self.state.clone(),
            })
        };
        self.types.iter().map(syncer).collect()
    }

    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.secret {
            Some(secret) if text.contains(secret) => text.replace(secret, "[redacted]").into(),
            _ => text.into(),
        }
    }

    fn max_parallel_calls(&self) -> Option<usize> {
        self.parallel
    }
}

struct Syncer {
    resource_type: ResourceType,
    statics: Option<Arc<Statics>>,
    targeted: bool,
    whole_entitlements: bool,
    whole_grants: bool,
    answer: Arc<Answer>,
    state: Arc<State>,
}

impl Syncer {
    async fn ask(&self, operation: &'static str, call: &Call<'_>, of: Option<&ResourceId>) -> Result<Page> {
        let ask = Ask {
            operation,
            resource_type: self.resource_type.id.to_string(),
            of: of.map(ToString::to_string).unwrap_or_default(),
            token: call.token().map(|t| t.as_str().to_owned()).unwrap_or_default(),
        };
        self.state.asked.lock().expect("no panic while held").push(ask.clone());
        let now = self.state.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.state.most.fetch_max(now, Ordering::SeqCst);
        let page = (self.answer)(ask, call).await;
        self.state.now.fetch_sub(1, Ordering::SeqCst);
        page
    }
}

#[async_trait]
impl ResourceSyncer for Syncer {
    fn resource_type(&self) -> ResourceType {
        self.resource_type.clone()
    }

    async fn list(&self, call: &Call<'_>, parent: Option<&ResourceId>) -> Result<Page> {
        self.ask("list", call, parent).await
    }

    async fn static_entitlements(&self) -> Result<Vec<StaticEntitlement>> {
        match &self.statics {
            Some(statics) => statics().await,
            None => Ok(Vec::new()),
        }
    }

    async fn entitlements(&self, call: &Call<'_>, resource: &Resource) -> Result<Page> {
        self.ask("entitlements", call, Some(&resource.id)).await
    }

    async fn grants(&self, call: &Call<'_>, resource: &Resource) -> Result<Page> {
        self.ask("grants", call, Some(&resource.id)).await
    }

    fn type_scoped_entitlements(&self) -> Option<&dyn TypeScopedEntitlements> {
        self.whole_entitlements.then_some(self as _)
    }

    fn type_scoped_grants(&self) -> Option<&dyn TypeScopedGrants> {
        self.whole_grants.then_some(self as _)
    }

    fn targeted(&self) -> Option<&dyn TargetedSyncer> {
        self.targeted.then_some(self as _)
    }
}

#[async_trait]
impl TypeScopedEntitlements for Syncer {
    async fn entitlements_of_type(&self, call: &Call<'_>) -> Result<Page> {
        self.ask("whole entitlements", call, None).await
    }
}

#[async_trait]
impl TypeScopedGrants for Syncer {
    async fn grants_of_type(&self, call: &Call<'_>) -> Result<Page> {
        self.ask("whole grants", call, None).await
    }
}

#[async_trait]
impl TargetedSyncer for Syncer {
    async fn get(&self, id: &ResourceId, _: Option<&ResourceId>) -> Result<Resource> {
        let page = self.ask("get", &Call::detached(None), Some(id)).await?;
        let found = page.resources.into_iter().next();
        found.ok_or_else(|| Error::new(connector_model::ErrorKind::NotFound, "there is no such resource"))
    }
}

/// Syncs into a file with a number of workers; 0 is automatic.
pub(crate) async fn run(fake: &Arc<Fake>, output: &Path, workers: usize) -> Result<Summary> {
    let mut options = SyncOptions::new(output);
    options.workers = if workers == 0 { Workers::Auto } else { Workers::from_flag(workers as i64) };
    run_with(fake, &options, CancellationToken::new()).await
}

pub(crate) async fn run_with(
    fake: &Arc<Fake>,
    options: &SyncOptions,
    cancel: CancellationToken,
) -> Result<Summary> {
    let registry = Registry::new(fake.clone())?;
    connector_sync::sync(&registry, options, Arc::new(Silent), cancel).await
}

/// A folder with an output in it.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn output(&self) -> std::path::PathBuf {
        self.folder.path().join("sync.c1z")
    }

    /// The names of what lies there.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder is there");
        let mut names: Vec<_> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}
