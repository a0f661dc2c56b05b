//! Paging by number and size, with the codes that Tableau gives to what is out of range.

use std::ops::Range;

use http::StatusCode;

use super::Query;
use crate::{errors::ApiError, render::Doc};

const DEFAULT_SIZE: usize = 100;
const LARGEST_SIZE: usize = 1000;

/// The page that was asked for, before the length of the list is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageRequest {
    number: usize,
    size: usize,
}

/// A page of a list of known length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    number: usize,
    size: usize,
    total: usize,
}

impl PageRequest {
    pub(crate) fn parse(query: &Query) -> Result<Self, ApiError> {
        let size = match query.get("pageSize") {
            None => DEFAULT_SIZE,
            Some(text) => match text.parse::<usize>() {
                Ok(size) if size > LARGEST_SIZE => {
                    return Err(ApiError::new(
                        StatusCode::FORBIDDEN,
                        "403014",
                        "Forbidden",
                        format!("The page size {size} is larger than the maximum of {LARGEST_SIZE}"),
                    ));
                }
                Ok(size) if size > 0 => size,
                _ => return Err(ApiError::bad_request("400007", format!("Invalid page size '{text}'"))),
            },
        };
        let number = match query.get("pageNumber") {
            None => 1,
            Some(text) => {
                text.parse().ok().filter(|number| *number > 0).ok_or_else(|| invalid_number(text))?
            }
        };
        Ok(Self { number, size })
    }

    /// Fits the page to a list: the first page of an empty list is valid, a page past the end
    /// is not.
    pub(crate) fn of(self, total: usize) -> Result<Page, ApiError> {
        let page = Page { number: self.number, size: self.size, total };
        if self.number > 1 && page.start() >= total {
            return Err(invalid_number(&self.number.to_string()));
        }
        Ok(page)
    }
}

impl Page {
    /// The positions of the rows on this page.
    pub(crate) fn range(self) -> Range<usize> {
        let start = self.start().min(self.total);
        start..start.saturating_add(self.size).min(self.total)
    }

    pub(crate) fn write(self, doc: &mut Doc) {
        doc.open("pagination");
        doc.number("pageNumber", self.number);
        doc.number("pageSize", self.size);
        doc.number("totalAvailable", self.total);
        doc.close("pagination");
    }

    fn start(self) -> usize {
        (self.number - 1).saturating_mul(self.size)
    }
}

fn invalid_number(text: &str) -> ApiError {
    ApiError::bad_request("400006", format!("Invalid page number '{text}'"))
}
