//! The page that a scenario answers with.

use connector_model::{Call, Error, ErrorKind, Page, PageToken, Result};

use super::{Ask, At, Row, Scenario};

impl Scenario {
    /// A page of a listing whose rows are these: its own, or what drifted.
    pub(super) fn answer(&self, ask: &Ask, rows: &[Row]) -> Result<Page> {
        let (at, number) = (&ask.at, ask.page);
        let paging = self.paging_at(at);
        let mut page = Page::empty();
        for row in rows.chunks(paging.size).nth(number).unwrap_or_default() {
            add(&mut page, row.clone());
        }
        let pages = rows.len().div_ceil(paging.size);
        if paging.ahead {
            if number == 0 {
                page.also = (1..pages).map(token).collect::<Result<_>>()?;
            }
        } else if number + 1 < pages {
            page.next = Some(token(number + 1)?);
        }
        page.total = paging.totals.then(|| Self::total(at, rows));
        let notes = self.notes_at(at, number);
        page.remember = notes.remember;
        page.warnings = notes.warnings;
        Ok(page)
    }

    /// Whether the engine knows and remembers what a page needs.
    pub(super) fn check_needs(&self, ask: &Ask, call: &Call<'_>) -> Result<()> {
        let notes = self.notes_at(&ask.at, ask.page);
        let refuse = |why: String| Err(Error::new(ErrorKind::FailedPrecondition, format!("{ask}: {why}")));
        for (key, value) in notes.needs {
            match call.recall(&key) {
                Some(held) if *held == *value => {}
                Some(_) => return refuse(format!("another value is remembered for {key:?}")),
                None => return refuse(format!("nothing is remembered for {key:?}")),
            }
        }
        for (resource, known) in notes.knows {
            if call.is_known(&resource) != known {
                return refuse(format!("{resource} is {}known", if known { "not " } else { "" }));
            }
        }
        Ok(())
    }
}

pub(super) fn add(page: &mut Page, row: Row) {
    match row {
        Row::Resource(r) => page.resources.push(r),
        Row::Entitlement(e) => page.entitlements.push(e),
        Row::Grant(g) => page.grants.push(g),
    }
}

/// The token of a page.
pub(super) fn token(page: usize) -> Result<PageToken> {
    PageToken::from_raw(page.to_string())
}

/// The page of a token; none is the first.
pub(super) fn page_of(at: &At, token: Option<&PageToken>) -> Result<usize> {
    let Some(token) = token else { return Ok(0) };
    token.as_str().parse().map_err(|e| {
        Error::invalid(format!("{at}: this connector never gave such a page token"))
            .with("token", token)
            .caused_by(e)
    })
}
