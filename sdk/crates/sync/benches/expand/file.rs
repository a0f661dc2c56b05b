//! Expansion of whole files.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Instant,
};

use connector_graph::{ExpandOptions, expand_file};
use connector_model::{
    Entitlement, EntitlementRef, Expandable, Grant, Resource, ResourceId, ResourceType, Result,
};
use connector_store::{
    EntitlementRow, Finish, GrantEncoder, NewSync, ResourceRow, ResourceTypeRow, WorkDb, envelope,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::cpu_seconds;

/// 50,000 users, and 1,000 groups of so many in chains of five.
pub(crate) const CASES: [(&str, u32); 2] = [("file-groups-of-50", 50), ("file-groups-of-250", 250)];
/// A file of another writer.
pub(crate) const FIXTURE: &str = "file-fixture";

const USERS: u32 = 50_000;
const GROUPS: u32 = 1_000;
const CHAIN: u32 = 5;

pub(crate) fn run(name: &str) -> io::Result<Value> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let input = match CASES.iter().find(|c| c.0 == name) {
        Some((_, members)) => {
            // Kept for the next run; made by another process, whose memory does not count.
            let input = std::env::temp_dir()
                .join(format!("expand-bench-{members}-{}.c1z", env!("CARGO_PKG_VERSION")));
            if !input.exists() {
                runtime.block_on(make(&input, *members)).map_err(io::Error::other)?;
                return Ok(json!({ "made": true }));
            }
            input
        }
        None => {
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/fixtures/small-unexpanded.c1z")
        }
    };
    if !input.exists() {
        return Ok(json!({ "skipped": "no fixtures" }));
    }
    let times = Times::default();
    let report = |step| times.note(step);
    let output: PathBuf = folder.path().join("out.c1z");
    let began = Instant::now();
    let done = runtime
        .block_on(expand_file(&input, &output, &ExpandOptions::default(), &report, CancellationToken::new()))
        .map_err(io::Error::other)?;
    let whole = began.elapsed().as_secs_f64();
    let created: u64 = done.expanded.created.values().sum();
    // A new grant or a changed one is at least one contribution.
    let rows = created + done.expanded.updated;
    let (seconds, cpu) = times.of("expand grants");
    Ok(json!({ "seconds": seconds, "cpu": cpu, "whole": whole, "contributions": rows, "bytes": done.bytes }))
}

/// When each step began, and the processor time until then.
#[derive(Default)]
struct Times(Mutex<Vec<(&'static str, Instant, f64)>>);

impl Times {
    fn note(&self, step: &'static str) {
        if let Ok(mut times) = self.0.lock() {
            times.push((step, Instant::now(), cpu_seconds()));
        }
    }

    /// Seconds from the beginning of a step to that of the next, by the wall clock and of the processor.
    fn of(&self, step: &str) -> (f64, f64) {
        let Ok(times) = self.0.lock() else { return (0.0, 0.0) };
        let pair = times.windows(2).find(|pair| pair[0].0 == step);
        pair.map(|pair| ((pair[1].1 - pair[0].1).as_secs_f64(), pair[1].2 - pair[0].2)).unwrap_or_default()
    }
}

async fn make(to: &Path, members: u32) -> Result<()> {
    let work = to.with_extension("db");
    let mut db = WorkDb::create(&work, &NewSync::full()).await?;
    let mut batch = db.begin().await?;
    let types = [ResourceType::new("user", "User"), ResourceType::new("group", "Group")];
    let _ = batch.put_resource_types(&types.each_ref().map(ResourceTypeRow::encode)).await?;
    let id = |kind: &'static str, n: u32| ResourceId::new(kind, format!("{kind}-{n:07}"));
    let mut resources = Vec::new();
    for n in 0..USERS {
        resources.push(ResourceRow::encode(Resource::user(id("user", n)?, format!("User {n}"))));
    }
    let mut entitlements = Vec::new();
    for n in 0..GROUPS {
        let group = Resource::group(id("group", n)?, format!("Group {n}"));
        entitlements.push(EntitlementRow::encode(&Entitlement::assignment(&group, "member")));
        resources.push(ResourceRow::encode(group));
    }
    let _ = batch.put_resources(&resources).await?;
    let _ = batch.put_entitlements(&entitlements).await?;
    let mut encoder = GrantEncoder::default();
    for n in 0..GROUPS {
        let group = id("group", n)?;
        let member = EntitlementRef::canonical(&group, "member");
        let mut grants = Vec::new();
        for k in 0..members {
            // Groups far apart share users, as those of one site do.
            grants.push(Grant::new(member.clone(), id("user", (n * 97 + k * 193) % USERS)?));
        }
        if !n.is_multiple_of(CHAIN) {
            let inner = id("group", n - 1)?;
            let source = EntitlementRef::canonical(&inner, "member").id.to_string();
            let expandable = Expandable {
                entitlement_ids: vec![source],
                shallow: false,
                resource_type_ids: vec!["user".to_owned()],
            };
            grants.push(Grant::new(member, inner).expanding(expandable));
        }
        let rows: Vec<_> = grants.iter().map(|g| encoder.encode(g)).collect();
        let _ = batch.put_grants(&rows).await?;
    }
    batch.commit().await?;
    let stats = db.stats().await?;
    db.build_indexes().await?;
    let ended_at = jiff::Timestamp::now();
    db.finish(&Finish { ended_at, stats, supports_diff: false, completed_actions: 0 }).await?;
    envelope::pack(&db.close_for_packing().await?, to).await?;
    std::fs::remove_file(work).map_err(|e| connector_model::Error::io("remove the working database", e))
}
