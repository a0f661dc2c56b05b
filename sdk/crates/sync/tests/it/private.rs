//! Another local user can neither feed nor read a sync.

use std::{
    fs::Permissions,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use connector_graph::{ExpandOptions, expand_file};
use connector_model::{ErrorKind, Page};
use connector_sync::{ExternalPrincipals, SyncOptions};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio_util::sync::CancellationToken;

use crate::{
    fake::{Fake, Place, run, run_with},
    resume::{StopAt, a_checkpoint_a_page, left_after, run_as, run_until, site, told},
    special::{ANOTHER_USER, fifo, given_away, without_waiting},
    user, user_type,
};

fn work_folder(place: &Place) -> PathBuf {
    place.output().with_file_name(".sync.c1z.work")
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

/// All that lies in a folder, at any depth, and the folder.
fn all_in(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(all_in(&path)) } else { all.push(path) }
    }
    all
}

/// The document and the summary of a sync that nobody disturbed.
async fn undisturbed() -> (connector_testkit::Document, serde_json::Value) {
    let place = Place::new();
    let summary = run(&site(), &place.output(), 1).await.unwrap();
    told(&place.output(), &summary).await
}

#[tokio::test]
async fn a_working_folder_of_another_user_is_refused_and_left_alone() {
    for elsewhere in [false, true] {
        let (place, shared) = (Place::new(), tempfile::tempdir().unwrap());
        let mut options = a_checkpoint_a_page(&place.output(), 1);
        options.temp_dir = elsewhere.then(|| shared.path().to_owned());
        run_as(&site(), &options, &StopAt::checkpoint(5)).await.unwrap_err();
        let folder = match elsewhere {
            true => std::fs::read_dir(shared.path()).unwrap().next().unwrap().unwrap().path(),
            false => work_folder(&place),
        };
        let all = all_in(&folder);
        if !given_away(&all.iter().map(PathBuf::as_path).collect::<Vec<_>>()) {
            return;
        }
        let (fake, stop) = (site(), StopAt::never());
        let error = run_as(&fake, &options, &stop).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("belongs to another user (uid {ANOTHER_USER})")), "{text}");
        assert!(text.contains("--c1z-temp-dir"), "{text}");
        assert_eq!((fake.validated(), fake.asked().len(), stop.said()), (0, 0, vec![]));
        assert_eq!(all_in(&folder), all, "nothing was removed");
        assert!(!place.output().exists());
    }
}

