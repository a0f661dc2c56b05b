//! Lists by page number, whose total is known from the first page on.
//!
//! Tableau has no cursor and no snapshot: a list that changes while it is
//! read may show a row twice or not at all. The order is fixed, every page
//! tells the total to the engine, and the engine, which counts distinct rows,
//! reads the list once more where the sum is not right.

use connector_sdk::{Call, Error, ErrorKind, Page, PageToken, Result};
use serde::{Deserialize, Serialize};

use super::{
    error,
    lenient::{Extent, Listing, Row},
};
use crate::everyone::Everyone;

/// Rows a page: the most that the REST API gives.
pub(crate) const PAGE_SIZE: u32 = 1000;

/// The most pages of a list that are believed: a hundred million rows.
const MAX_PAGES: u64 = 100_000;

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
        if self.is_first() {
            let pages = total.div_ceil(page_size);
            let pages = u32::try_from(pages).ok().filter(|_| pages <= MAX_PAGES).ok_or_else(|| {
                Error::new(ErrorKind::DataLoss, "a list claims to have more rows than can be believed")
                    .with("total", total)
            })?;
            page.also = (2..=pages)
                .map(|page| PageToken::encode(&Self { page, ..self.clone() }))
                .collect::<Result<_>>()?;
        }
        Ok(())
    }
}
