//! What is carried over from the external file: principals, what can be held
//! on them, and who holds it.

use std::collections::HashMap;

use connector_model::{Error, ResourceId, ResourceTypeId, Result, wire};
use connector_store::{
    Batch, EntitlementRow, GrantRow, IdHash, IdSet, ResourceRow,
    message::fields,
    reader::{EntitlementFilter, GrantFilter, ResourceFilter},
    split_expandable,
};
use futures::TryStreamExt as _;
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use super::{
    External, ExternalAdded,
    matching::GRANT_ANNOTATIONS,
    message::{annotate, without},
    principals::Principals,
    put::put,
};
use crate::run::error::cancelled;

/// Rows put together.
pub(super) const ROWS: usize = 2_048;

// Fields of the messages.
const RESOURCE_PARENT: u32 = 2;
const RESOURCE_ANNOTATIONS: u32 = 4;
const ENTITLEMENT_ANNOTATIONS: u32 = 6;
const GRANT_ID: u32 = 3;

/// Copies what is wanted of an external file, and notes the principals that
/// are asked for.
pub(super) struct Copy<'a, 'b> {
    pub(super) external: &'a External,
    pub(super) batch: &'a mut Batch<'b>,
    pub(super) added: &'a mut ExternalAdded,
    pub(super) cancel: &'a CancellationToken,
}

impl Copy<'_, '_> {
    /// Copies all of it.
    pub(super) async fn run(mut self, principals: &mut Principals) -> Result<()> {
        let copied = self.select().await?;
        self.types().await?;
        let with_entitlements = self.resources(&copied, principals).await?;
        let with_grants = self.entitlements(&with_entitlements).await?;
        self.grants(&copied, &with_grants).await
    }

    fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(cancelled()) } else { Ok(()) }
    }

    /// The resources to copy, known before any is: a resource may lie in a
    /// later one.
    async fn select(&self) -> Result<IdSet> {
        let view = self.external.view().await?;
        let holders = match self.external.entitlement() {
            None => None,
            Some(id) => {
                let filter = GrantFilter { entitlement: Some(id.to_owned()), ..GrantFilter::default() };
                let mut grants = std::pin::pin!(view.grants(&filter));
                let mut holders = IdSet::default();
                while let Some(grant) = grants.try_next().await? {
                    let row = grant.row;
                    holders.insert(IdHash::pair(&row.principal_resource_type_id, &row.principal_resource_id));
                }
                Some(holders)
            }
        };
        let mut selected = IdSet::default();
        for supplied in self.external.types() {
            self.check()?;
            let filter = ResourceFilter {
                resource_type: Some(supplied.row.external_id.to_string()),
                ..ResourceFilter::default()
            };
            let mut rows = std::pin::pin!(view.resources(&filter));
            while let Some(record) = rows.try_next().await? {
                let row = record.row;
                let id =
                    row.external_id.strip_prefix(&*row.resource_type_id).and_then(|r| r.strip_prefix(':'));
                let id = id.ok_or_else(|| self.external.unsound("resource", &row.external_id))?;
                let hash = IdHash::pair(&row.resource_type_id, id);
                if holders.as_ref().is_none_or(|h| h.contains(&hash)) {
                    selected.insert(hash);
                }
            }
        }
        Ok(selected)
    }

    /// A type that the connector has too stays the connector's.
    async fn types(&mut self) -> Result<()> {
        let rows: Vec<_> = self.external.types().iter().map(|t| t.row.clone()).collect();
        let put = self.batch.put_resource_types(&rows).await?;
        self.added.resource_types = rows.len() as u64;
        self.added.change.resource_types = (rows.len() - put.conflicts.len()) as u64;
        Ok(())
    }

    /// Gives those that may have entitlements, each with whether they may
    /// have grants.
    async fn resources(
        &mut self,
        copied: &IdSet,
        principals: &mut Principals,
    ) -> Result<HashMap<IdHash, bool>> {
        let view = self.external.view().await?;
        let mut more = HashMap::new();
        for supplied in self.external.types() {
            let name = &supplied.row.external_id;
            let resource_type = ResourceTypeId::new(name.clone())
                .map_err(|e| self.external.unsound("resource type", name).caused_by(e))?;
            let filter = ResourceFilter {
                resource_type: Some(resource_type.as_str().to_owned()),
                ..ResourceFilter::default()
            };
            let mut rows = std::pin::pin!(view.resources(&filter));
            let mut ready = Vec::with_capacity(ROWS);
            while let Some(record) = rows.try_next().await? {
                let unsound = || self.external.unsound("resource", &record.row.external_id);
                let message =
                    wire::Resource::decode(&*record.row.data).map_err(|e| unsound().caused_by(e))?;
                let id = identity(&resource_type, message.id.as_ref()).ok_or_else(unsound)?;
                if id.to_string() != record.row.external_id {
                    return Err(unsound());
                }
                let hash = IdHash::resource(&id);
                if !copied.contains(&hash) {
                    continue;
                }
                let skips = Skips::of(&message.annotations);
                if !supplied.alone && !skips.both {
                    more.insert(hash, !skips.grants);
                }
                principals.add(&id, &message, self.external.traits());
                let row = marked(record.row, copied)
                    .map_err(|(id, e)| self.external.unsound("resource", &id).caused_by(e))?;
                ready.push(row);
                if ready.len() >= ROWS {
                    self.put_resources(&mut ready).await?;
                }
            }
            self.put_resources(&mut ready).await?;
        }
        Ok(more)
    }

    async fn put_resources(&mut self, rows: &mut Vec<ResourceRow>) -> Result<()> {
        self.check()?;
        self.added.resources += rows.len() as u64;
        let replaced = put(self.batch, rows, &mut self.added.change).await?;
        self.added.replace(replaced);
        Ok(())
    }

    /// Gives those that may have grants.
    async fn entitlements(&mut self, on: &HashMap<IdHash, bool>) -> Result<IdSet> {
        let view = self.external.view().await?;
        let filter = EntitlementFilter::default();
        let mut rows = std::pin::pin!(view.entitlements(&filter));
        let mut more = IdSet::default();
        let mut ready: Vec<EntitlementRow> = Vec::with_capacity(ROWS);
        while let Some(record) = rows.try_next().await? {
            let mut row = record.row;
            let hash = IdHash::pair(&row.resource_type_id, &row.resource_id);
            let Some(grants) = on.get(&hash) else { continue };
            let unsound = || self.external.unsound("entitlement", &row.external_id);
            let message = wire::Entitlement::decode(&*row.data).map_err(|e| unsound().caused_by(e))?;
            let resource = message.resource.unwrap_or_default();
            let of = resource.id.unwrap_or_default();
            let same = (&*message.id, &*of.resource_type, &*of.resource)
                == (&*row.external_id, &*row.resource_type_id, &*row.resource_id);
            if !same {
                return Err(unsound());
            }
            if *grants && !Skips::of(&resource.annotations).grants {
                more.insert(IdHash::text(&row.external_id));
            }
            let data = std::mem::take(&mut row.data);
            row.data = annotate(data, ENTITLEMENT_ANNOTATIONS, &wire::EntitlementImmutable::default())
                .map_err(|e| self.external.unsound("entitlement", &row.external_id).caused_by(e))?;
            ready.push(row);
            if ready.len() >= ROWS {
                self.put_entitlements(&mut ready).await?;
            }
        }
        self.put_entitlements(&mut ready).await?;
        Ok(more)
    }

    async fn put_entitlements(&mut self, rows: &mut Vec<EntitlementRow>) -> Result<()> {
        self.check()?;
        self.added.entitlements += rows.len() as u64;
        let replaced = put(self.batch, rows, &mut self.added.change).await?;
        self.added.replace(replaced);
        Ok(())
    }

    /// Grants to somebody who is not copied are left out: nobody could say who
    /// that is.
    async fn grants(&mut self, copied: &IdSet, of: &IdSet) -> Result<()> {
        let view = self.external.view().await?;
        let filter = GrantFilter::default();
        let mut rows = std::pin::pin!(view.grants(&filter));
        let mut ready: Vec<GrantRow> = Vec::with_capacity(ROWS);
        while let Some(record) = rows.try_next().await? {
            let row = record.row;
            if !of.contains(&IdHash::text(&row.entitlement_id)) {
                continue;
            }
            if !copied.contains(&IdHash::pair(&row.principal_resource_type_id, &row.principal_resource_id)) {
                self.added.left_out += 1;
                continue;
            }
            let id = row.external_id.clone();
            ready.push(immutable(row).map_err(|e| self.external.unsound("grant", &id).caused_by(e))?);
            if ready.len() >= ROWS {
                self.put_grants(&mut ready).await?;
            }
        }
        self.put_grants(&mut ready).await
    }

    async fn put_grants(&mut self, rows: &mut Vec<GrantRow>) -> Result<()> {
        self.check()?;
        self.added.grants += rows.len() as u64;
        let replaced = put(self.batch, rows, &mut self.added.change).await?;
        self.added.replace(replaced);
        Ok(())
    }
}

