//! Whether a sync is complete, as it is shown.

use connector_model::Result;
use connector_store::Completeness;
use insta::{assert_json_snapshot, assert_snapshot};

use crate::{program, sample};

/// Without a ledger the snapshots of the other tests say that it is unknown.
#[tokio::test]
async fn a_ledger_is_shown_by_stats_and_verify() -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for state in Completeness::ALL {
        sample::write_ledger(folder.path(), "sync.c1z", &sample::ledger(state)).await?;
        let stats = program::run(folder.path(), &["stats"]);
        let (_, said) = stats.stdout.split_once("completeness: ").expect("a line");
        assert_snapshot!(format!("stats-{state}"), said);
        let verify = program::run(folder.path(), &["verify", "--allow-dangling"]);
        assert_snapshot!(format!("verify-{state}"), verify);
    }
    Ok(())
}

/// Scripts that parse the document of other writers' files go on; a key comes only with a ledger.
#[tokio::test]
async fn the_document_has_a_key_more_where_there_is_a_ledger() -> Result<()> {
    let folder = sample::folder().await?;
    let without = program::json(folder.path(), &["stats"]);
    assert_eq!(without.get("completeness"), None);
    sample::write_ledger(folder.path(), "sync.c1z", &sample::ledger(Completeness::Incomplete)).await?;
    let mut with = program::json(folder.path(), &["stats"]);
    let key = with.as_object_mut().and_then(|o| o.remove("completeness")).expect("the key");
    assert_eq!(with, without, "and nothing else");
    assert_json_snapshot!(key);
    let verified = program::json(folder.path(), &["verify", "--allow-dangling"]);
    assert_json_snapshot!("json-verify-ledger", verified["syncs"][0]["ledger"]);
    Ok(())
}
