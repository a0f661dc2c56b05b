//! The JSON, streamed element by element, is that of the `baton.v1` messages.

use connector_model::Result;
use connector_proto::{
    baton::v1::{
        EntitlementListOutput, GrantListOutput, ResourceListOutput, ResourceTypeListOutput, SyncListOutput,
    },
    c1::reader::v2::SyncRun,
    json,
};
use prost::{Message, Name};
use serde_json::Value;

use crate::{program, sample};

/// Reading takes no unknown field, and printing the message again gives the same document, order of keys included.
fn is_json_of<M: Message + Name + Default>(document: &Value) {
    let message: M = json::from_json(document).expect("the JSON of the message");
    let again = json::to_json(&message).expect("a JSON form");
    assert_eq!(again.to_string(), document.to_string(), "{}", M::NAME);
}

#[tokio::test]
async fn every_document_is_a_message() -> Result<()> {
    let folder = sample::folder().await?;
    let of = |command: &str| program::json(folder.path(), &[command]);
    is_json_of::<SyncRun>(&of("stats"));
    is_json_of::<SyncListOutput>(&of("syncs"));
    is_json_of::<ResourceTypeListOutput>(&of("resource-types"));
    is_json_of::<ResourceListOutput>(&of("resources"));
    is_json_of::<EntitlementListOutput>(&of("entitlements"));
    is_json_of::<GrantListOutput>(&of("grants"));
    Ok(())
}

#[tokio::test]
async fn what_a_row_refers_to_is_with_it_or_left_out() -> Result<()> {
    let folder = sample::folder().await?;
    let grants = program::json(folder.path(), &["grants"]);
    let names = |field: &str| -> Vec<Option<&str>> {
        let rows = grants["grants"].as_array().expect("a list");
        rows.iter().map(|g| g[field]["displayName"].as_str()).collect()
    };
    assert_eq!(
        names("principal"),
        [Some("Ada Lovelace"), Some("Zoë 東京"), Some("Core \u{1b}[31mteam"), None]
    );
    assert_eq!(names("resourceType"), [Some("Team"); 4]);
    assert!(grants["grants"][3].get("principal").is_none(), "not stored, so not there");
    Ok(())
}
