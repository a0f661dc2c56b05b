//! What a sync is told.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use connector_model::{BidResource, ResourceTypeId, TraitKind};
use connector_store::{Retention, SyncType, envelope::Limits};

/// How many calls to the connector may be in flight when nobody says
/// otherwise.
pub const DEFAULT_WORKERS: usize = 8;

/// How long one call of the connector may take when nobody says otherwise.
/// Long, because a call may wait for a source's rate limit.
pub const DEFAULT_CALL_LIMIT: Duration = Duration::from_secs(60 * 60);

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

/// What a sync covers.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Scope {
    /// Resources, entitlements and grants.
    #[default]
    Full,
    /// Resources without entitlements and grants.
    ResourcesOnly,
    /// Some resources, with what they are related to: a partial sync, whose
    /// parent is the newest finished full sync of the old file.
    Resources(Targets),
    /// Nothing: the connector is validated, and the file holds an empty
    /// finished full sync, as the Go SDK writes it for `--skip-full-sync`. The
    /// ledger says that it was skipped.
    Nothing,
}

/// The resources of a partial sync.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Targets {
    /// Which; each is read once, however often it is named.
    pub resources: Vec<BidResource>,
    /// Neither their entitlements nor their grants.
    pub skip_entitlements_and_grants: bool,
    /// Not their grants.
    pub skip_grants: bool,
}

/// Principals that another file knows: grants to them are matched and carried
/// over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalPrincipals {
    /// The other `.c1z` file.
    pub file: PathBuf,
    /// Only principals that hold this entitlement in the other file.
    pub entitlement: Option<String>,
    /// Which traits make a resource type's resources principals; empty are
    /// accounts and groups.
    pub traits: Vec<TraitKind>,
}

/// How often what was read is made safe. What is lost to a crash is at most
/// what came since the last checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    /// After at least this many rows; 1 is after each page.
    pub rows: u64,
    /// At the latest when a page comes this long after the last one.
    pub every: Duration,
}

impl Default for Checkpoints {
    /// Large enough that commits don't count, small enough that little is
    /// lost.
    fn default() -> Self {
        Self { rows: 20_000, every: Duration::from_millis(500) }
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
    /// Limits on decoding the old file and that of external principals.
    pub limits: Limits,
    /// Which syncs of the old file are kept.
    pub keep_syncs: Retention,
    /// What the fingerprint is made of besides the connector: name and
    /// version of the program and its configuration without secrets.
    pub program: String,
    /// The version of the program.
    pub version: String,
    /// The configuration without secrets, as sorted pairs.
    pub settings: Vec<(String, String)>,
    /// What is read.
    pub scope: Scope,
    /// Only resources of these types, and what is on them; empty are all.
    pub resource_types: Vec<ResourceTypeId>,
    /// Whether grants are expanded.
    pub expand: bool,
    /// Principals of another file.
    pub external: Option<ExternalPrincipals>,
    /// Write the file even where something could not be read; the ledger and
    /// the summary say what is missing.
    pub allow_incomplete: bool,
    /// Refuse to let the working database grow beyond this many bytes, in whole
    /// pages of 16 KiB: fails with resource exhausted, and the next run goes on.
    /// The limit is SQLite's own (`max_page_count`): one below what the database
    /// has already stops it where it is. What sorting takes besides, and the
    /// packed file, are not counted.
    pub max_database_bytes: Option<u64>,
    /// Stop after this time, with what was read made safe: the next run goes
    /// on. Fails with aborted.
    pub time_limit: Option<Duration>,
    /// How long one call of the connector may take; fails with deadline
    /// exceeded.
    pub call_limit: Duration,
    /// How often what was read is made safe.
    pub checkpoints: Checkpoints,
}

impl SyncOptions {
    /// A full sync into a file.
    pub fn new(output: impl Into<PathBuf>) -> Self {
        Self {
            output: output.into(),
            temp_dir: None,
            workers: Workers::Auto,
            overwrite: false,
            limits: Limits::default(),
            keep_syncs: Retention::default(),
            program: String::new(),
            version: String::new(),
            settings: Vec::new(),
            scope: Scope::Full,
            resource_types: Vec::new(),
            expand: true,
            external: None,
            allow_incomplete: false,
            max_database_bytes: None,
            time_limit: None,
            call_limit: DEFAULT_CALL_LIMIT,
            checkpoints: Checkpoints::default(),
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
        match &self.scope {
            Scope::Full | Scope::Nothing => SyncType::Full,
            Scope::ResourcesOnly => SyncType::ResourcesOnly,
            Scope::Resources(_) => SyncType::Partial,
        }
    }

    /// Whether entitlements are read.
    pub(crate) fn wants_entitlements(&self) -> bool {
        match &self.scope {
            Scope::Full => true,
            Scope::ResourcesOnly | Scope::Nothing => false,
            Scope::Resources(targets) => !targets.skip_entitlements_and_grants,
        }
    }

    /// Whether grants are read.
    pub(crate) fn wants_grants(&self) -> bool {
        match &self.scope {
            Scope::Resources(targets) => !targets.skip_entitlements_and_grants && !targets.skip_grants,
            _ => self.wants_entitlements(),
        }
    }

    /// Whether resources of a type are read.
    pub(crate) fn wants_type(&self, id: &ResourceTypeId) -> bool {
        self.resource_types.is_empty() || self.resource_types.contains(id)
    }
}
