//! The connector against the simulated Tableau.
#![expect(clippy::unwrap_used, reason = "tests")]

mod budget;
mod drift;
mod failures;
mod hostile;
mod reading;
mod sessions;
mod snapshot;
mod walk;
