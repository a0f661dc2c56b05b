//! Whether a file keeps the rules of the format.
//!
//! The checks go from outside in: the envelope, the SQLite file, its tables, columns and unique indexes, each message
//! (it decodes, has no unknown field, is the deterministic encoding, agrees with its row's columns), traits, expansion
//! columns, sync runs, references between rows, and what the file says of itself: its counts, its completeness ledgers
//! and its times. Memory grows by a hash for each id, not with the messages.

mod canonical;
mod claims;
mod counts;
mod grants;
mod ledger;
mod report;
mod rows;
mod runs;
mod tables;

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
};

use connector_model::{ErrorKind, Result};

use crate::{C1z, OpenOptions, envelope};
use counts::Counts;
use report::{Level, Reporter};

pub use report::{Problem, Report, SyncReport};

/// What to be lenient about, and how to open the file.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// A file of an older or another writer: a write-ahead header and missing tables and columns are warnings.
    pub legacy: bool,
    /// References to rows that are not there are warnings.
    pub allow_dangling: bool,
    /// A sync with no end is a warning.
    pub allow_unfinished: bool,
    /// How to open the file.
    pub open: OpenOptions,
}

impl VerifyOptions {
    fn ours(&self) -> Level {
        if self.legacy { Level::Warning } else { Level::Error }
    }

    fn dangling(&self) -> Level {
        if self.allow_dangling { Level::Warning } else { Level::Error }
    }
}

/// Checks a file. An error is a file that can't be decoded or opened at all; everything else is in the report.
pub async fn verify(path: &Path, options: &VerifyOptions) -> Result<Report> {
    let open = &options.open;
    let unpacked = envelope::unpack_until(path, &open.temp_dir(), &open.limits, &open.cancel).await?;
    let mut reporter = Reporter::new(path, unpacked.packed_bytes);
    tables::envelope(&unpacked, &mut reporter, options)?;
    let file = match C1z::of(path, unpacked, open).await {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::DataLoss => {
            reporter.add(Level::Error, CORRUPT, e.message());
            return Ok(reporter.finish(Vec::new()));
        }
        Err(e) => return Err(e),
    };
    if !tables::integrity(&file, &mut reporter).await? {
        // What a broken tree answers is not worth more lines.
        return Ok(reporter.finish(Vec::new()));
    }
    tables::schema(&file, &mut reporter, options).await?;
    let mut check = Check {
        file: &file,
        reporter,
        options,
        ids: Ids::default(),
        counts: Counts::default(),
        tomorrow: claims::tomorrow()?,
        ledger_rows_left: Allowance(MAX_LEDGER_ROWS),
    };
    check.resource_types().await?;
    check.resources().await?;
    check.entitlements().await?;
    check.grants().await?;
    check.assets().await?;
    let runs = check.runs().await?;
    check.ledger_of_no_sync().await?;
    check.rows_of_no_sync(&runs);
    Ok(check.reporter.finish(runs))
}

/// What is said of a database that is not read any further.
const CORRUPT: &str = "the database is corrupt";

struct Check<'a> {
    file: &'a C1z,
    reporter: Reporter,
    options: &'a VerifyOptions,
    ids: Ids,
    counts: Counts,
    /// A day from now, as the file would have it.
    tomorrow: String,
    /// How much of the ledgers the report can still take.
    ledger_rows_left: Allowance,
}

/// The rows of all ledgers that a report shows, about 10 MiB of text: a file of many syncs, each with a ledger as long
/// as they get, would fill the memory.
const MAX_LEDGER_ROWS: usize = 50_000;

/// What is left of a limit.
struct Allowance(usize);

impl Allowance {
    /// Takes so much where there is as much.
    fn take(&mut self, n: usize) -> bool {
        let left = self.0.checked_sub(n);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// What rows refer to, as hashes.
#[derive(Default)]
struct Ids {
    /// The traits of each resource type that its resources must carry.
    types: HashMap<u64, u8>,
    resources: HashSet<u64>,
    entitlements: HashSet<u64>,
    /// Entitlement and principal of each grant.
    grants: HashSet<u64>,
}

/// A hash of a sync and what identifies a row in it.
fn key(sync: &str, parts: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    sync.hash(&mut hasher);
    for part in parts {
        part.hash(&mut hasher);
    }
    hasher.finish()
}
