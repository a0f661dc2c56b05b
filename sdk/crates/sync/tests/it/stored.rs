//! The messages of a file, as they are stored.

use std::{collections::BTreeMap, path::Path};

use connector_model::wire;
use connector_store::{
    C1z, GrantRow, Ledger, OpenOptions, SyncRun,
    reader::{EntitlementFilter, GrantFilter, ResourceFilter},
};
use futures::TryStreamExt as _;
use prost::Message as _;

/// A sync of a file.
pub(crate) struct Stored {
    pub(crate) run: SyncRun,
    pub(crate) resource_types: BTreeMap<String, wire::ResourceType>,
    /// By `type:id`.
    pub(crate) resources: BTreeMap<String, wire::Resource>,
    pub(crate) entitlements: BTreeMap<String, wire::Entitlement>,
    pub(crate) grants: BTreeMap<String, GrantRow>,
    pub(crate) ledger: Ledger,
}

impl Stored {
    pub(crate) async fn read(path: &Path) -> Self {
        Self::of(path, None).await
    }

    /// A sync of a file by its id.
    pub(crate) async fn of(path: &Path, sync: Option<&str>) -> Self {
        let file = C1z::open(path, &OpenOptions::default()).await.unwrap();
        let view = file.view(sync).await.unwrap();
        let types: Vec<_> = view.resource_types(&()).map_ok(|r| r.row).try_collect().await.unwrap();
        let filter = ResourceFilter::default();
        let resources: Vec<_> = view.resources(&filter).map_ok(|r| r.row).try_collect().await.unwrap();
        let filter = EntitlementFilter::default();
        let entitlements: Vec<_> = view.entitlements(&filter).map_ok(|r| r.row).try_collect().await.unwrap();
        let filter = GrantFilter::default();
        let grants: Vec<_> = view.grants(&filter).map_ok(|r| r.row).try_collect().await.unwrap();
        Self {
            run: view.run().clone(),
            resource_types: types
                .into_iter()
                .map(|r| (r.external_id.to_string(), wire::ResourceType::decode(&*r.data).unwrap()))
                .collect(),
            resources: resources
                .into_iter()
                .map(|r| (r.external_id.to_string(), wire::Resource::decode(&*r.data).unwrap()))
                .collect(),
            entitlements: entitlements
                .into_iter()
                .map(|r| (r.external_id.to_string(), wire::Entitlement::decode(&*r.data).unwrap()))
                .collect(),
            grants: grants.into_iter().map(|r| (r.external_id.to_string(), r)).collect(),
            ledger: view.ledger().await.unwrap().expect("the sync has a ledger"),
        }
    }

    /// The message of a grant.
    pub(crate) fn grant(&self, id: &str) -> wire::Grant {
        wire::Grant::decode(&*self.grants[id].data).unwrap()
    }

    pub(crate) fn resource_ids(&self) -> Vec<&str> {
        self.resources.keys().map(String::as_str).collect()
    }

    pub(crate) fn entitlement_ids(&self) -> Vec<&str> {
        self.entitlements.keys().map(String::as_str).collect()
    }

    pub(crate) fn grant_ids(&self) -> Vec<&str> {
        self.grants.keys().map(String::as_str).collect()
    }

    /// The ledger, a line for each type and operation.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |t: &connector_store::LedgerTotal| {
            let expected = t.expected.map(|n| format!(" of {n}")).unwrap_or_default();
            let dropped = if t.dropped > 0 { format!(", {} dropped", t.dropped) } else { String::new() };
            let reason = if t.reason.is_empty() { String::new() } else { format!(": {}", t.reason) };
            let (operation, of_type, lists) = (t.operation, &t.resource_type, t.lists);
            let (pages, rows, state) = (t.pages, t.rows, t.state);
            format!(
                "{operation} {of_type}: {lists} lists, {pages} pages, {rows}{expected} rows{dropped}, {state}{reason}"
            )
        };
        self.ledger.totals.iter().map(line).collect()
    }
}
