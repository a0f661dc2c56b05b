//! `baton-tableau demo`: the whole job on a Tableau site that is not there.

use std::{path::PathBuf, sync::Arc, time::Duration};

use connector_sdk::{
    Error, Result,
    runtime::{
        CommandContext, Progress, Retention, SyncOptions, Workers,
        clap::{Arg, ArgAction, ArgMatches, Command, value_parser},
        print, render_summary, say, sync_once,
    },
};
use connector_tableau::{Tableau, schema};
use tableau_simulator::{Config, Simulator};

/// How much later than needed the simulated site answers, so that progress
/// can be seen.
const LATENCY: Duration = Duration::from_millis(20);

/// The file where nobody says another.
const FILE: &str = "demo.c1z";

/// What a person chose.
pub(crate) struct Demo {
    users: u32,
    groups: u32,
    keep_serving: bool,
    file: PathBuf,
}

/// The command line of the demo.
pub(crate) fn command() -> Command {
    let count = |name: &'static str, default: &'static str, most: i64, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("N")
            .default_value(default)
            .value_parser(value_parser!(u32).range(1..=most))
            .help(help)
    };
    Command::new("demo")
        .about("Sync a simulated Tableau site into demo.c1z; needs no settings")
        .arg(count("users", "500", 1_000_000, "how many users the site has"))
        .arg(count("groups", "20", 100_000, "how many groups the site has"))
        .arg(
            Arg::new("keep-serving")
                .long("keep-serving")
                .action(ArgAction::SetTrue)
                .help("go on serving the site after the sync, until ctrl-C"),
        )
}

impl Demo {
    pub(crate) fn from_matches(matches: &ArgMatches) -> Self {
        let count = |name| matches.get_one::<u32>(name).copied().unwrap_or(1);
        // The flag that every program has, where somebody gave it.
        let file = matches.get_many::<String>("file").and_then(|mut all| all.next_back());
        Self {
            users: count("users"),
            groups: count("groups"),
            keep_serving: matches.get_flag("keep-serving"),
            file: file.map_or(FILE, String::as_str).into(),
        }
    }
}

/// Starts the site, syncs it, and says what came of it.
pub(crate) async fn run(demo: &Demo, context: &CommandContext) -> Result<()> {
    let config = Config { users: demo.users, groups: demo.groups, latency: LATENCY, ..Config::default() };
    let simulator = Simulator::start(config)
        .await
        .map_err(|e| Error::io("the simulated site can't be started on loopback", e))?;
    say(&format!(
        "A simulated Tableau site with {} users and {} groups answers at {}.",
        demo.users,
        demo.groups,
        simulator.url()
    ));
    let settings = schema()?.config([
        ("access-token-name", simulator.token_name().to_owned()),
        ("access-token-secret", simulator.token_secret()),
        ("server-path", simulator.url().to_owned()),
        ("site-id", simulator.site().to_owned()),
    ])?;
    let tableau = Arc::new(Tableau::connect(&settings, &context.connect)?);
    let options = SyncOptions {
        overwrite: true,
        keep_syncs: Retention::Newest(1),
        workers: Workers::Auto,
        program: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..SyncOptions::new(&demo.file)
    };
    let progress = Arc::new(Progress::for_people(tableau.clone()));
    let result = sync_once(tableau.clone(), &options, progress.clone(), context.cancel.clone()).await;
    progress.finish();
    let summary = result.inspect_err(|_| progress.say_what_is_kept())?;
    let mut text = render_summary(&summary, Some(tableau.stats().requests));
    if demo.keep_serving {
        text.push_str(&by_hand(&simulator));
    }
    print(&format!("{text}\n"))?;
    if demo.keep_serving {
        context.cancel.cancelled().await;
    }
    simulator.shutdown().await.map_err(|e| Error::io("the simulated site did not end well", e))
}

/// How to sync the simulated site oneself. Its secret guards nothing.
fn by_hand(simulator: &Simulator) -> String {
    format!(
        "\n\nThe site goes on until ctrl-C. To sync it yourself:\n  \
         export BATON_SERVER_PATH={}\n  \
         export BATON_SITE_ID={}\n  \
         export BATON_ACCESS_TOKEN_NAME={}\n  \
         export BATON_ACCESS_TOKEN_SECRET={}\n  \
         baton-tableau --file sync.c1z",
        simulator.url(),
        simulator.site(),
        simulator.token_name(),
        simulator.token_secret()
    )
}
