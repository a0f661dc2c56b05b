//! Running the program.

use std::{
    fmt,
    path::Path,
    process::{Command, Output},
};

/// What a run gave.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or_else(|| "a signal".to_owned(), |c| c.to_string());
        write!(f, "exit: {code}\n--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr)
    }
}

/// The program in a folder, with nothing of this process's environment that it reads.
pub(crate) fn baton(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    command.current_dir(folder).args(args).env_remove("BATON_TMPDIR").env("COLUMNS", "100");
    for name in ["BATON_DECODER_MAX_DECODED_SIZE_MB", "BATON_DECODER_MAX_MEMORY_MB"] {
        command.env_remove(name);
    }
    command
}

/// Runs it to its end.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Run {
    let Output { status, stdout, stderr } = baton(folder, args).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program prints UTF-8");
    Run { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
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
