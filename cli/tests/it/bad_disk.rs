//! A disk that is too small, one that fills up under way, and a folder that
//! can't be written to. The disk is a file system of one's own, which only
//! root can make; elsewhere the tests that need it say that they are skipped.

use std::{
    fs::{File, Permissions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tableau_simulator::{Config, Endpoint, Simulator};

use crate::{
    killed::true_document,
    support::{Ended, Room, site},
};

/// A file system in memory, gone when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(room: &Room, options: &str) -> Option<Self> {
        let path = room.path("disk");
        std::fs::create_dir(&path).unwrap();
        let mounted = mount(&path, options);
        if !mounted {
            let _ = writeln!(std::io::stderr(), "skipped: a file system of one's own can't be mounted here");
        }
        mounted.then_some(Self(path))
    }

    /// A folder with an old file that can't be written to: by its mode, or
    /// for root, whom no mode keeps out, as a disk of its own.
    fn read_only(room: &Room) -> Option<Self> {
        let path = room.path("disk");
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("sync.c1z"), "").unwrap();
        set_mode(&path, 0o555);
        if File::create(path.join("probe")).is_err() {
            return Some(Self(path));
        }
        std::fs::remove_dir_all(&path).unwrap();
        let disk = Self::mount(room, "size=1m")?;
        std::fs::write(disk.0.join("sync.c1z"), "").unwrap();
        assert!(mount(&disk.0, "remount,ro"));
        Some(disk)
    }

    /// What lies on it.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(&self.0).stderr(Stdio::null()).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            set_mode(&self.0, 0o755);
        }
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mount(path: &Path, options: &str) -> bool {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(path).stderr(Stdio::null());
    mount.status().is_ok_and(|status| status.success())
}

