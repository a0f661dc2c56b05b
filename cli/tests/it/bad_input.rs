//! What can go wrong between the program and its site: each ends in one
//! sentence and the right exit code, with the old file intact. What stays is at
//! most the hidden folder that the next run goes on from. What the disk does is
//! in `bad_disk`.

use std::{net::TcpListener, process::Command, sync::Arc};

use futures::{StreamExt as _, stream};
use rcgen::{CertificateParams, KeyPair};
use tableau_simulator::{Config, Simulator};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use crate::support::{Ended, Room, Running, site};

/// Cases under way at once.
const AT_ONCE: usize = 6;

type Change = Box<dyn FnOnce(&mut Command, &Simulator)>;

/// One thing that goes wrong.
struct Case {
    what: &'static str,
    faults: &'static [&'static str],
    arguments: &'static [&'static str],
    /// What lies at the output, where that is no file of ours.
    foreign: Option<&'static [u8]>,
    change: Change,
}

/// A fault of the site.
fn at_site(what: &'static str, faults: &'static [&'static str]) -> Case {
    Case { what, faults, arguments: &[], foreign: None, change: Box::new(|_, _| {}) }
}

/// Another setting than the right one.
fn set(what: &'static str, name: &'static str, value: impl Into<String>) -> Case {
    let value = value.into();
    let change = move |command: &mut Command, _: &Simulator| {
        command.env(name, value);
    };
    Case { change: Box::new(change), ..at_site(what, &[]) }
}

/// Runs a sync of a site with a fault where an old file lies in place, and
/// gives the line for the table.
async fn ends(case: Case, old: Arc<Vec<u8>>) -> String {
    let (room, site) = (Room::new(), site(case.faults).await);
    let Case { what, arguments, foreign, change, .. } = case;
    let old = foreign.unwrap_or(&old);
    std::fs::write(room.path("sync.c1z"), old).unwrap();
    let mut command = room.sync_command(&site, &[&["--log-level=error"], arguments].concat());
    change(&mut command, &site);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let ended = Ended::of(output);
    assert!(ended.stdout.is_empty(), "{what}: {}", ended.stdout);
    assert_eq!(site.open_sessions(), 0, "{what}: it signed out");
    if foreign.is_some() {
        assert_eq!(site.requests().total, 0, "{what}: it is said before the first request");
    }
    let told = told(what, &room, old, &site, ended.code, &ended.stderr);
    if !room.names().contains(&WORK.to_owned()) {
        return told;
    }
    // A good run goes on from there, and leaves nothing.
    site.set_faults([]);
    let command = room.sync_command(&site, &[]);
    let ended = tokio::task::spawn_blocking(|| goes_on(command)).await.unwrap();
    assert_eq!(room.names(), ["sync.c1z"], "{what}: {}", ended.stderr);
    told + "  what was read is kept, and the next run goes on from there\n"
}

/// The folder beside the output that a run may leave.
const WORK: &str = ".sync.c1z.work";

fn goes_on(mut command: Command) -> Ended {
    let ended = Ended::of(command.output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("going on with the sync"), "{}", ended.stderr);
    ended
}

/// Makes sure that the run came to nothing and said why in one sentence, and
/// gives the line for the table.
fn told(what: &str, room: &Room, old: &[u8], site: &Simulator, code: i32, stderr: &str) -> String {
    assert_ne!(code, 0, "{what}: it must not pass");
    assert!(std::fs::read(room.path("sync.c1z")).unwrap() == old, "{what}: the old file is intact");
    let names = room.names();
    assert!(names == ["sync.c1z"] || names == [WORK, "sync.c1z"], "{what}: {names:?}");
    for secret in [&*site.token_secret(), "hunter2"] {
        assert!(!stderr.contains(secret), "{what}: a secret is shown: {stderr}");
    }
    // The sentence, and under it the causes, come last.
    let mut said = stderr.lines().filter(|line| !line.starts_with('{'));
    let sentence = said.next().and_then(|line| line.strip_prefix("error: "));
    let sentence = sentence.unwrap_or_else(|| panic!("{what}: no error: {stderr}"));
    assert!(said.all(|line| line.starts_with("  because: ")), "{what}: one sentence: {stderr}");
    format!("{what}\n  {code} {sentence}\n")
}

fn cases() -> Vec<Case> {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let no_tls: Change = Box::new(|command, site| {
        command.env("BATON_SERVER_PATH", site.url().replace("http://", "https://"));
    });
    // The last ones take seconds, side by side, for they are tried again.
    vec![
        set("wrong token", "BATON_ACCESS_TOKEN_SECRET", "hunter2"),
        at_site("revoked token", &["revoked-token"]),
        at_site("a token that is revoked half way", &["expire=users@1", "error=signin@2+:401:401001"]),
        set("wrong site", "BATON_SITE_ID", "nowhere"),
        at_site("a session that ends again and again", &["expire=group-members@1+"]),
        at_site("an account that is no administrator", &["non-admin"]),
        at_site("a 403 half way", &["forbidden=group-members@2+"]),
        at_site("HTML instead of JSON", &["html=users@1+"]),
        Case { change: no_tls, ..at_site("no TLS at the other end", &[]) },
        set("a certificate that nobody vouches for", "BATON_SERVER_PATH", self_signed()),
        set("plain http to another machine", "BATON_SERVER_PATH", "http://tableau.example.com"),
        Case { foreign: Some(b"my own notes"), ..at_site("a target that is no file of ours", &[]) },
        at_site("a 429 storm that says when to come back", &["storm=500:1"]),
        at_site("a 429 storm that says to come back at once", &["storm=500:0"]),
        set("a port where nobody listens", "BATON_SERVER_PATH", format!("http://{closed}")),
        Case { arguments: &["--http-timeout-seconds=1"], ..at_site("a hung page", &["hang=users@1+"]) },
        at_site("a truncated body", &["truncate=users@1+"]),
    ]
}

/// The address of a server with a certificate of its own making.
fn self_signed() -> String {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.der().clone()], key.into()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // The other end hangs up, as it should.
            let _ = acceptor.accept(stream).await;
        }
    });
    format!("https://{address}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ends_in_one_sentence_and_the_old_file_stays() {
    let old = Arc::new(old().await);
    let cases: Vec<_> =
        stream::iter(cases()).map(|case| ends(case, Arc::clone(&old))).buffered(AT_ONCE).collect().await;
    let table = cases.concat() + &interrupted(&old).await;
    insta::with_settings!({filters => vec![
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "LUID"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"after \d+ bytes", "after SOME bytes"),
        (r"tried_for=[^,)]*", "tried_for=SOME TIME"),
    ]}, { insta::assert_snapshot!(table) });
}

