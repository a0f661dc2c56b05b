//! From a request to its answer.

mod auth;
mod content;
pub(crate) mod groups;
mod respond;
mod server_info;
mod sites;
mod target;
pub(crate) mod truth;
mod users;

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    response::Response,
    routing::{get, post},
};
use http::{HeaderMap, Method, Request, StatusCode, header, request::Parts};

use self::{
    respond::Reply,
    target::{Target, parse_path},
};
use crate::{
    Asked, Endpoint,
    errors::ApiError,
    faults::{Effect, Switches},
    listener::Connection,
    query::Query,
    render::{Doc, Format, Shape},
    server::{Server, Site},
    state::Session,
};

/// No request that is understood comes near this many bytes.
const BODY_LIMIT: usize = 1 << 20;

pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/_sim/seed", get(truth::seed))
        .route("/_sim/requests", get(truth::requests).delete(truth::reset))
        .route("/_sim/requests/reset", post(truth::reset))
        .route("/_sim/faults", post(truth::set_faults))
        .fallback(handle)
        .with_state(server)
}

/// What a handler needs to know of a request.
pub(crate) struct Context<'a> {
    server: &'a Server,
    format: Format,
    switches: Switches,
    version: (u32, u32),
    query: Query,
    headers: &'a HeaderMap,
    body: Bytes,
}

impl Context<'_> {
    fn doc(&self, size: usize) -> Doc {
        let shape = Shape {
            single_object: self.switches.single_object,
            native_scalars: self.switches.native_scalars,
        };
        Doc::new(self.format, shape, size)
    }

    fn token(&self) -> Option<&str> {
        session_token(self.headers)
    }

    /// The session of the request.
    fn session(&self) -> Result<Session, ApiError> {
        let token = self.token().ok_or_else(ApiError::no_credentials)?;
        self.server.sessions().get(token).ok_or_else(ApiError::session_invalid)
    }

    /// The session, and the site it is for, where the path names that same site.
    fn session_for(&self, site: &str) -> Result<(Session, &Site), ApiError> {
        let session = self.session()?;
        let own = self.server.site(session.site);
        match site.parse() {
            Ok(id) if id == own.id => Ok((session, own)),
            Ok(id) if self.server.sites().any(|(_, other)| other.id == id) => {
                Err(ApiError::forbidden(format!(
                    "The site {id} of the request is not the site {} that the credentials token is for",
                    own.id
                )))
            }
            _ => Err(ApiError::not_found("404000", format!("Site '{site}' could not be found"))),
        }
    }

    /// Refuses a resource that a later API version brought.
    fn since(&self, version: (u32, u32), path: &str) -> Result<(), ApiError> {
        if self.version < version { Err(ApiError::unknown_resource(path)) } else { Ok(()) }
    }
}

async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request<axum::body::Body>,
) -> Response {
    let (parts, body) = request.into_parts();
    let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let format = Format::from_accept(accept);
    let (version, target) = parse_path(parts.uri.path());
    let known_method = target.method() == parts.method;
    let endpoint = if known_method { target.endpoint() } else { Endpoint::Other };
    server.counters.count(endpoint);
    let query = Query::parse(parts.uri.query());
    if server.config.record {
        server.asked().push(Asked { endpoint, path: parts.uri.path().to_owned(), page: query.page_number() });
    }
    let effects = server.plan().strike(endpoint, query.page_number());
    tracing::debug!(method = %parts.method, path = parts.uri.path(), ?effects, "request");

    if !server.config.latency.is_zero() {
        pause(&server, server.config.latency).await;
    }
    if let Some(response) = strike_before(&server, &parts, format, &connection, &effects).await {
        return response;
    }
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return respond::error(&ApiError::bad_request("400000", "The request body is too large"), format);
    };
    let switches = server.switches();
    let context = Context {
        server: &server,
        format,
        switches,
        version: version.unwrap_or_default(),
        query,
        headers: &parts.headers,
        body,
    };
    let known_version = version.is_some_and(|version| version <= server.config.api_version);
    let result = if !known_version {
        Err(ApiError::unknown_resource(parts.uri.path()))
    } else if !known_method && target != Target::Unknown {
        Err(ApiError::method_not_allowed())
    } else {
        answer(&context, target, parts.uri.path())
    };
    match result {
        Ok(reply) => respond::strike_after(reply.into_response(format), &effects).await,
        Err(error) => respond::error(&error, format),
    }
}

fn answer(context: &Context<'_>, target: Target<'_>, path: &str) -> Result<Reply, ApiError> {
    match target {
        Target::SignIn => auth::sign_in(context),
        Target::SignOut => auth::sign_out(context),
        Target::SwitchSite => auth::switch_site(context),
        Target::ServerInfo => server_info::get(context),
        Target::Sites => sites::list(context),
        Target::Site(site) => sites::get(context, site),
        Target::Users(site) => users::list(context, site),
        Target::User(site, user) => users::get(context, site, user),
        Target::Groups(site) => groups::list(context, site),
        Target::GroupMembers(site, group) => groups::members(context, site, group),
        Target::GroupSets(site) => content::group_sets(context, site, path),
        Target::Projects(site) => content::projects(context, site),
        Target::Unknown => Err(ApiError::unknown_resource(path)),
    }
}

/// Applies the effects that come before the answer; some are the answer.
async fn strike_before(
    server: &Server,
    parts: &Parts,
    format: Format,
    connection: &Connection,
    effects: &[Effect],
) -> Option<Response> {
    server.drift(effects);
    let mut answer = None;
    for effect in effects {
        match effect {
            Effect::Expire => {
                if let Some(token) = session_token(&parts.headers) {
                    server.sessions().end(token);
                }
            }
            Effect::Slow(duration) => pause(server, *duration).await,
            Effect::Hang => {
                server.stopped().await;
                connection.reset();
            }
            Effect::Reset => {
                connection.reset();
                answer = answer.or_else(|| Some(respond::empty(StatusCode::OK)));
            }
            effect => answer = answer.or_else(|| respond::struck(effect, format)),
        }
    }
    answer
}

async fn pause(server: &Server, duration: std::time::Duration) {
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        () = server.stopped() => {}
    }
}

fn session_token(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-tableau-auth").and_then(|value| value.to_str().ok()).filter(|token| !token.is_empty())
}

impl Target<'_> {
    fn method(self) -> Method {
        match self {
            Self::SignIn | Self::SignOut | Self::SwitchSite => Method::POST,
            _ => Method::GET,
        }
    }
}
