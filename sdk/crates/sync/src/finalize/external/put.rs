//! Rows that are put whether or not one of the same id is there: the later
//! one wins whole.

use std::collections::{BTreeMap, HashSet};

use connector_model::{Error, Result};
use connector_store::{Batch, EntitlementRow, GrantRow, Kind, Put, ResourceRow};
use serde::{Deserialize, Serialize};

/// Rows that came or went, by type; less than nothing where more went.
pub(super) type ByType = BTreeMap<String, i64>;

/// How many rows of each kind there are more than before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// Resource types.
    pub(crate) resource_types: u64,
    /// Resources, by their type.
    pub(crate) resources: ByType,
    /// Entitlements, by the type of their resource.
    pub(crate) entitlements: ByType,
    /// Grants, by the type of their entitlement's resource.
    pub(crate) grants: ByType,
}

/// A kind of row that is put so.
pub(super) trait Winning: Sized + Sync {
    const KIND: Kind;
    fn id(&self) -> &str;
    fn resource_type(&self) -> &str;
    fn by_type(change: &mut Change) -> &mut ByType;
    async fn put(batch: &mut Batch<'_>, rows: &[Self]) -> Result<Put>;
}

macro_rules! winning {
    ($row:ty, $kind:ident, $by_type:ident, $put:ident) => {
        impl Winning for $row {
            const KIND: Kind = Kind::$kind;
            fn id(&self) -> &str {
                &self.external_id
            }
            fn resource_type(&self) -> &str {
                &self.resource_type_id
            }
            fn by_type(change: &mut Change) -> &mut ByType {
                &mut change.$by_type
            }
            async fn put(batch: &mut Batch<'_>, rows: &[Self]) -> Result<Put> {
                batch.$put(rows).await
            }
        }
    };
}

winning!(ResourceRow, Resource, resources, put_resources);
winning!(EntitlementRow, Entitlement, entitlements, put_entitlements);
winning!(GrantRow, Grant, grants, put_grants);

/// Puts rows in place of those of the same ids, of which it gives the ids.
/// Of two rows of one id, the last is put.
pub(super) async fn put<R: Winning>(
    batch: &mut Batch<'_>,
    rows: &mut Vec<R>,
    change: &mut Change,
) -> Result<Vec<String>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let last = positions_of_last(rows);
    let mut at = 0;
    rows.retain(|_| {
        at += 1;
        last.contains(&(at - 1))
    });
    let replaced = remove(batch, rows, change).await?;
    let put = R::put(batch, rows).await?;
    if !put.conflicts.is_empty() {
        return Err(Error::internal("a row of the external file meets one that was just removed"));
    }
    let by_type = R::by_type(change);
    for row in rows.drain(..) {
        count(by_type, row.resource_type(), 1);
    }
    Ok(replaced)
}

fn positions_of_last<R: Winning>(rows: &[R]) -> HashSet<usize> {
    let mut seen = HashSet::with_capacity(rows.len());
    (0..rows.len()).rev().filter(|at| seen.insert(rows[*at].id())).collect()
}

/// Adds to the rows of a type.
pub(super) fn count(by_type: &mut ByType, resource_type: &str, rows: i64) {
    match by_type.get_mut(resource_type) {
        Some(n) => *n += rows,
        None => {
            by_type.insert(resource_type.to_owned(), rows);
        }
    }
}

async fn remove<R: Winning>(batch: &mut Batch<'_>, rows: &[R], change: &mut Change) -> Result<Vec<String>> {
    let ids: Vec<_> = rows.iter().map(Winning::id).collect();
    let removed = batch.delete(R::KIND, &ids).await?;
    let by_type = R::by_type(change);
    Ok(removed
        .into_iter()
        .map(|(id, resource_type)| {
            count(by_type, &resource_type, -1);
            id
        })
        .collect())
}
