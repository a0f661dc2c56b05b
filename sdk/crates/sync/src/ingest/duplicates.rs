//! The same id twice: which row stays.
//!
//! A later phase wins, then the greater logical position, never the later
//! moment: so the finished file is the same at any number of workers.

use connector_model::Result;
use connector_store::{Batch, EntitlementRow, Kind, ResourceRow, Stored};
use tokio_util::sync::CancellationToken;

use crate::{checkpoint::positions, run::error::cancelled};

/// A kind of row that can meet one of the same id.
pub(crate) trait Conflicting {
    const KIND: Kind;
    fn external_id(&self) -> &str;
    fn is_same(&self, stored: &Stored) -> bool;
    async fn replace(&self, batch: &mut Batch<'_>, id: i64) -> Result<()>;
}

macro_rules! conflicting {
    ($row:ty, $kind:ident, $replace:ident, |$self:ident, $stored:ident| $same:expr) => {
        impl Conflicting for $row {
            const KIND: Kind = Kind::$kind;
            fn external_id(&self) -> &str {
                &self.external_id
            }
            fn is_same(&$self, $stored: &Stored) -> bool {
                $same
            }
            async fn replace(&self, batch: &mut Batch<'_>, id: i64) -> Result<()> {
                batch.$replace(id, self).await
            }
        }
    };
}

conflicting!(ResourceRow, Resource, replace_resource, |self, stored| self.data == stored.data);
conflicting!(EntitlementRow, Entitlement, replace_entitlement, |self, stored| self.data == stored.data);
/// Settles which of two rows of one id stays: the stored one, or one that was
/// refused because of it. Says whether their content was different.
pub(crate) async fn settle<R: Conflicting>(batch: &mut Batch<'_>, position: &str, row: &R) -> Result<bool> {
    let Some(stored) = batch.existing(R::KIND, row.external_id()).await? else { return Ok(false) };
    let same = row.is_same(&stored);
    // Within one page the later row wins, as between pages. One that says the
    // same wins too: it must not give way to a page that lies between the two.
    if position >= positions::of(&mut batch.connection(), R::KIND, stored.id).await?.as_str() {
        if !same {
            row.replace(batch, stored.id).await?;
        }
        positions::note_winner(&mut batch.connection(), R::KIND, stored.id, position).await?;
    }
    Ok(!same)
}

/// Ids settled in one go.
const IDS_AT_ONCE: u32 = 1000;

/// Settles which of the grants of one id stay. Grants have no unique index
/// while they come, so this is the end of the collection; it is asked only
/// where there are such grants.
///
/// The caller saves what it did in the same transaction, for a run that is
/// stopped right after it.
pub(crate) async fn settle_grants(batch: &mut Batch<'_>, cancel: &CancellationToken) -> Result<Repeated> {
    batch.create_grant_id_index().await?;
    let mut repeated = Repeated::default();
    let mut after = String::new();
    loop {
        let ids = batch.repeated_grant_ids(&after, IDS_AT_ONCE).await?;
        let Some(last) = ids.last() else { break };
        after.clone_from(last);
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        for id in &ids {
            settle_grant(batch, id, &mut repeated).await?;
        }
    }
    batch.drop_grant_id_index().await?;
    Ok(repeated)
}

/// Grants that had the id of another one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Repeated {
    /// Those whose content was another one than the grant's before.
    pub(crate) differing: u64,
    /// Those that were removed.
    pub(crate) removed: u64,
}

async fn settle_grant(batch: &mut Batch<'_>, id: &str, repeated: &mut Repeated) -> Result<()> {
    let mut best: Option<(String, Stored)> = None;
    for rival in batch.grants_of_id(id).await? {
        let position = positions::of(&mut batch.connection(), Kind::Grant, rival.id).await?;
        let Some((held, holder)) = best.take() else {
            best = Some((position, rival));
            continue;
        };
        repeated.differing += u64::from((&rival.data, &rival.expansion) != (&holder.data, &holder.expansion));
        // Rows of one page are stored in its order.
        let (winner, loser) =
            if position >= held { ((position, rival), holder) } else { ((held, holder), rival) };
        batch.delete_grant(loser.id).await?;
        repeated.removed += 1;
        best = Some(winner);
    }
    Ok(())
}
