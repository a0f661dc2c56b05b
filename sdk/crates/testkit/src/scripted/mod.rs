//! A connector that plays a site from data, with faults on schedule.
//!
//! Four parts:
//!
//! - [`Scenario`]: the site as data, row by row and page by page. It is also
//!   the oracle: [`Scenario::truth`] says what a finished file must hold
//!   ([`Scenario::collected`] before its grants are expanded) and
//!   [`Scenario::asks`] which pages a sync must ask for, both worked out from
//!   the data, never from what a store says. [`Scenario::small`] has a little
//!   of everything, [`Scenario::generated`] is as large as wanted.
//! - [`Scripted`]: the connector that answers from it.
//! - [`Schedule`]: [faults](Fault) by the logical identity of a call (what is
//!   asked, of what, which page, which attempt), never by the order in which
//!   tasks run: the same rules fire at any number of workers. Every rule must
//!   fire, else the test fails.
//! - [`Journal`]: what was asked and what came of it. It may be shared by
//!   connectors that follow each other, as when a sync is gone on with.
//!
//! ```
//! # use std::sync::Arc;
//! use connector_model::ErrorKind;
//! use connector_testkit::scripted::{At, Fault, Scenario, Schedule, Scripted, Sizes, assert_holds_truth};
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//!
//! let scenario = Scenario::generated(7, &Sizes { nested: 0, ..Sizes::default() });
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("sync.c1z");
//!
//! // The first page of users fails once, and the next sync goes through.
//! let schedule = Schedule::new([
//!     At::list("user").page(0).attempt(1).fault(Fault::fail(ErrorKind::Unavailable, "no route")),
//! ]);
//! let first = Scripted::new(scenario.clone()).with_schedule(&schedule);
//! let second = first.again();
//! assert!(connector_testkit::sync_into(Arc::new(first), &file).await.is_err());
//! connector_testkit::sync_into(Arc::new(second), &file).await?;
//! assert_holds_truth(&file, &scenario).await?;
//! schedule.finish();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Page tokens are page numbers from 0 in decimal; the first page is asked
//! without one.

mod answer;
mod ask;
mod connector;
mod expansion;
mod fault;
mod generated;
mod journal;
mod scenario;
mod schedule;
mod small;
mod truth;
mod walk;

pub use ask::{Ask, At, Operation};
pub use connector::Scripted;
pub use fault::{Drift, Fault, Gate};
pub use generated::Sizes;
pub use journal::{Entry, Journal, Outcome};
pub use scenario::{Paging, Row, Scenario};
pub use schedule::{Rule, Schedule, When};
pub use truth::{Truth, assert_holds, assert_holds_truth};
