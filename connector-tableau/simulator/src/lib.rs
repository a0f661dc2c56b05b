#![doc = include_str!("../README.md")]

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
pub use counters::{Asked, Endpoint, Requests};
pub use faults::{Fault, FaultError, help as fault_help, parse_duration};
pub use routes::truth::SiteTruth;
pub use seed::{Group, Luid, NotALuid, User};
pub use server::Seats;
pub use simulator::{Place, Simulator, Truth};
