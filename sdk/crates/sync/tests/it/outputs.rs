//! Under which names an output is found, and what can't be one.

use std::{
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use connector_graph::{ExpandOptions, expand_file};
use connector_model::{ErrorKind, Page};
use connector_store::envelope::{FileKind, inspect};
use connector_sync::SyncOptions;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Fake, run, run_with},
    resume::{StopAt, a_checkpoint_a_page, run_as, site},
    special::{fifo, without_waiting},
    user, user_type,
};

/// Two folders.
struct Folders(TempDir);

impl Folders {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["links", "real"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A link to the real output, over another link, in a folder that is a link too.
    fn linked(&self) -> PathBuf {
        symlink("links", self.path("current")).unwrap();
        symlink("next.c1z", self.path("links/sync.c1z")).unwrap();
        symlink("../real/sync.c1z", self.path("links/next.c1z")).unwrap();
        self.path("current/sync.c1z")
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn one_user() -> Arc<Fake> {
    Arc::new(Fake::simple([user_type()], |_| Ok(Page::of(vec![user("ada")]))))
}

/// Both where the target is there and where it is not yet.
#[tokio::test]
async fn a_link_stays_and_its_target_is_replaced() {
    let folders = Folders::new();
    let link = folders.linked();
    for kept in [0, 1] {
        let summary = run(&one_user(), &link, 0).await.unwrap();
        assert_eq!(summary.kept_syncs, kept, "syncs of the target are kept");
        assert_eq!(summary.output, link, "the name is the user's");
        assert!(link.is_symlink() && folders.path("links/next.c1z").is_symlink());
        assert!(!folders.path("real/sync.c1z").is_symlink());
        assert_eq!(inspect(&folders.path("real/sync.c1z")).unwrap(), FileKind::V1);
        assert_eq!(folders.names("links"), ["next.c1z", "sync.c1z"]);
        assert_eq!(folders.names("real"), ["sync.c1z"]);
    }
}

/// The lock, the working folder and the temporary file are those of the target.
#[tokio::test]
async fn a_run_by_one_name_is_resumed_by_the_other() {
    for elsewhere in [false, true] {
        let (folders, temp) = (Folders::new(), tempfile::tempdir().unwrap());
        let link = folders.linked();
        let options = |output: &Path| {
            let mut options = a_checkpoint_a_page(output, 1);
            options.temp_dir = elsewhere.then(|| temp.path().to_owned());
            options
        };
        run_as(&site(), &options(&link), &StopAt::checkpoint(5)).await.unwrap_err();
        assert_eq!(folders.names("links"), ["next.c1z", "sync.c1z"]);
        let real = options(&folders.path("real/sync.c1z"));
        assert!(run_as(&site(), &real, &StopAt::never()).await.unwrap().resumed);
    }
}

/// By a link, by a link to the folder, and by a second name of the same file.
#[tokio::test]
async fn two_names_of_one_file_exclude_each_other() {
    let folders = Folders::new();
    let link = folders.linked();
    let real = folders.path("real/sync.c1z");
    run(&one_user(), &real, 0).await.unwrap();
    symlink("real", folders.path("latest")).unwrap();
    let hard = folders.path("links/hard.c1z");
    std::fs::hard_link(&real, &hard).unwrap();
    let names = [real.clone(), link, folders.path("latest/sync.c1z"), hard];
    for first in &names {
        let (entered, cancel) = (Arc::new(Notify::new()), CancellationToken::new());
        let entering = entered.clone();
        let waiting = Arc::new(Fake::new([user_type()], move |_, _| {
            let entering = entering.clone();
            Box::pin(async move {
                entering.notify_one();
                std::future::pending().await
            })
        }));
        let options = SyncOptions::new(first);
        let sync = run_with(&waiting, &options, cancel.clone());
        let others = async {
            entered.notified().await;
            for second in &names {
                let fake = one_user();
                let error = run(&fake, second, 0).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{first:?}, {second:?}: {error}");
                assert!(error.to_string().contains("another run is writing this file"), "{error}");
                assert_eq!(fake.validated(), 0, "{first:?}, {second:?}");
            }
            cancel.cancel();
        };
        tokio::join!(sync, others).0.unwrap_err();
    }
}

#[tokio::test]
async fn links_that_lead_nowhere_are_told_before_any_call() {
    let folders = Folders::new();
    symlink("b.c1z", folders.path("a.c1z")).unwrap();
    symlink("a.c1z", folders.path("b.c1z")).unwrap();
    symlink("nowhere/sync.c1z", folders.path("c.c1z")).unwrap();
    symlink("real", folders.path("d.c1z")).unwrap();
    for (name, kind, says) in [
        ("a.c1z", ErrorKind::FailedPrecondition, "a loop"),
        ("c.c1z", ErrorKind::NotFound, "nowhere is not there"),
        ("d.c1z", ErrorKind::InvalidArgument, "a folder"),
    ] {
        let fake = one_user();
        let error = run(&fake, &folders.path(name), 0).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(error.to_string().contains(says), "{name}: {error}");
        assert_eq!(fake.validated(), 0);
        assert!(folders.path(name).is_symlink());
    }
    assert_eq!(folders.names(""), ["a.c1z", "b.c1z", "c.c1z", "d.c1z", "links", "real"]);
}

/// Nothing is made beside it either, not even a lock.
#[tokio::test]
async fn what_is_no_regular_file_is_refused_before_the_lock() {
    let folders = Folders::new();
    fifo(&folders.path("fifo"));
    symlink("fifo", folders.path("link-to-fifo")).unwrap();
    let _socket = UnixListener::bind(folders.path("socket")).unwrap();
    let before = folders.names("");
    let in_folder = |name: &str| folders.path(name);
    let wrong = ErrorKind::FailedPrecondition;
    for (output, kind) in [
        (in_folder("fifo"), wrong),
        (in_folder("link-to-fifo"), wrong),
        (in_folder("socket"), wrong),
        ("/dev/null".into(), wrong),
        ("/dev/stdout".into(), wrong),
        ("/dev/fd/1".into(), wrong),
        ("/proc/self/fd/1".into(), wrong),
        (in_folder("real"), ErrorKind::InvalidArgument),
        (in_folder("real/"), ErrorKind::InvalidArgument),
        (in_folder("new/"), ErrorKind::InvalidArgument),
        (in_folder("real/."), ErrorKind::InvalidArgument),
        (in_folder("real/.."), ErrorKind::InvalidArgument),
        ("..".into(), ErrorKind::InvalidArgument),
        ("/".into(), ErrorKind::InvalidArgument),
        ("".into(), ErrorKind::InvalidArgument),
    ] {
        for overwrite in [false, true] {
            let fake = one_user();
            let mut options = SyncOptions::new(&output);
            options.overwrite = overwrite;
            let asked = fake.clone();
            let ended =
                without_waiting(async move { run_with(&asked, &options, CancellationToken::new()).await });
            let error = ended.unwrap_err();
            assert_eq!(error.kind(), kind, "{output:?}: {error}");
            assert_eq!(fake.validated(), 0, "{output:?}");

            let (input, out) = (folders.path("no.c1z"), output.clone());
            let options = ExpandOptions { overwrite, ..ExpandOptions::default() };
            let ended = without_waiting(async move {
                expand_file(&input, &out, &options, &no_step, CancellationToken::new()).await
            });
            assert_eq!(ended.unwrap_err().kind(), kind, "{output:?}");
        }
    }
    assert_eq!(folders.names(""), before);
    for lock in ["/dev/.null.lock", "/dev/.stdout.lock", "/.lock"] {
        assert!(!Path::new(lock).exists(), "{lock}");
    }
}

/// Refused before anything is begun.
fn no_step(step: &'static str) {
    panic!("nothing is begun: {step}");
}
/// What a killed run left, or somebody else, is in the way before the work and not after it.
#[tokio::test]
async fn a_temporary_file_that_can_not_be_removed_is_told_before_any_call() {
    let folders = Folders::new();
    let output = folders.path("sync.c1z");
    std::fs::create_dir(folders.path(".sync.c1z.tmp")).unwrap();
    let fake = one_user();
    let error = run(&fake, &output, 0).await.unwrap_err();
    assert!(error.to_string().contains("can't remove what an interrupted run left"), "{error}");
    assert_eq!(fake.validated(), 0);
    std::fs::remove_dir(folders.path(".sync.c1z.tmp")).unwrap();
    // A link to nowhere is gone as well.
    symlink("nowhere", folders.path(".sync.c1z.tmp")).unwrap();
    run(&fake, &output, 0).await.unwrap();
    assert_eq!(folders.names(""), ["links", "real", "sync.c1z"]);
}

#[tokio::test]
async fn a_linked_output_of_an_expansion_stays_a_link() {
    let folders = Folders::new();
    let link = folders.linked();
    run(&one_user(), &folders.path("sync.c1z"), 0).await.unwrap();
    let (input, options) = (folders.path("sync.c1z"), ExpandOptions::default());
    let done = expand_file(&input, &link, &options, &|_| {}, CancellationToken::new()).await.unwrap();
    assert_eq!(done.output, link);
    assert!(link.is_symlink());
    assert_eq!(folders.names("real"), ["sync.c1z"]);
    assert_eq!(folders.names("links"), ["next.c1z", "sync.c1z"]);
}

#[tokio::test]
async fn a_fifo_for_the_external_file_is_refused_before_any_call() {
    let folders = Folders::new();
    fifo(&folders.path("other.c1z"));
    let mut options = SyncOptions::new(folders.path("sync.c1z"));
    let file = folders.path("other.c1z");
    options.external = Some(connector_sync::ExternalPrincipals { file, entitlement: None, traits: vec![] });
    let fake = one_user();
    let asked = fake.clone();
    let ended = without_waiting(async move { run_with(&asked, &options, CancellationToken::new()).await });
    let report = ended.unwrap_err().report();
    assert!(report.contains("--external-resource-c1z") && report.contains("a FIFO"), "{report}");
    assert_eq!(fake.validated(), 0);
}
