//! Reads a Tableau site: its users, groups with members, site roles and
//! licenses.
//!
//! ```no_run
//! # async fn example() -> connector_sdk::Result<()> {
//! use connector_sdk::Connector as _;
//! use connector_tableau::{ClientSettings, Tableau, TableauConfig};
//!
//! let config =
//!     TableauConfig::parse("baton", "secret".into(), "10ay.online.tableau.com", "marketing", "")?;
//! let tableau = Tableau::new(&config, &ClientSettings::default())?;
//! tableau.validate().await?;
//! # Ok(())
//! # }
//! ```
//!
//! | type | parent | what can be held | by |
//! |---|---|---|---|
//! | `site` | | one entitlement a site role, such as `explorer can publish` | users |
//! | `user` | site | | |
//! | `group` | site | `member` | users |
//! | `license` (`creator`, `explorer`, `viewer`, `unlicensed`) | | `member`, by the site role | users |
//!
//! The ids are those of the Go connector, so that a history in ConductorOne
//! goes on.
//!
//! Every user is read once: a page of users yields the accounts, their site
//! roles, their licenses and their membership of the groups that everyone is
//! in. The rest of the work is one request a page of members. The listing of
//! pages, the count of rows and the second reading of a list that changed are
//! the engine's.

mod account;
mod client;
mod config;
mod connector;
mod context;
mod everyone;
mod group;
mod license;
mod paging;
mod role;
mod server_path;
mod site;
#[cfg(test)]
mod testing;
mod user;

pub use client::{ApiVersion, ClientSettings};
pub use config::{TableauConfig, schema};
pub use connector::Tableau;
