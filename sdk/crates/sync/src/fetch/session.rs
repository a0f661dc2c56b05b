//! Limits of what a connector may keep between the pages of a sync. The store
//! keeps it; it belongs to the sync under way and is emptied at the seal.

use connector_model::{Error, ErrorKind, Result};

/// Bytes of a key: the limit of the Go SDK's session store.
const MAX_KEY: usize = 512;

/// Bytes of a value: the same.
const MAX_VALUE: usize = 4_132_864;

/// Bytes of all keys and values of a sync. They are in memory; what is larger
/// belongs into page tokens or is asked for again.
pub(crate) const MAX_REMEMBERED: usize = 64 << 20;

/// Refuses what is too large to be remembered.
pub(crate) fn check(remember: &[(String, Vec<u8>)]) -> Result<()> {
    let too_large = |what: &str, bytes: usize, limit: usize| {
        Error::new(
            ErrorKind::ResourceExhausted,
            format!(
                "{what} to be remembered has {bytes} bytes, {limit} are allowed; this is a bug in the connector"
            ),
        )
    };
    for (key, value) in remember {
        if key.is_empty() {
            return Err(Error::internal("a key to be remembered is empty; this is a bug in the connector"));
        }
        if key.len() > MAX_KEY {
            return Err(too_large("a key", key.len(), MAX_KEY));
        }
        if value.len() > MAX_VALUE {
            return Err(too_large("a value", value.len(), MAX_VALUE).with("key", key));
        }
    }
    Ok(())
}
