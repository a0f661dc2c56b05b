//! From what was given to a checked configuration.

use std::{collections::BTreeMap, fmt::Write};

use super::{Config, Field, Given, Group, Kind, Origin, Schema, Value, settings::Entry};
use crate::{Error, ErrorKind, Result};

/// A command line or configuration that is wrong ends the program with the
/// code 2, as the Go program does.
fn refuse(sentence: String) -> Error {
    Error::new(ErrorKind::Unknown, sentence)
}

impl Kind {
    /// The rule that a value breaks. `explicit`: somebody gave the value, so
    /// that a zero is meant.
    pub(super) fn check(&self, value: &Value, explicit: bool) -> Result<(), String> {
        match (self, value) {
            (Self::String(k), Value::String(v)) => k.rules.check(v),
            (Self::Int(k), Value::Int(v)) if *v != 0 || explicit || k.rules.validate_empty => {
                k.rules.check(*v)
            }
            (Self::Bool(k), Value::Bool(v)) => k.rules.check(*v),
            (Self::StringSlice(k), Value::List(v)) => k.rules.check(v),
            _ => Ok(()),
        }
    }
}

impl Schema {
    /// The group that a choice (`--auth-method`) names, else the default,
    /// else the first; none where the schema has none.
    pub fn choose_group(&self, choice: Option<&str>) -> Option<&Group> {
        choice
            .and_then(|name| self.groups.iter().find(|g| g.name == name))
            .or_else(|| self.groups.iter().find(|g| g.default))
            .or_else(|| self.groups.first())
    }

    /// Checks what was given and fills in the defaults.
    ///
    /// What is wrong is said in one error. Where all values read, it names all
    /// required fields that are missing; then all values that do not read or
    /// break a rule, in the order of the fields; then the first constraint
    /// that does not hold. `choice` is the group that somebody chose by name.
    pub fn resolve(&self, given: &BTreeMap<String, Given>, choice: Option<&str>) -> Result<Config> {
        if let Some(name) = given.keys().find(|name| self.field(name).is_none()) {
            return Err(Error::internal(format!("a value is given for {name:?}, which is no field")));
        }
        let group = self.choose_group(choice);
        let looked_at = |field: &&Field| self.is_looked_at(field, group);

        let mut violations = Vec::new();
        let mut entries = BTreeMap::new();
        for field in &self.fields {
            let (value, origin) = match given.get(&field.name) {
                None => (field.kind.default_value(), Origin::Default),
                Some(given) => match field.kind.parse(&given.raw) {
                    Ok(value) => (value, given.origin.clone()),
                    Err(why) => {
                        violations.push((field, format!("{}: {why}", given.origin.describe(&field.name))));
                        continue;
                    }
                },
            };
            entries.insert(field.name.clone(), Entry::new(value, origin, field.secret));
        }
        let is_missing = |f: &&Field| f.required && entries.get(&f.name).is_none_or(Entry::is_zero);
        let missing: Vec<&Field> = self.fields.iter().filter(looked_at).filter(is_missing).collect();
        if violations.is_empty() && !missing.is_empty() {
            return Err(refuse(missing_sentence(missing)));
        }
        for field in self.fields.iter().filter(looked_at) {
            if let Some(entry) = entries.get(&field.name)
                && let Err(why) = entry.check(&field.kind)
            {
                let place = entry.origin.describe(&field.name);
                let value = if field.secret { String::new() } else { format!(", and is {}", entry.shown()) };
                violations.push((field, format!("{place} {why}{value}")));
            }
        }
        if !violations.is_empty() {
            let position = |f: &Field| self.fields.iter().position(|other| other.name == f.name);
            violations.sort_by_key(|(field, _)| position(field));
            let mut text = format!("the configuration has {} wrong:", count(violations.len()));
            for (_, line) in violations {
                let _ = write!(text, "\n  {line}");
            }
            return Err(refuse(text));
        }
        let has = |name: &str| entries.get(name).is_some_and(|e| !e.is_zero());
        let is_given =
            |name: &str| entries.get(name).is_some_and(|e| !e.is_zero() && e.origin != Origin::Default);
        if let Some(sentence) = self.constraints.iter().find_map(|c| c.broken(is_given, has)) {
            return Err(refuse(sentence));
        }
        Ok(Config::new(entries, group.map(|g| g.name.clone())))
    }

    /// Fields of groups that were not chosen are not looked at.
    fn is_looked_at(&self, field: &Field, chosen: Option<&Group>) -> bool {
        let holds = |group: &Group| group.fields.contains(&field.name);
        chosen.is_none_or(holds) || !self.groups.iter().any(holds)
    }
}

