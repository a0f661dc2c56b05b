//! The structure of a SQLite file, checked before SQLite reads anything of it.
//!
//! SQLite follows page numbers as it finds them and believes what cells say of themselves. In a forged file pages share
//! their children, rows share one long value, and keys come in no order: a scan takes longer than anybody lives, 16 KB
//! take gigabytes, and a reader that asks for what comes after a key never sees some rows. So every tree is walked
//! once. Afterwards these hold:
//!
//! - each page belongs to one place of one tree or to one value, so that all values together are no larger than the file;
//! - the row ids of a table ascend, so that reading page by page sees each row once;
//! - no row is larger than [`MAX_RECORD`].
//!
//! Reference: [SQLite database file format](https://www.sqlite.org/fileformat2.html), §1.3, §1.6 and §2.1.

mod broken;
mod cell;
mod header;
mod record;
mod tree;

use std::path::Path;

use connector_model::{Error, ErrorKind, Result};
use tokio_util::sync::CancellationToken;

use crate::error::{During as _, cancelled};
use broken::Broken;
use header::Header;
use record::schema_entry;
use tree::Pages;

pub(crate) use tree::Kind;

/// The largest row, in bytes as it is stored: its two largest values and some room.
pub(crate) const MAX_RECORD: u64 = 16 << 20;
/// The most tables and indexes. The format has fewer than thirty.
const MAX_ENTRIES: usize = 1_000;
/// The most bytes of all their statements together.
const MAX_SCHEMA: usize = 1 << 20;

/// One row of `sqlite_schema`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SchemaEntry {
    /// `table`, `index`, `view` or `trigger`; anything in a forged file.
    pub(crate) kind: String,
    pub(crate) name: String,
    /// The table that an index is on; a table's own name.
    pub(crate) table: String,
    /// Where its tree begins; 0 where it has none.
    pub(crate) root: u32,
    /// The statement that makes it; none for the index of a constraint.
    pub(crate) sql: Option<String>,
}

/// A decoded database that is not open yet.
#[derive(Debug)]
pub(crate) struct Structure<'a> {
    pages: Pages,
    path: &'a Path,
}

impl<'a> Structure<'a> {
    /// Reads the file's header. `path` is for messages. A walk ends early where it is cancelled.
    pub(crate) fn open(db: &Path, path: &'a Path, cancel: &CancellationToken) -> Result<Self> {
        let what = "can't read the decoded database";
        let file = std::fs::File::open(db).during(what, db)?;
        let size = file.metadata().during(what, db)?.len();
        let header = Header::read(&file).map_err(|e| explain(path, e))?;
        Ok(Self { pages: Pages::new(file, size, header, cancel.clone()), path })
    }

    /// Walks the tree of the schema and reads its rows.
    pub(crate) fn schema(&mut self) -> Result<Vec<SchemaEntry>> {
        let (mut entries, mut bytes) = (Vec::new(), 0);
        let walked = self.pages.walk(1, |payload| {
            if entries.len() == MAX_ENTRIES {
                return Err(Broken::Rule("it has more than 1,000 tables and indexes"));
            }
            bytes += payload.len();
            if bytes > MAX_SCHEMA {
                return Err(Broken::Rule("its schema is larger than 1 MiB"));
            }
            entries.push(schema_entry(payload).ok_or(Broken::Rule("a row of its schema can't be read"))?);
            Ok(())
        });
        match walked.map_err(|e| explain(self.path, e))? {
            Kind::Table(_) => Ok(entries),
            Kind::Index(_) => Err(explain(self.path, Broken::Rule("its schema is no table"))),
        }
    }

    /// Walks the tree of a table or an index.
    pub(crate) fn check(&mut self, root: u32) -> Result<Kind> {
        self.pages.check(root).map_err(|e| explain(self.path, e))
    }

    /// Bytes of all pages that belong to the trees that were walked, long values included.
    pub(crate) fn content_bytes(&self) -> u64 {
        self.pages.reached_bytes()
    }

    /// The error of a database that breaks a rule.
    pub(crate) fn refuse(&self, why: impl std::fmt::Display) -> Error {
        corrupt(self.path, why)
    }
}

fn explain(path: &Path, broken: Broken) -> Error {
    match broken {
        Broken::Rule(why) => corrupt(path, why),
        Broken::Cancelled => cancelled(),
        Broken::Io(e) => Error::io("can't read the decoded database", e).with("file", path.display()),
    }
}

fn corrupt(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::DataLoss, format!("the database in the file is corrupt: {why}; take an older copy"))
        .with("file", path.display())
}

#[cfg(test)]
mod tests;