/// What a resource says that it comes without.
struct Skips {
    both: bool,
    grants: bool,
}

impl Skips {
    fn of(annotations: &[prost_types::Any]) -> Self {
        let has = |name: String| annotations.iter().any(|a| a.type_url.rsplit('/').next() == Some(&name));
        use prost::Name as _;
        Self {
            both: has(wire::SkipEntitlementsAndGrants::full_name()),
            grants: has(wire::SkipGrants::full_name()),
        }
    }
}

/// The identity in a message, where it is of the type.
fn identity(resource_type: &ResourceTypeId, id: Option<&wire::ResourceId>) -> Option<ResourceId> {
    let id = id.filter(|id| *resource_type == *id.resource_type)?;
    let own = resource_type.resource(id.resource.as_str()).ok()?;
    Some(own.with_baton_resource(id.baton_resource))
}

/// A resource as it is carried over: with the mark of whose it is, and
/// without a parent that is not.
fn marked(mut row: ResourceRow, copied: &IdSet) -> Result<ResourceRow, (String, prost::DecodeError)> {
    let parent = row.parent.take().filter(|(t, id)| copied.contains(&IdHash::pair(t, id)));
    let data = std::mem::take(&mut row.data);
    let data = match &parent {
        Some(_) => Ok(data),
        None => without(&data, |f| f.number == RESOURCE_PARENT),
    };
    match data.and_then(|data| annotate(data, RESOURCE_ANNOTATIONS, &wire::BatonId {})) {
        Ok(data) => Ok(ResourceRow { parent, data, ..row }),
        Err(e) => Err((row.external_id, e)),
    }
}

/// A grant as it is carried over: nobody here can take it away. An expansion
/// that an older writer left in the message goes to its column.
fn immutable(mut row: GrantRow) -> Result<GrantRow> {
    let broken = |e: prost::DecodeError| Error::internal("a grant does not decode").caused_by(e);
    let mut id: &[u8] = &[];
    for field in fields(&row.data) {
        let field = field.map_err(broken)?;
        if field.number == GRANT_ID {
            id = field.value;
        }
    }
    if id != row.external_id.as_bytes() {
        return Err(Error::internal("a grant has another id than its row"));
    }
    if let Some(split) = split_expandable(&row.data)? {
        row.data = split.grant;
        if row.expansion.is_none() {
            row.needs_expansion = split.expansion.is_some();
            row.expansion = split.expansion;
        }
    }
    row.data = annotate(row.data, GRANT_ANNOTATIONS, &wire::GrantImmutable::default()).map_err(broken)?;
    Ok(row)
}
