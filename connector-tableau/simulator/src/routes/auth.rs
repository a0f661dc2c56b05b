//! Signing in and out, and switching sites.

use http::{StatusCode, header};
use quick_xml::{Reader, XmlVersion, events::Event};
use serde::Deserialize;

use super::{Context, Reply};
use crate::{errors::ApiError, server::MAIN, state::Session};

/// The parts of a sign-in or switch-site body that are understood.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    credentials: Option<Credentials>,
    site: Option<SiteName>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Credentials {
    personal_access_token_name: Option<String>,
    personal_access_token_secret: Option<String>,
    name: Option<String>,
    password: Option<String>,
    jwt: Option<String>,
    site: Option<SiteName>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SiteName {
    content_url: String,
}

pub(super) fn sign_in(context: &Context<'_>) -> Result<Reply, ApiError> {
    let body = parse_body(context)?;
    let credentials = body.credentials.ok_or_else(|| malformed("it has no credentials"))?;
    if credentials.jwt.is_some() {
        return Err(ApiError::bad_request(
            "400000",
            "The simulator does not take JSON web tokens; sign in with a personal access token",
        ));
    }
    let server = context.server;
    let by_token = match &credentials {
        Credentials {
            personal_access_token_name: Some(name),
            personal_access_token_secret: Some(secret),
            ..
        } => {
            let right = name == server.token_name() && *secret == server.token_secret();
            (right && !context.switches.revoked_token).then_some(true)
        }
        Credentials { name: Some(name), password: Some(password), .. } => {
            let right =
                *name == server.site(MAIN).seed.user_name(server.caller()) && *password == server.password();
            right.then_some(false)
        }
        _ => {
            return Err(malformed("it has neither a token's name and secret nor a user's name and password"));
        }
    };
    let wanted = credentials.site.unwrap_or_default().content_url;
    let site = server.sites().find(|(_, site)| site.content_url.eq_ignore_ascii_case(&wanted));
    let (Some(by_token), Some((site, _))) = (by_token, site) else { return Err(ApiError::sign_in_failed()) };
    Ok(start(context, Session { site, user: server.caller(), by_token }))
}

pub(super) fn sign_out(context: &Context<'_>) -> Result<Reply, ApiError> {
    let token = context.token().ok_or_else(ApiError::no_credentials)?;
    context.server.sessions().end(token).ok_or_else(ApiError::session_invalid)?;
    Ok(Reply::no_content())
}

pub(super) fn switch_site(context: &Context<'_>) -> Result<Reply, ApiError> {
    let session = context.session()?;
    let wanted = parse_body(context)?.site.ok_or_else(|| malformed("it names no site"))?.content_url;
    let found = context.server.sites().find(|(_, site)| site.content_url.eq_ignore_ascii_case(&wanted));
    let Some((site, _)) = found else {
        return Err(ApiError::new(
            StatusCode::UNAUTHORIZED,
            "401003",
            "Unauthorized Access",
            "Error switching site",
        ));
    };
    if site == session.site {
        let detail = "The user is already signed in to this site";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "403070", "Forbidden", detail));
    }
    if let Some(token) = context.token() {
        context.server.sessions().end(token);
    }
    Ok(start(context, Session { site, ..session }))
}

fn start(context: &Context<'_>, session: Session) -> Reply {
    let token = context.server.sessions().start(session);
    let site = context.server.site(session.site);
    let mut doc = context.doc(0);
    doc.open("credentials");
    doc.attr("token", &token);
    doc.attr("estimatedTimeToExpiration", "2:00:00");
    doc.open("site");
    doc.id("id", site.id);
    doc.attr("contentUrl", &site.content_url);
    doc.close("site");
    doc.open("user");
    doc.id("id", site.seed.user_ids.id(session.user));
    doc.close("user");
    doc.close("credentials");
    Reply::document(doc)
}

/// Reads the body by its content type; XML unless JSON is named.
fn parse_body(context: &Context<'_>) -> Result<Body, ApiError> {
    let content_type = context.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|value| value.to_ascii_lowercase().contains("json")) {
        serde_json::from_slice(&context.body).map_err(|_| malformed("it is not JSON of the right shape"))
    } else {
        let text = std::str::from_utf8(&context.body).map_err(|_| malformed("it is not UTF-8"))?;
        parse_xml(text).ok_or_else(|| malformed("it is not XML"))
    }
}

fn parse_xml(text: &str) -> Option<Body> {
    let mut reader = Reader::from_str(text);
    let mut body = Body::default();
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) => {
                let attribute = |name: &str| {
                    let found = element.try_get_attribute(name).ok().flatten()?;
                    found.normalized_value(XmlVersion::Implicit1_0).ok().map(|value| value.into_owned())
                };
                match element.local_name().as_ref() {
                    "credentials" => {
                        body.credentials = Some(Credentials {
                            personal_access_token_name: attribute("personalAccessTokenName"),
                            personal_access_token_secret: attribute("personalAccessTokenSecret"),
                            name: attribute("name"),
                            password: attribute("password"),
                            jwt: attribute("jwt"),
                            site: None,
                        });
                    }
                    "site" => {
                        let site =
                            Some(SiteName { content_url: attribute("contentUrl").unwrap_or_default() });
                        match &mut body.credentials {
                            Some(credentials) => credentials.site = site,
                            None => body.site = site,
                        }
                    }
                    _ => {}
                }
            }
            Event::Eof => return Some(body),
            _ => {}
        }
    }
}

fn malformed(why: &str) -> ApiError {
    ApiError::bad_request("400000", format!("The request body cannot be read: {why}"))
}
