//! `baton verify`.

use std::path::Path;

use connector_model::{Error, ErrorKind, Result};
use connector_store::verify::{Problem, Report, VerifyOptions, verify};

use crate::{
    args::VerifyArgs,
    cell::cell,
    completeness,
    environment::open_options,
    output::{self, Format},
};

pub(crate) async fn run(file: &Path, args: &VerifyArgs, format: Format) -> Result<()> {
    let options = VerifyOptions {
        legacy: args.legacy,
        allow_dangling: args.allow_dangling,
        allow_unfinished: args.allow_unfinished,
        open: open_options(),
    };
    let report = verify(file, &options).await?;
    match format {
        Format::Json => output::document(&json(&report)?).await?,
        Format::Console => output::text(&lines(&report)).await?,
    }
    if report.is_sound() {
        return Ok(());
    }
    let broken: u64 = report.errors.iter().map(|problem| problem.count).sum();
    Err(Error::new(
        ErrorKind::DataLoss,
        "the file does not keep the format's rules, and readers may refuse or misread it",
    )
    .with("file", file.display())
    .with("errors", broken))
}

fn json(report: &Report) -> Result<String> {
    serde_json::to_string(report).map_err(|e| Error::internal("the report does not become JSON").caused_by(e))
}

fn lines(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |l: String| {
        text.push_str(&l);
        text.push('\n');
    };
    for sync in &report.syncs {
        line(format!(
            "sync {} {}{}: {} resources, {} entitlements, {} grants",
            cell(&sync.sync_id),
            cell(sync.sync_type.as_str()),
            if sync.ended { "" } else { " (unfinished)" },
            sync.resources,
            sync.entitlements,
            sync.grants
        ));
        line(format!("  completeness: {}", cell(&sync.completeness)));
        for total in sync.ledger.iter().flat_map(|ledger| &ledger.totals) {
            line(format!("  {}", cell(&completeness::line(total))));
        }
        for (what, count) in &sync.detail {
            line(format!("  {}: {count}", cell(what)));
        }
    }
    for (level, problems) in [("error", &report.errors), ("warning", &report.warnings)] {
        for Problem { kind, count, example } in problems {
            let example =
                if example.is_empty() { String::new() } else { format!(", e.g. {}", cell(example)) };
            line(format!("{level}: {kind} ({count}){example}"));
        }
    }
    let kinds = |n: usize, what: &str| format!("{n} kind{} of {what}", if n == 1 { "" } else { "s" });
    line(format!("{}, {}", kinds(report.errors.len(), "error"), kinds(report.warnings.len(), "warning")));
    text
}
