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
    left_out: u64,
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
    /// explains it: nothing came, or more than ten rows and more than one in a
    /// hundred are missing.
    pub(crate) fn is_broken(self) -> bool {
        match self {
            Self::Whole => false,
            Self::Drifted { announced, distinct } => {
                let missing = announced.saturating_sub(distinct);
                (missing > 0 && distinct == 0) || (missing > 10 && missing * 100 > announced)
            }
        }
    }
}

impl Listing {
    /// A listing with its first chain.
    pub(crate) fn begin() -> Self {
        Self { open: 1, chains: 1, ..Self::default() }
    }

    /// A page: what it announces, and the rows of the asked kind on it.
    pub(crate) fn page(&mut self, total: Option<u64>, rows: &[IdHash], left_out: u64) {
        if let (Some(before), Some(now)) = (self.total, total) {
            self.totals_differ |= before != now;
        }
        self.total = total.or(self.total);
        self.distinct.extend(rows);
        self.left_out += left_out;
    }

    /// What it adds up to, now that every chain is at its end.
    pub(crate) fn verdict(&self) -> Verdict {
        let distinct = self.distinct.len() as u64 + self.left_out;
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
        for (announced, distinct) in [(1, 0), (500, 0), (100, 80), (100_000, 98_000)] {
            assert!(broken(announced, distinct), "{distinct} of {announced}");
        }
        for (announced, distinct) in [(5, 4), (20, 10), (100_000, 99_500), (0, 3)] {
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
