//! Which ids are stored and which are only referred to, by their hashes: at
//! most 30 bytes an id in memory, whatever its length.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
};

use connector_model::{Error, ErrorKind, ResourceId, Result};
use connector_store::{Column, Connection, Filter, IdHash, IdSet, Kind, WorkDb};

use crate::{checkpoint::waiting, ingest::Ingested};

/// How many examples of a dangling reference are kept for the summary.
const EXAMPLES: usize = 3;

/// Names of what is waited for that are kept: most find their end, and a few
/// of the rest are enough for a person.
const NAMES: usize = 256;

/// What was stored, and what was referred to before it was.
#[derive(Debug, Default)]
pub(crate) struct References {
    resources: RwLock<IdSet>,
    entitlements: RwLock<IdSet>,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    principals: Awaited,
    entitlements: Awaited,
    /// Those that entitlements and grants are on.
    resources: Awaited,
}

/// Ids that something refers to and that were not stored yet.
#[derive(Debug, Default)]
struct Awaited {
    ids: IdSet,
    names: BTreeSet<String>,
    /// What came since the last save.
    fresh: Vec<IdHash>,
    fresh_names: Vec<String>,
}

impl Awaited {
    fn note(&mut self, hash: IdHash, name: impl FnOnce() -> String) {
        if !self.ids.insert(hash) {
            return;
        }
        self.fresh.push(hash);
        if self.names.len() < NAMES {
            let name = name();
            self.fresh_names.push(name.clone());
            self.names.insert(name);
        }
    }

    fn dangling(&self, what: &'static str, known: &IdSet) -> Option<Dangling> {
        let count = self.ids.iter().filter(|hash| !known.contains(*hash)).count();
        let examples = self.names.iter().filter(|name| !known.contains(&IdHash::text(name)));
        (count > 0).then(|| Dangling { what, count, examples: examples.take(EXAMPLES).cloned().collect() })
    }
}

/// A kind of reference with nothing at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dangling {
    pub(crate) what: &'static str,
    pub(crate) count: usize,
    pub(crate) examples: Vec<String>,
}

