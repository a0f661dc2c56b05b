//! What a process cost, as the operating system counts it.

use std::{
    io::{self, Write as _},
    process::{Command, Stdio},
    time::Instant,
};

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::Value;

/// What one run of a program cost.
pub(crate) struct Measured {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of processor time, the kernel's included.
    pub(crate) cpu: f64,
    /// The most memory it had at once.
    pub(crate) peak_mib: f64,
    /// What the program itself said on stdout, where that is JSON.
    said: Value,
}

impl Measured {
    /// Runs a program with variables. A process in between runs nothing else,
    /// so what its children cost is what the program cost.
    pub(crate) fn of(command: &[&str], variables: &[(&str, String)]) -> io::Result<Self> {
        let output = Command::new(std::env::current_exe()?)
            .arg("measure")
            .args(command)
            .envs(variables.iter().map(|(k, v)| (k, v)))
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines().rev();
        let cost: Value = serde_json::from_str(lines.next().unwrap_or_default())
            .map_err(|_| io::Error::other(format!("the run failed: {text}")))?;
        let said = lines.next().and_then(|l| serde_json::from_str(l).ok()).unwrap_or_default();
        let number = |key: &str| cost[key].as_f64().unwrap_or_default();
        Ok(Self { wall: number("wall"), cpu: number("cpu"), peak_mib: number("peak_mib"), said })
    }

    /// A number that the program said.
    pub(crate) fn number(&self, key: &str) -> f64 {
        self.said[key].as_f64().unwrap_or_default()
    }

    /// The seconds that the program took for what counts, by its own clock.
    pub(crate) fn own_seconds(&self) -> f64 {
        self.number("seconds")
    }
}

/// The process in between: runs a program and prints what it cost.
pub(crate) fn run(mut command: impl Iterator<Item = String>) -> io::Result<()> {
    let program = command.next().ok_or_else(|| io::Error::other("no program to measure"))?;
    let start = Instant::now();
    let status = Command::new(program).args(command).status()?;
    let wall = start.elapsed().as_secs_f64();
    if !status.success() {
        return Err(io::Error::other(format!("the program ended with {status}")));
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6;
    let cost = serde_json::json!({
        "wall": wall,
        "cpu": seconds(usage.user_time()) + seconds(usage.system_time()),
        "peak_mib": usage.max_rss() as f64 / 1024.0,
    });
    writeln!(io::stdout(), "{cost}")
}

/// Pairs of runs that two builds are compared by.
pub(crate) const PAIRS: usize = 15;

/// Runs two builds in turn and prints the medians of the ratios, the second over the first. A machine drifts by a
/// quarter from minute to minute, so single times say nothing; two runs in a row meet the same machine.
pub(crate) fn compare(
    name: &str,
    pairs: usize,
    mut run: impl FnMut(Build) -> io::Result<Measured>,
) -> io::Result<()> {
    let (mut wall, mut cpu, mut peak) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..=pairs {
        let (old, new) = (run(Build::Old)?, run(Build::New)?);
        // The first pair warms up.
        if pair > 0 {
            wall.push(new.wall / old.wall);
            cpu.push(new.cpu / old.cpu);
            peak.push(new.peak_mib / old.peak_mib);
        }
    }
    let [wall, cpu, peak] = [wall, cpu, peak].map(|ratios| median(ratios.into_iter()));
    println!("{name:<22} new/old, median of {pairs} pairs: wall {wall:.3}, cpu {cpu:.3}, peak {peak:.3}");
    Ok(())
}

/// Which of two builds runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Build {
    /// The one that was named with `--against`.
    Old,
    /// This one.
    New,
}

/// The middle one of some figures.
pub(crate) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<_> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
