//! `GET /serverinfo`, the one request that needs no session.

use super::{Context, Reply};
use crate::errors::ApiError;

pub(super) fn get(context: &Context<'_>) -> Result<Reply, ApiError> {
    let (major, minor) = context.server.config.api_version;
    let mut doc = context.doc(0);
    doc.open("serverInfo");
    doc.open("productVersion");
    doc.attr("build", "20253.25.1114.1030");
    doc.content("2025.3.0");
    doc.close("productVersion");
    doc.text("restApiVersion", &format!("{major}.{minor}"));
    doc.close("serverInfo");
    Ok(Reply::document(doc))
}