fn count(n: usize) -> String {
    if n == 1 { "1 value".to_owned() } else { format!("{n} values") }
}

fn missing_sentence(mut missing: Vec<&Field>) -> String {
    missing.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<String> =
        missing.iter().map(|f| format!("{:?} (--{} or {})", f.name, f.name, f.variable())).collect();
    let what = if names.len() == 1 { "a required setting is" } else { "required settings are" };
    format!("{what} missing: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config::{Constraint, Raw};

    fn given(values: &[(&str, &str, Origin)]) -> BTreeMap<String, Given> {
        values
            .iter()
            .map(|(n, v, o)| ((*n).to_owned(), Given { raw: Raw::Text((*v).to_owned()), origin: o.clone() }))
            .collect()
    }

    fn schema() -> Schema {
        Schema::builder("X")
            .field(Field::string("url").required().prefix("https://"))
            .field(Field::string("token").required().secret().min_len(4))
            .field(Field::int("page-size").default_value(100).at_least(1).at_most(1000))
            .field(Field::string_slice("only").unique())
            .field(Field::bool("fast"))
            .constraint(Constraint::dependent_on(["only"], ["fast"]))
            .build()
            .expect("a schema")
    }

    fn sentence(values: &[(&str, &str, Origin)]) -> String {
        let error = schema().resolve(&given(values), None).expect_err("an error");
        assert_eq!(error.kind().code(), 2);
        error.report()
    }

    #[test]
    fn everything_required_that_is_missing_is_named_at_once() {
        assert_eq!(
            sentence(&[("url", "", Origin::Flag)]),
            "required settings are missing: \"token\" (--token or BATON_TOKEN), \
             \"url\" (--url or BATON_URL)"
        );
    }

    #[test]
    fn every_violation_is_named_in_the_order_of_the_fields_and_no_secret_is_shown() {
        let text = sentence(&[
            ("only", "a,a", Origin::Flag),
            ("page-size", "many", Origin::Variable),
            ("token", "abc", Origin::Variable),
            ("url", "http://x", Origin::File(PathBuf::from(".baton.yaml"))),
        ]);
        assert_eq!(
            text,
            "the configuration has 4 values wrong:\n  \
             url in .baton.yaml must begin with \"https://\", and is \"http://x\"\n  \
             the variable BATON_TOKEN must be at least 4 bytes long, and has 3\n  \
             the variable BATON_PAGE_SIZE: it must be a whole number of 64 bits\n  \
             the flag --only must not have an item twice, and item 1 is there before, and is [\"a\", \"a\"]"
        );
    }

    #[test]
    fn a_value_that_does_not_read_comes_before_what_is_missing() {
        assert_eq!(
            sentence(&[("fast", "maybe", Origin::Flag)]),
            "the configuration has 1 value wrong:\n  the flag --fast: it must be true or false"
        );
    }

    #[test]
    fn a_zero_that_somebody_gave_is_meant() {
        let text = sentence(&[
            ("url", "https://x", Origin::Flag),
            ("token", "abcd", Origin::Flag),
            ("page-size", "0", Origin::Flag),
        ]);
        assert!(text.ends_with("the flag --page-size must be at least 1, and is 0"), "{text}");
    }

    #[test]
    fn constraints_come_last() {
        let good = [("url", "https://x", Origin::Flag), ("token", "abcd", Origin::Flag)];
        let mut all = good.to_vec();
        all.push(("only", "a", Origin::Variable));
        assert_eq!(sentence(&all), "(\"only\") can only be set together with (\"fast\")");
        all.push(("fast", "true", Origin::Variable));
        schema().resolve(&given(&all), None).expect("all is good");
    }

    #[test]
    fn only_the_chosen_group_is_looked_at() {
        let schema = Schema::builder("X")
            .field(Field::string("url").required())
            .field(Field::string("token").required())
            .field(Field::string("key").required())
            .group(Group::new("token", ["token"]))
            .group(Group::new("key", ["key"]).by_default())
            .build()
            .expect("a schema");
        let values = given(&[("url", "u", Origin::Flag), ("token", "t", Origin::Flag)]);
        let config = schema.resolve(&values, Some("token")).expect("the token suffices");
        assert_eq!(config.group(), Some("token"));
        let error = schema.resolve(&values, None).expect_err("the default group wants a key");
        assert!(error.message().contains("\"key\"") && !error.message().contains("\"token\""), "{error}");
    }
}
