//! From a connector's page to rows: checked and encoded, in the worker that
//! read the page, so that this uses all cores.

use std::sync::Arc;

use connector_model::{Entitlement, Error, PageToken, Registry, Resource, ResourceId, Result, TraitKind};
use connector_store::{EntitlementRow, GrantEncoder, GrantRow, ResourceRow};

use crate::{
    action::{Action, Operation, Subject},
    references::IdHash,
};

/// A page, ready to be stored.
#[derive(Debug, Default)]
pub(crate) struct Ingested {
    pub(crate) resources: Vec<ResourceRow>,
    pub(crate) resource_ids: Vec<IdHash>,
    /// Types to be listed inside resources of this page.
    pub(crate) children: Vec<(String, ResourceId)>,
    pub(crate) entitlements: Vec<EntitlementRow>,
    pub(crate) entitlement_ids: Vec<IdHash>,
    pub(crate) grants: Vec<GrantRow>,
    pub(crate) principals: Vec<(IdHash, ResourceId)>,
    /// The entitlements of the grants; runs of the same one are named once.
    pub(crate) granted: Vec<(IdHash, Arc<str>)>,
    /// Rows of the kind that was asked for.
    pub(crate) asked: Vec<IdHash>,
    /// Rows of that kind that the page leaves out on purpose.
    pub(crate) left_out: u64,
    pub(crate) total: Option<u64>,
    pub(crate) next: Option<PageToken>,
    pub(crate) also: Vec<PageToken>,
    pub(crate) remember: Vec<(String, Vec<u8>)>,
    pub(crate) warnings: Vec<String>,
}

impl Ingested {
    fn add_entitlement(&mut self, entitlement: &Entitlement) -> Result<IdHash> {
        if entitlement.slug.is_empty() || entitlement.display_name.is_empty() {
            return Err(Error::internal("an entitlement needs a slug and a display name")
                .with("entitlement", &entitlement.id));
        }
        let hash = IdHash::text(&entitlement.id);
        self.entitlement_ids.push(hash);
        self.entitlements.push(EntitlementRow::encode(entitlement));
        Ok(hash)
    }

    /// Rows of all kinds.
    pub(crate) fn rows(&self) -> usize {
        self.resources.len() + self.entitlements.len() + self.grants.len()
    }
}

/// Checks and encodes entitlements that were made from a declaration.
pub(crate) fn ingest_static(entitlements: Vec<Entitlement>) -> Result<Ingested> {
    let mut out = Ingested::default();
    for entitlement in entitlements {
        out.add_entitlement(&entitlement)?;
    }
    Ok(out)
}

/// Checks and encodes a page. What breaks the rules is a fault of the
/// connector and fails the sync with the row's name.
pub(crate) fn ingest(registry: &Registry, action: &Action, page: connector_model::Page) -> Result<Ingested> {
    let mut out = Ingested {
        total: page.total,
        left_out: page.left_out,
        next: page.next,
        also: page.also,
        remember: page.remember,
        warnings: page.warnings,
        ..Ingested::default()
    };
    out.resources.reserve_exact(page.resources.len());
    for resource in page.resources {
        check_traits(registry, &resource)?;
        let hash = IdHash::resource(&resource.id);
        if action.operation == Operation::List && resource.id.resource_type() == &action.resource_type {
            out.asked.push(hash);
        }
        out.children.extend(resource.child_types().map(|t| (t, resource.id.clone())));
        out.resource_ids.push(hash);
        out.resources.push(ResourceRow::encode(resource));
    }
    for entitlement in page.entitlements {
        let hash = out.add_entitlement(&entitlement)?;
        if action.operation == Operation::Entitlements && is_on(action, &entitlement.resource.id) {
            out.asked.push(hash);
        }
    }
    let mut encoder = GrantEncoder::default();
    out.grants.reserve_exact(page.grants.len());
    out.principals.reserve_exact(page.grants.len());
    // Grants of one entitlement together are encoded and stored faster. The
    // sort is stable: of two rows of one id, the later one stays the later.
    let mut grants = page.grants;
    grants.sort_by(|a, b| a.entitlement.id.cmp(&b.entitlement.id));
    for grant in grants {
        let row = encoder.encode(&grant);
        if action.operation == Operation::Grants && is_on(action, &grant.entitlement.resource) {
            out.asked.push(IdHash::text(&row.external_id));
        }
        if out.granted.last().is_none_or(|(_, id)| *id != grant.entitlement.id) {
            out.granted.push((IdHash::text(&grant.entitlement.id), grant.entitlement.id.clone()));
        }
        out.principals.push((IdHash::resource(&grant.principal), grant.principal));
        out.grants.push(row);
    }
    Ok(out)
}

fn is_on(action: &Action, resource: &ResourceId) -> bool {
    matches!(&action.subject, Subject::Of(asked) if asked.id == *resource)
}

fn check_traits(registry: &Registry, resource: &Resource) -> Result<()> {
    let type_id = resource.id.resource_type();
    let resource_type = registry.resource_type(type_id).ok_or_else(|| {
        Error::internal(format!("a resource is of type {type_id}, which the connector does not register"))
            .with("resource", &resource.id)
    })?;
    match resource_type.traits.iter().find(|t| t.is_enforced() && !resource.has_trait(**t)) {
        None => Ok(()),
        Some(missing) => Err(Error::internal(format!(
            "a resource lacks the {} trait that its type declares",
            trait_name(*missing)
        ))
        .with("resource", &resource.id)),
    }
}

fn trait_name(kind: TraitKind) -> String {
    format!("{kind:?}").to_lowercase()
}
