//! The engine alone, timed: a connector that makes its rows up, in the same
//! process.
//!
//! ```text
//! cargo bench -p connector-sync --bench engine -- [--runs N] [--only NAME] [--folder DIR]
//!                                                 [--percent N | --curve] [--against BINARY]
//! ```
//!
//! Names are those of [`shape::SHAPES`] and `resume`. Each run is a process of
//! its own. Beside each sync stands the floor: the same rows, encoded
//! beforehand, through the same store; and what making the rows up takes.
//! `--curve` shows each shape at 10, 100 and 300 percent of its size. `--against` names the executable of this benchmark
//! of another build, and prints how the two compare, fifteen runs of each in turn unless `--runs` says otherwise.

#![expect(clippy::print_stdout, reason = "a program that prints a table")]

mod connector;
mod floor;
mod measure;
mod resume;
mod roles;
mod shape;

use std::{
    io,
    path::{Path, PathBuf},
};

use measure::{Build, Measured, PAIRS, compare, median};
use shape::{SHAPES, Shape};

struct Options {
    runs: usize,
    only: Option<String>,
    folder: PathBuf,
    percents: Vec<u32>,
    against: Option<PathBuf>,
}

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // The roles that this program plays for itself.
    match arguments.split_first() {
        Some((role, rest)) if role == "measure" => return measure::run(rest.iter().cloned()),
        Some((role, rest)) if !role.starts_with("--") => return roles::play(role, rest),
        _ => {}
    }
    let options = options(arguments)?;
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| only == name);
    if let Some(old) = &options.against {
        for shape in SHAPES.into_iter().filter(|s| wanted(s.name)) {
            for percent in &options.percents {
                against(old, shape, *percent, &options)?;
            }
        }
        return Ok(());
    }
    println!(
        "{:<13}{:>5}{:>9}{:>9}{:>10}{:>8}{:>10}{:>10}{:>8}{:>9}{:>9}{:>10}{:>8}{:>8}{:>8}",
        "case",
        "%",
        "wall s",
        "cpu s",
        "peak MiB",
        "MB",
        "rows",
        "rows/s",
        "made s",
        "floor s",
        "f. cpu",
        "f. peak",
        "ratio",
        "cpu r.",
        "f. MB",
    );
    for shape in SHAPES.into_iter().filter(|s| wanted(s.name)) {
        for percent in &options.percents {
            case(shape, *percent, &options)?;
        }
    }
    if wanted("resume") {
        for percent in &options.percents {
            resume::case(SHAPES[0], *percent, options.runs, &options.folder)?;
        }
    }
    Ok(())
}

fn options(arguments: Vec<String>) -> io::Result<Options> {
    let mut options =
        Options { runs: 5, only: None, folder: std::env::temp_dir(), percents: vec![100], against: None };
    let runs_are_given = arguments.iter().any(|a| a == "--runs");
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let mut value =
            || arguments.next().ok_or_else(|| io::Error::other(format!("{argument} takes a value")));
        match argument.as_str() {
            "--runs" => options.runs = value()?.parse().map_err(io::Error::other)?,
            "--only" => options.only = Some(value()?),
            "--folder" => options.folder = value()?.into(),
            "--against" => options.against = Some(value()?.into()),
            "--percent" => options.percents = vec![value()?.parse().map_err(io::Error::other)?],
            "--curve" => options.percents = vec![10, 100, 300],
            // What cargo passes to every benchmark.
            "--bench" => {}
            other => return Err(io::Error::other(format!("unknown argument {other}"))),
        }
    }
    if options.against.is_some() && !runs_are_given {
        options.runs = PAIRS;
    }
    Ok(options)
}

fn against(old: &Path, shape: Shape, percent: u32, options: &Options) -> io::Result<()> {
    let folder = tempfile::tempdir_in(&options.folder)?;
    let file = folder.path().join("sync.c1z");
    let new = std::env::current_exe()?;
    compare(&format!("{} {percent} %", shape.name), options.runs, |build| {
        let _ = std::fs::remove_file(&file);
        let program = if build == Build::Old { old } else { &new };
        play_of(program, "sync", &shape, percent, &file, &[])
    })
}

/// Runs this program in a role and measures it.
fn play(role: &str, shape: &Shape, percent: u32, file: &Path, more: &[&str]) -> io::Result<Measured> {
    play_of(&std::env::current_exe()?, role, shape, percent, file, more)
}

/// Runs this program of some build in a role and measures it.
fn play_of(
    program: &Path,
    role: &str,
    shape: &Shape,
    percent: u32,
    file: &Path,
    more: &[&str],
) -> io::Result<Measured> {
    let percent = percent.to_string();
    let (program, file) = (program.to_string_lossy(), file.to_string_lossy());
    let mut command = vec![&*program, role, shape.name, &percent, &file];
    command.extend(more);
    Measured::of(&command, &[])
}

fn case(shape: Shape, percent: u32, options: &Options) -> io::Result<()> {
    let folder = tempfile::tempdir_in(&options.folder)?;
    let file = folder.path().join("sync.c1z");
    let size = shape.at(percent);
    let (mut syncs, mut floors, mut makings) = (Vec::new(), Vec::new(), Vec::new());
    let mut expanded = false;
    // Sync and floor take turns, so that a machine whose speed drifts slows
    // both.
    for run in 0..=options.runs {
        let _ = std::fs::remove_file(&file);
        let sync = play("sync", &shape, percent, &file, &[])?;
        let grants = sync.number("grants") as u64;
        expanded = grants == size.expanded_grants() && grants != size.direct_grants();
        let sound = expanded || grants == size.direct_grants();
        if !sound || sync.number("others") as u64 != size.other_rows() {
            return Err(io::Error::other(format!("{}: {grants} grants are not the site's", shape.name)));
        }
        let more: &[&str] = if expanded { &["expanded"] } else { &[] };
        let floor = play("floor", &shape, percent, &file, more)?;
        let making = play("generate", &shape, percent, &file, &[])?;
        // The first turn warms up.
        if run > 0 {
            syncs.push(sync);
            floors.push(floor);
            makings.push(making);
        }
    }
    let of = |runs: &[Measured], figure: fn(&Measured) -> f64| median(runs.iter().map(figure));
    let (wall, floor) = (of(&syncs, |m| m.wall), of(&floors, Measured::own_seconds));
    let rows = of(&floors, |m| m.number("rows"));
    let (cpu, floor_cpu) = (of(&syncs, |m| m.cpu), of(&floors, |m| m.number("cpu")));
    println!(
        "{:<13}{percent:>5}{wall:>9.2}{cpu:>9.2}{:>10.0}{:>8.2}{rows:>10}{:>10.0}{:>8.2}{floor:>9.2}\
         {floor_cpu:>9.2}{:>10.0}{:>8.2}{:>8.2}{:>8.2}",
        shape.name,
        of(&syncs, |m| m.peak_mib),
        of(&syncs, |m| m.number("bytes") / 1e6),
        rows / wall,
        of(&makings, Measured::own_seconds),
        of(&floors, |m| m.peak_mib),
        wall / floor,
        cpu / floor_cpu,
        of(&floors, |m| m.number("bytes") / 1e6),
    );
    if shape.chain > 1 && !expanded {
        println!("{:<13}  without expansion: the engine did not expand", "");
    }
    Ok(())
}
