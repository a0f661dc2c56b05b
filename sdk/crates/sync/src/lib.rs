//! The sync engine: drives a connector page by page into a `.c1z` file.

mod options;
mod progress;

pub use options::{DEFAULT_WORKERS, SyncOptions, Workers};
pub use progress::{Event, Observer, Phase, Silent, Summary, Totals};
