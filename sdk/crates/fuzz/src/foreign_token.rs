//! The checkpoint of another writer.

use connector_graph::foreign_token_remaining;
use serde_json::Value;

/// Reads a checkpoint. What is not understood must never be taken for a sync
/// with nothing left to do: it would be ended half read.
pub fn foreign_token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let remaining = foreign_token_remaining(&text);
    assert!(remaining.len() < 2_000, "what is told of a token is short: {} bytes", remaining.len());
    if remaining == "Nothing" {
        let document: Value =
            serde_json::from_str(&text).expect("only a document may say that nothing is left");
        for field in ["actions_map", "actions", "action_order"] {
            let pending = match &document[field] {
                Value::Object(fields) => fields.len(),
                Value::Array(items) => items.len(),
                _ => 0,
            };
            assert_eq!(pending, 0, "{field} names something, and nothing was left: {text}");
        }
        assert!(document["current_action"].is_null(), "there is a current action: {text}");
    }
}
