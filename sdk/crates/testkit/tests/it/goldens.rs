//! What syncs of scripted sites gave when the goldens were made: content, calls and warnings.

use std::{fmt::Write as _, sync::Arc};

use connector_model::Registry;
use connector_sync::{Silent, SyncOptions};
use connector_testkit::{
    document,
    scripted::{Scenario, Scripted, Sizes},
};
use tokio_util::sync::CancellationToken;

/// One site in two lines.
async fn golden(scenario: Scenario) -> String {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("sync.c1z");
    let connector = Scripted::new(scenario);
    let registry = Registry::new(Arc::new(connector.clone())).unwrap();
    let options = SyncOptions::new(&output);
    let ended = connector_sync::sync(&registry, &options, Arc::new(Silent), CancellationToken::new()).await;
    let calls = connector.journal().asked().len();
    match ended {
        Err(error) => format!("{calls} calls, fails with {:?}", error.kind()),
        Ok(summary) => {
            let content = document(&output).await.unwrap();
            let warnings: u64 = summary.warnings.iter().map(|(_, times)| times).sum();
            let rows: u64 = content.counts.values().sum();
            let sha = &content.sha256[..16];
            format!("{calls} calls, {} pages, {warnings} warnings, {rows} rows, content {sha}", summary.pages)
        }
    }
}

#[tokio::test]
async fn scripted_sites() {
    let mut text = format!("small: {}\n", golden(Scenario::small()).await);
    for seed in 0..24 {
        let sizes = Sizes { page: 1 + seed as usize * 3, nested: seed as usize, ..Sizes::default() };
        writeln!(text, "{seed}: {}", golden(Scenario::generated(seed, &sizes)).await).unwrap();
    }
    insta::assert_snapshot!(text);
}
