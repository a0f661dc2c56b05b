//! The walk over the pages of trees, from left to right.

use std::{fs::File, os::unix::fs::FileExt as _};

use tokio_util::sync::CancellationToken;

use super::{
    broken::Broken,
    cell::{self, Cell, OUTSIDE, PageKind},
    header::{self, Header},
};

/// As deep as SQLite goes (`BTCURSOR_MAX_DEPTH`).
const MAX_DEPTH: usize = 20;

/// What a tree is of, and how many rows or entries it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Table(u64),
    Index(u64),
}

/// The pages of a file, and which of them were reached.
#[derive(Debug)]
pub(super) struct Pages {
    file: File,
    header: Header,
    reached: Vec<u64>,
    /// How many pages the file has; they count from 1.
    count: u32,
    /// Pages of the branch that is walked, by depth; kept for the next walk.
    branch: Vec<Frame>,
    cancel: CancellationToken,
}

/// A page of the branch that is walked.
#[derive(Debug, Default)]
struct Frame {
    bytes: Vec<u8>,
    /// Where the page's header begins.
    start: usize,
    kind: Option<PageKind>,
    cells: usize,
    /// The next cell to be looked at.
    next: usize,
    /// Bytes of the cells so far: they may not share any.
    taken: usize,
    /// The key of the cell whose child is being walked: nothing in there may be greater.
    bound: Option<i64>,
}

impl Pages {
    pub(super) fn new(file: File, size: u64, header: Header, cancel: CancellationToken) -> Self {
        let count = u32::try_from(size / header.page as u64).unwrap_or(u32::MAX);
        let reached = vec![0; count as usize / 64 + 1];
        Self { file, header, reached, count, branch: Vec::new(), cancel }
    }

    /// Walks a tree.
    pub(super) fn check(&mut self, root: u32) -> Result<Kind, Broken> {
        let mut walk = Walk::new(root);
        walk.run(self, &mut None::<fn(&[u8]) -> Result<(), Broken>>)
    }

    /// Walks the tree of a table and gives the payload of each row.
    pub(super) fn walk(
        &mut self,
        root: u32,
        row: impl FnMut(&[u8]) -> Result<(), Broken>,
    ) -> Result<Kind, Broken> {
        Walk::new(root).run(self, &mut Some(row))
    }

    /// Bytes of the pages that were reached.
    pub(super) fn reached_bytes(&self) -> u64 {
        let pages: u64 = self.reached.iter().map(|word| u64::from(word.count_ones())).sum();
        pages * self.header.page as u64
    }

    fn reach(&mut self, page: u32) -> Result<(), Broken> {
        if page == 0 || page > self.count {
            return Err(Broken::Rule("a page lies beyond the end"));
        }
        let (word, bit) = (page as usize / 64, 1 << (page % 64));
        if self.reached[word] & bit != 0 {
            return Err(Broken::Rule("a page is reached twice"));
        }
        self.reached[word] |= bit;
        if self.cancel.is_cancelled() {
            return Err(Broken::Cancelled);
        }
        Ok(())
    }

    /// Reads a page of a tree into the branch at this depth.
    fn load(&mut self, page: u32, depth: usize) -> Result<(), Broken> {
        self.reach(page)?;
        if depth == MAX_DEPTH {
            return Err(Broken::Rule("a tree is deeper than SQLite allows"));
        }
        if self.branch.len() == depth {
            self.branch.push(Frame { bytes: vec![0; self.header.page], ..Frame::default() });
        }
        let frame = &mut self.branch[depth];
        self.file.read_exact_at(&mut frame.bytes, u64::from(page - 1) * self.header.page as u64)?;
        frame.start = if page == 1 { header::LEN } else { 0 };
        let kind = PageKind::of(frame.bytes[frame.start]).ok_or(Broken::Rule("a page is none of a tree"))?;
        (frame.kind, frame.next, frame.taken, frame.bound) = (Some(kind), 0, 0, None);
        frame.cells = usize::from(frame.short(3).ok_or(OUTSIDE)?);
        Ok(())
    }

    /// Follows the rest of a payload, and appends it where somebody wants it.
    fn follow(&mut self, first: u32, len: u64, into: Option<&mut Vec<u8>>) -> Result<(), Broken> {
        let room = self.header.usable - 4;
        let (mut page, mut left) = (first, len);
        let mut into = into;
        loop {
            self.reach(page)?;
            let start = u64::from(page - 1) * self.header.page as u64;
            let here = left.min(room as u64);
            if let Some(payload) = into.as_deref_mut() {
                let had = payload.len();
                payload.resize(had + here as usize, 0);
                self.file.read_exact_at(&mut payload[had..], start + 4)?;
            }
            left -= here;
            if left == 0 {
                return Ok(());
            }
            let mut next = [0; 4];
            self.file.read_exact_at(&mut next, start)?;
            page = u32::from_be_bytes(next);
        }
    }
}

