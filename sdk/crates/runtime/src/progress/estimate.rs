//! How long a phase may still take, where that can honestly be said: a number
//! that keeps jumping is worse than none.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::of_type::{Actions, Expected, OfType};

/// What must have been seen before anything is said.
const SEEN: Duration = Duration::from_secs(10);

/// Actions that must have been done: they differ in size.
const ACTIONS_DONE: u64 = 10;

/// By the totals that sources told, where they cover all that is left, else by
/// actions, where no new ones become known any more.
pub(super) fn left(
    actions: Option<Actions>,
    types: &BTreeMap<String, OfType>,
    now: Instant,
) -> Option<Duration> {
    let actions = actions?;
    by_totals(types, actions, now).or_else(|| by_actions(actions, now))
}

/// The listings of which the total is known run at the same time, so the
/// slowest of them counts. Only where no other listing is open.
fn by_totals(types: &BTreeMap<String, OfType>, actions: Actions, now: Instant) -> Option<Duration> {
    let mut open = 0;
    let mut longest = Duration::ZERO;
    for of_type in types.values() {
        let Expected::Told(expected) = of_type.expected else { continue };
        if of_type.rows >= expected {
            continue;
        }
        open += 1;
        longest = longest.max(scaled(
            now.saturating_duration_since(of_type.began),
            expected - of_type.rows,
            of_type.rows,
        )?);
    }
    (open > 0 && open == actions.known.saturating_sub(actions.done)).then_some(longest)
}

fn by_actions(actions: Actions, now: Instant) -> Option<Duration> {
    let (done_at_first, first) = actions.first;
    let done = actions.done.saturating_sub(done_at_first);
    if done < ACTIONS_DONE || now.saturating_duration_since(actions.grew) < SEEN {
        return None;
    }
    scaled(now.saturating_duration_since(first), actions.known.saturating_sub(actions.done), done)
}

/// How long what is left takes, when what is done took so long.
fn scaled(took: Duration, left: u64, done: u64) -> Option<Duration> {
    if took < SEEN || done == 0 {
        return None;
    }
    Duration::try_from_secs_f64(took.as_secs_f64() * left as f64 / done as f64).ok()
}

/// No more precise than it is.
pub(super) fn render(left: Duration) -> String {
    match left.as_secs().div_ceil(60) {
        0 | 1 => "less than a minute left".to_owned(),
        minutes @ 2..60 => format!("about {minutes} min left"),
        minutes => format!("about {} h {} min left", minutes / 60, minutes % 60),
    }
}
