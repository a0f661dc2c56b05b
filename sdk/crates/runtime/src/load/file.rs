//! The config file: YAML, one key a field.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

use connector_model::{
    Error, ErrorKind, Result,
    config::{Kind, Raw, Schema},
};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Environment, read_text};

/// The most that is read of a config file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// What is wrong with a key in two spellings.
const TWICE: &str = "stands there twice";

/// The names that are looked for in the working folder, the first one wins.
const NAMES: [&str; 4] = [".baton.yaml", ".baton.yml", ".baton", ".baton.json"];

/// The values of the config file, with its path; `None` where there is none.
pub(super) fn read(
    schema: &Schema,
    environment: &Environment,
    folder: &Path,
    warnings: &mut Vec<String>,
) -> Result<Option<(PathBuf, BTreeMap<String, Raw>)>> {
    let Some(path) = find(environment, folder)? else { return Ok(None) };
    let refuse =
        |why: String| Error::new(ErrorKind::Unknown, format!("the config file {}: {why}", path.display()));
    let text = read_text(&path, MAX_BYTES).map_err(|e| match e.kind() {
        io::ErrorKind::FileTooLarge => refuse(e.to_string()),
        _ => refuse("it can't be read".into()).caused_by(e),
    })?;
    let mut unknown = Vec::new();
    let values = parse(schema, &text, &mut unknown).map_err(refuse)?;
    if !unknown.is_empty() {
        warnings.push(format!(
            "the config file {} has keys that mean nothing here: {}",
            path.display(),
            unknown.join(", ")
        ));
    }
    Ok(Some((path, values)))
}

fn find(environment: &Environment, folder: &Path) -> Result<Option<PathBuf>> {
    let Some(path) = environment.get("BATON_CONFIG_PATH")? else {
        return Ok(NAMES.map(|name| folder.join(name)).into_iter().find(|path| path.is_file()));
    };
    let path = PathBuf::from(path);
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if !["yaml", "yml"].contains(&extension) {
        return Err(Error::new(
            ErrorKind::Unknown,
            format!(
                "the variable BATON_CONFIG_PATH must name a .yaml or .yml file, and is {:?}",
                path.display().to_string()
            ),
        ));
    }
    Ok(Some(path))
}

/// The values by the names of their fields. `unknown` collects the keys that
/// are no field.
fn parse(schema: &Schema, text: &str, unknown: &mut Vec<String>) -> Result<BTreeMap<String, Raw>, String> {
    // A snippet of the file would show secrets.
    let options = serde_saphyr::options! { with_snippet: false };
    let whole = Whole { schema, unknown };
    serde_saphyr::with_deserializer_from_str_with_options(text, options, |de| whole.deserialize(de))
        .map_err(|e| format!("it does not parse: {}", describe(&e)))
}

/// Where the file is wrong, and in what way. The parser's own words are used
/// only where they can't quote a value.
fn describe(error: &serde_saphyr::Error) -> String {
    let place = match error.location() {
        Some(at) => format!("line {}, column {}: ", at.line(), at.column()),
        None => String::new(),
    };
    match error.without_snippet() {
        serde_saphyr::Error::Message { msg, .. } if msg.ends_with(TWICE) => format!("{place}{msg}"),
        serde_saphyr::Error::DuplicateMappingKey { .. } => format!("{place}a key stands there twice"),
        _ => format!("{place}this is not a YAML map of settings and their values"),
    }
}

struct Whole<'a> {
    schema: &'a Schema,
    unknown: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Whole<'_> {
    type Value = BTreeMap<String, Raw>;

    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<Self::Value, D::Error> {
        de.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = BTreeMap<String, Raw>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of settings and their values")
    }

    /// An empty file.
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let name = key.to_lowercase();
            let Some(field) = self.schema.field(&name) else {
                map.next_value::<IgnoredAny>()?;
                self.unknown.push(key);
                continue;
            };
            let value = match field.kind {
                Kind::String(_) | Kind::Int(_) | Kind::Bool(_) => {
                    map.next_value_seed(Scalar(&name))?.map(Raw::Text)
                }
                Kind::StringSlice(_) | Kind::StringMap(_) => map.next_value_seed(Compound(&name))?,
            };
            if let Some(value) = value.filter(|v| *v != Raw::Text(String::new()))
                && values.insert(name.clone(), value).is_some()
            {
                return Err(serde::de::Error::custom(format_args!("{name} {TWICE}")));
            }
        }
        Ok(values)
    }
}

/// A single value, taken as it is written: `3.20` stays `3.20`.
struct Scalar<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Scalar<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<Self::Value, D::Error> {
        de.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Scalar<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a single value for {}", self.0)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, de: D) -> Result<Self::Value, D::Error> {
        de.deserialize_string(self)
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }
}

/// A list or a map, or one line of it as a variable would have it.
struct Compound<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Compound<'_> {
    type Value = Option<Raw>;

    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<Self::Value, D::Error> {
        de.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Compound<'_> {
    type Value = Option<Raw>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list or map of single values for {}", self.0)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(Raw::Text(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Raw::Text(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Raw::Text(value.to_string())))
    }

    fn visit_str<E>(self, line: &str) -> Result<Self::Value, E> {
        Ok(Some(Raw::Text(line.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Scalar(self.0))? {
            items.extend(item);
        }
        Ok(Some(Raw::List(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            entries.insert(key, map.next_value_seed(Scalar(self.0))?.unwrap_or_default());
        }
        Ok(Some(Raw::Map(entries)))
    }
}
