//! A clock that runs behind the syncs of the old file.

use connector_model::Result;
use connector_store::{C1z, time};
use jiff::Timestamp;

/// The warning that readers will take a sync of the old file for a newer one than that which runs now: they go by the
/// times in the file. It is compared both as moments and as texts, for that is how readers of other programs do it.
pub(crate) async fn behind(old: &C1z, now: Timestamp) -> Result<Option<String>> {
    let begins = time::format(now)?;
    let syncs = old.syncs().await?;
    let is_later = |end: &&String| **end > begins || time::parse(end).is_some_and(|at| at > now);
    let ends = syncs.iter().filter(|run| run.is_finished()).filter_map(|run| run.ended_at.as_ref());
    let latest = ends.filter(is_later).max();
    Ok(latest.map(|end| {
        let end: String = end.chars().take(40).collect();
        format!(
            "the file holds a sync that ended at {}, and this run began at {begins}, which is before: readers take \
             the sync with the later end for the newest; check the clock of this machine, and if that of the old sync \
             was wrong, write to another file",
            end.escape_debug()
        )
    }))
}
