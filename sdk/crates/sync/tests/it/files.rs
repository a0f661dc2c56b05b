//! Outputs: what may be replaced, what is refused before any request, and
//! what an interrupted run leaves.

use std::{os::unix::fs::PermissionsExt as _, sync::Arc};

use connector_model::{ErrorKind, Page};
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
