//! Grant expansion: who holds an entitlement because they hold another.
//!
//! A grant to a group may say that whoever is a member of the group holds its entitlement too. That makes edges between
//! entitlements, and expansion follows them: it makes the grants that are missing, and notes in every grant that it
//! makes or meets where it comes from.
//!
//! The graph, and who holds what, are read by one scan each and kept as integers ([`load`]). Cycles are collapsed
//! ([`graph`]): the entitlements of one are a single node, which gives from each and to each, and gives nothing to
//! itself. Then each entitlement is taken once, sources first ([`propagate`]), so the depth of a chain does not matter
//! and the outcome depends on nothing but the grants. What was found is written in batches ([`write`]); each row is written
//! with all that it gets, so a run that is stopped between two batches leaves what the next one makes again.

mod bench;
mod components;
mod file;
mod folder;
mod foreign_token;
mod graph;
mod interner;
mod load;
mod propagate;
mod rule;
mod select_sync;
mod write;

use std::collections::BTreeMap;

use connector_model::{Error, ErrorKind, Result};
use connector_store::WorkDb;
use tokio_util::sync::CancellationToken;

use graph::Graph;
use propagate::Propagation;
use write::Writer;

#[doc(hidden)]
pub use bench::expand_in_memory;
pub use file::{ExpandOptions, ExpandedFile, expand_file};
#[doc(hidden)]
pub use foreign_token::foreign_token_remaining;

/// The error of an expansion that was cancelled.
fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the expansion was cancelled; the old file is untouched")
}

/// How many examples are kept of what a person may want to look at.
const EXAMPLES: usize = 5;

/// What expansion did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Expanded {
    /// Edges between two entitlements, each counted once.
    pub edges: u64,
    /// Edges that were passed over because their source entitlement is not stored.
    pub missing: Skipped,
    /// Cycles that were collapsed.
    pub cycles: Cycles,
    /// New grants by the type of their entitlement's resource.
    pub created: BTreeMap<String, u64>,
    /// Stored grants that got sources.
    pub updated: u64,
    /// New grants that were not made, because a connector gave their id to
    /// another grant.
    pub refused: Skipped,
}

/// What was passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// How often.
    pub count: u64,
    /// Entitlements, the first few.
    pub examples: Vec<String>,
}

impl Skipped {
    fn add(&mut self, id: &str) {
        self.count += 1;
        if self.examples.len() < EXAMPLES && !self.examples.iter().any(|e| e == id) {
            self.examples.push(id.to_owned());
        }
    }
}

/// Cycles, and entitlements that expand to themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Cycles {
    /// How many.
    pub count: u64,
    /// The entitlements of the first few, and of each of them the first few.
    pub examples: Vec<Vec<String>>,
}

/// How far it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpandProgress {
    /// Entitlements that are done.
    pub done: u64,
    /// Entitlements that others give to.
    pub total: u64,
    /// Grants written so far.
    pub written: u64,
}

/// Expands the grants of the sync of a working database. No two of its grants may have the same id.
///
/// It may be run again, on its own result too, and stopped at any moment. What it returns then, other than edges, is
/// about the last run. Ids and edges take at most `most_bytes`, or it fails with resource exhausted.
pub async fn expand(
    db: &mut WorkDb,
    most_bytes: usize,
    cancel: &CancellationToken,
    progress: &mut (dyn FnMut(ExpandProgress) + Send),
) -> Result<Expanded> {
    expand_in_batches(db, most_bytes, cancel, progress, write::BATCH).await
}

async fn expand_in_batches(
    db: &mut WorkDb,
    most_bytes: usize,
    cancel: &CancellationToken,
    progress: &mut (dyn FnMut(ExpandProgress) + Send),
    batch: usize,
) -> Result<Expanded> {
    let Some(mut loaded) = load::graph(db, most_bytes).await? else { return Ok(Expanded::default()) };
    let edges = std::mem::take(&mut loaded.edges);
    let filters = std::mem::take(&mut loaded.filters);
    let graph = Graph::condense(loaded.entitlements.len(), filters, edges);
    let grants = loaded.grants(db).await?;
    let ranks = loaded.entitlements.ranks();
    let mut propagation = Propagation::new(&graph, loaded.principals.type_of(), &ranks, &grants.holders);
    let mut writer = Writer::new(&loaded, &grants);
    let mut so_far = ExpandProgress { total: graph.receiving(), ..ExpandProgress::default() };
    let mut created = Vec::new();
    while let Some(entitlement) = propagation.next() {
        let of = writer.reference(entitlement)?;
        writer.change(&propagation, entitlement);
        if writer.waiting() >= batch {
            flush(&mut writer, db, cancel, progress, &mut so_far).await?;
        }
        // Those of one type and the same sources together: the sources are encoded once.
        created.clear();
        let types = loaded.principals.type_of();
        created.extend(propagation.created().map(|(p, set)| (types[p as usize], set, p)));
        created.sort_unstable();
        for same in created.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let sources = writer.encode(&propagation.sources_in(same[0].1));
            for (_, _, principal) in same {
                writer.create(&of, *principal, &sources);
                if writer.waiting() >= batch {
                    flush(&mut writer, db, cancel, progress, &mut so_far).await?;
                }
            }
        }
        so_far.done += 1;
    }
    flush(&mut writer, db, cancel, progress, &mut so_far).await?;
    tracing::debug!(
        contributions = propagation.contributions(),
        grants = so_far.written,
        "grants are expanded"
    );
    Ok(Expanded {
        edges: graph.edges as u64,
        cycles: cycles(&graph, &loaded.entitlements),
        created: std::mem::take(&mut writer.created_by_type),
        updated: writer.updated,
        refused: std::mem::take(&mut writer.refused),
        missing: loaded.missing,
    })
}

async fn flush(
    writer: &mut Writer<'_>,
    db: &mut WorkDb,
    cancel: &CancellationToken,
    progress: &mut (dyn FnMut(ExpandProgress) + Send),
    so_far: &mut ExpandProgress,
) -> Result<()> {
    so_far.written += writer.waiting() as u64;
    writer.flush(db).await?;
    progress(*so_far);
    if cancel.is_cancelled() { Err(cancelled()) } else { Ok(()) }
}

fn cycles(graph: &Graph, entitlements: &interner::Interner) -> Cycles {
    let shown = |node: &u32| {
        let mut ids: Vec<_> =
            graph.members.of(*node).iter().map(|e| entitlements.text(*e).to_owned()).collect();
        ids.sort_unstable();
        ids.truncate(EXAMPLES);
        ids
    };
    // By their entitlements: the numbers of nodes go by the order of rows.
    let mut examples: Vec<_> = graph.cycles.iter().map(shown).collect();
    examples.sort_unstable();
    examples.truncate(EXAMPLES);
    Cycles { count: graph.cycles.len() as u64, examples }
}

#[cfg(test)]
mod tests;
