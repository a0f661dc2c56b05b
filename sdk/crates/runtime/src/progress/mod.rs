//! What a person sees of a sync while it works.

mod board;
mod estimate;
mod of_type;

use std::{
    fmt,
    io::IsTerminal as _,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use board::Board;
use connector_model::{Connector, Waits, text::one_line};
use connector_sync::{Event, Observer, Phase, Totals};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::AbortHandle;

use crate::{
    console,
    summary::{grouped, rough},
};

/// How often a line is written, where there is no bar.
const INTERVAL: Duration = Duration::from_secs(10);

/// How often rates and waits are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Shows how far a sync is: as a bar on a terminal, as lines elsewhere.
#[derive(Debug)]
pub struct Progress {
    shown: Arc<Shown>,
    ticker: AbortHandle,
}

/// What is shown, and how.
struct Shown {
    way: Way,
    connector: Arc<dyn Connector>,
    board: Mutex<Board>,
}

#[derive(Debug)]
enum Way {
    Bar(ProgressBar),
    /// Lines on stderr.
    Lines,
    /// Lines in the log.
    Log,
}

impl Progress {
    /// For a command that a person runs: a bar where stderr is a terminal,
    /// else lines on stderr. Must be called within a Tokio runtime: the
    /// connector is asked every second [how its rate limit holds it
    /// up](Connector::waits).
    pub fn for_people(connector: Arc<dyn Connector>) -> Self {
        Self::new(bar().unwrap_or(Way::Lines), connector)
    }

    /// For a program: a bar where stderr is a terminal, else lines in the log.
    pub(crate) fn of_sync(connector: Arc<dyn Connector>) -> Self {
        Self::new(bar().unwrap_or(Way::Log), connector)
    }

    fn new(way: Way, connector: Arc<dyn Connector>) -> Self {
        let shown = Arc::new(Shown { way, connector, board: Mutex::new(Board::new(Instant::now())) });
        let ticking = shown.clone();
        let ticker = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            let mut last_line = Instant::now();
            loop {
                ticks.tick().await;
                let due = last_line.elapsed() >= INTERVAL;
                if due {
                    last_line = Instant::now();
                }
                ticking.tick(due);
            }
        });
        Self { shown, ticker: ticker.abort_handle() }
    }

    /// Takes the bar away; done by dropping it too.
    pub fn finish(&self) {
        self.ticker.abort();
        if let Way::Bar(bar) = &self.shown.way {
            bar.finish_and_clear();
        }
    }

    /// After a sync that failed: says what the next one goes on from.
    pub fn say_what_is_kept(&self) {
        self.finish();
        let Some(line) = self.shown.board().kept.as_ref().map(|(safe, folder)| kept_line(safe, folder))
        else {
            return;
        };
        match self.shown.way {
            Way::Log => tracing::info!("{line}"),
            Way::Bar(_) | Way::Lines => console::say(&line),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event) {
        self.shown.board().event(event, Instant::now());
        self.shown.show(event);
    }
}

impl Shown {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is worth to be shown at once.
    fn show(&self, event: &Event) {
        match &self.way {
            Way::Bar(bar) => {
                match event {
                    Event::PhaseStarted { phase } => {
                        bar.set_prefix(phase.as_str());
                        bar.set_message("");
                        bar.set_position(0);
                        // Nothing is known yet; of nothing, all would be done.
                        bar.set_length(1);
                    }
                    Event::Page { done, known, .. } => {
                        bar.set_length(*known);
                        bar.set_position(*done);
                    }
                    Event::Expanded { done, total, .. } => {
                        bar.set_length(*total);
                        bar.set_position(*done);
                    }
                    Event::SealStep { step } => bar.set_message(*step),
                    Event::Resumed { .. } | Event::StartedAgain { .. } => {
                        if let Some(line) = line(event) {
                            console::say(&line);
                        }
                    }
                    // The summary has warnings, with how often each came.
                    Event::Committed { .. } | Event::Kept { .. } | Event::Warning { .. } => {}
                }
            }
            Way::Lines => {
                if let Some(line) = line(event) {
                    console::say(&line);
                }
            }
            Way::Log => match event {
                Event::Warning { message } => tracing::warn!("{message}"),
                Event::StartedAgain { .. } => tracing::warn!("{}", line(event).unwrap_or_default()),
                _ => {
                    if let Some(line) = line(event) {
                        tracing::info!("{line}");
                    }
                }
            },
        }
    }

    /// What changed in a second without an event: rates and waits.
    fn tick(&self, line_is_due: bool) {
        let waits = self.connector.waits();
        let now = Instant::now();
        let mut board = self.board();
        board.sample(now);
        match &self.way {
            Way::Bar(bar) => bar.set_message(one_line(&board.detail(waits, now)).into_owned()),
            _ if !line_is_due => {}
            Way::Lines => {
                if let Some(line) = board.line(waits, now) {
                    console::say(&line);
                }
            }
            Way::Log => log(&board, waits, now),
        }
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").field("way", &self.way).field("board", &self.board).finish_non_exhaustive()
    }
}

fn bar() -> Option<Way> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let style =
        ProgressStyle::with_template("{spinner} {prefix:<20} {bar:24} {pos}/{len}  {wide_msg}").ok()?;
    let bar = console::bars().add(ProgressBar::new(0).with_style(style));
    bar.enable_steady_tick(Duration::from_millis(120));
    Some(Way::Bar(bar))
}

/// A line for people, with fields for programs.
fn log(board: &Board, waits: Waits, now: Instant) {
    let Some((phase, line)) = board.phase().zip(board.line(waits, now)) else { return };
    tracing::info!(
        phase = phase.as_str(),
        done = board.actions.map(|a| a.done),
        known = board.actions.map(|a| a.known),
        resources = board.totals.resources,
        entitlements = board.totals.entitlements,
        grants = board.totals.grants,
        waited_seconds = waits.total.as_secs(),
        waiting_seconds = waits.left.map(|left| left.as_secs()),
        "{line}"
    );
}

/// The line that an event is worth by itself.
fn line(event: &Event) -> Option<String> {
    match event {
        Event::PhaseStarted { phase } => Some(match phase {
            Phase::External => "matching principals of the other file".to_owned(),
            Phase::Expansion => "expanding grants".to_owned(),
            Phase::Seal => "making the file".to_owned(),
            phase => format!("reading {}", phase.as_str()),
        }),
        Event::Resumed { phase, totals, age } => Some(format!(
            "going on with the sync that was begun {} ago, in the phase {}: {} are there",
            rough(*age),
            phase.as_str(),
            rows(totals)
        )),
        Event::StartedAgain { reason } => {
            Some(format!("an earlier run is not gone on with, and everything is read again: {reason}"))
        }
        // Pages come in time; the summary has warnings, with how often each
        // came.
        Event::Page { .. }
        | Event::Expanded { .. }
        | Event::Committed { .. }
        | Event::Kept { .. }
        | Event::SealStep { .. }
        | Event::Warning { .. } => None,
    }
}

fn kept_line(kept: &Totals, folder: &Path) -> String {
    format!("kept for the next run, which goes on from there: {} (in {})", rows(kept), folder.display())
}

fn rows(totals: &Totals) -> String {
    format!(
        "{} resources, {} entitlements, {} grants",
        grouped(totals.resources),
        grouped(totals.entitlements),
        grouped(totals.grants)
    )
}

#[cfg(test)]
mod tests;
