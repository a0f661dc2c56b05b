//! What a list request can ask for: a page, fields, a filter and an order.

mod fields;
mod filter;
mod page;
mod sort;

pub(crate) use fields::{Fields, GROUP_FIELDS, USER_FIELDS, group, user};
pub(crate) use filter::{Clause, Op, parse_filter};
pub(crate) use page::PageRequest;
pub(crate) use sort::{Order, parse_sort};

/// The parameters of a request, with percent-encoding and plus signs decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(raw: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The first value of a parameter; names are compared without regard to case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The page number as text, for faults that name a page.
    pub(crate) fn page_number(&self) -> u64 {
        self.get("pageNumber").and_then(|text| text.parse().ok()).unwrap_or(1)
    }
}
