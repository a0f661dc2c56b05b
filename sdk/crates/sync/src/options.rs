//! What a sync is told.

use std::{num::NonZeroUsize, path::PathBuf};

use connector_store::{Retention, SyncType};

/// How many calls to the connector may be in flight when nobody says
/// otherwise.
pub const DEFAULT_WORKERS: usize = 8;

/// How many calls to the connector may be in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Workers {
    /// [`DEFAULT_WORKERS`], or fewer where the connector declares so.
    #[default]
    Auto,
    /// As many as said.
    Fixed(NonZeroUsize),
}

impl Workers {
    /// From the value of `--workers`: -1 is automatic, 0 and 1 are one after
    /// the other.
    pub fn from_flag(workers: i64) -> Self {
        match usize::try_from(workers) {
            Ok(n) => Self::Fixed(NonZeroUsize::new(n).unwrap_or(NonZeroUsize::MIN)),
            Err(_) => Self::Auto,
        }
    }

    /// The number for a connector.
    pub fn resolve(self, declared: Option<usize>) -> usize {
        match self {
            Self::Fixed(n) => n.get(),
            Self::Auto => declared.unwrap_or(DEFAULT_WORKERS).clamp(1, DEFAULT_WORKERS),
        }
    }
}

/// What a sync is told.
#[derive(Clone, Debug)]
pub struct SyncOptions {
    /// The `.c1z` file to write. It is replaced as a whole, at the end.
    pub output: PathBuf,
    /// Where the working database lies; beside the output where nothing is
    /// said.
    pub temp_dir: Option<PathBuf>,
    /// How many calls may be in flight.
    pub workers: Workers,
    /// Replace an output that is not ours to read, such as a v3 file.
    pub overwrite: bool,
    /// Which syncs of the old file are kept.
    pub keep_syncs: Retention,
    /// What the fingerprint is made of besides the connector: name and
    /// version of the program and its configuration without secrets.
    pub program: String,
    /// The version of the program.
    pub version: String,
    /// The configuration without secrets, as sorted pairs.
    pub settings: Vec<(String, String)>,
    /// List resources only: no entitlements, no grants.
    pub skip_entitlements_and_grants: bool,
}

impl SyncOptions {
    /// A full sync into a file.
    pub fn new(output: impl Into<PathBuf>) -> Self {
        Self {
            output: output.into(),
            temp_dir: None,
            workers: Workers::Auto,
            overwrite: false,
            keep_syncs: Retention::default(),
            program: String::new(),
            version: String::new(),
            settings: Vec::new(),
            skip_entitlements_and_grants: false,
        }
    }

    /// Which syncs of the old file are kept. One that is not full does not
    /// count among the full ones, and must not push the last of them out.
    pub(crate) fn retention(&self) -> Retention {
        match self.keep_syncs {
            Retention::Newest(n) if !self.sync_type().is_full() => Retention::Newest(n + 1),
            other => other,
        }
    }

    /// What the file will say that this sync covers.
    pub(crate) fn sync_type(&self) -> SyncType {
        if self.skip_entitlements_and_grants { SyncType::ResourcesOnly } else { SyncType::Full }
    }
}
