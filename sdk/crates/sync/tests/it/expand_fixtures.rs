//! Expansion of files of another writer, where their folder is beside the repository: what that writer made of them is
//! the oracle.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use connector_graph::{ExpandOptions, ExpandedFile, expand_file};
use connector_model::{ErrorKind, wire};
use connector_store::{
    C1z, Finish, NewSync, OpenOptions, SyncView, WorkDb, envelope,
    reader::{EntitlementFilter, GrantFilter, ResourceFilter},
};
use futures::TryStreamExt as _;
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use crate::fake::Place;

/// Sources, with whether they are direct, by entitlement, principal's type and id.
type Sources = BTreeMap<(String, String, String), BTreeMap<String, bool>>;

/// A file of the folder of fixtures, or nothing, said aloud.
fn fixture(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/fixtures");
    if folder.is_dir() {
        return Some(folder.join(name));
    }
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    {
        eprintln!("skipped: there is no folder of fixtures beside the repository");
    }
    None
}

async fn open(path: &Path) -> C1z {
    C1z::open(path, &OpenOptions::default()).await.unwrap()
}

async fn sources(view: &SyncView<'_>) -> Sources {
    let filter = GrantFilter::default();
    let all: Vec<_> = view.grants(&filter).try_collect().await.unwrap();
    let count = all.len();
    let of = |row: connector_store::GrantRow| {
        let grant = wire::Grant::decode(&*row.data).unwrap();
        let sources = grant.sources.unwrap_or_default().sources;
        let key = (
            row.entitlement_id.to_string(),
            row.principal_resource_type_id.to_string(),
            row.principal_resource_id.to_string(),
        );
        (key, sources.into_iter().map(|(id, source)| (id, source.is_direct)).collect())
    };
    let sources: Sources = all.into_iter().map(|record| of(record.row)).collect();
    assert_eq!(sources.len(), count, "no pair comes twice");
    sources
}

async fn expand(input: &Path, output: &Path) -> connector_model::Result<ExpandedFile> {
    expand_file(input, output, &ExpandOptions::default(), &|_| {}, CancellationToken::new()).await
}

