//! The client: every request takes the same way through it.

use std::{
    borrow::Cow,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use connector_model::{Error, ErrorKind, Result, Retry, Waits};
use http::{Method, StatusCode, header};
use tokio::time::Instant;
use url::Url;

use crate::{
    Authenticator, Credential, HttpClientBuilder, HttpFailure, RequestBuilder, Response, RetryPolicy, Stats,
    auth::Session,
    gate::{Concurrency, RateGate},
    page_text,
    quota::FixedQuota,
    rate_limit, redact,
    request::{Identity, Prepared},
    secrets::Known,
    stats::Counters,
    trace,
    transport::{Fault, Incoming, Outgoing, Transport},
};

/// Maps an answer that is no success to an error, where it knows better than
/// the status does.
pub(crate) type Classifier = Arc<dyn Fn(&HttpFailure) -> Option<Error> + Send + Sync>;

/// Redirects to the same server that are followed for one read.
const MAX_REDIRECTS: usize = 5;

/// What all clones share.
pub(crate) struct Inner {
    pub(crate) base_url: Url,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) retry: RetryPolicy,
    pub(crate) gate: RateGate,
    pub(crate) concurrency: Concurrency,
    pub(crate) quota: Option<FixedQuota>,
    pub(crate) classify: Option<Classifier>,
    pub(crate) counters: Counters,
    /// Secrets that no error and no log event may show.
    pub(crate) known: Arc<Known>,
}

/// An HTTP client for one server. Clones share everything.
///
/// A request waits for its turn (the concurrency limit, the server's rate
/// limit, the fixed quota), is sent, and is tried again as its error allows.
/// See the [crate's documentation](crate).
#[derive(Clone)]
pub struct HttpClient {
    inner: Arc<Inner>,
    session: Option<Arc<Session>>,
}

/// One try that came to nothing.
struct Failed {
    error: Error,
    /// Whether the server may have acted on the request.
    sent: bool,
    /// How long the server asked to wait.
    hint: Option<Duration>,
    answer: Option<HttpFailure>,
}

impl HttpClient {
    /// A client for the server at this address, under whose path all requests
    /// are.
    pub fn builder(base_url: Url) -> HttpClientBuilder {
        HttpClientBuilder::new(base_url)
    }

    pub(crate) fn assemble(inner: Inner, authenticator: Option<Arc<dyn Authenticator>>) -> Self {
        let session = authenticator.map(|a| Arc::new(Session::new(a)));
        Self { inner: Arc::new(inner), session }
    }

    /// The address under which the requests are; its path ends with a slash.
    pub fn base_url(&self) -> &Url {
        &self.inner.base_url
    }

    /// What was done so far.
    pub fn stats(&self) -> Stats {
        let mut stats = self.inner.counters.snapshot();
        stats.rate_limited = self.inner.gate.total();
        stats.in_flight_limit = self.inner.concurrency.limit();
        stats
    }

    /// How the server's rate limit holds this client up, for
    /// [`Connector::waits`](connector_model::Connector::waits).
    pub fn waits(&self) -> Waits {
        let gate = &self.inner.gate;
        let left = gate.left();
        Waits { total: gate.total().saturating_sub(left.unwrap_or_default()), left }
    }

