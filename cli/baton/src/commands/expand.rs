//! `baton expand`.

use std::path::Path;

use connector_graph::{ExpandOptions, ExpandedFile, expand_file};
use connector_model::{Error, ErrorKind, Result};
use connector_store::fs::check_output_name;
use tokio_util::sync::CancellationToken;

use crate::{
    args::ExpandArgs,
    cell::cell,
    environment::{limits, temp_dir},
    output::{self, Format},
};

pub(crate) async fn run(file: &Path, args: &ExpandArgs, format: Format) -> Result<()> {
    let options = ExpandOptions {
        sync_id: args.sync_id.clone(),
        temp_dir: temp_dir(),
        limits: limits(),
        ..ExpandOptions::default()
    };
    if let Some(out) = &args.out {
        // A wrong command line, whatever is on the disk.
        check_output_name(out)
            .map_err(|e| Error::new(ErrorKind::Unknown, format!("the flag --out: {}", e.message())))?;
    }
    let output = args.out.as_deref().unwrap_or(file);
    // A signal drops all of this at once.
    let cancel = CancellationToken::new();
    let done = expand_file(file, output, &options, &|_| {}, cancel).await?;
    match format {
        Format::Json => output::document(&json(&done)?).await,
        Format::Console => output::text(&lines(&done)).await,
    }
}

fn json(done: &ExpandedFile) -> Result<String> {
    serde_json::to_string(done).map_err(|e| Error::internal("the summary does not become JSON").caused_by(e))
}

fn lines(done: &ExpandedFile) -> String {
    let mut text = String::new();
    let mut line = |l: String| {
        text.push_str(&l);
        text.push('\n');
    };
    let what = &done.expanded;
    let created: u64 = what.created.values().sum();
    line(format!(
        "sync {}{}: {} expanded, {} made, {} with new sources",
        cell(&done.sync_id),
        if done.was_unfinished { " (finished now)" } else { "" },
        counted(what.edges, "edge"),
        counted(created, "grant"),
        what.updated
    ));
    for (resource_type, count) in &what.created {
        line(format!("  {}: {count}", cell(resource_type)));
    }
    if what.missing.count > 0 {
        let ids: Vec<_> = what.missing.examples.iter().map(|id| cell(id)).collect();
        line(format!(
            "warning: {} passed over, for the entitlement that {} from is not stored, e.g. {}",
            counted(what.missing.count, "edge"),
            if what.missing.count == 1 { "it comes" } else { "they come" },
            ids.join(", ")
        ));
    }
    if what.refused.count > 0 {
        let ids: Vec<_> = what.refused.examples.iter().map(|id| cell(id)).collect();
        let text = "not made, for another grant has the id";
        line(format!("warning: {} {text}, e.g. {}", counted(what.refused.count, "grant"), ids.join(", ")));
    }
    if what.cycles.count > 0 {
        let cycles: Vec<_> = what.cycles.examples.iter().map(|ids| cell(&ids.join(", "))).collect();
        line(format!(
            "note: {} collapsed, whose entitlements give nothing to each other, e.g. {}",
            counted(what.cycles.count, "cycle"),
            cycles.join("; ")
        ));
    }
    line(format!("wrote {} ({} bytes)", cell(&done.output.display().to_string()), done.bytes));
    text
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
