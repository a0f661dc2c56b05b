//! The sync engine: drives a connector page by page into a `.c1z` file.
//!
//! [`sync`] does it all: it locks the output, asks the connector for every
//! page in a bounded number of parallel calls, stores rows in a working
//! database together with the queue of what is still to be read, and at the
//! end makes the finished file by a pipeline of committed steps.
//!
//! The finished file has the same canonical content at any number of workers:
//! where two pages give the same id, the later phase wins, then the greater
//! logical position, never the later moment.

mod action;
mod call;
mod calls;
mod checkpoint;
mod clock;
mod collect;
mod counts;
mod cycle;
mod duplicates;
mod earlier;
mod erase;
mod error;
mod expand;
mod external;
mod fingerprint;
mod foreign_token;
mod id_hash;
mod ingest;
mod intake;
mod invariants;
mod ledger;
mod listing;
mod listings;
mod lock;
mod meta;
mod options;
mod own_tables;
mod plan;
mod progress;
mod queue;
mod references;
mod repeats;
mod run;
mod schedule;
mod seal;
mod session;
mod summary;
mod warnings;
mod work_folder;

use connector_store::database_error;

pub use connector_store::{Completeness, Retention};
#[doc(hidden)]
pub use expand::expand_in_memory;
pub use expand::{Cycles, ExpandOptions, Expanded, ExpandedFile, Skipped, expand_file};
#[doc(hidden)]
pub use foreign_token::foreign_token_remaining;
pub use options::{
    Checkpoints, DEFAULT_CALL_LIMIT, DEFAULT_WORKERS, ExternalPrincipals, Scope, SyncOptions, Targets,
    Workers,
};
pub use progress::{Event, Observer, Phase, Silent, Totals};
pub use run::sync;
pub use summary::{CallStats, ExpansionSummary, ExternalSummary, LedgerLine, Summary};
