//! Values: as they were given, and as they are.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use super::{Kind, csv};

/// A value as it was given, before its field's kind is looked at.
#[derive(Clone, PartialEq, Eq)]
pub enum Raw {
    /// Text, such as a variable: a list is split at its commas, a map is
    /// `k=v,k2=v2`.
    Text(String),
    /// A list, such as a flag that was given twice.
    List(Vec<String>),
    /// A map of the config file.
    Map(BTreeMap<String, String>),
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// The environment.
    Variable,
    /// A config file.
    File(PathBuf),
    /// Nobody gave it.
    Default,
}

impl Origin {
    /// The place to look at, for a field: `the variable BATON_WORKERS`.
    pub fn describe(&self, name: &str) -> String {
        match self {
            Self::Flag => format!("the flag --{name}"),
            Self::Variable => {
                format!("the variable BATON_{}", name.to_ascii_uppercase().replace('-', "_"))
            }
            Self::File(path) => format!("{name} in {}", path.display()),
            Self::Default => format!("the default of --{name}"),
        }
    }
}

/// A value as it was given, and where.
#[derive(Clone, PartialEq, Eq)]
pub struct Given {
    /// The value.
    pub raw: Raw,
    /// Where it came from.
    pub origin: Origin,
}

/// A value of a field's kind.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    String(String),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A list of texts.
    List(Vec<String>),
    /// A map from text to text.
    Map(BTreeMap<String, String>),
}

impl Value {
    /// Whether it is empty, zero or false.
    pub fn is_zero(&self) -> bool {
        match self {
            Self::String(s) => s.is_empty(),
            Self::Int(n) => *n == 0,
            Self::Bool(b) => !b,
            Self::List(l) => l.is_empty(),
            Self::Map(m) => m.is_empty(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(s) => write!(f, "{s:?}"),
            Self::Int(n) => write!(f, "{n}"),
            Self::Bool(b) => write!(f, "{b}"),
            Self::List(l) => write!(f, "{l:?}"),
            Self::Map(m) => write!(f, "{m:?}"),
        }
    }
}

/// Which kind of value, never the value: it may be a secret.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::List(_) => "List(..)",
            Self::Map(_) => "Map(..)",
        })
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} from {:?}", self.raw, self.origin)
    }
}

/// Which kind of value, never the value: it may be a secret.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String(_) => "String(..)",
            Self::Int(_) => "Int(..)",
            Self::Bool(_) => "Bool(..)",
            Self::List(_) => "List(..)",
            Self::Map(_) => "Map(..)",
        })
    }
}

impl Kind {
    /// Reads what was given as a value of this kind. The message of a failure
    /// does not hold the value.
    pub fn parse(&self, raw: &Raw) -> Result<Value, String> {
        match self {
            Self::String(_) => text(raw).map(|t| Value::String(t.to_owned())),
            Self::Int(_) => {
                let text = text(raw)?.trim();
                text.parse().map(Value::Int).map_err(|_| "it must be a whole number of 64 bits".to_owned())
            }
            Self::Bool(_) => match text(raw)?.trim() {
                "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(Value::Bool(true)),
                "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(Value::Bool(false)),
                _ => Err("it must be true or false".to_owned()),
            },
            Self::StringSlice(_) => match raw {
                Raw::Text(line) => csv::split(line).map(Value::List),
                Raw::List(items) => Ok(Value::List(items.clone())),
                Raw::Map(_) => Err("it must be a list, and is a map".to_owned()),
            },
            Self::StringMap(_) => match raw {
                Raw::Map(map) => Ok(Value::Map(map.clone())),
                Raw::Text(line) => pairs(&csv::split(line)?),
                Raw::List(items) => pairs(items),
            },
        }
    }
}

fn text(raw: &Raw) -> Result<&str, String> {
    match raw {
        Raw::Text(text) => Ok(text),
        Raw::List(_) => Err("it must be a single value, and is a list".to_owned()),
        Raw::Map(_) => Err("it must be a single value, and is a map".to_owned()),
    }
}

fn pairs(items: &[String]) -> Result<Value, String> {
    let pair = |item: &String| {
        item.split_once('=')
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .ok_or_else(|| "it must be key=value pairs with commas between them".to_owned())
    };
    items.iter().map(pair).collect::<Result<_, _>>().map(Value::Map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Field;

    #[test]
    fn text_is_read_as_the_kind_asks() {
        let s = |s: &str| s.to_owned();
        let string = Field::string("x").erase().kind;
        let int = Field::int("x").erase().kind;
        let bool = Field::bool("x").erase().kind;
        let list = Field::string_slice("x").erase().kind;
        let map = Field::string_map("x").erase().kind;
        let table = [
            (&string, " a,b ", Ok(Value::String(s(" a,b ")))),
            (&int, "-1", Ok(Value::Int(-1))),
            (&int, "9223372036854775807", Ok(Value::Int(i64::MAX))),
            (&int, "9223372036854775808", Err(())),
            (&int, "1.0", Err(())),
            (&int, "ten", Err(())),
            (&bool, "1", Ok(Value::Bool(true))),
            (&bool, "FALSE", Ok(Value::Bool(false))),
            (&bool, "yes", Err(())),
            (&list, "a,\"b,c\"", Ok(Value::List(vec![s("a"), s("b,c")]))),
            (&map, "a=1,b=x=y", Ok(Value::Map([(s("a"), s("1")), (s("b"), s("x=y"))].into()))),
            (&map, "a", Err(())),
        ];
        for (kind, text, expected) in table {
            let value = kind.parse(&Raw::Text(s(text))).map_err(drop);
            assert!(value == expected, "{} from {text:?}", kind.word());
        }
        assert!(int.parse(&Raw::List(vec![s("1")])).is_err());
        assert!(string.parse(&Raw::Map(BTreeMap::new())).is_err());
        assert!(list.parse(&Raw::Map(BTreeMap::new())).is_err());
    }
}
