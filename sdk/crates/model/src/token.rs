//! Page tokens: where a listing goes on.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Error, Result};

/// The longest page token, in bytes (the wire's validation rule for tokens on
/// the connector API).
pub const MAX_PAGE_TOKEN_BYTES: usize = 1 << 20;

/// The version that this crate writes in front of its tokens.
const VERSION: &str = "1.";

/// Where a listing goes on: opaque to everyone but the connector that made
/// it.
///
/// A token is versioned, so that a token which another release wrote into a
/// checkpoint is refused rather than misread. It is no secret and no proof:
/// what a connector reads back from it must be checked like any input.
///
/// ```
/// use connector_model::PageToken;
///
/// let token = PageToken::encode(&("users", 2u32))?;
/// assert_eq!(token.decode::<(String, u32)>()?, ("users".to_owned(), 2));
/// # Ok::<(), connector_model::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageToken(Box<str>);

impl PageToken {
    /// A token made of any small value.
    pub fn encode<T: Serialize>(value: &T) -> Result<Self> {
        let json = serde_json::to_vec(value)
            .map_err(|e| Error::internal("a page token can't be written").caused_by(e))?;
        Self::from_raw(format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(json)))
    }

    /// Reads back what [`PageToken::encode`] wrote; fails for a token of
    /// another version, shape or connector.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T> {
        let bad = |why: &'static str| {
            Error::invalid(format!("a page token can't be read: {why}")).with("token", self)
        };
        let body = self.0.strip_prefix(VERSION).ok_or_else(|| bad("another version wrote it"))?;
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|e| bad("it is not base64url").caused_by(e))?;
        serde_json::from_slice(&json).map_err(|e| bad("it has another shape").caused_by(e))
    }

    /// A token as it stands in a file or came over the wire: 1 byte to 1 MiB.
    pub fn from_raw(text: impl Into<Box<str>>) -> Result<Self> {
        let text = text.into();
        match text.len() {
            0 => Err(Error::invalid("a page token is empty; leave it out to end the listing")),
            1..=MAX_PAGE_TOKEN_BYTES => Ok(Self(text)),
            n => Err(Error::invalid(format!(
                "a page token is {n} bytes long, {MAX_PAGE_TOKEN_BYTES} are allowed"
            ))),
        }
    }

    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head: String = self.0.chars().take(60).collect();
        write!(f, "{head}{}", if head.len() < self.0.len() { "…" } else { "" })
    }
}

impl fmt::Debug for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A stack of listings, for a listing that walks through nested ones: first
/// the projects, then the workbooks of each.
///
/// Each frame is a position of the author's own type. The top frame is the
/// page to read now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: DeserializeOwned"))]
pub struct PageStack<T>(Vec<T>);

impl<T: Serialize + DeserializeOwned> PageStack<T> {
    /// A stack that starts with one frame.
    pub fn starting_at(frame: T) -> Self {
        Self(vec![frame])
    }

    /// The stack in a token.
    pub fn from_token(token: &PageToken) -> Result<Self> {
        token.decode()
    }

    /// The page to read now.
    pub fn pop(&mut self) -> Option<T> {
        self.0.pop()
    }

    /// A page to read before all others that are there.
    pub fn push(&mut self, frame: T) {
        self.0.push(frame);
    }

    /// The token of what is left; none where nothing is.
    pub fn into_token(self) -> Result<Option<PageToken>> {
        if self.0.is_empty() { Ok(None) } else { PageToken::encode(&self).map(Some) }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn foreign_tokens_are_refused() -> Result<()> {
        for raw in ["2", "1.!!", "1.e30", "{\"states\":null}", "1."] {
            assert!(PageToken::from_raw(raw)?.decode::<u32>().is_err(), "{raw}");
        }
        assert!(PageToken::from_raw("").is_err());
        assert!(PageToken::from_raw("x".repeat(MAX_PAGE_TOKEN_BYTES + 1)).is_err());
        Ok(())
    }

    #[test]
    fn a_stack_reads_the_last_pushed_first() -> Result<()> {
        let mut stack = PageStack::starting_at(("projects".to_owned(), 1));
        let first = stack.pop();
        stack.push(("projects".to_owned(), 2));
        stack.push(("workbooks of p1".to_owned(), 1));
        let token = stack.into_token()?.ok_or_else(|| Error::internal("no token"))?;
        let mut stack = PageStack::<(String, u32)>::from_token(&token)?;
        assert_eq!(first, Some(("projects".to_owned(), 1)));
        assert_eq!(stack.pop(), Some(("workbooks of p1".to_owned(), 1)));
        assert_eq!(stack.pop(), Some(("projects".to_owned(), 2)));
        assert_eq!(stack.into_token()?, None);
        Ok(())
    }

    proptest! {
        #[test]
        fn encoding_and_decoding_are_inverse(frames in proptest::collection::vec((".*", any::<u64>()), 1..5)) {
            let token = PageToken::encode(&PageStack(frames.clone())).unwrap();
            prop_assert_eq!(PageStack::<(String, u64)>::from_token(&token).unwrap().0, frames);
        }
    }
}
