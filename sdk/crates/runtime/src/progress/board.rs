//! How far a sync is, as text: from its events, without a clock of its own.

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    time::{Duration, Instant},
};

use connector_model::Waits;
use connector_sync::{Event, Phase, Totals};

use super::{
    estimate,
    of_type::{Actions, Expected, OfType},
};
use crate::summary::{grouped, rough};

/// Over how long a rate is taken, so that it is that of now.
const WINDOW: Duration = Duration::from_secs(10);

/// How many types a line names: the ones that grow most.
const TYPES_NAMED: usize = 2;

/// How far a sync is.
#[derive(Debug)]
pub(super) struct Board {
    phase: Option<Phase>,
    /// When the phase began.
    began: Instant,
    /// A part of the phase that has a name of its own.
    step: Option<&'static str>,
    pub(super) actions: Option<Actions>,
    pub(super) totals: Totals,
    /// What was made safe last.
    safe: Totals,
    /// What the next run can go on from, and where it lies, once the run failed.
    pub(super) kept: Option<(Totals, PathBuf)>,
    pub(super) types: BTreeMap<String, OfType>,
}

impl Board {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            phase: None,
            began: now,
            step: None,
            actions: None,
            totals: Totals::default(),
            safe: Totals::default(),
            kept: None,
            types: BTreeMap::new(),
        }
    }

    pub(super) fn phase(&self) -> Option<Phase> {
        self.phase
    }

    /// Takes an event in.
    pub(super) fn event(&mut self, event: &Event, now: Instant) {
        match event {
            Event::PhaseStarted { phase } => {
                self.phase = Some(*phase);
                self.began = now;
                self.step = None;
                self.actions = None;
                self.types.clear();
            }
            Event::Page { phase, resource_type, totals, done, known, expected } => {
                let rows = rows(*phase, totals).saturating_sub(rows(*phase, &self.totals));
                self.totals = *totals;
                self.types
                    .entry(resource_type.clone())
                    .or_insert_with(|| OfType::new(now))
                    .add(rows, *expected);
                self.actions = Some(match self.actions {
                    Some(before) => Actions {
                        done: *done,
                        known: *known,
                        first: before.first,
                        grew: if *known > before.known { now } else { before.grew },
                    },
                    None => Actions { done: *done, known: *known, first: (*done, now), grew: now },
                });
            }
            Event::Resumed { totals, .. } => {
                self.totals = *totals;
                self.safe = *totals;
            }
            Event::Committed { totals } => self.safe = *totals,
            Event::Kept { folder } => self.kept = Some((self.safe, folder.clone())),
            Event::SealStep { step } => self.step = Some(step),
            Event::Expanded { done, total, .. } => {
                let first = self.actions.map_or((*done, now), |a| a.first);
                self.actions = Some(Actions { done: *done, known: *total, first, grew: self.began });
            }
            Event::StartedAgain { .. } | Event::Warning { .. } => {}
        }
    }

    /// Remembers how many rows there are now, for the rates. Called every
    /// second or so.
    pub(super) fn sample(&mut self, now: Instant) {
        for of_type in self.types.values_mut() {
            of_type.samples.push_back((now, of_type.rows));
            while of_type.samples.len() > 1
                && of_type.samples.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > WINDOW)
            {
                of_type.samples.pop_front();
            }
        }
    }

    /// How far the phase is, behind its name: types that grow, what is waited
    /// for, and how long it may still take.
    pub(super) fn detail(&self, waits: Waits, now: Instant) -> String {
        let mut parts = Vec::new();
        if let Some(left) = waits.left {
            parts.push(format!("waiting for the rate limit, {} more", rough(left)));
        }
        let mut growing: Vec<_> = self
            .types
            .iter()
            .filter_map(|(name, of_type)| Some((of_type.rate(now)?, name, of_type)))
            .filter(|(rate, ..)| *rate > 0.0)
            .collect();
        growing.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (rate, name, of_type) in growing.into_iter().take(TYPES_NAMED) {
            let of = match of_type.expected {
                Expected::Told(n) if n >= of_type.rows => format!(" of {}", grouped(n)),
                _ => String::new(),
            };
            parts.push(format!("{name} {}{of} ({})", grouped(of_type.rows), per_second(rate)));
        }
        if let Some(step) = self.step {
            parts.push(step.to_owned());
        }
        if let Some(left) = estimate::left(self.actions, &self.types, now) {
            parts.push(estimate::render(left.max(waits.left.unwrap_or_default())));
        }
        parts.join(", ")
    }

    /// A line of its own: the phase, and how far it is.
    pub(super) fn line(&self, waits: Waits, now: Instant) -> Option<String> {
        let phase = self.phase?;
        let mut line = phase.as_str().to_owned();
        match self.actions {
            Some(Actions { done, known, .. }) => {
                line += &format!(": {} of {}{}", grouped(done), grouped(known), unit(phase));
            }
            None => line += &format!(": for {} so far", rough(now.saturating_duration_since(self.began))),
        }
        let detail = self.detail(waits, now);
        if !detail.is_empty() {
            line += ", ";
            line += &detail;
        }
        Some(line)
    }
}

impl OfType {
    fn new(now: Instant) -> Self {
        Self { rows: 0, expected: Expected::Untold, began: now, samples: VecDeque::from([(now, 0)]) }
    }

    fn add(&mut self, rows: u64, expected: Option<u64>) {
        self.rows += rows;
        self.expected = match (self.expected, expected) {
            (same, None) => same,
            (Expected::Untold, Some(n)) => Expected::Told(n),
            (Expected::Told(before), Some(n)) if before == n => Expected::Told(n),
            _ => Expected::Several,
        };
    }

    /// Rows a second, of late; `None` before it can be told.
    fn rate(&self, now: Instant) -> Option<f64> {
        let (at, rows) = self.samples.front()?;
        let over = now.saturating_duration_since(*at);
        (over >= Duration::from_secs(1)).then(|| (self.rows - rows) as f64 / over.as_secs_f64())
    }
}

/// What an action of a phase is.
fn unit(phase: Phase) -> &'static str {
    match phase {
        Phase::Resources | Phase::StaticEntitlements | Phase::Entitlements | Phase::Grants => " listings",
        Phase::External | Phase::Expansion | Phase::Seal => "",
    }
}

/// The rows that a phase is about. Others may come along, of which the total
/// that a source tells knows nothing.
fn rows(phase: Phase, totals: &Totals) -> u64 {
    match phase {
        Phase::Resources => totals.resources,
        Phase::StaticEntitlements | Phase::Entitlements => totals.entitlements,
        Phase::Grants | Phase::External | Phase::Expansion | Phase::Seal => totals.grants,
    }
}

fn per_second(rate: f64) -> String {
    // What is not a whole row a second is slow, and said so.
    if rate < 1.0 { format!("{}/min", (rate * 60.0).ceil()) } else { format!("{}/s", grouped(rate as u64)) }
}
