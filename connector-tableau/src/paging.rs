//! Lists by page number, whose total is known from the first page on.
//!
//! Tableau has no cursor and no snapshot: a list that changes while it is
//! read may show a row twice or not at all. The order is fixed, every page
//! tells the total to the engine, and the engine, which counts distinct rows,
//! reads the list once more where the sum is not right.

use connector_sdk::{Call, Error, ErrorKind, MAX_FURTHER_PAGES, Page, PageToken, Result};
use serde::{Deserialize, Serialize};

use crate::{
    client::{
        error,
        lenient::{Extent, Listing, Row},
    },
    everyone::Everyone,
};

/// The most pages of a list that are believed: a hundred million rows.
const MAX_PAGES: u64 = 100_000;

/// Rows that may go while a page is read, or that the total counts and the
/// list does not show yet.
const SLACK: u64 = 10;

/// Which page of a list to read, and what the first page found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// From 1.
    page: u32,
    /// The list did not tell its total: it goes on until a page is not full.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    open: bool,
    /// Of the list of users: the groups that everyone is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) everyone: Vec<Everyone>,
}

impl Position {
    /// The page that a call asks for.
    pub(crate) fn of(call: &Call<'_>) -> Result<Self> {
        let position = call.position()?.unwrap_or(Self { page: 1, open: false, everyone: Vec::new() });
        if position.page == 0 {
            return Err(Error::invalid("a page token names the page 0; they count from 1"));
        }
        Ok(position)
    }

    /// The number of the page, from 1.
    pub(crate) fn page(&self) -> u32 {
        self.page
    }

    /// Whether this is the first page.
    pub(crate) fn is_first(&self) -> bool {
        self.page == 1
    }

    /// The rows; none where the list got shorter since its first page, so
    /// that this one is not there any more.
    pub(crate) fn read<T: Row>(&self, listing: Result<Listing<T>>) -> Result<Option<Listing<T>>> {
        match listing {
            Err(e) if !self.is_first() && error::has_code(&e, error::PAGE_OUT_OF_RANGE) => Ok(None),
            other => other.map(Some),
        }
    }

    /// The answer for a page that is not there any more. It tells no total,
    /// and the engine misses the rows that other pages told of.
    pub(crate) fn past_the_end<T: Row>(&self) -> Page {
        let mut page = Page::empty();
        // A list that told no total is read until this happens.
        if !self.open {
            page.warnings.push(format!("the list of {} got shorter while it was read", T::LIST));
        }
        page
    }

    /// Whether this page names others: the first does, and in a very long list
    /// the last one of those that it names.
    fn names_others(&self) -> bool {
        (self.page - 1).is_multiple_of(NAMED_AT_ONCE)
    }

    /// Says on the page of a listing where the list goes on. `everyone` must
    /// be filled by now.
    pub(crate) fn follow(self, extent: Extent, page: &mut Page) -> Result<()> {
        page.total = extent.total;
        let page_size = u64::from(extent.page_size);
        let Some(total) = extent.total.filter(|_| !self.open) else {
            if extent.rows as u64 >= page_size {
                page.next = Some(PageToken::encode(&Self { page: self.page + 1, open: true, ..self })?);
            }
            return Ok(());
        };
        if self.names_others() {
            let pages = total.div_ceil(page_size);
            let pages = u32::try_from(pages).ok().filter(|_| pages <= MAX_PAGES).ok_or_else(|| {
                Error::new(ErrorKind::DataLoss, "a list claims to have more rows than can be believed")
                    .with("total", total)
            })?;
            if pages > 1 && self.is_first() && (extent.rows as u64).saturating_add(SLACK) < page_size {
                return Err(Error::new(
                    ErrorKind::DataLoss,
                    "the first page of a list has fewer rows than its total and the size of a page make, so one \
                     of them can't be true",
                )
                .with("rows", extent.rows)
                .with("total", total)
                .with("page_size", page_size));
            }
            page.also = (self.page + 1..=pages.min(self.page + NAMED_AT_ONCE))
                .map(|page| PageToken::encode(&Self { page, ..self.clone() }))
                .collect::<Result<_>>()?;
        }
        Ok(())
    }
}

