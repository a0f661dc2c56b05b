//! The types that a field's value can have.

use std::collections::BTreeMap;

use super::{BoolRules, IntRules, SliceRules, StringRules, Value};

/// The type of a field's value.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Text.
    String(StringKind),
    /// A whole number.
    Int(IntKind),
    /// Yes or no.
    Bool(BoolKind),
    /// A list of texts.
    StringSlice(SliceKind),
    /// A map from text to text.
    StringMap(MapKind),
}

/// How a form asks for a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StringForm {
    /// A line of text.
    #[default]
    Text,
    /// Made up by the form.
    Random,
    /// The outcome of an OAuth2 sign-in.
    OAuth2,
    /// One of what the connector offers.
    DerivedOptions,
    /// The content of a file: a program takes its path and reads it (UTF-8, at
    /// most 2 MiB).
    FileUpload,
}

/// One of the values that a form offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: String,
    /// What a form calls it.
    pub display_name: String,
}

/// Text.
#[derive(Clone, Debug, Default)]
pub struct StringKind {
    /// The value where none is given.
    pub default: String,
    /// What a form fills in for a new connector; never a default here.
    pub suggested: String,
    /// What values must be.
    pub rules: StringRules,
    /// How a form asks for it.
    pub form: StringForm,
    /// Endings of the files that a form takes, with their dot.
    pub allowed_extensions: Vec<String>,
    /// Values that a form offers.
    pub choices: Vec<Choice>,
}

/// A whole number.
#[derive(Clone, Debug, Default)]
pub struct IntKind {
    /// The value where none is given.
    pub default: i64,
    /// What a form fills in for a new connector; never a default here.
    pub suggested: i64,
    /// What values must be.
    pub rules: IntRules,
}

/// Yes or no.
#[derive(Clone, Debug, Default)]
pub struct BoolKind {
    /// The value where none is given.
    pub default: bool,
    /// What a form fills in for a new connector; never a default here.
    pub suggested: bool,
    /// What values must be.
    pub rules: BoolRules,
}

/// A list of texts.
#[derive(Clone, Debug, Default)]
pub struct SliceKind {
    /// The value where none is given.
    pub default: Vec<String>,
    /// What a form fills in for a new connector; never a default here.
    pub suggested: Vec<String>,
    /// What values must be.
    pub rules: SliceRules,
}

/// A map from text to text. It has no rule but to be there, which is the
/// field's own.
#[derive(Clone, Debug, Default)]
pub struct MapKind {
    /// The value where none is given.
    pub default: BTreeMap<String, String>,
    /// What a form fills in for a new connector; never a default here.
    pub suggested: BTreeMap<String, String>,
    /// Whether an empty map is looked at too (on the wire only: a map has no
    /// rule that an empty one could break).
    pub validate_empty: bool,
}

impl Kind {
    /// The value where none is given.
    pub fn default_value(&self) -> Value {
        match self {
            Self::String(k) => Value::String(k.default.clone()),
            Self::Int(k) => Value::Int(k.default),
            Self::Bool(k) => Value::Bool(k.default),
            Self::StringSlice(k) => Value::List(k.default.clone()),
            Self::StringMap(k) => Value::Map(k.default.clone()),
        }
    }

    /// A word for help and messages.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::String(_) => "text",
            Self::Int(_) => "number",
            Self::Bool(_) => "bool",
            Self::StringSlice(_) => "list",
            Self::StringMap(_) => "map",
        }
    }
}

macro_rules! into_kind {
    ($($from:ident => $variant:ident),*) => {
        $(impl From<$from> for Kind {
            fn from(kind: $from) -> Self {
                Self::$variant(kind)
            }
        })*
    };
}

into_kind!(StringKind => String, IntKind => Int, BoolKind => Bool, SliceKind => StringSlice, MapKind => StringMap);