async fn old() -> Vec<u8> {
    let (room, site) = (Room::new(), site(&[]).await);
    assert_eq!(room.sync(&site, &[]).code, 0);
    std::fs::read(room.path("sync.c1z")).unwrap()
}

/// Two runs on one output, the first of which is stopped by ctrl-C.
async fn interrupted(old: &[u8]) -> String {
    let (room, slow, quick) = (Room::new(), site(&["hang=users@1+"]).await, site(&[]).await);
    std::fs::write(room.path("sync.c1z"), old).unwrap();
    let running = Running::until_stderr(room.sync_command(&slow, &[]), "reading resources");

    let second = room.sync(&quick, &["--log-level=error"]);
    assert_eq!(quick.requests().total, 0, "the second run is refused before the first request");
    let (code, stderr) = running.stop_and_read("INT");
    let stderr = stderr.replace("stopping (a second signal stops at once)\n", "");
    assert_eq!(slow.open_sessions(), 0, "it signed out");
    told("a second run on the same output", &room, old, &quick, second.code, &second.stderr)
        + &told("ctrl-C", &room, old, &slow, code, &stderr)
}

/// What is said depends on this machine's name server: where it does not
/// answer, nobody can tell that there is no such name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_does_a_name_that_does_not_exist() {
    let old = Arc::new(old().await);
    let told = ends(set("no name", "BATON_SERVER_PATH", "no-such-host.invalid"), old).await;
    let unknown = told.contains("  3 ") && told.contains("there is no host named no-such-host.invalid");
    let unanswered = told.contains("  14 ") && told.contains("the name server gave no answer");
    assert!(unknown || unanswered, "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_without_users_is_a_site() {
    let config = Config { users: 0, groups: 2, ..Config::default() };
    let (room, site) = (Room::new(), Simulator::start(config).await.unwrap());
    let ended = room.sync(&site, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("the sync is complete"), "{}", ended.stderr);
}
