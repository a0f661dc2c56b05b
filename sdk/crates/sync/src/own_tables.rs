//! The tables that the engine adds to a working database.

use crate::{duplicates, external, listings, meta, queue, references};

/// The statements that make them: a database that is resumed holds nothing but
/// these and the store's own.
pub(crate) fn statements() -> Vec<&'static str> {
    let one = [meta::CREATE, queue::CREATE, references::CREATE, external::CREATE];
    [&one[..], &listings::CREATE, &duplicates::CREATE].concat()
}
