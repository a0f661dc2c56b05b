//! What the simulator counts: requests by endpoint.

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering},
};

use serde::Serialize;

macro_rules! endpoints {
    ($($(#[$doc:meta])* $variant:ident = $name:literal),* $(,)?) => {
        /// A kind of request, as counts and faults name it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Endpoint { $($(#[$doc])* $variant),* }

        impl Endpoint {
            /// Every endpoint.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in `/_sim/requests` and in faults.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

endpoints! {
    /// `POST /auth/signin`
    SignIn = "signin",
    /// `POST /auth/signout`
    SignOut = "signout",
    /// `POST /auth/switchSite`
    SwitchSite = "switchsite",
    /// `GET /serverinfo`
    ServerInfo = "serverinfo",
    /// `GET /sites`
    Sites = "sites",
    /// `GET /sites/{id}`
    Site = "site",
    /// `GET /sites/{id}/users`
    Users = "users",
    /// `GET /sites/{id}/users/{id}`
    User = "user",
    /// `GET /sites/{id}/groups`
    Groups = "groups",
    /// `GET /sites/{id}/groups/{id}/users`
    GroupMembers = "group-members",
    /// `GET /sites/{id}/groupsets`
    GroupSets = "groupsets",
    /// `GET /sites/{id}/projects`
    Projects = "projects",
    /// Everything else.
    Other = "other",
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|endpoint| endpoint.name() == name);
        found.copied().ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|endpoint| endpoint.name()).collect();
            format!("{name:?} is no endpoint; there are {}", names.join(", "))
        })
    }
}

/// Requests since the start or the last reset. Endpoints never asked for are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Requests {
    /// The sum over all endpoints.
    pub total: u64,
    /// The count of each endpoint by its name.
    #[serde(flatten)]
    pub by_endpoint: BTreeMap<String, u64>,
}

impl Requests {
    /// The count of one endpoint.
    pub fn of(&self, endpoint: Endpoint) -> u64 {
        self.by_endpoint.get(endpoint.name()).copied().unwrap_or(0)
    }
}

/// One request, as [`Config::record`](crate::Config::record) keeps it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The kind of request.
    pub endpoint: Endpoint,
    /// The path, without the query.
    pub path: String,
    /// The page of a list, from 1; 1 where the request names none.
    pub page: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters([AtomicU64; Endpoint::ALL.len()]);

impl Counters {
    pub(crate) fn count(&self, endpoint: Endpoint) {
        self.0[endpoint as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Requests {
        let mut requests = Requests::default();
        for endpoint in Endpoint::ALL {
            let count = self.0[*endpoint as usize].load(Ordering::Relaxed);
            if count > 0 {
                requests.by_endpoint.insert(endpoint.name().to_owned(), count);
                requests.total += count;
            }
        }
        requests
    }

    pub(crate) fn reset(&self) {
        for counter in &self.0 {
            counter.store(0, Ordering::Relaxed);
        }
    }
}
