//! What a file says about the syncs it holds.

use std::{fmt, str::FromStr};

use connector_model::{Error, Result};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use svix_ksuid::{Ksuid, KsuidLike as _};

use crate::time;

/// The id of a sync: a KSUID, 27 base-62 characters that sort by the second they were made in.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SyncId(String);

impl SyncId {
    /// Characters in an id.
    pub const LEN: usize = 27;

    /// A new id, of now.
    pub fn generate() -> Self {
        let seconds = time::clock().unwrap_or(Timestamp::MAX).as_second();
        Self(Ksuid::from_seconds(Some(seconds), None).to_base62())
    }

    /// A checked id.
    pub fn new(id: impl Into<String>) -> Result<Self> {
        let id = id.into();
        if id.len() == Self::LEN && id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Ok(Self(id));
        }
        let head: String = id.chars().take(40).collect();
        Err(Error::invalid("a sync id is 27 letters and digits; `baton syncs` lists those of a file")
            .with("got", head))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SyncId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SyncId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SyncId {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        Self::new(s)
    }
}

/// What a sync covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub enum SyncType {
    /// Everything; what is missing is gone.
    #[default]
    Full,
    /// A part, to be merged over a full one.
    Partial,
    /// Resources only, without entitlements and grants.
    ResourcesOnly,
    /// One half of a pair that tells a difference: rows added or changed.
    PartialUpserts,
    /// The other half: rows gone.
    PartialDeletions,
    /// A type that we don't know; other readers count it as full.
    Other(String),
}

impl SyncType {
    /// The word in the file.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::ResourcesOnly => "resources_only",
            Self::PartialUpserts => "partial_upserts",
            Self::PartialDeletions => "partial_deletions",
            Self::Other(word) => word,
        }
    }

    /// Whether cleanup counts it as a full sync.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full | Self::Other(_))
    }
}

impl From<&str> for SyncType {
    fn from(word: &str) -> Self {
        match word {
            "full" => Self::Full,
            "partial" => Self::Partial,
            "resources_only" => Self::ResourcesOnly,
            "partial_upserts" => Self::PartialUpserts,
            "partial_deletions" => Self::PartialDeletions,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for SyncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for SyncType {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

/// One sync of a file, without what may be long ([`C1z::sync_token`](crate::C1z::sync_token),
/// [`C1z::stored_stats`](crate::C1z::stored_stats)). Texts are as stored: a file of another writer may hold any.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SyncRun {
    /// Its row, by which what may be long is found.
    #[serde(skip)]
    pub(crate) row: RowId,
    /// The id; a KSUID in files of every known writer.
    pub id: String,
    /// What it covers.
    pub sync_type: SyncType,
    /// When it began, as stored (see [`crate::time`]).
    pub started_at: String,
    /// When it ended, as stored; `None` while it has not.
    pub ended_at: Option<String>,
    /// The sync that this one builds on, or empty.
    pub parent_sync_id: String,
    /// The other half of a pair, or empty.
    pub linked_sync_id: String,
    /// Whether a difference against this sync can be told.
    pub supports_diff: bool,
    /// Whether expansion data was moved out of the grants' messages into their column.
    pub grants_backfilled: bool,
}

/// The row of a sync in its own file; the same sync of another file has another one, so it makes no difference.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RowId(pub(crate) i64);

impl PartialEq for RowId {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl SyncRun {
    /// Whether it has an end.
    pub fn is_finished(&self) -> bool {
        self.ended_at.as_deref().is_some_and(|t| !t.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_and_checked() -> Result<()> {
        let id = SyncId::generate();
        assert_eq!(SyncId::new(id.as_str())?, id);
        for bad in ["", "short", "3MXbSf4gHuDUKEEryIUNjrsvZx!", "3MXbSf4gHuDUKEEryIUNjrsvZx55"] {
            assert!(SyncId::new(bad).is_err(), "{bad}");
        }
        Ok(())
    }

    #[test]
    fn unknown_types_keep_their_word() {
        for word in ["full", "partial", "resources_only", "partial_upserts", "partial_deletions", "weekly"] {
            assert_eq!(SyncType::from(word).as_str(), word);
        }
        assert!(SyncType::from("weekly").is_full());
    }
}
