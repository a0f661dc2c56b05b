//! What the processes that are measured do: sync, or one part of it alone.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use connector_model::{Registry, Result};
use connector_sync::{Silent, SyncOptions};
use tokio_util::sync::CancellationToken;

use crate::{
    connector::{End, Synthetic},
    floor,
    shape::{PAGE, SHAPES, Shape, Types},
};

/// Plays a role: `ROLE SHAPE PERCENT FILE [MORE]`.
pub(crate) fn play(role: &str, arguments: &[String]) -> io::Result<()> {
    let [name, percent, file, more @ ..] = arguments else {
        return Err(io::Error::other(format!("{role} takes a shape, a percentage and a file")));
    };
    let shape = SHAPES.iter().find(|s| s.name == *name).ok_or_else(|| io::Error::other("no such shape"))?;
    let shape = shape.at(percent.parse().map_err(io::Error::other)?);
    let file = PathBuf::from(file);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let said = runtime
        .block_on(async {
            match (role, more) {
                ("sync", _) => sync(shape, &file, End::Never).await,
                // All but the last page of grants was asked for.
                ("killed", _) => {
                    let pages = u64::from(shape.groups) * u64::from(shape.members.div_ceil(PAGE));
                    sync(shape, &file, End::Killed(pages - 1)).await
                }
                ("resumed", _) => sync(shape, &file, End::AtFirstCall).await,
                ("generate", _) => generate(&shape),
                ("floor", expanded) => floor::run(&shape, &file, !expanded.is_empty()).await,
                _ => Ok(serde_json::Value::Null),
            }
        })
        .map_err(io::Error::other)?;
    writeln!(io::stdout(), "{said}")
}

async fn sync(shape: Shape, file: &Path, end: End) -> Result<serde_json::Value> {
    let registry = Registry::new(Arc::new(Synthetic::new(shape, end)))?;
    let options = SyncOptions::new(file);
    let summary =
        connector_sync::sync(&registry, &options, Arc::new(Silent), CancellationToken::new()).await?;
    let sum = |by_type: &std::collections::BTreeMap<String, u64>| by_type.values().sum::<u64>();
    let mut said = serde_json::json!({
        "bytes": summary.bytes,
        "grants": sum(&summary.grants),
        "others": sum(&summary.resources) + sum(&summary.entitlements),
    });
    for (phase, took) in &summary.phases {
        said["phases"][phase.as_str()] = took.as_secs_f64().into();
    }
    Ok(said)
}

/// Makes every row of the connector up and keeps none.
fn generate(shape: &Shape) -> Result<serde_json::Value> {
    let start = Instant::now();
    let types = Types::new();
    let mut rows = 0;
    for n in 0..shape.users {
        rows += usize::from(!shape.user(&types, n)?.display_name.is_empty());
    }
    for n in 0..shape.groups {
        let group = shape.group(&types, n)?;
        rows += 1 + usize::from(!Shape::entitlement(&group).id.is_empty());
        for from in (0..shape.members).step_by(PAGE as usize) {
            rows += shape.grants(&types, n, from)?.len();
        }
    }
    Ok(serde_json::json!({ "seconds": start.elapsed().as_secs_f64(), "rows": rows }))
}
