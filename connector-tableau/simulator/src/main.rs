//! Serves a simulated Tableau site until interrupted.

use std::{
    error::Error,
    io::{IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use serde::Serialize;
use tableau_simulator::{Config, Fault, Simulator, fault_help, parse_duration};
use tokio::signal::unix::{SignalKind, signal};

/// Serves a simulated Tableau site on a loopback port.
///
/// Prints one line of JSON with url, site, token_name and token_secret when it is ready, logs
/// to standard error, and ends on ctrl-C or SIGTERM. The truth behind the site is at
/// /_sim/seed, the requests by endpoint at /_sim/requests (DELETE sets them to zero); new
/// faults, one a line, can be posted to /_sim/faults.
#[derive(Debug, Parser)]
#[command(version, after_help = fault_help())]
struct Args {
    /// What everything generated follows from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many users the site has
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(..1 << 30))]
    users: u32,
    /// How many groups beside All Users
    #[arg(long, default_value_t = 20)]
    groups: u32,
    /// How many members each group has, but for the empty one
    #[arg(long, default_value_t = 25)]
    members: u32,
    /// How much later than needed each answer comes, such as 20ms
    #[arg(long, default_value = "0", value_parser = parse_duration)]
    latency: Duration,
    /// The port; 0 lets the system choose
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The content URL of the site; empty for the default site
    #[arg(long, default_value = "simulated")]
    site: String,
    /// The API version that the server claims
    #[arg(long, default_value = "3.27", value_parser = parse_version)]
    api_version: (u32, u32),
    /// Let some users have a site role that no client knows (DataSteward)
    #[arg(long)]
    future_role: bool,
    /// What goes wrong; may be given several times
    #[arg(long, value_name = "NAME[=ARG]")]
    fault: Vec<Fault>,
}

#[derive(Serialize)]
struct Ready<'a> {
    url: &'a str,
    site: &'a str,
    token_name: &'a str,
    token_secret: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    // Before the ready line, so that a signal right after it is not missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let config = Config {
        seed: args.seed,
        users: args.users,
        groups: args.groups,
        members: args.members,
        latency: args.latency,
        port: args.port,
        site: args.site,
        api_version: args.api_version,
        future_role: args.future_role,
        record: false,
        faults: args.fault,
    };
    let simulator = Simulator::start(config)
        .await
        .map_err(|error| format!("cannot listen on 127.0.0.1 port {}: {error}", args.port))?;
    let ready = Ready {
        url: simulator.url(),
        site: simulator.site(),
        token_name: simulator.token_name(),
        token_secret: simulator.token_secret(),
    };
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", serde_json::to_string(&ready)?)?;
    stdout.flush()?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
    }
    tracing::info!(requests = simulator.requests().total, "stopping");
    simulator.shutdown().await?;
    Ok(())
}

fn parse_version(text: &str) -> Result<(u32, u32), String> {
    let parsed =
        text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parsed.ok_or_else(|| format!("an API version is two numbers, such as 3.27, not {text:?}"))
}
