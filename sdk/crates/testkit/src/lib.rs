//! What the tests of a connector use.
//!
//! [`document`] turns a `.c1z` file, and [`sync_document`] a whole sync of a
//! connector in process, into a canonical [`Document`]: sorted, with times and
//! sync ids put aside, with counts and a SHA-256 of the logical content. Two
//! files with the same document say the same about who has access to what.
//!
//! [`scripted`] plays a whole site from data, with faults on schedule, and
//! knows what a file of it must hold.
//!
//! ```no_run
//! # async fn test(connector: std::sync::Arc<dyn connector_model::Connector>) -> connector_model::Result<()> {
//! connector_testkit::assert_sync_snapshot!(connector);
//! # Ok(())
//! # }
//! ```

mod document;
pub mod program;
mod run;
pub mod scripted;

pub use document::{Document, document};
pub use run::{sync_document, sync_into};

#[doc(hidden)]
pub use insta;

/// Syncs a connector in process and compares the [`Document`] with the stored
/// snapshot. Must be used in an async function that returns a
/// [`Result`](connector_model::Result).
#[macro_export]
macro_rules! assert_sync_snapshot {
    ($connector:expr) => {{
        let document = $crate::sync_document($connector).await?;
        $crate::insta::assert_snapshot!(document);
    }};
    ($name:expr, $connector:expr) => {{
        let document = $crate::sync_document($connector).await?;
        $crate::insta::assert_snapshot!($name, document);
    }};
}
