//! Groups.

use std::sync::Arc;

use connector_sdk::{Result, http::StatusCode};
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::{
    Client, error,
    lenient::{self, Listing, Row},
    users::paged,
};

/// A group as a list gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Group {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) id: Option<Arc<str>>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) name: Option<String>,
    /// `local`, or the domain of the directory it comes from.
    #[serde(deserialize_with = "lenient::name")]
    pub(crate) domain: Option<String>,
    #[serde(deserialize_with = "lenient::count")]
    pub(crate) user_count: Option<u64>,
    /// The role that members have at least.
    #[serde(deserialize_with = "lenient::text")]
    minimum_site_role: Option<String>,
    import: Option<Import>,
}

/// How the roles of members come about; older versions give it alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Import {
    #[serde(deserialize_with = "lenient::text")]
    site_role: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    grant_license_mode: Option<String>,
}

impl Group {
    /// The role that members have at least.
    pub(crate) fn minimum_site_role(&self) -> Option<&str> {
        let import = self.import.as_ref().and_then(|i| i.site_role.as_deref());
        self.minimum_site_role.as_deref().or(import)
    }

    /// When members get that role: `onLogin` or `onSync`.
    pub(crate) fn grant_license_mode(&self) -> Option<&str> {
        self.import.as_ref()?.grant_license_mode.as_deref()
    }
}

impl Row for Group {
    const LIST: &'static str = "groups";
    const ROW: &'static str = "group";
}

/// The default fields, which hold the origin, and the two that they lack.
const FIELDS: &str = "_default_,userCount,minimumSiteRole";

/// Who needs the first page of groups.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FirstPageFor {
    /// The list of groups, which begins with it.
    Groups,
    /// The list of users, for the groups that everyone is in.
    Users,
}

type Page = Arc<OnceCell<Arc<Listing<Group>>>>;

/// The first page of groups, handed once to each who needs it.
///
/// Both ask at the same time, at the beginning of a sync. Who asks again reads
/// a list that changed, for which this page is too old.
#[derive(Debug)]
pub(super) struct FirstPage([Option<Page>; 2]);

impl Default for FirstPage {
    fn default() -> Self {
        let page = Page::default();
        Self([Some(Arc::clone(&page)), Some(page)])
    }
}

impl FirstPage {
    /// The page that is shared; `None` from the second time on.
    pub(super) fn take(&mut self, reader: FirstPageFor) -> Option<Page> {
        self.0[reader as usize].take()
    }
}

impl Client {
    /// The first page of all groups, which two read and the first of them
    /// asks for.
    pub(crate) async fn first_groups(&self, reader: FirstPageFor) -> Result<Arc<Listing<Group>>> {
        let read = async || self.groups(1).await.map(Arc::new);
        match self.first_page(reader) {
            Some(page) => page.get_or_try_init(read).await.cloned(),
            None => read().await,
        }
    }

    /// A page of all groups of the site, in the order of their names.
    pub(crate) async fn groups(&self, page: u32) -> Result<Listing<Group>> {
        let request = self.at_site(&["groups"]).await?.query([("fields", FIELDS), ("sort", "name:asc")]);
        paged(request, page)
            .fetch_with(lenient::decode)
            .await
            .map_err(|e| error::never_missing(e).during("list groups"))
    }

    /// The groups that have exactly so many members, at most one page of
    /// them. None where the server does not filter by that; others where it
    /// passes over a filter that it does not know.
    pub(crate) async fn groups_of(&self, members: u64) -> Result<Vec<Group>> {
        let filter = format!("userCount:eq:{members}");
        let request = self.at_site(&["groups"]).await?.query([
            ("fields", FIELDS),
            ("sort", "name:asc"),
            ("filter", &filter),
        ]);
        match paged(request, 1).fetch_with(lenient::decode::<Listing<Group>>).await {
            Ok(listing) => Ok(listing.rows),
            Err(e) if error::has_status(&e, StatusCode::BAD_REQUEST) => {
                tracing::debug!(error = %e, "the server does not filter groups by their size");
                Ok(Vec::new())
            }
            Err(e) => Err(error::never_missing(e).during("look for the groups that everyone is in")),
        }
    }
}