#[tokio::test]
async fn a_working_folder_behind_a_link_is_refused_and_left_alone() {
    let (place, elsewhere) = (Place::new(), tempfile::tempdir().unwrap());
    left_after(5, &place).await;
    let moved = elsewhere.path().join("prepared");
    std::fs::rename(work_folder(&place), &moved).unwrap();
    symlink(&moved, work_folder(&place)).unwrap();
    let fake = site();
    let error = run(&fake, &place.output(), 1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
    assert!(error.to_string().contains("is a symbolic link"), "{error}");
    assert_eq!((fake.validated(), fake.asked().len()), (0, 0));
    assert!(moved.join("sync.db").exists() && work_folder(&place).is_symlink());
}

#[tokio::test]
async fn a_working_folder_that_is_no_folder_is_refused() {
    for what in ["file", "fifo"] {
        let place = Place::new();
        match what {
            "file" => std::fs::write(work_folder(&place), "mine").unwrap(),
            _ => fifo(&work_folder(&place)),
        }
        let (fake, output) = (site(), place.output());
        let asked = fake.clone();
        let error = without_waiting(async move { run(&asked, &output, 1).await }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{what}: {error}");
        assert_eq!((fake.validated(), work_folder(&place).exists()), (0, true), "{what}");
    }
}

#[tokio::test]
async fn a_working_folder_that_others_could_write_to_is_read_again() {
    let expected = undisturbed().await;
    for (bits, resumes) in [(0o777, false), (0o770, false), (0o702, false), (0o755, true), (0o700, true)] {
        let place = Place::new();
        left_after(9, &place).await;
        set_mode(&work_folder(&place), bits);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (noted, folder) = (seen.clone(), work_folder(&place));
        let stop = StopAt::never();
        let watching = site_watched(move || noted.lock().unwrap().push(mode(&folder)));
        let summary = run_until(&watching, &place.output(), 1, &stop).await.unwrap();
        assert_eq!(summary.resumed, resumes, "{bits:o}: {:?}", stop.said());
        if !resumes {
            assert!(stop.said()[0].contains(&format!("(mode {bits:04o})")), "{:?}", stop.said());
        }
        assert!(told(&place.output(), &summary).await == expected, "{bits:o}");
        assert!(seen.lock().unwrap().iter().all(|mode| *mode == 0o700), "{bits:o}: it is made private");
    }
}

/// The usual site, with a look around before each answer.
fn site_watched(look: impl Fn() + Send + Sync + 'static) -> Arc<Fake> {
    Arc::new(crate::resume::new_site_with(look))
}

/// The attack of the issue: a trigger that renames and removes what is stored.
#[tokio::test]
async fn a_working_database_with_what_is_not_ours_is_read_again() {
    const CHANGES: [&str; 8] = [
        "create trigger t after insert on v1_resources begin \
         update v1_resources set external_id = 'user:mallory' where id = new.id; \
         delete from v1_grants; end",
        "create trigger t after update on v1_sync_runs begin delete from v1_grants; end",
        "create view more as select * from v1_grants",
        "create table more (x)",
        "create index more on v1_grants (data)",
        "create virtual table more using fts5(x)",
        // The same names with another meaning.
        "drop index idx_resources_resource_type_id_v1; \
         create index idx_resources_resource_type_id_v1 on v1_resources (hex(data))",
        "drop table work_queue; create table work_queue (id integer primary key, token text check (token <> 'x'))",
    ];
    let expected = undisturbed().await;
    for change in CHANGES {
        let place = Place::new();
        left_after(9, &place).await;
        let options = SqliteConnectOptions::new().filename(work_folder(&place).join("sync.db"));
        let mut conn = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql(change).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        let stop = StopAt::never();
        let summary = run_until(&site(), &place.output(), 1, &stop).await.unwrap();
        assert!(!summary.resumed, "{change}");
        assert!(
            stop.said()[0].starts_with("starts again: its working database can't be trusted"),
            "{change}: {:?}",
            stop.said()
        );
        assert!(told(&place.output(), &summary).await == expected, "{change}");
    }
}

/// Each file that is used from an earlier run, in each form that is not a plain file of ours alone.
#[tokio::test]
async fn files_of_an_earlier_run_must_be_our_own() {
    let expected = undisturbed().await;
    for name in ["record.json", "sync.db", "sync.db-wal", "sync.db-shm", "sync.db-journal"] {
        for form in ["link", "hard link", "fifo", "folder", "writable", "another user's"] {
            let place = Place::new();
            left_after(9, &place).await;
            let (file, moved) = (work_folder(&place).join(name), place.output().with_file_name("moved"));
            if !file.exists() {
                std::fs::write(&file, "").unwrap();
            }
            match form {
                "hard link" => std::fs::hard_link(&file, &moved).unwrap(),
                "writable" => set_mode(&file, 0o666),
                "another user's" => {
                    if !given_away(&[&file]) {
                        continue;
                    }
                }
                _ => {
                    std::fs::rename(&file, &moved).unwrap();
                    match form {
                        "link" => symlink(&moved, &file).unwrap(),
                        "fifo" => fifo(&file),
                        _ => std::fs::create_dir(&file).unwrap(),
                    }
                }
            }
            let (stop, output) = (StopAt::never(), place.output());
            let observer = stop.clone();
            let summary =
                without_waiting(async move { run_until(&site(), &output, 1, &observer).await }).unwrap();
            assert!(!summary.resumed, "{name}, {form}");
            assert!(
                stop.said()[0].starts_with(&format!("starts again: its files can't be trusted: {name} ")),
                "{name}, {form}: {:?}",
                stop.said()
            );
            assert!(told(&place.output(), &summary).await == expected, "{name}, {form}");
        }
    }
}

#[tokio::test]
async fn a_record_of_any_size_is_not_read() {
    let place = Place::new();
    left_after(5, &place).await;
    let record = work_folder(&place).join("record.json");
    std::fs::OpenOptions::new().write(true).open(record).unwrap().set_len(1 << 42).unwrap();
    let stop = StopAt::never();
    assert!(!run_until(&site(), &place.output(), 1, &stop).await.unwrap().resumed);
    assert!(stop.said()[0].contains("record.json is larger than"), "{:?}", stop.said());
}

#[tokio::test]
async fn all_that_a_run_works_with_is_private() {
    let (place, other) = (Place::new(), Place::new());
    run(&site(), &place.output(), 1).await.unwrap();
    run(&site(), &other.output(), 1).await.unwrap();
    let seen: Arc<Mutex<Vec<(String, u32)>>> = Arc::default();
    let (noted, folder) = (seen.clone(), place.output().parent().unwrap().to_owned());
    let fake = Arc::new(Fake::simple([user_type()], move |_| {
        let all = all_in(&folder).into_iter().skip(1);
        let files = all.filter(|path| path.file_name().unwrap() != "sync.c1z");
        noted.lock().unwrap().extend(files.map(|p| (p.display().to_string(), mode(&p))));
        Ok(Page::of(vec![user("ada")]))
    }));
    let mut options = SyncOptions::new(place.output());
    options.external = Some(ExternalPrincipals { file: other.output(), entitlement: None, traits: vec![] });
    run_with(&fake, &options, CancellationToken::new()).await.unwrap();
    let seen = seen.lock().unwrap();
    for part in [".sync.c1z.lock", ".work", "sync.db", "record.json", "external"] {
        assert!(seen.iter().any(|(name, _)| name.ends_with(part)), "{part} is there: {seen:?}");
    }
    let open: Vec<_> = seen.iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
    assert!(open.is_empty(), "others may use {open:?}");
}

#[tokio::test]
async fn a_lock_that_is_no_file_of_ours_is_refused() {
    for form in ["link", "hard link", "fifo", "folder", "another user's"] {
        let place = Place::new();
        let (lock, other) =
            (place.output().with_file_name(".sync.c1z.lock"), place.output().with_file_name("mine"));
        std::fs::write(&other, "mine").unwrap();
        match form {
            "link" => symlink(&other, &lock).unwrap(),
            "hard link" => std::fs::hard_link(&other, &lock).unwrap(),
            "fifo" => fifo(&lock),
            "folder" => std::fs::create_dir(&lock).unwrap(),
            _ => {
                std::fs::write(&lock, "").unwrap();
                if !given_away(&[&lock]) {
                    return;
                }
            }
        }
        let (fake, output) = (site(), place.output());
        let asked = fake.clone();
        let error = without_waiting(async move { run(&asked, &output, 1).await }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{form}: {error}");
        assert!(error.to_string().contains("the lock file"), "{form}: {error}");
        assert_eq!(fake.validated(), 0, "{form}");
        assert_eq!(std::fs::read(&other).unwrap(), b"mine", "{form}");
        assert!(lock.symlink_metadata().is_ok(), "{form}: it stays");
    }
}

/// A run of an older version, or one with another umask, may have left it.
#[tokio::test]
async fn a_lock_of_ours_that_others_may_read_is_made_private() {
    let place = Place::new();
    let lock = place.output().with_file_name(".sync.c1z.lock");
    std::fs::write(&lock, "").unwrap();
    set_mode(&lock, 0o644);
    let (seen, at) = (Arc::new(Mutex::new(0)), lock.clone());
    let noted = seen.clone();
    let fake = site_watched(move || *noted.lock().unwrap() = mode(&at));
    run(&fake, &place.output(), 1).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), 0o600);
}

#[tokio::test]
async fn a_working_folder_that_is_swapped_under_way_fails_the_sync() {
    let place = Place::new();
    run(&site(), &place.output(), 1).await.unwrap();
    let before = std::fs::read(place.output()).unwrap();
    let (folder, moved) = (work_folder(&place), place.output().with_file_name("moved"));
    let swapped = Arc::new(Mutex::new(false));
    let fake = site_watched(move || {
        let mut swapped = swapped.lock().unwrap();
        if !std::mem::replace(&mut *swapped, true) {
            std::fs::rename(&folder, &moved).unwrap();
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("theirs"), "theirs").unwrap();
        }
    });
    let error = run(&fake, &place.output(), 1).await.unwrap_err();
    assert!(error.to_string().contains("the working folder was replaced or removed"), "{error}");
    assert_eq!(std::fs::read(place.output()).unwrap(), before, "the old file stays");
    assert!(work_folder(&place).join("theirs").exists(), "what is not ours is not removed");
}

