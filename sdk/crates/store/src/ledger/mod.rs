//! The completeness ledger: what a sync read, list by list, and whether it was all there was.
//!
//! It is a table of our own, `completeness_ledger`, which other readers of the format ignore. A row stands for the
//! lists of one resource type inside one parent by one operation; a summary row closes a sync's ledger. A file, or a
//! sync, without one says nothing about completeness: that is unknown, never whole.

mod keep;
mod read;
mod row;
mod summary;
mod table;
mod write;

pub(crate) use keep::keep;
pub use read::{Ledger, LedgerTotal, Unknown};
pub use row::{Completeness, LedgerOperation, LedgerRow};
pub use summary::LedgerSummary;
pub(crate) use table::{CREATE, TABLE};
pub(crate) use write::{add, text};