/// Pages that one page names: as many as the SDK takes.
const NAMED_AT_ONCE: u32 = 1024;
const _: () = assert!(NAMED_AT_ONCE as usize <= MAX_FURTHER_PAGES);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::client::{PAGE_SIZE, User};

    fn extent(total: Option<u64>, rows: usize) -> Extent {
        Extent { total, page_size: PAGE_SIZE, rows }
    }

    fn at(page: u32) -> Position {
        Position { page, open: false, everyone: Vec::new() }
    }

    /// The pages that a page names, and the next one.
    fn named(page: &Page) -> Result<(Vec<u32>, Option<u32>)> {
        let number = |token: &PageToken| Ok(token.decode::<Position>()?.page);
        let also = page.also.iter().map(number).collect::<Result<_>>()?;
        Ok((also, page.next.as_ref().map(number).transpose()?))
    }

    fn follow(position: Position, extent: Extent) -> Result<(Option<u64>, Vec<u32>, Option<u32>)> {
        let mut page = Page::empty();
        position.follow(extent, &mut page)?;
        let (also, next) = named(&page)?;
        Ok((page.total, also, next))
    }

    #[test]
    fn a_very_long_list_is_named_in_parts_and_each_page_once() -> Result<()> {
        let (mut open, mut seen) = (vec![1], Vec::new());
        while let Some(page) = open.pop() {
            let (_, also, next) = follow(at(page), extent(Some(2_500_001), 1000))?;
            assert_eq!(next, None);
            open.extend(also);
            seen.push(page);
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=2501).collect::<Vec<_>>());
        Ok(())
    }

    #[test]
    fn the_first_page_names_all_others() -> Result<()> {
        for (total, others) in [(0, 2..2), (1, 2..2), (1000, 2..2), (1001, 2..3), (3500, 2..5)] {
            let expected = (Some(total), others.collect(), None);
            assert_eq!(follow(at(1), extent(Some(total), 1000))?, expected, "{total}");
        }
        // The others name nothing, and tell the total, which may have changed.
        assert_eq!(follow(at(2), extent(Some(9000), 1000))?, (Some(9000), vec![], None));
        Ok(())
    }

    #[test]
    fn smaller_pages_of_the_server_are_more_pages() -> Result<()> {
        let extent = Extent { total: Some(1050), page_size: 100, rows: 100 };
        assert_eq!(follow(at(1), extent)?, (Some(1050), (2..=11).collect(), None));
        Ok(())
    }

    #[test]
    fn a_list_without_a_total_goes_on_until_a_page_is_not_full() -> Result<()> {
        assert_eq!(follow(at(1), extent(None, 1000))?, (None, vec![], Some(2)));
        let open = Position { open: true, ..at(2) };
        assert_eq!(follow(open.clone(), extent(None, 1000))?, (None, vec![], Some(3)));
        assert_eq!(follow(open.clone(), extent(None, 999))?, (None, vec![], None));
        // It stays so even where a later page tells a total.
        assert_eq!(follow(open, extent(Some(2500), 1000))?, (Some(2500), vec![], Some(3)));
        Ok(())
    }

    #[test]
    fn an_absurd_total_is_refused() {
        for total in [u64::MAX, 100_000_001] {
            let error = follow(at(1), extent(Some(total), 1000)).expect_err("absurd");
            assert_eq!(error.kind(), ErrorKind::DataLoss);
        }
    }

    /// The page that tells the total shows whether it can be true.
    #[test]
    fn a_total_that_the_first_page_belies_is_refused() -> Result<()> {
        let with = |total, page_size, rows| {
            follow(at(1), Extent { total: Some(total), page_size, rows }).map(|(_, also, _)| also.len())
        };
        for (total, page_size, rows) in [(5000, 1000, 3), (1001, 1000, 0), (5000, 1000, 989), (300, 100, 50)]
        {
            let error = with(total, page_size, rows).expect_err("belied");
            assert_eq!(error.kind(), ErrorKind::DataLoss);
            let text = error.to_string();
            assert!(text.starts_with("the first page of a list has fewer rows than its total"), "{text}");
        }
        // A few rows may go while it is counted; and where there is no other
        // page there is nothing to ask for.
        for (total, page_size, rows, others) in [
            (5000, 1000, 1000, 4),
            (5000, 1000, 990, 4),
            (1001, 1000, 991, 1),
            (1000, 1000, 3, 0),
            (9, 1000, 0, 0),
        ] {
            assert_eq!(with(total, page_size, rows)?, others, "{total}");
        }
        Ok(())
    }

    #[test]
    fn only_a_later_page_may_lie_past_the_end() -> Result<()> {
        let past = || Err(Error::new(ErrorKind::OutOfRange, "past").with("code", error::PAGE_OUT_OF_RANGE));
        assert!(at(1).read::<User>(past()).is_err());
        assert_eq!(at(2).read::<User>(past())?, None);
        assert!(at(2).read::<User>(Err(Error::internal("else"))).is_err());
        assert_eq!(
            at(2).past_the_end::<User>().warnings,
            ["the list of users got shorter while it was read"]
        );
        let open = Position { open: true, ..at(2) };
        assert_eq!(open.past_the_end::<User>(), Page::empty());
        Ok(())
    }

    #[test]
    fn a_token_is_checked_like_any_input() -> Result<()> {
        for token in [PageToken::encode(&at(0))?, PageToken::encode(&"users")?, PageToken::from_raw("2")?] {
            assert!(Position::of(&Call::detached(Some(&token))).is_err(), "{token:?}");
        }
        assert_eq!(Position::of(&Call::detached(None))?, at(1));
        Ok(())
    }

    proptest! {
        #[test]
        fn tokens_read_back(page in 1u32.., open in any::<bool>(), groups in proptest::collection::vec(".{1,40}", 0..16)) {
            let everyone = groups.into_iter().map(|id| Everyone::new(id, open)).collect();
            let position = Position { page, open, everyone };
            let token = PageToken::encode(&position).expect("a token");
            prop_assert_eq!(Position::of(&Call::detached(Some(&token))).expect("a position"), position);
        }
    }
}
