//! Outputs: what may be replaced, what is refused before any request, and
//! what an interrupted run leaves.

use std::{os::unix::fs::PermissionsExt as _, sync::Arc};

use connector_model::{ErrorKind, Page};
use connector_store::envelope::{Limits, pack, unpack};
use connector_sync::SyncOptions;
use connector_testkit::document;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Fake, Place, run, run_with},
    user, user_type,
};

fn one_user() -> Arc<Fake> {
    Arc::new(Fake::simple([user_type()], |_| Ok(Page::of(vec![user("ada")]))))
}

#[tokio::test]
async fn the_file_is_private_and_nothing_is_left_beside_it() {
    let place = Place::new();
    run(&one_user(), &place.output(), 0).await.unwrap();
    let mode = std::fs::metadata(place.output()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(place.files(), ["sync.c1z"]);
}

#[tokio::test]
async fn what_is_not_ours_is_refused_before_any_call() {
    let v3 = b"C1Z3\0\0\0\0\0".to_vec();
    for content in [b"hello, world".to_vec(), v3] {
        let place = Place::new();
        std::fs::write(place.output(), &content).unwrap();
        let fake = one_user();
        let error = run(&fake, &place.output(), 0).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
        assert_eq!(fake.validated(), 0);
        assert_eq!(std::fs::read(place.output()).unwrap(), content);
        assert_eq!(place.files(), ["sync.c1z"]);

        let mut insist = SyncOptions::new(place.output());
        insist.overwrite = true;
        run_with(&fake, &insist, CancellationToken::new()).await.unwrap();
        assert_eq!(document(&place.output()).await.unwrap().resources.len(), 1);
    }
}

#[tokio::test]
async fn a_damaged_old_file_is_told_before_any_call() {
    let place = Place::new();
    let fake = one_user();
    run(&fake, &place.output(), 0).await.unwrap();
    let whole = std::fs::read(place.output()).unwrap();
    std::fs::write(place.output(), &whole[..whole.len() / 2]).unwrap();
    let error = run(&fake, &place.output(), 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataLoss, "{error}");
    assert_eq!(fake.validated(), 1, "only the first run called");
}

#[tokio::test]
async fn missing_and_read_only_folders_are_told_before_any_call() {
    let place = Place::new();
    let fake = one_user();
    let nowhere = place.output().with_file_name("nowhere").join("sync.c1z");
    let error = run(&fake, &nowhere, 0).await.unwrap_err();
    assert!(error.to_string().contains("is not there; make it"), "{error}");
    let error = run(&fake, place.output().parent().unwrap(), 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    assert_eq!(fake.validated(), 0);
}

/// Waits inside a call, to be cancelled there.
fn waiting(entered: Arc<Notify>) -> Arc<Fake> {
    Arc::new(Fake::new([user_type()], move |_, _| {
        let entered = entered.clone();
        Box::pin(async move {
            entered.notify_one();
            std::future::pending().await
        })
    }))
}

#[tokio::test]
async fn a_cancelled_run_leaves_the_old_file_and_no_other() {
    let place = Place::new();
    run(&one_user(), &place.output(), 0).await.unwrap();
    let before = std::fs::read(place.output()).unwrap();
    let (entered, cancel) = (Arc::new(Notify::new()), CancellationToken::new());
    let fake = waiting(entered.clone());
    let options = SyncOptions::new(place.output());
    let sync = run_with(&fake, &options, cancel.clone());
    let stop = async {
        entered.notified().await;
        cancel.cancel();
    };
    let (ended, ()) = tokio::join!(sync, stop);
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(std::fs::read(place.output()).unwrap(), before);
    assert_eq!(place.files(), ["sync.c1z"]);
}

#[tokio::test]
async fn a_second_run_on_the_same_output_is_refused_before_any_call() {
    let place = Place::new();
    let (entered, cancel) = (Arc::new(Notify::new()), CancellationToken::new());
    let first = waiting(entered.clone());
    let options = SyncOptions::new(place.output());
    let sync = run_with(&first, &options, cancel.clone());
    let second = async {
        entered.notified().await;
        let fake = one_user();
        let error = run(&fake, &place.output(), 0).await.unwrap_err();
        cancel.cancel();
        (error, fake.validated())
    };
    let (_, (error, validated)) = tokio::join!(sync, second);
    assert_eq!((error.kind(), validated), (ErrorKind::FailedPrecondition, 0), "{error}");
}

#[tokio::test]
async fn an_earlier_sync_is_kept_and_the_one_before_it_goes() {
    let place = Place::new();
    for expected in [0, 1, 1] {
        let summary = run(&one_user(), &place.output(), 0).await.unwrap();
        assert_eq!(summary.kept_syncs, expected);
    }
    let file = connector_store::C1z::open(&place.output(), &Default::default()).await.unwrap();
    let syncs = file.syncs().await.unwrap();
    assert_eq!(syncs.len(), 2);
    assert!(syncs.iter().all(connector_store::SyncRun::is_finished));
}

#[tokio::test]
async fn working_files_can_lie_elsewhere() {
    let (place, temp) = (Place::new(), tempfile::tempdir().unwrap());
    let mut options = SyncOptions::new(place.output());
    options.temp_dir = Some(temp.path().to_owned());
    run_with(&one_user(), &options, CancellationToken::new()).await.unwrap();
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
}

/// The decoded database of a file.
async fn decoded(place: &Place, into: &std::path::Path) -> std::path::PathBuf {
    let unpacked = unpack(&place.output(), into, &Limits::default()).await.unwrap();
    let copy = into.join("copy.db");
    std::fs::copy(unpacked.db(), &copy).unwrap();
    copy
}

#[tokio::test]
async fn what_the_engine_notes_for_itself_does_not_travel_in_the_file() {
    const MARKS: [&str; 3] = ["TOKEN-OF-A-PAGE", "REMEMBERED-VALUE", "VALUE-OF-A-SETTING"];
    let fake = Arc::new(Fake::simple([user_type()], |ask| {
        let mut page = Page::of(vec![user(if ask.token.is_empty() { "ada" } else { "bob" })]);
        if ask.token.is_empty() {
            page.next = Some(crate::token(MARKS[0]));
            page.remember = vec![("key".to_owned(), MARKS[1].into())];
        }
        Ok(page)
    }));
    let (place, temp) = (Place::new(), tempfile::tempdir().unwrap());
    let mut options = SyncOptions::new(place.output());
    options.settings = vec![("server".to_owned(), MARKS[2].to_owned())];
    run_with(&fake, &options, CancellationToken::new()).await.unwrap();
    let bytes = std::fs::read(decoded(&place, temp.path()).await).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("ada") && text.contains("bob"), "what was read is there");
    for mark in MARKS {
        assert!(!text.contains(mark), "{mark} is in the file");
    }
}

/// Long values lie on pages of their own, which are free once they are
/// replaced.
#[tokio::test]
async fn long_values_that_were_replaced_do_not_travel_either() {
    let fake = Arc::new(Fake::simple([user_type()], |ask| {
        let at: usize = ask.token.get(..1).and_then(|n| n.parse().ok()).unwrap_or_default();
        let mut page = Page::of(vec![user(&format!("user-{at}"))]);
        if at < 3 {
            page.next = Some(crate::token(&format!("{}{}", at + 1, "TOKEN-OF-A-PAGE".repeat(6000))));
        }
        let value = if at < 3 { "REMEMBERED-VALUE".repeat(6000) } else { "short".to_owned() };
        page.remember = vec![("key".to_owned(), value.into())];
        Ok(page)
    }));
    let (place, temp) = (Place::new(), tempfile::tempdir().unwrap());
    let mut options = SyncOptions::new(place.output());
    options.checkpoints.rows = 1;
    run_with(&fake, &options, CancellationToken::new()).await.unwrap();
    let bytes = std::fs::read(decoded(&place, temp.path()).await).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    for mark in ["TOKEN-OF-A-PAGE", "REMEMBERED-VALUE"] {
        assert_eq!(text.matches(mark).count(), 0, "{mark} is in the file");
    }
}

#[tokio::test]
async fn a_damaged_database_in_the_old_file_is_told_before_any_call() {
    let (place, temp) = (Place::new(), tempfile::tempdir().unwrap());
    let many = Arc::new(Fake::simple([user_type()], |_| {
        Ok(Page::of((0..500).map(|n| user(&format!("user-{n}"))).collect()))
    }));
    run(&many, &place.output(), 0).await.unwrap();
    // The zstd frame is whole; a page of the table is not.
    let db = decoded(&place, temp.path()).await;
    let mut bytes = std::fs::read(&db).unwrap();
    let at = bytes.windows(8).position(|w| w == b"user-250").unwrap() / 16384 * 16384;
    bytes[at..at + 64].fill(0xee);
    std::fs::write(&db, bytes).unwrap();
    pack(&db, &place.output()).await.unwrap();

    let error = run(&many, &place.output(), 0).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DataLoss, "{error}");
    assert!(error.to_string().starts_with("the old file can't be read"), "{error}");
    assert_eq!(many.validated(), 1, "only the first run called");
    let mut insist = SyncOptions::new(place.output());
    insist.overwrite = true;
    let summary = run_with(&many, &insist, CancellationToken::new()).await.unwrap();
    assert_eq!((summary.resources["user"], summary.kept_syncs), (500, 0));
}

/// A run that lists resources only does not push the last full sync out.
#[tokio::test]
async fn a_full_sync_outlives_runs_that_are_not_full() {
    let place = Place::new();
    let mut options = SyncOptions::new(place.output());
    options.keep_syncs = connector_sync::Retention::Newest(1);
    run_with(&one_user(), &options, CancellationToken::new()).await.unwrap();
    options.scope = connector_sync::Scope::ResourcesOnly;
    let summary = run_with(&one_user(), &options, CancellationToken::new()).await.unwrap();
    assert_eq!(summary.kept_syncs, 1);
}
