//! What it takes to go on: from the start of a process to its first question
//! to the connector, over a working database whose process was killed.

use std::{fs, io, path::Path, process::Command};

use crate::{measure::median, play, shape::Shape};

/// Kills a sync before its last page, then begins it again and again, each
/// time over the same working files.
pub(crate) fn case(shape: Shape, percent: u32, runs: usize, folder: &Path) -> io::Result<()> {
    let folder = tempfile::tempdir_in(folder)?;
    // The path is part of what a run finds its working files by, so each run
    // gets them back where they were.
    let (place, kept) = (folder.path().join("run"), folder.path().join("kept"));
    let file = place.join("sync.c1z");
    fs::create_dir(&place)?;
    let status = Command::new(std::env::current_exe()?)
        .args(["killed", shape.name, &percent.to_string()])
        .arg(&file)
        .status()?;
    if status.code().is_some() {
        return Err(io::Error::other(format!("the run to be killed ended with {status}")));
    }
    fs::rename(&place, &kept)?;
    let mut measured = Vec::new();
    for run in 0..=runs {
        let bytes = copy(&kept, &place)?;
        let resumed = play("resumed", &shape, percent, &file, &[])?;
        if run == 0 {
            println!("{:<13}{percent:>5}  {:.0} MB of working files", "resume", bytes as f64 / 1e6);
        } else {
            measured.push(resumed);
        }
        fs::remove_dir_all(&place)?;
    }
    println!(
        "{:<13}{percent:>5}{:>9.2}{:>9.2}{:>10.0}  {}",
        "resume",
        median(measured.iter().map(|m| m.wall)),
        median(measured.iter().map(|m| m.cpu)),
        median(measured.iter().map(|m| m.peak_mib)),
        if measured.iter().all(|m| m.number("grants_first") > 0.0) {
            "went on with the grants"
        } else {
            "began again from scratch"
        },
    );
    Ok(())
}

/// Copies a folder with all that is in it; gives the bytes.
fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    fs::create_dir(to)?;
    let mut bytes = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        bytes += if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?
        } else {
            fs::copy(entry.path(), &target)?
        };
    }
    Ok(bytes)
}
