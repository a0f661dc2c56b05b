//! Whose holders expand a grant, once its principal is another.

use std::collections::HashMap;

use connector_model::{Bid, ResourceId, Result, entitlement_id, wire};
use connector_store::{Batch, MatchGrant};
use prost::Message as _;

/// Entitlements that are stored, with the resource they are on.
pub(super) type Stored = HashMap<String, (String, String)>;

/// The entitlement ids of an expansion, as they are for a principal. Where
/// one is the baton id of an entitlement on the carrier's principal, it is the
/// entitlement of that slug on the new one; any other stays what it is.
pub(super) fn sources(
    carrier: &MatchGrant,
    expandable: &wire::GrantExpandable,
    to: &ResourceId,
) -> Vec<String> {
    let of = |text: &String| match text.parse() {
        Ok(Bid::Entitlement { resource, slug })
            if resource.id.resource_type() == carrier.principal_resource_type_id.as_str()
                && resource.id.id() == carrier.principal_resource_id =>
        {
            entitlement_id(to, &slug)
        }
        _ => text.clone(),
    };
    expandable.entitlement_ids.iter().map(of).collect()
}

/// The expansion for a principal, with those of its sources that are stored
/// and on it; `None` where there is none. Any other would be of somebody
/// else, which fails the expansion.
pub(super) fn rewritten(
    expandable: &wire::GrantExpandable,
    sources: Vec<String>,
    to: &ResourceId,
    stored: &Stored,
) -> (Option<Vec<u8>>, u64) {
    let all = sources.len();
    let own = |(t, id): &(String, String)| to.resource_type() == t.as_str() && to.id() == id;
    let entitlement_ids: Vec<_> = sources.into_iter().filter(|id| stored.get(id).is_some_and(own)).collect();
    let left_out = (all - entitlement_ids.len()) as u64;
    let expansion = (!entitlement_ids.is_empty())
        .then(|| wire::GrantExpandable { entitlement_ids, ..expandable.clone() }.encode_to_vec());
    (expansion, left_out)
}

/// Looks entitlements up.
pub(super) async fn look_up(batch: &mut Batch<'_>, ids: &[&str]) -> Result<Stored> {
    let rows = batch.entitlement_resources(ids).await?;
    Ok(rows.into_iter().map(|(id, t, r)| (id, (t, r))).collect())
}
