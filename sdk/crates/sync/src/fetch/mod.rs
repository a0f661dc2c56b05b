//! What is requested from the connector: which page comes next, and the call for it.

pub(crate) mod action;
pub(crate) mod call;
pub(crate) mod calls;
pub(crate) mod cycle;
pub(crate) mod listing;
pub(crate) mod plan;
pub(crate) mod schedule;
pub(crate) mod session;
