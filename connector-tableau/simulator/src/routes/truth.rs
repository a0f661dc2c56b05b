//! `/_sim`: the truth behind the site, and the counts. None of this is counted or delayed.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde::Serialize;

use super::groups;
use crate::{
    Requests,
    faults::Fault,
    seed::{Group, GroupIndex, Luid},
    server::{MAIN, Seats, Server},
};

/// Users written at a time.
const CHUNK: usize = 1000;

/// What is true of the site as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SiteTruth {
    /// The site's id.
    pub id: Luid,
    /// The display name.
    pub name: String,
    /// The content URL, which is what one signs in to.
    pub content_url: String,
    /// The id of the user whom the token belongs to.
    pub caller: Luid,
    /// The licences bought.
    pub capacity: Seats,
    /// The licences in use.
    pub usage: Seats,
}

#[derive(Serialize)]
struct GroupWithMembers {
    #[serde(flatten)]
    group: Group,
    members: Vec<Luid>,
}

pub(crate) fn site(server: &Server) -> SiteTruth {
    let site = server.site(MAIN);
    SiteTruth {
        id: site.id,
        name: site.name.to_owned(),
        content_url: site.content_url.clone(),
        caller: site.seed.user_ids.id(server.caller()),
        capacity: site.capacity,
        usage: site.usage(),
    }
}

pub(crate) fn group(server: &Server, index: GroupIndex) -> Group {
    let site = server.site(MAIN);
    let license = site.seed.group_license(index);
    Group {
        id: site.seed.group_ids.id(index),
        name: groups::name(&site.seed, index, server.switches()),
        domain: site.seed.group_domain(index),
        minimum_site_role: license.map(|(role, _)| role),
        license_mode: license.map(|(_, mode)| mode),
        user_count: site.live().member_count(index, &site.seed),
    }
}

pub(crate) fn members(server: &Server, index: GroupIndex) -> Vec<Luid> {
    let site = server.site(MAIN);
    let members = site.live().members(index, &site.seed);
    members.into_iter().map(|slot| site.seed.user_ids.id(slot)).collect()
}

/// Streams `{"site": …, "users": […], "groups": […]}` in pieces, each made when the last is sent.
pub(super) async fn seed(State(server): State<Arc<Server>>) -> Response {
    let slots = server.site(MAIN).live().users().to_vec();
    let groups = groups::all(&server.site(MAIN).seed, server.switches());
    let head = format!("{{\"site\":{},\"users\":[", json(&site(&server)));

    let user_server = Arc::clone(&server);
    let chunks = slots.len().div_ceil(CHUNK);
    let users = (0..chunks).map(move |chunk| {
        let seed = &user_server.site(MAIN).seed;
        let first = chunk * CHUNK;
        let rows = &slots[first..(first + CHUNK).min(slots.len())];
        let rows: Vec<_> = rows.iter().map(|slot| json(&seed.user(*slot))).collect();
        separated(chunk, &rows.join(",\n"))
    });
    let groups = groups.into_iter().enumerate().map(move |(position, index)| {
        let row = GroupWithMembers { group: group(&server, index), members: members(&server, index) };
        separated(position, &json(&row))
    });
    let pieces = std::iter::once(head)
        .chain(users)
        .chain(std::iter::once("],\"groups\":[".to_owned()))
        .chain(groups)
        .chain(std::iter::once("]}\n".to_owned()));
    let body = Body::from_stream(futures::stream::iter(pieces.map(Ok::<_, std::convert::Infallible>)));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn separated(position: usize, text: &str) -> String {
    let mut piece = String::with_capacity(text.len() + 2);
    piece.push_str(if position == 0 { "\n" } else { ",\n" });
    piece.push_str(text);
    piece
}

/// Nothing given to this can fail to serialise: strings, numbers and lists of them.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) async fn requests(State(server): State<Arc<Server>>) -> Json<Requests> {
    Json(server.counters.snapshot())
}

pub(super) async fn reset(State(server): State<Arc<Server>>) -> StatusCode {
    server.counters.reset();
    StatusCode::NO_CONTENT
}

/// Replaces the faults by those in the body, one a line.
pub(super) async fn set_faults(State(server): State<Arc<Server>>, text: String) -> Response {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match lines.map(str::parse).collect::<Result<Vec<Fault>, _>>() {
        Ok(faults) => {
            server.set_faults(&faults);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}
