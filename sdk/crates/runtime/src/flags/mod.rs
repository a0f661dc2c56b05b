//! The flags that every connector's program has, as data: what each means,
//! and what becomes of it here.
//!
//! Every flag of the Go program is there, so that no deployment breaks over a
//! flag. What means nothing here is accepted and said once; what asks for a
//! part that is not built is refused before anything is done.

mod common;
mod relations;
mod service;
mod tasks;

use connector_model::config::{Constraint, Export, Field, Kind};

/// What becomes of a flag that somebody gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// It does what it says.
    Works,
    /// It means nothing here, for this reason; accepted, and said.
    Ignored(&'static str),
    /// It asks for a part that is not built: what that is.
    Unbuilt(&'static str),
}

/// A flag that every program has.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    pub(crate) field: Field,
    pub(crate) usage: Use,
}

/// All of them; the ones that are exported in the order in which the `config`
/// command prints them.
pub(crate) fn all() -> Vec<Flag> {
    [common::flags(), service::flags(), tasks::flags()].concat()
}

/// How they depend on one another.
pub(crate) fn constraints() -> Vec<Constraint> {
    relations::constraints()
}

/// A flag that no form shows.
fn flag<K: Into<Kind>>(field: Field<K>, description: &str, usage: Use) -> Flag {
    exported(field.export(Export::None), description, usage)
}

/// A flag that says itself who is shown it.
fn exported<K: Into<Kind>>(field: Field<K>, description: &str, usage: Use) -> Flag {
    Flag { field: field.description(description).erase(), usage }
}

#[cfg(test)]
mod tests;
