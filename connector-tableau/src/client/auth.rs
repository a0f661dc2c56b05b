//! Signing in with a personal access token.
//!
//! A token has one session: signing in again, anywhere, ends the one before.
//! So the [HTTP client](HttpClient) signs in once for all requests, and once
//! more when the session is lost.

use std::sync::{Arc, Mutex, PoisonError};

use connector_sdk::{
    Error, ErrorKind, ExposeSecret, Result, SecretString, async_trait,
    http::{Authenticator, Credential, HeaderName, HttpClient, HttpFailure, StatusCode},
};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OnceCell;

use super::{ApiVersion, error, lenient, version};
use crate::TableauConfig;

/// What a sign-in tells beside the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedIn {
    /// The id of the site.
    pub(crate) site_id: String,
    /// The id of the token's owner on the site.
    pub(crate) user_id: String,
}

/// Signs in with a personal access token.
#[derive(Debug)]
pub(crate) struct PersonalAccessToken {
    name: String,
    secret: SecretString,
    content_url: String,
    version: OnceCell<ApiVersion>,
    signed_in: Mutex<Option<Arc<SignedIn>>>,
}

#[derive(Deserialize)]
struct Answer {
    credentials: Credentials,
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(default, deserialize_with = "lenient::text")]
    token: Option<String>,
    site: Id,
    user: Id,
}

#[derive(Deserialize)]
struct Id {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
}

impl PersonalAccessToken {
    pub(crate) fn new(config: &TableauConfig) -> Self {
        Self {
            name: config.access_token_name.clone(),
            secret: config.access_token_secret.clone(),
            content_url: config.site_id.clone(),
            version: OnceCell::new_with(config.api_version),
            signed_in: Mutex::default(),
        }
    }

    /// The version of the REST API, which is asked for once where it was not
    /// configured.
    pub(crate) async fn version(&self, http: &HttpClient) -> Result<ApiVersion> {
        self.version.get_or_try_init(|| version::discover(http)).await.copied()
    }

    /// What the last sign-in told.
    pub(crate) fn signed_in(&self) -> Option<Arc<SignedIn>> {
        self.signed_in.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The name for an error. Name and secret are easily mixed up, and secrets
    /// have a form of their own.
    fn shown_name(&self) -> String {
        if self.name.contains("==:") {
            "(the name that was given looks like a secret)".to_owned()
        } else {
            format!("{:?}", self.name)
        }
    }

    /// The sentence for a refusal that comes in one form for many reasons.
    fn refused(&self, version: ApiVersion, e: Error) -> Error {
        let site = if self.content_url.is_empty() {
            "the default site does not exist (Tableau Cloud has none: set site-id)".to_owned()
        } else {
            format!("there is no site {:?} (site-id)", self.content_url)
        };
        if error::has_code(&e, error::SIGN_IN_REFUSED) {
            return Error::new(
                ErrorKind::Unauthenticated,
                format!(
                    "Tableau refused the access token {}: its name or secret is wrong, or it has expired \
                     (also after 15 days without use) or been revoked, or {site}; Tableau does not say which",
                    self.shown_name()
                ),
            )
            .with("status", StatusCode::UNAUTHORIZED.as_u16())
            .with("code", error::SIGN_IN_REFUSED);
        }
        if error::has_status(&e, StatusCode::NOT_FOUND) {
            return Error::new(
                ErrorKind::FailedPrecondition,
                format!(
                    "the server has no sign-in in version {version} of the REST API; leave api-version unset to \
                     take what it offers, and check server-path"
                ),
            )
            .caused_by(e);
        }
        e
    }
}

#[async_trait]
impl Authenticator for PersonalAccessToken {
    async fn authenticate(&self, http: &HttpClient) -> Result<Credential> {
        let version = self.version(http).await?;
        let body = json!({"credentials": {
            "personalAccessTokenName": self.name,
            "personalAccessTokenSecret": self.secret.expose_secret(),
            "site": {"contentUrl": self.content_url},
        }});
        // A second try after a lost answer ends a session that nobody uses.
        let request = http
            .post(&format!("api/{version}/auth/signin"))
            .json(&body)
            .idempotent(true)
            .redact(&self.secret);
        let answer = request.fetch_with(lenient::decode::<Answer>).await;
        let credentials =
            answer.map_err(|e| self.refused(version, e).during("sign in to Tableau"))?.credentials;
        let (Some(token), Some(site_id), Some(user_id)) =
            (credentials.token, credentials.site.id, credentials.user.id)
        else {
            return Err(Error::new(
                ErrorKind::DataLoss,
                "the answer to the sign-in lacks the session, the site or the user",
            )
            .during("sign in to Tableau"));
        };
        let signed_in = Some(Arc::new(SignedIn { site_id, user_id }));
        *self.signed_in.lock().unwrap_or_else(PoisonError::into_inner) = signed_in;
        Credential::header(HeaderName::from_static("x-tableau-auth"), token.into())
    }

    fn is_session_loss(&self, failure: &HttpFailure) -> bool {
        error::is_session_loss(failure)
    }

    async fn sign_out(&self, http: &HttpClient, credential: &Credential) -> Result<()> {
        let version = self.version(http).await?;
        let request = http.post(&format!("api/{version}/auth/signout")).credential(credential);
        match request.send().await {
            // The session is over already, which was to be reached.
            Err(e) if error::has_status(&e, StatusCode::UNAUTHORIZED) => Ok(()),
            Err(e) => Err(e.during("sign out of Tableau")),
            Ok(_) => Ok(()),
        }
    }
}
