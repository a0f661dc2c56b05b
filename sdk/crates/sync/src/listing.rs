//! Whether a listing came whole: the source's own total against the distinct
//! rows that came.
//!
//! Lists by page number have no snapshot: a row that is inserted or deleted
//! between two pages shifts the rest, and one comes twice or never. So where a
//! source tells totals, a listing whose pages tell different ones, or that
//! brings another number of distinct rows, is read once more.

use std::collections::HashSet;

use crate::references::{IdHash, IdSet, Passthrough};

/// Hashes of 64 bits: of ten million rows, two are taken for one with a chance
/// of one in 300,000, and then the list is read once more for nothing.
type ShortSet = HashSet<u64, std::hash::BuildHasherDefault<Passthrough>>;

/// One listing under way, with all its chains.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Chains that are not at their end.
    pub(crate) open: u32,
    /// Chains so far, for the number of the next.
    pub(crate) chains: u32,
    /// Tokens that were named as further pages: each is read once.
    named: IdSet,
    /// Pages so far, and rows of the asked kind on them.
    pages: u64,
    rows: u64,
    total: Option<u64>,
    totals_differ: bool,
    /// The rows that came, where the source tells how many there are.
    distinct: ShortSet,
    left_out: u64,
    /// A page could not be read: that rows are missing is no news then.
    lost: bool,
    fresh: Fresh,
}

/// What came since the listing was saved last.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    pub(crate) distinct: Vec<u64>,
    pub(crate) named: Vec<IdHash>,
}

/// What is small of a listing, for the working database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) open: u32,
    pub(crate) chains: u32,
    pub(crate) pages: u64,
    pub(crate) rows: u64,
    pub(crate) total: Option<u64>,
    pub(crate) totals_differ: bool,
    pub(crate) left_out: u64,
    pub(crate) lost: bool,
}

/// What the pages of a listing add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As many rows as the source announced, or it announced nothing.
    Whole,
    /// The source and the rows disagree.
    Drifted {
        /// What the source announced last.
        announced: u64,
        /// What came, what was left out on purpose included.
        distinct: u64,
    },
}

impl Verdict {
    /// Whether so much is missing that no change of a list while it was read
    /// explains it: nothing came, or half is missing, or more than ten rows and
    /// more than one in a hundred.
    pub(crate) fn is_broken(self) -> bool {
        match self {
            Self::Whole => false,
            Self::Drifted { announced, distinct } => {
                let missing = announced.saturating_sub(distinct);
                (missing > 0 && (distinct == 0 || missing * 2 >= announced))
                    || (missing > 10 && missing * 100 > announced)
            }
        }
    }
}

impl Listing {
    /// A listing with its first chain.
    pub(crate) fn begin() -> Self {
        Self { open: 1, chains: 1, ..Self::default() }
    }

    /// A listing that an earlier run began.
    pub(crate) fn restore(numbers: Numbers) -> Self {
        let Numbers { open, chains, pages, rows, total, totals_differ, left_out, lost } = numbers;
        Self { open, chains, pages, rows, total, totals_differ, left_out, lost, ..Self::default() }
    }

    /// The rows and tokens that an earlier run saw.
    pub(crate) fn restore_seen(&mut self, distinct: impl IntoIterator<Item = u64>, named: &[IdHash]) {
        self.distinct.extend(distinct);
        self.named.extend(named);
    }

    /// What is to be saved of it, and what came since the last time.
    pub(crate) fn save(&mut self) -> (Numbers, Fresh) {
        let numbers = Numbers {
            open: self.open,
            chains: self.chains,
            pages: self.pages,
            rows: self.rows,
            total: self.total,
            totals_differ: self.totals_differ,
            left_out: self.left_out,
            lost: self.lost,
        };
        (numbers, std::mem::take(&mut self.fresh))
    }

