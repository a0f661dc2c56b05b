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
//!
//! Its rooms: `run` locks the output and resumes or starts a sync; `collect`
//! goes through the phases; `fetch` decides which page is requested next and
//! calls the connector; `ingest` checks and stores its rows; `checkpoint` keeps
//! what a resumed sync needs; `finalize` makes the finished file.

mod checkpoint;
mod collect;
mod fetch;
mod finalize;
mod ingest;
mod run;

use connector_store::database_error;

pub use connector_store::{Completeness, Retention};
pub use run::{
    options::{
        Checkpoints, DEFAULT_CALL_LIMIT, DEFAULT_WORKERS, ExternalPrincipals, Scope, SyncOptions, Targets,
        Workers,
    },
    progress::{Event, Observer, Phase, Silent, Totals},
    summary::{CallStats, ExpansionSummary, ExternalSummary, LedgerLine, Summary},
    sync,
};
