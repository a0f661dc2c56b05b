//! `baton stats`.

use std::collections::BTreeSet;

use connector_model::{Error, Result};
use connector_proto::{c1::reader::v2 as wire, json};
use connector_store::{C1z, CallStat, SyncRun, SyncStats, time};
use jiff::SignedDuration;

use crate::{
    args::WhichSync,
    completeness, moment,
    output::{self, Format, Output},
    table::Pages,
};

pub(crate) async fn run(file: &C1z, args: &WhichSync, format: Format) -> Result<()> {
    let view = super::view(file, args).await?;
    // As other readers do: counting takes a scan of all rows.
    let stored = view.stored_stats().await?;
    let is_counted = stored.is_none();
    let stats = match stored {
        Some(stats) => stats,
        None => view.counted_stats().await?,
    };
    let token = file.sync_token(view.run()).await?;
    let ledger = view.ledger_or_why().await?;
    match format {
        Format::Json => {
            let message = message(view.run(), token, stats);
            let mut json = json::to_json(&message)
                .map_err(|e| Error::internal("the counts of the sync don't become JSON").caused_by(e))?;
            if let Ok(ledger) = &ledger {
                json["completeness"] = completeness::json(ledger);
            }
            output::document(&json.to_string()).await
        }
        Format::Console => {
            let mut out = Output::stdout()?;
            out.write(&tables(view.run(), &token, &stats, out.is_terminal())).await?;
            if !is_counted {
                out.write(NOT_COUNTED).await?;
            }
            out.write(&format!("\n{}", completeness::shown(&ledger, out.is_terminal()))).await?;
            out.flush().await
        }
    }
}

/// Said below figures that the file says of itself.
const NOT_COUNTED: &str =
    "\nThe counts are those that the file states; `baton verify` counts its rows and compares.\n";

fn message(run: &SyncRun, sync_token: String, stats: SyncStats) -> wire::SyncRun {
    let calls = |stats: std::collections::BTreeMap<String, CallStat>| {
        stats.into_iter().map(|(name, s)| (name, call_stat(s))).collect()
    };
    wire::SyncRun {
        id: run.id.clone(),
        started_at: moment::wire(&run.started_at),
        ended_at: run.ended_at.as_deref().and_then(moment::wire),
        sync_token,
        sync_type: run.sync_type.to_string(),
        parent_sync_id: run.parent_sync_id.clone(),
        stats: Some(wire::SyncStats {
            resource_types: stats.resource_types,
            resources: stats.resources,
            entitlements: stats.entitlements,
            grants: stats.grants,
            resources_by_resource_type: stats.resources_by_resource_type,
            grants_by_resource_type: stats.grants_by_resource_type,
            entitlements_by_resource_type: stats.entitlements_by_resource_type,
            assets: stats.assets,
            step_durations_ms: stats.step_durations_ms,
            connector_call_stats: calls(stats.connector_call_stats),
            session_store_stats: calls(stats.session_store_stats),
        }),
    }
}

fn call_stat(s: CallStat) -> wire::CallStat {
    wire::CallStat {
        count: s.count,
        total_ms: s.total_ms,
        max_ms: s.max_ms,
        errors: s.errors,
        timeouts: s.timeouts,
    }
}

fn tables(run: &SyncRun, token: &str, stats: &SyncStats, terminal: bool) -> String {
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let mut about = Pages::new(&["Field", "Value"], terminal);
    for (field, value) in [
        ("Engine", "sqlite".to_owned()),
        ("Sync ID", run.id.clone()),
        ("Sync Type", run.sync_type.to_string()),
        ("Parent Sync ID", run.parent_sync_id.clone()),
        ("Started At", moment::shown(&run.started_at)),
        ("Ended At", run.ended_at.as_deref().map(moment::shown).unwrap_or_default()),
        ("Duration", duration(run).unwrap_or_default()),
        ("Sync Token", token.to_owned()),
    ] {
        about.push(&[field.to_owned(), or_dash(value)]);
    }
    let mut counts = Pages::new(&["Type", "Count"], terminal);
    for (kind, count) in [
        ("Resource Types", stats.resource_types),
        ("Resources", stats.resources),
        ("Entitlements", stats.entitlements),
        ("Grants", stats.grants),
        ("Assets", stats.assets),
    ] {
        counts.push(&[kind.to_owned(), count.to_string()]);
    }
    let by_type = [
        &stats.resources_by_resource_type,
        &stats.entitlements_by_resource_type,
        &stats.grants_by_resource_type,
    ];
    let types: BTreeSet<_> = by_type.iter().flat_map(|counts| counts.keys()).collect();
    let mut each = Pages::new(&["Resource Type", "Resources", "Entitlements", "Grants"], terminal);
    for name in types {
        let mut row = vec![name.clone()];
        row.extend(by_type.iter().map(|counts| counts.get(name).unwrap_or(&0).to_string()));
        each.push(&row);
    }
    [about.take(), counts.take(), each.take()].join("\n")
}

/// How long the sync took, to the millisecond.
fn duration(run: &SyncRun) -> Option<String> {
    let took = time::parse(run.ended_at.as_deref()?)?.duration_since(time::parse(&run.started_at)?);
    let took = SignedDuration::from_millis(i64::try_from(took.as_millis()).ok()?);
    Some(format!("{took:#}"))
}
