//! A field: one thing that can be told.

use super::{BoolKind, IntKind, Kind, MapKind, SliceKind, StringKind};

/// Who is shown a field (`config` output is read by ConductorOne's
/// registry).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Export {
    /// Nobody but the program itself.
    None,
    /// The form in ConductorOne; what connectors declare.
    #[default]
    Gui,
    /// Those who operate the connector (`isOps`).
    Ops,
    /// People at a command line.
    Cli,
}

impl Export {
    /// Whether the field stands in the `config` output.
    pub const fn is_exported(self) -> bool {
        matches!(self, Self::Gui | Self::Ops)
    }
}

/// One thing that can be told: a flag `--name`, a variable `BATON_NAME`, a
/// key of the config file.
///
/// Made by [`Field::string`] and its siblings, whose types offer the rules
/// that fit; [`SchemaBuilder::field`](super::SchemaBuilder::field) takes any.
#[derive(Clone, Debug)]
pub struct Field<K = Kind> {
    /// Lower-case words joined by dashes.
    pub name: String,
    /// One letter for the command line: `-f`.
    pub short: Option<char>,
    /// What a form calls it.
    pub display_name: String,
    /// A sentence about it, shown by `--help`.
    pub description: String,
    /// An example, shown in an empty form field.
    pub placeholder: String,
    /// Whether it must be given, and not be empty.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// Whether `--help` leaves it out.
    pub hidden: bool,
    /// Who is shown it.
    pub export: Export,
    /// The type of its value, with default and rules.
    pub kind: K,
}

impl Field {
    /// A field of text.
    pub fn string(name: impl Into<String>) -> Field<StringKind> {
        Field::new(name, StringKind::default())
    }

    /// A field of a whole number.
    pub fn int(name: impl Into<String>) -> Field<IntKind> {
        Field::new(name, IntKind::default())
    }

    /// A field of yes or no.
    pub fn bool(name: impl Into<String>) -> Field<BoolKind> {
        Field::new(name, BoolKind::default())
    }

    /// A field of a list of texts.
    pub fn string_slice(name: impl Into<String>) -> Field<SliceKind> {
        Field::new(name, SliceKind::default())
    }

    /// A field of a map from text to text.
    pub fn string_map(name: impl Into<String>) -> Field<MapKind> {
        Field::new(name, MapKind::default())
    }
}

impl<K> Field<K> {
    fn new(name: impl Into<String>, kind: K) -> Self {
        Self {
            name: name.into(),
            short: None,
            display_name: String::new(),
            description: String::new(),
            placeholder: String::new(),
            required: false,
            secret: false,
            hidden: false,
            export: Export::Gui,
            kind,
        }
    }

    /// With one letter for the command line.
    #[must_use]
    pub fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }

    /// With what a form calls it.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = name.into();
        self
    }

    /// With a sentence about it.
    #[must_use]
    pub fn description(mut self, sentence: impl Into<String>) -> Self {
        self.description = sentence.into();
        self
    }

    /// With an example for an empty form field.
    #[must_use]
    pub fn placeholder(mut self, example: impl Into<String>) -> Self {
        self.placeholder = example.into();
        self
    }

    /// It must be given.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Its value must never be shown.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// `--help` leaves it out.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Who is shown it.
    #[must_use]
    pub fn export(mut self, to: Export) -> Self {
        self.export = to;
        self
    }

    /// The environment variable that gives it: `BATON_SERVER_PATH`.
    pub fn variable(&self) -> String {
        format!("BATON_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

impl<K: Into<Kind>> Field<K> {
    /// The same field, its kind no longer in its type.
    pub fn erase(self) -> Field {
        Field {
            name: self.name,
            short: self.short,
            display_name: self.display_name,
            description: self.description,
            placeholder: self.placeholder,
            required: self.required,
            secret: self.secret,
            hidden: self.hidden,
            export: self.export,
            kind: self.kind.into(),
        }
    }
}
