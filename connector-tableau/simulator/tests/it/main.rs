//! The simulator over HTTP, held against what is known of Tableau.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod client;
mod drift;
mod failures;
mod formats;
mod lists;
mod paging;
mod program;
mod sessions;
mod site;
mod tree;
