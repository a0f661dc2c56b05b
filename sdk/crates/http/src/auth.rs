//! Who the client is: a hook that signs in, and the session that all requests
//! of a client share.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use connector_model::{Error, ExposeSecret, Result, SecretString};
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::sync::Mutex;

use crate::{HttpClient, HttpFailure};

/// A header that proves who the client is.
#[derive(Clone)]
pub struct Credential {
    name: HeaderName,
    value: HeaderValue,
    /// The secret alone, to keep it out of errors that quote a server.
    secret: SecretString,
}

impl Credential {
    /// A secret in a header of its own, such as `x-tableau-auth`.
    pub fn header(name: HeaderName, secret: SecretString) -> Result<Self> {
        Self::prefixed(name, "", secret)
    }

    /// `Authorization: Bearer …` (RFC 6750 §2.1).
    pub fn bearer(secret: SecretString) -> Result<Self> {
        Self::prefixed(header::AUTHORIZATION, "Bearer ", secret)
    }

    fn prefixed(name: HeaderName, prefix: &str, secret: SecretString) -> Result<Self> {
        let text = SecretString::from(format!("{prefix}{}", secret.expose_secret()));
        let mut value = HeaderValue::from_str(text.expose_secret()).map_err(|_| {
            Error::invalid(format!(
                "the credential has a character that the header {name} can't carry, such as a \
                 line break: check how it was pasted"
            ))
        })?;
        value.set_sensitive(true);
        Ok(Self { name, value, secret })
    }

    pub(crate) fn name(&self) -> &HeaderName {
        &self.name
    }

    pub(crate) fn value(&self) -> &HeaderValue {
        &self.value
    }

    pub(crate) fn secret(&self) -> &SecretString {
        &self.secret
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("header", &self.name).finish_non_exhaustive()
    }
}

/// Signs in for an [`HttpClient`], which calls it when the first request needs
/// a credential and when a session was lost, never twice at once.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Gets a credential. The client given sends without one.
    async fn authenticate(&self, client: &HttpClient) -> Result<Credential>;

    /// Whether this answer says that the credential is no longer good, so that
    /// a new one may help.
    fn is_session_loss(&self, failure: &HttpFailure) -> bool {
        failure.status() == StatusCode::UNAUTHORIZED
    }

    /// Ends the session ([`HttpClient::sign_out`]). Use
    /// [`RequestBuilder::credential`](crate::RequestBuilder::credential).
    async fn sign_out(&self, _client: &HttpClient, _credential: &Credential) -> Result<()> {
        Ok(())
    }
}

/// A credential that needs no sign-in, such as an API key: its loss is final.
#[async_trait]
impl Authenticator for Credential {
    async fn authenticate(&self, _client: &HttpClient) -> Result<Credential> {
        Ok(self.clone())
    }

    fn is_session_loss(&self, _failure: &HttpFailure) -> bool {
        false
    }
}

/// A credential and which sign-in it came from.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) credential: Credential,
    pub(crate) generation: u64,
}

/// The one session of a client.
pub(crate) struct Session {
    pub(crate) authenticator: Arc<dyn Authenticator>,
    /// Held while a sign-in is under way, so that there is one at most.
    state: Mutex<State>,
    /// Sign-ins that came to an end.
    finished: AtomicU64,
}

#[derive(Default)]
struct State {
    held: Option<Arc<Held>>,
    /// The last sign-in, where it failed, and its number.
    failed: Option<(u64, Arc<Error>)>,
}

impl Session {
    pub(crate) fn new(authenticator: Arc<dyn Authenticator>) -> Self {
        Self { authenticator, state: Mutex::default(), finished: AtomicU64::new(0) }
    }

    /// The credential of a generation other than the lost one: the one that
    /// is there, or that of a new sign-in. Those who waited for a sign-in that
    /// failed share its error; they don't try again one after the other.
    pub(crate) async fn credential(&self, client: &HttpClient, lost: Option<u64>) -> Result<Arc<Held>> {
        let seen = self.finished.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if let Some(held) = state.held.as_ref().filter(|held| Some(held.generation) != lost) {
            return Ok(Arc::clone(held));
        }
        if let Some((number, error)) = &state.failed
            && *number > seen
        {
            return Err(share(error));
        }
        state.held = None;
        client.counters().signed_in();
        let outcome = self.authenticator.authenticate(&client.unauthenticated()).await;
        let number = self.finished.fetch_add(1, Ordering::AcqRel) + 1;
        match outcome {
            Ok(credential) => {
                client.known().add(credential.secret());
                let held = Arc::new(Held { credential, generation: number });
                state.held = Some(Arc::clone(&held));
                state.failed = None;
                Ok(held)
            }
            Err(error) => {
                let error = Arc::new(error);
                state.failed = Some((number, Arc::clone(&error)));
                Err(share(&error))
            }
        }
    }

    /// Forgets the session and gives its credential.
    pub(crate) async fn take(&self) -> Option<Arc<Held>> {
        self.state.lock().await.held.take()
    }
}

/// The same error once more, with the same causes.
fn share(error: &Arc<Error>) -> Error {
    let mut copy = Error::new(error.kind(), error.message().to_owned()).retry_as(error.retry());
    if let Some(operation) = error.operation() {
        copy = copy.during(operation.to_owned());
    }
    for (key, value) in error.context() {
        copy = copy.with(key, value);
    }
    copy.caused_by(Shared(Arc::clone(error)))
}

/// An error that several callers have a share in.
#[derive(Debug)]
struct Shared(Arc<Error>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Shared {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.0)
    }
}
