//! What a person sees of a sync while it works.

use std::{
    io::IsTerminal as _,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use connector_sync::{Event, Observer, Phase, Totals};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{console, summary::grouped};

/// How often a line is written, where there is no bar.
const INTERVAL: Duration = Duration::from_secs(5);

/// Shows how far a sync is: as a bar on a terminal, as lines elsewhere.
#[derive(Debug)]
pub struct Progress(Way);

#[derive(Debug)]
enum Way {
    Bar(ProgressBar),
    Lines(Mutex<Lines>),
    Log(Mutex<Lines>),
}

impl Progress {
    /// For a command that a person runs: a bar where stderr is a terminal,
    /// else lines on stderr.
    pub fn for_people() -> Self {
        Self(bar().unwrap_or_else(|| Way::Lines(Mutex::new(Lines::new(INTERVAL)))))
    }

    /// For a program: a bar where stderr is a terminal, else lines in the log.
    pub(crate) fn of_sync() -> Self {
        Self(bar().unwrap_or_else(|| Way::Log(Mutex::new(Lines::new(INTERVAL)))))
    }

    /// Takes the bar away; done by dropping it too.
    pub fn finish(&self) {
        if let Way::Bar(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn bar() -> Option<Way> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let style = ProgressStyle::with_template("{spinner} {prefix:<20} {bar:24} {pos}/{len}  {msg}").ok()?;
    let bar = console::bars().add(ProgressBar::new(0).with_style(style));
    bar.enable_steady_tick(Duration::from_millis(120));
    Some(Way::Bar(bar))
}

impl Observer for Progress {
    fn event(&self, event: &Event) {
        match &self.0 {
            Way::Bar(bar) => show(bar, event),
            Way::Lines(lines) => {
                if let Some(line) = lines.lock().unwrap_or_else(PoisonError::into_inner).line(event) {
                    console::say(&line);
                }
            }
            Way::Log(lines) => {
                if let Event::Warning { message } = event {
                    tracing::warn!("{message}");
                } else if let Some(line) = lines.lock().unwrap_or_else(PoisonError::into_inner).line(event) {
                    tracing::info!("{line}");
                }
            }
        }
    }
}

fn show(bar: &ProgressBar, event: &Event) {
    match event {
        Event::PhaseStarted { phase } => {
            bar.set_prefix(phase.as_str());
            bar.set_position(0);
            // Nothing is known yet; of nothing, all would be done.
            bar.set_length(1);
        }
        Event::Page { totals, done, known, .. } => {
            bar.set_length(*known);
            bar.set_position(*done);
            bar.set_message(rows(totals));
        }
        Event::SealStep { step } => bar.set_message(*step),
        // The summary has them, with how often each came.
        Event::Warning { .. } => {}
    }
}

fn rows(totals: &Totals) -> String {
    format!(
        "{} resources, {} entitlements, {} grants",
        grouped(totals.resources),
        grouped(totals.entitlements),
        grouped(totals.grants)
    )
}

/// Events as lines: one for each phase, and one now and then within it.
#[derive(Debug)]
struct Lines {
    interval: Duration,
    last: Instant,
}

impl Lines {
    fn new(interval: Duration) -> Self {
        Self { interval, last: Instant::now() }
    }

    /// The line that an event is worth now.
    fn line(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::PhaseStarted { phase: Phase::Seal } => Some("making the file".to_owned()),
            Event::PhaseStarted { phase } => Some(format!("reading {}", phase.as_str())),
            Event::Page { phase, totals, done, known, .. } => {
                if self.last.elapsed() < self.interval {
                    return None;
                }
                self.last = Instant::now();
                Some(format!("{}: {done} of {known} listings, {}", phase.as_str(), rows(totals)))
            }
            // The summary has warnings, with how often each came.
            Event::SealStep { .. } | Event::Warning { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Event {
        Event::Page {
            phase: Phase::Grants,
            resource_type: "group".to_owned(),
            totals: Totals { pages: 9, resources: 1234, entitlements: 20, grants: 5_000_000 },
            done: 3,
            known: 20,
        }
    }

    #[test]
    fn a_line_says_how_far_it_is() {
        let mut lines = Lines::new(Duration::ZERO);
        assert_eq!(
            lines.line(&Event::PhaseStarted { phase: Phase::Grants }).as_deref(),
            Some("reading grants")
        );
        assert_eq!(
            lines.line(&page()).as_deref(),
            Some("grants: 3 of 20 listings, 1,234 resources, 20 entitlements, 5,000,000 grants")
        );
        assert_eq!(
            lines.line(&Event::PhaseStarted { phase: Phase::Seal }).as_deref(),
            Some("making the file")
        );
    }

    #[test]
    fn pages_in_between_are_not_worth_a_line() {
        let mut lines = Lines::new(Duration::from_secs(3600));
        assert_eq!(lines.line(&page()), None);
    }
}
