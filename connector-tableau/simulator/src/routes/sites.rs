//! The site, with its capacity and use.

use super::{Context, Reply};
use crate::{errors::ApiError, query::PageRequest, render::Doc, server::Site};

/// `GET /sites`, for server administrators.
pub(super) fn list(context: &Context<'_>) -> Result<Reply, ApiError> {
    let session = context.session()?;
    if !context.switches.server_admin {
        return Err(ApiError::forbidden("Only a server administrator may list sites"));
    }
    let page = PageRequest::parse(&context.query)?.of(1)?;
    let site = context.server.site(session.site);
    let mut doc = context.doc(0);
    page.write(&mut doc);
    doc.list("sites", "site", std::iter::once(site), |doc, site| write_site(context, doc, site));
    Ok(Reply::document(doc))
}

/// `GET /sites/{id}`; with `key=name` or `key=contentUrl` the path has that instead of the id.
pub(super) fn get(context: &Context<'_>, wanted: &str) -> Result<Reply, ApiError> {
    let site = match context.query.get("key") {
        None => context.session_for(wanted)?.1,
        Some(key) => {
            let own = context.server.site(context.session()?.site);
            let right = match key {
                "name" => own.name.eq_ignore_ascii_case(wanted),
                "contentUrl" => own.content_url.eq_ignore_ascii_case(wanted),
                _ => return Err(ApiError::bad_request("400000", format!("'{key}' is not a key of sites"))),
            };
            right
                .then_some(own)
                .ok_or_else(|| ApiError::not_found("404000", format!("Site '{wanted}' could not be found")))?
        }
    };
    let mut doc = context.doc(1024);
    doc.open("site");
    write_site(context, &mut doc, site);
    doc.close("site");
    Ok(Reply::document(doc))
}

fn write_site(context: &Context<'_>, doc: &mut Doc, site: &Site) {
    doc.id("id", site.id);
    doc.attr("name", site.name);
    doc.attr("contentUrl", &site.content_url);
    doc.attr("adminMode", "ContentAndUsers");
    doc.attr("state", "Active");
    doc.boolean("disableSubscriptions", false);
    doc.number("revisionLimit", 25);
    doc.number("storageQuota", 102_400);
    if context.version >= (3, 7) {
        doc.number("tierCreatorCapacity", site.capacity.creators);
        doc.number("tierExplorerCapacity", site.capacity.explorers);
        doc.number("tierViewerCapacity", site.capacity.viewers);
    }
    if context.query.get("includeUsage").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        let used = site.usage();
        doc.open("usage");
        doc.number("numUsers", used.users);
        doc.number("numCreators", used.creators);
        doc.number("numExplorers", used.explorers);
        doc.number("numViewers", used.viewers);
        doc.number("storage", 1_024);
        doc.close("usage");
    }
}