    /// A text without the secrets that this client had to do with: its
    /// credentials and what its requests [redact](RequestBuilder::redact), encoded
    /// or not. For what a connector quotes of a server.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.inner.known.secrets().redact(text) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(hidden) => Cow::Owned(hidden),
        }
    }

    pub(crate) fn redact_error(&self, error: Error) -> Error {
        self.inner.known.secrets().hide_in(error)
    }

    pub(crate) fn known(&self) -> &Known {
        &self.inner.known
    }

    /// A request with any method. The path is relative to the base address;
    /// one that begins with a slash, or a whole URL, must be on its server.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, path)
    }

    /// A GET request; see [`request`](Self::request).
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A POST request; see [`request`](Self::request).
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A PUT request; see [`request`](Self::request).
    pub fn put(&self, path: &str) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// A PATCH request; see [`request`](Self::request).
    pub fn patch(&self, path: &str) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// A DELETE request; see [`request`](Self::request).
    pub fn delete(&self, path: &str) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// Signs in now, if that has not happened yet, for connectors that learn
    /// something by it.
    pub async fn sign_in(&self) -> Result<()> {
        match &self.session {
            Some(session) => session.credential(self, None).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Ends the session, if there is one ([`Authenticator::sign_out`]). A
    /// later request signs in anew.
    pub async fn sign_out(&self) -> Result<()> {
        let Some(session) = &self.session else { return Ok(()) };
        match session.take().await {
            Some(held) => session.authenticator.sign_out(&self.unauthenticated(), &held.credential).await,
            None => Ok(()),
        }
    }

    /// The same client without its session.
    pub(crate) fn unauthenticated(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), session: None }
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// Sends a request until it succeeds or may not be tried again: the one
    /// place that retries.
    pub(crate) async fn execute<T>(
        &self,
        request: &Prepared,
        accept: impl Fn(Response) -> Result<T>,
    ) -> Result<T> {
        let policy = &self.inner.retry;
        let started = Instant::now();
        let mut delays = policy.delays();
        let mut next = delays.next();
        let mut attempts = 0;
        let mut lost = None;
        loop {
            let held = match (&self.session, &request.identity) {
                (Some(session), Identity::Session) => Some(session.credential(self, lost).await?),
                _ => None,
            };
            let credential = match (&held, &request.identity) {
                (Some(held), _) => Some(&held.credential),
                (None, Identity::Given(credential)) => Some(credential),
                (None, _) => None,
            };
            attempts += 1;
            let failed = match self.attempt(request, credential, attempts, next).await {
                Ok(response) => match accept(response) {
                    Ok(value) => return Ok(value),
                    Err(error) => Failed { error, sent: true, hint: None, answer: None },
                },
                Err(failed) => failed,
            };
            let Failed { error, sent, hint, answer } = failed;

            if let (Some(session), Some(held), Some(answer)) = (&self.session, &held, &answer)
                && session.authenticator.is_session_loss(answer)
            {
                if lost.is_some() {
                    return Err(lost_again(answer, error));
                }
                tracing::info!(path = answer.path(), "the session was lost; signing in again");
                lost = Some(held.generation);
                // A replay is no further try.
                attempts -= 1;
                continue;
            }

            let few = self.few_tries(&error, sent, answer.as_ref());
            let further = next.filter(|_| few.is_none_or(|few| attempts < few));
            let wait = match (error.retry(), hint) {
                (Retry::Never | Retry::Exhausted, _) => return Err(error),
                (Retry::After(wait), _) | (Retry::Backoff, Some(wait)) => Some(wait),
                (Retry::Backoff, None) => further,
            };
            match wait {
                Some(wait) if wait > policy.ceiling => {
                    return Err(error.retry_as(Retry::After(wait)).with("wait", seconds(wait)));
                }
                _ if sent && !request.idempotent => {
                    return Err(match hint {
                        Some(wait) => error.retry_as(Retry::After(wait)),
                        None => error,
                    });
                }
                Some(wait) if further.is_some() => {
                    self.inner.counters.retried();
                    tokio::time::sleep(wait).await;
                    next = delays.next();
                }
                _ => {
                    return Err(error
                        .retry_as(Retry::Exhausted)
                        .with("attempts", attempts)
                        .with("tried_for", seconds(started.elapsed())));
                }
            }
        }
    }

    /// How often at most a request is tried that fails like this, where the
    /// policy would only lengthen the wait for the same end.
    fn few_tries(&self, error: &Error, sent: bool, answer: Option<&HttpFailure>) -> Option<u32> {
        match answer {
            // An internal error rarely goes away.
            Some(answer) => (answer.status == StatusCode::INTERNAL_SERVER_ERROR).then_some(2),
            // Each try took all the time that a request may take.
            None if error.kind() == ErrorKind::DeadlineExceeded => Some(3),
            // A server that never answered is more often a wrong address than
            // one that is about to come back.
            None => (!sent && !self.inner.counters.has_answers()).then_some(3),
        }
    }

    /// Waits for the request's turn and sends it once. A 429 that does not say
    /// how long to wait shuts the gate until the `next` try.
    async fn attempt(
        &self,
        prepared: &Prepared,
        credential: Option<&Credential>,
        attempt: u32,
        next: Option<Duration>,
    ) -> Result<Response, Failed> {
        let inner = &*self.inner;
        let request = &prepared.outgoing;
        // The permit is held while the gate is shut, so that no more than a
        // limit's worth of requests starts when it opens.
        let permit = inner.concurrency.acquire().await;
        if let Err(left) = inner.gate.pass(inner.retry.ceiling).await {
            return Err(Failed { error: self.shut_out(request, left), sent: true, hint: None, answer: None });
        }
        if let Some(quota) = &inner.quota {
            quota.ready().await;
        }
        let started = Instant::now();
        let (request, outcome) = self.exchange(request, credential).await;
        let took = started.elapsed();
        let incoming = match outcome {
            Ok(incoming) => incoming,
            Err(Fault { error, sent }) => {
                let error = error.with("request", redact::request(&request.method, &request.url));
                let error = self.redact_error(error);
                trace::failed(&request, attempt, &error, took, &inner.known);
                return Err(Failed { error, sent, hint: None, answer: None });
            }
        };
        let Incoming { status, headers, body } = incoming;
        trace::answered(&request, attempt, status, &headers, body.len(), took, &inner.known);
        let throttled = status == StatusCode::TOO_MANY_REQUESTS;
        if throttled {
            permit.throttled()
        } else {
            permit.on_success()
        }
        // An answer that only mentions that nothing remains is believed as far
        // as the ceiling: beyond it, a 429 will say so if it is true.
        let requested = throttled || status == StatusCode::SERVICE_UNAVAILABLE;
        let hint = rate_limit::wait(status, &headers, SystemTime::now())
            .filter(|wait| !wait.is_zero() && (requested || *wait <= inner.retry.ceiling));
        if let Some(wait) = hint.or(next.filter(|_| throttled)) {
            // Before the permit is given back, for somebody waits for it.
            inner.gate.pause_for(wait);
        }
        drop(permit);
        if status.is_success() {
            let Outgoing { method, url, .. } = request;
            let (quotable, known) = (!prepared.secret, Arc::clone(&inner.known));
            return Ok(Response { method, url, status, headers, body, quotable, known });
        }
        let answer = HttpFailure::new(request.method, request.url, status, headers, body);
        let answer = if prepared.secret { answer.unquotable() } else { answer };
        let answer = answer.redact(inner.known.secrets());
        Err(Failed { error: self.explain(&answer), sent: true, hint, answer: Some(answer) })
    }

    /// Sends the request, following redirects of a read within the server.
    /// Gives what was sent last beside the outcome.
    async fn exchange(
        &self,
        request: &Outgoing,
        credential: Option<&Credential>,
    ) -> (Outgoing, Result<Incoming, Fault>) {
        let mut request = request.clone();
        if let Some(credential) = credential {
            request.headers.insert(credential.name().clone(), credential.value().clone());
        }
        let follows = matches!(request.method, Method::GET | Method::HEAD);
        let mut visited = Vec::new();
        loop {
            self.inner.counters.sent();
            let incoming = match self.inner.transport.exchange(&request).await {
                Ok(incoming) => incoming,
                Err(fault) => return (request, Err(fault)),
            };
            self.inner.counters.answered(incoming.status, incoming.body.len());
            let target = incoming
                .headers
                .get(header::LOCATION)
                .filter(|_| incoming.status.is_redirection() && follows)
                .and_then(|location| request.url.join(location.to_str().ok()?).ok())
                .filter(|target| target.origin() == self.inner.base_url.origin());
            let Some(target) = target else { return (request, Ok(incoming)) };
            let from = std::mem::replace(&mut request.url, target);
            visited.push(from);
            if visited.contains(&request.url) || visited.len() > MAX_REDIRECTS {
                let error = endless(&visited, &request.url);
                return (request, Err(Fault { error, sent: true }));
            }
        }
    }

    fn explain(&self, answer: &HttpFailure) -> Error {
        let classified = self.inner.classify.as_ref().and_then(|classify| classify(answer));
        let mut error = classified.unwrap_or_else(|| answer.to_error());
        if error.get("status").is_none() {
            error = error.with("status", answer.status.as_u16());
        }
        if error.get("request").is_none() {
            error = error.with("request", redact::request(&answer.method, &answer.url));
        }
        // A classifier quotes what it decoded.
        self.redact_error(error)
    }

    fn shut_out(&self, request: &Outgoing, left: Duration) -> Error {
        let host = request.url.host_str().unwrap_or("the server");
        Error::new(
            ErrorKind::Unavailable,
            format!(
                "{host} has asked for a pause of {} more, longer than is waited here; run again \
                 after it",
                seconds(left)
            ),
        )
        .retry_as(Retry::After(left))
        .with("request", redact::request(&request.method, &request.url))
    }
}

/// Redirects that never come to an answer.
fn endless(visited: &[Url], target: &Url) -> Error {
    let host = target.host_str().unwrap_or("the server");
    let path = |url: &Url| page_text::one_line(url.path());
    let message = match visited.last() {
        Some(last) if visited.contains(target) => {
            format!("{host} redirects in a circle, from {} to {}", path(last), path(target))
        }
        _ => format!(
            "{host} redirected the request {MAX_REDIRECTS} times in a row, and again to {}",
            path(target)
        ),
    };
    Error::new(ErrorKind::FailedPrecondition, format!("{message}; check the configured address"))
}

/// The second loss of a session in one request, right after a sign-in.
fn lost_again(answer: &HttpFailure, error: Error) -> Error {
    let host = answer.url.host_str().unwrap_or("the server");
    Error::new(
        ErrorKind::Unauthenticated,
        format!(
            "{host} refused the session again right after a new sign-in; another program may be \
             using the same credentials, or they don't allow this request"
        ),
    )
    .with("status", answer.status.as_u16())
    .with("request", redact::request(&answer.method, &answer.url))
    .caused_by(error)
}

fn seconds(time: Duration) -> String {
    if time.as_secs() < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("base_url", &redact::address(&self.inner.base_url))
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
