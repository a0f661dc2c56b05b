//! What the program prints about itself: read by ConductorOne's registry and
//! by scripts. Two spaces, and no newline at the end, as the Go program does.

use std::sync::Arc;

use clap::Command;
use clap_complete::{Shell, generate};
use connector_model::{Connector, Error, Registry, Result, config::Schema};
use connector_proto::{any, json};
use prost::Message as _;

use crate::flags::Flag;

/// The JSON of what can be set. How the flags that every program has depend on
/// one another is not part of it.
pub(crate) fn config(own: Schema, flags: &[Flag]) -> Result<String> {
    let fields = flags.iter().map(|f| f.field.clone()).collect();
    pretty(json::to_json(&own.behind(fields, Vec::new())?.to_wire()))
}

/// The JSON of what the connector can do, as an `Any`.
pub(crate) fn capabilities(connector: Arc<dyn Connector>) -> Result<String> {
    let capabilities = Registry::new(connector)?.capabilities().to_wire();
    let wrapped = any::pack(&capabilities).encode_to_vec();
    pretty(json::bytes_to_json("google.protobuf.Any", &wrapped))
}

fn pretty(value: Result<serde_json::Value, json::Error>) -> Result<String> {
    let value = value.map_err(|e| Error::internal("it has no JSON form").caused_by(e))?;
    serde_json::to_string_pretty(&value).map_err(|e| Error::internal("it has no JSON form").caused_by(e))
}

/// The completions of a shell. The parser has checked the name.
pub(crate) fn completion(mut command: Command, shell: &str) -> Result<String> {
    let shell: Shell = shell.parse().map_err(Error::internal)?;
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(shell, &mut command, name, &mut script);
    String::from_utf8(script).map_err(|e| Error::internal("the completions are not UTF-8").caused_by(e))
}
