//! Runs the program in a folder of its own, with nothing in its environment.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use connector_testkit::program;
use tableau_simulator::{Config, Simulator};
use tempfile::TempDir;

/// A folder in which the program runs.
pub(crate) struct Room(TempDir);

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What lies in the folder, locks left out.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.ends_with(".lock"));
        names.sort();
        names
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program::command(connector_testkit::program!("baton-tableau"));
        command
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The same command in a process whose files may have so many blocks of
    /// 512 bytes.
    pub(crate) fn limited(command: &Command, blocks: u32) -> Command {
        let mut limited = Command::new("sh");
        limited.arg("-c").arg(format!("ulimit -f {blocks} && exec \"$0\" \"$@\""));
        limited.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null()).env_clear();
        limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            limited.current_dir(folder);
        }
        limited
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    /// Runs a sync of a simulated site to the end.
    pub(crate) fn sync(&self, site: &Simulator, arguments: &[&str]) -> Ended {
        Ended::of(self.sync_command(site, arguments).output().unwrap())
    }

    pub(crate) fn sync_command(&self, site: &Simulator, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command
            .env("BATON_SERVER_PATH", site.url())
            .env("BATON_SITE_ID", site.site())
            .env("BATON_ACCESS_TOKEN_NAME", site.token_name())
            .env("BATON_ACCESS_TOKEN_SECRET", site.token_secret());
        command
    }
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            // A program that a signal ended has no code.
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs a command that must not wait for the other end of a FIFO. Should it
/// wait all the same, it is killed and the test fails.
#[cfg(unix)]
pub(crate) fn run_without_waiting(command: &mut Command) -> Ended {
    let child = command.spawn().unwrap();
    let pid = child.id();
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Nobody listens any more once the test has failed.
        let _ = done.send(child.wait_with_output());
    });
    match ended.recv_timeout(std::time::Duration::from_secs(60)) {
        Ok(output) => Ended::of(output.unwrap()),
        Err(_) => {
            let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
            panic!("it waits for the other end of a FIFO: {command:?}")
        }
    }
}

/// A simulated site of 40 users and 3 groups.
pub(crate) async fn site(faults: &[&str]) -> Simulator {
    let faults = faults.iter().map(|f| f.parse().unwrap()).collect();
    Simulator::start(Config { users: 40, groups: 3, members: 5, faults, ..Config::default() }).await.unwrap()
}

/// A file's size and content as a c1z file of ours.
pub(crate) fn is_c1z(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"C1ZF\0"))
}

/// A program that runs until it is told to stop.
#[cfg(unix)]
pub(crate) struct Running {
    child: Child,
    lines: Option<Lines>,
}

/// What comes until the end of a stream, gathered in the background.
#[cfg(unix)]
type Lines = std::thread::JoinHandle<String>;

#[cfg(unix)]
impl Running {
    /// Starts it and waits for a line of stderr that holds a text.
    pub(crate) fn until_stderr(mut command: Command, text: &str) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (_, lines) = wait_for(lines, text);
        Self { child, lines: Some(lines) }
    }

    /// Starts it, waits for a line of stdout that holds a text, and gives what
    /// came until then.
    #[cfg(feature = "demo")]
    pub(crate) fn until_stdout(mut command: Command, text: &str) -> (Self, String) {
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (seen, lines) = wait_for(lines, text);
        (Self { child, lines: Some(lines) }, seen)
    }

    /// Sends a signal (`TERM`, `INT`), waits for the end, and gives the code.
    pub(crate) fn stop(self, signal: &str) -> i32 {
        self.stop_and_read(signal).0
    }

    /// The same, with what came after the line that was waited for.
    pub(crate) fn stop_and_read(mut self, signal: &str) -> (i32, String) {
        let kill = format!("kill -{signal} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        (code, self.lines.take().unwrap().join().unwrap())
    }
}

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        // Already gone after a stop.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads until a line holds a text; the rest is read in the background, so
/// that the program never waits for a reader.
#[cfg(unix)]
fn wait_for(
    mut lines: impl Iterator<Item = std::io::Result<String>> + Send + 'static,
    text: &str,
) -> (String, Lines) {
    let mut seen = String::new();
    for line in lines.by_ref() {
        let line = line.unwrap();
        seen.push_str(&line);
        seen.push('\n');
        if line.contains(text) {
            let rest = std::thread::spawn(move || lines.map_while(Result::ok).map(|l| l + "\n").collect());
            return (seen, rest);
        }
    }
    panic!("the program ended before it wrote {text:?}:\n{seen}")
}
