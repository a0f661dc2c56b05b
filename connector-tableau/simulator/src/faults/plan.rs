//! Which requests the faults strike.

use super::{Effect, Fault, Kind, When};
use crate::counters::Endpoint;

/// The striking faults in force, each with the requests it has seen.
#[derive(Debug, Default)]
pub(crate) struct Plan(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    when: When,
    effect: Effect,
    seen: u64,
}

impl Plan {
    pub(crate) fn from_faults(faults: &[Fault]) -> Self {
        let strikes = faults.iter().filter_map(|fault| match &fault.0 {
            Kind::Strike(when, effect) => Some(Entry { when: *when, effect: effect.clone(), seen: 0 }),
            _ => None,
        });
        Self(strikes.collect())
    }

    /// Counts a request and tells what befalls it.
    pub(crate) fn strike(&mut self, endpoint: Endpoint, page: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        for Entry { when, effect, seen } in &mut self.0 {
            let fits = when.endpoint.is_none_or(|wanted| wanted == endpoint)
                && when.page.is_none_or(|wanted| wanted == page);
            if !fits {
                continue;
            }
            *seen += 1;
            let past = seen.checked_sub(when.first);
            if past.is_some_and(|past| when.times.is_none_or(|times| past < times)) {
                effects.push(effect.clone());
            }
        }
        effects
    }

    /// Forgets the requests seen, as when the hour of a quota is over.
    pub(crate) fn restart(&mut self) {
        for entry in &mut self.0 {
            entry.seen = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(fault: &str, requests: &[(Endpoint, u64)]) -> Vec<bool> {
        let faults: Vec<Fault> = fault.parse().into_iter().collect();
        let mut plan = Plan::from_faults(&faults);
        requests.iter().map(|(endpoint, page)| !plan.strike(*endpoint, *page).is_empty()).collect()
    }

    #[test]
    fn a_fault_strikes_the_requests_it_names() {
        use Endpoint::{Groups, Users};
        assert_eq!(
            struck("hang=users@2", &[(Users, 1), (Groups, 1), (Users, 1), (Users, 1)]),
            [false, false, true, false]
        );
        assert_eq!(struck("hang=users#2", &[(Users, 1), (Users, 2), (Users, 2)]), [false, true, false]);
        assert_eq!(struck("storm=2", &[(Users, 1), (Groups, 2), (Users, 1)]), [true, true, false]);
        assert_eq!(struck("quota=1", &[(Users, 1), (Groups, 2), (Users, 1)]), [false, true, true]);
    }
}