/// The folder of `baton expand` is none that is resumed, but it is written to and removed.
#[tokio::test]
async fn the_working_folder_of_an_expansion_keeps_the_rule_too() {
    for form in ["link", "file", "fifo", "another user's", "ours"] {
        let (place, elsewhere) = (Place::new(), tempfile::tempdir().unwrap());
        run(&site(), &place.output(), 1).await.unwrap();
        let folder = place.output().with_file_name(".sync.c1z.expand");
        std::fs::write(elsewhere.path().join("theirs"), "theirs").unwrap();
        match form {
            "link" => symlink(elsewhere.path(), &folder).unwrap(),
            "file" => std::fs::write(&folder, "mine").unwrap(),
            "fifo" => fifo(&folder),
            _ => {
                std::fs::create_dir(&folder).unwrap();
                std::fs::write(folder.join("left"), "left").unwrap();
                set_mode(&folder, 0o777);
                if form != "ours" && !given_away(&[&folder]) {
                    continue;
                }
            }
        }
        let output = place.output();
        let expanded = without_waiting(async move {
            let options = ExpandOptions::default();
            expand_file(&output, &output, &options, &|_| {}, CancellationToken::new()).await
        });
        if form == "ours" {
            expanded.unwrap();
            assert_eq!(place.files(), ["sync.c1z"]);
            continue;
        }
        let error = expanded.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{form}: {error}");
        assert!(error.to_string().contains("BATON_TMPDIR"), "{form}: {error}");
        assert!(folder.symlink_metadata().is_ok() && elsewhere.path().join("theirs").exists(), "{form}");
    }
}
