//! `baton expand`.

use connector_model::Result;
use insta::{Settings, assert_json_snapshot, assert_snapshot};

use crate::{program, sample};

#[tokio::test]
async fn a_team_inside_a_team_gives_its_members() -> Result<()> {
    let folder = sample::folder().await?;
    let before = std::fs::read(folder.path().join("sync.c1z")).expect("the sample");
    let json = program::json(folder.path(), &["expand", "--out", "other.c1z"]);
    assert_json_snapshot!("json-expand", json, { ".bytes" => "[bytes]" });
    assert_eq!(std::fs::read(folder.path().join("sync.c1z")).expect("the sample"), before);

    let mut settings = Settings::clone_current();
    settings.add_filter(r"\(\d+ bytes\)", "([bytes])");
    let run = program::run(folder.path(), &["expand", "sync.c1z"]);
    settings.bind(|| assert_snapshot!("console-expand", run));
    let grants = |file| program::run(folder.path(), &["grants", "-f", file, "-e", "team:all:member"]).stdout;
    assert_eq!(grants("sync.c1z"), grants("other.c1z"));
    assert_snapshot!("console-grants-expanded", grants("sync.c1z"));
    let run = program::run(folder.path(), &["verify", "--allow-dangling"]);
    assert_eq!(run.code, Some(0), "{run}");
    Ok(())
}

/// The kernel ends a program that writes beyond the limit, unless it is asked not to.
#[tokio::test]
async fn a_limit_on_the_size_of_files_ends_with_a_sentence() -> Result<()> {
    let folder = sample::folder().await?;
    let old = std::fs::read(folder.path().join("sync.c1z")).expect("the sample");
    let mut failed = 0;
    for blocks in ["0", "1", "16", "64", "200", "100000"] {
        let run =
            program::run_with_file_blocks(folder.path(), &["expand", "sync.c1z", "--out", "out.c1z"], blocks);
        if run.code == Some(0) {
            continue;
        }
        failed += 1;
        assert_eq!(run.code, Some(8), "{blocks}: {run}");
        let sentence = run.stderr.lines().next().expect("a sentence");
        assert!(sentence.contains("the file-size limit of this process (ulimit -f)"), "{blocks}: {run}");
        assert!(!folder.path().join("out.c1z").exists(), "{blocks}: {run}");
    }
    assert!((3..=5).contains(&failed), "{failed} of 6 failed");
    assert_eq!(std::fs::read(folder.path().join("sync.c1z")).expect("the sample"), old);
    Ok(())
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_told_and_the_old_one_stays() -> Result<()> {
    let folder = sample::folder().await?;
    for (args, code) in [
        (&["expand", "--out", "nowhere/out.c1z"][..], 5),
        (&["expand", "nowhere.c1z"], 5),
        (&["expand", "sync.c1z", "-f", "sync.c1z"], 2),
    ] {
        let run = program::run(folder.path(), args);
        assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{args:?}: {run}");
    }
    let files: Vec<_> = std::fs::read_dir(folder.path())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(files, ["sync.c1z"]);
    Ok(())
}

/// What is no file, or can't be one, is told at once; nobody waits for the other end of a FIFO.
#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_is_refused_and_nothing_waits() -> Result<()> {
    use std::os::unix::fs::symlink;
    let folder = sample::folder().await?;
    let fifo = folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    symlink("fifo", folder.path().join("link")).expect("a link");
    for (args, code, says) in [
        (&["expand", "--out", "fifo"][..], 9, "the output is a FIFO"),
        (&["expand", "--out", "link"], 9, "the output is a FIFO"),
        (&["expand", "--out", "/dev/null"], 9, "only a regular file can be replaced"),
        (&["expand", "--out", "/dev/stdout"], 9, "only a regular file can be replaced"),
        (&["expand", "--out", "new/"], 2, "--out: this names a folder"),
        (&["expand", "--out", "."], 2, "--out: this names a folder"),
        (&["expand", "--out", ""], 2, "--out"),
        (&["expand", "fifo", "--out", "new.c1z"], 3, "it is a FIFO"),
        (&["stats", "-f", "fifo"], 3, "it is a FIFO"),
        (&["verify", "link"], 3, "it is a FIFO"),
        (&["syncs", "-f", "/dev/null"], 3, "it is a device"),
    ] {
        let run = program::run_without_waiting(folder.path(), args);
        assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{args:?}: {run}");
        assert!(run.stderr.contains(says), "{args:?}: {run}");
    }
    let mut files: Vec<_> = std::fs::read_dir(folder.path())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    files.sort();
    assert_eq!(files, ["fifo", "link", "sync.c1z"]);
    Ok(())
}
