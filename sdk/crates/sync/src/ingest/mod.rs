//! From a connector's page to rows: checked and encoded, in the worker that
//! read the page, so that this uses all cores.

pub(crate) mod counts;
pub(crate) mod duplicates;
pub(crate) mod intake;
pub(crate) mod references;
pub(crate) mod repeats;

use std::{collections::HashSet, sync::Arc};

use connector_model::{
    Entitlement, Error, Expandable, Grant, MAX_FURTHER_PAGES, MAX_FURTHER_PAGES_BYTES, PageToken, Registry,
    Resource, ResourceId, ResourceTypeId, Result, TraitKind, wire,
};
use connector_store::{EntitlementRow, GrantEncoder, GrantRow, IdHash, ResourceRow};

use crate::{
    SyncOptions,
    fetch::{
        action::{Action, Operation, Subject},
        session,
    },
    finalize::external::is_carrier,
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
    /// The resources that entitlements and grants are on; runs of the same one
    /// are named once.
    pub(crate) on: Vec<(IdHash, ResourceId)>,
    /// Whether an entitlement is one of several that exclude each other.
    pub(crate) has_exclusion_groups: bool,
    /// Resources that grants of the page refer to, in a sync that asks for
    /// them.
    pub(crate) related: Vec<ResourceId>,
    /// Rows of the kind that was asked for.
    pub(crate) asked: Vec<IdHash>,
    /// Rows of that kind that the page leaves out on purpose.
    pub(crate) left_out: u64,
    /// Rows that were dropped because they refer to a type that this sync does
    /// not have.
    pub(crate) dropped: Dropped,
    pub(crate) total: Option<u64>,
    pub(crate) next: Option<PageToken>,
    pub(crate) also: Vec<PageToken>,
    pub(crate) remember: Vec<(String, Vec<u8>)>,
    pub(crate) warnings: Vec<String>,
}

/// Rows that were dropped, by what was wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) rows: u64,
    /// Sentences, with the types they are about.
    pub(crate) why: Vec<String>,
}

impl Dropped {
    fn row(&mut self, why: impl FnOnce() -> String) {
        self.rows += 1;
        let why = why();
        if !self.why.contains(&why) {
            self.why.push(why);
        }
    }
}

/// Which types a sync has, and what may refer to them.
#[derive(Debug)]
pub(crate) struct Types {
    registry: Registry,
    /// Those that are read.
    read: HashSet<String>,
    /// Those whose resources another file supplies.
    supplied: HashSet<String>,
    wants_entitlements: bool,
    wants_grants: bool,
    /// Whether resources that grants refer to are asked for.
    asks_for_related: bool,
}

impl Types {
    pub(crate) fn new(registry: &Registry, options: &SyncOptions, supplied: HashSet<String>) -> Self {
        let read = registry.resource_types().filter(|t| options.wants_type(&t.id)).map(|t| t.id.to_string());
        Self {
            read: read.collect(),
            registry: registry.clone(),
            supplied,
            wants_entitlements: options.wants_entitlements(),
            wants_grants: options.wants_grants(),
            asks_for_related: matches!(options.scope, crate::Scope::Resources(_)),
        }
    }

    /// Whether the file has resources of a type.
    pub(crate) fn has(&self, id: &ResourceTypeId) -> bool {
        self.read.contains(id.as_str())
    }

    fn has_principals(&self, id: &str) -> bool {
        self.read.contains(id) || self.supplied.contains(id)
    }

    /// Takes the types out of an expansion that no principal can be of. An
    /// empty list would mean every type, so where none is left there is
    /// nothing to expand.
    fn narrow(&self, mut expandable: Expandable) -> Option<Expandable> {
        let before = expandable.resource_type_ids.len();
        expandable.resource_type_ids.retain(|t| self.has_principals(t));
        (before == 0 || !expandable.resource_type_ids.is_empty()).then_some(expandable)
    }
}

