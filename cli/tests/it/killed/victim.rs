//! A run that is killed at a moment of our choice.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// When a run is killed.
#[derive(Debug)]
pub(crate) enum Moment {
    /// This long after its start.
    After(Duration),
    /// As soon as the other side has had so many requests.
    Requests(u64),
    /// This long after it wrote a line with this text.
    Line(&'static str, Duration),
    /// This long after a file is there.
    File(PathBuf, Duration),
    /// As soon as a file is another one.
    Replaced(PathBuf),
    /// Never.
    End,
}

/// How a run ended.
pub(crate) struct Death {
    /// Whether it was we who ended it.
    pub(crate) killed: bool,
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
    /// From the start to the end, and how much of it was after the line that
    /// the file is being made.
    pub(crate) took: Duration,
    pub(crate) sealing: Duration,
}

/// Between two looks whether the moment is there. What is looked for lasts
/// longer, mostly; a moment that is missed is one of the others.
const LOOK: Duration = Duration::from_micros(50);

pub(crate) const SEAL: &str = "making the file";

/// Lines with when they came.
type Lines = Arc<Mutex<Vec<(Instant, String)>>>;

pub(crate) struct Victim {
    child: Child,
    start: Instant,
    lines: Lines,
    reader: Option<JoinHandle<()>>,
}

impl Victim {
    pub(crate) fn start(mut command: Command) -> Self {
        let start = Instant::now();
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let lines = Lines::default();
        let to = lines.clone();
        let reader = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                to.lock().unwrap().push((Instant::now(), line));
            }
        });
        Self { child, start, lines, reader: Some(reader) }
    }

    /// Waits for the moment and kills; `requests` tells how many there were so
    /// far. Blocks.
    pub(crate) fn die(mut self, moment: &Moment, mut requests: impl FnMut() -> u64) -> Death {
        let first = match moment {
            Moment::Replaced(path) => std::fs::metadata(path).ok().map(identity),
            _ => None,
        };
        let mut seen = None;
        let (killed, status) = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break (false, status);
            }
            let due = match moment {
                Moment::After(time) => self.start.elapsed() >= *time,
                Moment::Requests(n) => requests() >= *n,
                Moment::Line(text, more) => self.when(text).is_some_and(|at| at.elapsed() >= *more),
                Moment::File(path, more) => {
                    if seen.is_none() && path.exists() {
                        seen = Some(Instant::now());
                    }
                    seen.is_some_and(|at| at.elapsed() >= *more)
                }
                Moment::Replaced(path) => std::fs::metadata(path).ok().map(identity) != first,
                Moment::End => false,
            };
            if due {
                // SIGKILL, which no program can put off.
                self.child.kill().unwrap();
                let status = self.child.wait().unwrap();
                // It may have ended by itself before the signal came.
                break (status.code().is_none(), status);
            }
            std::thread::sleep(LOOK);
        };
        let took = self.start.elapsed();
        self.reader.take().unwrap().join().unwrap();
        let sealing = self.when(SEAL).map(|at| at.elapsed()).unwrap_or_default();
        let lines = self.lines.lock().unwrap();
        let stderr = lines.iter().map(|(_, line)| line.clone() + "\n").collect();
        Death { killed, code: status.code(), stderr, took, sealing }
    }

    fn when(&self, text: &str) -> Option<Instant> {
        self.lines.lock().unwrap().iter().find(|(_, line)| line.contains(text)).map(|(at, _)| *at)
    }
}

fn identity(of: std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (of.dev(), of.ino())
}