/// The code and the sentence, without the space that is free.
fn told(ended: &Ended) -> String {
    let sentence = ended.stderr.lines().next().unwrap().strip_prefix("error: ");
    format!("{} {}", ended.code, sentence.unwrap_or_else(|| panic!("no error: {}", ended.stderr)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_too_small_is_told_before_the_first_request() {
    let (room, site) = (Room::new(), site(&[]).await);
    let Some(disk) = Disk::mount(&room, "size=1m") else { return };
    std::fs::write(room.path("disk/sync.c1z"), "").unwrap();
    let ended = room.sync(&site, &["--file=disk/sync.c1z", "--log-level=error"]);
    insta::assert_snapshot!(told(&ended), @"8 there is too little room for the working files: 1 MiB free, at least 16 MiB and likely 16 MiB needed; free some, or choose another place with --c1z-temp-dir (folder=disk)");
    assert_eq!(disk.names(), ["sync.c1z"]);
    assert_eq!(site.requests().total, 0);
}

/// While rows are read, and in the seal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_under_way_keeps_the_old_file() {
    let mut said = Vec::new();
    for size in ["18m", "34m"] {
        let (room, small) = (Room::new(), site(&[]).await);
        let Some(disk) = Disk::mount(&room, &format!("size={size}")) else { return };
        said.push(fills_up(&room, &disk, &small).await);
    }
    // Which step finds it full depends on when rows are made safe.
    for (said, _) in &said {
        let advice = "the disk is full; free some space and run it again";
        assert!(said.starts_with("8 ") && said.contains(advice), "{said}");
    }
    assert!(said[1].1, "what was read before the seal is kept");
}

/// Fills a disk up, makes it larger, and gives what was said of it, and
/// whether there was something to go on with.
async fn fills_up(room: &Room, disk: &Disk, small: &Simulator) -> (String, bool) {
    assert_eq!(room.sync(small, &["--file=disk/sync.c1z"]).code, 0);
    let old = std::fs::read(room.path("disk/sync.c1z")).unwrap();
    // Its rows take more than the disk has.
    let config = Config { users: 9_000, groups: 2, ..Config::default() };
    let site = Simulator::start(config).await.unwrap();
    let failed = room.sync(&site, &["--file=disk/sync.c1z", "--log-level=error"]);
    let mut names = disk.names();
    names.sort();
    // Nothing is kept where nothing was made safe yet.
    let kept = names.len() == 2;
    assert!(names == ["sync.c1z"] || names == [".sync.c1z.work", "sync.c1z"], "{names:?}");
    assert!(std::fs::read(room.path("disk/sync.c1z")).unwrap() == old, "the old file is intact");
    assert_eq!(site.open_sessions(), 0, "it signed out");

    // With room the next run goes on.
    site.reset_requests();
    assert!(mount(&disk.0, "remount,size=99m"));
    let ended = room.sync(&site, &["--file=disk/sync.c1z"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.stderr.contains("going on with the sync"), kept, "{}", ended.stderr);
    assert_eq!(disk.names(), ["sync.c1z"]);
    let asked = site.requests().of(Endpoint::Users);
    assert!(asked < 9 || !kept, "{asked} requests for 9 pages, of which some were there");
    true_document(&room.path("disk/sync.c1z"), &site).await;
    (told(&failed), kept)
}

/// The working files lie elsewhere, so that it is the packer who finds no room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_could_not_be_packed_is_packed_without_a_request() {
    let (room, small) = (Room::new(), site(&[]).await);
    let Some(disk) = Disk::mount(&room, "size=64k") else { return };
    std::fs::create_dir(room.path("work")).unwrap();
    let arguments = ["--file=disk/sync.c1z", "--c1z-temp-dir=work"];
    assert_eq!(room.sync(&small, &arguments).code, 0);
    let old = std::fs::read(room.path("disk/sync.c1z")).unwrap();

    let site = Simulator::start(Config { users: 400, groups: 2, ..Config::default() }).await.unwrap();
    let ended = room.sync(&site, &[&arguments[..], &["--log-level=error"]].concat());
    insta::assert_snapshot!(told(&ended), @"8 can't write the output; the old file is unchanged (file=disk/sync.c1z)");
    assert_eq!(disk.names(), ["sync.c1z"], "nothing half written");
    assert!(std::fs::read(room.path("disk/sync.c1z")).unwrap() == old, "the old file is intact");

    assert!(mount(&disk.0, "remount,size=8m"));
    site.reset_requests();
    let ended = room.sync(&site, &arguments);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(site.requests().total, 0, "nothing was left to be asked");
    assert_eq!(disk.names(), ["sync.c1z"]);
    assert_eq!(std::fs::read_dir(room.path("work")).unwrap().count(), 0);
    true_document(&room.path("disk/sync.c1z"), &site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_folder_is_told_before_the_first_request() {
    let (room, site) = (Room::new(), site(&[]).await);
    let Some(disk) = Disk::read_only(&room) else { return };
    let ended = room.sync(&site, &["--file=disk/sync.c1z", "--log-level=error"]);
    insta::assert_snapshot!(told(&ended), @"7 the folder disk can't be written to; choose another place with --file (file=disk/sync.c1z)");
    assert_eq!(disk.names(), ["sync.c1z"]);
    assert_eq!(site.requests().total, 0);
}

/// The kernel ends a program that writes beyond the limit, unless it is asked
/// not to: then the write fails, and that is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_on_the_size_of_files_ends_with_a_sentence() {
    let (room, site) = (Room::new(), site(&[]).await);
    assert_eq!(room.sync(&site, &[]).code, 0);
    let old = std::fs::read(room.path("sync.c1z")).unwrap();
    let mut failed = 0;
    // The limit is met in the database, in its log, and in the file itself.
    for blocks in [0, 1, 4, 16, 64, 256, 700, 100_000] {
        let command = room.sync_command(&site, &["--log-level=error"]);
        let ended = Ended::of(Room::limited(&command, blocks).output().unwrap());
        assert_eq!(site.open_sessions(), 0, "{blocks}: it signed out");
        if ended.code == 0 {
            continue;
        }
        failed += 1;
        assert_eq!(ended.code, 8, "{blocks}: {}", ended.stderr);
        let sentence = told(&ended);
        assert!(
            sentence.contains("the file-size limit of this process (ulimit -f)"),
            "{blocks}: {}",
            ended.stderr
        );
        assert!(std::fs::read(room.path("sync.c1z")).unwrap() == old, "{blocks}: the old file is intact");
    }
    assert!((3..=7).contains(&failed), "{failed} of 8 failed");
    // Without a limit the next run does it.
    assert_eq!(room.sync(&site, &[]).code, 0);
    assert_eq!(room.names(), ["sync.c1z"]);
}