#[tokio::test]
async fn an_unexpanded_file_becomes_what_the_other_writer_made_of_it() {
    let (Some(input), Some(wanted)) = (fixture("small-unexpanded.c1z"), fixture("small-expanded.c1z")) else {
        return;
    };
    let place = Place::new();
    let done = expand(&input, &place.output()).await.unwrap();
    assert_eq!((done.expanded.edges, done.expanded.missing.count, done.expanded.cycles.count), (799, 0, 0));
    assert_eq!(done.expanded.created.values().sum::<u64>(), 14_981 - 2_909);
    assert!(done.was_unfinished);

    let (file, oracle) = (open(&place.output()).await, open(&wanted).await);
    let (view, oracle) = (file.view(None).await.unwrap(), oracle.view(None).await.unwrap());
    let names = |all: Sources| -> BTreeMap<_, Vec<String>> {
        all.into_iter().map(|(pair, sources)| (pair, sources.into_keys().collect())).collect()
    };
    let got = names(sources(&view).await);
    assert_eq!(got.len(), 14_981);
    assert!(got == names(sources(&oracle).await));

    let run = view.run();
    assert!(run.is_finished() && run.supports_diff && run.grants_backfilled);
    assert_eq!(run.id, done.sync_id);
    assert_eq!(view.file().sync_token(run).await.unwrap(), r#"{"version":1}"#);
    let stats = view.stored_stats().await.unwrap().unwrap();
    assert_eq!(stats.grants, 14_981);
    assert_eq!(stats, view.counted_stats().await.unwrap());
    // The 799 edges are from 409 grants, which say so in the column and no more in the message.
    let filter = GrantFilter::default();
    let all: Vec<_> = view.grants(&filter).try_collect().await.unwrap();
    let expandable: Vec<_> = all.iter().filter(|g| g.row.needs_expansion).collect();
    assert_eq!(expandable.len(), 409);
    let name = b"GrantExpandable";
    assert!(all.iter().all(|g| !g.row.data.windows(name.len()).any(|w| w == name)));

    // Again, in place: nothing more comes of it.
    let first = sources(&view).await;
    let again = expand(&place.output(), &place.output()).await.unwrap();
    assert_eq!((again.expanded.created, again.expanded.updated), (BTreeMap::new(), 0));
    assert!(!again.was_unfinished);
    let file = open(&place.output()).await;
    let view = file.view(None).await.unwrap();
    assert!(sources(&view).await == first);
    assert_eq!(view.run().ended_at, run.ended_at);
    assert_eq!(place.files(), ["sync.c1z"]);
}

/// The grants that were there before: those without sources, or with their own entitlement among them.
async fn roll_back(view: &SyncView<'_>, to: &Path) {
    let work = to.with_extension("db");
    let mut db = WorkDb::create(&work, &NewSync::full()).await.unwrap();
    let mut batch = db.begin().await.unwrap();
    let types: Vec<_> = view.resource_types(&()).map_ok(|r| r.row).try_collect().await.unwrap();
    let _ = batch.put_resource_types(&types).await.unwrap();
    let filter = ResourceFilter::default();
    let resources: Vec<_> = view.resources(&filter).map_ok(|r| r.row).try_collect().await.unwrap();
    let _ = batch.put_resources(&resources).await.unwrap();
    let filter = EntitlementFilter::default();
    let entitlements: Vec<_> = view.entitlements(&filter).map_ok(|r| r.row).try_collect().await.unwrap();
    let _ = batch.put_entitlements(&entitlements).await.unwrap();
    let filter = GrantFilter::default();
    let all: Vec<_> = view.grants(&filter).map_ok(|r| r.row).try_collect().await.unwrap();
    let mut kept = Vec::new();
    for mut row in all {
        let mut grant = wire::Grant::decode(&*row.data).unwrap();
        let sources = grant.sources.take().unwrap_or_default().sources;
        if sources.is_empty() || sources.contains_key(&*row.entitlement_id) {
            row.data = grant.encode_to_vec();
            kept.push(row);
        }
    }
    let _ = batch.put_grants(&kept).await.unwrap();
    batch.commit().await.unwrap();
    db.build_indexes().await.unwrap();
    let stats = db.stats().await.unwrap();
    let ended_at = jiff::Timestamp::now();
    db.finish(&Finish { ended_at, stats, supports_diff: false, completed_actions: 0 }).await.unwrap();
    envelope::pack(&db.close_for_packing().await.unwrap(), to).await.unwrap();
    std::fs::remove_file(work).unwrap();
}

#[tokio::test]
async fn what_is_rolled_back_comes_back_with_what_is_direct() {
    let Some(path) = fixture("sdk-0.25-chains-expanded.c1z") else { return };
    let oracle = open(&path).await;
    let oracle = sources(&oracle.view(None).await.unwrap()).await;
    assert!(
        oracle.values().flatten().any(|(_, direct)| *direct) && oracle.values().flatten().any(|(_, d)| !d)
    );

    let place = Place::new();
    let file = open(&path).await;
    roll_back(&file.view(None).await.unwrap(), &place.output()).await;
    let before = open(&place.output()).await;
    let before = sources(&before.view(None).await.unwrap()).await;
    assert!(before.len() < oracle.len() && before.values().all(BTreeMap::is_empty));

    let done = expand(&place.output(), &place.output()).await.unwrap();
    let after = open(&place.output()).await;
    assert!(sources(&after.view(None).await.unwrap()).await == oracle);
    assert_eq!(done.expanded.created.values().sum::<u64>() as usize, oracle.len() - before.len());
    assert_eq!(done.expanded.edges, 48);
}

/// A file of 2025, with nothing to expand in it.
#[tokio::test]
async fn a_file_without_edges_stays_as_it_is() {
    let Some(path) = fixture("tableau-2025-01.c1z") else { return };
    let place = Place::new();
    let done = expand(&path, &place.output()).await.unwrap();
    assert_eq!((done.expanded.edges, done.expanded.created.len()), (0, 0));
    let (file, old) = (open(&place.output()).await, open(&path).await);
    let (view, old) = (file.view(None).await.unwrap(), old.view(None).await.unwrap());
    let filter = GrantFilter::default();
    let rows: Vec<_> = view.grants(&filter).map_ok(|r| r.row.data).try_collect().await.unwrap();
    let old: Vec<_> = old.grants(&filter).map_ok(|r| r.row.data).try_collect().await.unwrap();
    assert_eq!(rows.len(), 299);
    assert!(rows == old, "messages keep their bytes");
}

#[tokio::test]
async fn other_syncs_of_the_file_stay() {
    let Some(path) = fixture("tableau-two-syncs.c1z") else { return };
    let place = Place::new();
    let old = open(&path).await.syncs().await.unwrap();
    let options = ExpandOptions { sync_id: Some(old[1].id.clone()), ..ExpandOptions::default() };
    let done = expand_file(&path, &place.output(), &options, &|_| {}, CancellationToken::new()).await;
    assert_eq!(done.unwrap().sync_id, old[1].id);
    let new = open(&place.output()).await.syncs().await.unwrap();
    let times = |runs: &[connector_store::SyncRun]| -> Vec<_> {
        runs.iter().map(|r| (r.id.clone(), r.started_at.clone(), r.ended_at.clone())).collect()
    };
    assert_eq!(times(&new), times(&old));
    assert_eq!(new[0], old[0], "untouched");
    assert!(new[1].supports_diff && !old[1].supports_diff);
}

#[tokio::test]
async fn a_v3_file_is_refused_by_name() {
    let Some(path) = fixture("sdk-0.25-pebble-v3.c1z") else { return };
    let place = Place::new();
    let error = expand(&path, &place.output()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
    assert!(place.files().is_empty());
}
