//! Whether a listing came whole, and whether it ever ends: the source's own
//! total against the distinct rows that came.
//!
//! Lists by page number have no snapshot: a row that is inserted or deleted
//! between two pages shifts the rest, and one comes twice or never. So where a
//! source tells totals, a listing whose pages tell different ones, or that
//! brings another number of distinct rows, is read once more.
//!
//! A source may also repeat itself without end, under page tokens that are new
//! each time. So a page must bring something new, and a listing has a bound.

use connector_store::{IdHash, IdSet, Passthrough};
use std::collections::HashSet;

use connector_model::{Error, ErrorKind, Result};

/// The most rows that a listing may have: more is no list but a source that
/// does not end.
pub(crate) const MAX_ROWS: u64 = 100_000_000;

/// The most pages that a listing may have.
pub(crate) const MAX_PAGES: u64 = 1_000_000;

/// How many rows a source's count may be wrong by, because the list moves or
/// the count lags: ten, or one in a hundred.
fn slack(total: u64) -> u64 {
    (total / 100).max(10)
}

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
    /// The rows that came, but for a listing of one page without a total.
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
                (missing > 0 && (distinct == 0 || missing * 2 >= announced)) || missing > slack(announced)
            }
        }
    }

    /// How many rows came and how many there are, where some are missing, but
    /// not so many that the listing is [broken](Self::is_broken).
    pub(crate) fn short(self) -> Option<(u64, u64)> {
        match self {
            Self::Drifted { announced, distinct } if distinct < announced && !self.is_broken() => {
                Some((distinct, announced))
            }
            _ => None,
        }
    }
}

