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

async fn sync(server: &Server) -> Outcome {
    let config = TableauConfig::parse("baton", TOKEN.into(), &server.url, "acme", "").unwrap();
    let retry = RetryPolicy { base: Duration::from_millis(1), ..RetryPolicy::default() };
    let tableau =
        Arc::new(Tableau::new(&config, &ClientSettings { retry, ..ClientSettings::default() }).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("sync.c1z");
    let result = sync_into(tableau.clone(), &output).await;
    let mut said = match &result {
        Ok(summary) => format!("{:?}\n{:?}", summary.warnings, summary.ledger),
        Err(e) => e.report(),
    };
    // Once more, for what `sync_into` passes over.
    let _ = tableau.validate().await;
    if let Err(e) = tableau.close().await {
        said.push_str(&format!("\n{}", e.report()));
    }
    let document = match result {
        Ok(_) => Some(document(&output).await.unwrap()),
        Err(_) => None,
    };
    Outcome { document, said, requests: server.requests() }
}

/// Pieces of secrets, as they are and as they may be written.
fn pieces() -> BTreeSet<String> {
    let mut pieces = BTreeSet::new();
    for secret in [TOKEN, SESSION] {
        let forms = ENCODINGS.iter().map(|encode| encode(secret)).chain([secret.to_owned()]);
        for form in forms {
            let form: Vec<char> = form.to_lowercase().chars().collect();
            // Encodings of single characters repeat their own marks.
            let least = if form.len() >= 3 * secret.len() { 24 } else { 8 };
            pieces.extend(form.windows(least).map(|piece| piece.iter().collect::<String>()));
        }
    }
    pieces
}

/// What is wrong with a cell; nothing where all is well.
async fn judge(row: &Row, request: Request, truth: &Document, pieces: &BTreeSet<String>) -> Option<String> {
    let server = Server::start(Some(request), Arc::clone(&row.answer)).await;
    let Ok(outcome) = tokio::time::timeout(NO_END, sync(&server)).await else {
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
        Some(document) if !row.other_data && document.sha256 != truth.sha256 => {
            Some(format!("a sync that is not the truth: {said}\n{document}"))
        }
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_to_every_request_ends_in_the_truth_or_an_error() {
    let honest = Server::start(None, Arc::new(|_, _| Vec::new())).await;
    let outcome = sync(&honest).await;
    let truth = outcome.document.unwrap_or_else(|| panic!("{}", outcome.said));
    let pieces = pieces();
    let only = std::env::var("HOSTILE").unwrap_or_default();
    let rows: Vec<_> = answers::all()
        .into_iter()
        .filter(|row| row.name.contains(&only) && (only == "bomb" || !row.name.contains("bomb")))
        .collect();
    let cells: Vec<_> = rows
        .iter()
        .flat_map(|row| Request::ALL.into_iter().map(move |request| (row, request)))
        .filter(|(row, request)| !row.lists || request.is_list())
        .collect();
    let wrong: Vec<_> = stream::iter(cells)
        .map(|(row, request)| {
            let (truth, pieces) = (&truth, &pieces);
            async move {
                let t = std::time::Instant::now();
                let wrong = judge(row, request, truth, pieces).await;
                if t.elapsed().as_secs() >= 1 || wrong.is_some() {
                    eprintln!(
                        "{} to {request:?}: {:?} {}",
                        row.name,
                        t.elapsed(),
                        wrong.as_deref().unwrap_or("ok")
                    );
                }
                let wrong = wrong?;
                Some(format!("{} to {request:?}: {wrong}", row.name))
            }
        })
        .buffered(AT_ONCE)
        .filter_map(async |wrong| wrong)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
}
