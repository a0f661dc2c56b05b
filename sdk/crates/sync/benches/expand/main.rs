//! Grant expansion, timed: in memory, and of whole files.
//!
//! ```text
//! cargo bench -p connector-sync --bench expand -- [--runs N] [--only WORD] [--against BINARY]
//! ```
//!
//! Each figure is the median of the runs, each run a process of its own. Of expansion in memory it prints the
//! contributions a second (a holder over an edge, with the sources of all merged, nothing encoded); of a file the rows
//! that were written, how long its expansion took, beside the whole job of decoding, copying, indexing and packing, and the peak memory of all.
//! `--against` names the executable of this benchmark of another build, and prints how the two compare.

#![expect(clippy::print_stdout, reason = "a program that prints a table")]

mod file;
#[path = "../engine/measure.rs"]
#[expect(dead_code, reason = "what the program says is read by another benchmark")]
mod measure;
mod memory;

use std::{io, path::PathBuf, process::Command};

use measure::{Build, Measured, PAIRS, compare, median};

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::Value;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("measure").is_some() {
        return measure::run(arguments);
    }
    if arguments.next_if_eq("case").is_some() {
        let name = arguments.next().unwrap_or_default();
        return case(&name);
    }
    let (mut runs, mut only, mut against) = (None, String::new(), None);
    while let Some(argument) = arguments.next() {
        let mut value =
            || arguments.next().ok_or_else(|| io::Error::other(format!("{argument} takes a value")));
        match argument.as_str() {
            "--runs" => runs = Some(value()?.parse::<usize>().map_err(io::Error::other)?),
            "--only" => only = value()?,
            "--against" => against = Some(PathBuf::from(value()?)),
            // What cargo passes to every benchmark.
            "--bench" => {}
            other => return Err(io::Error::other(format!("unknown argument {other}"))),
        }
    }
    let names =
        memory::CASES.iter().map(|c| c.0).chain(file::CASES.iter().map(|c| c.0)).chain([file::FIXTURE]);
    let own = std::env::current_exe()?;
    if let Some(old) = against {
        for name in names.filter(|name| name.contains(&only)) {
            compare(name, runs.unwrap_or(PAIRS), |build| {
                let program = if build == Build::Old { &old } else { &own };
                Measured::of(&[&program.to_string_lossy(), "case", name], &[])
            })?;
        }
        return Ok(());
    }
    let runs = runs.unwrap_or(5);
    println!(
        "{:<22}{:>12}{:>12}{:>10}{:>10}{:>10}{:>10}",
        "case", "contrib.", "expand s", "cpu s", "M/s", "whole s", "peak MiB"
    );
    for name in names.filter(|name| name.contains(&only)) {
        let mut results = Vec::new();
        // The first warms up.
        for run in 0..=runs {
            let result = in_child(name)?;
            if run > 0 {
                results.push(result);
            }
        }
        let of = |key: &str| median(results.iter().filter_map(|r| r[key].as_f64()));
        if results.iter().any(|r| r["skipped"].is_string()) {
            println!("{name:<22} skipped: there is no folder of fixtures beside the repository");
            continue;
        }
        let (contributions, seconds) = (of("contributions"), of("seconds"));
        println!(
            "{name:<22}{contributions:>12}{seconds:>12.3}{:>10.3}{:>10.1}{:>10.2}{:>10.0}",
            of("cpu"),
            contributions / seconds / 1e6,
            of("whole"),
            of("peak_mib")
        );
    }
    Ok(())
}

fn in_child(name: &str) -> io::Result<Value> {
    let output = Command::new(std::env::current_exe()?).args(["case", name]).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{name}: {}", String::from_utf8_lossy(&output.stderr))));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.lines().last().unwrap_or_default()).map_err(io::Error::other)
}

/// Processor time of this process, the kernel's included.
fn cpu_seconds() -> f64 {
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    getrusage(UsageWho::RUSAGE_SELF).map_or(0.0, |u| seconds(u.user_time()) + seconds(u.system_time()))
}

fn case(name: &str) -> io::Result<()> {
    let mut result = match memory::CASES.iter().find(|c| c.0 == name) {
        Some((_, scale)) => memory::run(*scale),
        None => file::run(name)?,
    };
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    result["peak_mib"] = (usage.max_rss() as f64 / 1024.0).into();
    println!("{result}");
    Ok(())
}
