//! Tableau's REST API, as far as reading needs it: one file a kind of thing.

mod auth;
mod digits;
pub(crate) mod error;
mod groups;
pub(crate) mod lenient;
mod site;
mod users;
mod version;

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use connector_sdk::{
    Error, Result, Waits,
    config::ConnectContext,
    http::{HttpClient, RequestBuilder, RetryPolicy, Stats},
};
use tokio::sync::OnceCell;

pub use self::version::ApiVersion;
use self::{auth::PersonalAccessToken, groups::FirstPage, users::Unlisted};
pub(crate) use self::{
    auth::SignedIn,
    groups::{FirstPageFor, Group},
    site::Site,
    users::{Member, User},
};
use crate::TableauConfig;

/// Rows a page: the most that the REST API gives.
pub(crate) const PAGE_SIZE: u32 = 1000;

/// The largest answer that is taken, after decompression. A page has 1,000
/// users of some 400 bytes; if all texts of each were as long as Tableau lets
/// them be and every character escaped, it had 8 MiB.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// How the program lets the connector talk.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// The longest time for one try of a request.
    pub timeout: Duration,
    /// The `User-Agent`, such as `baton-tableau/0.1.0`.
    pub user_agent: String,
    /// The most requests under way at once, at least 1.
    pub max_in_flight: usize,
    /// How often a request is tried and how long is waited between.
    pub retry: RetryPolicy,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(300),
            user_agent: concat!("baton-tableau/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_in_flight: 8,
            retry: RetryPolicy::default(),
        }
    }
}

impl From<&ConnectContext> for ClientSettings {
    fn from(context: &ConnectContext) -> Self {
        let default = Self::default();
        Self {
            timeout: context.http_timeout,
            user_agent: context.user_agent.clone(),
            max_in_flight: context.max_in_flight.unwrap_or(default.max_in_flight),
            ..default
        }
    }
}

/// The REST API of one site.
pub(crate) struct Client {
    http: HttpClient,
    auth: Arc<PersonalAccessToken>,
    /// The server refused fields of users by name.
    all_fields: AtomicBool,
    seen: Mutex<Seen>,
}

/// What was read in this sync and is asked for more than once.
#[derive(Default)]
struct Seen {
    site: Arc<OnceCell<Arc<Site>>>,
    first_groups: FirstPage,
    unlisted: Unlisted,
}

impl Client {
    pub(crate) fn new(config: &TableauConfig, settings: &ClientSettings) -> Result<Self> {
        let auth = Arc::new(PersonalAccessToken::new(config));
        let http = HttpClient::builder(config.server.clone())
            .user_agent(&settings.user_agent)
            .timeout(settings.timeout)
            .max_in_flight(settings.max_in_flight)
            .retry(settings.retry)
            .auth(auth.clone())
            .max_body_bytes(MAX_BODY)
            .redact(&config.access_token_secret)
            .classify(error::classify)
            .build()?;
        Ok(Self { http, auth, all_fields: AtomicBool::new(false), seen: Mutex::default() })
    }

    /// What the HTTP client did so far.
    pub(crate) fn stats(&self) -> Stats {
        self.http.stats()
    }

    /// How the server's rate limit holds the client up.
    pub(crate) fn waits(&self) -> Waits {
        self.http.waits()
    }

    /// Forgets what an earlier sync saw.
    pub(crate) fn forget(&self) {
        *self.seen() = Seen::default();
    }

    /// Signs in where nobody has, and says who and where.
    pub(crate) async fn signed_in(&self) -> Result<Arc<SignedIn>> {
        self.http.sign_in().await?;
        self.auth.signed_in().ok_or_else(|| Error::internal("a sign-in left nothing behind"))
    }

    /// A text without the secrets of the client.
    pub(crate) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.http.redact(text)
    }

    /// Ends the session.
    pub(crate) async fn sign_out(&self) -> Result<()> {
        self.http.sign_out().await
    }

    async fn version(&self) -> Result<ApiVersion> {
        self.auth.version(&self.http).await
    }

    /// A GET under the path of the site.
    async fn at_site(&self, path: &[&str]) -> Result<RequestBuilder> {
        let signed_in = self.signed_in().await?;
        let sites = self.http.get(&format!("api/{}/sites", self.version().await?));
        Ok(path.iter().fold(sites.segment(&signed_in.site_id), |request, segment| request.segment(segment)))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn site_cell(&self) -> Arc<OnceCell<Arc<Site>>> {
        Arc::clone(&self.seen().site)
    }

    fn first_page(&self, reader: FirstPageFor) -> Option<Arc<OnceCell<Arc<lenient::Listing<Group>>>>> {
        self.seen().first_groups.take(reader)
    }

    fn unlisted_cell(&self, user: &str) -> Arc<OnceCell<Option<User>>> {
        Arc::clone(self.seen().unlisted.entry(user.to_owned()).or_default())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.http.fmt(f)
    }
}
