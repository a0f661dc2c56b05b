//! What a connector can be told: fields with rules, and the values that were
//! checked against them.
//!
//! A connector declares a [`Schema`]; one list drives the flags, the
//! `BATON_*` variables, the config file, the form that ConductorOne shows
//! and the messages. What was given becomes a [`Config`], in which every
//! value has been checked and secrets stay [secret](crate::SecretString).
//!
//! ```
//! use connector_model::config::{Field, Schema};
//!
//! let schema = Schema::builder("Tableau")
//!     .field(Field::string("server-path").description("where the server is").required())
//!     .field(Field::string("token").description("the token's secret").required().secret())
//!     .field(Field::int("page-size").description("rows a page").default_value(1000).at_most(1000))
//!     .build()?;
//!
//! let config = schema.config([("server-path", "10ay.online.tableau.com"), ("token", "t0p")])?;
//! assert_eq!(config.string("server-path")?, "10ay.online.tableau.com");
//! assert_eq!(config.int("page-size")?, 1000);
//! assert!(!format!("{config:?}").contains("t0p"));
//! # Ok::<(), connector_model::Error>(())
//! ```

mod builders;
mod check;
mod connect;
mod constraint;
mod csv;
mod field;
mod group;
mod kind;
mod resolve;
mod rules;
mod schema;
mod settings;
mod value;
mod wire;

pub use connect::ConnectContext;
pub use constraint::{Constraint, Relation};
pub use field::{Export, Field};
pub use group::Group;
pub use kind::{BoolKind, Choice, IntKind, Kind, MapKind, SliceKind, StringForm, StringKind};
pub use rules::{BoolRules, IntRules, SliceRules, StringRules, WellKnown};
pub use schema::{Schema, SchemaBuilder};
pub use settings::Config;
pub use value::{Given, Origin, Raw, Value};
