//! Connectors: programs that read who has access to what in a system, and
//! write it down in a `.c1z` file that the `baton` tools and ConductorOne
//! read.
//!
//! This crate is the face of the SDK and holds no logic. Without its default
//! feature `runtime` it is what a connector's author needs: the vocabulary
//! (everything here) and an HTTP client ([`http`]). With it, the connector
//! becomes a program ([`runtime`]).
//!
//! # A connector
//!
//! A connector implements [`Connector`], and one [`ResourceSyncer`] for each
//! kind of thing in its system. The engine asks page by page; a page may carry
//! resources, entitlements and grants, whatever the system's answer held. What
//! a page needs to know to be read again stands in its [`PageToken`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use connector_sdk::{
//!     Call, Connector, ConnectorMetadata, Page, PageToken, Resource, ResourceId, ResourceSyncer, ResourceType,
//!     Result, TraitKind, Validation, async_trait,
//! };
//!
//! struct Team;
//!
//! #[async_trait]
//! impl Connector for Team {
//!     fn metadata(&self) -> ConnectorMetadata {
//!         ConnectorMetadata::new("Team", "The people of a team")
//!     }
//!
//!     async fn validate(&self) -> Result<Validation> {
//!         Ok(Validation::default())
//!     }
//!
//!     fn resource_syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
//!         vec![Arc::new(People)]
//!     }
//! }
//!
//! struct People;
//!
//! #[async_trait]
//! impl ResourceSyncer for People {
//!     fn resource_type(&self) -> ResourceType {
//!         ResourceType::new("person", "Person").with_trait(TraitKind::User)
//!     }
//!
//!     async fn list(&self, call: &Call<'_>, _parent: Option<&ResourceId>) -> Result<Page> {
//!         // A small system that gives one person a page.
//!         let names = ["Ada", "Grace"];
//!         let at: usize = call.position()?.unwrap_or(0);
//!         let Some(name) = names.get(at) else { return Ok(Page::empty()) };
//!         let id = self.resource_type().id.resource(name.to_lowercase())?;
//!         let person = Resource::user(id, *name).email(format!("{name}@example.com")).enabled();
//!         let next = (at + 1 < names.len()).then(|| PageToken::encode(&(at + 1))).transpose()?;
//!         Ok(Page::of(vec![person]).with_next(next))
//!     }
//! }
//! ```
//!
//! # What it is told
//!
//! A [`config::Schema`] declares fields; from it come the flags, the `BATON_*`
//! variables, the keys of the config file, the form in ConductorOne and every
//! message about a value that is missing or wrong.
//!
//! # How it fails
//!
//! There is one [`Error`]: its [`ErrorKind`] says what the caller should do,
//! and is the exit code of the program. A read that failed is never an empty
//! page.

pub use async_trait::async_trait;
pub use connector_http as http;
pub use connector_model::*;
#[cfg(feature = "runtime")]
pub use connector_runtime as runtime;