/// What a page says of its listing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PageFacts<'a> {
    /// The rows of the asked kind.
    pub(crate) rows: &'a [IdHash],
    pub(crate) left_out: u64,
    /// What it announces.
    pub(crate) total: Option<u64>,
    /// Whether its chain goes on.
    pub(crate) has_next: bool,
    /// Whether it names no further page at all.
    pub(crate) is_last: bool,
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

    /// Takes in a page. Fails where the listing can't be sound: then it says
    /// why, and nothing more is to be read of it.
    pub(crate) fn page(&mut self, page: PageFacts<'_>) -> Result<()> {
        let PageFacts { rows, left_out, total, .. } = page;
        if let (Some(before), Some(now)) = (self.total, total) {
            self.totals_differ |= before != now;
        }
        let is_alone = self.pages == 0 && page.is_last;
        self.pages += 1;
        self.rows += rows.len() as u64;
        // A source that tells no total on its first page tells none.
        if self.pages == 1 || self.total.is_some() {
            self.total = total.or(self.total);
        }
        let mut new = 0;
        // The rows of one page without a total are compared with nothing.
        if self.total.is_some() || !is_alone {
            for row in rows.iter().map(|row| row.short()) {
                if self.distinct.insert(row) {
                    self.fresh.distinct.push(row);
                    new += 1;
                }
            }
        }
        self.left_out += left_out;
        self.check(page, new)
    }

    fn check(&self, page: PageFacts<'_>, new: u64) -> Result<()> {
        let broken = |why: String| Err(Error::new(ErrorKind::DataLoss, why));
        let (rows, distinct) = (self.rows, self.distinct.len() as u64);
        let (on_page, repeated) = (new + page.left_out, rows.saturating_sub(distinct));
        if let Some(total) = page.total {
            if total > MAX_ROWS {
                return broken(format!(
                    "the source announced {total} rows, more than the {MAX_ROWS} that a list may have"
                ));
            }
            if on_page > total.saturating_add(slack(total)) {
                return broken(format!(
                    "the source announced {total} rows, and one page held {on_page} already"
                ));
            }
        }
        match self.total {
            None if new == 0 && !page.rows.is_empty() && page.has_next => {
                return broken(
                    "a page held nothing that was not on an earlier one and named a further page, so the list may \
                     have no end"
                        .to_owned(),
                );
            }
            Some(_) if repeated > distinct.saturating_add(slack(distinct)) => {
                return broken(format!(
                    "most rows came more than once ({distinct} of {rows} are different), so the list may have no end"
                ));
            }
            _ => {}
        }
        if rows > MAX_ROWS || self.pages > MAX_PAGES {
            return broken(format!(
                "the list has more than the {MAX_ROWS} rows or {MAX_PAGES} pages that a list may have"
            ));
        }
        Ok(())
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

    impl Listing {
        /// A page that goes on.
        fn add(&mut self, total: Option<u64>, rows: &[IdHash], left_out: u64) {
            let page = PageFacts { rows, left_out, total, has_next: true, is_last: false };
            self.page(page).expect("a sound page");
        }
    }

    #[test]
    fn a_listing_without_totals_is_taken_as_it_comes() {
        let mut listing = Listing::default();
        listing.add(None, &rows(0..3), 0);
        assert_eq!(listing.verdict(), Verdict::Whole);
    }

    #[test]
    fn a_row_that_comes_twice_means_another_that_never_came() {
        let mut listing = Listing::default();
        listing.add(Some(6), &rows(0..3), 0);
        listing.add(Some(6), &rows(2..5), 0);
        assert_eq!(listing.verdict(), Verdict::Drifted { announced: 6, distinct: 5 });
    }

    #[test]
    fn totals_that_change_mean_a_moving_list() {
        let mut listing = Listing::default();
        listing.add(Some(7), &rows(0..3), 0);
        listing.add(Some(6), &rows(3..6), 0);
        assert_eq!(listing.verdict(), Verdict::Drifted { announced: 6, distinct: 6 });
    }

    #[test]
    fn a_page_past_the_end_has_no_total() {
        let mut listing = Listing::default();
        listing.add(Some(3), &rows(0..3), 0);
        listing.add(None, &[], 0);
        assert_eq!(listing.verdict(), Verdict::Whole);
    }

    #[test]
    fn a_few_missing_rows_are_a_moving_list_and_many_are_a_broken_one() {
        let broken = |announced, distinct| Verdict::Drifted { announced, distinct }.is_broken();
        for (announced, distinct) in [(1, 0), (2, 1), (20, 10), (500, 0), (100, 80), (100_000, 98_000)] {
            assert!(broken(announced, distinct), "{distinct} of {announced}");
        }
        for (announced, distinct) in [(5, 4), (20, 11), (1_000, 990), (100_000, 99_000)] {
            assert!(!broken(announced, distinct), "{distinct} of {announced}");
            let short = Verdict::Drifted { announced, distinct }.short();
            assert_eq!(short, Some((distinct, announced)));
        }
        assert!(broken(1_000, 989) && broken(100_000, 98_999));
        // More rows than were announced are none too few.
        for (announced, distinct) in [(0, 3), (5, 5)] {
            let verdict = Verdict::Drifted { announced, distinct };
            assert_eq!((verdict.is_broken(), verdict.short()), (false, None));
        }
    }

    #[test]
    fn a_listing_has_a_bound() {
        let mut listing = Listing { pages: MAX_PAGES - 1, ..Listing::begin() };
        listing.add(None, &rows(0..1), 0);
        let page = rows(1..2);
        let page = PageFacts { rows: &page, has_next: true, ..PageFacts::default() };
        assert!(listing.page(page).is_err(), "pages");
        let mut listing = Listing { rows: MAX_ROWS - 1, ..Listing::begin() };
        listing.add(None, &rows(0..1), 0);
        assert!(listing.page(page).is_err(), "rows");
        assert_eq!(Listing::begin().page(page).map_err(|e| e.kind()), Ok(()));
    }

    #[test]
    fn one_page_without_a_total_remembers_nothing() {
        let mut listing = Listing::begin();
        let page = rows(0..3);
        listing.page(PageFacts { rows: &page, is_last: true, ..PageFacts::default() }).expect("a sound page");
        assert_eq!((listing.distinct.len(), listing.rows()), (0, 3));
    }

    #[test]
    fn a_row_that_is_left_out_on_purpose_counts_as_seen() {
        let mut listing = Listing::default();
        listing.add(Some(4), &rows(0..3), 1);
        assert_eq!(listing.verdict(), Verdict::Whole);
    }
}
