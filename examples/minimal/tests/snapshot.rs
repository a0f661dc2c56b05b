//! What a sync of the forum gives, for a person to review.

use std::sync::Arc;

use example_minimal::Forum;

#[tokio::test]
async fn the_forum_as_a_document() -> connector_sdk::Result<()> {
    connector_testkit::assert_sync_snapshot!(Arc::new(Forum));
    Ok(())
}
