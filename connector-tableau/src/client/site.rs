//! The site itself.

use std::sync::Arc;

use connector_sdk::{Error, ErrorKind, Result};
use serde::Deserialize;

use super::{Client, lenient};
use crate::role::License;

/// The site, with its seats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Site {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) id: Option<Arc<str>>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    tier_creator_capacity: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    tier_explorer_capacity: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    tier_viewer_capacity: Option<String>,
    usage: Option<Usage>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Usage {
    #[serde(deserialize_with = "lenient::text")]
    num_creators: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    num_explorers: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    num_viewers: Option<String>,
}

/// The seats of a license; zero where the site does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seats {
    pub(crate) purchased: i64,
    pub(crate) consumed: i64,
}

impl Site {
    /// The seats of a license, where the site says anything about them.
    /// Capacities that are no positive number mean that there is no limit.
    pub(crate) fn seats(&self, license: License) -> Option<Seats> {
        let usage = self.usage.as_ref();
        let (capacity, used) = match license {
            License::Creator => (&self.tier_creator_capacity, usage.and_then(|u| u.num_creators.as_ref())),
            License::Explorer => (&self.tier_explorer_capacity, usage.and_then(|u| u.num_explorers.as_ref())),
            License::Viewer => (&self.tier_viewer_capacity, usage.and_then(|u| u.num_viewers.as_ref())),
            License::Unlicensed => return None,
        };
        let positive = |text: &String| text.trim().parse().ok().filter(|n: &i64| *n > 0);
        let capacity = capacity.as_ref().and_then(positive);
        (capacity.is_some() || used.is_some()).then(|| Seats {
            purchased: capacity.unwrap_or(0),
            consumed: used.and_then(positive).unwrap_or(0),
        })
    }
}

#[derive(Deserialize)]
struct One {
    site: Site,
}

impl Client {
    /// The site that the token signs in to, read once a sync.
    pub(crate) async fn site(&self) -> Result<Arc<Site>> {
        let cell = self.site_cell();
        let read = async || {
            let request = self.at_site(&[]).await?.query([("includeUsage", "true")]);
            let site = request.fetch_with(lenient::decode::<One>).await?.site;
            if site.id.is_none() {
                return Err(Error::new(ErrorKind::DataLoss, "the answer is about a site without an id"));
            }
            Ok(Arc::new(site))
        };
        cell.get_or_try_init(read).await.cloned().map_err(|e| e.during("read the site"))
    }
}
