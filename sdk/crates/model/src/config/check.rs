//! Whether a schema can be meant so. What is wrong here is a bug of the
//! connector, so it is an internal error, at start.

use std::collections::BTreeSet;

use regex::Regex;

use super::{Constraint, Field, Group, Kind, Relation, Schema, StringRules};
use crate::{Error, Result};

fn refuse(sentence: String) -> Error {
    Error::internal(sentence).during("declare the configuration")
}

pub(super) fn schema(schema: &Schema) -> Result<()> {
    let mut names = BTreeSet::new();
    let mut letters = BTreeSet::new();
    for field in &schema.fields {
        check_field(field).map_err(|why| refuse(format!("the field {:?} {why}", field.name)))?;
        if !names.insert(field.name.as_str()) {
            return Err(refuse(format!(
                "the field {:?} is declared twice; the SDK's own fields count too",
                field.name
            )));
        }
        if let Some(letter) = field.short.filter(|l| !letters.insert(*l)) {
            return Err(refuse(format!("the letter -{letter} is taken twice")));
        }
    }
    for constraint in &schema.constraints {
        check_constraint(constraint, schema).map_err(|why| {
            let names: Vec<&str> = constraint.names().collect();
            refuse(format!("a constraint over {names:?} {why}"))
        })?;
    }
    check_groups(&schema.groups, &names)
}

fn check_field(field: &Field) -> Result<(), String> {
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let name = &field.name;
    if !name.split('-').all(word) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err("must have a name of lower-case words joined by dashes".to_owned());
    }
    match &field.kind {
        Kind::Bool(_) if field.required => {
            return Err("is a bool and can't be required: false is no answer either".to_owned());
        }
        Kind::String(kind) => {
            if field.secret && !kind.default.is_empty() {
                return Err("is a secret and can't have a default".to_owned());
            }
            check_string_rules(&kind.rules)?;
        }
        Kind::Int(kind) => {
            let low = kind.rules.gte.or(kind.rules.gt);
            let high = kind.rules.lte.or(kind.rules.lt);
            if low.zip(high).is_some_and(|(low, high)| low > high) {
                return Err("has a lower limit above its upper one".to_owned());
            }
        }
        Kind::StringSlice(kind) => {
            if let Some(rules) = &kind.rules.items {
                check_string_rules(rules)?;
            }
            if kind.rules.min_items.zip(kind.rules.max_items).is_some_and(|(min, max)| min > max) {
                return Err("has a lower limit above its upper one".to_owned());
            }
        }
        _ => {}
    }
    if field.secret && !matches!(field.kind, Kind::String(_)) {
        return Err("is a secret and must be a text".to_owned());
    }
    let default = field.kind.default_value();
    if default.is_zero() {
        return Ok(());
    }
    field.kind.check(&default, true).map_err(|why| format!("has a default that its rule refuses: it {why}"))
}

fn check_string_rules(rules: &StringRules) -> Result<(), String> {
    if let Some(pattern) = &rules.pattern {
        Regex::new(pattern).map_err(|e| format!("has a pattern that does not parse: {e}"))?;
    }
    if rules.min_len.zip(rules.max_len).is_some_and(|(min, max)| min > max) {
        return Err("has a lower limit above its upper one".to_owned());
    }
    Ok(())
}

fn check_constraint(constraint: &Constraint, schema: &Schema) -> Result<(), String> {
    for name in constraint.names() {
        let Some(field) = schema.field(name) else {
            return Err(format!("names {name:?}, which is no field"));
        };
        if constraint.relation == Relation::MutuallyExclusive && field.required {
            return Err(format!("excludes {name:?}, which is required"));
        }
    }
    let distinct: BTreeSet<&str> = constraint.names().collect();
    if distinct.len() < 2 || distinct.len() < constraint.names().count() {
        return Err("must name two or more different fields, each once".to_owned());
    }
    let dependent = constraint.relation == Relation::DependentOn;
    if dependent && (constraint.fields.is_empty() || constraint.secondary.is_empty()) {
        return Err("must say what depends, and on what".to_owned());
    }
    Ok(())
}

fn check_groups(groups: &[Group], names: &BTreeSet<&str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for group in groups {
        let bad = |why: String| refuse(format!("the group {:?} {why}", group.name));
        if group.name.is_empty() || !seen.insert(&group.name) {
            return Err(bad("must have a name of its own".to_owned()));
        }
        if let Some(unknown) = group.fields.iter().find(|f| !names.contains(f.as_str())) {
            return Err(bad(format!("names {unknown:?}, which is no field")));
        }
    }
    let defaults: Vec<&str> = groups.iter().filter(|g| g.default).map(|g| g.name.as_str()).collect();
    if defaults.len() > 1 {
        return Err(refuse(format!("more than one group is the default: {defaults:?}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::config::SchemaBuilder;

    #[test]
    fn what_can_not_be_meant_so_is_refused_with_a_sentence() {
        let s = || Schema::builder("X");
        let two = || s().field(Field::string("a")).field(Field::string("b").required());
        let table: Vec<(SchemaBuilder, &str)> = vec![
            (s().field(Field::string("A")), "lower-case words"),
            (s().field(Field::string("a_b")), "lower-case words"),
            (s().field(Field::string("a--b")), "lower-case words"),
            (s().field(Field::string("")), "lower-case words"),
            (s().field(Field::string("a")).field(Field::int("a")), "declared twice"),
            (s().field(Field::string("a").short('x')).field(Field::int("b").short('x')), "taken twice"),
            (s().field(Field::bool("a").required()), "can't be required"),
            (s().field(Field::string("a").secret().default_value("x")), "can't have a default"),
            (s().field(Field::int("a").secret()), "must be a text"),
            (s().field(Field::string("a").pattern("(")), "does not parse"),
            (s().field(Field::string("a").min_len(2).max_len(1)), "above its upper one"),
            (s().field(Field::int("a").at_least(2).at_most(1)), "above its upper one"),
            (s().field(Field::string_slice("a").min_items(2).max_items(1)), "above its upper one"),
            (s().field(Field::int("a").default_value(5).at_most(4)), "must be at most 4"),
            (two().constraint(Constraint::at_least_one(["a"])), "two or more"),
            (two().constraint(Constraint::at_least_one(["a", "a"])), "two or more"),
            (two().constraint(Constraint::at_least_one(["a", "c"])), "\"c\", which is no field"),
            (two().constraint(Constraint::mutually_exclusive(["a", "b"])), "\"b\", which is required"),
            (two().constraint(Constraint::dependent_on(["a", "b"], [""; 0])), "on what"),
            (two().group(Group::new("", ["a"])), "a name of its own"),
            (two().group(Group::new("g", ["c"])), "\"c\", which is no field"),
            (
                two().group(Group::new("g", ["a"]).by_default()).group(Group::new("h", ["b"]).by_default()),
                "more than one group is the default",
            ),
        ];
        for (builder, part) in table {
            let error = builder.build().expect_err(part);
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(error.kind(), ErrorKind::Internal);
        }
        two().build().expect("a plain schema");
    }

    #[test]
    fn a_field_of_the_sdk_can_not_be_declared_again() {
        let own = Schema::builder("X").field(Field::string("log-level")).build().expect("a schema");
        let error = own.behind(vec![Field::string("log-level").erase()], vec![]).expect_err("twice");
        assert!(error.to_string().contains("\"log-level\" is declared twice"), "{error}");
    }
}
