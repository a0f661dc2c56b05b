//! Running the program.

use std::{
    fmt,
    path::Path,
    process::{Command, Output, Stdio},
};

/// What a run gave.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let Output { status, stdout, stderr } = output;
        let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
        Self { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or_else(|| "a signal".to_owned(), |c| c.to_string());
        write!(f, "exit: {code}\n--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr)
    }
}

/// The program in a folder, with nothing of this process's environment that it reads.
pub(crate) fn baton(folder: &Path, args: &[&str]) -> Command {
    let mut command = connector_testkit::program::command(connector_testkit::program!("baton"));
    command.current_dir(folder).args(args);
    command
}

/// Runs it to its end.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Run {
    Run::of(baton(folder, args).output().expect("the program starts"))
}

/// Runs it to its end. Should it wait for the other end of a FIFO, it is killed and the test fails.
#[cfg(unix)]
pub(crate) fn run_without_waiting(folder: &Path, args: &[&str]) -> Run {
    let mut command = baton(folder, args);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.expect("the program starts");
    let pid = child.id();
    let (done, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Nobody listens any more once the test has failed.
        let _ = done.send(child.wait_with_output());
    });
    let Ok(output) = ended.recv_timeout(std::time::Duration::from_secs(60)) else {
        let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
        panic!("it waits for the other end of a FIFO: {args:?}");
    };
    Run::of(output.expect("its output"))
}

/// Runs it, wanting success and JSON on one line.
pub(crate) fn json(folder: &Path, args: &[&str]) -> serde_json::Value {
    let mut all = args.to_vec();
    all.extend(["-o", "json"]);
    let run = run(folder, &all);
    assert_eq!(run.code, Some(0), "{args:?}: {}", run.stderr);
    assert_eq!(run.stdout.find('\n'), Some(run.stdout.len() - 1), "one line");
    serde_json::from_str(&run.stdout).expect("JSON")
}

/// Runs it to its end in a process whose files may have so many blocks of 512 bytes.
pub(crate) fn run_with_file_blocks(folder: &Path, args: &[&str], blocks: &str) -> Run {
    let program = baton(folder, args);
    let mut limited = Command::new("sh");
    limited.arg("-c").arg(format!("ulimit -f {blocks} && exec \"$0\" \"$@\"")).arg(program.get_program());
    limited.args(program.get_args()).current_dir(folder).env_remove("BATON_TMPDIR");
    let Output { status, stdout, stderr } = limited.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
    Run { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}
