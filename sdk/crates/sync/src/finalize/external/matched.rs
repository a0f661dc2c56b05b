//! Grants to the principals that carriers mean.

use std::sync::Arc;

use connector_model::{ResourceId, Result, grant_id, wire};
use connector_store::{Batch, GrantRow, MatchGrant, message::fields};
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use super::{
    ExternalAdded, carriers,
    copy::ROWS,
    expansion::{Stored, look_up, rewritten, sources},
    message::put as put_field,
    principals::Principals,
    put::put,
};
use crate::run::error::cancelled;

// Fields of c1.connector.v2.Grant.
const ENTITLEMENT: u32 = 1;
const PRINCIPAL: u32 = 2;
const ID: u32 = 3;

/// Carriers without a match that are named.
const EXAMPLES: usize = 3;

/// What is shared by all grants that come of a carrier.
struct Shared {
    carrier: MatchGrant,
    /// The message's first field.
    head: Vec<u8>,
    /// What stands behind the id: annotations and sources.
    tail: Vec<u8>,
    expandable: Option<wire::GrantExpandable>,
    of: Columns,
}

/// The columns of its entitlement.
struct Columns {
    resource_type: Arc<str>,
    resource: Arc<str>,
    entitlement: Arc<str>,
}

/// A grant that is to be made.
struct Planned<'a> {
    shared: Arc<Shared>,
    to: &'a ResourceId,
    /// Whose holders expand it.
    sources: Vec<String>,
}

/// Makes the grants of all carriers.
pub(super) async fn add(
    batch: &mut Batch<'_>,
    principals: &Principals,
    added: &mut ExternalAdded,
    cancel: &CancellationToken,
) -> Result<()> {
    let mut after = 0;
    let mut planned = Vec::with_capacity(ROWS);
    loop {
        let page = batch.match_grants(after, carriers::PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for carrier in page {
            let Some(wanted) = carriers::wanted(&carrier)? else { continue };
            let found = principals.find(&wanted, &carrier.principal_resource_type_id);
            if found.is_empty() {
                added.unmatched += 1;
                if added.unmatched_examples.len() < EXAMPLES {
                    added.unmatched_examples.push(carrier.external_id.clone());
                }
                continue;
            }
            let shared = Arc::new(Shared::of(carrier)?);
            for to in found {
                planned.push(shared.plan(to));
                if planned.len() >= ROWS {
                    if cancel.is_cancelled() {
                        return Err(cancelled());
                    }
                    flush(batch, &mut planned, added).await?;
                }
            }
        }
    }
    flush(batch, &mut planned, added).await
}

async fn flush(
    batch: &mut Batch<'_>,
    planned: &mut Vec<Planned<'_>>,
    added: &mut ExternalAdded,
) -> Result<()> {
    let ids: Vec<_> = planned.iter().flat_map(|p| &p.sources).map(String::as_str).collect();
    let stored = look_up(batch, &ids).await?;
    let mut rows = Vec::with_capacity(planned.len());
    for one in planned.drain(..) {
        let (row, left_out) = one.row(&stored);
        added.left_out_sources += left_out;
        rows.push(row);
    }
    added.matched += rows.len() as u64;
    put(batch, &mut rows, &mut added.change).await?;
    Ok(())
}

impl Shared {
    fn of(carrier: MatchGrant) -> Result<Self> {
        let broken = |e| carriers::broken(&carrier, "a stored grant does not decode").caused_by(e);
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        for field in fields(&carrier.data) {
            let field = field.map_err(broken)?;
            match field.number {
                ENTITLEMENT => head.extend_from_slice(field.raw),
                PRINCIPAL | ID => {}
                _ => tail.extend_from_slice(field.raw),
            }
        }
        let expandable = carrier.expansion.as_deref().map(wire::GrantExpandable::decode).transpose();
        let expandable = expandable.map_err(broken)?;
        let of = Columns {
            resource_type: carrier.resource_type_id.as_str().into(),
            resource: carrier.resource_id.as_str().into(),
            entitlement: carrier.entitlement_id.as_str().into(),
        };
        Ok(Self { head, tail, expandable, of, carrier })
    }

    fn plan<'a>(self: &Arc<Self>, to: &'a ResourceId) -> Planned<'a> {
        let sources = self.expandable.as_ref().map(|e| sources(&self.carrier, e, to)).unwrap_or_default();
        Planned { shared: self.clone(), to, sources }
    }
}

impl Planned<'_> {
    /// The row, and how many of its sources are not there.
    fn row(self, stored: &Stored) -> (GrantRow, u64) {
        let Self { shared, to, sources } = self;
        let (expansion, left_out) = match &shared.expandable {
            Some(expandable) => rewritten(expandable, sources, to, stored),
            None => (None, 0),
        };
        let external_id = grant_id(&shared.of.entitlement, to);
        let mut data = Vec::with_capacity(shared.head.len() + shared.tail.len() + 2 * external_id.len());
        data.extend_from_slice(&shared.head);
        put_field(PRINCIPAL, &stub(to).encode_to_vec(), &mut data);
        put_field(ID, external_id.as_bytes(), &mut data);
        data.extend_from_slice(&shared.tail);
        let row = GrantRow {
            resource_type_id: shared.of.resource_type.clone(),
            resource_id: shared.of.resource.clone(),
            entitlement_id: shared.of.entitlement.clone(),
            principal_resource_type_id: to.resource_type().to_arc(),
            principal_resource_id: to.to_arc(),
            external_id,
            needs_expansion: expansion.is_some(),
            expansion,
            data,
        };
        (row, left_out)
    }
}

/// A principal as grants hold it: its identity alone.
fn stub(id: &ResourceId) -> wire::Resource {
    let id = wire::ResourceId {
        resource_type: id.resource_type().as_str().to_owned(),
        resource: id.id().to_owned(),
        baton_resource: id.is_baton_resource(),
    };
    wire::Resource { id: Some(id), ..Default::default() }
}
