//! The simulated site, in a process of its own.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;
use tableau_simulator::{Config, Simulator, parse_duration};

/// A site that answers until it is dropped.
pub(crate) struct Site {
    process: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    ready: Value,
}

impl Site {
    pub(crate) fn start(size: [u32; 3], latency: &str) -> io::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args(size.map(|n| n.to_string()))
            .arg(latency)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(ask), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(io::Error::other("the site has no pipes"));
        };
        let mut site = Self { process, ask, answers: BufReader::new(answers), ready: Value::Null };
        site.ready = site.answer()?;
        Ok(site)
    }

    fn answer(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        serde_json::from_str(&line).map_err(io::Error::other)
    }

    /// Requests that it has answered.
    pub(crate) fn requests(&mut self) -> io::Result<u64> {
        writeln!(self.ask, "requests")?;
        Ok(self.answer()?.as_u64().unwrap_or_default())
    }

    /// What a program needs to read it.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        let text = |key: &str| self.ready[key].as_str().unwrap_or_default().to_owned();
        [
            ("BATON_SERVER_PATH", text("url")),
            ("BATON_SITE_ID", text("site")),
            ("BATON_ACCESS_TOKEN_NAME", text("token_name")),
            ("BATON_ACCESS_TOKEN_SECRET", text("token_secret")),
        ]
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The site's own process: says where it is, then answers questions until
/// nobody is left to ask.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let arguments: Vec<_> = arguments.collect();
    let [users, groups, members, latency] = &arguments[..] else {
        return Err(io::Error::other("serve takes users, groups, members and latency"));
    };
    let number = |text: &String| text.parse().map_err(io::Error::other);
    let config = Config {
        users: number(users)?,
        groups: number(groups)?,
        members: number(members)?,
        latency: parse_duration(latency).map_err(io::Error::other)?,
        ..Config::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let site = runtime.block_on(Simulator::start(config))?;
    let mut out = io::stdout();
    let ready = serde_json::json!({
        "url": site.url(),
        "site": site.site(),
        "token_name": site.token_name(),
        "token_secret": site.token_secret(),
    });
    writeln!(out, "{ready}")?;
    for _question in io::stdin().lock().lines() {
        writeln!(out, "{}", site.requests().total)?;
    }
    Ok(())
}
