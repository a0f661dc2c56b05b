//! The whole job, timed: `baton-tableau` reads a simulated site into a file.
//!
//! ```text
//! cargo bench -p baton-tableau --bench whole_job -- [--runs N] [--only NAME] [--folder DIR] [--against BINARY]
//! ```
//!
//! For each size and latency it prints wall and CPU time and peak memory of
//! the program's process (median of the runs; the simulator is another
//! process), the requests it made, and the rows it wrote. Beside it stands the
//! floor: the same rows, encoded beforehand, through the same store into the
//! same schema, indexes and packing included, in a process of its own.

#![expect(clippy::print_stdout, reason = "a program that prints a table")]

mod floor;
#[path = "../../../sdk/crates/sync/benches/engine/measure.rs"]
mod measure;
mod serve;

use std::{
    io,
    path::{Path, PathBuf},
};

use measure::{Build, Measured, PAIRS, compare, median};
use serve::Site;

/// Users, groups, members of a group.
const SIZES: [(&str, [u32; 3]); 3] =
    [("small", [1_000, 50, 50]), ("medium", [10_000, 200, 200]), ("large", [100_000, 1_000, 500])];

const LATENCIES: [&str; 2] = ["0ms", "20ms"];

struct Options {
    runs: usize,
    only: Option<String>,
    folder: PathBuf,
    against: Option<PathBuf>,
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    // The roles that this program plays for itself.
    match arguments.next().as_deref() {
        Some("serve") => return serve::run(arguments),
        Some("measure") => return measure::run(arguments),
        Some("floor") => return floor::run(arguments),
        _ => {}
    }
    let options = options()?;
    if options.against.is_none() {
        print_header();
    }
    for (name, size) in SIZES {
        if options.only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        for latency in LATENCIES {
            match &options.against {
                Some(old) => against(old, name, size, latency, &options)?,
                None => job(name, size, latency, &options)?,
            }
        }
    }
    Ok(())
}

fn print_header() {
    println!(
        "{:<8}{:>8}{:>9}{:>9}{:>10}{:>10}{:>10}{:>11}{:>10}{:>8}",
        "size", "latency", "wall s", "cpu s", "peak MiB", "requests", "rows", "rows/s", "floor s", "ratio"
    );
}

/// This build's program against another one's.
fn against(old: &Path, name: &str, size: [u32; 3], latency: &str, options: &Options) -> io::Result<()> {
    let folder = tempfile::tempdir_in(&options.folder)?;
    let file = folder.path().join("sync.c1z");
    let site = Site::start(size, latency)?;
    compare(&format!("{name} {latency}"), options.runs, |build| {
        let _ = std::fs::remove_file(&file);
        let program = if build == Build::Old { old.to_owned() } else { own_program() };
        sync(&program, &site, &file)
    })
}

fn options() -> io::Result<Options> {
    let mut options = Options { runs: 5, only: None, folder: std::env::temp_dir(), against: None };
    let mut runs = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value =
            || arguments.next().ok_or_else(|| io::Error::other(format!("{argument} takes a value")));
        match argument.as_str() {
            "--runs" => runs = Some(value()?.parse().map_err(io::Error::other)?),
            "--only" => options.only = Some(value()?),
            "--against" => options.against = Some(value()?.into()),
            "--folder" => options.folder = value()?.into(),
            // What cargo passes to every benchmark.
            "--bench" => {}
            other => return Err(io::Error::other(format!("unknown argument {other}"))),
        }
    }
    options.runs = runs.unwrap_or(if options.against.is_some() { PAIRS } else { options.runs });
    Ok(options)
}

fn job(name: &str, size: [u32; 3], latency: &str, options: &Options) -> io::Result<()> {
    let folder = tempfile::tempdir_in(&options.folder)?;
    let file = folder.path().join("sync.c1z");
    let mut site = Site::start(size, latency)?;
    let (mut jobs, mut floors, mut requests) = (Vec::new(), Vec::new(), 0);
    // Job and floor take turns, so that a machine whose speed drifts slows
    // both.
    for run in 0..=options.runs {
        let _ = std::fs::remove_file(&file);
        let before = site.requests()?;
        let measured = sync(&own_program(), &site, &file)?;
        requests = site.requests()? - before;
        let floor = Measured::of(
            &[&*std::env::current_exe()?.to_string_lossy(), "floor", &file.to_string_lossy()],
            &[],
        )?;
        // The first turn warms up.
        if run > 0 {
            jobs.push(measured);
            floors.push(floor);
        }
    }
    let wall = median(jobs.iter().map(|m| m.wall));
    let floor = median(floors.iter().map(Measured::own_seconds));
    let rows = floors.last().map_or(0.0, |m| m.number("rows"));
    println!(
        "{name:<8}{latency:>8}{wall:>9.2}{:>9.2}{:>10.0}{requests:>10}{rows:>10}{:>11.0}{floor:>10.2}{:>8.2}",
        median(jobs.iter().map(|m| m.cpu)),
        median(jobs.iter().map(|m| m.peak_mib)),
        rows / wall,
        wall / floor,
    );
    Ok(())
}

fn own_program() -> PathBuf {
    connector_testkit::program!("baton-tableau")
}

fn sync(program: &Path, site: &Site, file: &Path) -> io::Result<Measured> {
    let (program, file) = (program.to_string_lossy(), file.to_string_lossy());
    Measured::of(&[&program, "--file", &file, "--log-level", "error"], &site.variables())
}
