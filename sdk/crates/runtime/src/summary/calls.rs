//! Which calls of the connector cost the time.

use std::{collections::BTreeMap, time::Duration};

use connector_sync::CallStats;

use super::numbers::{duration, grouped};

/// A call that takes longer is warned of, as in the Go SDK.
const SLOW: Duration = Duration::from_secs(60);

/// How many kinds of calls are named.
const NAMED: usize = 8;

/// The kinds of calls that took the most time together, for the log.
pub(crate) fn costliest(calls: &BTreeMap<String, CallStats>) -> String {
    let mut calls: Vec<_> = calls.iter().collect();
    calls.sort_by_key(|(_, stats)| std::cmp::Reverse(stats.total));
    let named = calls.into_iter().take(NAMED).map(|(name, stats)| {
        let CallStats { count, total, max } = stats;
        format!("{name} {} calls {}, longest {}", grouped(*count), duration(*total), duration(*max))
    });
    named.collect::<Vec<_>>().join("; ")
}

/// A sentence for each kind of which a call took suspiciously long, the
/// longest first.
pub(crate) fn slow(calls: &BTreeMap<String, CallStats>) -> Vec<String> {
    let mut slow: Vec<_> = calls.iter().filter(|(_, stats)| stats.max > SLOW).collect();
    slow.sort_by_key(|(_, stats)| std::cmp::Reverse(stats.max));
    let named = slow.iter().take(NAMED).map(|(name, stats)| {
        let all = match stats.count {
            0 | 1 => String::new(),
            n => format!(" ({} calls, {} in all)", grouped(n), duration(stats.total)),
        };
        format!("a call of {name} took {}, waits for the rate limit included{all}", duration(stats.max))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(of: &[(&str, u64, u64, u64)]) -> BTreeMap<String, CallStats> {
        let seconds = Duration::from_secs;
        of.iter()
            .map(|(name, count, total, max)| {
                ((*name).to_owned(), CallStats { count: *count, total: seconds(*total), max: seconds(*max) })
            })
            .collect()
    }

    #[test]
    fn the_costliest_come_first_and_no_more_than_eight() {
        let few = calls(&[("grants:group", 200, 90, 2), ("list:user", 1000, 300, 61)]);
        assert_eq!(
            costliest(&few),
            "list:user 1,000 calls 5 min 0 s, longest 1 min 1 s; \
             grants:group 200 calls 1 min 30 s, longest 2.00 s"
        );
        let names: Vec<String> = (0..20).map(|n| format!("list:t{n}")).collect();
        let many: Vec<_> = names.iter().zip(0..).map(|(name, n)| (name.as_str(), 1, n, n)).collect();
        assert_eq!(costliest(&calls(&many)).split("; ").count(), 8);
        assert!(costliest(&calls(&many)).starts_with("list:t19 "));
        assert_eq!(costliest(&BTreeMap::new()), "");
    }

    #[test]
    fn a_call_of_more_than_a_minute_is_warned_of() {
        let some =
            calls(&[("grants:group", 200, 90, 60), ("list:site", 1, 61, 61), ("list:user", 9, 99, 75)]);
        assert_eq!(
            slow(&some),
            [
                "a call of list:user took 1 min 15 s, waits for the rate limit included (9 calls, 1 min 39 s in all)",
                "a call of list:site took 1 min 1 s, waits for the rate limit included"
            ]
        );
    }
}
