//! The tables that the engine adds to a working database.

use super::{external_result, listings, meta, positions, queue, waiting};

/// The statements that make them: a database that is resumed holds nothing but
/// these and the store's own.
pub(crate) fn statements() -> Vec<&'static str> {
    let one = [meta::CREATE, queue::CREATE, waiting::CREATE, external_result::CREATE];
    [&one[..], &listings::CREATE, &positions::CREATE].concat()
}
