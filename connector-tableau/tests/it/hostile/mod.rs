//! A hostile server: every answer of a table against every request that the
//! connector makes. Each ends, with exactly what the honest site has or with an
//! error that shows no secret and no control character.

mod answers;
mod server;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use connector_sdk::{Connector, http::RetryPolicy};
use connector_tableau::{ClientSettings, Tableau, TableauConfig};
use connector_testkit::{Document, document, sync_into};
use futures::{StreamExt as _, stream};

use self::{
    answers::{ENCODINGS, Row},
    server::{Request, SESSION, Server, TOKEN},
};

/// Cells under way at once.
const AT_ONCE: usize = 4;

/// The most requests of one cell: each is tried five times, and a list that is
/// not as it should be is read twice.
const MOST_REQUESTS: usize = 60;

/// When a cell is taken to have no end.
const NO_END: Duration = Duration::from_secs(60);

/// What came of a sync.
struct Outcome {
    /// What is in the file, or none.
    document: Option<Document>,
    /// All that was said.
    said: String,
    requests: usize,
}

async fn sync(server: &Server, attacked: Option<Request>) -> Outcome {
    let config = TableauConfig::parse("baton", TOKEN.into(), &server.url, "acme", "").unwrap();
    let retry = RetryPolicy { base: Duration::from_millis(1), ..RetryPolicy::default() };
    let tableau =
        Arc::new(Tableau::new(&config, &ClientSettings { retry, ..ClientSettings::default() }).unwrap());
    let folder = folder();
    let output = folder.path().join("sync.c1z");
    let result = sync_into(tableau.clone(), &output).await;
    let mut said = match &result {
        Ok(summary) => format!("{:?}\n{:?}", summary.warnings, summary.ledger),
        Err(e) => e.report(),
    };
    if attacked == Some(Request::SignOut) {
        // `sync_into` passes over what comes of it, as a program does.
        tableau.validate().await.unwrap();
        if let Err(e) = tableau.close().await {
            said.push_str(&format!("\n{}", e.report()));
        }
    }
    let document = match result {
        Ok(_) => Some(document(&output).await.unwrap()),
        Err(_) => None,
    };
    Outcome { document, said, requests: server.requests() }
}

/// A folder in memory where there is one: what a disk takes its time for is
/// tested elsewhere.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Pieces of secrets, eight characters of them, as they are and as they may be
/// written.
fn pieces(secrets: &[&str]) -> BTreeSet<String> {
    let mut pieces = BTreeSet::new();
    for secret in secrets {
        let forms = ENCODINGS.iter().map(|encode| encode(secret)).chain([(*secret).to_owned()]);
        for form in forms {
            // What stands before the secret is no piece of it.
            let before = if form.starts_with("YmF0b246") { 8 } else { 0 };
            let form: Vec<char> = form.to_lowercase().chars().skip(before).collect();
            // Encodings of single characters are longer for it.
            let least = 8 * (form.len() / secret.len()).max(1);
            pieces.extend(form.windows(least).map(|piece| piece.iter().collect::<String>()));
        }
    }
    pieces
}

/// What is wrong with a cell; nothing where all is well.
async fn judge(row: &Row, request: Request, truth: &Document, pieces: &BTreeSet<String>) -> Option<String> {
    let server = Server::start(Some(request), Arc::clone(&row.answer)).await;
    let Ok(outcome) = tokio::time::timeout(NO_END, sync(&server, Some(request))).await else {
        return Some(format!("it has no end, after {} requests", server.requests()));
    };
    let Outcome { document, said, requests } = outcome;
    let lower = said.to_lowercase();
    if let Some(piece) = pieces.iter().find(|piece| lower.contains(*piece)) {
        return Some(format!("{piece} is shown: {said}"));
    }
    if let Some(control) = said.chars().find(|c| c.is_control() && *c != '\n') {
        return Some(format!("{control:?} is shown: {said}"));
    }
    if requests > MOST_REQUESTS {
        return Some(format!("it took {requests} requests: {said}"));
    }
    match document {
        Some(document) if !(row.sound)(request) && document.sha256 != truth.sha256 => {
            Some(format!("a sync that is not the truth: {said}\n{document}"))
        }
        _ => None,
    }
}

/// The cells in which something is wrong.
async fn wrong(rows: &[Row]) -> Vec<String> {
    let honest = Server::start(None, Arc::new(|_, _| Vec::new())).await;
    let outcome = sync(&honest, None).await;
    let truth = outcome.document.unwrap_or_else(|| panic!("{}", outcome.said));
    let (of_both, of_token) = (pieces(&[TOKEN, SESSION]), pieces(&[TOKEN]));
    let cells: Vec<_> = rows
        .iter()
        .flat_map(|row| Request::ALL.into_iter().map(move |request| (row, request)))
        .filter(|(row, request)| !row.lists || request.is_list())
        .collect();
    stream::iter(cells)
        .map(|(row, request)| {
            // Before it is signed in, nobody can know the session.
            let pieces = if request == Request::ServerInfo { &of_token } else { &of_both };
            let truth = &truth;
            async move {
                let wrong = judge(row, request, truth, pieces).await?;
                Some(format!("{} to {request:?}: {wrong}", row.name))
            }
        })
        .buffered(AT_ONCE)
        .filter_map(async |wrong| wrong)
        .collect()
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_to_every_request_ends_in_the_truth_or_an_error() {
    let wrong = wrong(&answers::all()).await;
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}

/// The most memory that this process ever had, in KiB; the kernel counts it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Two million empty rows are 6 MB of JSON, and were more than a gigabyte of
/// users.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_unpacks_to_much_takes_little_memory() {
    let bombs = answers::bombs();
    let before = peak();
    let wrong = wrong(&bombs).await;
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after - before < 300 * 1024, "from {before} KiB to {after} KiB");
    }
}
