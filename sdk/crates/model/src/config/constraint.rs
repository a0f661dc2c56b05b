//! How fields depend on one another.

/// How fields depend on one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// All of them or none.
    RequiredTogether,
    /// One of them or more.
    AtLeastOne,
    /// One of them or none.
    MutuallyExclusive,
    /// Where one of them is given, all the secondary ones must be.
    DependentOn,
}

/// Fields, and how they depend on one another.
///
/// A field counts as given where somebody set it to something that is not
/// empty, zero or false; a default is nobody's.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// How.
    pub relation: Relation,
    /// The names of the fields.
    pub fields: Vec<String>,
    /// For [`Relation::DependentOn`], the names of what they depend on.
    pub secondary: Vec<String>,
}

impl Constraint {
    fn new<T: Into<String>>(relation: Relation, fields: impl IntoIterator<Item = T>) -> Self {
        Self { relation, fields: fields.into_iter().map(Into::into).collect(), secondary: Vec::new() }
    }

    /// All of these or none.
    pub fn required_together<T: Into<String>>(fields: impl IntoIterator<Item = T>) -> Self {
        Self::new(Relation::RequiredTogether, fields)
    }

    /// One of these or more.
    pub fn at_least_one<T: Into<String>>(fields: impl IntoIterator<Item = T>) -> Self {
        Self::new(Relation::AtLeastOne, fields)
    }

    /// One of these or none.
    pub fn mutually_exclusive<T: Into<String>>(fields: impl IntoIterator<Item = T>) -> Self {
        Self::new(Relation::MutuallyExclusive, fields)
    }

    /// Where one of the first is given, all of the second must be.
    pub fn dependent_on<T: Into<String>, U: Into<String>>(
        fields: impl IntoIterator<Item = T>,
        on: impl IntoIterator<Item = U>,
    ) -> Self {
        Self {
            secondary: on.into_iter().map(Into::into).collect(),
            ..Self::new(Relation::DependentOn, fields)
        }
    }

    /// Every name in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().chain(&self.secondary).map(String::as_str)
    }

    /// Whether it is broken, and the sentence that says so. `given` says what
    /// somebody set, `has` what has a value from anywhere.
    pub(super) fn broken(&self, given: impl Fn(&str) -> bool, has: impl Fn(&str) -> bool) -> Option<String> {
        let set: Vec<&str> = self.fields.iter().map(String::as_str).filter(|n| given(n)).collect();
        let lacking =
            |names: &[String]| -> Vec<String> { names.iter().filter(|n| !has(n)).cloned().collect() };
        match self.relation {
            Relation::RequiredTogether => {
                let missing = lacking(&self.fields);
                (!set.is_empty() && !missing.is_empty()).then(|| {
                    format!(
                        "these belong together and some of them are missing: ({}); missing: ({})",
                        list(&self.fields),
                        list(&missing)
                    )
                })
            }
            Relation::AtLeastOne => (!self.fields.iter().any(|n| has(n)))
                .then(|| format!("at least one of these must be set: ({})", list(&self.fields))),
            Relation::MutuallyExclusive => (set.len() > 1).then(|| {
                format!("only one of these can be set: ({}); set: ({})", list(&self.fields), list(&set))
            }),
            Relation::DependentOn => {
                let missing = lacking(&self.secondary);
                (!set.is_empty() && !missing.is_empty())
                    .then(|| format!("({}) can only be set together with ({})", list(&set), list(&missing)))
            }
        }
    }
}

/// `"a", "b" and "c"`.
fn list<T: AsRef<str>>(names: &[T]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("{:?}", n.as_ref())).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_relation_says_what_is_wrong() {
        let table = [
            (Constraint::required_together(["a", "b"]), "", None),
            (Constraint::required_together(["a", "b"]), "ab", None),
            (
                Constraint::required_together(["a", "b"]),
                "b",
                Some(
                    "these belong together and some of them are missing: (\"a\" and \"b\"); missing: (\"a\")",
                ),
            ),
            (Constraint::at_least_one(["a", "b", "c"]), "c", None),
            (
                Constraint::at_least_one(["a", "b", "c"]),
                "d",
                Some("at least one of these must be set: (\"a\", \"b\" and \"c\")"),
            ),
            (Constraint::mutually_exclusive(["a", "b"]), "a", None),
            (
                Constraint::mutually_exclusive(["a", "b", "c"]),
                "ac",
                Some("only one of these can be set: (\"a\", \"b\" and \"c\"); set: (\"a\" and \"c\")"),
            ),
            (Constraint::dependent_on(["a"], ["b"]), "b", None),
            (Constraint::dependent_on(["a"], ["b"]), "ab", None),
            (
                Constraint::dependent_on(["a", "c"], ["b"]),
                "a",
                Some("(\"a\") can only be set together with (\"b\")"),
            ),
        ];
        for (constraint, set, expected) in table {
            let given = |n: &str| set.contains(n);
            assert_eq!(constraint.broken(given, given).as_deref(), expected, "{constraint:?} with {set}");
        }
    }

    #[test]
    fn a_default_satisfies_but_does_not_ask() {
        // Nobody set `a`; it has a value by default.
        let has = |n: &str| n == "a";
        let given = |_: &str| false;
        assert_eq!(Constraint::dependent_on(["a"], ["b"]).broken(given, has), None);
        assert_eq!(Constraint::at_least_one(["a", "b"]).broken(given, has), None);
        assert_eq!(Constraint::required_together(["a", "b"]).broken(given, has), None);
    }
}
