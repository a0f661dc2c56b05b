//! A connector walked from end to end without the engine: the same calls, in
//! the order of the phases, with the further pages of a list all at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use connector_sdk::{
    Call, Connector, Entitlement, Grant, Page, PageToken, Registry, Resource, ResourceId, ResourceSyncer,
    Result, SyncContext,
    http::{RetryPolicy, Stats},
};
use connector_tableau::{ClientSettings, Tableau, TableauConfig};
use futures::future::try_join_all;
use tableau_simulator::{Config, Simulator};

/// Everything that was read.
#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) resources: BTreeMap<ResourceId, Resource>,
    pub(crate) entitlements: BTreeMap<String, Entitlement>,
    pub(crate) grants: BTreeMap<String, Grant>,
    pub(crate) warnings: BTreeSet<String>,
    remembered: BTreeMap<String, Arc<[u8]>>,
}

impl Site {
    /// The ids of the resources of a type.
    pub(crate) fn of_type(&self, resource_type: &str) -> impl Iterator<Item = &Resource> {
        self.resources.values().filter(move |r| *r.id.resource_type() == resource_type)
    }

    /// Who holds an entitlement.
    pub(crate) fn holders(&self, entitlement: &str) -> BTreeSet<String> {
        let grants = self.grants.values().filter(|g| &*g.entitlement.id == entitlement);
        grants.map(|g| g.principal.id().to_owned()).collect()
    }

    fn take(&mut self, page: Page) -> Vec<PageToken> {
        self.resources.extend(page.resources.into_iter().map(|r| (r.id.clone(), r)));
        self.entitlements.extend(page.entitlements.into_iter().map(|e| (e.id.clone(), e)));
        self.grants.extend(page.grants.into_iter().map(|g| (g.id(), g)));
        self.warnings.extend(page.warnings);
        self.remembered.extend(page.remember.into_iter().map(|(k, v)| (k, v.into())));
        page.next.into_iter().chain(page.also).collect()
    }
}

/// What the engine would know.
struct Known(Mutex<Site>);

impl SyncContext for Known {
    fn is_known(&self, resource: &ResourceId) -> bool {
        self.0.lock().unwrap().resources.contains_key(resource)
    }

    fn recall(&self, key: &str) -> Option<Arc<[u8]>> {
        self.0.lock().unwrap().remembered.get(key).cloned()
    }
}

/// One question to a syncer.
enum Ask<'a> {
    List(Option<&'a ResourceId>),
    Entitlements(&'a Resource),
    Grants(&'a Resource),
}

async fn page(syncer: &dyn ResourceSyncer, ask: &Ask<'_>, call: &Call<'_>) -> Result<Page> {
    match ask {
        Ask::List(parent) => syncer.list(call, *parent).await,
        Ask::Entitlements(resource) => syncer.entitlements(call, resource).await,
        Ask::Grants(resource) => syncer.grants(call, resource).await,
    }
}

async fn drain(known: &Known, syncer: &dyn ResourceSyncer, ask: Ask<'_>) -> Result<()> {
    let first = page(syncer, &ask, &Call::new(None, known)).await?;
    let mut tokens = known.0.lock().unwrap().take(first);
    while !tokens.is_empty() {
        let calls: Vec<_> = tokens.iter().map(|token| Call::new(Some(token), known)).collect();
        let pages = try_join_all(calls.iter().map(|call| page(syncer, &ask, call))).await?;
        let mut site = known.0.lock().unwrap();
        tokens = pages.into_iter().flat_map(|page| site.take(page)).collect();
    }
    Ok(())
}

/// A simulator that runs, and the connector for it.
pub(crate) struct Walk {
    pub(crate) simulator: Simulator,
    pub(crate) connector: Arc<Tableau>,
}

impl Walk {
    /// With faults, as the simulator's command line takes them.
    pub(crate) async fn start(config: Config, faults: &[&str]) -> Self {
        let faults = faults.iter().map(|f| f.parse().unwrap()).collect();
        let simulator = Simulator::start(Config { faults, ..config }).await.unwrap();
        let connector = Arc::new(connect(&simulator, |_| {}).unwrap());
        Self { simulator, connector }
    }

    /// Validates, reads everything, and signs out.
    pub(crate) async fn read(&self) -> Result<Site> {
        self.connector.validate().await?;
        let site = read(&self.connector).await;
        self.connector.close().await?;
        site
    }

    pub(crate) fn stats(&self) -> Stats {
        self.connector.stats()
    }
}

/// A connector for a simulator, with a configuration other than the right one.
pub(crate) fn connect(simulator: &Simulator, change: impl FnOnce(&mut TableauConfig)) -> Result<Tableau> {
    connect_with(simulator, change, |_| {})
}

/// The same, with settings of its own. Waits between tries are short.
pub(crate) fn connect_with(
    simulator: &Simulator,
    change: impl FnOnce(&mut TableauConfig),
    set: impl FnOnce(&mut ClientSettings),
) -> Result<Tableau> {
    let secret = simulator.token_secret().into();
    let mut config =
        TableauConfig::parse(simulator.token_name(), secret, simulator.url(), simulator.site(), "")?;
    change(&mut config);
    let retry = RetryPolicy { base: Duration::from_millis(1), ..RetryPolicy::default() };
    let mut settings = ClientSettings { retry, ..ClientSettings::default() };
    set(&mut settings);
    Tableau::new(&config, &settings)
}

/// Reads everything that a connector gives.
pub(crate) async fn read(connector: &Arc<Tableau>) -> Result<Site> {
    let registry = Registry::new(Arc::clone(connector) as Arc<dyn Connector>)?;
    let known = Known(Mutex::default());
    let types: Vec<_> = registry.resource_types().map(|t| t.id.clone()).collect();
    for id in &types {
        drain(&known, &**registry.syncer(id)?, Ask::List(None)).await?;
    }
    let parents: Vec<Resource> = known.0.lock().unwrap().resources.values().cloned().collect();
    for parent in &parents {
        for child in parent.child_types() {
            let syncer = registry.syncer(&connector_sdk::ResourceTypeId::new(child)?)?;
            drain(&known, &**syncer, Ask::List(Some(&parent.id))).await?;
        }
    }
    let resources: Vec<Resource> = known.0.lock().unwrap().resources.values().cloned().collect();
    for resource in resources.iter().filter(|r| *r.id.resource_type() != "user") {
        drain(&known, &**registry.syncer(resource.id.resource_type())?, Ask::Entitlements(resource)).await?;
    }
    for resource in resources.iter().filter(|r| *r.id.resource_type() != "user") {
        drain(&known, &**registry.syncer(resource.id.resource_type())?, Ask::Grants(resource)).await?;
    }
    Ok(known.0.into_inner().unwrap())
}
