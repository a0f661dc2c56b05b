//! Rows of pages on their way into the working database.
//!
//! Pages that are ready together are stored together: small pages would
//! otherwise cost a statement each.

use connector_model::{ResourceTypeId, Result};
use connector_store::{Batch, Kind, Put};

use crate::{
    Totals,
    checkpoint::positions,
    fetch::action::Action,
    ingest::{
        Ingested,
        counts::{self, Counts},
        duplicates::{self, Conflicting},
        repeats::Repeats,
    },
};

/// Stored rows, counted.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Intake {
    pub(crate) totals: Totals,
    pub(crate) counts: Counts,
    /// Ids that came twice with different content.
    pub(crate) differing: u64,
    /// Rows whose id was there.
    pub(crate) repeats: Repeats,
}

/// Where the rows of a page begin among the rows of all pages that are stored
/// with it, and where the page stands in the sync.
type Starts<'a> = Vec<(usize, &'a str)>;

impl Intake {
    /// Stores the rows of pages; gives how many they are.
    pub(crate) async fn store(
        &mut self,
        batch: &mut Batch<'_>,
        pages: Vec<(Action, Ingested)>,
    ) -> Result<u64> {
        let positions: Vec<_> = pages.iter().map(|(action, _)| action.position()).collect();
        let (mut resources, mut entitlements, mut grants) = (Vec::new(), Vec::new(), Vec::new());
        let (mut resource_starts, mut entitlement_starts, mut grant_starts) =
            (Starts::new(), Starts::new(), Starts::new());
        self.totals.pages += pages.len() as u64;
        for ((_, page), position) in pages.into_iter().zip(&positions) {
            join(&mut resources, page.resources, &mut resource_starts, position);
            join(&mut entitlements, page.entitlements, &mut entitlement_starts, position);
            join(&mut grants, page.grants, &mut grant_starts, position);
        }
        let rows = resources.len() + entitlements.len() + grants.len();
        if !resources.is_empty() {
            let put = batch.put_resources(&resources).await?;
            self.repeats.resources += put.conflicts.len() as u64;
            self.settle(batch, &resource_starts, &resources, &put).await?;
            self.totals.resources += counts::add(&mut self.counts.resources, &resources, &put);
        }
        if !entitlements.is_empty() {
            let put = batch.put_entitlements(&entitlements).await?;
            self.repeats.entitlements += put.conflicts.len() as u64;
            self.settle(batch, &entitlement_starts, &entitlements, &put).await?;
            self.totals.entitlements += counts::add(&mut self.counts.entitlements, &entitlements, &put);
        }
        if !grants.is_empty() {
            let put = batch.put_grants(&grants).await?;
            positions::note_pages(batch, Kind::Grant, &put, &grant_starts).await?;
            self.totals.grants += counts::add(&mut self.counts.grants, &grants, &put);
        }
        Ok(rows as u64)
    }

    /// Stores entitlements that were made from a type's declaration; `after`
    /// tells their chunk from the others.
    pub(crate) async fn store_static(
        &mut self,
        batch: &mut Batch<'_>,
        resource_type: &ResourceTypeId,
        after: i64,
        page: Ingested,
    ) -> Result<()> {
        let put = batch.put_entitlements(&page.entitlements).await?;
        self.repeats.entitlements += put.conflicts.len() as u64;
        // Behind every list, before every entitlement that is asked for.
        let position = format!("1.5\u{1}{resource_type}\u{1}{after:020}");
        self.settle(batch, &[(0, &position)], &page.entitlements, &put).await?;
        self.totals.entitlements += counts::add(&mut self.counts.entitlements, &page.entitlements, &put);
        Ok(())
    }

    async fn settle<R: Conflicting>(
        &mut self,
        batch: &mut Batch<'_>,
        starts: &[(usize, &str)],
        rows: &[R],
        put: &Put,
    ) -> Result<()> {
        positions::note_pages(batch, R::KIND, put, starts).await?;
        for at in &put.conflicts {
            // The page whose rows begin last before this one.
            let page = starts.partition_point(|(start, _)| start <= at).checked_sub(1);
            if let (Some(row), Some((_, position))) = (rows.get(*at), page.and_then(|p| starts.get(p))) {
                self.differing += u64::from(duplicates::settle(batch, position, row).await?);
            }
        }
        Ok(())
    }
}

fn join<'a, R>(all: &mut Vec<R>, rows: Vec<R>, starts: &mut Starts<'a>, position: &'a str) {
    if rows.is_empty() {
        return;
    }
    starts.push((all.len(), position));
    if all.is_empty() {
        *all = rows;
    } else {
        all.extend(rows);
    }
}