impl References {
    /// Whether a resource was stored.
    pub(crate) fn has_resource(&self, id: IdHash) -> bool {
        self.resources.read().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    /// Takes in what a page brings and what it refers to.
    pub(crate) fn page_read(&self, page: &Ingested) {
        if !page.resource_ids.is_empty() {
            self.resources.write().unwrap_or_else(PoisonError::into_inner).extend(&page.resource_ids);
        }
        self.store_entitlements(page.entitlement_ids.iter().copied());
        self.refer_to_resources(&page.principals, |waiting| &mut waiting.principals);
        self.refer_to_resources(&page.on, |waiting| &mut waiting.resources);
        for (hash, id) in &page.granted {
            self.refer_to_entitlement(*hash, id);
        }
    }

    /// Entitlements that are stored now.
    pub(crate) fn store_entitlements(&self, ids: impl IntoIterator<Item = IdHash>) {
        self.entitlements.write().unwrap_or_else(PoisonError::into_inner).extend(ids);
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resources that rows refer to; the name is only made where needed.
    fn refer_to_resources(&self, ids: &[(IdHash, ResourceId)], to: fn(&mut Waiting) -> &mut Awaited) {
        let known = self.resources.read().unwrap_or_else(PoisonError::into_inner);
        let mut unknown = ids.iter().filter(|(hash, _)| !known.contains(hash)).peekable();
        if unknown.peek().is_some() {
            let mut waiting = self.waiting();
            for (hash, id) in unknown {
                to(&mut waiting).note(*hash, || id.to_string());
            }
        }
    }

    /// An entitlement that a grant is of.
    fn refer_to_entitlement(&self, hash: IdHash, id: &str) {
        if !self.entitlements.read().unwrap_or_else(PoisonError::into_inner).contains(&hash) {
            self.waiting().entitlements.note(hash, || id.to_owned());
        }
    }

    /// What still has nothing at its end, now that all is there.
    pub(crate) fn dangling(&self) -> Vec<Dangling> {
        let waiting = self.waiting();
        let resources = self.resources.read().unwrap_or_else(PoisonError::into_inner);
        let entitlements = self.entitlements.read().unwrap_or_else(PoisonError::into_inner);
        let found = [
            waiting.principals.dangling("principals of grants", &resources),
            waiting.entitlements.dangling("entitlements of grants", &entitlements),
            waiting.resources.dangling("resources of entitlements and grants", &resources),
        ];
        found.into_iter().flatten().collect()
    }

    /// Writes down what is waited for since the last time, in the transaction
    /// that holds the rows which refer to it. What is stored need not be: it
    /// is there.
    pub(crate) async fn save(&self, conn: &mut Connection<'_>) -> Result<()> {
        let fresh: Vec<_> = {
            let Waiting { principals, entitlements, resources } = &mut *self.waiting();
            [("principals", principals), ("entitlements", entitlements), ("resources", resources)]
                .into_iter()
                .map(|(kind, a)| (kind, std::mem::take(&mut a.fresh), std::mem::take(&mut a.fresh_names)))
                .collect()
        };
        for (kind, hashes, names) in fresh.into_iter().filter(|(_, hashes, _)| !hashes.is_empty()) {
            let names = serde_json::to_string(&names)
                .map_err(|e| Error::internal("names of references don't become JSON").caused_by(e))?;
            waiting::save(conn, kind, IdHash::to_bytes(&hashes), names).await?;
        }
        Ok(())
    }

    /// Reads what an earlier run stored and what it waited for.
    pub(crate) async fn load(db: &mut WorkDb) -> Result<Self> {
        let references = Self::default();
        let stored = stored_ids(db, Kind::Resource).await?;
        references.resources.write().unwrap_or_else(PoisonError::into_inner).extend(stored);
        references.store_entitlements(stored_ids(db, Kind::Entitlement).await?);
        let saved = waiting::load(&mut db.connection()).await?;
        let mut waiting = references.waiting();
        for (kind, hashes, names) in saved {
            let awaited = match &*kind {
                "principals" => &mut waiting.principals,
                "entitlements" => &mut waiting.entitlements,
                _ => &mut waiting.resources,
            };
            awaited.ids.extend(IdHash::from_bytes(&hashes));
            awaited.names.extend(serde_json::from_str::<Vec<String>>(&names).map_err(damaged)?);
        }
        drop(waiting);
        Ok(references)
    }
}

/// The hashes of the ids of all rows of a kind.
async fn stored_ids(db: &mut WorkDb, kind: Kind) -> Result<Vec<IdHash>> {
    let mut hashes = Vec::new();
    db.scan(kind, [Column::ExternalId], Filter::All, |row| {
        hashes.push(IdHash::text(row.text(0)?));
        Ok(())
    })
    .await?;
    Ok(hashes)
}

fn damaged(cause: serde_json::Error) -> Error {
    Error::new(ErrorKind::DataLoss, "the references of the working database are damaged").caused_by(cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_later_is_not_dangling() -> Result<()> {
        let references = References::default();
        let (ada, bob) = (ResourceId::new("user", "ada")?, ResourceId::new("user", "bob")?);
        let pairs = [&ada, &bob].map(|id| (IdHash::resource(id), id.clone()));
        references.refer_to_resources(&pairs, |waiting| &mut waiting.principals);
        references.refer_to_entitlement(IdHash::text("e"), "e");
        assert_eq!(references.dangling().len(), 2);
        references.page_read(&Ingested { resource_ids: vec![IdHash::resource(&ada)], ..Ingested::default() });
        references.store_entitlements([IdHash::text("e")]);
        let left = references.dangling();
        assert_eq!(left.len(), 1);
        assert_eq!((left[0].count, left[0].examples.as_slice()), (1, &["user:bob".to_owned()][..]));
        Ok(())
    }
}
