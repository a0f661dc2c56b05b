//! A stateful stand-in for a Tableau server, for tests, demonstrations and benchmarks.
//!
//! It serves one generated site (and a second, tiny one, so that a token can be used for the
//! wrong site) over Tableau's REST API: signing in and out, server information, the site with
//! its licences, users, groups and members; XML by default and JSON on request, equal in
//! content. The people follow from a seed and are computed when asked for, so a site of
//! 100,000 users costs little more than one of ten. What goes wrong is chosen by [`Fault`]s,
//! which strike by the ordinal of a request and so at the same place every time.
//!
//! It is written from what is known of Tableau, not from any client, and changes nothing on
//! request: the writing half of the API is answered with 405.
//!
//! ```
//! use tableau_simulator::{Config, Endpoint, Simulator};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config { users: 40, faults: vec!["expire=users@2".parse()?], ..Config::default() };
//! let simulator = Simulator::start(config).await?;
//! // … point a client at simulator.url() …
//! assert_eq!(simulator.requests().of(Endpoint::SignIn), 0);
//! simulator.shutdown().await?;
//! # Ok(())
//! # }
//! ```

mod config;
mod counters;
mod errors;
mod faults;
mod listener;
mod query;
mod render;
mod routes;
mod seed;
mod server;
mod simulator;
mod state;

pub use config::Config;
pub use counters::{Endpoint, Requests};
pub use faults::{Fault, FaultError, help as fault_help, parse_duration};
pub use routes::truth::SiteTruth;
pub use seed::{Group, Luid, NotALuid, User};
pub use server::Seats;
pub use simulator::{Place, Simulator, Truth};
