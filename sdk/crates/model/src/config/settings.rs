//! A checked configuration.

use std::{collections::BTreeMap, fmt};

use secrecy::{ExposeSecret, SecretString};

use super::{Kind, Origin, Value};
use crate::{Error, Result};

/// A checked configuration: a value for every field of its
/// [`Schema`](super::Schema).
///
/// The getters fail only for a name that is no field or a field of another
/// kind: a bug of the connector. `Debug` shows no secret.
#[derive(Clone)]
pub struct Config {
    entries: BTreeMap<String, Entry>,
    group: Option<String>,
}

#[derive(Clone)]
pub(super) struct Entry {
    value: Stored,
    pub(super) origin: Origin,
}

#[derive(Clone)]
enum Stored {
    Plain(Value),
    Secret(SecretString),
}

impl Entry {
    pub(super) fn new(value: Value, origin: Origin, secret: bool) -> Self {
        let value = match value {
            Value::String(text) if secret => Stored::Secret(SecretString::from(text)),
            value => Stored::Plain(value),
        };
        Self { value, origin }
    }

    pub(super) fn is_zero(&self) -> bool {
        match &self.value {
            Stored::Plain(value) => value.is_zero(),
            Stored::Secret(secret) => secret.expose_secret().is_empty(),
        }
    }

    pub(super) fn check(&self, kind: &Kind) -> Result<(), String> {
        let explicit = self.origin != Origin::Default;
        match &self.value {
            Stored::Plain(value) => kind.check(value, explicit),
            Stored::Secret(secret) => kind.check(&Value::String(secret.expose_secret().to_owned()), explicit),
        }
    }

    /// The value for a message; nothing of a secret.
    pub(super) fn shown(&self) -> String {
        match &self.value {
            Stored::Plain(value) => value.to_string(),
            Stored::Secret(_) => "[REDACTED]".to_owned(),
        }
    }
}

impl Config {
    pub(super) fn new(entries: BTreeMap<String, Entry>, group: Option<String>) -> Self {
        Self { entries, group }
    }

    fn entry(&self, name: &str) -> Result<&Entry> {
        self.entries
            .get(name)
            .ok_or_else(|| Error::internal(format!("the configuration has no field {name:?}")))
    }

    fn plain(&self, name: &str, kind: &'static str) -> Result<&Value> {
        match &self.entry(name)?.value {
            Stored::Plain(value) => Ok(value),
            Stored::Secret(_) => Err(wrong_kind(name, kind)),
        }
    }

    /// A text that is no secret.
    pub fn string(&self, name: &str) -> Result<&str> {
        match self.plain(name, "a plain text")? {
            Value::String(text) => Ok(text),
            _ => Err(wrong_kind(name, "a plain text")),
        }
    }

    /// A secret.
    pub fn secret(&self, name: &str) -> Result<&SecretString> {
        match &self.entry(name)?.value {
            Stored::Secret(secret) => Ok(secret),
            Stored::Plain(_) => Err(wrong_kind(name, "a secret")),
        }
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Result<i64> {
        match self.plain(name, "a number")? {
            Value::Int(n) => Ok(*n),
            _ => Err(wrong_kind(name, "a number")),
        }
    }

    /// Yes or no.
    pub fn bool(&self, name: &str) -> Result<bool> {
        match self.plain(name, "a bool")? {
            Value::Bool(b) => Ok(*b),
            _ => Err(wrong_kind(name, "a bool")),
        }
    }

    /// A list of texts.
    pub fn list(&self, name: &str) -> Result<&[String]> {
        match self.plain(name, "a list")? {
            Value::List(items) => Ok(items),
            _ => Err(wrong_kind(name, "a list")),
        }
    }

    /// A map from text to text.
    pub fn map(&self, name: &str) -> Result<&BTreeMap<String, String>> {
        match self.plain(name, "a map")? {
            Value::Map(map) => Ok(map),
            _ => Err(wrong_kind(name, "a map")),
        }
    }

    /// Where the value of a field came from; `None` for a name that is no
    /// field.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.entries.get(name).map(|e| &e.origin)
    }

    /// Whether somebody set the field to something that is not empty, zero or
    /// false.
    pub fn is_given(&self, name: &str) -> bool {
        self.entries.get(name).is_some_and(|e| e.origin != Origin::Default && !e.is_zero())
    }

    /// The name of the chosen group of fields.
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// Every value that is no secret as text, by name: what tells two
    /// configurations apart.
    pub fn plain_values(&self) -> impl Iterator<Item = (&str, String)> {
        self.entries.iter().filter_map(|(name, entry)| match &entry.value {
            Stored::Plain(value) => Some((name.as_str(), value.to_string())),
            Stored::Secret(_) => None,
        })
    }
}

fn wrong_kind(name: &str, kind: &str) -> Error {
    Error::internal(format!("the field {name:?} is read as {kind}, and is declared otherwise"))
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, entry) in &self.entries {
            map.entry(name, &format_args!("{} ({:?})", entry.shown(), entry.origin));
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Field, Schema};

    fn config() -> Result<Config> {
        Schema::builder("X")
            .field(Field::string("url"))
            .field(Field::string("token").secret())
            .field(Field::int("n").default_value(3))
            .field(Field::bool("fast"))
            .field(Field::string_slice("only"))
            .field(Field::string_map("tags"))
            .build()?
            .config([("url", "u"), ("token", "hunter2"), ("only", "a,b"), ("tags", "k=v"), ("fast", "t")])
    }

    #[test]
    fn getters_know_their_kind() -> Result<()> {
        let config = config()?;
        assert_eq!(config.string("url")?, "u");
        assert_eq!(config.secret("token")?.expose_secret(), "hunter2");
        assert_eq!(config.int("n")?, 3);
        assert!(config.bool("fast")?);
        assert_eq!(config.list("only")?, ["a", "b"]);
        assert_eq!(config.map("tags")?.get("k").map(String::as_str), Some("v"));
        assert!(config.string("token").is_err(), "a secret is no plain text");
        assert!(config.secret("url").is_err());
        assert!(config.int("url").is_err());
        assert!(config.string("nothing").is_err());
        assert!(config.is_given("url") && !config.is_given("n"));
        assert_eq!(config.origin("n"), Some(&Origin::Default));
        Ok(())
    }

    #[test]
    fn no_secret_is_shown() -> Result<()> {
        let config = config()?;
        let shown = format!("{config:?} {:?}", config.plain_values().collect::<Vec<_>>());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("[REDACTED]"), "{shown}");
        assert!(shown.contains("(\"n\", \"3\")"), "{shown}");
        Ok(())
    }
}
