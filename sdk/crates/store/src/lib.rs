//! The `.c1z` file: its envelope, its SQLite schema, a batch writer and readers.
//!
//! A sync is collected in a [`WorkDb`], sealed there, and [packed](envelope::pack) into the target, which is replaced
//! whole or not at all. Rows are stored as columns that readers filter by and an encoded message; what is copied from
//! another file keeps its bytes.

mod btree;
mod disk;
mod encode;
pub mod envelope;
mod error;
mod expandable;
mod file_size_limit;
pub mod fs;
mod id_hash;
mod ledger;
pub mod message;
pub mod reader;
mod row;
mod schema;
mod sources;
mod sqlite;
mod stats;
mod sync_run;
pub mod time;
pub mod verify;
mod work;

pub use disk::free_space;
pub use encode::GrantEncoder;
pub use error::database_error;
pub use expandable::{Split, split_expandable};
pub use file_size_limit::catch_file_size_limit;
pub use id_hash::{IdHash, IdSet, Passthrough};
pub use ledger::{
    Completeness, Ledger, LedgerOperation, LedgerRow, LedgerSummary, LedgerTotal, Unknown,
    describe_completeness,
};
pub use reader::{C1z, OpenOptions, SyncView};
pub use row::{AssetRow, EntitlementRow, GrantRow, Kind, ResourceRow, ResourceTypeRow};
pub use sources::{GrantSources, encode_sources};
pub(crate) use sqlite::Checked;
pub use sqlite::{Connection, Transaction};
pub use stats::{CallStat, SyncStats};
pub use sync_run::{SyncId, SyncRun, SyncType};
pub use work::{
    Batch, Column, Filter, Finish, KeptSyncs, MatchGrant, NewSync, Put, Retention, ScannedRow, Stored,
    StoredResource, WorkDb,
};
