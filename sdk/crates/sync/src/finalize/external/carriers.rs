//! Carriers: grants of the connector that say which principal is meant by a
//! match annotation, and are nobody's own. The store sets them aside.

use connector_model::{Error, Result};
use connector_store::{Batch, MatchGrant};

use super::{
    matching::{Match, match_of},
    principals::Principals,
    put::{Change, count},
};

/// Carriers read in one go.
pub(super) const PAGE: u32 = 1_000;

/// The error of one that is not what it should be.
pub(super) fn broken(carrier: &MatchGrant, what: &'static str) -> Error {
    Error::internal(what).with("grant", &carrier.external_id)
}

/// Whom it means.
pub(super) fn wanted(carrier: &MatchGrant) -> Result<Option<Match>> {
    match_of(&carrier.data).map_err(|e| {
        broken(carrier, "a grant's annotation that matches external principals does not decode").caused_by(e)
    })
}

/// Moves the carriers out of the grants and takes in whom they ask for; gives
/// their number.
pub(super) async fn collect(
    batch: &mut Batch<'_>,
    principals: &mut Principals,
    change: &mut Change,
) -> Result<u64> {
    batch.set_match_grants_aside().await?;
    let mut after = 0;
    loop {
        let page = batch.match_grants(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        // What only has the text somewhere else stays where it is.
        let mut others = Vec::new();
        for carrier in &page {
            match wanted(carrier)? {
                Some(wanted) => principals.ask(&wanted),
                None => others.push(carrier.id),
            }
        }
        batch.keep_as_grants(&others).await?;
    }
    let mut carriers = 0;
    for (resource_type, n) in batch.delete_match_grants().await? {
        count(&mut change.grants, &resource_type, -n);
        carriers += n.unsigned_abs();
    }
    Ok(carriers)
}
