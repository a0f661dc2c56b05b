//! A signal in the middle.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use connector_model::Result;

use crate::{program, sample};

#[tokio::test]
async fn it_stops_and_leaves_nothing_though_nobody_reads_on() -> Result<()> {
    let folder = sample::folder().await?;
    sample::write(folder.path(), "many.c1z", sample::many_grants(5_000)?).await?;
    for signal in ["-INT", "-TERM"] {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let mut child = program::baton(folder.path(), &["grants", "-f", "many.c1z", "-o", "json"])
            .env("BATON_TMPDIR", temp.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // The first byte is read, so it is at work; nothing more is, so the pipe is full.
        let mut out = BufReader::with_capacity(1, child.stdout.take().expect("its output"));
        assert!(!out.fill_buf().expect("a first byte").is_empty());
        assert_eq!(std::fs::read_dir(temp.path()).expect("the folder").count(), 1, "the decoded copy");
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill starts").success());
        let mut said = String::new();
        child.stderr.take().expect("its messages").read_to_string(&mut said).expect("UTF-8");
        assert_eq!(said, "error: stopped by a signal; what is printed is not all\n");
        assert_eq!(child.wait().expect("its end").code(), Some(1));
        assert_eq!(std::fs::read_dir(temp.path()).expect("the folder").count(), 0, "nothing is left");
    }
    Ok(())
}

/// `/dev/full` takes no byte, as a full disk.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_an_error() -> Result<()> {
    let folder = sample::folder().await?;
    for args in [&["grants"][..], &["stats", "-o", "json"], &["--help"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let done = program::baton(folder.path(), args).stdout(full).output().expect("the program starts");
        assert_eq!(done.status.code(), Some(8), "{args:?}");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(said.starts_with("error: can't write the output"), "{said}");
    }
    Ok(())
}
