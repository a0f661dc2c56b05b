//! Whether a listing came whole: the source's own total against the distinct
//! rows that came.
//!
//! Lists by page number have no snapshot: a row that is inserted or deleted
//! between two pages shifts the rest, and one comes twice or never. So where a
//! source tells totals, a listing whose pages tell different ones, or that
//! brings another number of distinct rows, is read once more.

use crate::references::{IdHash, IdSet};

/// One listing under way, with all its chains.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Chains that are not at their end.
    pub(crate) open: u32,
    /// Chains so far, for the number of the next.
    pub(crate) chains: u32,
    /// Tokens that were named as further pages: each is read once.
    pub(crate) named: IdSet,
    total: Option<u64>,
    totals_differ: bool,
    distinct: IdSet,
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
        /// What came.
        distinct: u64,
    },
}

impl Listing {
    /// A listing with its first chain.
    pub(crate) fn begin() -> Self {
        Self { open: 1, chains: 1, ..Self::default() }
    }

    /// A page: what it announces, and the rows of the asked kind on it.
    pub(crate) fn page(&mut self, total: Option<u64>, rows: &[IdHash]) {
        if let (Some(before), Some(now)) = (self.total, total) {
            self.totals_differ |= before != now;
        }
        self.total = total.or(self.total);
        self.distinct.extend(rows);
    }

    /// What it adds up to, now that every chain is at its end.
    pub(crate) fn verdict(&self) -> Verdict {
        let distinct = self.distinct.len() as u64;
        match self.total {
            Some(announced) if self.totals_differ || announced != distinct => {
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
        listing.page(None, &rows(0..3));
        assert_eq!(listing.verdict(), Verdict::Whole);
    }

    #[test]
    fn a_row_that_comes_twice_means_another_that_never_came() {
        let mut listing = Listing::default();
        listing.page(Some(6), &rows(0..3));
        listing.page(Some(6), &rows(2..5));
        assert_eq!(listing.verdict(), Verdict::Drifted { announced: 6, distinct: 5 });
    }

    #[test]
    fn totals_that_change_mean_a_moving_list() {
        let mut listing = Listing::default();
        listing.page(Some(7), &rows(0..3));
        listing.page(Some(6), &rows(3..6));
        assert_eq!(listing.verdict(), Verdict::Drifted { announced: 6, distinct: 6 });
    }

    #[test]
    fn a_page_past_the_end_has_no_total() {
        let mut listing = Listing::default();
        listing.page(Some(3), &rows(0..3));
        listing.page(None, &[]);
        assert_eq!(listing.verdict(), Verdict::Whole);
    }
}