impl Frame {
    fn short(&self, at: usize) -> Option<u16> {
        self.bytes.get(self.start + at..)?.first_chunk().map(|b| u16::from_be_bytes(*b))
    }

    /// The child behind all cells of an inner page.
    fn last_child(&self) -> Option<u32> {
        self.bytes.get(self.start + 8..)?.first_chunk().map(|b| u32::from_be_bytes(*b))
    }

    /// The next cell; none behind the last.
    fn next_cell(&mut self, usable: usize) -> Result<Option<Cell<'_>>, Broken> {
        let kind = self.kind.ok_or(OUTSIDE)?;
        if self.next == self.cells {
            return Ok(None);
        }
        let at = usize::from(self.short(kind.header_len() + 2 * self.next).ok_or(OUTSIDE)?);
        self.next += 1;
        let cell = cell::parse(kind, self.bytes.get(at..usable).ok_or(OUTSIDE)?, usable)?;
        self.taken += cell.len;
        // The place of each cell takes two bytes.
        if self.taken + 2 * self.next > usable {
            return Err(Broken::Rule("cells of a page share bytes"));
        }
        Ok(Some(cell))
    }
}

/// One walk.
struct Walk {
    root: u32,
    is_table: bool,
    rows: u64,
    /// Cells of an index, whose inner pages have entries too.
    entries: u64,
    /// The greatest key so far.
    last: Option<i64>,
    payload: Vec<u8>,
}

impl Walk {
    fn new(root: u32) -> Self {
        Self { root, is_table: false, rows: 0, entries: 0, last: None, payload: Vec::new() }
    }

    fn run<F: FnMut(&[u8]) -> Result<(), Broken>>(
        &mut self,
        pages: &mut Pages,
        row: &mut Option<F>,
    ) -> Result<Kind, Broken> {
        pages.load(self.root, 0)?;
        self.is_table = pages.branch[0].kind.is_some_and(|k| k.is_table);
        // How deep the walk is, and whether the last child of each page above was entered.
        let (mut depth, mut behind) = (0, [false; MAX_DEPTH]);
        loop {
            match self.step(pages, depth, &mut behind, row)? {
                Step::Down(page) => {
                    depth += 1;
                    pages.load(page, depth)?;
                    behind[depth] = false;
                    if pages.branch[depth].kind.map(|k| k.is_table) != Some(self.is_table) {
                        return Err(Broken::Rule("a tree is of a table and of an index at once"));
                    }
                }
                Step::Up if depth == 0 => {
                    return Ok(if self.is_table {
                        Kind::Table(self.rows)
                    } else {
                        Kind::Index(self.entries)
                    });
                }
                Step::Up => depth -= 1,
            }
        }
    }

    /// Goes through the cells of a page until one leads to another page, or none is left.
    fn step<F: FnMut(&[u8]) -> Result<(), Broken>>(
        &mut self,
        pages: &mut Pages,
        depth: usize,
        behind: &mut [bool; MAX_DEPTH],
        row: &mut Option<F>,
    ) -> Result<Step, Broken> {
        let usable = pages.header.usable;
        if let Some(bound) = pages.branch[depth].bound.take() {
            if self.last.is_some_and(|last| last > bound) {
                return Err(UNORDERED);
            }
            self.last = Some(bound);
        }
        loop {
            let frame = &mut pages.branch[depth];
            let is_inner = frame.kind.is_some_and(|k| !k.is_leaf);
            let Some(cell) = frame.next_cell(usable)? else {
                if !is_inner || behind[depth] {
                    return Ok(Step::Up);
                }
                behind[depth] = true;
                return frame.last_child().map(Step::Down).ok_or(OUTSIDE);
            };
            let (child, overflow, key) = (cell.child, cell.overflow, cell.key);
            if let Some(key) = key.filter(|_| !is_inner) {
                if self.last.is_some_and(|last| last >= key) {
                    return Err(UNORDERED);
                }
                self.last = Some(key);
                self.rows += 1;
            }
            self.entries += 1;
            let wanted = row.is_some() && !is_inner;
            if wanted {
                self.payload.clear();
                self.payload.extend_from_slice(cell.local);
            }
            if let Some((first, left)) = overflow {
                pages.follow(first, left, wanted.then_some(&mut self.payload))?;
            }
            if let Some(row) = row.as_mut().filter(|_| wanted) {
                row(&self.payload)?;
            }
            if let Some(child) = child {
                pages.branch[depth].bound = key;
                return Ok(Step::Down(child));
            }
        }
    }
}

const UNORDERED: Broken = Broken::Rule("row ids do not ascend");

enum Step {
    Down(u32),
    Up,
}
