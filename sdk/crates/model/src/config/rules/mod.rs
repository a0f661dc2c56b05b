//! What values must be. A rule says what is wrong in a few words and never
//! the value, which may be a secret.

mod string;
mod well_known;

use std::collections::BTreeSet;

pub use string::StringRules;
pub use well_known::WellKnown;

/// What a whole number must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IntRules {
    /// Exactly this.
    pub eq: Option<i64>,
    /// Less than this.
    pub lt: Option<i64>,
    /// This or less.
    pub lte: Option<i64>,
    /// More than this.
    pub gt: Option<i64>,
    /// This or more.
    pub gte: Option<i64>,
    /// One of these, where there are any.
    pub one_of: Vec<i64>,
    /// None of these.
    pub none_of: Vec<i64>,
    /// Whether the rules hold for a zero that nobody gave.
    pub validate_empty: bool,
}

impl IntRules {
    /// The first rule that a number breaks.
    pub(super) fn check(&self, n: i64) -> Result<(), String> {
        let broken = |limit: Option<i64>, ok: fn(i64, i64) -> bool| limit.filter(|l| !ok(n, *l));
        if let Some(l) = broken(self.eq, |n, l| n == l) {
            Err(format!("must be {l}"))
        } else if let Some(l) = broken(self.lt, |n, l| n < l) {
            Err(format!("must be less than {l}"))
        } else if let Some(l) = broken(self.lte, |n, l| n <= l) {
            Err(format!("must be at most {l}"))
        } else if let Some(l) = broken(self.gt, |n, l| n > l) {
            Err(format!("must be more than {l}"))
        } else if let Some(l) = broken(self.gte, |n, l| n >= l) {
            Err(format!("must be at least {l}"))
        } else if !self.one_of.is_empty() && !self.one_of.contains(&n) {
            Err(format!("must be one of {:?}", self.one_of))
        } else if self.none_of.contains(&n) {
            Err(format!("must be none of {:?}", self.none_of))
        } else {
            Ok(())
        }
    }
}

/// What a yes or no must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoolRules {
    /// Exactly this.
    pub eq: Option<bool>,
}

impl BoolRules {
    pub(super) fn check(&self, value: bool) -> Result<(), String> {
        match self.eq {
            Some(eq) if eq != value => Err(format!("must be {eq}")),
            _ => Ok(()),
        }
    }
}

/// What a list must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SliceRules {
    /// At least so many items.
    pub min_items: Option<u64>,
    /// At most so many items.
    pub max_items: Option<u64>,
    /// No item twice.
    pub unique: bool,
    /// What each item must be.
    pub items: Option<StringRules>,
    /// Whether the rules hold for an empty list.
    pub validate_empty: bool,
}

impl SliceRules {
    pub(super) fn check(&self, items: &[String]) -> Result<(), String> {
        if items.is_empty() && !self.validate_empty {
            return Ok(());
        }
        let n = items.len() as u64;
        if let Some(min) = self.min_items.filter(|min| n < *min) {
            return Err(format!("must have at least {min} items, and has {n}"));
        }
        if let Some(max) = self.max_items.filter(|max| n > *max) {
            return Err(format!("must have at most {max} items, and has {n}"));
        }
        let mut seen = BTreeSet::new();
        if let Some(i) = items.iter().position(|item| self.unique && !seen.insert(item)) {
            return Err(format!("must not have an item twice, and item {i} is there before"));
        }
        if let Some(rules) = &self.items {
            for (i, item) in items.iter().enumerate() {
                rules.check(item).map_err(|why| format!("item {i} {why}"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_of_a_number() {
        let r = IntRules::default;
        let table = [
            (IntRules { eq: Some(3), ..r() }, 3, 4, "must be 3"),
            (IntRules { lt: Some(3), ..r() }, 2, 3, "must be less than 3"),
            (IntRules { lte: Some(3), ..r() }, 3, 4, "must be at most 3"),
            (IntRules { gt: Some(3), ..r() }, 4, 3, "must be more than 3"),
            (IntRules { gte: Some(3), ..r() }, 3, 2, "must be at least 3"),
            (IntRules { one_of: vec![1, 2], ..r() }, 2, 3, "must be one of [1, 2]"),
            (IntRules { none_of: vec![1, 2], ..r() }, 3, 2, "must be none of [1, 2]"),
        ];
        for (rules, good, bad, why) in table {
            assert_eq!(rules.check(good), Ok(()), "{rules:?}");
            assert_eq!(rules.check(bad), Err(why.to_owned()), "{rules:?}");
        }
    }

    #[test]
    fn each_rule_of_a_bool() {
        let rules = BoolRules { eq: Some(true) };
        assert_eq!(rules.check(true), Ok(()));
        assert_eq!(rules.check(false), Err("must be true".to_owned()));
        assert_eq!(BoolRules::default().check(false), Ok(()));
    }

    #[test]
    fn each_rule_of_a_list() {
        let r = SliceRules::default;
        let items = StringRules { min_len: Some(2), ..StringRules::default() };
        let table: &[(SliceRules, &[&str], &[&str], &str)] = &[
            (
                SliceRules { min_items: Some(2), ..r() },
                &["a", "b"],
                &["a"],
                "must have at least 2 items, and has 1",
            ),
            (
                SliceRules { max_items: Some(1), ..r() },
                &["a"],
                &["a", "b"],
                "must have at most 1 items, and has 2",
            ),
            (
                SliceRules { unique: true, ..r() },
                &["a", "b"],
                &["a", "b", "a"],
                "must not have an item twice, and item 2 is there before",
            ),
            (
                SliceRules { items: Some(items), ..r() },
                &["aa"],
                &["aa", "b"],
                "item 1 must be at least 2 bytes long, and has 1",
            ),
            (
                SliceRules { min_items: Some(1), validate_empty: true, ..r() },
                &["a"],
                &[],
                "must have at least 1 items, and has 0",
            ),
        ];
        let own = |l: &[&str]| l.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        for (rules, good, bad, why) in table {
            assert_eq!(rules.check(&own(good)), Ok(()), "{rules:?}");
            assert_eq!(rules.check(&own(bad)), Err((*why).to_owned()), "{rules:?}");
        }
        assert_eq!(SliceRules { min_items: Some(1), ..r() }.check(&[]), Ok(()), "empty is not looked at");
    }
}
