//! Lists that this simulator always answers with nothing in them.

use super::{Context, Reply};
use crate::{errors::ApiError, query::PageRequest};

/// `GET /sites/{id}/groupsets`, since API 3.22.
pub(super) fn group_sets(context: &Context<'_>, site: &str, path: &str) -> Result<Reply, ApiError> {
    context.since((3, 22), path)?;
    empty_list(context, site, "groupSets", "groupSet")
}

/// `GET /sites/{id}/projects`.
pub(super) fn projects(context: &Context<'_>, site: &str) -> Result<Reply, ApiError> {
    empty_list(context, site, "projects", "project")
}

fn empty_list(context: &Context<'_>, site: &str, wrapper: &str, item: &str) -> Result<Reply, ApiError> {
    context.session_for(site)?;
    let page = PageRequest::parse(&context.query)?.of(0)?;
    let mut doc = context.doc(0);
    page.write(&mut doc);
    doc.list(wrapper, item, std::iter::empty::<()>(), |_, ()| {});
    Ok(Reply::document(doc))
}
