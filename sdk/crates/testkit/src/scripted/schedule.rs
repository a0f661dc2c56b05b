//! Which faults happen to which calls, and whether they did.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Ask, At, Fault, Operation};

/// Which calls a rule is about. What is not said matches everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    listing: Listing,
    page: Option<usize>,
    attempt: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Listing {
    One(At),
    Every(Operation),
}

impl When {
    /// Calls of an operation, whatever they are about.
    pub fn every(operation: Operation) -> Self {
        Self { listing: Listing::Every(operation), page: None, attempt: None }
    }

    /// Only this page, from 0.
    #[must_use]
    pub fn page(mut self, page: usize) -> Self {
        self.page = Some(page);
        self
    }

    /// Only this attempt, from 1.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = Some(attempt);
        self
    }

    /// What happens then. The rule must fire at least once.
    pub fn fault(self, fault: Fault) -> Rule {
        Rule { when: self, fault, times: None }
    }

    fn matches(&self, ask: &Ask) -> bool {
        self.matches_listing(&ask.at)
            && self.page.is_none_or(|page| page == ask.page)
            && self.attempt.is_none_or(|attempt| attempt == ask.attempt)
    }

    fn matches_listing(&self, at: &At) -> bool {
        match &self.listing {
            Listing::One(one) => one == at,
            Listing::Every(operation) => *operation == at.operation,
        }
    }

    /// Whether a call comes at or after the page and the attempt.
    fn has_come(&self, ask: &Ask) -> bool {
        let since = (self.attempt.unwrap_or(1), self.page.unwrap_or(0));
        self.matches_listing(&ask.at) && (ask.attempt, ask.page) >= since
    }
}

impl From<At> for When {
    fn from(at: At) -> Self {
        Self { listing: Listing::One(at), page: None, attempt: None }
    }
}

impl At {
    /// Calls for one page of this listing, from 0.
    pub fn page(self, page: usize) -> When {
        When::from(self).page(page)
    }

    /// Calls of one attempt, from 1, at any page of this listing.
    pub fn attempt(self, attempt: u32) -> When {
        When::from(self).attempt(attempt)
    }

    /// What happens to every call of this listing.
    pub fn fault(self, fault: Fault) -> Rule {
        When::from(self).fault(fault)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.listing {
            Listing::One(at) => write!(f, "{at}")?,
            Listing::Every(operation) => write!(f, "every {operation}")?,
        }
        if let Some(page) = self.page {
            write!(f, " page {page}")?;
        }
        if let Some(attempt) = self.attempt {
            write!(f, " attempt {attempt}")?;
        }
        Ok(())
    }
}

/// A fault, and the calls that it happens to.
#[derive(Clone, Debug)]
pub struct Rule {
    when: When,
    fault: Fault,
    times: Option<u64>,
}

impl Rule {
    /// The rule must fire exactly so often; at least once where nothing is
    /// said.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    fn applies(&self, ask: &Ask) -> bool {
        match self.fault {
            Fault::Drift(_) => self.when.has_come(ask),
            _ => self.when.matches(ask),
        }
    }
}

/// Rules that must all fire.
///
/// Keep it until the syncs are over and call [`Schedule::finish`]; a schedule
/// that is dropped with a rule that did not fire fails the test too.
#[derive(Debug, Default)]
pub struct Schedule {
    rules: Arc<Rules>,
}

impl Schedule {
    /// A schedule of rules.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let rules = rules.into_iter().map(|rule| (rule, AtomicU64::new(0))).collect();
        Self { rules: Arc::new(Rules(rules)) }
    }

    pub(super) fn rules(&self) -> Arc<Rules> {
        self.rules.clone()
    }

    /// Rules that did not fire as often as they must, one sentence each.
    pub fn unmet(&self) -> Vec<String> {
        let unmet = |(rule, fired): &(Rule, AtomicU64)| {
            let fired = fired.load(Ordering::SeqCst);
            let must = match rule.times {
                Some(times) if times != fired => format!("{times} times"),
                None if fired == 0 => "at least once".to_owned(),
                _ => return None,
            };
            Some(format!("{}: {:?} fired {fired} times and must {must}", rule.when, rule.fault))
        };
        self.rules.0.iter().filter_map(unmet).collect()
    }

    /// Fails the test where a rule did not fire.
    ///
    /// # Panics
    /// With the rules that did not.
    #[track_caller]
    pub fn finish(self) {
        self.check();
    }

    #[track_caller]
    fn check(&self) {
        let unmet = self.unmet();
        assert!(unmet.is_empty(), "scheduled faults did not happen:\n{}", unmet.join("\n"));
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        // A second panic would abort the test and hide the first.
        if !std::thread::panicking() {
            self.check();
        }
    }
}

/// Rules with how often they fired.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<(Rule, AtomicU64)>);

impl Rules {
    /// The faults that happen to a call, in the order of the rules, up to the
    /// first that ends it.
    pub(super) fn fire(&self, ask: &Ask) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (rule, fired) in self.0.iter().filter(|(rule, _)| rule.applies(ask)) {
            fired.fetch_add(1, Ordering::SeqCst);
            faults.push(rule.fault.clone());
            if rule.fault.ends() {
                break;
            }
        }
        faults
    }
}
