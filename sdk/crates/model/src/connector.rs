//! What a connector's author implements.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    ConnectorMetadata, Error, Page, PageToken, Resource, ResourceId, ResourceType, Result, StaticEntitlement,
};

/// A system that can be read.
///
/// One value lives as long as the program. Everything it needs to know is
/// given to its constructor; signing in may wait until [`Connector::validate`]
/// or the first call.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// Name, description and help. Must not call out.
    fn metadata(&self) -> ConnectorMetadata;

    /// Proves that the credentials work and suffice. Called before each sync;
    /// an error ends it and should say what is missing.
    async fn validate(&self) -> Result<Validation>;

    /// One syncer for each resource type. Called once.
    fn resource_syncers(&self) -> Vec<Arc<dyn ResourceSyncer>>;

    /// The most calls that the system likes to have in flight at once; `None`
    /// leaves it to the engine (eight).
    fn max_parallel_calls(&self) -> Option<usize> {
        None
    }

    /// How the system's rate limit holds this connector up, for people who
    /// watch. Asked every second or so while a sync works: it must not block
    /// or call out.
    fn waits(&self) -> Waits {
        Waits::default()
    }

    /// A text as it may be shown to people: without the secrets that this
    /// connector knows, such as its credentials. The engine passes errors and
    /// warnings through it, for what is quoted in them comes from the system
    /// and may be a secret that it sends back. Must not block or call out.
    fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(text)
    }

    /// Signs out. Called once at the end, whatever the outcome; an error is
    /// logged and never hides the result.
    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// How a system's rate limit holds a connector up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    /// For how long in all nothing was asked because of it, until now.
    pub total: Duration,
    /// How much longer nothing will be asked; `None` is no wait.
    pub left: Option<Duration>,
}

/// What a connector found out when it validated itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validation {
    /// Who the connector is signed in as, in the system's own id. Part of the
    /// fingerprint of a sync: what another account saw is not gone on with.
    pub identity: Option<String>,
}

/// Reads the resources of one type, what can be held on them, and who holds
/// it.
///
/// Each method is asked for the first page with no token, then again with
/// each token that it gave. Pages are independent: they may be asked in
/// parallel, and again after a restart by another process, so what a page
/// needs must be in its token. An answer that could not be read in full is an
/// error, never a shorter page.
#[async_trait]
pub trait ResourceSyncer: Send + Sync {
    /// The type that this one reads.
    fn resource_type(&self) -> ResourceType;

    /// Resources of this type: first the ones without a parent, then, for
    /// each resource that [names this type as its
    /// child](Resource::with_child_type), the ones inside it.
    async fn list(&self, call: &Call<'_>, parent: Option<&ResourceId>) -> Result<Page>;

    /// Entitlements that every resource of this type has alike, listed once:
    /// the engine makes one for each resource from its slug.
    async fn static_entitlements(&self) -> Result<Vec<StaticEntitlement>> {
        Ok(Vec::new())
    }

    /// What can be held on a resource.
    async fn entitlements(&self, _call: &Call<'_>, _resource: &Resource) -> Result<Page> {
        Ok(Page::empty())
    }

    /// Who holds what on a resource.
    async fn grants(&self, _call: &Call<'_>, _resource: &Resource) -> Result<Page> {
        Ok(Page::empty())
    }

    /// Who lists the entitlements of all resources of this type in one
    /// listing, for a type that carries
    /// [`TypeScopedEntitlements`](crate::wire::TypeScopedEntitlements). Then
    /// [`ResourceSyncer::entitlements`] is not called.
    fn type_scoped_entitlements(&self) -> Option<&dyn TypeScopedEntitlements> {
        None
    }

    /// Who lists the grants on all resources of this type in one listing, for
    /// a type that carries
    /// [`TypeScopedGrants`](crate::wire::TypeScopedGrants). Then
    /// [`ResourceSyncer::grants`] is not called.
    fn type_scoped_grants(&self) -> Option<&dyn TypeScopedGrants> {
        None
    }

    /// Who gets a single resource by its id, for syncs of some resources only.
    fn targeted(&self) -> Option<&dyn TargetedSyncer> {
        None
    }
}

/// Lists the entitlements of a whole type: for systems where one list of them
/// is far cheaper than one for each resource.
#[async_trait]
pub trait TypeScopedEntitlements: Send + Sync {
    /// What can be held on any resource of the type.
    async fn entitlements_of_type(&self, call: &Call<'_>) -> Result<Page>;
}

/// Lists the grants on a whole type.
#[async_trait]
pub trait TypeScopedGrants: Send + Sync {
    /// Who holds what on any resource of the type.
    async fn grants_of_type(&self, call: &Call<'_>) -> Result<Page>;
}

/// Gets single resources.
#[async_trait]
pub trait TargetedSyncer: Send + Sync {
    /// The resource of an id; fails with not found where there is none.
    async fn get(&self, id: &ResourceId, parent: Option<&ResourceId>) -> Result<Resource>;
}

/// What the engine knows and a connector may ask while it makes a page.
pub trait SyncContext: Send + Sync {
    /// Whether the resource has been read in this sync.
    fn is_known(&self, resource: &ResourceId) -> bool;

    /// What an earlier page of this sync said to remember.
    fn recall(&self, key: &str) -> Option<Arc<[u8]>>;
}

/// One call of the engine: the page that is asked for, and what the engine
/// knows.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    token: Option<&'a PageToken>,
    context: &'a dyn SyncContext,
}

impl<'a> Call<'a> {
    /// A call for the page of a token; `None` is the first page.
    pub fn new(token: Option<&'a PageToken>, context: &'a dyn SyncContext) -> Self {
        Self { token, context }
    }

    /// A call outside a sync, for tests: nothing is known or remembered.
    pub fn detached(token: Option<&'a PageToken>) -> Self {
        struct Nothing;
        impl SyncContext for Nothing {
            fn is_known(&self, _: &ResourceId) -> bool {
                false
            }
            fn recall(&self, _: &str) -> Option<Arc<[u8]>> {
                None
            }
        }
        Self { token, context: &Nothing }
    }

    /// The token of the page; `None` is the first one.
    pub fn token(&self) -> Option<&'a PageToken> {
        self.token
    }

    /// The decoded token of the page; `None` is the first one.
    pub fn position<T: serde::de::DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        self.token.map(PageToken::decode).transpose()
    }

    /// Whether a resource has been read in this sync: a member that is not
    /// among the users can be asked for by itself. While lists are read the
    /// answer depends on which page came first; in later phases it does not.
    pub fn is_known(&self, resource: &ResourceId) -> bool {
        self.context.is_known(resource)
    }

    /// What an earlier [`Page::remember`] of this sync holds for a key. What
    /// a listing remembers is there for sure in every later phase: lists
    /// first, then entitlements, then grants.
    pub fn recall(&self, key: &str) -> Option<Arc<[u8]>> {
        self.context.recall(key)
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("token", &self.token).finish_non_exhaustive()
    }
}
