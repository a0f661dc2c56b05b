//! Where values come from: flag, else variable, else file, else default.

mod arguments;
mod file;
mod upload;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use clap::ArgMatches;
use connector_model::{
    Error, ErrorKind, Result,
    config::{Config, Field, Given, Origin, Raw, Schema},
};
use connector_store::{envelope::Limits, fs::read_limited};
use connector_sync::Retention;

/// The variables of the process, as they are at its start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// A variable; one that is empty counts as not set.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>> {
        match self.0.get(std::ffi::OsStr::new(name)) {
            None => Ok(None),
            Some(value) => match value.to_str() {
                Some(text) => Ok(Some(text).filter(|t| !t.is_empty())),
                None => Err(Error::new(
                    ErrorKind::Unknown,
                    format!("the variable {name} holds bytes that are not UTF-8"),
                )),
            },
        }
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The checked values.
    pub(crate) config: Config,
    /// What a person should know.
    pub(crate) warnings: Vec<String>,
}

/// Gathers the values of all fields and checks them.
pub(crate) fn load(
    schema: &Schema,
    matches: &ArgMatches,
    environment: &Environment,
    folder: &Path,
) -> Result<Loaded> {
    let mut warnings = Vec::new();
    let mut given: BTreeMap<String, Given> = BTreeMap::new();
    if let Some((path, values)) = file::read(schema, environment, folder, &mut warnings)? {
        for (name, raw) in values {
            given.insert(name, Given { raw, origin: Origin::File(path.clone()) });
        }
    }
    for field in schema.fields() {
        if let Some(text) = environment.get(&field.variable())? {
            given.insert(
                field.name.clone(),
                Given { raw: Raw::Text(text.to_owned()), origin: Origin::Variable },
            );
        }
        if let Some(raw) = arguments::value(matches, field) {
            given.insert(field.name.clone(), Given { raw, origin: Origin::Flag });
        }
    }
    upload::read_files(schema, &mut given)?;
    let method = choice(&given);
    let config = schema.resolve(&given, method)?;
    if let Some(method) = method.filter(|m| !m.is_empty()) {
        let names: Vec<&str> = schema.groups().iter().map(|g| g.name.as_str()).collect();
        if names.is_empty() {
            warnings.push("--auth-method has no effect: there is one way to sign in".to_owned());
        } else if !names.contains(&method) {
            warnings.push(format!(
                "--auth-method: there is no way to sign in named {method:?} (there are {}); using {:?}",
                names.join(", "),
                config.group().unwrap_or_default()
            ));
        }
    }
    Ok(Loaded { config, warnings })
}

/// The text of a regular file of at most so many bytes. Nothing waits for the
/// other end of a FIFO.
fn read_text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(read_limited(path, most)?).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
}

/// The group of fields that somebody chose.
fn choice(given: &BTreeMap<String, Given>) -> Option<&str> {
    match given.get("auth-method").map(|g| &g.raw) {
        Some(Raw::Text(name)) => Some(name),
        _ => None,
    }
}

/// The folder for working files: the flag, else `BATON_TMPDIR`. It must be
/// there.
pub(crate) fn temp_dir(config: &Config, environment: &Environment) -> Result<Option<PathBuf>> {
    let (path, place) = match config.string("c1z-temp-dir")? {
        "" => match environment.get("BATON_TMPDIR")? {
            None => return Ok(None),
            Some(path) => (path, "the variable BATON_TMPDIR".to_owned()),
        },
        path => {
            let origin = config.origin("c1z-temp-dir").unwrap_or(&Origin::Default);
            (path, origin.describe("c1z-temp-dir"))
        }
    };
    if Path::new(path).is_dir() {
        return Ok(Some(path.into()));
    }
    Err(Error::new(ErrorKind::Unknown, format!("{place} must name a folder that is there, and is {path:?}")))
}

/// Limits on decoding files (`BATON_DECODER_MAX_DECODED_SIZE_MB` and its like).
pub(crate) fn limits(environment: &Environment) -> Result<Limits> {
    let mut bad = None;
    let limits = Limits::from_vars(|name| match environment.get(name) {
        Ok(value) => value.map(str::to_owned),
        Err(error) => {
            bad = Some(error);
            None
        }
    });
    bad.map_or(Ok(limits), Err)
}

/// How many syncs the file keeps (`BATON_SKIP_CLEANUP`, `BATON_KEEP_SYNC_COUNT`).
pub(crate) fn keep_syncs(environment: &Environment) -> Result<Retention> {
    let switch = Field::bool("skip-cleanup").erase().kind;
    if let Some(text) = environment.get("BATON_SKIP_CLEANUP")? {
        let value = switch.parse(&Raw::Text(text.to_owned())).map_err(|why| {
            Error::new(ErrorKind::Unknown, format!("the variable BATON_SKIP_CLEANUP: {why}, and is {text:?}"))
        })?;
        if !value.is_zero() {
            return Ok(Retention::All);
        }
    }
    match environment.get("BATON_KEEP_SYNC_COUNT")?.map(|text| (text.trim().parse(), text)) {
        None => Ok(Retention::default()),
        Some((Ok(n), _)) if n > 0 => Ok(Retention::Newest(n)),
        Some((_, text)) => Err(Error::new(
            ErrorKind::Unknown,
            format!("the variable BATON_KEEP_SYNC_COUNT must be a number above zero, and is {text:?}"),
        )),
    }
}

#[cfg(test)]
mod tests;
