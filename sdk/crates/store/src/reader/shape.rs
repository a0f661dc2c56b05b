//! Whether the trees of a database are trees.
//!
//! SQLite follows page numbers as it finds them. A forged file whose inner pages share their children is small and
//! takes longer to scan than anybody lives, so each page may be reached once (SQLite database file format, §1.6).

use std::{fs::File, io, os::unix::fs::FileExt as _, path::Path};

use connector_model::{Error, ErrorKind, Result};

use crate::error::Doing as _;

/// Bytes of the file's header, on its first page before the tree's.
const FILE_HEADER: usize = 100;
const INNER_INDEX: u8 = 2;
const INNER_TABLE: u8 = 5;
const LEAF_INDEX: u8 = 10;
const LEAF_TABLE: u8 = 13;

/// The trees of a file that were looked at so far.
pub(super) struct Shape<'a> {
    file: File,
    path: &'a Path,
    page_size: usize,
    reached: Vec<bool>,
}

impl<'a> Shape<'a> {
    /// `path` is for messages.
    pub(super) fn open(db: &Path, path: &'a Path) -> Result<Self> {
        let what = "can't read the decoded database";
        let file = File::open(db).doing(what, db)?;
        let size = file.metadata().doing(what, db)?.len();
        let mut header = [0; FILE_HEADER];
        file.read_exact_at(&mut header, 0).map_err(|_| corrupt(path, "it is shorter than a header"))?;
        let page_size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            n if n.is_power_of_two() && n >= 512 => usize::from(n),
            _ => return Err(corrupt(path, "its page size is none that SQLite has")),
        };
        let pages = usize::try_from(size / page_size as u64).unwrap_or(usize::MAX);
        Ok(Self { file, path, page_size, reached: vec![false; pages.saturating_add(1)] })
    }

    /// Walks the tree of a root page.
    pub(super) fn check(&mut self, root: i64) -> Result<()> {
        let root = u32::try_from(root).map_err(|_| corrupt(self.path, "a tree begins at no page"))?;
        let mut open = vec![root];
        let mut page = vec![0; self.page_size];
        while let Some(number) = open.pop() {
            match self.reached.get_mut(number as usize) {
                Some(reached) if number > 0 && !*reached => *reached = true,
                Some(_) if number > 0 => return Err(corrupt(self.path, "a page is reached twice")),
                _ => return Err(corrupt(self.path, "a page lies beyond the end")),
            }
            self.children(number, &mut page, &mut open).map_err(|e| match e.kind() {
                io::ErrorKind::InvalidData => corrupt(self.path, "a page is none of a tree"),
                _ => Error::io("can't read the decoded database", e).with("file", self.path.display()),
            })?;
        }
        Ok(())
    }

    fn children(&self, number: u32, page: &mut [u8], open: &mut Vec<u32>) -> io::Result<()> {
        let start = u64::from(number - 1) * self.page_size as u64;
        let header = if number == 1 { FILE_HEADER } else { 0 };
        let mut kind = [0];
        self.file.read_exact_at(&mut kind, start + header as u64)?;
        match kind[0] {
            LEAF_INDEX | LEAF_TABLE => return Ok(()),
            INNER_INDEX | INNER_TABLE => {}
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
        self.file.read_exact_at(page, start)?;
        let word = |at: usize| match page.get(at..at + 4) {
            Some(&[a, b, c, d]) => Ok(u32::from_be_bytes([a, b, c, d])),
            _ => Err(io::Error::from(io::ErrorKind::InvalidData)),
        };
        // The header of an inner page: kind, first free block, number of cells, ..., right-most child; then where the
        // cells are, each beginning with its left child.
        let cells = word(header + 1)? & 0xffff;
        open.push(word(header + 8)?);
        for cell in 0..cells as usize {
            let at = word(header + 12 + cell * 2)? >> 16;
            open.push(word(at as usize)?);
        }
        Ok(())
    }
}

fn corrupt(path: &Path, why: &str) -> Error {
    Error::new(ErrorKind::DataLoss, format!("the database in the file is corrupt: {why}; take an older copy"))
        .with("file", path.display())
}
