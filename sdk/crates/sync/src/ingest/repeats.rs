//! Rows that came and are not in the file, because another one has their id.
//!
//! The ledger counts the rows of each list, and who checks a file compares them with what is stored. So at the end the
//! difference is noted in the ledger; and it must be explained by rows that were seen to come more than once, or else
//! rows were lost.

use std::collections::BTreeMap;

use connector_model::{Error, Result};
use connector_store::{LedgerOperation, LedgerTotal, WorkDb};
use serde::{Deserialize, Serialize};

use crate::ingest::counts::Counts;

/// How many rows met one of the same id, or gave way to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Repeats {
    pub(crate) resources: u64,
    pub(crate) entitlements: u64,
    pub(crate) grants: u64,
}

const REASON: &str = "rows came more than once, or gave way to others";

/// Notes in the closed ledger what its lists held more than is stored. Done twice, it does nothing.
pub(crate) async fn note(db: &mut WorkDb, stored: &Counts, repeats: Repeats) -> Result<()> {
    use LedgerOperation::{
        ListEntitlements, ListGrants, ListResources, ListStaticEntitlements, TargetedResourceSync,
    };
    let Some(ledger) = db.ledger().await? else {
        return Err(Error::internal("the ledger of the sync does not read"));
    };
    let mut noted = false;
    for (operations, stored, repeats) in [
        (&[ListResources, TargetedResourceSync][..], &stored.resources, repeats.resources),
        (&[ListStaticEntitlements, ListEntitlements], &stored.entitlements, repeats.entitlements),
        (&[ListGrants], &stored.grants, repeats.grants),
    ] {
        let missing = missing(&ledger.totals, operations, stored);
        let all: u64 = missing.iter().map(|(_, rows)| rows).sum();
        if all > repeats {
            return Err(Error::internal(format!(
                "{all} rows were read that are not stored, and {repeats} came more than once; \
                 this is a bug, and the old file stays as it is"
            ))
            .with("lists", operations[0]));
        }
        for (total, rows) in missing {
            db.add_dropped_to_ledger(&total.resource_type, total.operation, rows, REASON).await?;
            noted = true;
        }
    }
    if noted {
        db.finish_ledger().await?;
    }
    Ok(())
}

/// The lists of each type that hold more rows than are stored, and how many.
fn missing<'l>(
    totals: &'l [LedgerTotal],
    operations: &[LedgerOperation],
    stored: &BTreeMap<String, u64>,
) -> Vec<(&'l LedgerTotal, u64)> {
    let mut of_types: BTreeMap<&str, (&LedgerTotal, u64)> = BTreeMap::new();
    for total in totals.iter().filter(|t| operations.contains(&t.operation)) {
        let rows = total.rows.saturating_sub(total.dropped);
        of_types.entry(&total.resource_type).or_insert((total, 0)).1 += rows;
    }
    let missing = of_types
        .into_iter()
        .map(|(id, (total, rows))| (total, rows.saturating_sub(stored.get(id).copied().unwrap_or_default())));
    missing.filter(|(_, rows)| *rows > 0).collect()
}
