//! A small Tableau, written byte by byte, of which one kind of request is
//! answered by a hostile hand.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The secret of the access token.
pub(crate) const TOKEN: &str = "qlE1g9MMh9vbrjjg==:rZTHhPp/P2tUW1kfn4+tjg8";
/// The session.
pub(crate) const SESSION: &str = "8wQ&3k\"Zp<1x>f='7|Jm/Rt0+aB";

/// What the connector asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    ServerInfo,
    SignIn,
    Site,
    OwnUser,
    Users,
    Groups,
    Members,
    SignOut,
}

impl Request {
    pub(crate) const ALL: [Self; 8] = [
        Self::ServerInfo,
        Self::SignIn,
        Self::Site,
        Self::OwnUser,
        Self::Users,
        Self::Groups,
        Self::Members,
        Self::SignOut,
    ];

    fn of(path: &str) -> Option<Self> {
        let path = path.split('?').next()?;
        let segments: Vec<_> = path.split('/').skip(3).collect();
        Some(match segments.as_slice() {
            ["serverinfo"] => Self::ServerInfo,
            ["auth", "signin"] => Self::SignIn,
            ["auth", "signout"] => Self::SignOut,
            ["sites", _] => Self::Site,
            ["sites", _, "users"] => Self::Users,
            ["sites", _, "users", _] => Self::OwnUser,
            ["sites", _, "groups"] => Self::Groups,
            ["sites", _, "groups", _, "users"] => Self::Members,
            _ => return None,
        })
    }

    /// Whether the answer is a list by pages.
    pub(crate) fn is_list(self) -> bool {
        matches!(self, Self::Users | Self::Groups | Self::Members)
    }

    /// What a Tableau that means well answers.
    pub(crate) fn honest(self) -> Value {
        let total =
            |rows: u32| json!({"pageNumber": "1", "pageSize": "1000", "totalAvailable": rows.to_string()});
        let user = |id: &str, role: &str| {
            json!({"id": id, "name": format!("{id}@example.com"), "fullName": id, "siteRole": role,
                "lastLogin": "2026-01-02T03:04:05Z", "domain": {"name": "local"}})
        };
        match self {
            Self::ServerInfo => {
                json!({"serverInfo": {"restApiVersion": "3.27", "productVersion": {"value": "2025.3"}}})
            }
            Self::SignIn => {
                json!({"credentials": {"token": SESSION, "site": {"id": "s1", "contentUrl": "acme"}, "user": {"id": "u1"}}})
            }
            Self::Site => {
                json!({"site": {"id": "s1", "name": "Acme", "tierViewerCapacity": "9", "usage": {"numViewers": 1}}})
            }
            Self::OwnUser => json!({"user": user("u1", "SiteAdministratorCreator")}),
            Self::Users => {
                let users =
                    [user("u1", "SiteAdministratorCreator"), user("u2", "Viewer"), user("u3", "Explorer")];
                json!({"pagination": total(3), "users": {"user": users}})
            }
            Self::Groups => {
                let group = |id: &str, count: u32| json!({"id": id, "name": format!("Group {id}"), "userCount": count.to_string(), "domain": {"name": "local"}});
                json!({"pagination": total(2), "groups": {"group": [group("g1", 3), group("g2", 1)]}})
            }
            Self::Members => json!({"pagination": total(1), "users": {"user": [user("u2", "Viewer")]}}),
            Self::SignOut => json!(null),
        }
    }
}

/// What is answered to the attacked request: the bytes, as the request and
/// the number of times that it came have it.
pub(crate) type Answer = Arc<dyn Fn(Request, usize) -> Vec<u8> + Send + Sync>;

/// A server that answers honestly but for one kind of request.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start(attacked: Option<Request>, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let (count, times) = (Arc::clone(&requests), Arc::new(AtomicUsize::new(0)));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, count, times) = (Arc::clone(&answer), Arc::clone(&count), Arc::clone(&times));
                tokio::spawn(async move { serve(stream, attacked, &answer, &count, &times).await });
            }
        });
        Self { url, requests }
    }

    /// How many requests came.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(
    mut stream: TcpStream,
    attacked: Option<Request>,
    answer: &Answer,
    count: &AtomicUsize,
    times: &AtomicUsize,
) -> io::Result<()> {
    let Some(path) = read(&mut stream).await? else { return Ok(()) };
    count.fetch_add(1, Ordering::SeqCst);
    let bytes = match Request::of(&path) {
        Some(request) if Some(request) == attacked => answer(request, times.fetch_add(1, Ordering::SeqCst)),
        Some(request) => honest(request),
        None => b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec(),
    };
    // A client that has seen enough hangs up.
    let _ = stream.write_all(&bytes).await;
    stream.shutdown().await
}

/// Reads a request, body and all; gives its path.
async fn read(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok(head.split(' ').nth(1).map(str::to_owned));
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await? {
            0 => return Ok(None),
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

fn honest(request: Request) -> Vec<u8> {
    match request {
        Request::SignOut => b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec(),
        _ => http("200 OK", &["content-type: application/json"], request.honest().to_string().as_bytes()),
    }
}

/// An answer with a proper head.
pub(crate) fn http(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let head =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}