impl Ingested {
    fn add_entitlement(&mut self, entitlement: &Entitlement) -> Result<IdHash> {
        if entitlement.slug.is_empty() || entitlement.display_name.is_empty() {
            return Err(Error::internal("an entitlement needs a slug and a display name")
                .with("entitlement", &entitlement.id));
        }
        match entitlement.annotations.all::<wire::EntitlementExclusionGroup>().count() {
            0 => {}
            1 => self.has_exclusion_groups = true,
            _ => {
                return Err(Error::internal(
                    "an entitlement is in two exclusion groups; it can be in one only",
                )
                .with("entitlement", &entitlement.id));
            }
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
/// connector and fails the sync with the row's name; what refers to a type
/// that this sync does not have is dropped and counted.
pub(crate) fn ingest(types: &Types, action: &Action, page: connector_model::Page) -> Result<Ingested> {
    check_further_pages(page.next.as_ref(), &page.also)?;
    session::check(&page.remember)?;
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
        check_resource(&types.registry, &resource)?;
        if !types.has(resource.id.resource_type()) {
            continue;
        }
        let hash = IdHash::resource(&resource.id);
        if matches!(action.operation, Operation::List | Operation::Get)
            && resource.id.resource_type() == &action.resource_type
        {
            out.asked.push(hash);
        }
        out.children.extend(resource.child_types().map(|t| (t, resource.id.clone())));
        out.resource_ids.push(hash);
        out.resources.push(ResourceRow::encode(resource));
    }
    if types.wants_entitlements {
        for entitlement in page.entitlements {
            out.take_entitlement(types, action, &entitlement)?;
        }
    }
    if types.wants_grants {
        out.take_grants(types, action, page.grants)?;
    }
    Ok(out)
}

impl Ingested {
    fn take_entitlement(&mut self, types: &Types, action: &Action, entitlement: &Entitlement) -> Result<()> {
        let resource = &entitlement.resource.id;
        if action.operation == Operation::Entitlements && is_on(action, resource) {
            self.asked.push(IdHash::text(&entitlement.id));
        }
        if types.has(resource.resource_type()) {
            self.is_on(resource);
            return self.add_entitlement(entitlement).map(drop);
        }
        self.dropped.row(|| not_read("entitlements on resources", resource.resource_type()));
        Ok(())
    }

    fn is_on(&mut self, resource: &ResourceId) {
        if self.on.last().is_none_or(|(_, last)| last != resource) {
            self.on.push((IdHash::resource(resource), resource.clone()));
        }
    }

    fn take_grants(&mut self, types: &Types, action: &Action, mut grants: Vec<Grant>) -> Result<()> {
        let mut encoder = GrantEncoder::default();
        self.grants.reserve_exact(grants.len());
        self.principals.reserve_exact(grants.len());
        // Grants of one entitlement together are encoded and stored faster. The
        // sort is stable: of two rows of one id, the later one stays the later.
        grants.sort_by(|a, b| a.entitlement.id.cmp(&b.entitlement.id));
        for mut grant in grants {
            name_expansion(&mut grant)?;
            if action.operation == Operation::Grants && is_on(action, &grant.entitlement.resource) {
                self.asked.push(IdHash::text(&grant.id()));
            }
            let on = grant.entitlement.resource.resource_type();
            if !types.has(on) {
                self.dropped.row(|| not_read("grants on resources", on));
                continue;
            }
            let to = grant.principal.resource_type();
            let matched = grant.details.as_ref().is_some_and(|d| is_carrier(&d.annotations));
            if !matched && !types.has_principals(to.as_str()) {
                self.dropped.row(|| not_read("grants to principals", to));
                continue;
            }
            if let Some(details) = &mut grant.details
                && let Some(expandable) = details.expandable.take()
            {
                details.expandable = types.narrow(expandable);
            }
            if self.granted.last().is_none_or(|(_, id)| *id != grant.entitlement.id) {
                self.granted.push((IdHash::text(&grant.entitlement.id), grant.entitlement.id.clone()));
                self.is_on(&grant.entitlement.resource);
            }
            if types.asks_for_related {
                self.related.push(grant.entitlement.resource.clone());
                self.related.push(grant.principal.clone());
            }
            self.grants.push(encoder.encode(&grant));
            // Whom another file knows is looked up later.
            if !matched && types.has(to) {
                self.principals.push((IdHash::resource(&grant.principal), grant.principal));
            }
        }
        Ok(())
    }
}

/// An expansion that came as an annotation among others is one as well: left
/// there, nobody would see it.
fn name_expansion(grant: &mut Grant) -> Result<()> {
    let Some(details) = &mut grant.details else { return Ok(()) };
    if !details.annotations.has::<wire::GrantExpandable>() {
        return Ok(());
    }
    let Some(message) = details.annotations.get() else {
        return Err(Error::internal(
            "the expansion of a grant does not decode; this is a bug in the connector",
        )
        .with("grant", grant.id()));
    };
    details.annotations.remove::<wire::GrantExpandable>();
    details.expandable.get_or_insert_with(|| Expandable::from_wire(message));
    Ok(())
}

fn not_read(what: &str, id: &ResourceTypeId) -> String {
    format!("{what} of type {id}, which this sync does not read")
}

/// Further pages go by the limits of the Go SDK. One that is named twice at
/// once is a mistake of the connector; one that an earlier page named is not.
fn check_further_pages(next: Option<&PageToken>, also: &[PageToken]) -> Result<()> {
    if also.is_empty() {
        return Ok(());
    }
    let bytes: usize = also.iter().map(|t| t.as_str().len()).sum();
    if also.len() > MAX_FURTHER_PAGES || bytes > MAX_FURTHER_PAGES_BYTES {
        return Err(Error::internal(format!(
            "a page names {} further pages with {bytes} bytes of tokens; {MAX_FURTHER_PAGES} and \
             {MAX_FURTHER_PAGES_BYTES} bytes are allowed: let further pages name the rest",
            also.len()
        )));
    }
    let mut seen: HashSet<_> = next.into_iter().collect();
    match also.iter().find(|token| !seen.insert(token)) {
        None => Ok(()),
        Some(twice) => {
            Err(Error::internal("a page names the same further page twice; this is a bug in the connector")
                .with("token", twice))
        }
    }
}

fn is_on(action: &Action, resource: &ResourceId) -> bool {
    match &action.subject {
        Subject::Of(asked) => asked.id == *resource,
        Subject::Whole => action.resource_type == *resource.resource_type(),
        Subject::Inside(_) | Subject::Named(_) => false,
    }
}

fn check_resource(registry: &Registry, resource: &Resource) -> Result<()> {
    check_traits(registry, resource)?;
    if resource.annotations.has::<wire::BatonId>() {
        return Err(Error::internal(
            "a resource carries BatonID, which marks what another file supplies; a connector must not set it",
        )
        .with("resource", &resource.id));
    }
    Ok(())
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
