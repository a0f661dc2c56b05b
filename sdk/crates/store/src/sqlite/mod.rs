//! How statements reach SQLite: through executors that notice where the driver's thread has died, and with a limit on
//! the memory that SQLite takes.

mod checked;
mod connection;

pub(crate) use checked::Checked;
pub use connection::{Connection, Transaction};

/// Bytes that SQLite may allocate, in the whole process (`sqlite3_hard_heap_limit64`). Its caches and the sorting for an
/// index take some 30 MiB for a million grants; a file of another writer can ask for any amount.
pub(crate) const HEAP_LIMIT: &str = "268435456";

/// Operations of SQLite's virtual machine between two looks whether to stop: some milliseconds.
pub(crate) const OPERATIONS_BETWEEN_LOOKS: i32 = 100_000;
