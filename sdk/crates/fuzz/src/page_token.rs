//! Page tokens, as they come from a working database or over the wire.

use connector_model::{MAX_PAGE_TOKEN_BYTES, PageStack, PageToken};
use serde_json::Value;

use crate::blames_the_bytes;

/// Reads a token as several shapes; what could be read is written and read
/// again.
pub fn page_token(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let token = match PageToken::from_raw(&*text) {
        Ok(token) => token,
        Err(error) => {
            assert!(text.is_empty() || text.len() > MAX_PAGE_TOKEN_BYTES);
            return blames_the_bytes(&error);
        }
    };
    assert_eq!(token.as_str(), text);
    assert!(token.to_string().chars().count() <= 61, "what is shown of a token is short");
    if let Err(error) = token.decode::<Value>() {
        // What is of no shape is of none of these.
        assert!(token.decode::<(String, u64)>().is_err() && token.decode::<Option<i64>>().is_err());
        return blames_the_bytes(&error);
    }
    if let Ok(position) = token.decode::<(String, u64)>() {
        let again = PageToken::encode(&position).expect("what was read can be written");
        assert_eq!(again.decode::<(String, u64)>().expect("what was written can be read"), position);
    }
    if let Ok(mut stack) = PageStack::<Vec<String>>::from_token(&token) {
        let mut frames = Vec::new();
        while let Some(frame) = stack.pop() {
            frames.push(frame);
        }
        assert_eq!(stack.into_token().expect("an empty stack has no token"), None);
    }
}