    /// Notes that a page names a further one; gives the number of the chain
    /// that reads it, or none where one does already.
    pub(crate) fn name_further_page(&mut self, token: IdHash) -> Option<u32> {
        if !self.named.insert(token) {
            return None;
        }
        self.fresh.named.push(token);
        self.open += 1;
        self.chains += 1;
        Some(self.chains - 1)
    }

    /// A page: what it announces, and the rows of the asked kind on it.
    pub(crate) fn page(&mut self, total: Option<u64>, rows: &[IdHash], left_out: u64) {
        if let (Some(before), Some(now)) = (self.total, total) {
            self.totals_differ |= before != now;
        }
        self.pages += 1;
        self.rows += rows.len() as u64;
        // A source that tells no total on its first page tells none: then the
        // rows need not be remembered.
        if self.pages == 1 || self.total.is_some() {
            self.total = total.or(self.total);
        }
        if self.total.is_some() {
            for row in rows.iter().map(|row| row.short()) {
                if self.distinct.insert(row) {
                    self.fresh.distinct.push(row);
                }
            }
        }
        self.left_out += left_out;
    }

    /// A page could not be read, and the listing goes on without it.
    pub(crate) fn page_lost(&mut self) {
        self.lost = true;
    }

    /// What the source said last how many rows there are.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total
    }

    /// How many rows came: distinct ones, where they are told apart.
    pub(crate) fn rows(&self) -> u64 {
        if self.total.is_some() { self.distinct.len() as u64 } else { self.rows }
    }

    /// What it adds up to, now that every chain is at its end. Of one that lost
    /// a page nobody expects all rows.
    pub(crate) fn verdict(&self) -> Verdict {
        let distinct = self.distinct.len() as u64 + self.left_out;
        match self.total {
            Some(announced) if !self.lost && (self.totals_differ || announced != distinct) => {
                Verdict::Drifted { announced, distinct }
            }
            _ => Verdict::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(range: std::ops::Range<u32>) -> Vec<IdHash> {
        range.map(|n| IdHash::text(&n.to_string())).collect()
    }

    #[test]
    fn a_listing_without_totals_is_taken_as_it_comes() {
        let mut listing = Listing::default();
        listing.page(None, &rows(0..3), 0);
        assert_eq!(listing.verdict(), Verdict::Whole);
    }

    #[test]
    fn a_row_that_comes_twice_means_another_that_never_came() {
        let mut listing = Listing::default();
        listing.page(Some(6), &rows(0..3), 0);
        listing.page(Some(6), &rows(2..5), 0);
        assert_eq!(listing.verdict(), Verdict::Drifted { announced: 6, distinct: 5 });
    }

    #[test]
    fn totals_that_change_mean_a_moving_list() {
        let mut listing = Listing::default();
        listing.page(Some(7), &rows(0..3), 0);
        listing.page(Some(6), &rows(3..6), 0);
        assert_eq!(listing.verdict(), Verdict::Drifted { announced: 6, distinct: 6 });
    }

    #[test]
    fn a_page_past_the_end_has_no_total() {
        let mut listing = Listing::default();
        listing.page(Some(3), &rows(0..3), 0);
        listing.page(None, &[], 0);
        assert_eq!(listing.verdict(), Verdict::Whole);
    }

    #[test]
    fn a_few_missing_rows_are_a_moving_list_and_many_are_a_broken_one() {
        let broken = |announced, distinct| Verdict::Drifted { announced, distinct }.is_broken();
        for (announced, distinct) in [(1, 0), (2, 1), (20, 10), (500, 0), (100, 80), (100_000, 98_000)] {
            assert!(broken(announced, distinct), "{distinct} of {announced}");
        }
        for (announced, distinct) in [(5, 4), (20, 11), (100_000, 99_500), (0, 3)] {
            assert!(!broken(announced, distinct), "{distinct} of {announced}");
        }
    }

    #[test]
    fn a_row_that_is_left_out_on_purpose_counts_as_seen() {
        let mut listing = Listing::default();
        listing.page(Some(4), &rows(0..3), 1);
        assert_eq!(listing.verdict(), Verdict::Whole);
    }
}
