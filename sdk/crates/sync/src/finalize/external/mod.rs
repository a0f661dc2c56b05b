//! External principals: accounts and groups of another file, to which grants
//! of this connector point.
//!
//! A connector that does not list the accounts which hold its roles (an
//! identity provider does) returns grants that say by an annotation which
//! principal is meant: by id, by an attribute, or all of a trait. Such a grant
//! is a carrier: it is replaced by one to each principal that it means. The
//! principals, with what can be held on them and who holds it, are carried
//! over from a file that another connector wrote.
//!
//! It is done at the seal, after all pages are read and before grants are
//! expanded, in one transaction: what a killed run did of it is undone by
//! SQLite, and what it did whole is not done again. The time is linear in the
//! grants of both files and the principals: each is looked at a constant
//! number of times, and those that are asked for are found by hashes.

mod carriers;
mod copy;
mod expansion;
mod fold;
mod matched;
mod matching;
mod message;
mod open;
mod principals;
mod put;
#[cfg(test)]
mod tests;

use connector_model::Result;
use connector_store::WorkDb;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::checkpoint::external_result;

pub(crate) use matching::is_carrier;
pub(crate) use open::External;
pub(crate) use put::Change;

/// Rows of the external file that replaced one of the connector and are named.
const EXAMPLES: usize = 3;

/// What came of an external file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExternalAdded {
    /// Resource types that were carried over; one that the connector has too
    /// stayed the connector's.
    pub(crate) resource_types: u64,
    /// Resources that were carried over.
    pub(crate) resources: u64,
    /// Entitlements that were carried over.
    pub(crate) entitlements: u64,
    /// Grants that were carried over.
    pub(crate) grants: u64,
    /// Grants that were not, for their principal was not.
    pub(crate) left_out: u64,
    /// Rows of the connector that gave way to one of the same id.
    pub(crate) replaced: u64,
    /// Some of their ids.
    pub(crate) replaced_examples: Vec<String>,
    /// Grants of the connector that meant external principals.
    pub(crate) carriers: u64,
    /// Grants that came of them. Two carriers may have made the same one.
    pub(crate) matched: u64,
    /// Carriers that meant nobody who is there.
    pub(crate) unmatched: u64,
    /// Some of their ids.
    pub(crate) unmatched_examples: Vec<String>,
    /// Entitlements whose holders should have expanded such a grant, and that
    /// are not there or on another resource.
    pub(crate) left_out_sources: u64,
    /// What there is more than before, for the counts.
    pub(crate) change: Change,
}

impl ExternalAdded {
    fn replace(&mut self, ids: Vec<String>) {
        self.replaced += ids.len() as u64;
        let room = EXAMPLES.saturating_sub(self.replaced_examples.len());
        self.replaced_examples.extend(ids.into_iter().take(room));
    }
}

/// Adds the principals of an external file and the grants to them.
///
/// To be called when the grants have their unique index. Called again, in
/// this run or a later one, it does nothing and tells the same; what it
/// remembers that by is in the working database.
pub(crate) async fn add_external(
    db: &mut WorkDb,
    external: &External,
    cancel: &CancellationToken,
) -> Result<ExternalAdded> {
    if let Some(done) = external_result::read(&mut db.connection()).await? {
        return Ok(done);
    }
    let mut added = ExternalAdded::default();
    let mut batch = db.begin().await?;
    let mut principals = principals::Principals::default();
    added.carriers = carriers::collect(&mut batch, &mut principals, &mut added.change).await?;
    copy::Copy { external, batch: &mut batch, added: &mut added, cancel }.run(&mut principals).await?;
    matched::add(&mut batch, &principals, &mut added, cancel).await?;
    batch.drop_match_grants().await?;
    external_result::write(&mut batch.connection(), &added).await?;
    batch.commit().await?;
    Ok(added)
}
