//! Logs: to stderr or to files, for programs (JSON) or for people (console).

mod file;
mod format;
mod sink;

use std::io::IsTerminal as _;

use connector_model::{Result, config::Config};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

pub(crate) use format::Format;
use sink::Sink;

/// How to log, and what a person should know about it.
pub(crate) struct Logging {
    level: LevelFilter,
    format: Format,
    sink: Sink,
    warnings: Vec<String>,
}

impl Logging {
    /// As configured.
    pub(crate) fn from_config(config: &Config) -> Result<Self> {
        let mut warnings = Vec::new();
        let level = level(config.string("log-level")?).unwrap_or_else(|sentence| {
            warnings.push(sentence);
            LevelFilter::INFO
        });
        let format = match config.string("log-format")? {
            "" => Format::of_terminal(std::io::stdout().is_terminal()),
            name => Format::named(name).unwrap_or_else(|| {
                warnings.push(format!("--log-format can't be {name:?}, it is json or console; using json"));
                Format::Json
            }),
        };
        Ok(Self { level, format, sink: Sink::open(config.list("log-path")?)?, warnings })
    }

    /// For a command that a person runs: warnings, unless they say otherwise.
    pub(crate) fn for_people(asked: Option<&str>) -> Self {
        let mut warnings = Vec::new();
        let level = match asked.map(level) {
            None => LevelFilter::WARN,
            Some(Ok(level)) => level,
            Some(Err(sentence)) => {
                warnings.push(sentence);
                LevelFilter::WARN
            }
        };
        Self { level, format: Format::Console, sink: Sink::Stderr, warnings }
    }

    /// Begins to log. A second call in one process changes nothing.
    pub(crate) fn start(self) {
        let layer =
            fmt::layer().event_format(self.format).with_writer(self.sink).with_filter(targets(self.level));
        // Only a second program in one process (a test) finds one there.
        let _ = tracing_subscriber::registry().with(layer).try_init();
        for warning in self.warnings {
            tracing::warn!("{warning}");
        }
    }
}

/// What others write below warnings is about their inside.
fn targets(level: LevelFilter) -> Targets {
    let others = ["h2", "hyper", "hyper_util", "reqwest", "rustls", "sqlx", "tower", "mio", "tokio"];
    Targets::new()
        .with_default(level)
        .with_targets(others.map(|crate_name| (crate_name, level.min(LevelFilter::WARN))))
}

/// The level of a name; the names are zap's.
fn level(name: &str) -> Result<LevelFilter, String> {
    match name.to_ascii_lowercase().as_str() {
        "debug" => Ok(LevelFilter::DEBUG),
        "info" | "" => Ok(LevelFilter::INFO),
        "warn" => Ok(LevelFilter::WARN),
        "error" | "dpanic" | "panic" | "fatal" => Ok(LevelFilter::ERROR),
        _ => Err(format!("--log-level can't be {name:?}, it is debug, info, warn or error")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_the_names_of_zap() {
        assert_eq!(level("DEBUG"), Ok(LevelFilter::DEBUG));
        assert_eq!(level(""), Ok(LevelFilter::INFO));
        assert_eq!(level("warn"), Ok(LevelFilter::WARN));
        assert_eq!(level("fatal"), Ok(LevelFilter::ERROR));
        assert_eq!(
            level("loud"),
            Err("--log-level can't be \"loud\", it is debug, info, warn or error".to_owned())
        );
    }

    #[test]
    fn others_are_quiet_below_warnings() {
        use tracing::Level;
        let debug = targets(LevelFilter::DEBUG);
        assert!(debug.would_enable("connector_sync::run", &Level::DEBUG));
        assert!(debug.would_enable("sqlx::query", &Level::WARN));
        assert!(!debug.would_enable("sqlx::query", &Level::INFO));
        assert!(!targets(LevelFilter::ERROR).would_enable("sqlx::query", &Level::WARN));
    }
}
