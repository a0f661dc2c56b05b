//! What expansion found, into the database: batches of new rows, and of rows whose sources change.

use std::{collections::BTreeMap, sync::Arc};

use connector_model::{EntitlementRef, ResourceId, ResourceTypeId, Result};
use connector_store::{Batch, GrantEncoder, GrantRow, GrantSources, WorkDb, encode_sources};

use super::{
    Skipped,
    load::{Grants, Loaded},
    propagate::{Propagation, SetId},
};

/// Rows that are written in one transaction.
pub(crate) const BATCH: usize = 20_000;

/// Rows that are read, and written back, in one statement.
const ROWS_A_STATEMENT: usize = 512;

/// Writes what a [`Propagation`] finds.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    loaded: &'a Loaded,
    grants: &'a Grants,
    /// The types of principals, as rows share them.
    types: Vec<Arc<str>>,
    encoder: GrantEncoder,
    created: Vec<GrantRow>,
    changed: Vec<Changed>,
    pub(crate) created_by_type: BTreeMap<String, u64>,
    /// Grants that were not made because another one has their id.
    pub(crate) refused: Skipped,
    pub(crate) updated: u64,
}

/// A stored row and what it gets.
#[derive(Debug)]
struct Changed {
    row: i64,
    entitlement: u32,
    sources: Arc<[(u32, bool)]>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(loaded: &'a Loaded, grants: &'a Grants) -> Self {
        Self {
            loaded,
            grants,
            types: loaded.principals.types().map(Arc::from).collect(),
            encoder: GrantEncoder::default(),
            created: Vec::new(),
            changed: Vec::new(),
            created_by_type: BTreeMap::new(),
            refused: Skipped::default(),
            updated: 0,
        }
    }

    /// Rows that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.created.len() + self.changed.len()
    }

    /// Takes in the stored rows that change of the entitlement at hand.
    pub(crate) fn change(&mut self, propagation: &Propagation<'_>, entitlement: u32) {
        let holders = self.grants.holders.of(entitlement).iter();
        let rows = holders.zip(self.grants.rows.of(entitlement));
        let mut rows: Vec<(SetId, i64)> = rows
            .filter_map(|(holder, row)| Some((propagation.added_to(holder.principal())?, *row)))
            .collect();
        rows.sort_unstable();
        for same in rows.chunk_by(|a, b| a.0 == b.0) {
            let sources: Arc<[_]> = propagation.sources_in(same[0].0).into();
            let changed =
                same.iter().map(|(_, row)| Changed { row: *row, entitlement, sources: sources.clone() });
            self.changed.extend(changed);
        }
    }

    /// Makes the row of a new grant.
    pub(crate) fn create(&mut self, of: &EntitlementRef, principal: u32, sources: &[u8]) {
        let principals = &self.loaded.principals;
        let resource_type = &self.types[principals.type_of()[principal as usize] as usize];
        let id = principals.id_text(principal).into();
        self.created.push(self.encoder.encode_expanded(of, resource_type, &id, sources));
    }

    /// A set of sources as a field of a grant.
    pub(crate) fn encode(&self, sources: &[(u32, bool)]) -> Vec<u8> {
        encode_sources(sources.iter().map(|(id, direct)| (self.loaded.entitlements.text(*id), *direct)))
    }

    /// An entitlement as new grants name it.
    pub(crate) fn reference(&self, entitlement: u32) -> Result<EntitlementRef> {
        let Loaded { entitlements, resources, principals, .. } = self.loaded;
        let (id, resource) = (entitlements.text(entitlement), resources[entitlement as usize]);
        let resource_type = self.types[principals.type_of()[resource as usize] as usize].clone();
        let resource = ResourceTypeId::new(resource_type)
            .and_then(|t| ResourceId::new(t, principals.id_text(resource)))
            .map_err(|e| e.with("entitlement", id))?;
        Ok(EntitlementRef { id: id.into(), resource })
    }

    /// Writes the rows that wait, in one transaction.
    pub(crate) async fn flush(&mut self, db: &mut WorkDb) -> Result<()> {
        if self.waiting() == 0 {
            return Ok(());
        }
        let mut batch = db.begin().await?;
        // Refused is one whose id another grant has: a connector gave it the id
        // of what follows from others.
        let refused = batch.put_grants(&self.created).await?.conflicts;
        let mut updated = 0;
        for changed in self.changed.chunks(ROWS_A_STATEMENT) {
            updated += self.update(&mut batch, changed).await?;
        }
        batch.commit().await?;
        self.updated += updated;
        for same in self.created.chunk_by(|a, b| a.resource_type_id == b.resource_type_id) {
            *self.created_by_type.entry(same[0].resource_type_id.to_string()).or_default() +=
                same.len() as u64;
        }
        for row in refused.iter().filter_map(|at| self.created.get(*at)) {
            if let Some(created) = self.created_by_type.get_mut(&*row.resource_type_id) {
                *created -= 1;
            }
            self.refused.add(&row.external_id);
        }
        self.created.clear();
        self.changed.clear();
        Ok(())
    }

    async fn update(&self, batch: &mut Batch<'_>, changed: &[Changed]) -> Result<u64> {
        let by_row: BTreeMap<i64, &Changed> = changed.iter().map(|c| (c.row, c)).collect();
        let mut spliced = Vec::new();
        let ids = by_row.keys().copied();
        batch
            .read_grants(ids, |id, data| {
                let Some(change) = by_row.get(&id) else { return Ok(()) };
                spliced.extend(self.splice(change, data)?.map(|data| (id, data)));
                Ok(())
            })
            .await?;
        batch.replace_grant_messages(&spliced).await?;
        Ok(spliced.len() as u64)
    }

    /// A stored grant with its new sources; `None` where it has them already.
    fn splice(&self, change: &Changed, data: &[u8]) -> Result<Option<Vec<u8>>> {
        let names = &self.loaded.entitlements;
        let mut sources = GrantSources::of(data)?;
        // No source means that it is direct, which must not be lost among those that come.
        let mut changes = sources.is_empty() && sources.add(names.text(change.entitlement), true);
        for (source, is_direct) in &*change.sources {
            changes |= sources.add(names.text(*source), *is_direct);
        }
        changes.then(|| sources.splice_into(data)).transpose()
    }
}
